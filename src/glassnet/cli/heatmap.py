"""Scores over two groups of settings as a map: half blocks in colour, two rows to a line, or plain numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from glassnet.cli.terminal import Terminal
from glassnet.scale.results import Results, shown_value
from glassnet.scale.space import Range

_COLOURS = (17, 18, 19, 25, 31, 37, 36, 35, 71, 107, 143, 179, 215, 221, 228)  # of 256: dark blue, green, light yellow
_NOTHING = 236  # failed, or not run
_WIDEST_CELL, _LEAST_CELL = 6, 3
_MOST_ROWS = 64

Labels = list[tuple[str, ...]]


def heat_map(results: Results, terminal: Terminal) -> list[str]:
    """The best score for each combination of settings; none for a search in fewer than two lists of values.

    More than four lists are too many for a map: it shows the four that matter most, and the best over the others.
    """
    names = [name for name, values in results.space.items() if not isinstance(values, Range) and len(values) > 1]
    strong = sorted(names, key=results.influence, reverse=True)[:4]
    names = [name for name in names if name in strong]
    while len(names) >= 2:
        rows, columns = names[: len(names) // 2], names[len(names) // 2 :]
        table = results.scores_on(rows, columns)
        share = results.task != "regression"
        lines = _drawn(table, (_axis(results, rows), _axis(results, columns)), terminal, share)
        if lines:
            title = f"{' and '.join(rows)} downwards, {' and '.join(columns)} to the right"
            return [terminal.bold("map of the best validation scores"), terminal.dim(title), "", *lines]
        names.remove(min(names, key=results.influence))
    return []


def _axis(results: Results, names: Sequence[str]) -> Labels:
    """The labels along an axis: one for each setting that lies along it."""
    return [tuple(map(shown_value, values)) for values in itertools.product(*(results.space[name] for name in names))]  # type: ignore[arg-type]


def _drawn(table: np.ndarray, labels: tuple[Labels, Labels], terminal: Terminal, share: bool) -> list[str]:
    """The map with its labels, or nothing if it does not fit."""
    rows, columns = labels
    blocks = terminal.colour and terminal.unicode
    cell = min(_WIDEST_CELL, max(_LEAST_CELL if blocks else 5, *(len(label[-1]) + 1 for label in columns)))
    outer, inner = (max(len(label[i]) for label in rows) for i in (0, -1))
    margin = outer + 2 + ((2 * inner + 1 if blocks else inner) + 2 if len(rows[0]) > 1 else 0)
    if margin + cell * len(columns) > terminal.width or len(rows) > _MOST_ROWS:
        return []
    heading = [" " * margin + line for line in _headings(columns, cell)]
    draw = _in_blocks if blocks else _in_numbers
    return [*map(terminal.dim, heading), *draw(table, rows, cell, (outer, margin), terminal, share)]


def _headings(columns: Labels, cell: int) -> list[str]:
    """A line for each setting; of one that changes slowly, each value where it begins."""
    lines = []
    for depth in range(1, len(columns[0]) + 1):
        groups = itertools.groupby(label[:depth] for label in columns)
        wide = ((values[-1], cell * len(list(group))) for values, group in groups)
        lines.append("".join(f"{text:<{width}}"[: width - 1] + " " for text, width in wide))
    return lines


def _in_numbers(
    table: np.ndarray, rows: Labels, cell: int, margins: tuple[int, int], terminal: Terminal, share: bool
) -> list[str]:
    lines, before = [], ""
    for label, scores in zip(rows, table, strict=True):
        text = label[0] if label[0] != before or len(label) == 1 else ""
        before = label[0]
        text = f"{text:<{margins[0] + 2}}" + (label[-1] if len(label) > 1 else "")
        lines.append(
            f"{text:<{margins[1]}}" + "".join(f"{_number(score, cell - 1, share):<{cell}}" for score in scores)
        )
    return lines


def _number(score: float, width: int, share: bool) -> str:
    """A share in percent, or R² as it is, as exactly as there is room for."""
    text = f"{100 * score:.1f}" if share else f"{score:.3f}"
    return "-" if score != score else text[:width].rstrip(".")


def _in_blocks(
    table: np.ndarray, rows: Labels, cell: int, margins: tuple[int, int], terminal: Terminal, share: bool
) -> list[str]:
    """Two rows to a line, within each group of rows that share their first label."""
    scale = _Scale(table)
    lines = []
    for first, group in itertools.groupby(range(len(rows)), key=lambda i: rows[i][0] if len(rows[i]) > 1 else ""):
        for i, pair in enumerate(_pairs(list(group))):
            labels = "·".join(rows[row][-1] for row in pair)
            text = f"{first if i == 0 else '':<{margins[0] + 2}}{labels}" if first else labels
            upper, lower = table[pair[0]], table[pair[1]] if len(pair) > 1 else None
            cells = "".join(
                scale.cell(upper[j], None if lower is None else lower[j], cell) for j in range(table.shape[1])
            )
            lines.append(terminal.dim(f"{text:<{margins[1]}}") + cells + "\x1b[0m")
    return [*lines, "", scale.legend(share)]


def _pairs(items: list[int]) -> list[tuple[int, ...]]:
    return [tuple(items[i : i + 2]) for i in range(0, len(items), 2)]


class _Scale:
    """Colours by rank: as many cells in each colour, so that one bad row does not make all others look alike."""

    def __init__(self, table: np.ndarray) -> None:
        self.ordered = np.sort(table[np.isfinite(table)])

    def colour(self, score: float) -> int:
        if not np.isfinite(score):
            return _NOTHING
        places = len(_COLOURS) - 1
        first, last = (int(np.searchsorted(self.ordered, score, side)) for side in ("left", "right"))
        rank = (first + last - 1) / 2 if last > first else first  # equals share the middle of their ranks
        return _COLOURS[round(min(rank / max(1, len(self.ordered) - 1), 1.0) * places)]

    def cell(self, upper: float, lower: float | None, width: int) -> str:
        if lower is None:
            return f"\x1b[38;5;{self.colour(upper)};49m" + "▀" * width
        return f"\x1b[38;5;{self.colour(upper)};48;5;{self.colour(lower)}m" + "▀" * width

    def legend(self, share: bool) -> str:
        """What the colours stand for, from the worst to the best."""
        if not len(self.ordered):
            return ""
        marks = np.quantile(self.ordered, [0, 0.25, 0.5, 0.75, 1])
        parts = [f"\x1b[38;5;{self.colour(mark)}m██\x1b[0m {_number(mark, 9, share)}" for mark in marks]
        return "  ".join(parts) + f"  \x1b[38;5;{_NOTHING}m██\x1b[0m failed"
