"""A layered drawing of a directed graph: every arrow points right, arrows cross little, neighbours lie level.

The four steps of Sugiyama, Tagawa and Toda (1981): columns by longest paths, bends where an arrow passes a column,
an order in each column by the mean place of the neighbours, and then heights. The heights of a column are those that
come nearest to where its neighbours lie without overlapping: a least-squares problem with an order, which pooling
adjacent violators solves exactly (Ayer et al. 1955).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST_BENDS = 30_000  # beyond this, arrows over several columns go straight
_SWEEPS, _FEW = 8, 2  # over the columns, to and fro; graphs with more than _LARGE places get few
_LARGE = 2_500

Size = tuple[float, float]
Point = tuple[float, float]
Neighbours = list[list[int]]


@dataclass(frozen=True)
class Layout:
    """The centre of each node, the way of each arrow as points from left to right, and the size of the whole."""

    centres: list[Point]
    routes: list[list[Point]]
    width: float
    height: float


def layered(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    apart: Size = (64.0, 20.0),
    margin: float = 24.0,
    words: Sequence[float] = (),
) -> Layout:
    """Place nodes of these widths and heights so that every edge `(source, target)` points right.

    `apart` is the room between columns and between the nodes of one; `words` is how wide the words are that stand on
    each edge, for which the room grows. The graph must have no cycles.

    >>> chain = layered([(10, 10)] * 3, [(0, 1), (1, 2)], apart=(30, 10), margin=0.0)
    >>> chain.centres, chain.width
    ([(5.0, 5.0), (45.0, 5.0), (85.0, 5.0)], 90.0)
    """
    ranks = _ranks(len(sizes), edges)
    grid = _Grid(ranks, edges)
    grid.order()
    heights = [h for _, h in sizes] + [6.0] * (len(grid.rank) - len(sizes))
    y = _levelled(grid, heights, apart[1])
    x, width = _columns(ranks, sizes, _gaps(ranks, edges, words, apart[0]), margin)
    top = min((y[i] - heights[i] / 2 for i in range(len(y))), default=0.0) - margin
    bottom = max((y[i] + heights[i] / 2 for i in range(len(y))), default=0.0) + margin
    place = [(x[grid.rank[i]], y[i] - top) for i in range(len(y))]
    centres = place[: len(sizes)]
    return Layout(centres, [_route(chain, place, sizes) for chain in grid.chains], width, bottom - top)


def _ranks(n: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The column of each node: one after the last of its sources; what has no source stands next to its first use."""
    after: Neighbours = [[] for _ in range(n)]
    waiting = [0] * n
    for s, t in edges:
        after[s].append(t)
        waiting[t] += 1
    is_source = [w == 0 for w in waiting]
    rank, ready = [0] * n, [i for i in range(n) if is_source[i]]
    for s in ready:  # grows while it is read
        for t in after[s]:
            rank[t] = max(rank[t], rank[s] + 1)
            waiting[t] -= 1
            if waiting[t] == 0:
                ready.append(t)
    for i in range(n):
        if is_source[i] and after[i]:
            rank[i] = min(rank[t] for t in after[i]) - 1
    return rank


class _Grid:
    """Nodes, and bends of long arrows, in columns."""

    def __init__(self, ranks: list[int], edges: Sequence[tuple[int, int]]) -> None:
        self.rank = list(ranks)
        bends = sum(max(0, ranks[t] - ranks[s] - 1) for s, t in edges)
        self.chains = [self._chain(s, t, bends <= _MOST_BENDS) for s, t in edges]
        self.before: Neighbours = [[] for _ in self.rank]
        self.after: Neighbours = [[] for _ in self.rank]
        for chain in self.chains:
            for a, b in itertools.pairwise(chain):
                self.after[a].append(b)
                self.before[b].append(a)
        self.columns: Neighbours = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for i in self._as_met():
            self.columns[self.rank[i]].append(i)

    def _chain(self, s: int, t: int, bent: bool) -> list[int]:
        """A place in every column that an arrow passes."""
        first = len(self.rank)
        if bent:
            self.rank += range(self.rank[s] + 1, self.rank[t])
        return [s, *range(first, len(self.rank)), t]

    def _as_met(self) -> list[int]:
        """All places in the order in which a walk against the arrows meets them: a tree comes out without crossings."""
        met, seen = list[int](), [False] * len(self.rank)
        ends = [i for i in range(len(self.rank)) if not self.after[i]]
        stack = ends[::-1]
        while stack:
            i = stack.pop()
            if not seen[i]:
                seen[i] = True
                met.append(i)
                stack += reversed(self.before[i])
        return met

    def order(self) -> None:
        """Sort each column by the mean place of its neighbours, to and fro; the order with fewest crossings stays."""
        place = [0] * len(self.rank)
        for column in self.columns:
            _number(column, place)
        large = len(self.rank) > _LARGE
        best, kept = self._crossings(place) if not large else 0, [list(c) for c in self.columns]
        for sweep in range(_FEW if large else _SWEEPS):
            if not best and not large:
                break
            self._sweep(place, forth=sweep % 2 == 0)
            if not large and (crossings := self._crossings(place)) < best:
                best, kept = crossings, [list(c) for c in self.columns]
        self.columns = kept if not large else self.columns

    def _sweep(self, place: list[int], forth: bool) -> None:
        near = self.before if forth else self.after
        for column in self.columns if forth else reversed(self.columns):
            wish = {i: sum(place[j] for j in near[i]) / len(near[i]) if near[i] else place[i] for i in column}
            column.sort(key=wish.__getitem__)
            _number(column, place)

    def _crossings(self, place: list[int]) -> int:
        """How many pairs of arrows between neighbouring columns cross."""
        crossings = 0
        for column in self.columns:
            ends = [place[j] for i in column for j in sorted(self.after[i], key=place.__getitem__)]
            crossings += _inversions(ends)
        return crossings


