"""What depth is worth: a network that folds itself in half at every layer, and width against depth, measured."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet import nn
from glassnet.core.generator import fork_rng, manual_seed
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.read.capacity_fit import fitted, rms
from glassnet.read.draw_chart import Axes, legend
from glassnet.read.draw_svg import Svg
from glassnet.read.folds import pieces_along

MakeOptimizer = Callable[[Iterable[Any]], Any]
_DEEPEST = 40  # doubles cannot hold more folds


def tent_network(depth: int) -> nn.Sequential:
    """`depth` layers of two ReLU units that apply the tent t(x) = 1 − |2x − 1| over and over: 2^depth pieces.

    t(x) = 2 relu(x) − 4 relu(x − 1/2) on [0, 1]. A network of one layer needs 2^depth − 1 units for as many pieces
    (Telgarsky 2015, "Representation Benefits of Deep Feedforward Networks").

    >>> import glassnet as torch
    >>> tent_network(2)(torch.tensor([[0.0], [0.25], [0.5], [1.0]], dtype=torch.float64)).flatten().tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    if not 1 <= depth <= _DEEPEST:
        got, expected = f"tent_network: got depth={depth}", f"expected 1 to {_DEEPEST}"
        raise ValueRangeError(complain(got, expected, "Try tent_network(3)"))
    with fork_rng():
        layers: list[nn.Module] = []
        for k in range(depth):
            layers += [nn.Linear(1 if k == 0 else 2, 2), nn.ReLU()]
        model = nn.Sequential(*layers, nn.Linear(2, 1)).double()
    with no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear):
                _set_tent(layer)
    return model


def _set_tent(layer: nn.Linear) -> None:
    top = np.array([2.0, -4.0]) if layer.in_features == 2 else np.array([1.0])
    rows = [top] if layer.out_features == 1 else [top, top]
    layer.weight.copy_(wrap(np.array(rows)))
    if layer.bias is not None:
        layer.bias.copy_(wrap(np.array([0.0] if layer.out_features == 1 else [0.0, -0.5])))


@dataclass(frozen=True)
class Shape:
    """A network that was tried: hidden layers, parameters, straight pieces, and how far off it was on points unseen."""

    hidden: tuple[int, ...]
    parameters: int
    pieces: int
    error: float
    errors: tuple[float, ...]  # of each start


@dataclass(eq=False)
class Depths:
    """Width against depth at about the same number of parameters."""

    task: str
    shapes: list[Shape]
    steps: int

    def text(self) -> str:
        """A table."""
        lines = [f"{self.task}, {self.steps:,} steps", f"{'hidden layers':<20}{'parameters':>11}{'pieces':>8}"
                 f"{'test RMS':>11}   of each start"]  # fmt: skip
        for s in self.shapes:
            each = " ".join(f"{e:.3g}" for e in s.errors)
            lines.append(f"{'-'.join(map(str, s.hidden)):<20}{s.parameters:>11,}{s.pieces:>8}{s.error:>11.4g}   {each}")
        return "\n".join(lines)

    def svg(self) -> str:
        """The error of each start over the number of hidden layers."""
        svg = Svg(520, 380, "Width against depth")
        errors = [max(e, 1e-9) for s in self.shapes for e in s.errors]
        depths = [len(s.hidden) for s in self.shapes]
        axes = Axes(svg, (76, 56), (410, 250), (min(depths) - 0.3, max(depths) + 0.3),
                    (min(errors) / 1.5, max(errors) * 1.5), log=True)  # fmt: skip
        axes.frame("", "hidden layers, at about the same number of parameters", "test RMS")
        svg.text(24, 28, "Width against depth", "ink t b")
        axes.line(depths, [s.error for s in self.shapes], "pl", 2)
        for s in self.shapes:
            axes.svg.dots([axes.at(len(s.hidden), max(e, 1e-9)) for e in s.errors], 3, "p panell")
        legend(svg, 300, 48, ["mean of the starts"], 200)
        return svg.render()


