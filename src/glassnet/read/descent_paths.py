"""The ways that optimisers take down functions of two numbers: bowls, valleys, saddles, and harder ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.read.draw_chart import Axes, Span, legend
from glassnet.read.draw_svg import SERIES, Svg

_FINE = 160  # grid of a picture
_BANDS = 14


@dataclass(frozen=True)
class Ground:
    """A function of two numbers x, y: tensors in, a tensor out."""

    name: str
    formula: str
    function: Callable[[Tensor, Tensor], Tensor]
    start: tuple[float, float]
    box: tuple[Span, Span]
    lowest: tuple[tuple[float, float], ...] = ()  # none for one that falls for ever
    rate: float = 0.05  # at which plain descent from the start stays on it: the steeper, the smaller

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Heights, number by number."""
        with no_grad():
            return self.function(wrap(np.asarray(x, np.float64)), wrap(np.asarray(y, np.float64))).array


GROUNDS = {
    ground.name: ground
    for ground in (
        Ground("bowl", "x² + y²", lambda x, y: x * x + y * y, (-2.5, 1.5), ((-3, 3), (-3, 3)), ((0, 0),)),
        Ground("valley", "x²/2 + 10 y²", lambda x, y: x * x * 0.5 + y * y * 10.0, (-2.5, 1.0), ((-3, 3), (-2, 2)),
               ((0, 0),)),
        Ground("saddle", "x² − y²", lambda x, y: x * x - y * y, (-2.0, 0.01), ((-3, 3), (-3, 3))),
        Ground("rosenbrock", "(1 − x)² + 100 (y − x²)²", lambda x, y: (1.0 - x) ** 2 + (y - x * x) ** 2 * 100.0,
               (-1.2, 1.0), ((-2, 2), (-1, 3)), ((1, 1),), rate=0.001),  # Rosenbrock 1960
        Ground("himmelblau", "(x² + y − 11)² + (x + y² − 7)²",
               lambda x, y: (x * x + y - 11.0) ** 2 + (x + y * y - 7.0) ** 2, (-0.5, -1.0), ((-5, 5), (-5, 5)),
               ((3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)), rate=0.01),  # 1972
        Ground("beale", "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
               lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y * y) ** 2 + (2.625 - x + x * y * y * y) ** 2,
               (1.0, 1.5), ((-1, 4), (-2, 2)), ((3, 0.5),), rate=0.01),  # Beale 1958
    )
}  # fmt: skip


@dataclass(eq=False)
class Path:
    """Where an optimiser was before the first step and after each, and how high."""

    ground: Ground
    name: str
    points: np.ndarray  # (steps + 1, 2)
    heights: np.ndarray  # (steps + 1,)

    @property
    def diverged(self) -> bool:
        """Whether it left for ever, although there is a lowest point to find."""
        gone = not np.isfinite(self.heights[-1]) or self.heights[-1] > self.heights[0]
        return bool(gone and self.ground.lowest)

    @property
    def distance(self) -> float | None:
        """How far the end is from the nearest lowest point."""
        low = np.array(self.ground.lowest)
        return float(np.hypot(*(low - self.points[-1]).T).min()) if len(low) else None

    def tell(self) -> str:
        """The end in a line."""
        (x, y), height = self.points[-1], self.heights[-1]
        where = f"after {len(self.points) - 1:,} steps at ({x:.4g}, {y:.4g}), height {height:.4g}"
        if self.diverged:
            return f"{where}: diverged"
        return where if self.distance is None else f"{where}, {self.distance:.2g} from the lowest point"