def _number(column: Iterable[int], place: list[int]) -> None:
    for k, i in enumerate(column):
        place[i] = k


def _inversions(values: list[int]) -> int:
    """How many pairs stand in the wrong order, counted with a Fenwick tree."""
    n = max(values, default=-1) + 1
    tree, found = [0] * (n + 1), 0
    for seen, v in enumerate(values):
        i, at_most = v + 1, 0
        while i:
            at_most += tree[i]
            i &= i - 1
        found += seen - at_most
        i = v + 1
        while i <= n:
            tree[i] += 1
            i += i & -i
    return found


# ---- heights ---------------------------------------------------------------------------------------------------------


def _levelled(grid: _Grid, heights: list[float], gap: float) -> list[float]:
    """A height for each place: stacked and centred at first, then drawn towards the neighbours."""
    y = [0.0] * len(heights)
    offsets = [_offsets(column, heights, gap) for column in grid.columns]
    for column, offset in zip(grid.columns, offsets, strict=True):
        middle = (offset[0] + offset[-1]) / 2
        for i, o in zip(column, offset, strict=True):
            y[i] = o - middle
    passes = 2 if len(heights) > _LARGE else 10
    for k in range(passes):
        near = (grid.before, grid.after)[k % 2]
        rows = list(zip(grid.columns, offsets, strict=True))
        for column, offset in rows if k % 2 == 0 else reversed(rows):
            wishes = [sum(y[j] for j in near[i]) / len(near[i]) if near[i] else y[i] for i in column]
            for i, level in zip(column, nearest_in_order(wishes, offset), strict=True):
                y[i] = level
    return y


def _offsets(column: list[int], heights: list[float], gap: float) -> list[float]:
    """How far below the first each place of a column lies at least."""
    offsets = [0.0]
    for a, b in itertools.pairwise(column):
        offsets.append(offsets[-1] + (heights[a] + heights[b]) / 2 + gap)
    return offsets[: len(column)]


def nearest_in_order(wishes: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The heights nearest to the wishes (least squares) of which each lies its offset below the first, or lower.

    >>> nearest_in_order([5.0, 5.0, 40.0], [0.0, 10.0, 20.0])
    [0.0, 10.0, 40.0]
    """
    blocks: list[tuple[float, int]] = []  # mean of wish - offset, how many
    for wish, offset in zip(wishes, offsets, strict=True):
        mean, count = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            above, n = blocks.pop()
            mean, count = (above * n + mean * count) / (n + count), n + count
        blocks.append((mean, count))
    levels = [mean for mean, count in blocks for _ in range(count)]
    return [level + offset for level, offset in zip(levels, offsets, strict=True)]


# ---- columns and ways ------------------------------------------------------------------------------------------------


def _gaps(ranks: list[int], edges: Sequence[tuple[int, int]], words: Sequence[float], least: float) -> list[float]:
    """The room before each column: the words on an edge stand just before its target."""
    gaps = [least] * (max(ranks, default=-1) + 1)
    for (_, t), width in zip(edges, words, strict=False):
        gaps[ranks[t]] = max(gaps[ranks[t]], width + least / 2)
    return gaps


def _columns(ranks: list[int], sizes: Sequence[Size], gaps: list[float], margin: float) -> tuple[list[float], float]:
    """The middle of each column, and the width of all."""
    widths = [0.0] * len(gaps)
    for rank, (w, _) in zip(ranks, sizes, strict=True):
        widths[rank] = max(widths[rank], w)
    middles, edge = list[float](), margin
    for k, w in enumerate(widths):
        edge += gaps[k] if k else 0.0
        middles.append(edge + w / 2)
        edge += w
    return middles, edge + margin


def _route(chain: list[int], place: list[Point], sizes: Sequence[Size]) -> list[Point]:
    """From the right side of the source through the bends to the left side of the target."""
    (xs, ys), (xt, yt) = place[chain[0]], place[chain[-1]]
    start, end = (xs + sizes[chain[0]][0] / 2, ys), (xt - sizes[chain[-1]][0] / 2, yt)
    return [start, *(place[i] for i in chain[1:-1]), end]
