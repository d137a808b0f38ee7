"""Slices through the loss of a network: along a direction, over a plane, or over two weights.

A random direction says little by itself, since a ReLU network computes the same after one layer is made larger and the
next smaller. So each row of weights of a direction is given the length of the row it is added to, and biases stay
(Li et al. 2018, "Visualizing the Loss Landscape of Neural Nets").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, touched
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.read.draw_chart import Axes
from glassnet.read.draw_svg import Svg
from glassnet.read.explain import as_example
from glassnet.read.losses import as_target, chosen_loss
from glassnet.read.probe_use import in_use

Direction = list[np.ndarray]  # an array for each parameter, in the order of model.parameters()
_BANDS = 16
_SMOOTH = 4  # how much finer than the grid the picture is


@dataclass(eq=False)
class Slice:
    """The loss at a distance along a direction; 0 is where the network is."""

    distances: np.ndarray
    losses: np.ndarray
    along: str

    def text(self) -> str:
        """The lowest point, and where the network is."""
        here, k = float(np.interp(0, self.distances, self.losses)), int(self.losses.argmin())
        return "\n".join([
            f"loss along {self.along}",
            f"here {here:.4g}; lowest {self.losses[k]:.4g} at {self.distances[k]:.3g}; "
            f"at the ends {self.losses[0]:.4g} and {self.losses[-1]:.4g}",
        ])  # fmt: skip

    def svg(self) -> str:
        """The curve."""
        svg = Svg(560, 380, f"Loss along {self.along}")
        svg.text(24, 28, f"Loss along {self.along}", "ink t b")
        low, high = float(self.losses.min()), float(self.losses.max())
        room = 0.05 * (high - low)
        axes = Axes(svg, (76, 56), (450, 260), (self.distances[0], self.distances[-1]), (low - room, high + room))
        axes.frame("", "distance", "loss")
        axes.line(self.distances, self.losses, "pl", 2)
        svg.dot(*axes.at(0, float(np.interp(0, self.distances, self.losses))), 4, "n panell")
        return svg.render()


@dataclass(eq=False)
class Surface:
    """The loss on a grid over two directions: `losses[i, j]` at `y[i]` along the second and `x[j]` along the first."""

    x: np.ndarray
    y: np.ndarray
    losses: np.ndarray
    names: tuple[str, str]
    here: tuple[float, float] = (0.0, 0.0)

    def text(self) -> str:
        """The lowest point of the grid, and the range."""
        i, j = np.unravel_index(int(self.losses.argmin()), self.losses.shape)
        return "\n".join([
            f"loss over {self.names[0]} and {self.names[1]}, {len(self.x)} by {len(self.y)} points",
            f"from {self.losses.min():.4g} to {self.losses.max():.4g}; lowest at ({self.x[j]:.3g}, {self.y[i]:.3g})",
        ])  # fmt: skip

    def svg(self) -> str:
        """From above: bands of equal loss, low ground light, and where the network is."""
        svg = Svg(560, 580, "Loss surface")
        svg.text(24, 28, f"Loss over {self.names[0]} and {self.names[1]}", "ink t b")
        low, high = float(self.losses.min()), float(self.losses.max())
        svg.text(24, 48, f"from {low:.4g}, light, to {high:.4g}, dark", "soft")
        axes = Axes(svg, (76, 64), (450, 450), (self.x[0], self.x[-1]), (self.y[0], self.y[-1]))
        shares = np.log1p(self.losses - low) / (np.log1p(high - low) or 1.0)
        axes.shade(np.floor(_finer(shares) * _BANDS) / _BANDS * 0.9)
        axes.frame("", self.names[0], self.names[1])
        svg.dot(*axes.at(*self.here), 5, "n panell")
        return svg.render()


def _finer(values: np.ndarray) -> np.ndarray:
    """The same surface on a finer grid, straight between the points."""
    for _ in range(2):
        n = len(values)
        at = np.linspace(0, n - 1, (n - 1) * _SMOOTH + 1)
        low = np.minimum(at.astype(int), n - 2) if n > 1 else np.zeros(1, int)
        part = (at - low)[:, None]
        values = (values[low] * (1 - part) + values[np.minimum(low + 1, n - 1)] * part).T
    return values


def random_direction(model: nn.Module, seed: int = 0) -> Direction:
    """A normal direction whose rows have the length of the rows of weights; 0 for biases.

    >>> model = nn.Sequential(nn.Linear(3, 2))
    >>> d, still = random_direction(model)
    >>> np.allclose(np.linalg.norm(d, axis=1), np.linalg.norm(model[0].weight.array, axis=1)), still.any()
    (True, np.False_)
    """
    direction: Direction = []
    for p, d in zip(model.parameters(), normal_numbers(model, seed), strict=True):
        if p.array.ndim < 2:
            direction.append(np.zeros_like(d))
            continue
        rows = d.reshape(len(d), -1)
        rows *= (np.linalg.norm(p.array.reshape(len(d), -1), axis=1) / np.linalg.norm(rows, axis=1))[:, None]
        direction.append(d)
    return direction


def normal_numbers(model: nn.Module, seed: int = 0) -> Direction:
    """The normal random numbers, one for each weight, that a random direction is made of."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=p.array.shape) for p in model.parameters()]


