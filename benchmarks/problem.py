"""The data and the first weights that every peer gets: made once, the same for all."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.workloads import Workload

Array = NDArray[Any]
Layers = list[tuple[NDArray[np.float32], NDArray[np.float32]]]

PIXEL = np.float32(1 / 255)


@dataclass(frozen=True)
class Problem:
    """A workload with its arrays.

    `x` is as it is stored: uint8 pixels (rows, features) for images, float32 otherwise. `y` is int64 (rows,) for
    classes, float32 (rows, 1) otherwise. `layers` holds W (in, out) and b (out,) of each layer.
    """

    workload: Workload
    x: Array
    y: Array
    layers: Layers

    def features(self, rows: slice = slice(None)) -> NDArray[np.float32]:
        """The inputs as float32, pixels in [0, 1]."""
        x = self.x[rows]
        return np.multiply(x, PIXEL, dtype=np.float32) if x.dtype == np.uint8 else x.astype(np.float32, copy=False)

    def copied_layers(self) -> Layers:
        """Weights that a peer may train in place."""
        return [(W.copy(), b.copy()) for W, b in self.layers]


def initial_layers(sizes: tuple[int, ...], seed: int = 1) -> Layers:
    """W and b of each layer, uniform within 1/sqrt(inputs) as PyTorch's `Linear` starts.

    >>> [W.shape for W, b in initial_layers((2, 10, 1))]
    [(2, 10), (10, 1)]
    """
    rng = np.random.default_rng(seed)

    def uniform(*shape: int, bound: float) -> NDArray[np.float32]:
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    return [
        (uniform(inputs, outputs, bound=inputs**-0.5), uniform(outputs, bound=inputs**-0.5))
        for inputs, outputs in pairwise(sizes)
    ]


def read_problem(workload: Workload, folder: Path) -> Problem:
    """The problem of a workload from the folder that `write_data` filled."""
    x = np.load(folder / f"{workload.data}-x.npy")[: workload.rows]
    y = np.load(folder / f"{workload.data}-y.npy")[: workload.rows]
    return Problem(workload, x, y, initial_layers(workload.layers))


def write_data(names: set[str], folder: Path) -> str:
    """Make the named data sets once, for all peers, and say whether the digits are the real ones."""
    source = "none needed"
    for name in names:
        if name == "mnist":
            x, y, source = digits(folder)
        else:
            x, y = MAKERS[name](np.random.default_rng(7))
        np.save(folder / f"{name}-x.npy", x)
        np.save(folder / f"{name}-y.npy", y)
    return source


def digits(folder: Path) -> tuple[Array, Array, str]:
    """MNIST if glassnet's copy can be had, else made-up digits of the same shapes; and which of the two."""
    try:
        from glassnet.data.images import mnist

        real = mnist()
        parts = real.x_train, real.y_train, real.x_test, real.y_test
    except (ImportError, AttributeError, OSError) as error:
        return *made_up_digits(), f"synthetic, shapes of MNIST ({type(error).__name__}: {error})"
    x, y, x_test, y_test = (np.asarray(part) for part in parts)
    x, x_test = (np.ascontiguousarray(part.reshape(len(part), -1)) for part in (x, x_test))
    np.save(folder / "test-x.npy", x_test)
    np.save(folder / "test-y.npy", y_test.astype(np.int64))
    return x, y.astype(np.int64), "MNIST"


def made_up_digits(rows: int = 60_000) -> tuple[Array, Array]:
    """Ten patterns with holes, a tenth of them ink: (rows, 784) uint8 and classes (rows,) int64."""
    rng = np.random.default_rng(5)
    patterns = rng.integers(0, 256, (10, 784), dtype=np.uint8) * (rng.random((10, 784)) < 0.2).astype(np.uint8)
    y = rng.integers(0, 10, rows)
    x = patterns[y]  # (rows, 784)
    x[rng.integers(0, 2, x.shape, dtype=np.uint8) == 0] = 0
    return x, y


def moons(rng: np.random.Generator) -> tuple[Array, Array]:
    """Two interleaving half circles: (200, 2) and labels (200, 1)."""
    angle = rng.uniform(0, np.pi, 200)
    y = np.arange(200) % 2
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (200, 2)
    x = np.where(y[:, None], [1, 0.5] - upper, upper)
    return (x + rng.normal(0, 0.1, x.shape)).astype(np.float32), y[:, None].astype(np.float32)


def circle(rng: np.random.Generator) -> tuple[Array, Array]:
    """A disc within a ring: (500, 2) and labels (500, 1)."""
    y = np.arange(500) % 2
    radius = np.where(y, rng.uniform(0, 1.0, 500), rng.uniform(1.4, 2.0, 500))
    angle = rng.uniform(0, 2 * np.pi, 500)
    x = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return x.astype(np.float32), y[:, None].astype(np.float32)


def regression(rng: np.random.Generator) -> tuple[Array, Array]:
    """A smooth function of 50 variables with unit variance: (100000, 50) and (100000, 1)."""
    x = rng.standard_normal((100_000, 50), dtype=np.float32)
    directions = rng.standard_normal((50, 4), dtype=np.float32) / np.float32(50**0.5)
    y = np.sin(x @ directions).sum(axis=1, keepdims=True)  # (rows, 1) = sum over 4 directions
    return x, ((y - y.mean()) / y.std()).astype(np.float32)


MAKERS = {"moons": moons, "circle": circle, "regression": regression}
