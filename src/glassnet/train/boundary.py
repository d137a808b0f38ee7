"""What a network says all over the plane: the ground of every picture of a decision boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.errors import ShapeError, complain

_MARGIN = 0.1  # of the points' range, on every side


@dataclass(frozen=True, eq=False)
class Surface:
    """What a network says on a grid: `values` is `(len(y), len(x), outputs)`, the first row the lowest y."""

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The class named at each place, `(len(y), len(x))`."""
        return self.values.argmax(axis=2)

    @property
    def sure(self) -> np.ndarray:
        """How likely that class is."""
        return self.values.max(axis=2)


def surface(trained: Any, points: np.ndarray, width: int = 160, height: int = 120, margin: float = _MARGIN) -> Surface:
    """Ask a trained network of two features about a grid that holds the points `(n, 2)` with a margin around them.

    Raises `ShapeError` where examples are not points of the plane.

    >>> class Above:
    ...     def predict(self, x):
    ...         return np.stack([x[:, 1] < 0, x[:, 1] >= 0], axis=1).astype(float)
    >>> surface(Above(), np.array([[-1.0, -1.0], [1.0, 1.0]]), width=2, height=4).classes.tolist()
    [[0, 0], [0, 0], [1, 1], [1, 1]]
    """
    if points.ndim != 2 or points.shape[1] != 2:
        got = f"got examples of shape {points.shape[1:]}"
        hint = "Try a data set of points, such as moons; `glassnet plot RUN weights` for images"
        raise ShapeError(complain(got, "expected two features: a boundary is drawn in the plane", hint))
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.where(high > low, (high - low) * margin, 0.5)
    xs, ys = (np.linspace(low[i] - room[i], high[i] + room[i], n) for i, n in ((0, width), (1, height)))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float32)  # (height * width, 2)
    return Surface(xs, ys, trained.predict(grid).reshape(height, width, -1))


def curve(trained: Any, points: np.ndarray, width: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Ask a trained network of one feature all along the line: places `(width,)` and what it says there."""
    low, high = float(points.min()), float(points.max())
    xs = np.linspace(low, high, width)
    return xs, trained.predict(xs[:, None].astype(np.float32)).reshape(width, -1)[:, 0]


def tiles(weights: np.ndarray, shape: tuple[int, int], columns: int, gap: int = 1) -> np.ndarray:
    """Weights `(units, height * width)` as one picture, `columns` images in a row; NaN between them.

    Every image is brought to its own range: what a unit looks for is a pattern, however strong.

    >>> tiles(np.arange(8.0).reshape(2, 4), (2, 2), columns=2).shape
    (2, 5)
    """
    height, width = shape
    rows = -(-len(weights) // columns)
    picture = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for i, w in enumerate(weights):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        picture[top : top + height, left : left + width] = w.reshape(shape) / (np.abs(w).max() or 1.0)
    return picture
