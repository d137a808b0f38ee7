"""The formula of one number of a result, read off the tape.

What has a name stays as it is; what has none is opened up into what it was made of, until only names and constants are
left. An operation number by number states its formula in its own row of the table; one that only moves numbers is run
on the places of its input, which tells where each number came from; the few that add or multiply over an axis are
written out here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.read.digits import Fine
from glassnet.read.formula import (
    Call,
    Formula,
    Fraction,
    Number,
    Power,
    Rest,
    Transposed,
    Value,
    minus,
    over,
    plus,
    times,
)
from glassnet.read.labels import Label, Labels
from glassnet.read.story import Node
from glassnet.read.template import formula_of

Index = tuple[int, ...]
_DIGITS_OF_OPTIONS = 6  # more than of other numbers: of 1 − β₂ nothing would be left where β₂ is shown as 1.0
_LARGE = 30.0  # exponents beyond this are shown less the largest one, as they are computed


def _as_set(label: Any, number: Any) -> Any:
    """A number as it is shown: that of a setting with more digits than others."""
    setting = isinstance(label, Label) and label.option and not np.ndim(number)
    return Fine(float(number), _DIGITS_OF_OPTIONS) if setting else number


class Reader:
    """Reads formulas; `most` terms of a long sum are shown, those that weigh most."""

    def __init__(self, labels: Labels, most: int = 6) -> None:
        self.labels, self.most = labels, most
        self.places: dict[int, tuple[np.ndarray, list[int]]] = {}

    def value(self, node: Node, at: Index) -> Formula:
        """One number of a node: its name and value, or the formula of what has no name."""
        label = self.labels.get(node)
        if label is not None:
            return Value(label.at(at), _as_set(label, node.array[at]))
        if node.op is None:
            return Number(float(node.array[at]))
        return self.opened(node, at)

    def opened(self, node: Node, at: Index) -> Formula:
        """The formula by which one number of a node was computed."""
        assert node.op is not None
        name = node.op.name
        if name == "assign":
            return self.value(node.inputs[1], back(at, node.inputs[1].shape))
        if name in _WRITTEN_OUT:
            return _WRITTEN_OUT[name](self, node, at)
        if name in _MOVES:
            return self._moved(node, at)
        if not (node.op.elementwise or name == "where"):
            looked_up = not node.tensor.needs_grad  # such as the weight of a class
            return Number(float(node.array[at])) if looked_up else Call(name, ())
        inputs = [self.value(x, back(at, x.shape)) for x in node.inputs]
        stated = formula_of(node.op, inputs, node.attrs)
        return stated if stated is not None else Call(name, tuple(inputs))

    def added(self, values: np.ndarray, term: Callable[[int], Formula]) -> Formula:
        """A sum of numbers: those that weigh most, in their order, and the rest in one."""
        n = len(values)
        if n <= self.most + 1:
            return plus(*(term(i) for i in range(n)))
        heavy = np.sort(np.argpartition(-np.abs(np.nan_to_num(values)), self.most)[: self.most])
        left = np.delete(np.asarray(values, np.float64), heavy)
        rest = Rest(n - self.most, math.fsum(left) if np.isfinite(left).all() else float(left.sum()))
        return plus(*(term(int(i)) for i in heavy), rest)

    def total(self, x: Node, members: np.ndarray) -> Formula:
        """The sum of some of a node's numbers, given by their places on the line of all."""
        return self.added(x.array.ravel()[members], lambda i: self.value(x, _index(members[i], x.shape)))

    def _moved(self, node: Node, at: Index) -> Formula:
        """Where a number came from; 0 where an operation put none."""
        came_from, starts = self._places(node)
        place = int(came_from[at])
        if place < 0:
            return Number(float(node.array[at]))
        i = int(np.searchsorted(starts, place, side="right")) - 1
        x = node.inputs[i]
        return self.value(x, _index(place - starts[i], x.shape))

    def came_from(self, node: Node) -> list[Formula]:
        """For a part of something that has a name: its first and last number there; nothing for any other node."""
        if node.op is None or node.op.name != "window" or self.labels.get(node.inputs[0]) is None:
            return []
        places = self._places(node)[0].ravel()
        if not places.size or not np.array_equal(places, np.arange(places[0], places[0] + places.size)):
            return []
        x = node.inputs[0]
        return [self.value(x, _index(place, x.shape)) for place in dict.fromkeys((places[0], places[-1]))]

    def _places(self, node: Node) -> tuple[np.ndarray, list[int]]:
        """For each number of a result its place among those of all inputs, and where each input's places start."""
        if id(node) not in self.places:
            assert node.op is not None
            moved = len(node.inputs) if node.op.name in ("concat", "pack") else 1
            sizes = [x.array.size for x in node.inputs[:moved]]
            starts = [0, *np.cumsum(sizes).tolist()]
            lines = [np.arange(s, s + n) + 1 for s, n in zip(starts, sizes, strict=False)]
            arrays = [line.reshape(x.shape) for line, x in zip(lines, node.inputs, strict=False)]
            others = [x.array for x in node.inputs[moved:]]
            attrs = {**node.attrs, **({"value": 0} if node.op.name == "pad" else {})}
            came_from = np.asarray(node.op.run(*arrays, *others, **attrs)).astype(np.int64) - 1
            self.places[id(node)] = (came_from, starts[:-1])
        return self.places[id(node)]

    # ---- whole tensors -----------------------------------------------------------------------------------------

    def whole(self, node: Node) -> Formula:
        """The name of a node, or the formula of what has none, for all its numbers at once."""
        label = self.labels.get(node)
        if label is not None:
            return Value(label.symbol, _as_set(label, label.part(node.array)))
        if node.op is None:
            same = node.array.size and (node.array == node.array.flat[0]).all()
            return Number(float(node.array.flat[0])) if same else Value(Label("c").symbol, node.array)
        return self.whole_opened(node)

    def whole_opened(self, node: Node) -> Formula:
        """The formula of a whole result, in the signs that matrices are written in."""
        assert node.op is not None
        name = node.op.name
        if name == "full":
            return Number(float(node.attrs["value"]))
        inputs = [self.whole(x) for x in node.inputs[1:] if name == "assign"] or [self.whole(x) for x in node.inputs]
        if name == "matmul":
            return times(*inputs, matrices=True)
        if name == "linear":
            return plus(times(inputs[0], Transposed(inputs[1]), matrices=True), inputs[2])
        if name == "permute":
            return inputs[0].of if isinstance(inputs[0], Transposed) else Transposed(inputs[0])
        if name == "sum_to" and node.inputs[0].array.size != node.array.size:
            return Call("sum over the batch", (inputs[0],))
        if name in _THROUGH:
            return inputs[0]
        if name in ("sum", "mean") and node.inputs[0].array.size == node.array.size:
            return inputs[0]
        if name == "window" and len(alone := self.came_from(node)) == 1:
            return alone[0]
        stated = formula_of(node.op, inputs, node.attrs) if name not in _MOVES | _ROUGH else None
        return stated if stated is not None else Call(_CALLED.get(name, name.replace("_", " ")), tuple(inputs))


