"""PyTorch's `utils`: `glassnet.utils.data`."""

from glassnet.utils import data as data
