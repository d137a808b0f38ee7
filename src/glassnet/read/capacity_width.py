"""How well one hidden layer of n units can follow a curve: built by hand, and learnt.

Cybenko (1989) for sigmoids and Leshno et al. (1993) for every activation that is no polynomial: one hidden layer of
finitely many units comes as near as one likes to any continuous function on a closed, bounded set. That says what can
be *represented*; it does not say how many units it takes, nor that training finds them. So both are measured here: a
network whose weights are worked out, ReLU by ReLU, and networks of the same width that were trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.read.capacity_depth import MakeOptimizer, count_parameters, perceptron
from glassnet.read.capacity_fit import fitted
from glassnet.read.draw_chart import Axes, legend
from glassnet.read.draw_svg import SERIES, Svg

Curve = Callable[[np.ndarray], np.ndarray]
CURVES: dict[str, Curve] = {
    "sine": lambda x: np.sin(2 * np.pi * x),
    "square": lambda x: (2 * x - 1) ** 2,
    "abs": lambda x: np.abs(2 * x - 1),
    "step": lambda x: np.where(x < 0.5, 0.0, 1.0),
    "waves": lambda x: np.sin(6 * np.pi * x) * x,
}
_POINTS = 1000
_LEARNT_FROM = 129


@dataclass(frozen=True)
class Width:
    """One width: how far off the built network and the trained ones are (root mean square), and at worst."""

    units: int
    parameters: int
    built: float
    built_worst: float
    learnt: float | None = None  # the mean of the starts
    learnt_each: tuple[float, ...] = ()


@dataclass(eq=False)
class Widths:
    """Width against error for one curve on [0, 1]."""

    name: str
    curve: Curve
    rows: list[Width]
    steps: int

    def text(self) -> str:
        """A table."""
        learnt = any(row.learnt is not None for row in self.rows)
        head = (
            f"{'units':>6}{'parameters':>12}{'built RMS':>13}{'at worst':>12}" + f"{'learnt RMS':>13}   each" * learnt
        )
        lines = [f"{self.name} on [0, 1]: one hidden layer of ReLUs" + f", {self.steps:,} steps" * learnt, head]
        for row in self.rows:
            line = f"{row.units:>6}{row.parameters:>12}{row.built:>13.3g}{row.built_worst:>12.3g}"
            each = " ".join(f"{e:.2g}" for e in row.learnt_each)
            lines.append(line + (f"{row.learnt:>13.3g}   {each}" if row.learnt is not None else ""))
        return "\n".join(lines)

    def svg(self) -> str:
        """The curve with what some widths make of it, and the error over the width."""
        svg = Svg(960, 380, f"Width against error: {self.name}")
        svg.text(24, 28, "One hidden layer, as near as one likes", "ink t b")
        x = np.linspace(0, 1, 400)
        truth = self.curve(x)
        left = Axes(svg, (64, 70), (390, 240), (0, 1), (float(truth.min()) - 0.2, float(truth.max()) + 0.2))
        left.frame("", "x", "")
        left.line(x, truth, "inkl", 3)
        shown = self.rows[: len(SERIES) - 2][:4]
        for k, row in enumerate(shown):
            left.line(x, _outputs(built_network(self.curve, row.units), x), SERIES[k] + "l", 1.6)
        legend(svg, 64, 56, [f"{row.units} units" for row in shown], 390)
        self._errors(svg)
        return svg.render()

    def _errors(self, svg: Svg) -> None:
        widths = [row.units for row in self.rows]
        errors = [e for row in self.rows for e in (row.built, *row.learnt_each) if e > 0]
        span = (min(errors, default=1e-9) / 1.5, max(errors, default=1.0) * 1.5)
        axes = Axes(svg, (560, 70), (370, 240), (min(widths), max(widths)), span, log=True, log_x=True)
        axes.frame("", "units", "RMS")
        axes.line(widths, [row.built for row in self.rows], "pl", 2)
        names = ["built"]
        if any(row.learnt is not None for row in self.rows):
            axes.line(widths, [row.learnt or np.nan for row in self.rows], "nl", 2)
            names.append("learnt")
            for row in self.rows:
                svg.dots([axes.at(row.units, e) for e in row.learnt_each if e > 0], 3, "n panell")
        legend(svg, 560, 56, names, 300)


def built_network(curve: Curve, units: int) -> nn.Sequential:
    """A hidden layer of ReLUs that joins `units` + 1 points of a curve on [0, 1] by straight lines.

    f(x) = y₀ + Σ (sₖ − sₖ₋₁) relu(x − xₖ), with the slopes sₖ between neighbours and s₋₁ = 0. For a curve that bends by
    at most M, f″ ≤ M, it is off by at most M / 8n².

    >>> built_network(np.square, 2)(wrap(np.array([[0.0], [0.25], [1.0]]))).flatten().tolist()
    [0.0, 0.125, 1.0]
    """
    if units < 1:
        raise ValueRangeError(complain(f"built_network: got {units} units", "expected at least 1", "Try 4"))
    knots = np.linspace(0, 1, units + 1)
    heights = np.asarray(curve(knots), np.float64)
    slopes = np.diff(heights) * units
    model = perceptron([1, units, 1], 0)
    numbers = (np.ones((units, 1)), -knots[:-1], np.diff(slopes, prepend=0.0)[None], heights[:1])
    with no_grad():
        for p, values in zip(model.parameters(), numbers, strict=True):
            p.copy_(wrap(values))
    return model


def width_against_error(
    curve: Curve | str = "sine",
    widths: Sequence[int] = (2, 4, 8, 16, 32, 64),
    optimizer: Callable[[Iterable[Any]], Any] | None = None,
    steps: int = 2000,
    seeds: Sequence[int] = (0, 1, 2),
) -> Widths:
    """The error of one hidden layer at each width, of a network built for the curve and of trained ones.

    `curve` is a function of an array on [0, 1], or a name in `CURVES`; `optimizer` makes an optimiser of parameters;
    without one nothing is trained.

    Raises `ValueRangeError` for a name that is not there.

    >>> [round(row.built, 4) for row in width_against_error("sine", (4, 8, 16)).rows]
    [0.1508, 0.0393, 0.0099]
    """
    name = curve if isinstance(curve, str) else getattr(curve, "__name__", "a curve")
    if isinstance(curve, str):
        if curve not in CURVES:
            got, expected = f"width_against_error: got {curve!r}", f"expected one of {', '.join(CURVES)}"
            raise ValueRangeError(complain(got, expected, "Try 'sine'"))
        curve = CURVES[curve]
    rows = [_measured(curve, units, optimizer, steps, seeds) for units in widths]
    return Widths(name, curve, rows, steps)


def trained_network(curve: Curve, units: int, optimizer: MakeOptimizer, steps: int, seed: int) -> nn.Module:
    """A hidden layer of ReLUs that has learnt a curve from 129 points of it."""
    some = np.linspace(0, 1, _LEARNT_FROM)[:, None]
    return fitted(perceptron([1, units, 1], seed), some, curve(some), optimizer, steps)


def errors_of(model: nn.Module, curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """The 1,001 points on which errors are taken, and by how much a network is above the curve there.

    >>> x, off = errors_of(built_network(CURVES["abs"], 2), CURVES["abs"])
    >>> len(x), float(np.abs(off).max())  # two straight lines joined by a bend at 0.5 are that curve
    (1001, 0.0)
    """
    x = np.linspace(0, 1, _POINTS + 1)
    return x, _outputs(model, x) - curve(x)


def _measured(curve: Curve, units: int, optimizer: Any, steps: int, seeds: Sequence[int]) -> Width:
    off = errors_of(built_network(curve, units), curve)[1]
    tried = [trained_network(curve, units, optimizer, steps, seed) for seed in seeds] if optimizer is not None else []
    learnt = [float(np.sqrt(np.mean(errors_of(model, curve)[1] ** 2))) for model in tried]
    mean = sum(learnt) / len(learnt) if learnt else None
    built, worst = float(np.sqrt(np.mean(off**2))), float(np.abs(off).max())
    return Width(units, count_parameters([1, units, 1]), built, worst, mean, tuple(learnt))


def _outputs(model: nn.Module, x: np.ndarray) -> np.ndarray:
    with no_grad():
        return model(wrap(x[:, None])).array[:, 0]
