"""How weights begin, by Keras's names: each initializer is called with the shape (inputs, outputs) of a kernel.

A variance-scaling initializer draws with the variance scale / n, where n is the number of inputs (fan_in), of outputs
(fan_out) or their mean (fan_avg). A normal one is cut off at two standard deviations, as Keras cuts it.

X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
K. He et al., Delving deep into rectifiers, 2015. Y. LeCun et al., Efficient backprop, 1998.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from glassnet.core import random
from glassnet.core.generator import Generator
from glassnet.faces.keras.lookup import found, made_by
from glassnet.faces.keras.recorded import Recorded

CUT_SHORT = 0.87962566103423978  # the standard deviation that is left of 1 when a normal is cut off at ±2


class Initializer(Recorded):
    """Draws the first values of a weight; `seed` fixes them, else they come from the default stream."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The values, as float32."""
        source = None if self.seed is None else Generator().manual_seed(self.seed)
        return self.draw(tuple(shape), source).astype(np.float32)

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """The values for a shape, drawn from a stream (None: the default one)."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method draw(shape, source). Try writing one.")


class Constant(Initializer):
    """The same value everywhere."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.value = value

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """The value, repeated."""
        return np.full(shape, self.value)


class Zeros(Constant):
    """0 everywhere."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """1 everywhere."""

    def __init__(self) -> None:
        super().__init__(1.0)


class RandomUniform(Initializer):
    """Uniform between two bounds."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """Uniform numbers."""
        return random.uniform(shape, self.minval, self.maxval, generator=source)


class RandomNormal(Initializer):
    """Normal with a mean and a standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """Normal numbers."""
        return random.normal(shape, self.mean, self.stddev, generator=source)


class TruncatedNormal(RandomNormal):
    """Normal, cut off at two standard deviations."""

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """Normal numbers near their mean."""
        low, high = self.mean - 2 * self.stddev, self.mean + 2 * self.stddev
        return random.trunc_normal(shape, self.mean, self.stddev, low, high, generator=source)


class VarianceScaling(Initializer):
    """Variance scale / n, so that signals keep their size from layer to layer.

    >>> np.abs(VarianceScaling(1.0, "fan_avg", "uniform", seed=0)((2, 4))).max() <= 1  # sqrt(3 / 3)
    np.True_
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
        distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.scale = scale
        self.size = found("fan", mode, _FANS)
        self.spread = found("distribution", distribution, _DISTRIBUTIONS)

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """Numbers of that variance."""
        fan_in, fan_out = (shape[0], shape[-1]) if shape else (1, 1)
        return self.spread(math.sqrt(self.scale / max(1.0, self.size(fan_in, fan_out)))).draw(shape, source)


_FANS: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda fan_in, fan_out: fan_in,
    "fan_out": lambda fan_in, fan_out: fan_out,
    "fan_avg": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}
_DISTRIBUTIONS: dict[str, Callable[[float], Initializer]] = {
    "uniform": lambda std: RandomUniform(-math.sqrt(3) * std, math.sqrt(3) * std),
    "untruncated_normal": lambda std: RandomNormal(0.0, std),
    "truncated_normal": lambda std: TruncatedNormal(0.0, std / CUT_SHORT),
}


class GlorotUniform(VarianceScaling):
    """Uniform between ±sqrt(6 / (inputs + outputs))."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Normal with variance 2 / (inputs + outputs)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform between ±sqrt(6 / inputs)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Normal with variance 2 / inputs."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform between ±sqrt(3 / inputs)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Normal with variance 1 / inputs."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class Orthogonal(Initializer):
    """Columns (or rows, if there are fewer) at right angles, of length `gain` (A. M. Saxe et al., 2014)."""

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """The Q of the QR decomposition of normal numbers."""
        rows, columns = math.prod(shape[:-1]), shape[-1]
        numbers = random.normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, generator=source)
        q, r = np.linalg.qr(numbers)
        q = q * np.sign(np.diag(r))
        return self.gain * (q.T if rows < columns else q).reshape(shape)


class Identity(Initializer):
    """`gain` on the diagonal, 0 elsewhere."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain

    def draw(self, shape: tuple[int, ...], source: Generator | None) -> np.ndarray:
        """The identity."""
        return self.gain * np.eye(shape[0], shape[-1])


NAMES: dict[str, Callable[[], Initializer]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "random_uniform": RandomUniform,
    "uniform": RandomUniform,
    "random_normal": RandomNormal,
    "normal": RandomNormal,
    "truncated_normal": TruncatedNormal,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "variance_scaling": VarianceScaling,
    "orthogonal": Orthogonal,
    "identity": Identity,
}


def get(identifier: Any) -> Callable[[Sequence[int]], np.ndarray]:
    """The initializer that a name stands for; a callable `(shape) -> array` is taken as it is."""
    function = made_by("initializer", identifier, NAMES)
    return function if isinstance(function, Initializer) else lambda shape: np.asarray(function(shape), np.float32)
