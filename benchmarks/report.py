"""The figures as Markdown tables, so that nobody types them by hand.

    python -m benchmarks.report RESULTS.json [README.md]

writes them between the two markers of the README, or prints them.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.goals import Judged, judge_all
from benchmarks.results import Entry, Measurement, from_json

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
VERDICTS = {"pass": "pass", "miss": "**miss**", "unknown": "unknown"}


def markdown(results: dict[str, Any]) -> str:
    """All of a run: the machine, the goals, a table for each workload."""
    measurements = [from_json(stored) for stored in results["workloads"]]
    parts = [machine_lines(results), goals_table(judge_all(measurements))]
    parts += [workload_section(measurement) for measurement in measurements]
    return "\n\n".join(part for part in parts if part)


def machine_lines(results: dict[str, Any]) -> str:
    """What it was measured on, as a list."""
    machine, settings = results["machine"], results["settings"]
    removed = ", ".join(machine["removed_variables"]) or "none were set"
    packages = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return "\n".join(
        [
            f"- {machine['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['system']}, "
            f"Python {machine['python']}; load before the run {machine['load_before']}",
            f"- BLAS of NumPy: {'; '.join(machine['blas'])}",
            f"- {packages}",
            f"- digits: {results['data']}; {settings['rounds']} rounds; threads {settings['threads']}; "
            f"{'each peer tried all its recipes' if settings['tune'] else 'first recipe of each peer only'}",
            f"- variables removed from the children's environment: {removed}",
            *(f"- {note}" for note in results.get("notes", [])),
        ]
    )


def goals_table(judged: list[Judged]) -> str:
    """Goals beside what was measured."""
    if not judged:
        return ""
    rows = [(j.goal.workload, str(j.goal), shown(j), VERDICTS[j.verdict], ceiling(j)) for j in judged]
    kept = sum(j.verdict == "pass" for j in judged)
    heading = f"**{kept} of {len(judged)} goals kept**"
    return heading + "\n\n" + table(("workload", "goal", "measured", "verdict", "ceiling here"), rows)


def shown(judged: Judged) -> str:
    """The measured ratio, or why there is none."""
    return judged.reason if judged.measured is None else f"{figure(judged.measured)}{judged.goal.unit}"


def ceiling(judged: Judged) -> str:
    """How far the floor itself is ahead of that peer; marked where even the floor would miss the goal."""
    if judged.ceiling is None:
        return ""
    return f"{figure(judged.ceiling)}×" + (" (out of reach)" if judged.ceiling < judged.goal.bound else "")


def workload_section(measurement: Measurement) -> str:
    """One workload: every peer that was measured, then those that were not, and why."""
    counted = sorted((entry for entry in measurement.entries if entry.counts), key=lambda entry: entry.minimum)
    rows = [entry_row(entry, measurement) for entry in counted]
    header = ("peer", "threads", f"best, {measurement.shown_as}", "median", "÷ floor", "÷ glassnet", "rounds", "detail")
    missing = "\n".join(
        f"- {entry.title or entry.peer}{threads_of(entry)}: {entry.status} ({entry.reason})"
        for entry in measurement.entries
        if not entry.counts
    )
    parts = [f"### {measurement.name}: {measurement.summary}", table(header, rows) if rows else "", missing]
    return "\n\n".join(part for part in parts if part)


def entry_row(entry: Entry, measurement: Measurement) -> tuple[str, ...]:
    loss = "" if entry.after is None else f"; loss {entry.before:.3g} → {entry.after:.3g}"
    return (
        entry.title or entry.peer,
        "" if entry.threads is None else str(entry.threads),
        figure(entry.minimum * measurement.scale),
        figure(entry.median * measurement.scale),
        ratio(entry, measurement, "floor"),
        ratio(entry, measurement, "glassnet"),
        str(len(entry.values)),
        entry.recipe + loss,
    )


def ratio(entry: Entry, measurement: Measurement, peer: str) -> str:
    """How many times the time of `peer`, at the same number of threads if it was measured so."""
    base = measurement.best((peer,), entry.threads) or measurement.best((peer,))
    return figure(entry.minimum / base.minimum) if base else "–"


def threads_of(entry: Entry) -> str:
    return "" if entry.threads is None else f", {entry.threads} thread{'s' if entry.threads > 1 else ''}"


def figure(value: float) -> str:
    """Three significant digits, without an exponent.

    >>> figure(0.01234), figure(1.2345), figure(1234.5)
    ('0.0123', '1.23', '1234')
    """
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table whose source is aligned too, so that a terminal can show it.

    >>> print(table(("a", "b"), [("1", "long")]))
    | a | b    |
    | - | ---- |
    | 1 | long |
    """
    cells = [header, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    cells.insert(1, tuple("-" * width for width in widths))
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    return "\n".join("| " + " | ".join(row) + " |" for row in padded)


def filled(page: str, figures: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with the figures between its markers.

    >>> filled(f"above {BEGIN} old {END} below", "new").replace(BEGIN, "[").replace(END, "]").split()
    ['above', '[', 'new', ']', 'below']
    """
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"got a page without {begin} and {end}; expected both, in this order. Try adding them.")
    return f"{before}{begin}\n\n{figures}\n\n{end}{after}"


def main(arguments: list[str]) -> None:
    results = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    figures = markdown(results)
    if len(arguments) == 1:
        print(figures)
        return
    page = Path(arguments[1])
    page.write_text(filled(page.read_text(encoding="utf-8"), figures), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m benchmarks.report RESULTS.json [README.md]")
    main(sys.argv[1:])
