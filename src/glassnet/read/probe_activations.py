"""Activation functions with their derivatives: formulas, ranges, values, largest slopes, curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from glassnet import nn
from glassnet.core import ops, tape
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.read.draw_chart import Axes
from glassnet.read.draw_svg import Svg


@dataclass(frozen=True)
class Activation:
    """A row of the table: how it is computed, its formula and range in words, and where it is used."""

    name: str
    function: Callable[[Tensor], Tensor]
    formula: str
    range: str
    use: str

    def __call__(self, z: object) -> tuple[np.ndarray, np.ndarray]:
        """Values and derivatives at z, the derivatives from the tape.

        >>> value, slope = ACTIVATIONS["leaky_relu"]([-5.0, 2.0])
        >>> value.tolist(), slope.tolist()
        ([-0.05, 2.0], [0.01, 1.0])
        """
        x = wrap(np.array(z, np.float64)).requires_grad_()
        y = self.function(x)
        if not y.needs_grad:
            return y.array + 0.0, np.zeros_like(x.array)
        (slope,) = tape.grad(ops.sum(y, dim=None, keepdim=False), x)
        assert slope is not None
        return y.array + 0.0, slope.array + 0.0  # no -0


def _step(z: Tensor) -> Tensor:
    return ops.cast(ops.ge(z, 0.0), dtype=z.array.dtype)


_ROWS = (
    ("step", _step, "1 if z >= 0 else 0", "{0, 1}", "the first perceptrons; no slope to learn from"),
    ("identity", nn.Identity(), "z", "(-inf, inf)", "outputs of regression"),
    ("sigmoid", nn.Sigmoid(), "1 / (1 + e^-z)", "(0, 1)", "output for two classes"),
    ("tanh", nn.Tanh(), "(e^z - e^-z) / (e^z + e^-z)", "(-1, 1)", "hidden layers, centred on 0"),
    ("relu", nn.ReLU(), "max(0, z)", "[0, inf)", "hidden layers, the usual choice"),
    ("leaky_relu", nn.LeakyReLU(), "z if z > 0 else 0.01 z", "(-inf, inf)", "hidden layers; no unit dies"),
    ("elu", nn.ELU(), "z if z > 0 else e^z - 1", "(-1, inf)", "hidden layers; means near 0"),
    ("selu", nn.SELU(), "1.0507 (z if z > 0 else 1.6733 (e^z - 1))", "(-1.758, inf)", "deep plain networks"),
    ("gelu", nn.GELU(), "z Phi(z)", "[-0.17, inf)", "transformers"),
    ("silu", nn.SiLU(), "z / (1 + e^-z)", "[-0.278, inf)", "deep networks; also called swish"),
    ("mish", nn.Mish(), "z tanh(ln(1 + e^z))", "[-0.309, inf)", "image networks"),
    ("softplus", nn.Softplus(), "ln(1 + e^z)", "(0, inf)", "outputs that must be positive"),
    ("softsign", nn.Softsign(), "z / (1 + |z|)", "(-1, 1)", "tanh with slower ends"),
    ("hardtanh", nn.Hardtanh(), "-1, z or 1: z held in [-1, 1]", "[-1, 1]", "tanh in straight pieces"),
    ("hardsigmoid", nn.Hardsigmoid(), "z/6 + 1/2 held in [0, 1]", "[0, 1]", "sigmoid in straight pieces"),
    ("hardswish", nn.Hardswish(), "z times hardsigmoid(z)", "[-0.375, inf)", "small networks on telephones"),
)
ACTIVATIONS = {row[0]: Activation(*row) for row in _ROWS}


@dataclass(eq=False)
class ActivationTable:
    """Activations at some points, and the largest slope of each."""

    names: list[str]
    z: np.ndarray
    values: dict[str, np.ndarray]
    slopes: dict[str, np.ndarray]
    steepest: dict[str, tuple[float, float]]  # the largest slope, and where it is

    def text(self) -> str:
        """Formulas, and values with slopes."""
        lines = [f"{'':<12}formula", *(f"{n:<12}{ACTIVATIONS[n].formula}" for n in self.names)]
        lines += ["", f"{'':<12}{'range':<15}largest slope"]
        for n in self.names:
            slope, at = self.steepest[n]
            place = f"{slope:.4g}" + (f" at {at:.3g}" if n not in _FLAT else "")
            lines.append(f"{n:<12}{ACTIVATIONS[n].range:<15}{place}")
        for title, table in (("value at z =", self.values), ("slope at z =", self.slopes)):
            lines += ["", f"{title:<12}" + "".join(f"{z:>11.4g}" for z in self.z)]
            lines += [f"{n:<12}" + "".join(f"{v:>11.4g}" for v in table[n]) for n in self.names]
        return "\n".join(lines)

    def svg(self) -> str:
        """A small chart for each: the function in blue, its derivative in amber."""
        across = min(4, len(self.names))
        rows = -(-len(self.names) // across)
        svg = Svg(40 + 240 * across, 70 + 220 * rows, "Activation functions and their derivatives")
        svg.text(24, 28, "Activation functions", "ink t b")
        svg.text(210, 28, "function", "p b")
        svg.text(276, 28, "derivative", "n b")
        z = np.linspace(-4, 4, 321)
        for k, name in enumerate(self.names):
            axes = Axes(svg, (52 + 240 * (k % across), 70 + 220 * (k // across)), (180, 150), (-4, 4), (-1.5, 2.5))
            axes.frame(name)
            y, slope = ACTIVATIONS[name](z)
            axes.svg.line([axes.at(-4, 0), axes.at(4, 0)], "linel", 1)
            for values, style in ((slope, "nl"), (y, "pl")):
                jumps = np.abs(np.diff(values, append=values[-1])) > 0.3
                axes.line(z, np.where(jumps, np.nan, values), style, 2)
        return svg.render()


_FLAT = ("softplus", "step", "identity", "relu", "leaky_relu", "hardtanh", "hardsigmoid", "elu")


def activation_table(names: Sequence[str] | None = None, z: Sequence[float] = (-5, -1, 0, 1, 5)) -> ActivationTable:
    """Values and derivatives of activations at the points z.

    Raises `ValueRangeError` for a name that is not in `ACTIVATIONS`.

    >>> table = activation_table(["sigmoid", "tanh"], [0.0, 10.0])
    >>> table.slopes["sigmoid"].round(7).tolist(), table.steepest["tanh"]
    ([0.25, 4.54e-05], (1.0, 0.0))
    """
    chosen = list(ACTIVATIONS) if names is None else list(names)
    for name in chosen:
        if name not in ACTIVATIONS:
            got, expected = f"activation_table: got {name!r}", f"expected one of {', '.join(ACTIVATIONS)}"
            raise ValueRangeError(complain(got, expected, "Try 'relu'"))
    points = np.array(z, np.float64)
    results = {name: ACTIVATIONS[name](points) for name in chosen}
    grid = np.linspace(-40, 40, 40_001)
    steepest: dict[str, tuple[float, float]] = {}
    for name in chosen:
        slope = ACTIVATIONS[name](grid)[1]
        k = int(slope.argmax())
        steepest[name] = (float(slope[k]), round(float(grid[k]), 9) + 0.0)
    values, slopes = ({name: r[i] for name, r in results.items()} for i in (0, 1))
    return ActivationTable(chosen, points, values, slopes, steepest)
