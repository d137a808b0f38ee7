"""Convolutions: the same small weights applied at every place of an image or a sequence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from glassnet.core.tensor import Tensor
from glassnet.errors import ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.nn import init
from glassnet.nn.checks import need_size
from glassnet.nn.linear import new_parameter
from glassnet.nn.module import Module

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What convolutions of all dimensions have."""

    _axes = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        need_size(type(self).__name__, in_channels=in_channels, out_channels=out_channels, groups=groups)
        self._check_settings(in_channels, out_channels, groups, padding_mode)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = _times(kernel_size, self._axes), _times(stride, self._axes)
        self.padding = padding if isinstance(padding, str) else _times(padding, self._axes)
        self.dilation, self.padding_mode = _times(dilation, self._axes), padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = new_parameter(*shape, device=device, dtype=dtype)
        self.bias = new_parameter(out_channels, device=device, dtype=dtype) if bias else None
        self.reset_parameters()

    def _check_settings(self, in_channels: int, out_channels: int, groups: int, padding_mode: str) -> None:
        name = type(self).__name__
        if not groups or in_channels % groups or out_channels % groups:
            got = f"{name}: got {in_channels} channels in and {out_channels} out for {groups} groups"
            raise ValueRangeError(complain(got, "expected groups of equal size", "Try groups=1"))
        if padding_mode not in _PADDING_MODES:
            got = f"{name}: got padding_mode={padding_mode!r}"
            raise ValueRangeError(complain(got, f"expected one of {_PADDING_MODES}", "Try padding_mode='zeros'"))

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform up to 1 / sqrt(numbers in a window)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan_in = math.prod(self.weight.array.shape[1:])
        if self.bias is not None and fan_in:
            bound = 1 / math.sqrt(fan_in)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        convolve = F.conv2d if self._axes == 2 else F.conv1d
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._widths(), mode=self.padding_mode), 0
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _widths(self) -> list[int]:
        """The margins as pad wants them: (left, right) of the last axis first."""
        widths: list[int] = []
        for i in reversed(range(self._axes)):
            if isinstance(self.padding, str):
                spare = self.dilation[i] * (self.kernel_size[i] - 1) if self.padding == "same" else 0
                widths += [spare // 2, spare - spare // 2]
            else:
                widths += [self.padding[i], self.padding[i]]
        return widths

    def extra_repr(self) -> str:
        words = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        words += [f"padding={self.padding}"] if self.padding != (0,) * self._axes else []
        words += [f"dilation={self.dilation}"] if self.dilation != (1,) * self._axes else []
        words += [f"groups={self.groups}"] if self.groups != 1 else []
        words += ["bias=False"] if self.bias is None else []
        words += [f"padding_mode={self.padding_mode}"] if self.padding_mode != "zeros" else []
        return ", ".join(words)


def _times(value: Any, axes: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,) * axes


class Conv2d(_Convolution):
    """Every window of the image weighed and added up: (N, in_channels, H, W) -> (N, out_channels, H', W').

    H' = floor((H + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1; padding may be "same" or "valid".

    >>> import glassnet as torch
    >>> Conv2d(1, 8, kernel_size=3, padding=1)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 8, 28, 28])

    Y. LeCun and others, Backpropagation applied to handwritten zip code recognition, 1989.
    """


class Conv1d(_Convolution):
    """Every window of the sequence weighed and added up: (N, in_channels, L) -> (N, out_channels, L').

    >>> import glassnet as torch
    >>> Conv1d(2, 3, kernel_size=5, padding=2)(torch.zeros(8, 2, 20)).shape
    torch.Size([8, 3, 20])
    """

    _axes = 1
