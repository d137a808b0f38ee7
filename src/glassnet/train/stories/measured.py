"""Figures of `probe width`, `probe depth` and `probe descent`: each is worked out once more, from what was measured.

A network is built or trained again as it was, which its seed decides; the steps end at the number that was printed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad, recording
from glassnet.core.tensor import wrap
from glassnet.errors import DataError, complain
from glassnet.read.capacity_depth import Composition, Depths, MakeOptimizer, Shape, trained_shape
from glassnet.read.capacity_width import Curve, Width, Widths, built_network, errors_of, trained_network
from glassnet.read.descent_paths import Path
from glassnet.read.document import Document, Step, Table
from glassnet.read.explain import explain
from glassnet.read.folds import pieces_along
from glassnet.read.formula import Call, Formula, Number, Power, Symbol, Value, minus, over, plus, times
from glassnet.train.stories.lines import largest, mean_step, told, value

_SHOWN_OF_A_WAY = 3  # places at its beginning, and at its end


class Learning(NamedTuple):
    """How the networks of a measurement learnt."""

    optimizer: MakeOptimizer
    steps: int
    seeds: Sequence[int]


# ---- width -----------------------------------------------------------------------------------------------------------


def tell_width(name: str, found: Widths, how: Learning, most: int = 6) -> Document:
    """A figure of the last width that was tried: `built`, `at-worst`, `learnt` or `parameters`."""
    row = found.rows[-1]
    units = f"{row.units} unit{'s' * (row.units > 1)}"
    document = Document(_TITLES[name].format(network=units, task=found.name))
    _WIDTH[name](document, found.curve, row, how, most)
    if len(found.rows) > 1:
        document.notes.append(f"The last of {len(found.rows)} widths; --widths N tells another.")
    return document


def _built(document: Document, curve: Curve, row: Width, how: Learning, most: int) -> None:
    x, off = errors_of(built_network(curve, row.units), curve)
    document.steps.append(_one_output(curve, row.units, float(x[np.abs(off).argmax()])))
    document.steps += _root_mean_square(off, _at(x), most, "built", row.built)
    document.summary.append(f"Built for the curve: {row.built:.3g} off, in the root of the mean square.")


def _one_output(curve: Curve, units: int, x: float) -> Step:
    """What the network that was built says at a point: bends joined by straight lines."""
    knots = np.linspace(0, 1, units + 1)
    heights = np.asarray(curve(knots), np.float64)
    bends = np.diff(np.diff(heights) * units, prepend=0.0)
    reached = [k for k in range(units) if knots[k] < x]
    inside = [Call("max", (Number(0.0), minus(value("x", x), value("k", knots[k], k)))) for k in reached]
    terms = [times(value("c", bends[k], k), part) for k, part in zip(reached, inside, strict=True)]
    result = float(heights[0] + sum(bends[k] * (x - knots[k]) for k in reached))
    words = f"what it says where it is furthest off, at x = {x:.4g}: the height at 0, and for each unit whose corner "
    words += "(k) lies to the left the change of slope (c) times the way since"
    return told(words, "f", plus(value("y", heights[0]), *terms), result)


def _at_worst(document: Document, curve: Curve, row: Width, how: Learning, most: int) -> None:
    x, off = errors_of(built_network(curve, row.units), curve)
    worst = largest(off, max(2, most)).tolist()
    words = "the largest of the errors without their signs, beside those that come next (numbered along the curve)"
    sizes = tuple(Call("abs", (value("e", off[i], i),)) for i in worst)
    document.steps.append(_one_output(curve, row.units, float(x[np.abs(off).argmax()])))
    document.steps.append(told(words, "worst", Call("max", sizes), row.built_worst))
    document.summary.append(f"At worst {row.built_worst:.3g} off.")


def _learnt(document: Document, curve: Curve, row: Width, how: Learning, most: int) -> None:
    if row.learnt is None:
        got = "got a measurement in which nothing was trained"
        raise DataError(complain(got, "expected an optimiser", "Try --figure built"))
    again = trained_network(curve, row.units, how.optimizer, how.steps, how.seeds[0])
    _each_start(document, row.learnt_each, how, row.learnt, lambda: (again, *errors_of(again, curve)), most)


def _each_start(
    document: Document,
    each: Sequence[float],
    how: Learning,
    mean: float,
    again: Callable[[], tuple[nn.Module, np.ndarray, np.ndarray]],
    most: int,
) -> None:
    """The error of the first start in full, and the mean over all of them."""
    _, x, off = again()
    document.steps += _root_mean_square(off, _at(x), most, Symbol("r", "", (how.seeds[0],)), each[0])
    terms = [value("r", error, seed) for seed, error in zip(how.seeds, each, strict=True)]
    words = "the mean over the starts (r, by their seeds); the first is worked out above"
    document.steps.append(told(words, "mean", over(plus(*terms), value("n", len(each))), mean))
    document.summary.append(f"Learnt in {how.steps:,} steps: {mean:.4g} off, on average over {len(each)} starts.")


def _parameters_of_width(document: Document, curve: Curve, row: Width, how: Learning, most: int) -> None:
    _parameters(document, (row.units,), row.parameters)


# ---- depth -----------------------------------------------------------------------------------------------------------


def tell_depth(name: str, found: Depths, folds: int, how: Learning, most: int = 6) -> Document:
    """A figure of the last depth that was tried: `test`, `pieces` or `parameters`."""
    shape = found.shapes[-1]
    document = Document(_TITLES[name].format(network="-".join(map(str, shape.hidden)), task=found.task))
    _DEPTH[name](document, shape, Composition.of(folds), how, most)
    if len(found.shapes) > 1:
        document.notes.append(f"The last of {len(found.shapes)} depths; --depths N tells another.")
    return document


def _test(document: Document, shape: Shape, data: Composition, how: Learning, most: int) -> None:
    def again() -> tuple[nn.Module, np.ndarray, np.ndarray]:
        model = trained_shape(shape.hidden, data, how.optimizer, how.steps, how.seeds[0])
        with no_grad():
            return model, data.unseen[:, 0], (model(wrap(data.unseen)).array - data.truth)[:, 0]

    _each_start(document, shape.errors, how, shape.error, again, most)


def _pieces(document: Document, shape: Shape, data: Composition, how: Learning, most: int) -> None:
    counts: list[Formula] = []
    for seed in how.seeds:
        model = trained_shape(shape.hidden, data, how.optimizer, how.steps, seed)
        counts.append(value("p", pieces_along(model, [0.0], [1.0]).count, seed))
    words = "the most straight pieces between 0 and 1 of any start (p, by their seeds)"
    document.steps.append(told(words, "pieces", Call("max", tuple(counts)), shape.pieces))
    document.summary.append(f"{shape.pieces:,} straight pieces.")


def _parameters_of_depth(document: Document, shape: Shape, data: Composition, how: Learning, most: int) -> None:
    _parameters(document, shape.hidden, shape.parameters)


# ---- both ------------------------------------------------------------------------------------------------------------


def _parameters(document: Document, hidden: Sequence[int], count: int) -> None:
    terms = [times(plus(value("n", n, i), Number(1.0)), value("n", m, i + 1))
             for i, (n, m) in enumerate(itertools.pairwise((1, *hidden, 1)))]  # fmt: skip
    words = "for each layer its inputs and one more, for the bias, times its units (n, from the input on)"
    document.steps.append(told(words, "parameters", plus(*terms), count))
    document.summary.append(f"{count:,} parameters.")


def _at(x: np.ndarray) -> Callable[[int], str]:
    return lambda i: f"at x = {x[i]:.4g}"


def _root_mean_square(
    off: np.ndarray, place: Callable[[int], str], most: int, name: Symbol | str, total: float
) -> list[Step]:
    """The largest errors and their squares, the mean of all squares, its root."""
    shown, squares = largest(off, most).tolist(), off**2
    steps = [
        told(f"{place(i)}: the error (e) squared", Symbol("q", "", (i,)), Power(value("e", off[i], i), Number(2.0)),
             squares[i])
        for i in shown
    ]  # fmt: skip
    mean = float(np.mean(squares))
    words = f"the mean over all {len(off):,} points; the largest are told above"
    steps.append(mean_step(words, "m", "q", squares, shown, mean))
    return [*steps, told("its root", name, Call("sqrt", (Value(Symbol("m"), mean),)), total)]


# ---- descent ---------------------------------------------------------------------------------------------------------


def tell_descent(name: str, paths: Sequence[Path], most: int = 6) -> Document:
    """Where the first walker ended: its `height`, or its `distance` from the nearest lowest point."""
    path = paths[0]
    document = _height(path) if name == "height" else _distance(path)
    document.tables.append(_way(path))
    if len(paths) > 1:
        document.notes.append(f"The first of {len(paths)} walkers; --optimizer NAME tells another.")
    return document


def _height(path: Path) -> Document:
    """The formula of the ground at the last place, with its slopes."""
    places = {}
    for name, number in zip("xy", path.points[-1].tolist(), strict=True):
        places[name] = wrap(np.array(number)).requires_grad_()
        places[name].name = name
    with recording():
        height = path.ground.function(places["x"], places["y"])
    title = f"{path.name} on {path.ground.name}: the height after {len(path.points) - 1:,} steps"
    document = explain(height, names=places, title=title)
    document.summary.insert(0, f"{path.ground.formula} at the last place is {path.heights[-1]:.4g}.")
    return document


def _distance(path: Path) -> Document:
    if path.distance is None:
        got = f"got {path.ground.name}, which falls for ever"
        raise DataError(complain(got, "expected ground with a lowest point", "Try --figure height"))
    x, y = path.points[-1].tolist()
    low = min(path.ground.lowest, key=lambda point: float(np.hypot(point[0] - x, point[1] - y)))
    squares = [
        Power(minus(value(letter, here), value(letter, there, 0)), Number(2.0))
        for letter, here, there in zip("xy", (x, y), low, strict=True)
    ]
    words = "straight from the last place to the nearest lowest point (x₀, y₀)"
    step = told(words, "distance", Call("sqrt", (plus(*squares),)), path.distance)
    title = f"{path.name} on {path.ground.name}: how far from the lowest point"
    return Document(title, [step], [f"{path.distance:.2g} away after {len(path.points) - 1:,} steps."])


def _way(path: Path) -> Table:
    """The first places and the last, from which the next follow by the walker's rule."""
    count = len(path.points)
    ends = [*range(min(_SHOWN_OF_A_WAY, count)), *range(max(_SHOWN_OF_A_WAY, count - _SHOWN_OF_A_WAY), count)]
    rows = [(f"{i:,}", *(f"{v:.6g}" for v in (*path.points[i], path.heights[i]))) for i in ends]
    return Table(f"The way of {path.name}", ("after step", "x", "y", "height"), rows)


_TITLES = {
    "built": "The error of {network} built for {task}",
    "at-worst": "The largest error of {network} built for {task}",
    "learnt": "The error of {network} that learnt {task}",
    "parameters": "The parameters of {network}",
    "test": "The test error of {network} on {task}",
    "pieces": "The straight pieces of {network} on {task}",
}
_WIDTH = {"built": _built, "at-worst": _at_worst, "learnt": _learnt, "parameters": _parameters_of_width}
_DEPTH = {"test": _test, "pieces": _pieces, "parameters": _parameters_of_depth}
MEASURED = {"width": tuple(_WIDTH), "depth": tuple(_DEPTH), "descent": ("height", "distance")}