def gradient_direction(model: nn.Module, x: Any, y: Any, loss: Any = None) -> Direction:
    """The slope of the loss along every weight, made as long as all weights together: straight uphill."""
    slopes = slopes_of(model, x, y, loss)
    size, length = (np.sqrt(sum(float((a**2).sum()) for a in arrays)) for arrays in
                    ([p.array for p in model.parameters()], slopes))  # fmt: skip
    return [s * (size / (length or 1.0)) for s in slopes]


def slopes_of(model: nn.Module, x: Any, y: Any, loss: Any = None) -> Direction:
    """The slope of the loss along every weight, in float64; the gradients that parameters hold stay as they are."""
    total = _Losses(model, x, y, loss)
    kept = [p.grad for p in model.parameters()]
    for p in model.parameters():
        p.grad = None
    with in_use(model):
        total.tensor().backward()
    slopes = [np.zeros_like(p.array) if p.grad is None else p.grad.array.astype(np.float64) for p in model.parameters()]
    for p, grad in zip(model.parameters(), kept, strict=True):
        p.grad = grad
    return slopes


def loss_slice(
    model: nn.Module, x: Any, y: Any, loss: Any = None, along: Direction | str = "random", reach: float = 1.0,
    points: int = 51, seed: int = 0,
) -> Slice:  # fmt: skip
    """The loss on the way from −reach to reach along a direction: "random", "gradient", or an array per parameter.

    A network is put back as it was. `loss` is a function, a module or a name, as `explain` takes it.

    >>> model = nn.Sequential(nn.Linear(1, 1)).double()
    >>> with no_grad():
    ...     _ = [p.fill_(0.0) for p in model.parameters()]
    >>> loss_slice(model, [[2.0]], [[0.0]], "mse", [np.array([[1.0]]), np.array([0.0])], points=3).losses.tolist()
    [4.0, 0.0, 4.0]
    """
    if isinstance(along, str) and along not in ("random", "gradient"):
        got = f"loss_slice: got along={along!r}"
        raise ValueRangeError(complain(got, "expected random, gradient or arrays", "Try along='gradient'"))
    name = f"a {along} direction" if along == "random" else "the gradient" if isinstance(along, str) else "a direction"
    if isinstance(along, str):
        along = random_direction(model, seed) if along == "random" else gradient_direction(model, x, y, loss)
    total, at = _Losses(model, x, y, loss), np.linspace(-reach, reach, points)
    with _put_back(model) as start:
        losses = [total.at(start, [(along, t)]) for t in at.tolist()]
    return Slice(at, np.array(losses), name)


def loss_surface(
    model: nn.Module, x: Any, y: Any, loss: Any = None, directions: tuple[Direction, Direction] | None = None,
    reach: float = 1.0, points: int = 25, seed: int = 0,
) -> Surface:  # fmt: skip
    """The loss over a plane through the network, along two random directions or two given ones.

    >>> model = nn.Sequential(nn.Linear(1, 1)).double()
    >>> with no_grad():
    ...     _ = [p.fill_(0.0) for p in model.parameters()]
    >>> w, b = [np.ones((1, 1)), np.zeros(1)], [np.zeros((1, 1)), np.ones(1)]
    >>> loss_surface(model, [[2.0]], [[0.0]], "mse", (w, b), points=3).losses.tolist()  # (2w + b)²
    [[9.0, 1.0, 1.0], [4.0, 0.0, 4.0], [1.0, 1.0, 9.0]]
    """
    first, second = directions or (random_direction(model, seed), random_direction(model, seed + 1))
    at, total = np.linspace(-reach, reach, points), _Losses(model, x, y, loss)
    with _put_back(model) as start:
        losses = [[total.at(start, [(first, a), (second, b)]) for a in at.tolist()] for b in at.tolist()]
    return Surface(at, at, np.array(losses), ("random direction 1", "random direction 2") if directions is None else
                   ("direction 1", "direction 2"))  # fmt: skip


