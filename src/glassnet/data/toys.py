"""Points in the plane: small data sets whose shape can be seen, each made by one short rule.

Every rule draws from the generator it is given and returns `x` of shape `(n, 2)` and `y`: class indices `(n,)`, or
heights `(n, 1)` for regression. Circle, xor, gauss, spiral, plane and gauss_regression have the geometry of TensorFlow
Playground (Smilkov et al., 2017, "Direct-Manipulation Visualization of Deep Networks"); its label +1 is class 1 here,
-1 is class 0. As there, `noise` moves the points of gauss and spiral, while for the others it moves the place at which
the label is read, so classes overlap at their border and the points still fill their area.
"""

from __future__ import annotations  # np.random.Generator is named below, and importing it costs 15 ms

import math

import numpy as np

from glassnet.data.registry import dataset, whole_number

PLAYGROUND = "TensorFlow Playground (2017)"

_BUMPS = np.array(  # centre x, centre y, sign
    [[-4, 2.5, 1], [0, 2.5, -1], [4, 2.5, 1], [-4, -2.5, -1], [0, -2.5, 1], [4, -2.5, -1]], dtype=np.float64
)


def polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Points `(r sin t, r cos t)`, clockwise from twelve o'clock as the Playground draws them.

    >>> polar(np.array([2.0]), np.array([0.0]))
    array([[0., 2.]])
    """
    return np.column_stack((radius * np.sin(angle), radius * np.cos(angle)))  # (n, 2)


def jitter(rng: np.random.Generator, x: np.ndarray, size: float) -> np.ndarray:
    """The points, each moved by up to `size` along each axis; no numbers are drawn when they would not matter."""
    return x + rng.uniform(-size, size, x.shape) if size else x


def two_classes(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stack the points of class 0 and of class 1 and label them."""
    labels = np.repeat(np.arange(2), (len(first), len(second)))
    return np.concatenate((first, second)), labels


