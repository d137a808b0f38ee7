"""What a network makes of its inputs, layer by layer: the numbers, their shadow in two dimensions, and whether a line
parts the classes there.

A hidden layer does not classify; it moves the examples until one straight cut is enough. So for each layer a linear
probe is fitted to its numbers (Alain and Bengio 2016, "Understanding intermediate layers using linear classifier
probes"): how many examples the best line, or plane, gets right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, ShapeError, ValueRangeError, complain
from glassnet.read.draw_chart import Axes, Span, as_box, signed, spanned
from glassnet.read.draw_svg import Svg
from glassnet.read.probe_use import in_use

_ROUNDS = 400  # of the linear probe
_DIRECTIONS = 128  # that are tried where no line parts all
_FEWEST_HALVED = 20  # examples
_MOST_DRAWN = 600  # points of a picture


@dataclass(frozen=True, eq=False)
class Projection:
    """Numbers seen along the two directions in which they vary most (Pearson 1901, principal components)."""

    mean: np.ndarray  # (units,)
    axes: np.ndarray  # (2, units), of length 1, or of zeros where there are no two
    share: np.ndarray  # (2,): of the variance, that each direction has

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The points `(n, 2)` of values `(n, units)`."""
        return (values - self.mean) @ self.axes.T


@dataclass(frozen=True, eq=False)
class LinearProbe:
    """The line (or planes) that parts classes best: scores = weight h + bias, one score for each class."""

    weight: np.ndarray  # (classes, units)
    bias: np.ndarray  # (classes,)
    accuracy: float  # on the examples it was fitted to
    units: int
    unseen: float | None = None  # on the other half, of a probe that was fitted to one half

    @property
    def separable(self) -> bool:
        """Whether it parts all examples."""
        return self.accuracy == 1.0

    @property
    def line(self) -> tuple[np.ndarray, float]:
        """For two classes: where weight·h + bias = 0, positive for class 1."""
        return self.weight[1] - self.weight[0], float(self.bias[1] - self.bias[0])


@dataclass(frozen=True, eq=False)
class LayerView:
    """A layer and what it makes of the examples; layer 0 are the inputs."""

    number: int
    name: str
    values: np.ndarray  # (n, units)

    @property
    def units(self) -> int:
        """How many numbers it gives for an example."""
        return self.values.shape[1]