def width_for(parameters: int, depth: int, inputs: int = 1, outputs: int = 1) -> int:
    """The width at which `depth` equal hidden layers have nearest to so many parameters.

    >>> [width_for(300, depth) for depth in (1, 2, 4)]
    [100, 15, 9]
    """
    widths = range(1, parameters + 1)
    return min(widths, key=lambda w: abs(count_parameters([inputs, *[w] * depth, outputs]) - parameters))


def count_parameters(sizes: Sequence[int]) -> int:
    """Weights and biases of dense layers, the sum of (n + 1) m over neighbours n, m.

    >>> count_parameters([784, 128, 64, 10])
    109386
    """
    return sum((n + 1) * m for n, m in itertools.pairwise(sizes))


def width_against_depth(
    optimizer: MakeOptimizer,
    depths: Sequence[int] = (1, 2, 3, 4),
    parameters: int = 300,
    folds: int = 3,
    steps: int = 1500,
    seeds: Sequence[int] = (0, 1, 2),
) -> Depths:
    """Train networks of equal size and different depth on a composition: the tent applied `folds` times.

    `optimizer` makes an optimiser of parameters. Errors are the root mean square on points that were not learnt from.

    >>> import glassnet as torch
    >>> tried = width_against_depth(lambda p: torch.optim.Adam(p, lr=0.01), (1, 2), 60, 1, steps=20, seeds=(0,))
    >>> [(shape.hidden, shape.parameters) for shape in tried.shapes]
    [((20,), 61), ((6, 6), 61)]
    """
    data = Composition.of(folds)
    shapes = [_tried(depth, parameters, optimizer, data, steps, seeds) for depth in depths]
    return Depths(f"the tent applied {folds} times ({2**folds} pieces)", shapes, steps)


class Composition(NamedTuple):
    """Points of the tent applied so many times: 257 to learn from, and 499 that are not learnt from."""

    x: np.ndarray
    y: np.ndarray
    unseen: np.ndarray
    truth: np.ndarray

    @classmethod
    def of(cls, folds: int) -> Composition:
        """The tent applied `folds` times."""
        tent = tent_network(folds)
        x, unseen = np.linspace(0, 1, 257)[:, None], np.linspace(0, 1, 1000)[1:-1:2, None]
        with no_grad():
            y, truth = (tent(wrap(v)).array for v in (x, unseen))
        return cls(x, y, unseen, truth)


def trained_shape(
    hidden: Sequence[int], data: Composition, optimizer: MakeOptimizer, steps: int, seed: int
) -> nn.Module:
    """A network with these hidden layers that has learnt the composition."""
    return fitted(perceptron([1, *hidden, 1], seed), data.x, data.y, optimizer, steps)


def _tried(
    depth: int, parameters: int, optimizer: MakeOptimizer, data: Composition, steps: int, seeds: Sequence[int]
) -> Shape:
    hidden = (width_for(parameters, depth),) * depth
    errors, pieces = list[float](), 0
    for seed in seeds:
        model = trained_shape(hidden, data, optimizer, steps, seed)
        errors.append(rms(model, data.unseen, data.truth))
        pieces = max(pieces, pieces_along(model, [0.0], [1.0]).count)
    return Shape(hidden, count_parameters([1, *hidden, 1]), pieces, math.fsum(errors) / len(errors), tuple(errors))


def perceptron(sizes: Sequence[int], seed: int) -> nn.Sequential:
    """Dense ReLU layers of these sizes in float64, started by He's rule for ReLU (2015) from a seed of their own."""
    with fork_rng():
        manual_seed(seed)
        layers: list[nn.Module] = []
        for n, m in itertools.pairwise(sizes):
            layers += [nn.Linear(n, m), nn.ReLU()]
        model = nn.Sequential(*layers[:-1]).double()
        for layer in model:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    return model
