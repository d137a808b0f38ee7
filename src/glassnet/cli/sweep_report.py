"""What a search has found, for the eye: the best trials, what each setting does, the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.cli.heatmap import heat_map
from glassnet.cli.report import percent
from glassnet.cli.terminal import Terminal
from glassnet.scale.results import Results, shown_value

_SHOWN = 10


def score_text(score: float, task: str) -> str:
    """An accuracy in percent, R² as it is; a dash where there is none."""
    if score != score:
        return "-"
    return f"{score:.4f}" if task == "regression" else percent(score)


def report(results: Results, terminal: Terminal) -> list[str]:
    """The best trials, what each setting does, and the map."""
    if not results.by_number:
        return ["no trial was done"]
    parts = [_best_table(results, terminal), _effects_table(results, terminal), heat_map(results, terminal)]
    lines: list[str] = []
    for part in parts:
        lines += ["", *part] if lines and part else part
    return lines


def _best_table(results: Results, terminal: Terminal) -> list[str]:
    names = list(results.space)
    heading = [f"validation {terminal.r2}" if results.task == "regression" else "validation", *names, "time"]
    rows = [_row(result, names, results.task) for result in results.done[:_SHOWN]]
    failed = sum(result["status"] != "done" for result in results.by_number.values())
    n = len(results.by_number)
    title = f"the best of {n} trials" + (f", {failed} of which failed" if failed else "")
    return [terminal.bold(title), *_columns(heading, rows, terminal)]


def _row(result: dict[str, Any], names: Sequence[str], task: str) -> list[str]:
    score = "failed" if result["score"] is None else score_text(result["score"], task)
    return [score, *(shown_value(result["choices"][name]) for name in names), f"{result['seconds']:.2f} s"]


def _effects_table(results: Results, terminal: Terminal) -> list[str]:
    heading = ["setting", "value", "mean", "spread", "best", "failed", "s/epoch"]
    rows = []
    for name in sorted(results.space, key=results.influence, reverse=True):
        for i, effect in enumerate(results.effects(name)):
            figures = [score_text(figure, results.task) for figure in (effect.mean, effect.spread, effect.best)]
            speed = f"{effect.seconds_per_epoch:.3f}" if effect.seconds_per_epoch == effect.seconds_per_epoch else "-"
            rows.append(["" if i else name, shown_value(effect.value), *figures, str(effect.failed or ""), speed])
    title = "what each setting does, over all others (those that matter most first)"
    return [terminal.bold(title), *_columns(heading, rows, terminal, left=1)]


def _columns(heading: Sequence[str], rows: Sequence[Sequence[str]], terminal: Terminal, left: int = 0) -> list[str]:
    """A table: the first `left` columns begin at their left edge, the others end at their right edge."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            f"{cell:<{w}}" if i < left else f"{cell:>{w}}"
            for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        )

    return [terminal.dim(line(heading)), *(line(row)[: max(terminal.width, 40)] for row in rows)]
