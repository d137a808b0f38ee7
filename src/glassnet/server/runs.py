"""The runs that the command line has written, in a few words each, for the page's table."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from glassnet.errors import GlassnetError
from glassnet.server.reports import RunCurve, RunList, RunSummary
from glassnet.train.runs import Run, is_run

_MOST_RUNS, _MOST_POINTS, _MOST_CURVES, _MOST_SIGNS = 200, 200, 6, 120
_FIRST = ("loss", "validation_loss", "test_loss", "accuracy", "validation_accuracy", "test_accuracy", "r2", "test_r2")


def list_runs(folder: str, id: int | None = None) -> RunList:
    """The newest runs of a folder; one whose files are spoilt says so.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     list_runs(folder).runs
    []
    """
    return RunList(os.path.basename(os.path.abspath(folder)), [_summary(path) for path in _newest(folder)], id)


def _newest(folder: str) -> list[str]:
    found: list[tuple[float, str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and is_run(entry.path):
                    found.append((entry.stat().st_mtime, entry.path))
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)[:_MOST_RUNS]]


def _summary(path: str) -> RunSummary:
    name = os.path.basename(path)[:_MOST_SIGNS]
    try:
        run = Run(path)
        return RunSummary(
            name, _text(run.data), run.task, run.status, run.date, {k: _text(v) for k, v in run.settings.items()},
            run.metric("accuracy"), run.metric("r2"), run.metric("loss"), run.seconds, run.metric("parameters"),
            run.metric("epochs"), _curves(run.history.entries),
        )  # fmt: skip
    except GlassnetError as problem:
        none = None, None, None, None, None, None
        return RunSummary(name, "?", "?", "failed", "", {}, *none, [], str(problem))


def _curves(entries: Sequence[dict[str, Any]]) -> list[RunCurve]:
    """The figures that there are, at most some hundred points of each."""
    names = [name for name in _FIRST if any(name in entry for entry in entries)][:_MOST_CURVES]
    every = max(1, math.ceil(len(entries) / _MOST_POINTS))
    rows = [(float(i + 1), entry) for i, entry in enumerate(entries)]
    kept = rows[::every] + (rows[-1:] if (len(rows) - 1) % every else [])
    curves = []
    for name in names:
        points = [(epoch, _number(entry[name])) for epoch, entry in kept if name in entry]
        curves.append(RunCurve(name, [epoch for epoch, _ in points], [value for _, value in points]))
    return curves


def _number(value: Any) -> float | None:
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if real else None


def _text(value: Any) -> str:
    """A setting as words.

    >>> _text([128, 64]), _text(0.1), _text(None)
    ('128, 64', '0.1', '')
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))[:_MOST_SIGNS]
    return (f"{value:g}" if isinstance(value, float) else str(value))[:_MOST_SIGNS]
