"""PyTorch's `utils.data.dataloader`, from which some programs import."""

from glassnet.data.collate import default_collate, default_convert
from glassnet.data.loader import DataLoader

__all__ = ["DataLoader", "default_collate", "default_convert"]