def back(at: Index, shape: Sequence[int]) -> Index:
    """The place in a broadcast input that a place in the result comes from."""
    if len(at) == len(shape) and 1 not in shape:
        return at
    return tuple(0 if n == 1 else i for i, n in zip(at[len(at) - len(shape) :], shape, strict=True))


def _index(place: int, shape: Sequence[int]) -> Index:
    return tuple(int(i) for i in np.unravel_index(int(place), tuple(shape))) if shape else ()


def members(node: Node, at: Index) -> np.ndarray:
    """The places, on the line of all, of the input's numbers that a reduction adds up into one."""
    x = node.inputs[0]
    axes = _axes(node)
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    numbered = np.arange(math.prod(kept)).reshape(kept)
    which = int(np.ravel_multi_index(at, node.shape)) if node.shape else 0
    return np.flatnonzero(np.broadcast_to(numbered, x.shape).ravel() == which)


def _axes(node: Node) -> tuple[int, ...]:
    n = len(node.inputs[0].shape)
    if node.attrs.get("shape") is not None:  # sum_to
        shape = node.attrs["shape"]
        lead = n - len(shape)
        return (*range(lead), *(lead + i for i, m in enumerate(shape) if m == 1))
    dim = node.attrs.get("dim")
    dims = range(n) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    return tuple(d % n for d in dims) if n else ()


