"""PyTorch's `utils.tensorboard`: `from glassnet.utils.tensorboard import SummaryWriter`."""

from glassnet.train.tensorboard import SummaryWriter

__all__ = ["SummaryWriter"]
