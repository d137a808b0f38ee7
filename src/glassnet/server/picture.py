"""Frames of a Playground session: which arrays they carry, and how those are made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor, wrap
from glassnet.server import frames, network
from glassnet.server.course import Judgement
from glassnet.server.formula import Formula
from glassnet.server.learner import Learner
from glassnet.server.points import EDGE, Points
from glassnet.server.properties import MOST_DRAWN
from glassnet.server.reports import Layout, UnitName

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
        self.parts = self._places(formulas, max(sizes))
        self.layout = self._layout(sizes, points, formulas)
        self._inputs = self._small(np.concatenate([x.array for x in self.parts]))

    def _places(self, formulas: Sequence[Formula], widest: int) -> list[Tensor]:
        """The inputs at every place, float32, in parts that keep the intermediate results small."""
        axis = np.linspace(-EDGE, EDGE, self.side)
        if self.dimensions == 2:
            x2, x1 = np.meshgrid(axis[::-1], axis, indexing="ij")  # row 0 is the greatest x2
            places = (x1.reshape(-1), x2.reshape(-1))
        else:
            places = (axis,)
        with np.errstate(all="ignore"):
            inputs = np.column_stack([f(*places) for f in formulas]).astype(np.float32)
        rows = max(self.side, _MOST_NUMBERS // widest)
        return [wrap(np.ascontiguousarray(inputs[i : i + rows])) for i in range(0, len(inputs), rows)]

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
        learner = self.learner
        arrays = {"weights": network.flat([p.array for p in learner.parameters]), "gradients": learner.gradients}
        if self.layout.memory:
            arrays["memory"] = learner.memory()
        arrays |= self._curves() if self.dimensions == 1 else self._maps()
        if judgement.confusion is not None and judgement.test_confusion is not None:
            arrays |= {"confusion": judgement.confusion, "test_confusion": judgement.test_confusion}
        return frames.pack(numbers, self.layout.blocks, self.layout.size, arrays, curve)

    def _outputs(self) -> list[np.ndarray]:
        """The outputs of every layer at every place, `(places, units)`."""
        parts = [self.learner.view(x) for x in self.parts]
        return parts[0] if len(parts) == 1 else [np.concatenate(layer) for layer in zip(*parts, strict=True)]

    def _small(self, outputs: np.ndarray) -> np.ndarray:
        """Those units of a layer that are drawn, `(units, r, r)`, at the resolution of the small maps."""
        few = outputs[:, : MOST_DRAWN if outputs.shape[1] > MOST_DRAWN else None].T
        if self.dimensions == 1:
            return few
        return few.reshape(len(few), self.side, self.side)[:, :: self.stride, :: self.stride]

    def _maps(self) -> dict[str, np.ndarray]:
        *hidden, last = self._outputs()
        grids = np.concatenate([self._inputs, *map(self._small, hidden)])
        scales, small = frames.quantised(grids)
        drawn = self.learner.head.drawn(last)
        output_scales, output = frames.quantised(drawn.T.reshape(-1, self.side, self.side))
        maps = {"scales": scales, "grids": small, "output_scales": output_scales, "output": output}
        if last.shape[1] > 1:
            maps["classes"] = last.argmax(axis=1).reshape(self.side, self.side)
        return maps

    def _curves(self) -> dict[str, np.ndarray]:
        *hidden, last = self._outputs()
        return {"curves": np.concatenate([self._inputs, *map(self._small, hidden)]), "output": last.T}


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
