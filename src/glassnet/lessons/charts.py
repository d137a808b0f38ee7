"""Curves, points in the plane with what a model says there, bars, rows of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.lessons.pictures import BLUE, COLOURS, GREY, INK, ORANGE, Array, Axes, Picture

_BLUE, _ORANGE = np.array([8, 119, 189.0]), np.array([232, 136, 26.0])


def curves(
    named: Mapping[str, Any],
    x: Any = None,
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    log: bool = False,
    size: tuple[float, float] = (460, 260),
    limits: tuple[float, float] | None = None,
) -> Picture:
    """Lines over a common x (or over 0, 1, 2, …), each with its name; `log` makes the upright scale logarithmic.

    A line may also be a pair `(x, y)` of its own. Raises `ValueRangeError` when no number can be drawn.

    >>> curves({"square": [0, 1, 4, 9]}, title="growing")
    <picture: growing>
    """
    lines = {name: _line(given, x) for name, given in named.items()}
    every = np.concatenate([y for _, y in lines.values()]) if lines else np.zeros(0)
    every = every[np.isfinite(every) & ((every > 0) if log else True)]
    if not every.size:
        got = f"curves: got {len(lines)} lines without a number to draw"
        raise ValueRangeError(
            complain(got, "expected finite ones, positive if log", "Try curves({'loss': [1.0, 0.5]})")
        )
    low, high = limits or (float(every.min()), float(every.max()))
    if limits is None:
        low, high = _roomy(low, high, log)
    ends = np.concatenate([a for a, _ in lines.values()])
    x_low, x_high = float(ends.min()), float(ends.max())
    picture = Picture(*size, title=title)
    axes = Axes(picture, (x_low, x_high if x_high > x_low else x_low + 1), (low, high), log)
    axes.frame(x_label, y_label)
    for (_, (a, y)), colour in zip(lines.items(), COLOURS * len(lines), strict=False):
        axes.curve(a, y, colour)
    _legend(axes, lines)
    return picture


def _line(given: Any, x: Any) -> tuple[Array, Array]:
    if isinstance(given, tuple) and len(given) == 2:
        return np.asarray(given[0], float), np.asarray(given[1], float)
    y = np.asarray(given, float).reshape(-1)
    return (np.arange(len(y), dtype=float) if x is None else np.asarray(x, float).reshape(-1)), y


def _roomy(low: float, high: float, log: bool) -> tuple[float, float]:
    if log:
        return low / 1.3, high * 1.3
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _legend(axes: Axes, lines: Mapping[str, tuple[Array, Array]]) -> None:
    """The names in the colours of their lines, in the corner that the lines leave most free."""
    if len(lines) < 2:
        return
    wide, high = 34 + 6.2 * max(map(len, lines)), 14.0 * len(lines) + 4
    x, y = _free_corner(axes, lines, wide, high)
    axes.picture.add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:g}" fill="white" opacity="0.8"/>')
    for i, name in enumerate(lines):
        at, colour = y + 12 + 14 * i, COLOURS[i % len(COLOURS)]
        axes.picture.text(x + wide - 20, at, name, 11, "end", colour)
        axes.picture.line(x + wide - 17, at - 4, x + wide - 4, at - 4, colour, 2)


def _free_corner(axes: Axes, lines: Mapping[str, tuple[Array, Array]], wide: float, high: float) -> tuple[float, float]:
    """Where a box of that size hides least: the upper right, if nothing is gained elsewhere."""
    left, top, width, height = axes.box
    drawn = np.array([axes.at(a, b) for line in lines.values() for a, b in _dense(*line) if np.isfinite(b)])
    right, down = left + width - wide - 2, top + height - high - 2
    corners = [(right, top + 2), (left + 2, top + 2), (right, down), (left + 2, down)]
    hidden = [
        int(((drawn > (x - 4, y - 4)) & (drawn < (x + wide + 4, y + high + 4))).all(axis=1).sum()) for x, y in corners
    ]
    return corners[int(np.argmin(hidden))]


def _dense(a: Array, b: Array) -> list[tuple[float, float]]:
    """Points along a line, close together: a line of two points crosses a corner too."""
    if len(a) < 2:
        return list(zip(a.tolist(), b.tolist(), strict=True))
    at = np.linspace(0, len(a) - 1, 200)
    places = np.arange(len(a))
    return list(zip(np.interp(at, places, a).tolist(), np.interp(at, places, b).tolist(), strict=True))


def plane(
    x: Any,
    y: Any,
    model: Any = None,
    *,
    title: str = "",
    lines: Sequence[tuple[float, float, float]] = (),
    labels: tuple[str, str] = ("x1", "x2"),
    size: float = 260,
    margin: float = 0.15,
    cells: int = 60,
) -> Picture:
    """Points `(n, 2)` of class 0 (orange) and 1 (blue), and behind them what a model answers everywhere.

    The model is a module or a function from points `(m, 2)` to probabilities or scores `(m,)` or `(m, 1)`: below a
    half is orange, above it blue. Each of `lines` is (w1, w2, b) and drawn where w1 x1 + w2 x2 + b = 0.

    >>> plane([[0, 0], [1, 1]], [0, 1], lines=[(1, 1, -1)], title="a line between")
    <picture: a line between>
    """
    x, y = np.asarray(x, float), np.asarray(y).reshape(-1)
    low, high = x.min(axis=0), x.max(axis=0)
    room = margin * np.maximum(high - low, 1e-9).max() + 1e-9
    low, high = low - room, high + room
    picture = Picture(size, size, title=title)
    axes = Axes(picture, (low[0], high[0]), (low[1], high[1]), left=44, bottom=34)
    if model is not None:
        _shade(axes, model, low, high, cells)
    axes.frame(*labels)
    for w1, w2, b in lines:
        _boundary(axes, w1, w2, b)
    radius = 6.0 if len(x) <= 12 else 2.6
    for (a, b), label in zip(x, y, strict=True):
        axes.picture.dot(*axes.at(a, b), (ORANGE, BLUE)[int(label > 0.5)], radius)
    return picture


def _shade(axes: Axes, model: Any, low: Array, high: Array, cells: int) -> None:
    across = low[0] + (np.arange(cells) + 0.5) / cells * (high[0] - low[0])
    down = high[1] - (np.arange(cells) + 0.5) / cells * (high[1] - low[1])
    grid = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    p = np.clip(answers(model, grid), 0, 1).reshape(cells, cells, 1)
    colours = np.where(p < 0.5, _ORANGE, _BLUE)
    strength = 0.12 + 0.5 * np.abs(p - 0.5)
    left, top, width, height = axes.box
    axes.picture.image(255 + (colours - 255) * strength, left, top, width, height)


def answers(model: Callable[[Any], Any], points: Array) -> Array:
    """What a module or a function says at points `(m, 2)`: `(m,)`.

    >>> answers(lambda p: p[:, 0] > 0, np.array([[1.0, 0.0], [-1.0, 0.0]]))
    array([1., 0.])
    """
    parameters = getattr(model, "parameters", None)
    if parameters is None:
        return np.asarray(model(points), float).reshape(-1)
    first = next(iter(parameters()), None)
    with no_grad():
        said = model(wrap(points.astype(np.float32 if first is None else first.array.dtype)))
    return np.asarray(said.array if isinstance(said, Tensor) else said, float).reshape(-1)


def _boundary(axes: Axes, w1: float, w2: float, b: float) -> None:
    """Where w1 x1 + w2 x2 + b = 0, from one end of the box to the other."""
    if abs(w2) >= abs(w1):
        ends = [(x, -(w1 * x + b) / w2) for x in axes.x] if w2 else []
    else:
        ends = [(-(w2 * y + b) / w1, y) for y in axes.y]
    if ends:
        (x1, y1), (x2, y2) = (axes.at(*end) for end in ends)
        axes.picture.add(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{INK}" stroke-width="1.6" '
            f'stroke-dasharray="5 3" clip-path="url(#{axes.clip})"/>'
        )


def bars(
    values: Mapping[str, float], *, title: str = "", size: tuple[float, float] = (420, 0), digits: int = 3
) -> Picture:
    """A bar for each named number: to the right if positive, to the left if negative.

    >>> bars({"cat": 0.8, "dog": 0.2}, title="which?")
    <picture: which?>
    """
    height = size[1] or 34 + 19 * len(values)
    picture = Picture(size[0], height, title=title)
    picture.text(size[0] / 2, 16, title, 13)
    start, room = 130.0, size[0] - 130 - 66
    largest = max((abs(v) for v in values.values()), default=1.0) or 1.0
    zero = start + (room / 2 if any(v < 0 for v in values.values()) else 0)
    room = room / 2 if zero > start else room
    for i, (name, v) in enumerate(values.items()):
        y, wide = 26 + 19 * i, abs(v) / largest * room
        picture.text(start - 6, y + 11, name, 11, "end")
        picture.add(
            f'<rect x="{zero - wide if v < 0 else zero:.1f}" y="{y}" width="{wide:.1f}" height="14" '
            f'fill="{ORANGE if v < 0 else BLUE}"/>'
        )
        picture.text(zero + (wide if v > 0 else 0) + 5, y + 11, f"{v:.{digits}g}", 10, "start", GREY)
    return picture


def images(
    arrays: Any,
    labels: Sequence[str] = (),
    *,
    title: str = "",
    columns: int = 10,
    signed: bool = False,
    size: float = 56,
) -> Picture:
    """Grey images `(n, rows, columns)`, or with `signed` weights: blue where positive, orange where negative.

    >>> images(np.zeros((3, 28, 28)), ["a", "b", "c"], title="three")
    <picture: three>
    """
    arrays = np.asarray(arrays, float)
    columns = min(columns, len(arrays))
    line = size + (18 if len(labels) else 4)
    top = 24 if title else 4
    picture = Picture(columns * (size + 6) + 6, top + -(-len(arrays) // columns) * line + 4, title=title)
    picture.text(picture.width / 2, 16, title, 13)
    for i, array in enumerate(arrays):
        x, y = 6 + i % columns * (size + 6), top + i // columns * line
        picture.image(_coloured(array) if signed else _grey(array), x, y, size, size)
        if i < len(labels):
            picture.text(x + size / 2, y + size + 12, labels[i], 10)
    return picture


def _grey(array: Array) -> Array:
    low, high = array.min(), array.max()
    level = 255 * (1 - (array - low) / (high - low or 1))
    return np.repeat(level[..., None], 3, axis=2)


def _coloured(array: Array) -> Array:
    share = (np.abs(array) / (np.abs(array).max() or 1))[..., None]
    return 255 + (np.where(array[..., None] > 0, _BLUE, _ORANGE) - 255) * share
