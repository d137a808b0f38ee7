"""Frames of a Playground session: which arrays they carry, and how those are made."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from glassnet.server import frames
from glassnet.server.course import Judgement
from glassnet.server.formula import Formula
from glassnet.server.learner import Learner
from glassnet.server.points import EDGE, Points
from glassnet.server.properties import MOST_DRAWN
from glassnet.server.reports import Layout, UnitName
from glassnet.server.view import View

_MOST_CELLS = 600_000  # of all heat maps but the output's: 60 at 100 × 100
_MOST_NUMBERS = 250_000  # of one layer's outputs at a time


class Picture:
    """The heat maps of one network over one plane (or line), at one resolution."""

    def __init__(
        self, number: int, learner: Learner, points: Points, formulas: Sequence[Formula], state: Mapping[str, Any]
    ) -> None:
        self.number, self.learner, self.dimensions = number, learner, points.dimensions
        sizes = [len(formulas), *(layer.shape[0] for layer in learner.layers)]
        self.drawn = [min(size, MOST_DRAWN) for size in sizes[:-1]]
        self.side = int(state["resolution"]) * (1 if self.dimensions == 2 else 2)
        cells = sum(self.drawn) * self.side**self.dimensions
        self.stride = math.ceil(math.sqrt(cells / _MOST_CELLS)) if self.dimensions == 2 else 1
        self.layout = self._layout(sizes, points, formulas)
        self._canvas = frames.Canvas(self.layout.blocks, self.layout.size)
        self._view = View(learner, self._canvas.arrays["weights"])
        inputs = _places(tuple(formulas), self.side, self.dimensions)
        rows = max(1, _MOST_NUMBERS // (self.side * max(sizes)) // self.stride) * self.stride  # of the plane
        many = rows * self.side
        self._parts = [np.ascontiguousarray(inputs[:, i : i + many]) for i in range(0, inputs.shape[1], many)]
        self._begin(inputs)

    def _begin(self, inputs: np.ndarray) -> None:
        """Draw what stays: the inputs."""
        arrays, first, drawn = self._canvas.arrays, self.drawn[0], sum(self.drawn[1:])
        small = self._small(inputs)
        self._shapes = (drawn, small.shape[1]), (self.layout.sizes[-1], inputs.shape[1])
        self._layers = self._rows_of_layers()
        if self.dimensions == 1:
            arrays["curves"][:first] = small
            return
        cells = arrays["grids"].reshape(first + drawn, -1)
        self._grids, self._output = cells[first:], arrays["output"].reshape(self.layout.sizes[-1], -1)
        with np.errstate(all="ignore"):  # a formula may be infinite somewhere
            scales, steps = frames.quantised(small)
        arrays["scales"][:first], cells[:first] = scales, steps

    def _layout(self, sizes: Sequence[int], points: Points, formulas: Sequence[Formula]) -> Layout:
        outputs = list(points.classes) if sizes[-1] > 1 else [points.classes[1] if points.classes else "height"]
        small = -(-self.side // self.stride)
        total = sum(p.array.size for p in self.learner.parameters)
        memory = self.learner.memory_words
        blocks, size = frames.place(
            [
                ("weights", "f32", (total,)),
                ("gradients", "f32", (total,)),
                *([("memory", "f32", (len(memory), total))] if memory else []),
                *self._grid_arrays(sum(self.drawn), sizes[-1], small),
                *_confusions(points),
            ]
        )
        return Layout(
            self.number, list(sizes), _units(sizes, self.drawn, formulas, outputs),
            [*self.learner.names, self.learner.head.output], self.learner.head.loss, memory, blocks, size, self.side,
            small, [-EDGE, EDGE], outputs, self.dimensions,
        )  # fmt: skip

    def _grid_arrays(self, grids: int, outputs: int, small: int) -> list[tuple[str, str, Sequence[int]]]:
        if self.dimensions == 1:
            return [("curves", "f32", (grids, self.side)), ("output", "f32", (outputs, self.side))]
        maps: list[tuple[str, str, Sequence[int]]] = [
            ("scales", "f32", (grids,)),
            ("grids", "i8", (grids, small, small)),
            ("output_scales", "f32", (outputs,)),
            ("output", "i8", (outputs, self.side, self.side)),
        ]
        return [*maps, ("classes", "u8", (self.side, self.side))] if outputs > 1 else maps

    def frame(self, numbers: frames.Numbers, judgement: Judgement, curve: np.ndarray) -> bytes:
        """The network as it is now."""
        with np.errstate(all="ignore"):  # numbers beyond float32 become infinite, which a frame can say
            return self._frame(numbers, judgement, curve)

    def _frame(self, numbers: frames.Numbers, judgement: Judgement, curve: np.ndarray) -> bytes:
        learner, arrays = self.learner, self._canvas.arrays
        self._view.look()
        arrays["gradients"][...] = learner.gradients
        if self.layout.memory:
            arrays["memory"][...] = learner.memory()
        if self.dimensions == 1:
            self._look(arrays["curves"][self.drawn[0] :], arrays["output"])
        else:
            self._paint(arrays)
        if judgement.confusion is not None and judgement.test_confusion is not None:
            arrays["confusion"][...], arrays["test_confusion"][...] = judgement.confusion, judgement.test_confusion
        return self._canvas.packed(numbers, curve)

    def _look(self, drawn: np.ndarray, output: np.ndarray) -> None:
        """What every unit that is drawn says at every place, a part of the places at a time."""
        at = cell = width = 0
        if self._layers is None:
            rooms: list[np.ndarray | None] = [None] * len(self.layout.sizes)
        else:
            rooms = [*(drawn[rows] for rows in self._layers), output]
        for x in self._parts:
            *hidden, last = self._view.outputs(x, rooms)
            if last is not output:
                output[:, at : at + x.shape[1]] = last
            row = 0
            for layer, room in zip(hidden, rooms, strict=False):
                small = self._small(layer)
                end, width = row + len(small), small.shape[1]
                if layer is not room:
                    drawn[row:end, cell : cell + width] = small
                row = end
            at, cell = at + x.shape[1], cell + width

    def _rows_of_layers(self) -> list[slice] | None:
        """Which rows of what is drawn each hidden layer is, if all of them are drawn as they are."""
        sizes = self.layout.sizes[1:-1]
        if len(self._parts) > 1 or self.stride > 1 or sum(sizes) > sum(self.drawn[1:]):
            return None
        return [slice(end - size, end) for size, end in zip(sizes, itertools.accumulate(sizes), strict=True)]

    def _small(self, outputs: np.ndarray) -> np.ndarray:
        """Those units of a layer that are drawn, `(units, cells)`, at the resolution of the small maps."""
        few = outputs[:MOST_DRAWN]
        if self.stride == 1:
            return few
        return few.reshape(len(few), -1, self.side)[:, :: self.stride, :: self.stride].reshape(len(few), -1)

    def _paint(self, arrays: dict[str, np.ndarray]) -> None:
        """Look, and make heat maps of the numbers: all at once, if they have one resolution."""
        (units, cells), (outputs, places) = self._shapes
        # made for each frame: the memory that another session has just given back is quicker than our own
        if cells == places:
            rows = np.empty((units + outputs, cells), np.float32)
            hidden, output = rows[:units], rows[units:]
        else:
            rows, hidden, output = None, np.empty((units, cells), np.float32), np.empty((outputs, places), np.float32)
        self._look(hidden, output)
        if outputs > 1:
            arrays["classes"][...] = output.argmax(axis=0).reshape(self.side, self.side)
        self.learner.head.draw(output)
        scales = frames.in_steps(rows) if rows is not None else np.append(*map(frames.in_steps, (hidden, output)))
        arrays["scales"][self.drawn[0] :], arrays["output_scales"][...] = scales[:units], scales[units:]
        self._grids[...], self._output[...] = hidden, output


@lru_cache(maxsize=8)
def _places(formulas: tuple[Formula, ...], side: int, dimensions: int) -> np.ndarray:
    """The inputs at every place, `(features, places)`, float32: the same ones for all sessions of a class, mostly."""
    axis = np.linspace(-EDGE, EDGE, side)
    if dimensions == 2:
        x2, x1 = np.meshgrid(axis[::-1], axis, indexing="ij")  # row 0 is the greatest x2
        places = (x1.reshape(-1), x2.reshape(-1))
    else:
        places = (axis,)
    with np.errstate(all="ignore"):
        inputs = np.array([f(*places) for f in formulas], np.float32).reshape(len(formulas), -1)
    inputs = inputs if len(formulas) else np.zeros((0, len(places[0])), np.float32)
    inputs.flags.writeable = False
    return inputs


def _units(
    sizes: Sequence[int], drawn: Sequence[int], formulas: Sequence[Formula], outputs: Sequence[str]
) -> list[UnitName]:
    """The names of all units, layer by layer."""
    named, grid = [], 0
    for layer, size in enumerate(sizes):
        for unit in range(size):
            name = formulas[unit].text if layer == 0 else f"h{layer},{unit + 1}"
            if layer == len(sizes) - 1:
                named.append(UnitName(layer, unit, outputs[unit], None))
            elif unit < drawn[layer]:
                named.append(UnitName(layer, unit, name, grid))
                grid += 1
            else:
                named.append(UnitName(layer, unit, name, None))
    return named


def _confusions(points: Points) -> list[tuple[str, str, Sequence[int]]]:
    classes = max(2, len(points.classes))
    shape = (classes, classes)
    return [("confusion", "u32", shape), ("test_confusion", "u32", shape)] if points.classes else []
