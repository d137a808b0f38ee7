"""The paths from an input to a class that add most, found without looking at all of them.

A path adds the product of its input and of everything it is multiplied by on its way. Best first: the bound of a piece
of path is what it has so far times the most that any way on can have.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.read.apart import MOVES, Part, follows, looked_up, meeting, passed_on, weighing, word_of

_MOST_LOOKED_AT = 20_000  # pieces of path


@dataclass
class Path:
    """One way from an input to the class: its place in the input, in each layer it goes through, and what it adds.

    `layers` numbers the layers with weights that it goes through; the last place is the class. A path that begins with
    a word (the place of a row in an embedding) goes through one of its numbers: `number`, counted from 0.
    """

    places: tuple[int, ...]
    adds: float
    layers: tuple[int, ...] = ()
    number: int | None = None


def biggest_paths(parts: list[Part], example: Part, goal: Part, klass: int, most: int) -> list[Path]:
    """The paths that add most, in size; none for a network in which some operation has no single ways through it."""
    bounds = _bounds(parts, example, goal)
    if bounds is None:
        return []
    numbers = {id(part): n for n, part in enumerate(weighing(parts), 1)}
    search = _Search(bounds, example, most)
    found = search.run(goal, klass)
    return [_told(steps, adds, numbers, klass) for steps, adds in found]


def layer_shapes(parts: list[Part]) -> dict[int, tuple[int, ...]]:
    """How the units of each layer with weights lie: (units,) for most, (channels, rows, columns) for a convolution."""
    laid = {id(part.inputs[0]): part for part in parts if part.name == "reshape"}
    return {n: laid.get(id(part), part).value.shape[1:] for n, part in enumerate(weighing(parts), 1)}


def _told(steps: list[tuple[Part, int]], adds: float, numbers: dict[int, int], klass: int) -> Path:
    ways = [(numbers[id(part)], place) for part, place in steps if id(part) in numbers]
    first = steps[0][1]
    number = steps[1][1] % steps[1][0].value.shape[-1] if len(steps) > 1 and looked_up(steps[1][0]) else None
    return Path((first, *(place for _, place in ways[:-1]), klass), adds, tuple(n for n, _ in ways), number)


# ---- the most that a way from the input to a number can add ----------------------------------------------------------


def _bounds(parts: list[Part], example: Part, goal: Part) -> dict[int, np.ndarray] | None:
    bounds = {id(example): np.abs(example.value).astype(np.float64)}
    wanted = _leading_to(goal)
    for part in parts:
        if part.said and id(part) in wanted:
            bound = _bound(part, bounds)
            if bound is None:
                return None
            bounds[id(part)] = bound
    return bounds


def _leading_to(goal: Part) -> set[int]:
    seen: set[int] = set()
    stack = [goal]
    while stack:
        part = stack.pop()
        if id(part) not in seen:
            seen.add(id(part))
            if looked_up(part):
                continue
            stack += (
                [part.bends] if part.bends is not None else [x for i, x in enumerate(part.inputs) if follows(part, i)]
            )
    return seen


def _bound(part: Part, bounds: dict[int, np.ndarray]) -> np.ndarray | None:
    if part.bends is not None:
        return np.abs(part.split()[1]) * bounds[id(part.bends)] if id(part.bends) in bounds else None
    if looked_up(part):  # a path begins with the word: its numbers are the last that weigh
        return np.abs(part.value)
    rule = _BOUNDS.get(part.name) or (_of_moved if part.name in MOVES else None)
    if rule is None or any(follows(part, i) and id(x) not in bounds for i, x in enumerate(part.inputs)):
        return None
    return rule(part, [bounds.get(id(x), np.zeros(x.value.shape)) for x in part.inputs])


def _of_linear(part: Part, bounds: list[np.ndarray]) -> np.ndarray:
    return np.stack([(np.abs(row) * bounds[0]).max(-1) for row in part.inputs[1].value], -1)


def _of_matmul(part: Part, bounds: list[np.ndarray]) -> np.ndarray | None:
    a, b = part.inputs
    if a.said == b.said:
        return None
    left, right = (bounds[0], np.abs(b.value)) if a.said else (np.abs(a.value), bounds[1])
    rows = [(left[..., i, :, None] * right).max(-2) for i in range(left.shape[-2])]
    return np.stack(rows, -2)


def _of_added(part: Part, bounds: list[np.ndarray]) -> np.ndarray:
    return np.maximum(*bounds)


def _of_product(part: Part, bounds: list[np.ndarray]) -> np.ndarray:
    a, b = part.inputs
    if a.said and b.said:
        free, share = meeting(part)
    else:
        free, share = [0 if a.said else 1], 1.0
    if part.name == "div":
        return bounds[0] / np.abs(b.value)
    ways = [bounds[i] * np.abs(part.inputs[1 - i].value) * share for i in free]
    return np.maximum(ways[0], ways[-1])


def _of_moved(part: Part, bounds: list[np.ndarray]) -> np.ndarray:
    assert part.op is not None
    arrays = [x.value if x.value.dtype.kind == "i" else bound for bound, x in zip(bounds, part.inputs, strict=True)]
    return np.asarray(part.op.run(*arrays, **part.attrs))


def _of_total(part: Part, bounds: list[np.ndarray]) -> np.ndarray:
    dim, keep = part.attrs["dim"], part.attrs["keepdim"]
    among = bounds[0].size / max(part.value.size, 1) if part.name == "mean" else 1.0
    return np.maximum.reduce(bounds[0], axis=dim, keepdims=keep) / among


_BOUNDS: dict[str, Callable[[Part, list[np.ndarray]], np.ndarray | None]] = {
    "linear": _of_linear, "matmul": _of_matmul, "add": _of_added, "sub": _of_added, "mul": _of_product,
    "div": _of_product, "sum": _of_total, "mean": _of_total, "neg": lambda part, bounds: bounds[0],
}  # fmt: skip


# ---- the search ------------------------------------------------------------------------------------------------------


class _Search:
    """Pieces of path from the class backward, the most promising first."""

    def __init__(self, bounds: dict[int, np.ndarray], example: Part, most: int) -> None:
        self.bounds, self.example, self.most = bounds, example, most
        self.heap: list[tuple[float, int, float, list[tuple[Part, int]]]] = []
        self.count = 0  # ties go to what came first

    def run(self, goal: Part, place: int) -> list[tuple[list[tuple[Part, int]], float]]:
        """The best paths, as the parts and places they go through, and what each adds."""
        self._push(1.0, [(goal, place)])
        found: list[tuple[list[tuple[Part, int]], float]] = []
        while self.heap and len(found) < self.most and self.count < _MOST_LOOKED_AT:
            _, _, product, steps = heapq.heappop(self.heap)
            part, place = steps[0]
            if part is self.example:
                found.append((steps, product * float(part.value.reshape(-1)[place])))
                continue
            if looked_up(part):
                word = word_of(part, place, self.example)
                if word is not None:
                    found.append(([(self.example, word), *steps], product * float(part.value.reshape(-1)[place])))
                continue
            for x, at, factor in self._before(part, place):
                self._push(product * factor, [(x, at), *steps])
        return found

    def _push(self, product: float, steps: list[tuple[Part, int]]) -> None:
        part, place = steps[0]
        bound = abs(product) * float(self.bounds[id(part)].reshape(-1)[place])
        if bound > 0:
            self.count += 1
            heapq.heappush(self.heap, (-bound, self.count, product, steps))

    def _before(self, part: Part, place: int) -> list[tuple[Part, int, float]]:
        """What a number was made of, with the factors: those few that can lead to the biggest paths."""
        if part.bends is not None:
            return [(part.bends, place, float(part.split()[1].reshape(-1)[place]))]
        if part.name == "linear" and not part.inputs[1].said:
            return self._of_row(part, place)
        one = np.zeros(part.value.size)
        one[place] = 1.0
        found: list[tuple[Part, int, float]] = []
        for x, factor in passed_on(part, one.reshape(part.value.shape)):
            found += self._largest(x, np.flatnonzero(factor), factor.reshape(-1))
        return found

    def _of_row(self, part: Part, place: int) -> list[tuple[Part, int, float]]:
        """One row of weights, without the zeros around it."""
        x, weight = part.inputs[0], part.inputs[1].value
        row, unit = divmod(place, len(weight))
        width = weight.shape[1]
        factor = np.zeros(x.value.size)
        factor[row * width : (row + 1) * width] = weight[unit]
        return self._largest(x, np.arange(row * width, (row + 1) * width), factor)

    def _largest(self, x: Part, places: np.ndarray, factor: np.ndarray) -> list[tuple[Part, int, float]]:
        size = np.abs(factor[places]) * self.bounds[id(x)].reshape(-1)[places]
        chosen = places[np.argsort(-size, kind="stable")[: self.most]]
        return [(x, int(i), float(factor[i])) for i in chosen]
