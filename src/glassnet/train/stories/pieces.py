"""More figures of `probe`: units over the plane, the pieces between two examples, what layers collapse to."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet import nn
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.read.document import Document, Step
from glassnet.read.folds import pieces_along
from glassnet.read.formula import Call, Formula, Number, Symbol, Value, minus, over, plus, times
from glassnet.read.hidden import Grid, on_grid
from glassnet.read.probe_collapse import collapse, without_activations
from glassnet.train.stories.lines import largest, terms_of, told, value
from glassnet.train.stories.plane import box_of
from glassnet.train.stories.subject import Subject

# ---- units over the plane --------------------------------------------------------------------------------------------


def units(subject: Subject) -> Document:
    """What units give on the grid of `probe`: the least, the most, and the share of points at which they are 0."""
    _need_plane(subject)
    model, data = subject.trained.model, subject.data
    last = max(1, len(list(model)) - 1)
    number = last if subject.layer is None else subject.layer
    box = box_of(data.x_test if len(data.x_test) else data.x_train)
    (x0, y0), (x1, y1) = subject.trained.prepare(np.array(box, np.float64).T).tolist()
    if number > last + 1:
        raise ValueRangeError(complain(f"got layer {number}", f"expected 0 to {last + 1}", f"Try {last}"))
    grid = on_grid(model, number, ((x0, x1), (y0, y1)))
    document = Document(f"What units of layer {number} ({grid.layer.name}) give over the plane")
    for unit in _chosen_units(subject, grid, document):
        document.steps += _range_of(grid, unit, subject.most, box)
    document.notes.append("How a unit comes to such a number: glassnet explain MODEL --x X1,X2, with the point.")
    return document


def _need_plane(subject: Subject) -> None:
    features = subject.trained.prepare.features
    if features != 2:
        got = f"got a network of {features:,} input{'s' * (features != 1)}"
        raise ValueRangeError(complain(got, "expected 2, a plane", "Try zeros"))


def _chosen_units(subject: Subject, grid: Grid, document: Document) -> list[int]:
    count = grid.values.shape[2]
    if subject.unit is not None:
        if not 1 <= subject.unit <= count:
            got = f"got unit {subject.unit} of layer {grid.layer.number}"
            raise ValueRangeError(complain(got, f"expected 1 to {count}", f"Try {count}"))
        return [subject.unit - 1]
    if count > subject.most:
        document.notes.append(f"The first {subject.most} of {count} units; --unit K tells another.")
    return list(range(min(count, subject.most)))


def _range_of(grid: Grid, unit: int, most: int, box: tuple[tuple[float, float], tuple[float, float]]) -> list[Step]:
    v = grid.values[..., unit].astype(np.float64)
    n, steps = len(v), list[Step]()
    across, up = (np.linspace(*span, n) for span in box)
    for name, word, order in (("min", "least", 1), ("max", "most", -1)):
        near = np.sort(np.argsort(order * v.reshape(-1), kind="stable")[: max(2, most)])
        i, j = np.unravel_index(near[int(np.argmin(order * v.reshape(-1)[near]))], v.shape)
        where = f"({across[j]:.4g}, {up[i]:.4g})".replace("-", "−")
        words = f"unit {unit + 1}: the {word} of {n * n:,} points, at {where}, beside those that come next"
        shown = Call(name, tuple(value("v", v.flat[k], *map(int, np.unravel_index(k, v.shape))) for k in near.tolist()))
        steps.append(told(words, Symbol(name, "", (unit + 1,)), shown, v.min() if order == 1 else v.max()))
    zero = int((v == 0).sum())
    formula = over(value("z", zero, unit + 1), times(value(str(n), n), value(str(n), n)))
    words = f"unit {unit + 1}: the points at which it is 0, over all {n} by {n}"
    return [*steps, told(words, Symbol("zero", "", (unit + 1,)), formula, zero / n**2)]


# ---- pieces between two examples -------------------------------------------------------------------------------------


def pieces(subject: Subject) -> Document:
    """Into how many straight pieces a network breaks the way from one test example to another."""
    data, ends = subject.data, (subject.index or 0, 1 if subject.to is None else subject.to)
    last = len(data.x_test) - 1
    for name, k in zip(("index", "to"), ends, strict=True):
        if k > last:
            raise ValueRangeError(complain(f"got {name} {k}", f"expected 0 to {last}", f"Try {max(0, last)}"))
    if ends[0] == ends[1]:
        raise ValueRangeError(complain(f"got to {ends[1]}, where it starts", "expected another", f"Try {ends[1] + 1}"))
    found = pieces_along(subject.trained.model, *subject.trained.prepare(data.x_test[list(ends)]))
    document = Document(f"The straight pieces from test example {ends[0]} to {ends[1]}")
    crossings: list[Formula] = [value("c", n, i) for i, n in enumerate(found.crossings, 1)]
    lost = 1 + sum(found.crossings) - found.count
    gone = value("gone", lost)
    words = "the way itself, one more at each place where a unit of a layer comes to 0 (c, by layers with bends), less "
    words += "those at which no output bends"
    formula = minus(plus(Number(1.0), *crossings), gone)
    document.steps.append(told(words, "pieces", formula, found.count))
    document.summary.append(f"{found.count:,} straight pieces.")
    lengths = np.diff(found.breaks)
    for name, word, order in (("min", "shortest", 1), ("max", "longest", -1)):
        near = np.sort(np.argsort(order * lengths, kind="stable")[: max(2, subject.most)])
        shown = Call(name, tuple(minus(value("t", found.breaks[i + 1], int(i) + 1), value("t", found.breaks[i], int(i)))
                                 for i in near.tolist()))  # fmt: skip
        words = f"the {word} piece, between two breaks (t, from 0 at the start to 1), beside those that come next"
        document.steps.append(told(words, word, shown, lengths.min() if order == 1 else lengths.max()))
    return document


# ---- what layers collapse to -----------------------------------------------------------------------------------------


def collapsed(subject: Subject) -> Document:
    """The one layer that the linear layers of a network are without activations: its largest numbers, and how many."""
    model = without_activations(subject.trained.model)
    layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
    if len(layers) < 2:
        raise DataError(complain("got a network of one layer", "expected two, to be one", "Try parameters"))
    found, document = collapse(model), Document("Linear layers are one linear layer")
    weight = layers[0].weight.array.astype(np.float64)
    bias = _bias_of(layers[0])
    for k, layer in enumerate(layers[1:], 2):
        w = layer.weight.array.astype(np.float64)
        document.steps += _product(w, weight, k, subject.most)
        document.steps += _carried(w, bias, _bias_of(layer), k, subject.most)
        weight, bias = w @ weight, w @ bias + _bias_of(layer)
    held, one = found.parameters
    outputs, inputs = found.weight.shape
    formula = plus(times(value(str(outputs), outputs), value(str(inputs), inputs)), value("b", outputs))
    document.steps.append(told(f"the numbers of the one layer; the stack has {held:,}", "N", formula, one))
    document.summary.append(f"{held:,} parameters do what {one:,} can.")
    document.notes.append(f"In {found.kind} the two differ by at most {found.worst:.2g}, on {found.examples:,} random "
                          "inputs: rounding.")  # fmt: skip
    return document


def _bias_of(layer: nn.Linear) -> np.ndarray:
    return np.zeros(layer.out_features) if layer.bias is None else layer.bias.array.astype(np.float64)


def _at(letter: str, layer: int, number: Any, *place: int) -> Value:
    """A number of a matrix or a bias; places are counted from 1, as in W⁽¹⁾₂₁."""
    return Value(Symbol(letter, str(layer), tuple(i + 1 for i in place)), float(number))


def _letter(k: int, last: str) -> str:
    """P for the product of the first k layers, W for the first layer alone."""
    return last if k == 1 else {"W": "P", "b": "c"}[last]


def _product(w: np.ndarray, before: np.ndarray, k: int, most: int) -> list[Step]:
    """The largest numbers of W⁽ᵏ⁾ times what the layers before come to."""
    product = w @ before
    steps: list[Step] = []
    for place in largest(product.reshape(-1), most).tolist():
        i, j = map(int, np.unravel_index(place, product.shape))
        added = w[i] * before[:, j]
        shown = largest(added, most)
        terms: list[Formula] = [times(_at("W", k, w[i, m], i, m), _at(_letter(k - 1, "W"), k - 1,
                                before[m, j], m, j)) for m in shown.tolist()]  # fmt: skip
        terms += terms_of("", added, shown)[len(shown) :]
        words = f"layers 1 to {k} as one: row {i + 1} of W of layer {k} times column {j + 1} of what is before"
        steps.append(told(words, Symbol("P", str(k), (i + 1, j + 1)), plus(*terms), product[i, j]))
    return steps


def _carried(w: np.ndarray, before: np.ndarray, bias: np.ndarray, k: int, most: int) -> list[Step]:
    """The largest biases of the first k layers as one."""
    total = w @ before + bias
    steps: list[Step] = []
    for i in largest(total, most).tolist():
        added = w[i] * before
        shown = largest(added, most)
        terms: list[Formula] = [times(_at("W", k, w[i, m], i, m), _at(_letter(k - 1, "b"), k - 1, before[m], m))
                                for m in shown.tolist()]  # fmt: skip
        terms += terms_of("", added, shown)[len(shown) :]
        words = f"layers 1 to {k} as one: their bias {i + 1}"
        steps.append(told(words, Symbol("c", str(k), (i + 1,)), plus(*terms, _at("b", k, bias[i], i)), total[i]))
    return steps
