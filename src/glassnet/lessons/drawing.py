"""Neurons, small networks and graphs as drawings: circles, and lines whose colour and width are the weights."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.basics import Neuron, Value
from glassnet.errors import ValueRangeError, complain
from glassnet.lessons.pictures import BLUE, GREY, INK, ORANGE, Picture

_MOST_UNITS = 24
_MOST_NODES = 60


def draw_neuron(neuron: Neuron, x: Sequence[float], names: Sequence[str] = (), cell: bool = False) -> Picture:
    """One neuron at work: inputs, weights, products, sum, output, with their numbers.

    With `cell`, what a nerve cell has in the place of each part is written below.

    >>> draw_neuron(Neuron((1.0, 1.0), -1.5), (1, 0))
    <picture: y = 0>
    """
    products, z, y = neuron.products(x), neuron.z(x), neuron(x)
    names = [*names, *(f"x{i + 1}" for i in range(len(names), len(products)))]
    rows = [
        (f"{a:g}", name, w, f"w{i} = {w:g}, product {p:g}")
        for i, (a, name, w, p) in enumerate(zip(x, names, neuron.weight, products, strict=False), 1)
    ]
    rows.append(("1", "bias", neuron.bias, f"b = {neuron.bias:g}"))
    picture = Picture(540, 40 + 58 * len(rows), title=f"y = {y:g}")
    middle = 20 + picture.height / 2
    places = [50.0 + 58 * i for i in range(len(rows))]
    for at, (_, _, w, _) in zip(places, rows, strict=True):  # all lines first: no line strikes out a word
        picture.line(90, at, 300, middle, _sign(w), 1 + min(abs(w), 4))
    for at, (inside, name, w, words) in zip(places, rows, strict=True):
        picture.text(98, at + (middle - at) * 0.04 - 6, words, 11, "start", _sign(w))
        _node(picture, 70, at, inside, name)
    picture.line(320, middle, 438, middle, INK, 1.5)
    picture.text(380, middle - 7, neuron.activation, 11)
    _node(picture, 320, middle, f"{z:.4g}", "")
    picture.text(320, middle - 28, "sum z", 11, colour=GREY)
    _node(picture, 460, middle, f"{y:.4g}", "")
    picture.text(460, middle - 28, "output y", 11, colour=GREY)
    if cell:
        picture.height += 22
        for at, part in ((70, "dendrites"), (320, "cell body"), (460, "axon")):
            picture.text(at, picture.height - 8, part, 12, colour=ORANGE)
    return picture


def draw_network(
    sizes: Sequence[int],
    weights: Sequence[Any] = (),
    values: Sequence[Sequence[float]] = (),
    title: str = "",
    names: Sequence[Sequence[str]] = (),
) -> Picture:
    """Layers of circles, every one joined to all of the next; blue lines are positive weights, orange negative ones.

    `weights[l]` is `(outputs, inputs)` as everywhere; `values[l]` are numbers to write into the circles, `names[l]`
    words above them.

    >>> draw_network([4, 3, 2]).title
    '4-3-2: 23 parameters'
    """
    if len(sizes) < 2 or max(sizes) > _MOST_UNITS or min(sizes) < 1:
        got = f"draw_network: got sizes {list(sizes)}"
        raise ValueRangeError(complain(got, f"expected two or more, from 1 to {_MOST_UNITS}", "Try [2, 3, 1]"))
    count = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
    picture = Picture(150 * len(sizes), 60 + 52 * max(sizes))
    picture.title = title or f"{'-'.join(map(str, sizes))}: {count} parameters"
    picture.text(picture.width / 2, 16, picture.title, 13)
    places = [_column(picture, i, n) for i, n in enumerate(sizes)]
    for layer, (left, right) in enumerate(itertools.pairwise(places)):
        W = np.asarray(weights[layer], float) if layer < len(weights) else np.zeros((len(right), len(left)))
        for i, (x1, y1) in enumerate(left):
            for j, (x2, y2) in enumerate(right):
                w = W[j, i]
                picture.line(x1, y1, x2, y2, _sign(w) if w else GREY, 0.8 + min(abs(w), 4))
    for layer, column in enumerate(places):
        name = "input" if not layer else "output" if layer == len(places) - 1 else f"hidden {layer}"
        picture.text(column[0][0], picture.height - 8, name, 11)
        for i, (x, y) in enumerate(column):
            _node(picture, x, y, f"{values[layer][i]:.3g}" if layer < len(values) else "", "")
            if layer < len(names):
                picture.text(x, y - 23, names[layer][i], 10, colour=GREY)
    return picture


def _column(picture: Picture, layer: int, units: int) -> list[tuple[float, float]]:
    middle = 22 + (picture.height - 50) / 2
    return [(75 + 150 * layer, middle + 52 * (i - (units - 1) / 2)) for i in range(units)]


def _node(picture: Picture, x: float, y: float, inside: str, name: str) -> None:
    picture.dot(x, y, "white", 20, INK)
    picture.text(x, y + 4, inside, 11)
    picture.text(x - 26, y + 4, name, 11, "end", GREY)


def _sign(w: float) -> str:
    return ORANGE if w < 0 else BLUE


def draw_boxes(boxes: Sequence[tuple[str, Sequence[str]]], title: str = "") -> Picture:
    """Boxes in a row, each with a head and a few lines, and an arrow from each to the next.

    >>> draw_boxes([("forward", ["z = 2"]), ("backward", ["dL/dz = 1"])], "two of four")
    <picture: two of four>
    """
    widths = [max(60.0, *(7.0 * len(line) + 20 for line in (head, *lines))) for head, lines in boxes]
    tall = 40 + 18 * max((len(lines) for _, lines in boxes), default=0)
    picture = Picture(sum(widths) + 34 * len(boxes) + 6, tall + 40, title=title)
    picture.text(picture.width / 2, 16, title, 13)
    left, top = 20.0, 28.0
    for i, ((head, lines), width) in enumerate(zip(boxes, widths, strict=True)):
        picture.add(
            f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{tall:g}" rx="8" fill="white" stroke="{INK}"/>'
        )
        picture.text(left + width / 2, top + 20, head, 13, colour=BLUE)
        for row, line in enumerate(lines):
            picture.text(left + width / 2, top + 42 + 18 * row, line, 12)
        if i + 1 < len(boxes):
            _arrow(picture, left + width + 3, left + width + 31, top + tall / 2)
        left += width + 34
    return picture


def _arrow(picture: Picture, start: float, end: float, y: float) -> None:
    picture.line(start, y, end - 6, y, GREY, 1.5)
    picture.add(f'<path d="M{end:g} {y:g} l-8 -4 v8 z" fill="{GREY}"/>')


def draw_graph(end: Value, names: Sequence[tuple[Value, str]] = (), title: str = "") -> Picture:
    """The graph behind a value: each node with its number and its gradient, each arrow with its local derivative.

    Run `end.backward()` first for the gradients. Raises `ValueRangeError` for more than 60 nodes.

    >>> a = Value(2.0)
    >>> y = a * 3.0
    >>> y.backward()
    >>> draw_graph(y, [(a, "a")], "three times a")
    <picture: three times a>
    """
    columns = _by_depth(end)
    if sum(map(len, columns)) > _MOST_NODES:
        got = f"draw_graph: got {sum(map(len, columns))} nodes"
        raise ValueRangeError(complain(got, f"expected at most {_MOST_NODES}", "Try a part of the expression"))
    tallest = max(map(len, columns))
    picture = Picture(128 * len(columns) + 16, 44 + 66 * tallest, title=title or "a graph")
    picture.text(picture.width / 2, 16, picture.title, 13)
    middle = 28 + 33 * tallest
    at = {
        id(v): (72 + 128 * x, middle + 66 * (i - (len(column) - 1) / 2))
        for x, column in enumerate(columns)
        for i, v in enumerate(column)
    }
    called = {id(v): name for v, name in names}
    for v in (v for column in columns for v in column):
        for parent, local in v.parents:
            (x1, y1), (x2, y2) = at[id(parent)], at[id(v)]
            picture.line(x1 + 40, y1, x2 - 40, y2, GREY, 1.2)
            picture.text(x2 - 58, y2 + (y1 - y2) * 0.42 - 3, f"{local:.3g}", 10, colour=BLUE)
        x, y = at[id(v)]
        picture.add(f'<rect x="{x - 40}" y="{y - 22}" width="80" height="44" rx="8" fill="white" stroke="{INK}"/>')
        picture.text(x, y - 8, called.get(id(v), v.op or "number"), 11, colour=GREY)
        picture.text(x, y + 5, f"{v.data:.4g}", 12)
        picture.text(x, y + 18, f"slope {v.grad:.4g}", 10, colour=ORANGE)
    return picture


def _by_depth(end: Value) -> list[list[Value]]:
    """The values behind one, in columns: each is right of all that it was made from."""
    depth: dict[int, int] = {}
    known: dict[int, Value] = {}
    todo = [end]
    while todo:
        v = todo[-1]
        waiting = [parent for parent, _ in v.parents if id(parent) not in depth]
        if waiting:
            todo += waiting
            continue
        todo.pop()
        known[id(v)] = v
        depth[id(v)] = 1 + max((depth[id(parent)] for parent, _ in v.parents), default=-1)
    for v in known.values():  # a number that was typed in stands beside what it is used for
        for parent, _ in v.parents:
            if not parent.parents:
                depth[id(parent)] = max(depth[id(parent)], min(depth[id(v)] - 1, _first_use(parent, known, depth) - 1))
    columns: list[list[Value]] = [[] for _ in range(max(depth.values()) + 1)]
    for i, v in known.items():
        columns[depth[i]].append(v)
    return columns


def _first_use(leaf: Value, known: dict[int, Value], depth: dict[int, int]) -> int:
    return min(depth[i] for i, v in known.items() if any(parent is leaf for parent, _ in v.parents))
