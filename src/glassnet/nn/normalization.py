"""Layers that bring numbers to mean 0 and variance 1, then let a learnt scale and shift move them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.core import factories, ops
from glassnet.core.dtypes import int64
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.nn import init
from glassnet.nn.checks import need_size, shape_of
from glassnet.nn.linear import new_parameter
from glassnet.nn.module import Module


class _BatchNorm(Module):
    """Batch normalisation of every channel (axis 1), with running statistics for evaluation."""

    _axes: tuple[int, ...] = ()
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        need_size(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = new_parameter(num_features, device=device, dtype=dtype) if affine else None
        self.bias = new_parameter(num_features, device=device, dtype=dtype) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", factories.zeros(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", factories.ones(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", factories.tensor(0, dtype=int64) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen: mean 0, variance 1."""
        with no_grad():
            if self.running_mean is not None and self.running_var is not None:
                self.running_mean.fill_(0.0)
                self.running_var.fill_(1.0)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.fill_(0)

    def reset_parameters(self) -> None:
        """Scale 1, shift 0, and no batches seen."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check(input)
        by_batch = self.training or self.running_mean is None
        update = self.training and self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if update or not by_batch else None,
            self.running_var if update or not by_batch else None,
            self.weight,
            self.bias,
            by_batch,
            self._count_batch() if update else 0.0,
            self.eps,
        )

    def _count_batch(self) -> Any:
        """One more batch; the share with which it counts: momentum, or 1 / batches so far if that is None."""
        if self.num_batches_tracked is not None:
            with no_grad():
                self.num_batches_tracked.add_(1)
        if self.momentum is not None or self.num_batches_tracked is None:
            return self.momentum or 0.0
        return 1.0 / ops.cast(self.num_batches_tracked, dtype=factories.zeros(()).array.dtype)

    def _check(self, x: Tensor) -> None:
        if x.array.ndim not in self._axes:
            name, counts = type(self).__name__, " or ".join(map(str, self._axes))
            got = f"{name}: got input of shape {shape_of(x)}"
            hint = "Try x.flatten(1)" if x.array.ndim > max(self._axes) else "Try x.unsqueeze(0)"
            if x.array.ndim == 2:  # rows, for a layer of images
                hint = f"Try BatchNorm1d({x.array.shape[1]})"
            raise ShapeError(complain(got, f"expected {counts} axes", hint))

    def extra_repr(self) -> str:
        learnt = f"affine={self.affine}, bias={self.bias is not None}"
        tracked = f"track_running_stats={self.track_running_stats}"
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, {learnt}, {tracked}"


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias for each feature of (N, C), or channel of (N, C, L).

    In training, mean and variance are those of the batch, and the running ones move towards them by the share momentum
    (None: the plain average of all batches); in evaluation the running ones are used.

    >>> import glassnet as torch
    >>> norm = BatchNorm1d(1)
    >>> norm(torch.tensor([[1.0], [3.0]])).detach()
    tensor([[-1.0000],
            [ 1.0000]])
    >>> norm.running_mean
    tensor([0.2000])

    S. Ioffe and C. Szegedy, Batch normalization, 2015.
    """

    _axes = (2, 3)


class BatchNorm2d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias for each channel of (N, C, H, W); see BatchNorm1d.

    >>> import glassnet as torch
    >>> BatchNorm2d(3)(torch.rand(8, 3, 4, 4)).shape
    torch.Size([8, 3, 4, 4])

    S. Ioffe and C. Szegedy, Batch normalization, 2015.
    """

    _axes = (4,)


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias over the last axes, which have the sizes normalized_shape.

    >>> import glassnet as torch
    >>> LayerNorm(2)(torch.tensor([[1.0, 3.0]])).detach()
    tensor([[-1.0000,  1.0000]])

    J. Ba, J. Kiros and G. Hinton, Layer normalization, 2016.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _sizes(normalized_shape), eps, elementwise_affine
        shape = self.normalized_shape
        self.weight = new_parameter(*shape, device=device, dtype=dtype) if elementwise_affine else None
        self.bias = new_parameter(*shape, device=device, dtype=dtype) if elementwise_affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """input normalised over its last axes, in the same shape."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        learnt = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {learnt}"


class RMSNorm(Module):
    """x / sqrt(mean(x^2) + eps) * weight over the last axes, which have the sizes normalized_shape.

    >>> import glassnet as torch
    >>> RMSNorm(2)(torch.tensor([[1.0, 7.0]])).detach()
    tensor([[0.2000, 1.4000]])

    B. Zhang and R. Sennrich, Root mean square layer normalization, 2019.
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps, self.elementwise_affine = _sizes(normalized_shape), eps, elementwise_affine
        shape = self.normalized_shape
        self.weight = new_parameter(*shape, device=device, dtype=dtype) if elementwise_affine else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """input normalised over its last axes, in the same shape."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """(x - mean) / sqrt(var + eps) over each group of channels of each example of (N, C, ...); see F.group_norm.

    >>> import glassnet as torch
    >>> GroupNorm(2, 4)(torch.tensor([[1.0, 3.0, 2.0, 6.0]])).detach()
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])

    Y. Wu and K. He, Group normalization, 2018.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        need_size("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if not num_groups or num_channels % num_groups:
            got = f"GroupNorm: got {num_channels} channels for {num_groups} groups"
            raise ValueRangeError(complain(got, "expected groups of equal size", "Try num_groups=1"))
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight = new_parameter(num_channels, device=device, dtype=dtype) if affine else None
        self.bias = new_parameter(num_channels, device=device, dtype=dtype) if affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """input (N, C, ...) normalised within groups of channels, in the same shape."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        learnt = f"affine={self.affine}, bias={self.bias is not None}"
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, {learnt}"


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(shape) if isinstance(shape, Sequence) else (shape,)