def _sum(reader: Reader, node: Node, at: Index) -> Formula:
    return reader.total(node.inputs[0], members(node, at))


def _mean(reader: Reader, node: Node, at: Index) -> Formula:
    among = members(node, at)
    return over(reader.total(node.inputs[0], among), Number(float(len(among))))


def _norm(reader: Reader, node: Node, at: Index) -> Formula:
    x, among = node.inputs[0], members(node, at)
    squares = np.square(x.array.ravel()[among])
    return Call("sqrt", (reader.added(squares, lambda i: _squared(reader.value(x, _index(among[i], x.shape)))),))


def _squared(f: Formula) -> Formula:
    return Power(f, Number(2.0))


def _extreme(name: str) -> Callable[[Reader, Node, Index], Formula]:
    def largest(reader: Reader, node: Node, at: Index) -> Formula:
        x, among = node.inputs[0], members(node, at)
        values = x.array.ravel()[among]
        order = np.argsort(values, kind="stable") if name == "min" else np.argsort(-values, kind="stable")
        shown = among[np.sort(order[: reader.most])]
        return Call(name, tuple(reader.value(x, _index(p, x.shape)) for p in shown))

    return largest


def _running_sum(reader: Reader, node: Node, at: Index) -> Formula:
    x, dim = node.inputs[0], node.attrs["dim"] % len(node.shape)
    line = np.moveaxis(np.arange(x.array.size).reshape(x.shape), dim, -1)
    here = at[:dim] + at[dim + 1 :]
    return reader.total(x, line[here][: at[dim] + 1])


def _products(reader: Reader, a: Node, a_at: Callable[[int], Index], b: Node, b_at: Callable[[int], Index],
              values: np.ndarray) -> Formula:  # fmt: skip
    return reader.added(values, lambda i: times(reader.value(a, a_at(i)), reader.value(b, b_at(i))))


def _linear(reader: Reader, node: Node, at: Index) -> Formula:
    x, w, b = node.inputs
    *rows, k = at
    values = x.array[tuple(rows)] * w.array[k]
    weighed = _products(reader, w, lambda i: (k, i), x, lambda i: (*rows, i), values)
    return plus(weighed, reader.value(b, back(at, b.shape)))


def _matmul(reader: Reader, node: Node, at: Index) -> Formula:
    a, b = node.inputs
    *rows, i, j = at if len(a.shape) > 1 and len(b.shape) > 1 else _filled(at, a, b)
    row = (*back(tuple(rows), a.shape[:-2]), i) if len(a.shape) > 1 else ()
    column = back(tuple(rows), b.shape[:-2]) if len(b.shape) > 1 else ()
    end = (j,) if len(b.shape) > 1 else ()
    values = a.array[row] * b.array[(*column, slice(None), *end)]
    return _products(reader, a, lambda k: (*row, k), b, lambda k: (*column, k, *end), values)


def _filled(at: Index, a: Node, b: Node) -> Index:
    """The place in a matrix product that a place in a product with a vector stands for."""
    if len(a.shape) == 1 and len(b.shape) == 1:
        return (0, 0)
    return (*at, 0) if len(b.shape) == 1 else (*at[:-1], 0, at[-1])


def _line(node: Node, at: Index) -> tuple[np.ndarray, int]:
    """The places of the input's numbers on the line through `at` along the axis of a softmax."""
    x, dim = node.inputs[0], node.attrs["dim"] % len(node.shape)
    line = np.moveaxis(np.arange(x.array.size).reshape(x.shape), dim, -1)[at[:dim] + at[dim + 1 :]]
    return line, at[dim]


