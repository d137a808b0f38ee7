"""Layers that weigh and add: each output is a weighted sum of the inputs plus a bias."""

from __future__ import annotations

import math
from typing import Any

from glassnet.core import layout
from glassnet.core.factories import check_device, empty
from glassnet.core.tensor import Tensor
from glassnet.nn import functional as F
from glassnet.nn import init
from glassnet.nn.checks import need_size
from glassnet.nn.module import Module
from glassnet.nn.parameter import Parameter


def new_parameter(*shape: int, device: Any = None, dtype: Any = None) -> Parameter:
    """A parameter of that shape, to be initialised."""
    check_device(device)
    return Parameter(empty(*shape, dtype=dtype))


class Linear(Module):
    """y = x W^T + b: x (..., in_features), W (out_features, in_features), b (out_features,), y (..., out_features).

    W and b start uniform between -1 / sqrt(in_features) and 1 / sqrt(in_features).
    Raises ShapeError, with the layer's name, for x of another length.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> Linear(2, 1)(torch.ones(3, 2)).shape
    torch.Size([3, 1])
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        need_size("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = new_parameter(out_features, in_features, device=device, dtype=dtype)
        self.bias = new_parameter(out_features, device=device, dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """input (..., in_features) -> (..., out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """y_k = x1^T A_k x2 + b_k: x1 (..., in1_features), x2 (..., in2_features), y (..., out_features).

    >>> import glassnet as torch
    >>> Bilinear(2, 3, 4)(torch.ones(5, 2), torch.ones(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        need_size("Bilinear", in1_features=in1_features, in2_features=in2_features, out_features=out_features)
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = new_parameter(out_features, in1_features, in2_features, device=device, dtype=dtype)
        self.bias = new_parameter(out_features, device=device, dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """input1 (..., in1_features), input2 (..., in2_features) -> (..., out_features)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}"
        return f"{sizes}, out_features={self.out_features}, bias={self.bias is not None}"


class Identity(Module):
    """y = x; takes any arguments when it is made, so that it can stand in for any layer.

    >>> import glassnet as torch
    >>> Identity(54, unused=True)(torch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """input itself."""
        return input


class Flatten(Module):
    """The axes from start_dim to end_dim joined into one: (N, 1, 28, 28) -> (N, 784).

    >>> import glassnet as torch
    >>> Flatten()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 784])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """input with its axes joined."""
        return layout.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One axis laid out as several: the opposite of Flatten.

    >>> import glassnet as torch
    >>> Unflatten(1, (1, 28, 28))(torch.zeros(2, 784)).shape
    torch.Size([2, 1, 28, 28])
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """input with one axis laid out as several."""
        shape = tuple(input.shape)
        d = layout.axis(self.dim, len(shape))
        return layout.reshape(input, *shape[:d], *self.unflattened_size, *shape[d + 1 :])

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