Weight = tuple[str, tuple[int, ...]]


def weight_surface(
    model: nn.Module, x: Any, y: Any, weights: tuple[Weight, Weight], loss: Any = None, reach: float = 3.0,
    points: int = 25,
) -> Surface:  # fmt: skip
    """The loss over two chosen weights, each a parameter's name and a place in it: `("0.weight", (0, 1))`.

    Raises `ValueRangeError` for a name or a place that is not there.
    """
    directions, here = weight_directions(model, weights)
    surface = loss_surface(model, x, y, loss, directions, reach, points)
    names = [f"{name}{list(place)}" for name, place in weights]
    return Surface(surface.x + here[0], surface.y + here[1], surface.losses, (names[0], names[1]), here)


def weight_directions(
    model: nn.Module, weights: tuple[Weight, Weight]
) -> tuple[tuple[Direction, Direction], tuple[float, float]]:
    """For each of two weights the direction along which it alone changes, and the weight as it is.

    Raises `ValueRangeError` for a name or a place that is not there.
    """
    params, directions, here = list(model.parameters()), list[Direction](), list[float]()
    for name, chosen in weights:
        k, place = _place(model, name, chosen)
        direction = [np.zeros_like(p.array, np.float64) for p in params]
        direction[k][place] = 1.0
        directions.append(direction)
        here.append(float(params[k].array[place]))
    return (directions[0], directions[1]), (here[0], here[1])


def _place(model: nn.Module, name: str, place: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    named = list(model.named_parameters())
    for k, (known, p) in enumerate(named):
        if known == name:
            if len(place) == p.array.ndim and all(0 <= i < n for i, n in zip(place, p.array.shape, strict=True)):
                return k, tuple(place)
            got, expected = f"weight_surface: got {name}{list(place)}", f"expected a place in {tuple(p.array.shape)}"
            raise ValueRangeError(complain(got, expected, f"Try {(name, (0,) * p.array.ndim)}"))
    got, expected = f"weight_surface: got {name!r}", f"expected one of {', '.join(n for n, _ in named)}"
    raise ValueRangeError(complain(got, expected, f"Try {named[0][0]!r}" if named else "Try a model with weights"))


class _Losses:
    """The loss of a network on some examples, wherever its weights are put."""

    def __init__(self, model: nn.Module, x: Any, y: Any, loss: Any) -> None:
        kind = next(p.array.dtype for p in model.parameters())
        self.model, self.x, self.y = model, as_example(np.asarray(x) if isinstance(x, list) else x, kind), y
        criterion = chosen_loss(loss, model, y)
        if criterion is None:
            raise ShapeError(complain("loss_slice: got no y", "expected targets", "Try loss_slice(model, x, y)"))
        self.criterion: Callable[[Any, Any], Tensor] = criterion
        self.parameters = list(model.parameters())
        with no_grad(), in_use(model):
            self.target = as_target(y, tuple(model(self.x).array.shape), criterion, kind)

    def tensor(self) -> Tensor:
        """The loss where the weights are now."""
        return self.criterion(self.model(self.x), self.target)

    def at(self, start: list[np.ndarray], moves: list[tuple[Direction, float]]) -> float:
        """The loss at start + distance · direction."""
        _move(self.parameters, start, moves)
        with no_grad():
            return float(self.tensor().array)


def _move(parameters: Sequence[Tensor], start: Sequence[np.ndarray], moves: Sequence[tuple[Direction, float]]) -> None:
    """Put weights at start + distance · direction."""
    for k, p in enumerate(parameters):
        p.array[...] = start[k] + sum(t * direction[k] for direction, t in moves)
        touched(p)


@contextmanager
def moved(model: nn.Module, moves: Sequence[tuple[Direction, float]]) -> Iterator[None]:
    """The network with its weights moved by distances along directions; at the end they are where they were.

    >>> model = nn.Sequential(nn.Linear(1, 1, bias=False))
    >>> with moved(model, [([np.ones((1, 1))], 0.5)]):
    ...     away = float(model[0].weight.array[0, 0])
    >>> round(away - float(model[0].weight.array[0, 0]), 6)
    0.5
    """
    with _put_back(model) as start:
        _move(list(model.parameters()), start, moves)
        yield


@contextmanager
def _put_back(model: nn.Module) -> Iterator[list[np.ndarray]]:
    """The weights as they are, put back at the end; meanwhile the network works as it does in use."""
    start = [p.array.copy() for p in model.parameters()]
    try:
        with in_use(model):
            yield start
    finally:
        for p, array in zip(model.parameters(), start, strict=True):
            p.array[...] = array
            touched(p)
