"""Pooling: an image made smaller by keeping the largest, or the mean, of every window."""

from __future__ import annotations

from typing import Any

from glassnet.core.tensor import Tensor
from glassnet.nn import functional as F
from glassnet.nn.module import Module


class _MaxPool(Module):
    """What max pooling of all dimensions has."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def extra_repr(self) -> str:
        sizes = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return f"{sizes}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"

    def _settings(self) -> tuple[Any, ...]:
        return (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)


class MaxPool2d(_MaxPool):
    """The largest number in every window of (N, C, H, W); the stride is the window's size unless told.

    >>> import glassnet as torch
    >>> MaxPool2d(2)(torch.zeros(2, 8, 28, 28)).shape
    torch.Size([2, 8, 14, 14])
    """

    def forward(self, input: Tensor) -> Any:
        """input (N, C, H, W) -> (N, C, H', W')."""
        return F.max_pool2d(input, *self._settings())


class MaxPool1d(_MaxPool):
    """The largest number in every window of (N, C, L); the stride is the window's size unless told.

    >>> import glassnet as torch
    >>> MaxPool1d(2)(torch.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    def forward(self, input: Tensor) -> Any:
        """input (N, C, L) -> (N, C, L')."""
        return F.max_pool1d(input, *self._settings())


class AvgPool2d(Module):
    """The mean of every window of (N, C, H, W); the stride is the window's size unless told.

    >>> import glassnet as torch
    >>> AvgPool2d(2)(torch.ones(1, 1, 4, 4))
    tensor([[[[1., 1.],
              [1., 1.]]]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """input (N, C, H, W) -> (N, C, H', W')."""
        sizes = (self.kernel_size, self.stride, self.padding)
        return F.avg_pool2d(input, *sizes, self.ceil_mode, self.count_include_pad, self.divisor_override)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(Module):
    """The mean of every window of (N, C, L); the stride is the window's size unless told.

    >>> import glassnet as torch
    >>> AvgPool1d(2)(torch.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = _alone(kernel_size)
        self.stride = self.kernel_size if stride is None else _alone(stride)
        self.padding, self.ceil_mode, self.count_include_pad = _alone(padding), ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """input (N, C, L) -> (N, C, L')."""
        sizes = (self.kernel_size, self.stride, self.padding)
        return F.avg_pool1d(input, *sizes, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


def _alone(value: Any) -> tuple[int]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


class AdaptiveAvgPool2d(Module):
    """The means of as many windows of (N, C, H, W) as the output has places; None keeps a size.

    >>> import glassnet as torch
    >>> AdaptiveAvgPool2d(1)(torch.zeros(2, 8, 7, 7)).shape
    torch.Size([2, 8, 1, 1])
    """

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """input (N, C, H, W) -> (N, C, *output_size)."""
        return F.adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