@dataclass(eq=False)
class Hidden:
    """The inputs and every layer's results for some examples."""

    layers: list[LayerView]
    y: np.ndarray | None  # class of each example

    def __getitem__(self, number: int) -> LayerView:
        return self.layers[number]

    def probes(self) -> list[LinearProbe]:
        """A linear probe for each layer.

        Raises `DataError` without classes.
        """
        if self.y is None:
            raise DataError(
                complain("probes: got no y", "expected a class for each example", "Try hidden(model, x, y)")
            )
        return [_tried_on_unseen(layer.values, self.y) for layer in self.layers]

    def text(self) -> str:
        """A table: how wide each layer is, how much of its variance two directions hold, what a line can part."""
        probes = self.probes() if self.y is not None else [None] * len(self.layers)
        head = f"{'layer':<22}{'units':>6}{'zeros':>9}{'in 2 directions':>17}"
        halved = probes[0] is not None and probes[0].unseen is not None
        head += f"{'a line parts':>14}" * (self.y is not None) + f"{'of unseen':>11}" * halved
        lines = [f"{len(self.layers[0].values):,} examples, layer by layer", head]
        for layer, probe in zip(self.layers, probes, strict=True):
            share, zeros = pca(layer.values).share.sum(), np.mean(layer.values == 0)
            line = f"{f'{layer.number} {layer.name}':<22}{layer.units:>6}{_percent(zeros):>9}{_percent(share):>17}"
            line += "" if probe is None else f"{_percent(probe.accuracy):>14}"
            unseen = None if probe is None else probe.unseen
            lines.append(line + ("" if unseen is None else f"{_percent(unseen):>11}"))
        return "\n".join(lines)

    def svg(self, numbers: Sequence[int] | None = None) -> str:
        """Chosen layers side by side in two dimensions, with the line that a probe finds there."""
        chosen = [self.layers[k] for k in (self._telling() if numbers is None else numbers)]
        svg = Svg(40 + 320 * len(chosen), 390, "Examples in the layers of a network")
        svg.text(24, 28, "From the inputs to the last hidden layer", "ink t b")
        for k, layer in enumerate(chosen):
            self._draw(svg, layer, 56 + 320 * k)
        return svg.render()

    def _telling(self) -> list[int]:
        """The inputs, and the layers with an activation before the last."""
        bent = [v.number for v in self.layers[1:-1] if v.name not in ("Linear", "Dropout", "Flatten", "BatchNorm1d")]
        return [0, *bent[-2:]] if bent else [0, self.layers[-1].number]

    def _draw(self, svg: Svg, layer: LayerView, left: float) -> None:
        flat = pca(layer.values)
        as_it_is = layer.units == 2
        points = layer.values if as_it_is else flat(layer.values)
        axes = Axes(svg, (left, 88), (250, 250), *spanned(points))
        some = slice(None, None, max(1, len(points) // _MOST_DRAWN))
        axes.dots(points[some], None if self.y is None else self.y[some], 3)
        said = f"{layer.units} units" + (
            "" if as_it_is else f", {_percent(float(flat.share.sum()))} of the variance seen"
        )
        if self.y is not None and len(np.unique(self.y)) > 1:
            probe = linear_probe(points, self.y)
            said = f"{layer.units} units; a line parts {_percent(probe.accuracy)}"
            if len(probe.bias) == 2:
                weight, bias = probe.line
                axes.border(weight.tolist(), bias)
        names = (
            ("h1", "h2") if as_it_is and layer.number else ("x1", "x2") if as_it_is else ("direction 1", "direction 2")
        )
        axes.frame(f"{layer.number} {layer.name}", *names)
        svg.text(left, 56, said, "soft")


def _percent(share: float) -> str:
    """Never 100 % for less than all, never 0 % for more than nothing; all but what rounding left is all."""
    if share > 1 - 1e-12 or share <= 0:
        return "100 %" if share > 0 else "0 %"
    return f"{min(max(share, 0.001), 0.999) * 100:.1f} %"


def hidden(model: nn.Module, x: object, y: object = None) -> Hidden:
    """The inputs x and what every layer makes of them; `y` are the numbers of their classes.

    Layers are those without layers of their own, in the order in which they ran; what they give is laid flat,
    `(n, units)`. Dropout and batch norm work as they do in use.

    Raises `ShapeError` for an x without examples, or another number of classes than examples.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> [(layer.name, layer.values.shape) for layer in hidden(model, np.zeros((5, 2))).layers]
    [('inputs', (5, 2)), ('Linear', (5, 3)), ('ReLU', (5, 3)), ('Linear', (5, 1))]
    """
    inputs = np.asarray(x.array if isinstance(x, Tensor) else x)
    classes = None if y is None else np.asarray(y.array if isinstance(y, Tensor) else y).reshape(-1).astype(np.int64)
    if inputs.ndim < 2 or not len(inputs):
        got = f"hidden: got x of shape {inputs.shape}"
        raise ShapeError(complain(got, "expected some examples", "Try x.reshape(1, -1) for one"))
    if classes is not None and len(classes) != len(inputs):
        got = f"hidden: got {len(classes)} classes for {len(inputs)} examples"
        raise ShapeError(complain(got, "expected one for each", "Try the y of the same examples"))
    kind = next((p.array.dtype for p in model.parameters()), np.dtype(np.float32))
    seen = _listened(model, wrap(inputs.astype(kind, copy=False)))
    rows = [LayerView(0, "inputs", inputs.reshape(len(inputs), -1).astype(np.float64))]
    for k, (module, values) in enumerate(seen, 1):
        rows.append(LayerView(k, type(module).__name__, values.reshape(len(inputs), -1).astype(np.float64)))
    return Hidden(rows, classes)


def _listened(model: nn.Module, x: Tensor) -> list[tuple[nn.Module, np.ndarray]]:
    """What each layer gave, in order."""
    seen: list[tuple[nn.Module, np.ndarray]] = []

    def hear(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            seen.append((module, output.array.copy()))

    handles = [m.register_forward_hook(hear) for m in model.modules() if not list(m.children())]
    try:
        with no_grad(), in_use(model):
            model(x)
    finally:
        for handle in handles:
            handle.remove()
    return seen


def pca(values: np.ndarray) -> Projection:
    """The two directions in which values `(n, units)` vary most; each points to where its largest part is positive.

    >>> flat = pca(np.array([[0.0, 0.0, 1.0], [3.0, 4.0, 1.0], [6.0, 8.0, 1.0]]))
    >>> flat.axes[0].round(6).tolist(), flat.share.round(6).tolist()
    ([0.6, 0.8, 0.0], [1.0, 0.0])
    """
    values = np.asarray(values, np.float64)
    mean = values.mean(axis=0)
    _, sizes, rows = np.linalg.svd(values - mean, full_matrices=False)
    axes, variance = np.zeros((2, values.shape[1])), np.zeros(2)
    found = min(2, len(sizes))
    axes[:found], variance[:found] = rows[:found], sizes[:found] ** 2
    for axis in axes:
        axis *= -1 if axis[np.abs(axis).argmax()] < 0 else 1
    return Projection(mean, axes, variance / (float((sizes**2).sum()) or 1.0))


def _tried_on_unseen(values: np.ndarray, y: np.ndarray) -> LinearProbe:
    """A probe of all examples, and how well one of every other example does on the rest.

    As many units as examples can part anything: what a line does on examples that it has not seen tells more.
    """
    whole = linear_probe(values, y)
    if len(y) < _FEWEST_HALVED:
        return whole
    half = linear_probe(values[::2], y[::2])
    scores = values[1::2] @ half.weight.T + half.bias
    unseen = float(np.mean(scores.argmax(axis=1) == y[1::2]))
    return LinearProbe(whole.weight, whole.bias, whole.accuracy, whole.units, unseen)


def linear_probe(values: np.ndarray, y: np.ndarray) -> LinearProbe:
    """Fit a linear classifier of values `(n, units)`: softmax regression by Nesterov's accelerated gradient (1983).

    >>> linear_probe(np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])).accuracy < 1
    True
    >>> linear_probe(np.array([[0.0, 0], [1, 0], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])).separable  # h1 OR, h2 AND
    True
    """
    values = np.asarray(values, np.float64)
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 1e-12 * (np.abs(mean) + 1e-300), scale, np.inf)
    h = np.column_stack([(values - mean) / scale, np.ones(len(values))])  # (n, units + 1)
    classes = int(y.max()) + 1 if len(y) else 1
    best, right = _softmax_regression(h, y, max(classes, 2))
    if right < 1 and classes == 2:
        best, right = max((best, right), _best_cut(h, y, best[1] - best[0]), key=lambda found: found[1])
    weight = best[:, :-1] / scale
    return LinearProbe(weight, best[:, -1] - weight @ mean, right, values.shape[1])


def _best_cut(h: np.ndarray, y: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, float]:
    """Of many directions, the first among them, the one that can be cut with fewest mistakes, at the best place.

    The lowest loss is not the fewest mistakes: of XOR it leaves two, where a line may leave one.
    """
    rng = np.random.default_rng(0)
    directions = np.vstack([first[:-1], np.eye(h.shape[1] - 1), rng.normal(size=(_DIRECTIONS, h.shape[1] - 1))])
    along = h[:, :-1] @ directions.T  # (n, directions)
    order = np.argsort(along, axis=0)
    ones = np.cumsum(y[order], axis=0)
    below = np.arange(1, len(y) + 1)[:, None]
    right = (below - ones + (int(y.sum()) - ones)) / len(y)  # class 0 below the cut, class 1 above
    sorted_along = np.take_along_axis(along, order, axis=0)
    apart = np.diff(sorted_along, axis=0, append=sorted_along[-1:] + 1) > 1e-9  # equal numbers cannot be parted
    score = np.where(apart, np.maximum(right, 1 - right), 0.0)
    k, d = np.unravel_index(int(score.argmax()), score.shape)
    sign = 1.0 if right[k, d] >= 0.5 else -1.0
    place = sorted_along[k : k + 2, d].mean()
    weight = sign * np.append(directions[d], -place)
    return np.vstack([-weight / 2, weight / 2]), float(score[k, d])


def _softmax_regression(h: np.ndarray, y: np.ndarray, classes: int) -> tuple[np.ndarray, float]:
    """The weights `(classes, units)` that were right most often on the way down, and how often."""
    target = np.eye(classes)[y]
    step = 2 * len(h) / float(np.linalg.eigvalsh(h.T @ h)[-1])  # 1 / Lipschitz constant of the mean loss
    w = ahead = np.zeros((classes, h.shape[1]))
    best, right = w, float(np.mean(y == 0))
    for k in range(_ROUNDS):
        z = h @ ahead.T
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        before, w = w, ahead - step * (p - target).T @ h / len(h)
        ahead = w + k / (k + 3) * (w - before)
        if k % 20 == 19:
            share = float(np.mean((h @ w.T).argmax(axis=1) == y))
            if share > right:
                best, right = w, share
            if right == 1:
                break
    return best, right


# ---- on a grid -------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Grid:
    """What the units of a layer give at every point of a box of the plane; row 0 is the lowest."""

    box: tuple[Span, Span]
    values: np.ndarray  # (n, n, units)
    layer: LayerView

    def svg(self) -> str:
        """A picture for each unit, blue where it is positive and amber where it is negative."""
        units = min(self.values.shape[2], 32)
        across = min(units, 8)
        svg = Svg(
            max(40 + 128 * across, 380), 60 + 136 * math.ceil(units / across), f"Units of layer {self.layer.number}"
        )
        svg.text(
            24,
            28,
            f"Layer {self.layer.number}, {self.layer.name}: {self.values.shape[2]} units over the plane",
            "ink t b",
        )
        for k in range(units):
            x, y = 24 + 128 * (k % across), 56 + 136 * (k // across)
            svg.box(x, y, 112, 112, "panel linel", 2)
            svg.shade(x, y, 112, 112, signed(self.values[..., k])[::-1])
            svg.text(x, y - 5, f"unit {k + 1}", "soft sm")
        return svg.render()


def on_grid(model: nn.Module, layer: int, box: tuple[Span, Span] = ((-1.0, 1.0), (-1.0, 1.0)), n: int = 64) -> Grid:
    """The results of a layer (numbers as in `hidden`) on an n by n grid, for a network of two inputs.

    Raises `ValueRangeError` for a layer that is not there or an empty box, `ShapeError` for a network of other than two
    inputs.
    """
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer):
        got = f"on_grid: got layer={layer!r}"
        raise ValueRangeError(complain(got, "expected the number of a layer", "Try layer=1, or box=… for a box"))
    box = as_box(box, "on_grid")
    x, y = np.meshgrid(np.linspace(*box[0], n), np.linspace(*box[1], n))
    first = next((m for m in model.modules() if isinstance(m, nn.Linear)), None)
    if first is None or first.in_features != 2:
        got = f"on_grid: got a network of {first.in_features if first else 'no'} inputs"
        raise ShapeError(complain(got, "expected 2, a plane", "Try hidden(model, x), which takes examples"))
    seen = hidden(model, np.column_stack([x.ravel(), y.ravel()]))
    if not 0 <= layer < len(seen.layers):
        got, expected = f"on_grid: got layer={layer}", f"expected 0 to {len(seen.layers) - 1}"
        raise ValueRangeError(complain(got, expected, f"Try layer={len(seen.layers) - 1}"))
    return Grid(box, seen[layer].values.reshape(n, n, -1), seen[layer])
