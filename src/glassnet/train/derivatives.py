"""The derivatives of a whole network's loss, checked against differences of the loss."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from glassnet import nn
from glassnet.core.generator import fork_rng
from glassnet.core.mode import enable_grad, no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, complain

LIMIT = 1e-6
_STEPS = (1e-4, 1e-5, 1e-6)


class Checked(NamedTuple):
    """One parameter: its largest relative error, and the entry that has it."""

    name: str
    size: int
    entries: int  # how many of its numbers were checked
    error: float
    at: tuple[int, ...]
    analytic: float
    numeric: float

    @property
    def passed(self) -> bool:
        """Whether the error is below 1e-6."""
        return self.error < LIMIT


def check_gradients(
    model: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    x: Any,
    y: Any,
    entries: int = 50,
    seed: int = 0,
) -> list[Checked]:
    """Check the gradient of the loss over examples x with targets y, for each parameter of a copy in float64.

    (L(w + h) - L(w - h)) / 2h is worked out for h = 1e-4, 1e-5 and 1e-6 and the best agreement counts: at a kink such
    as relu's only a small h stays on one side, elsewhere a large one has less rounding in it. The relative error is
    |a - n| / max(|a|, |n|, the root mean square of the parameter's gradient). At most `entries` numbers of a parameter
    are checked: those with the largest gradients, and others drawn with `seed`. Dropout is off.

    Raises `DataError` when there are no examples.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    >>> checked = check_gradients(model, nn.functional.mse_loss, torch.randn(5, 3), torch.randn(5, 1))
    >>> [c.name for c in checked], all(c.passed for c in checked)
    (['0.weight', '0.bias', '2.weight', '2.bias'], True)
    """
    twin, value = _in_double(model, loss, x, y)
    rng = np.random.default_rng(seed)
    learnt = [(name, p) for name, p in twin.named_parameters() if p.needs_grad and p.array.size]
    return [_checked(name, p, value, entries, rng) for name, p in learnt]


class Slope(NamedTuple):
    """One derivative both ways: by backpropagation, and from the losses a step above and below."""

    analytic: float
    above: float
    below: float
    step: float
    usual: float  # the root mean square of its parameter's gradient

    @property
    def numeric(self) -> float:
        """The slope by differences."""
        return (self.above - self.below) / (2 * self.step)

    @property
    def size(self) -> float:
        """What an error is compared with; below 1e-10 differences hold nothing but rounding."""
        return max(abs(self.analytic), abs(self.numeric), self.usual, 1e-10)

    @property
    def error(self) -> float:
        """The relative error."""
        return abs(self.analytic - self.numeric) / self.size


def slope_at(
    model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], x: Any, y: Any, name: str, at: tuple[int, ...]
) -> Slope:
    """One number's derivative, with the step by which `check_gradients` judges it.

    >>> model = nn.Linear(1, 1)
    >>> slope_at(model, lambda out, y: (out * out).sum(), [[2.0]], [[0.0]], "weight", (0, 0)).error < LIMIT
    True
    """
    twin, value = _in_double(model, loss, x, y)
    p = dict(twin.named_parameters())[name]
    g = np.zeros_like(p.array) if p.grad is None else p.grad.array
    return _slope(p.array, at, value, float(g[at]), float(np.sqrt(np.mean(g * g))))


def _in_double(
    model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], x: Any, y: Any
) -> tuple[nn.Module, Callable[[], float]]:
    """A copy in float64 with its gradients, dropout off, and its loss as a function of nothing."""
    twin = copy.deepcopy(model).double()
    twin.eval()
    inputs, targets = _double(x), _double(y)
    if not len(inputs.array):
        raise DataError(complain("got no examples", "expected at least one", "Try x[:20], y[:20]"))
    for p in twin.parameters():
        p.grad = None
    with fork_rng(), enable_grad():
        loss(twin(inputs), targets).backward()

    def value() -> float:
        with fork_rng(), no_grad():
            return float(loss(twin(inputs), targets).array)

    return twin, value


def _double(values: Any) -> Tensor:
    array = values.array if isinstance(values, Tensor) else np.asarray(values)
    return wrap(array.astype(np.float64)) if array.dtype.kind == "f" else wrap(array)


def _checked(name: str, p: Tensor, value: Callable[[], float], entries: int, rng: np.random.Generator) -> Checked:
    g = np.zeros_like(p.array) if p.grad is None else p.grad.array
    usual = float(np.sqrt(np.mean(g * g)))
    places = _places(g, entries, rng)
    worst = Checked(name, g.size, len(places), -1.0, (), 0.0, 0.0)
    for place in places:
        at = tuple(int(i) for i in np.unravel_index(place, g.shape))
        analytic = float(g[at])
        slope = _slope(p.array, at, value, analytic, usual)
        if slope.error > worst.error:
            worst = Checked(name, g.size, len(places), slope.error, at, analytic, slope.numeric)
    return worst


def _places(g: np.ndarray, entries: int, rng: np.random.Generator) -> np.ndarray:
    """All numbers of a small parameter; of a large one, half those of the largest gradients and half by chance."""
    if g.size <= entries:
        return np.arange(g.size)
    largest = np.argsort(-np.abs(g.reshape(-1)), kind="stable")[: -(-entries // 2)]
    others = np.setdiff1d(np.arange(g.size), largest)
    return np.concatenate([largest, rng.choice(others, entries - len(largest), replace=False)])


def _slope(w: np.ndarray, at: tuple[int, ...], value: Callable[[], float], analytic: float, usual: float) -> Slope:
    """The step with the best agreement."""
    return min((_stepped(w, at, h, value, analytic, usual) for h in _STEPS), key=lambda slope: slope.error)


def _stepped(
    w: np.ndarray, at: tuple[int, ...], h: float, value: Callable[[], float], analytic: float, usual: float
) -> Slope:
    """The losses with one number larger by h, and smaller by h."""
    here = w[at]
    w[at] = here + h
    above = value()
    w[at] = here - h
    below = value()
    w[at] = here
    return Slope(analytic, above, below, h, usual)
