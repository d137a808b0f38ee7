"""`glassnet runs`: what was trained here, what became of it, and how one run differs from another."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from glassnet.cli.help import Page
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.pictures import visible
from glassnet.cli.progress import clock
from glassnet.cli.report import percent
from glassnet.cli.run_page import comparison, run_page
from glassnet.cli.terminal import Terminal
from glassnet.cli.whereabouts import model_path, run_path
from glassnet.errors import FileError, complain
from glassnet.files import strict_json
from glassnet.files.os_errors import shown, typed
from glassnet.train.kinds import Choice, Text, Whole, nearest
from glassnet.train.runs import METRICS, Run, find_runs, is_run

SORTS = ("date", "name", *METRICS)
STATES = ("done", "stopped", "failed", "unfinished")

PAGE = Page(
    usage="glassnet runs [FOLDER] [options]\n       glassnet runs show RUN\n       glassnet runs compare RUN RUN …\n"
    "       glassnet runs report RUN [--output FILE]",
    says="List the runs in a folder, best or newest first; show one; compare several; or write a report of one in "
    "Markdown, beside what guessing and a linear model reach. RUN is a run folder, its name in `runs`, or `last`.",
    examples=(
        ("glassnet runs", "the newest first"),
        ("glassnet runs --data mnist --sort accuracy", "the best first"),
        ("glassnet runs show runs/mnist-20260101-120000", "everything about one"),
        ("glassnet runs compare runs/a runs/b", "settings that differ, and results"),
        ("glassnet runs report runs/a --output report.md", "for others to read"),
    ),
)


def options() -> list[Option]:
    """The options of the command."""
    return [
        Option("sort", Choice(SORTS), "what to sort by, best or newest first", (), "List", "date"),
        Option("reverse", None, "the other way round", (), "List"),
        Option("data", Text("mnist", "DATA", "a data set"), "only runs on this data set", (), "List"),
        Option("status", Choice(STATES), "only runs that ended like this", (), "List"),
        Option("limit", Whole(1, example="10"), "show so many at most", (), "List", "all"),
        Option("output", Text("report.md", "FILE", "a file"), "with report: write it here", (), "Report", "print it"),
        Option("no_baselines", None, "with report: without guessing and the linear model", (), "Report"),
        Option("json", None, "print it as JSON, and nothing else"),
        Option("help", None, "show this page"),
    ]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    first, *rest = parsed.arguments or [""]
    if first in _ACTIONS and not is_run(first):
        return _ACTIONS[first](rest, parsed)
    if not rest and first and is_run(run_path(first)):
        first = run_path(first)
    if rest or (first and not os.path.isdir(first)):
        raise UsageError(_unknown(first, rest))
    if first and is_run(first):
        return _show([first], parsed)
    return _list(first or "runs", parsed)


def _unknown(first: str, rest: Sequence[str]) -> str:
    near = nearest(first, _ACTIONS)
    got = f"got {shown(' '.join([first, *rest]))}"
    hint = f"Try glassnet runs {near} {' '.join(rest) or 'RUN'}" if near else "Try glassnet runs --help"
    return complain(got, f"expected a folder that exists, or one of {', '.join(_ACTIONS)}", hint)


def find(name: str) -> Run:
    """The run that a word means: a folder, the name of one in `runs`, or `last`.

    Raises `FileError` when there is none.
    """
    return Run(model_path(name))


# ---- the list -------------------------------------------------------------------------------------------------------


def _list(folder: str, parsed: Parsed) -> int:
    values = parsed.values
    everything = find_runs(folder)
    found = [run for run in everything if _wanted(run, values)]
    sort = values.get("sort", "date")
    found = sorted_by(found, sort, parsed.flag("reverse"))[: values.get("limit")]
    if parsed.flag("json"):
        _print_json([summary(run) for run in found])
        return 0
    terminal = Terminal(sys.stdout)
    if not found:
        terminal.say(*_nothing(folder, everything))
        return 0
    terminal.say(*table(found, terminal))
    for run in (run for run in found if run.problems):
        terminal.say(terminal.paint(f"{run.name}: {run.problems[0]}", "33"))
    return 0


def _wanted(run: Run, values: dict[str, Any]) -> bool:
    data, status = values.get("data"), values.get("status")
    if run.problems:
        return not data and not status
    return (not data or _plain(run.data) == _plain(data)) and (not status or run.status == status)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _nothing(folder: str, everything: Sequence[Run]) -> list[str]:
    if not everything:
        return [f"no runs in {shown(folder)}: glassnet train moons makes one"]
    names = ", ".join(sorted({run.data for run in everything if not run.problems}))
    return [f"none of {len(everything)} runs in {shown(folder)} is like that; they are on {names or 'spoilt data'}"]


def sorted_by(runs: Sequence[Run], sort: str, reverse: bool = False) -> list[Run]:
    """Best or newest first; runs without the figure come last in any case."""
    if sort in METRICS:
        sign = -1.0 if METRICS[sort][1] != reverse else 1.0
        keys = {id(run): None if run.problems else run.metric(sort) for run in runs}
        known = [run for run in runs if keys[id(run)] is not None]
        known.sort(key=lambda run: sign * (keys[id(run)] or 0.0))
        return known + [run for run in runs if keys[id(run)] is None]
    by_name = sort == "name"
    whole = [run for run in runs if not run.problems]
    whole.sort(key=lambda run: run.name if by_name else (run.date, run.name), reverse=by_name == reverse)
    return whole + [run for run in runs if run.problems]


def table(runs: Sequence[Run], terminal: Terminal) -> list[str]:
    """A row for each run; columns that do not fit, or that no run has, are left out."""
    columns: list[tuple[str, list[str], bool]] = []
    for heading, cell, right in _COLUMNS:
        cells = ["" if run.problems and heading != "run" else cell(run) for run in runs]
        if any(cells):
            columns.append((heading.replace("R²", terminal.r2), cells, right))
    for spare in _SPARE:
        if _width(columns) > terminal.width:
            columns = [column for column in columns if column[0] != spare]
    best = _best(runs)
    lines = [terminal.dim("  ".join(_cell(heading, column) for column in columns for heading in [column[0]]))]
    for i, run in enumerate(runs):
        line = "  ".join(_cell(column[1][i], column) for column in columns).rstrip()
        lines.append(terminal.bold(line) if run is best and len(runs) > 1 else line)
    return lines


def _cell(text: str, column: tuple[str, list[str], bool]) -> str:
    width = max(len(column[0]), *map(visible, column[1]))
    return f"{text:>{width}}" if column[2] else f"{text:<{width}}"


def _width(columns: Sequence[tuple[str, list[str], bool]]) -> int:
    return sum(len(_cell("", column)) + 2 for column in columns) - 2


def _best(runs: Sequence[Run]) -> Run | None:
    """The best of runs on one data set; of several, none is the best."""
    fit = [run for run in runs if not run.problems and run.status in ("done", "stopped")]
    if len({run.data for run in fit}) != 1:
        return None
    name = next((name for name in ("accuracy", "r2") if any(run.metric(name) is not None for run in fit)), None)
    return sorted_by(fit, name)[0] if name else None


def _share(run: Run) -> str:
    value = run.metric("accuracy")
    return percent(value) if value is not None else ""


def _r2(run: Run) -> str:
    value = run.metric("r2")
    return f"{value:.4f}" if value is not None and run.task == "regression" else ""


def _loss(run: Run) -> str:
    value = run.metric("loss")
    return f"{value:.4f}" if value is not None else ""


def _epochs(run: Run) -> str:
    value = run.metric("epochs")
    return f"{value:g}" if value is not None and value == round(value) else f"{value:.1f}" if value is not None else ""


def _time(run: Run) -> str:
    seconds = run.seconds
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds < 60 else clock(seconds)


_COLUMNS: list[tuple[str, Callable[[Run], str], bool]] = [
    ("run", lambda run: run.name, False),
    ("data", lambda run: run.data, False),
    ("accuracy", _share, True),
    ("R²", _r2, True),
    ("loss", _loss, True),
    ("epochs", _epochs, True),
    ("time", _time, True),
    ("network", lambda run: str(run.settings.get("network") or ""), False),
    ("begun", lambda run: run.date[:16], False),
    ("status", lambda run: "" if run.status == "done" else run.status, False),
]
_SPARE = ("begun", "network", "epochs", "loss", "time")  # left out first


def summary(run: Run) -> dict[str, Any]:
    """The figures of a run by which it is listed, for JSON."""
    if run.problems:
        return {"run": run.path, "problem": run.problems[0]}
    figures = {name: run.metric(name) for name in METRICS}
    about = {"run": run.path, "data": run.data, "status": run.status, "date": run.date, "seed": run.seed}
    return {**about, "settings": run.settings, **{name: value for name, value in figures.items() if value is not None}}


# ---- one, or several ------------------------------------------------------------------------------------------------


def _show(names: Sequence[str], parsed: Parsed) -> int:
    chosen = _one(names, "show")
    _refuse_sweeps([chosen])
    if parsed.flag("json"):
        _print_json({**summary(chosen), "environment": chosen.environment, "history": chosen.history.entries})
        return 0
    terminal = Terminal(sys.stdout)
    terminal.say(*run_page(chosen, terminal))
    return 0


def _compare(names: Sequence[str], parsed: Parsed) -> int:
    if len(names) < 2:
        got = f"got {shown(names[0])} alone" if names else "got no runs"
        raise UsageError(complain(got, "expected two or more", "Try glassnet runs compare runs/a runs/b"))
    chosen = [find(name) for name in names]
    _refuse_sweeps(chosen)
    if parsed.flag("json"):
        _print_json([summary(run) for run in chosen])
        return 0
    terminal = Terminal(sys.stdout)
    terminal.say(*comparison(chosen, terminal))
    return 0


def _refuse_sweeps(runs: Sequence[Run]) -> None:
    """A sweep keeps its trials' figures, not their trainings."""
    for run in runs:
        if os.path.exists(os.path.join(run.path, "sweep.json")):
            got = f"got {shown(run.path)}, which a sweep wrote"
            hint = f"Try glassnet sweep --resume {typed(run.path)}, which shows what came of it"
            raise FileError(complain(got, "expected the folder of one training", hint))


def _report(names: Sequence[str], parsed: Parsed) -> int:
    chosen = _one(names, "report")
    from glassnet.cli.run_report import report_of
    from glassnet.files.atomic import write_atomic

    text = report_of(chosen, baselines=not parsed.flag("no_baselines"))
    path = parsed.values.get("output")
    if path is None:
        Terminal(sys.stdout).say(*text.rstrip("\n").split("\n"))
        return 0
    write_atomic(path, text.encode())
    Terminal(sys.stdout).say(f"written to {shown(path)}")
    return 0


def _one(names: Sequence[str], action: str) -> Run:
    if len(names) != 1:
        got = f"got {len(names)} runs" if names else "got no run"
        several = f"glassnet runs compare {' '.join(names)}" if names else f"glassnet runs {action} last"
        raise UsageError(complain(got, "expected one", f"Try {several}"))
    return find(names[0])


def _print_json(values: Any) -> None:
    sys.stdout.write(strict_json.dumps(values, non_finite="null", sort_keys=False))


_ACTIONS: dict[str, Callable[[Sequence[str], Parsed], int]] = {
    "show": _show,
    "compare": _compare,
    "report": _report,
}
