"""A slope found without derivatives: the tape is run again with one number a little larger, and a little smaller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.core.mode import mode
from glassnet.read.story import Node

_JUMP = 0.01  # a share by which smooth slopes never differ over so short a way
_STEP = 1e-5  # the error of a central difference falls with its square, that of rounding rises with its inverse


class Differences:
    """Slopes of a result by central differences, (L(x + h) − L(x − h)) / 2h, in float64."""

    def __init__(self, nodes: Sequence[Node], result: Node) -> None:
        self.nodes, self.result = nodes, result
        self.later: dict[int, list[Node]] = {}

    def slope(self, x: Node, at: tuple[int, ...]) -> float:
        """How fast the result changes with one number of x."""
        h = _STEP * max(1.0, abs(float(x.array[at])))
        return (self._moved(x, at, h) - self._moved(x, at, -h)) / (2 * h)

    def at_corner(self, x: Node, at: tuple[int, ...]) -> bool:
        """Whether the slope jumps here: to the left it is another than to the right, as for ReLU at 0."""
        h = _STEP * max(1.0, abs(float(x.array[at])))
        here = self._moved(x, at, 0.0)
        right, left = (self._moved(x, at, h) - here) / h, (here - self._moved(x, at, -h)) / h
        return abs(right - left) > _JUMP * max(abs(right), abs(left), _STEP)

    def _moved(self, x: Node, at: tuple[int, ...], by: float) -> float:
        array = x.array.astype(np.float64)
        array[at] += by
        values = {id(x): array}
        for node in self._after(x):
            values[id(node)] = _run(node, [values.get(id(i), _double(i.array)) for i in node.inputs])
        return float(values.get(id(self.result), self.result.array))

    def _after(self, x: Node) -> list[Node]:
        """The operations that see x, directly or not."""
        if id(x) not in self.later:
            touched, found = {id(x)}, list[Node]()
            for node in self.nodes:
                if any(id(i) in touched for i in node.inputs):
                    touched.add(id(node))
                    found.append(node)
            self.later[id(x)] = found
        return self.later[id(x)]


def _double(a: np.ndarray) -> np.ndarray:
    return a.astype(np.float64) if a.dtype.kind == "f" else a


def _run(node: Node, arrays: list[Any]) -> np.ndarray:
    assert node.op is not None
    if node.op.name == "cast" and np.dtype(node.attrs["dtype"]).kind == "f":
        return arrays[0]
    if node.op.name == "assign":
        return arrays[1]
    return np.asarray(mode.quietly(node.op.run, *arrays, **node.attrs))
