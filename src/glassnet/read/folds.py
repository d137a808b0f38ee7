"""How a ReLU network folds the plane: the lines along which its units bend, and the straight pieces between them.

Each unit is 0 on one side of a line and grows on the other; deeper units are straight only between the folds of the
layers before them. So the plane is cut layer by layer: a convex piece on which everything so far is one linear map is
split by the lines of the next layer that cross it. That is exact: no grid, no sampling. (Montúfar et al. 2014, "On the
Number of Linear Regions of Deep Neural Networks"; Hanin and Rolnick 2019, "Complexity of Linear Regions in Deep
Networks".)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet import nn
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.read.draw_chart import Axes, Box, as_box
from glassnet.read.draw_svg import SERIES, Svg
from glassnet.read.folds_layers import Stage, stages_of

_TINY = 1e-10  # of the size of the box: a corner this near to a line lies on it
_MOST = 100_000


@dataclass(eq=False)
class Region:
    """A convex piece of the plane on which the network is one linear map: output = weight x + bias."""

    corners: np.ndarray  # (k, 2), in order around it
    weight: np.ndarray  # (outputs, 2)
    bias: np.ndarray  # (outputs,)
    signs: list[np.ndarray]  # for each layer with bends, which units are on

    @property
    def area(self) -> float:
        """By the shoelace formula."""
        x, y = self.corners.T
        return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


@dataclass(frozen=True)
class Fold:
    """A straight piece of the line along which a unit bends; layers and units count from 1."""

    layer: int
    unit: int
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(eq=False)
class Folds:
    """The folds of a network within a box.

    `count` is the number of pieces on which another set of units is on; `maps` is how many different linear functions
    there are on them (pieces on which the last layers hear nothing of a change compute the same).
    """

    box: Box
    regions: list[Region]
    folds: list[Fold]
    units: list[int]  # in each layer with bends

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(self.regions)

    @property
    def maps(self) -> int:
        """How many different linear functions there are on the pieces."""
        rows = np.array([np.append(r.weight.ravel(), r.bias) for r in self.regions])
        size = np.abs(rows).max() or 1.0
        return len(np.unique((rows / size).round(9) + 0.0, axis=0))

    @property
    def most(self) -> int:
        """How many pieces n lines can make at most, 1 + n + n(n − 1)/2: what one layer of as many units could reach."""
        n = sum(self.units)
        return 1 + n + n * (n - 1) // 2

    def text(self) -> str:
        """What was counted, in words."""
        (x0, x1), (y0, y1) = self.box
        layers = " + ".join(map(str, self.units)) or "no"
        lines = [
            f"{self.count:,} linear regions for x1 from {x0:.4g} to {x1:.4g} and x2 from {y0:.4g} to {y1:.4g}",
            f"{self.maps:,} different linear functions on them",
            f"{layers} units with a fold; {sum(self.units)} lines make at most {self.most:,} regions in one layer",
        ]
        for layer, units in enumerate(self.units, 1):
            crossing = {f.unit for f in self.folds if f.layer == layer}
            lines.append(f"layer {layer}: {len(crossing)} of {units} units fold inside")
        return "\n".join(lines)

    def svg(self, x: np.ndarray | None = None, y: np.ndarray | None = None) -> str:
        """Every region in a shade, the folds of each layer in a colour, and points with their classes if given.

        The shade is the output; of two outputs, the scores of two classes, how much the second is ahead.
        """
        svg = Svg(520, 560, "Folds and linear regions")
        axes = Axes(svg, (56, 60), (430, 430), *self.box)
        svg.text(24, 26, f"{self.count:,} linear regions", "ink t b")
        self._shade(axes)
        for fold in self.folds:
            axes.segment(fold.start, fold.end, SERIES[(fold.layer + 1) % len(SERIES)] + "l", 1.6)
        if x is not None:
            axes.dots(x, y, 2.6)
        axes.frame("", "x1", "x2")
        for layer in range(len(self.units)):
            style = SERIES[(layer + 2) % len(SERIES)]
            svg.text(230 + 84 * layer, 48, f"layer {layer + 1}", f"{style} b")
        return svg.render()

    def _shade(self, axes: Axes) -> None:
        values = [_height(r) for r in self.regions]
        most = max(map(abs, values)) or 1.0
        for region, value in zip(self.regions, values, strict=True):
            way = " ".join(f"{px:.1f},{py:.1f}" for px, py in (axes.at(*c) for c in region.corners))
            colour, strength = ("p" if value >= 0 else "n"), 0.08 + 0.5 * (abs(value) / most) ** 0.8
            axes.svg.parts.append(f'<polygon class="{colour}" fill-opacity="{strength:.2f}" points="{way}"/>')


def _height(region: Region) -> float:
    """What a region is shaded by, in its middle."""
    z = region.weight @ region.corners.mean(axis=0) + region.bias
    return float(z[1] - z[0] if len(z) == 2 else z[0])


def folds(model: nn.Module, box: Box = ((-1.0, 1.0), (-1.0, 1.0))) -> Folds:
    """Cut the box into the pieces on which a ReLU network of two inputs is linear.

    `box` is ((least x1, most x1), (least x2, most x2)).

    Raises `ShapeError` for a network of other than two inputs, `NotSupportedError` for one that is not made of straight
    pieces, `ValueRangeError` for an empty box or more than 100,000 pieces.

    >>> import glassnet as torch
    >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> with torch.no_grad():
    ...     _ = model[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]])), model[0].bias.zero_()
    >>> folds(model).count  # two lines that cross
    4
    """
    box = as_box(box, "folds")
    stages = stages_of(model)
    if not stages or stages[0].weight.shape[1] != 2:
        got = f"folds: got a network of {stages[0].weight.shape[1] if stages else 0} inputs"
        raise ShapeError(complain(got, "expected 2, a plane", "Try pieces_along, which follows a line"))
    cutter = _Cutter(stages, box)
    return Folds(box, cutter.regions(), cutter.folds, [len(s.bias) for s in stages if s.slope is not None])


@dataclass(eq=False)
class _Piece:
    """A region in the making: h = a x + c is what the layers so far make of it."""

    corners: np.ndarray
    a: np.ndarray  # (units, 2)
    c: np.ndarray  # (units,)
    signs: list[np.ndarray]


class _Cutter:
    def __init__(self, stages: list[Stage], box: Box) -> None:
        self.stages, self.folds = stages, list[Fold]()
        (x0, x1), (y0, y1) = box
        self.square = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
        self.reach = float(np.abs(self.square).max() + (x1 - x0) + (y1 - y0))

    def regions(self) -> list[Region]:
        """Cut by one layer after another."""
        pieces = [_Piece(self.square, np.eye(2), np.zeros(2), [])]
        layer = 0
        for stage in self.stages:
            layer += stage.slope is not None
            found: list[_Piece] = []
            for piece in pieces:
                found += self._through(piece, stage, layer)
                self._check(len(found))
            pieces = found
        return [Region(p.corners, p.a, p.c, p.signs) for p in pieces]

    @staticmethod
    def _check(count: int) -> None:
        if count > _MOST:
            got, expected = f"folds: got more than {_MOST:,} linear regions", f"expected at most {_MOST:,}"
            raise ValueRangeError(complain(got, expected, "Try a smaller box"))

    def _through(self, piece: _Piece, stage: Stage, layer: int) -> list[_Piece]:
        a, c = stage.weight @ piece.a, stage.weight @ piece.c + stage.bias  # z = a x + c on the piece
        if stage.slope is None:
            return [_Piece(piece.corners, a, c, piece.signs)]
        fine = _TINY * (np.abs(a).sum(axis=1) * self.reach + np.abs(c)) + 1e-300
        done, todo = list[_Piece](), [(piece.corners, np.arange(len(c)))]
        while todo:
            corners, units = todo.pop()  # only units that cross the whole can cross a part
            self._check(len(done) + len(todo))
            z = corners @ a[units].T + c[units]  # (corners, units)
            crossing = np.flatnonzero((z.min(axis=0) < -fine[units]) & (z.max(axis=0) > fine[units]))
            if len(crossing):
                unit, others = int(units[crossing[0]]), units[crossing[1:]]
                halves = self._split(corners, z[:, crossing[0]], fine[unit], (layer, unit + 1))
                todo += [(half, others) for half in halves]
                continue
            on = a @ corners.mean(axis=0) + c > 0
            kept = np.where(on, 1.0, stage.slope)
            done.append(_Piece(corners, a * kept[:, None], c * kept, [*piece.signs, on]))
        return done

    def _split(self, corners: np.ndarray, z: np.ndarray, fine: float, unit: tuple[int, int]) -> list[np.ndarray]:
        """The two halves of a convex piece, and a note of the cut."""
        halves: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        cut: list[np.ndarray] = []
        for i, (p, v) in enumerate(zip(corners, z, strict=True)):
            q, w = corners[(i + 1) % len(corners)], z[(i + 1) % len(corners)]
            if abs(v) <= fine:
                cut.append(p)
            for half, sign in zip(halves, (1, -1), strict=True):
                if sign * v >= -fine:
                    half.append(p)
            if abs(v) > fine and abs(w) > fine and (v > 0) != (w > 0):
                crossing = p + (q - p) * (v / (v - w))
                cut.append(crossing)
                halves[0].append(crossing)
                halves[1].append(crossing)
        start, end = (tuple(p.tolist()) for p in (cut[0], cut[-1]))
        self.folds.append(Fold(*unit, start, end))
        return [np.array(half) for half in halves]


# ---- along a line ----------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Pieces:
    """A network along a line from `start` to `end`: at t from 0 to 1 it is straight between the `breaks`."""

    breaks: np.ndarray  # (pieces + 1,), from 0 to 1
    values: np.ndarray  # (pieces + 1, outputs), at the breaks
    crossings: tuple[int, ...] = ()  # how often units of each layer with bends cross 0

    @property
    def count(self) -> int:
        """How many straight pieces there are."""
        return len(self.breaks) - 1

    def text(self) -> str:
        """What was counted, and how long the pieces are."""
        lengths = np.diff(self.breaks)
        return (
            f"{self.count:,} straight pieces on the way; the shortest is {lengths.min():.2g} of it, "
            f"the longest {lengths.max():.2g}"
        )

    def svg(self) -> str:
        """Each output on the way, with a mark where it bends."""
        svg = Svg(720, 380, "A network along a line")
        svg.text(24, 28, f"{self.count:,} straight pieces on the way", "ink t b")
        low, high = float(self.values.min()), float(self.values.max())
        axes = Axes(svg, (64, 50), (620, 260), (0, 1), (low - 0.05 * (high - low), high + 0.05 * (high - low)))
        for t in self.breaks[1:-1].tolist() if self.count <= 300 else []:
            axes.segment((t, axes.ys[0]), (t, axes.ys[0] + 0.03 * (axes.ys[1] - axes.ys[0])), "softl", 1)
        for k in range(self.values.shape[1]):
            axes.line(self.breaks, self.values[:, k], SERIES[k % len(SERIES)] + "l", 1.6)
        axes.frame("", "from start to end", "outputs")
        return svg.render()


def pieces_along(model: nn.Module, start: object, end: object) -> Pieces:
    """The straight pieces of a ReLU network of any number of inputs on the way from one input to another.

    >>> import glassnet as torch
    >>> from glassnet.read.capacity_depth import tent_network
    >>> [pieces_along(tent_network(depth), [0.0], [1.0]).count for depth in (1, 2, 3, 8)]
    [2, 4, 8, 256]
    """
    stages = stages_of(model)
    a, b = np.asarray(start, np.float64).reshape(-1), np.asarray(end, np.float64).reshape(-1)
    inputs = stages[0].weight.shape[1] if stages else 0
    if len(a) != inputs or len(b) != inputs:
        got = f"pieces_along: got points of {len(a)} and {len(b)} numbers"
        raise ShapeError(complain(got, f"expected {inputs} each", f"Try {[0.0] * min(inputs, 4)}"))
    t = np.array([0.0, 1.0])
    h, crossings = a + t[:, None] * (b - a), list[int]()  # (breaks, inputs)
    for stage in stages:
        z = h @ stage.weight.T + stage.bias
        if stage.slope is None:
            h = z
        else:
            before = len(t)
            t, z = _broken(t, z)
            crossings.append(len(t) - before)
            h = np.where(z > 0, z, stage.slope * z)
    return _joined(t, h, tuple(crossings))


def _broken(t: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Break pieces where a unit crosses 0; between breaks z `(breaks, units)` is straight."""
    fine = 1e-13 * (np.abs(z).max(axis=0) + 1e-300)
    left, right = z[:-1], z[1:]
    piece, unit = np.nonzero((left * right < 0) & (np.abs(left) > fine) & (np.abs(right) > fine))
    share = left[piece, unit] / (left[piece, unit] - right[piece, unit])
    fresh = t[piece] + share * (t[piece + 1] - t[piece])
    values = left[piece] + share[:, None] * (right[piece] - left[piece])
    values[np.arange(len(unit)), unit] = 0.0
    order = np.argsort(np.concatenate([t, fresh]), kind="stable")
    return np.concatenate([t, fresh])[order], np.concatenate([z, values])[order]


def _joined(t: np.ndarray, y: np.ndarray, crossings: tuple[int, ...]) -> Pieces:
    """Leave out breaks at which nothing bends."""
    apart = np.append(np.diff(t) > 1e-12, True)
    t, y = t[apart], y[apart]
    slopes = np.diff(y, axis=0) / np.diff(t)[:, None]
    size = np.abs(slopes).max(initial=0.0) or 1.0
    bends = (np.abs(np.diff(slopes, axis=0)) > 1e-7 * size).any(axis=1)
    kept = np.concatenate([[True], bends, [True]])
    return Pieces(t[kept], y[kept], crossings)
