"""Layers that learn the size of their input from the first one they are given."""

from __future__ import annotations

from typing import Any, cast

from glassnet.core.factories import check_device, empty, ones, zeros
from glassnet.core.mode import mode
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, complain
from glassnet.nn.checks import need_size, shape_of
from glassnet.nn.linear import Linear
from glassnet.nn.normalization import BatchNorm1d, BatchNorm2d
from glassnet.nn.parameter import UninitializedParameter


class LazyLinear(Linear):
    """A Linear layer whose in_features is the length of the first input's rows; then it is a plain `Linear`.

    Until then its parameters are without shape and numbers, which are drawn when the first input comes, and printing
    shows in_features=0. An optimiser may hold them already. Raises ShapeError for an input without axes.

    >>> import glassnet as torch
    >>> layer = LazyLinear(3)
    >>> layer.weight
    <UninitializedParameter>
    >>> layer(torch.ones(5, 2)).shape
    torch.Size([5, 3])
    >>> layer
    Linear(in_features=2, out_features=3, bias=True)
    """

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        need_size("LazyLinear", out_features=out_features)
        check_device(device)
        super().__init__(0, 0, bias=False)
        self.out_features = out_features
        self.weight = UninitializedParameter(empty(0, dtype=dtype))
        self.bias = UninitializedParameter(empty(0, dtype=dtype)) if bias else None

    def has_uninitialized_params(self) -> bool:
        """Whether the parameters still wait for the first input."""
        return isinstance(self.weight, UninitializedParameter)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, if they have a shape."""
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take in_features from an input, and draw the parameters unless they were loaded already."""
        if not input.array.ndim:
            got = "LazyLinear: got input of shape ()"
            raise ShapeError(complain(got, "expected at least one axis", "Try x.reshape(1)"))
        waits = self.has_uninitialized_params()
        self.in_features = shape_of(input)[-1] if waits else shape_of(self.weight)[-1]
        shapes = (self.out_features, self.in_features), (self.out_features,)
        for p, shape in zip((self.weight, self.bias), shapes, strict=True):
            if isinstance(p, UninitializedParameter):
                p.materialize(shape)
        if waits:
            self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """input (..., in_features) -> (..., out_features); the layer is a Linear from here on."""
        recording, mode.trace = mode.trace, None  # what happens once is not what a compiled step repeats
        try:
            self.initialize_parameters(input)
            cast(Any, self).__class__ = Linear
        finally:
            mode.trace = recording
        return self.forward(input)


class _LazyBatchNorm(BatchNorm1d):
    """A batch normalisation that takes its number of features from axis 1 of the first input."""

    becomes: type

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        check_device(device)
        super().__init__(1, eps, momentum, affine, track_running_stats, bias=bias)
        self.num_features, self._dtype = 0, dtype
        for name in ("weight", "bias"):
            if getattr(self, name) is not None:
                setattr(self, name, UninitializedParameter(empty(0, dtype=dtype)))

    def has_uninitialized_params(self) -> bool:
        """Whether the parameters still wait for the first input."""
        return not self.num_features

    def reset_parameters(self) -> None:
        """Scale 1 and shift 0, if they have a shape."""
        if getattr(self, "num_features", 0) and not isinstance(self.weight, UninitializedParameter):
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take num_features from an input, and make parameters and statistics of that size."""
        if input.array.ndim < 2:
            got = f"{type(self).__name__}: got input of shape {shape_of(input)}"
            raise ShapeError(complain(got, "expected at least two axes", "Try x.unsqueeze(0)"))
        n = self.num_features = shape_of(input)[1]
        for p in (self.weight, self.bias):
            if isinstance(p, UninitializedParameter):
                p.materialize((n,))
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.data = zeros(n, dtype=self._dtype)
            self.running_var.data = ones(n, dtype=self._dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """input (N, num_features, ...) -> the same shape; the layer is a plain one from here on."""
        recording, mode.trace = mode.trace, None  # what happens once is not what a compiled step repeats
        try:
            self.initialize_parameters(input)
            cast(Any, self).__class__ = self.becomes
            del self._dtype
        finally:
            mode.trace = recording
        return self.forward(input)


class LazyBatchNorm1d(_LazyBatchNorm):
    """A `BatchNorm1d` that takes its number of features from axis 1 of the first input; then it is a plain one.

    >>> import glassnet as torch
    >>> layer = LazyBatchNorm1d()
    >>> layer(torch.ones(5, 3)).shape
    torch.Size([5, 3])
    >>> layer.num_features, type(layer).__name__
    (3, 'BatchNorm1d')
    """

    becomes = BatchNorm1d


class LazyBatchNorm2d(_LazyBatchNorm):
    """A `BatchNorm2d` that takes its number of channels from axis 1 of the first input; then it is a plain one."""

    becomes = BatchNorm2d
