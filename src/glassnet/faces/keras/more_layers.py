"""Layers that stand between others now and then: noise, shapes, normalisation of inputs, functions of one's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.factories import randn_like
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, complain
from glassnet.faces.keras import activations, initializers, regularizers
from glassnet.faces.keras.batches import as_array
from glassnet.faces.keras.layer import Layer, Shape


class Identity(Layer):
    """What comes in goes out."""


class Lambda(Layer):
    """A function of tensors as a layer: `Lambda(lambda x: x * 2)`."""

    def __init__(self, function: Callable[..., Any], output_shape: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.function = function

    def make(self, shape: Shape) -> list[nn.Module]:
        """The function."""
        return [activations.Lambda(self.function)]

    def shape_after(self, shape: Any) -> Shape:
        """What the function makes of one example of zeros."""
        return tuple(self.function(wrap(np.zeros((1, *shape), np.float32))).shape)[1:]


class PReLU(Layer):
    """x above 0, alpha · x below, with an alpha learnt for every number of an example (K. He et al., 2015)."""

    def __init__(self, alpha_initializer: Any = "zeros", **options: Any) -> None:
        super().__init__(**options)
        self.alpha_initializer = initializers.get(alpha_initializer)

    def make(self, shape: Shape) -> list[nn.Module]:
        """A module with the alphas."""
        return [Slopes(wrap(np.ascontiguousarray(self.alpha_initializer(shape))))]


class Slopes(nn.Module):
    """max(x, 0) + alpha · min(x, 0)."""

    def __init__(self, alpha: Tensor) -> None:
        super().__init__()
        self.alpha = nn.Parameter(alpha)

    def forward(self, x: Tensor) -> Tensor:
        """The function of every number."""
        return ops.relu(x) - self.alpha * ops.relu(-x)


class RepeatVector(Layer):
    """(features,) becomes (n, features)."""

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = n

    def make(self, shape: Shape) -> list[nn.Module]:
        """A new axis, repeated."""
        return [activations.Lambda(lambda x: x.unsqueeze(1).repeat(1, self.n, 1))]

    def shape_after(self, shape: Shape) -> Shape:
        """One more axis, in front."""
        return (self.n, *shape)


class Permute(Layer):
    """Axes in another order; the first behind the batch is 1."""

    def __init__(self, dims: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            got = f"Permute: got dims={dims!r}"
            expected = "expected every axis once, from 1"
            raise DataError(complain(got, expected, f"Try {tuple(range(1, len(self.dims) + 1))[::-1]}"))

    def make(self, shape: Shape) -> list[nn.Module]:
        """A permutation that leaves the batch in front."""
        return [activations.Lambda(lambda x: x.permute(0, *self.dims))]

    def shape_after(self, shape: Shape) -> Shape:
        """The sizes in the new order."""
        return tuple(shape[d - 1] for d in self.dims)


class UnitNormalization(Layer):
    """Every example of length 1."""

    def make(self, shape: Shape) -> list[nn.Module]:
        """x / |x|."""
        return [activations.Lambda(lambda x: x / ops.sqrt(ops.maximum(ops.square(x).sum(-1, keepdim=True), 1e-12)))]


class ActivityRegularization(Layer):
    """Adds l1 · Σ|x| + l2 · Σx² of what passes, over the size of the batch, to the loss."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **options)


# ---- noise: in training only -----------------------------------------------------------------------------------------


class Noise(nn.Module):
    """A function of x and normal numbers of its shape, in training."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], name: str) -> None:
        super().__init__()
        self.function, self.name = function, name

    def forward(self, x: Tensor) -> Tensor:
        """x, with noise in training."""
        return self.function(x, randn_like(x)) if self.training else x

    def extra_repr(self) -> str:
        """The layer's class."""
        return self.name


class GaussianNoise(Layer):
    """x + stddev · a normal number."""

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.stddev = stddev

    def make(self, shape: Shape) -> list[nn.Module]:
        """The noise."""
        return [Noise(lambda x, noise: x + self.stddev * noise, "GaussianNoise")]


class GaussianDropout(Layer):
    """x times a normal number of mean 1 and standard deviation √(rate / (1 - rate)) (N. Srivastava et al., 2014)."""

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        nn.Dropout(rate)  # refuses a rate that is none

    def make(self, shape: Shape) -> list[nn.Module]:
        """The noise."""
        spread = math.sqrt(self.rate / (1.0 - self.rate))
        return [Noise(lambda x, noise: x * (1.0 + spread * noise), "GaussianDropout")]


class AlphaDropout(Layer):
    """Dropout that keeps mean and variance, for SELU (G. Klambauer et al., 2017)."""

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        nn.Dropout(rate)

    def make(self, shape: Shape) -> list[nn.Module]:
        """An AlphaDropout module."""
        return [nn.AlphaDropout(self.rate)]


# ---- normalisation of inputs -----------------------------------------------------------------------------------------


class Normalization(Layer):
    """(x - mean) / √variance of every feature, which `adapt(x)` reads off the data, or which are given.

    >>> layer = Normalization()
    >>> layer.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> layer([[3.0, 30.0]])
    tensor([[1., 1.]])
    """

    def __init__(self, axis: int = -1, mean: Any = None, variance: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.mean = None if mean is None else np.asarray(mean, np.float32)
        self.variance = None if variance is None else np.asarray(variance, np.float32)
        if axis != -1:
            got = f"Normalization: got axis={axis}"
            raise DataError(complain(got, "expected the features on the last axis", "Try axis=-1"))

    def adapt(self, data: Any) -> None:
        """Take mean and variance of every feature of the data."""
        x = as_array(data, "Normalization.adapt").astype(np.float64)
        over = tuple(range(x.ndim - 1))
        self.mean, self.variance = x.mean(over, dtype=np.float64), x.var(over, dtype=np.float64)
        self.mean, self.variance = self.mean.astype(np.float32), self.variance.astype(np.float32)
        self.built = False

    def make(self, shape: Shape) -> list[nn.Module]:
        """A shift and a scale."""
        if self.mean is None or self.variance is None:
            got = "Normalization: got no data yet"
            raise DataError(complain(got, "expected adapt() before", "Try layer.adapt(x_train)"))
        return [Standard(self.mean, self.variance)]

    @property
    def weights(self) -> list[Tensor]:
        """[mean, variance, how many batches], none of them trained."""
        return [t for m in self.modules for t in (m.mean, m.variance, m.count)] if self.modules else []


class Standard(nn.Module):
    """(x - mean) / √variance."""

    mean: Tensor
    variance: Tensor

    def __init__(self, mean: np.ndarray, variance: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mean", wrap(mean))
        self.register_buffer("variance", wrap(variance))
        self.register_buffer("count", wrap(np.zeros((), np.int64)))

    def forward(self, x: Tensor) -> Tensor:
        """x, standardised."""
        return (x - self.mean) / ops.maximum(ops.sqrt(self.variance), 1e-7)