def _exponentials(reader: Reader, x: Node, line: np.ndarray) -> tuple[Formula, Callable[[int], Formula], float]:
    """The sum of exponentials of a line of numbers, each exponential, and what was taken off every exponent."""
    values = np.asarray(x.array.ravel()[line], np.float64)
    most = float(values.max(initial=0.0)) if np.abs(values).max(initial=0.0) > _LARGE else 0.0

    def raised(i: int) -> Formula:
        return Call("exp", (minus(reader.value(x, _index(line[i], x.shape)), Number(most)),))

    return reader.added(np.exp(values - most), raised), raised, most


def _softmax(reader: Reader, node: Node, at: Index) -> Formula:
    line, i = _line(node, at)
    total, raised, _ = _exponentials(reader, node.inputs[0], line)
    return Fraction(raised(i), total)


def _log_softmax(reader: Reader, node: Node, at: Index) -> Formula:
    line, i = _line(node, at)
    x = node.inputs[0]
    total, _, most = _exponentials(reader, x, line)
    return minus(minus(reader.value(x, _index(line[i], x.shape)), Number(most)), Call("ln", (total,)))


def _logsumexp(reader: Reader, node: Node, at: Index) -> Formula:
    total, _, most = _exponentials(reader, node.inputs[0], members(node, at))
    return plus(Number(most), Call("ln", (total,)))


def _scattered(reader: Reader, node: Node, at: Index) -> Formula:
    """What was added at one place: find the numbers whose way leads there."""
    assert node.op is not None
    shape = node.attrs["shape"]
    places = np.arange(math.prod(shape)).reshape(shape)
    which = places[at]
    from glassnet.core.ops import OPS

    if node.op.name == "fold":
        goes = OPS["unfold"].run(places, **{k: v for k, v in node.attrs.items() if k != "shape"})
    elif node.op.name == "unpick":
        goes = OPS["pick"].run(places, *(x.array for x in node.inputs[1:]), at=node.attrs["at"])
    else:
        goes = OPS["gather"].run(places, node.inputs[1].array, dim=node.attrs["dim"])
    return reader.total(node.inputs[0], np.flatnonzero(np.asarray(goes).ravel() == which))


def _gelu(reader: Reader, node: Node, at: Index) -> Formula:
    x = reader.value(node.inputs[0], at)
    if node.attrs.get("approximate") != "tanh":
        return times(x, Call("Phi", (x,)))
    inner = plus(x, times(Number(0.044715), Power(x, Number(3.0))))
    bend = Call("tanh", (times(Number(math.sqrt(2 / math.pi)), inner),))
    return times(Number(0.5), x, plus(Number(1.0), bend))


def _constant(reader: Reader, node: Node, at: Index) -> Formula:
    return Number(float(node.array[at]))


_MOVES = {
    "cast", "expand", "reshape", "permute", "window", "flip", "embedding", "pick", "choose", "gather", "detach",
    "concat", "pack", "pad", "put_window", "place", "unfold",
}  # fmt: skip
_THROUGH = {"cast", "expand", "reshape", "detach", "copy", "sum_to", "assign", "flip"}  # wholes look through them
_ROUGH = {"norm", "amax", "amin", "argmax", "argmin", "argsort", "any", "all", "cumsum", "logsumexp", "pick", "choose"}
_WRITTEN_OUT: dict[str, Callable[[Reader, Node, Index], Formula]] = {
    "gelu": _gelu,
    "sum": _sum, "sum_to": _sum, "mean": _mean, "norm": _norm, "amax": _extreme("max"), "amin": _extreme("min"),
    "cumsum": _running_sum, "linear": _linear, "matmul": _matmul, "softmax": _softmax, "log_softmax": _log_softmax,
    "logsumexp": _logsumexp, "unpick": _scattered, "scatter_add": _scattered, "fold": _scattered, "full": _constant,
    "random": _constant, "one_hot": _constant, "argmax": _constant, "argmin": _constant, "argsort": _constant,
}  # fmt: skip
_CALLED = {"window": "part", "concat": "joined", "embedding": "rows"}
_MOVES_ONLY = frozenset(_MOVES | {"copy", "sum_to"})


def is_shape_only(node: Node) -> bool:
    """Whether a node holds the numbers of its first input, only laid out otherwise."""
    return node.op is not None and node.op.name in _MOVES_ONLY and node.inputs[0].array.size == node.array.size
