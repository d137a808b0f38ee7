"""PyTorch's `utils`: `glassnet.utils.data`, `glassnet.utils.checkpoint`."""

from glassnet.utils import checkpoint as checkpoint
from glassnet.utils import data as data