@dataset(
    "moons",
    task="classification",
    summary="two half moons that reach into each other",
    source="the geometry of scikit-learn's make_moons",
    classes=("upper", "lower"),
    noise=0.2,
)
def moons(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Half circles `(cos t, sin t)` and `(1 - cos t, 1/2 - sin t)`, t evenly spaced in [0, pi], plus normal noise.

    `noise` is the standard deviation of what is added to both coordinates. No straight line does better than about
    88 %.

    >>> x, y = moons(np.random.default_rng(0), 4, 0.0)
    >>> print(x.round(3) + 0.0, y)
    [[ 1.   0. ]
     [-1.   0. ]
     [ 0.   0.5]
     [ 2.   0.5]] [0 0 1 1]
    """
    upper, lower = np.linspace(0, math.pi, n // 2), np.linspace(0, math.pi, n - n // 2)
    x, y = two_classes(
        np.column_stack((np.cos(upper), np.sin(upper))),
        np.column_stack((1 - np.cos(lower), 1 - np.sin(lower) - 0.5)),
    )
    return (x + rng.normal(scale=noise, size=x.shape) if noise else x), y


@dataset(
    "circle",
    task="classification",
    summary="a disc inside a ring",
    source=PLAYGROUND,
    classes=("ring", "disc"),
)
def circle(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """A disc of radius 2.5 (class 1) inside a ring from 3.5 to 5 (class 0).

    >>> x, y = circle(np.random.default_rng(0), 500, 0.0)
    >>> bool(np.all((np.hypot(*x.T) < 2.5) == y))
    True
    """
    disc = rng.uniform(0, 2.5, n // 2)
    ring = rng.uniform(3.5, 5, n - n // 2)
    x = polar(np.concatenate((disc, ring)), rng.uniform(0, 2 * math.pi, n))
    return x, disc_label(jitter(rng, x, 5 * noise))


def disc_label(x: np.ndarray) -> np.ndarray:
    """1 within 2.5 of the origin, else 0.

    >>> disc_label(np.array([[0.24, 0.46], [3.0, 4.0]]))
    array([1, 0])
    """
    return (np.hypot(x[:, 0], x[:, 1]) < 2.5).astype(np.int64)


@dataset(
    "rings",
    task="classification",
    summary="rings inside one another, the classes taking turns",
    classes=("even ring", "odd ring"),
)
def rings(rng: np.random.Generator, n: int, noise: float, *, rings: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """As many rings as asked for, evenly spaced up to radius 5; neighbours differ in class.

    `noise` is the standard deviation of the radius in units of the gap between two rings.

    >>> x, y = rings(np.random.default_rng(0), 8, 0.0)
    >>> np.hypot(*x.T).round(2), y
    (array([1.25, 1.25, 2.5 , 2.5 , 3.75, 3.75, 5.  , 5.  ]), array([0, 0, 1, 1, 0, 0, 1, 1]))
    """
    rings = whole_number("rings", rings, least=2, most=100)
    ring = np.arange(n) * rings // n  # 0, 0, ..., 1, 1, ...
    radius = (ring + 1 + noise * rng.normal(size=n)) * 5 / rings
    return polar(radius, rng.uniform(0, 2 * math.pi, n)), ring % 2


@dataset(
    "xor",
    task="classification",
    summary="four squares, opposite corners alike",
    source=PLAYGROUND,
    classes=("signs differ", "signs agree"),
)
def xor(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of [-5, 5] squared, pushed 0.3 away from the axes; class 1 where `x1 x2 >= 0`.

    >>> x, y = xor(np.random.default_rng(0), 500, 0.0)
    >>> bool(np.all((x[:, 0] * x[:, 1] >= 0) == y)), float(np.abs(x).min()) >= 0.3
    (True, True)
    """
    x = rng.uniform(-5, 5, (n, 2))
    x += np.where(x > 0, 0.3, -0.3)
    read_at = jitter(rng, x, 5 * noise)
    return x, (read_at[:, 0] * read_at[:, 1] >= 0).astype(np.int64)


@dataset(
    "gauss",
    task="classification",
    summary="two round clouds that a straight line can part",
    source=PLAYGROUND,
    classes=("lower left", "upper right"),
)
def gauss(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Normal clouds around (-2, -2) (class 0) and (2, 2) (class 1), with variance `0.5 + 7 noise`.

    >>> x, y = gauss(np.random.default_rng(0), 500, 0.0)
    >>> x[y == 1].mean(axis=0).round()
    array([2., 2.])
    """
    spread = math.sqrt(0.5 + 7 * noise)  # variance 0.5 without noise, 4 at the Playground's highest, 0.5
    lower = rng.normal(-2, spread, (n // 2, 2))
    upper = rng.normal(2, spread, (n - n // 2, 2))
    return two_classes(lower, upper)


@dataset(
    "spiral",
    task="classification",
    summary="two arms that wind around each other",
    source=PLAYGROUND,
    classes=("second arm", "first arm"),
)
def spiral(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """An arm `r = 5 i/m, t = 3.5 pi i/m` (class 1) and the same turned by pi (class 0).

    Each coordinate is moved by up to `noise`.

    >>> x, y = spiral(np.random.default_rng(0), 4, 0.0)
    >>> print(x.round(3) + 0.0, y)
    [[ 0.     0.   ]
     [ 1.768 -1.768]
     [ 0.     0.   ]
     [-1.768  1.768]] [0 0 1 1]
    """
    x, y = two_classes(spiral_arm(n // 2, math.pi), spiral_arm(n - n // 2, 0.0))
    return jitter(rng, x, noise), y


def spiral_arm(n: int, turn: float) -> np.ndarray:
    """`n` points of one arm: 1.75 turns out to radius 5, the end left out."""
    way = np.arange(n) / max(n, 1)
    return polar(5 * way, 1.75 * way * 2 * math.pi + turn)


@dataset(
    "three_spirals",
    task="classification",
    summary="three arms, three classes",
    classes=("first arm", "second arm", "third arm"),
)
def three_spirals(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """The arm of `spiral` three times, each turned by a third of a circle.

    >>> x, y = three_spirals(np.random.default_rng(0), 9, 0.0)
    >>> y
    array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    """
    sizes = [(n + 2) // 3, (n + 1) // 3, n // 3]
    arms = [spiral_arm(size, arm * 2 * math.pi / 3) for arm, size in enumerate(sizes)]
    return jitter(rng, np.concatenate(arms), noise), np.repeat(np.arange(3), sizes)


@dataset(
    "checkerboard",
    task="classification",
    summary="squares of a board, black and white",
    classes=("black", "white"),
)
def checkerboard(rng: np.random.Generator, n: int, noise: float, *, squares: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Points of [-5, 5] squared over `squares` by `squares` fields; neighbours differ in class.

    >>> x, y = checkerboard(np.random.default_rng(0), 500, 0.0, squares=2)
    >>> bool(np.all((x[:, 0] * x[:, 1] < 0) == y))
    True
    """
    squares = whole_number("squares", squares, least=2, most=100)
    x = rng.uniform(-5, 5, (n, 2))
    field = np.floor((jitter(rng, x, 5 * noise) + 5) * squares / 10).astype(np.int64)  # (n, 2): column and row
    return x, field.sum(axis=1) % 2


@dataset(
    "plane",
    task="regression",
    summary="a tilted plane: what a network without hidden layers can learn",
    source=PLAYGROUND,
    n=1200,
)
def plane(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Height `(x1 + x2) / 10` over [-6, 6] squared.

    >>> x, y = plane(np.random.default_rng(0), 5, 0.0)
    >>> bool(np.allclose(y, x.sum(axis=1, keepdims=True) / 10)), y.shape
    (True, (5, 1))
    """
    x = rng.uniform(-6, 6, (n, 2))
    return x, jitter(rng, x, 6 * noise).sum(axis=1, keepdims=True) / 10


@dataset(
    "gauss_regression",
    task="regression",
    summary="three hills and three valleys",
    source=PLAYGROUND,
    n=1200,
)
def gauss_regression(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Six cones of radius 2 over [-6, 6] squared, three up and three down.

    >>> x, y = gauss_regression(np.random.default_rng(0), 1200, 0.0)
    >>> x.shape, y.shape, float(abs(y).max()) <= 1
    ((1200, 2), (1200, 1), True)
    """
    x = rng.uniform(-6, 6, (n, 2))
    return x, hills(jitter(rng, x, 6 * noise))


def hills(x: np.ndarray) -> np.ndarray:
    """The height of the nearest cone, `sign * max(0, 1 - distance / 2)`, of shape `(n, 1)`.

    >>> hills(np.array([[0.0, 2.5], [4.0, 1.5], [0.0, 0.0]]))
    array([[-1. ],
           [ 0.5],
           [ 0. ]])
    """
    distance = np.hypot(x[:, :1] - _BUMPS[:, 0], x[:, 1:] - _BUMPS[:, 1])  # (n, 6)
    nearest = distance.argmin(axis=1)  # cones are 4 apart or more, so at most one reaches any point
    height = np.maximum(0, 1 - distance[np.arange(len(x)), nearest] / 2)
    return (_BUMPS[nearest, 2] * height)[:, None] + 0.0  # + 0.0 turns -0 into 0
