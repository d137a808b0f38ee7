"""Functions of one variable to be learned from examples: `y = f(x)` for x in [-6, 6].

`noise` is the standard deviation of a normal error added to `y`. A network with one hidden layer can come as close as
one likes to each of them (Cybenko 1989; Hornik, Stinchcombe and White 1989).
"""

from __future__ import annotations  # np.random.Generator is named below, and importing it costs 15 ms

from collections.abc import Callable

import numpy as np

from glassnet.data.registry import dataset

Curve = Callable[[np.ndarray], np.ndarray]


def curve(name: str, formula: str) -> Callable[[Curve], Curve]:
    """Register `f` as a regression data set of one feature and one target; `f` itself stays as it is."""

    def register(f: Curve) -> Curve:
        def rule(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
            x = rng.uniform(-6, 6, (n, 1))
            y = f(x)
            return x, (y + rng.normal(scale=noise, size=y.shape) if noise else y)

        dataset(name, task="regression", summary=formula, feature_names=("x",), n=200)(rule)
        return f

    return register


@curve("sine", "y = sin x")
def sine(x: np.ndarray) -> np.ndarray:
    """One wave and a piece of the next.

    >>> float(sine(np.array(0.0)))
    0.0
    """
    return np.sin(x)


@curve("step", "y = 0 below zero, 1 from zero on")
def step(x: np.ndarray) -> np.ndarray:
    """The threshold of McCulloch and Pitts (1943): a jump, which no finite network of smooth units meets exactly.

    >>> step(np.array([-1.0, 0.0, 1.0]))
    array([0., 1., 1.])
    """
    return np.heaviside(x, 1.0)


@curve("abs", "y = |x|")
def absolute(x: np.ndarray) -> np.ndarray:
    """The kink that two ReLU units make exactly: `relu(x) + relu(-x)`.

    >>> absolute(np.array([-3.0, 2.0]))
    array([3., 2.])
    """
    return np.abs(x)


@curve("polynomial", "y = (x + 4) x (x - 4) / 48")
def polynomial(x: np.ndarray) -> np.ndarray:
    """A cubic with its roots at -4, 0 and 4.

    >>> polynomial(np.array([-4.0, 0.0, 6.0])) + 0.0
    array([0. , 0. , 2.5])
    """
    return (x + 4) * x * (x - 4) / 48


@curve("sinc", "y = sin(x) / x")
def sinc(x: np.ndarray) -> np.ndarray:
    """A wave that dies away, 1 at zero.

    >>> float(sinc(np.array(0.0)))
    1.0
    """
    return np.sinc(x / np.pi)  # NumPy's is sin(pi x) / (pi x)


@curve("bump", "y = exp(-x²)")
def bump(x: np.ndarray) -> np.ndarray:
    """The bell, flat almost everywhere.

    >>> float(bump(np.array(0.0)))
    1.0
    """
    return np.exp(-(x**2))


@curve("sawtooth", "y = x / 2 - floor(x / 2)")
def sawtooth(x: np.ndarray) -> np.ndarray:
    """Ramps of length 2, each ending in a jump.

    >>> sawtooth(np.array([0.0, 1.0, 2.0]))
    array([0. , 0.5, 0. ])
    """
    return x / 2 - np.floor(x / 2)


@curve("chirp", "y = sin(x² / 3)")
def chirp(x: np.ndarray) -> np.ndarray:
    """Waves that get shorter away from zero: some are easy, some need many units.

    >>> float(chirp(np.array(0.0)))
    0.0
    """
    return np.sin(x**2 / 3)