def descend(
    ground: str | Ground,
    optimizer: Callable[..., Any],
    steps: int = 100,
    start: Sequence[float] | None = None,
    name: str | None = None,
    **options: Any,
) -> Path:
    """Let an optimiser walk downhill: `optimizer` is a class of `optim`, `options` go to it.

    Raises `ValueRangeError` for ground that is not in `GROUNDS`, or a start that is not two numbers.

    >>> import glassnet as torch
    >>> path = descend("bowl", torch.optim.SGD, steps=3, start=(1.0, -2.0), lr=0.25)
    >>> path.points.tolist()
    [[1.0, -2.0], [0.5, -1.0], [0.25, -0.5], [0.125, -0.25]]
    """
    if isinstance(ground, str) and ground not in GROUNDS:
        got, expected = f"descend: got the ground {ground!r}", f"expected one of {', '.join(GROUNDS)}"
        raise ValueRangeError(complain(got, expected, "Try 'bowl'"))
    ground = GROUNDS[ground] if isinstance(ground, str) else ground
    first = np.array(ground.start if start is None else start, np.float64)
    if first.shape != (2,) or not np.isfinite(first).all():
        got = f"descend: got start={start!r}"
        raise ValueRangeError(complain(got, "expected two numbers", f"Try start={ground.start}"))
    points = _walked(ground, optimizer, first, steps, options)
    label = name or f"{optimizer.__name__}" + "".join(f", {k} {v:g}" for k, v in options.items() if k == "lr")
    return Path(ground, label, points, ground(*points.T))


def _walked(ground: Ground, optimizer: Any, start: np.ndarray, steps: int, options: dict[str, Any]) -> np.ndarray:
    w = wrap(start.copy()).requires_grad_()
    rule = optimizer([w], **options)

    def height() -> Tensor:
        rule.zero_grad()
        total = ground.function(w[0], w[1])
        total.backward()
        return total

    points = [start.copy()]
    for _ in range(steps):
        rule.step(height)
        points.append(w.array.copy())
        if not np.isfinite(w.array).all():
            break
    return np.array(points)


def paths_svg(paths: Sequence[Path]) -> str:
    """Walks over the same ground: from above, with bands of equal height, and the height after each step."""
    ground = paths[0].ground
    svg = Svg(980, 520, f"Ways down {ground.name}")
    svg.text(24, 28, f"{ground.name}: {ground.formula}", "ink t b")
    foot = legend(svg, 24, 54, [p.name for p in paths], 930)
    left = Axes(svg, (56, 66 + foot), (400, 400 - foot), *ground.box)
    left.shade(_bands(ground))
    _draw_ways(left, paths)
    left.frame("", "x", "y")
    right = _heights(svg, paths, foot)
    right.frame("", "step", "height")
    return svg.render()


def _bands(ground: Ground) -> np.ndarray:
    """Heights in steps, low ground lightest; the sign of the height is the colour where it goes below 0."""
    x, y = (np.linspace(*side, _FINE) for side in ground.box)
    heights = ground(*np.meshgrid(x, y))
    shares = np.sign(heights) * np.log1p(np.abs(heights))
    return np.round(shares / np.abs(shares).max() * _BANDS) / _BANDS * 0.75


def _draw_ways(axes: Axes, paths: Sequence[Path]) -> None:
    for k, path in enumerate(paths):
        style = SERIES[k % len(SERIES)]
        (x0, x1), (y0, y1) = axes.xs, axes.ys
        x, y = path.points.T
        inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        axes.line(x, np.where(inside, y, np.nan), style + "l", 2)
        if len(path.points) <= 60:
            axes.svg.dots([axes.at(*p) for p in path.points[inside]], 2, style)
    for low in paths[0].ground.lowest:
        axes.svg.dot(*axes.at(*low), 5, "no inkl")


def _heights(svg: Svg, paths: Sequence[Path], foot: float) -> Axes:
    heights = np.concatenate([p.heights for p in paths])
    heights = heights[np.isfinite(heights)]
    log = bool((heights > 0).all()) and heights.max() > 20 * heights.min()
    top = min(float(heights.max()), 10 * max(abs(float(p.heights[0])) for p in paths))
    bottom = max(float(heights.min()), top * 1e-12) if log else max(float(heights.min()), -10 * abs(top) - 1)
    axes = Axes(
        svg, (548, 66 + foot), (400, 400 - foot), (0, max(len(p.points) for p in paths) - 1), (bottom, top), log
    )
    for k, path in enumerate(paths):
        values = np.where(path.heights <= top, path.heights, np.nan)
        axes.line(np.arange(len(values)), values, SERIES[k % len(SERIES)] + "l", 2)
    return axes
