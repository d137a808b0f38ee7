"""`glassnet report RUN`: one HTML file that tells a run, opens from disk, and asks nobody for anything."""

from __future__ import annotations

import html
import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glassnet import server
from glassnet.cli.help import Page
from glassnet.cli.models import check_fits, data_of, load_trained
from glassnet.cli.options import Option, UsageError, parse
from glassnet.cli.runs import find
from glassnet.cli.terminal import Terminal
from glassnet.errors import FileError, GlassnetError, NotSupportedError, complain
from glassnet.files import strict_json
from glassnet.files.atomic import write_atomic
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import shown
from glassnet.train.kinds import Text
from glassnet.train.report_data import Source, report_data
from glassnet.train.runs import Run

TEMPLATE = Path(server.__file__).parent / "report" / "report.html"  # built as the Playground's page is
REPORT = "report.html"
DATA_MARK, TITLE_MARK = "GLASSNET_RUN_DATA", "GLASSNET_RUN_TITLE"
_LARGEST_TEMPLATE = 4 << 20
# What would end or confuse the element that holds the data, or a line of it, becomes an escape of JSON.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}

PAGE = Page(
    usage="glassnet report RUN [options]",
    says="Write one HTML file that tells a run: curves, what the doctor says, confusions, mistakes, weights over the "
    "epochs, activations and gradients of each layer, calibration, settings and machine. It opens from disk, needs no "
    "server, asks nobody for anything, and can be printed or sent. RUN is a run folder, its name in `runs`, or `last`.",
    examples=(
        ("glassnet report runs/mnist-20260101-120000 --open", "write it and look at it"),
        ("glassnet report mnist-20260101-120000 --output digits.html", "under another name"),
        ("glassnet train moons --open", "at the end of a training"),
        ("glassnet runs report RUN", "the same in Markdown, in short"),
    ),
)


def options() -> list[Option]:
    """The options of the command."""
    return [
        Option("output", Text("report.html", "FILE", "a file"), "write it here", usual="report.html in RUN"),
        Option("open", None, "open it in a browser"),
        Option("no_baselines", None, "without guessing and the linear model to compare with"),
        Option("help", None, "show this page"),
    ]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    if len(parsed.arguments) != 1:
        got = f"got {len(parsed.arguments)} runs" if parsed.arguments else "got no run"
        raise UsageError(complain(got, "expected one", "Try glassnet report last"))
    chosen, terminal = find(parsed.arguments[0]), Terminal(sys.stdout)
    path, missing = write_report(chosen, parsed.values.get("output"), not parsed.flag("no_baselines"))
    terminal.say(f"written to {terminal.bold(shown(path))} ({os.path.getsize(path) / 1e3:,.0f} kB)")
    for why in dict.fromkeys(missing.values()):
        parts = ", ".join(part for part, reason in missing.items() if reason == why)
        terminal.say(terminal.dim(f"without {parts}: {why}"))
    if parsed.flag("open"):
        show(path, terminal)
    return 0


def tell(folder: str, terminal: Terminal, quiet: bool = False) -> None:
    """Write the report of the run in a folder and open it; where it is, unless quiet."""
    path, _ = write_report(Run(folder))
    if not quiet:
        terminal.say(f"report in {terminal.bold(shown(path))}")
    show(path, terminal)


def write_report(chosen: Run, output: str | None = None, baselines: bool = True) -> tuple[str, dict[str, str]]:
    """Write the report of a run; where it is, and of what it lacks, why.

    Raises `FileError` when it cannot be written, `NotSupportedError` when the page was not built.
    """
    path = output or os.path.join(chosen.path, REPORT)
    _check_place(path)
    page, missing = _page(chosen, baselines)
    write_atomic(path, page)
    return path, missing


def report_text(folder: str) -> bytes:
    """The report of the run in a folder, for a server to show.

    Raises `FileError` for a folder without a run, `NotSupportedError` when the page was not built.
    """
    return _page(Run(folder))[0]


def _page(chosen: Run, baselines: bool = True) -> tuple[bytes, dict[str, str]]:
    """The page as a file holds it, and of what it lacks, why."""
    template = load_template()
    told = report_data(source_of(chosen, baselines))
    return filled(template, told).encode("utf-8", "replace"), told["missing"]


def show(path: str, terminal: Terminal) -> None:
    """Open a file in the user's browser; say how, where there is none."""
    address = Path(path).resolve().as_uri()
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        terminal.say(f"no browser was found; the report is at {address}")


def _check_place(path: str) -> None:
    """A place that cannot be written is known before a linear model is trained."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path) or not os.path.isdir(folder):
        got, inside = f"got --output {shown(path)}", os.path.isdir(path)
        expected = "expected a file, not a folder" if inside else f"expected a folder {shown(folder)} that exists"
        hint = f"Try --output {shown(os.path.join(path, REPORT))}" if inside else "Try making it first"
        raise FileError(complain(got, expected, hint))


# ---- what goes in ---------------------------------------------------------------------------------------------------


def source_of(chosen: Run, baselines: bool = True) -> Source:
    """A run with its model and its data, as far as they can be had."""
    missing: dict[str, str] = {}
    trained, data, rows = None, None, []
    try:
        trained = load_trained(chosen.path)
        data = data_of(trained, chosen.path)
        check_fits(trained, data)
    except GlassnetError as problem:
        missing["the data" if trained is not None else "the model"] = _line(problem)
        data = None
    if data is not None and baselines:
        from glassnet.train.baselines import baselines as others
        from glassnet.train.baselines import headline

        try:
            rows = [(found.name, headline(found.test)) for found in others(data, chosen.seed or 0)]
        except GlassnetError as problem:
            missing["baselines"] = _line(problem)
    return Source(chosen, trained, data, missing, rows)


def _line(problem: object) -> str:
    return " ".join(str(problem).split())[:600]


# ---- the page -------------------------------------------------------------------------------------------------------


def load_template() -> str:
    """The built page, with a place for the data.

    Raises `NotSupportedError` where this copy of glassnet has none.
    """
    if not TEMPLATE.is_file():
        got = "got a glassnet without its report page"
        hint = "Try npm ci and npm run build in the folder web of a checkout, or pip install --force-reinstall glassnet"
        raise NotSupportedError(complain(got, "expected the page that is built with the package", hint))
    text = read_bounded(TEMPLATE, _LARGEST_TEMPLATE).decode("utf-8", "replace")
    if text.count(DATA_MARK) != 1 or text.count(TITLE_MARK) != 1:
        got = f"got {shown(str(TEMPLATE))} without a place for the data"
        raise NotSupportedError(
            complain(got, "expected the page that belongs to this version", "Try building it again")
        )
    return text


def filled(template: str, told: Mapping[str, Any]) -> str:
    """The page with its data in it: as data that no browser takes for HTML or for a program.

    >>> page = f'<title>{TITLE_MARK}</title><script type="application/json">{DATA_MARK}</script>'
    >>> filled(page, {"about": {"name": "</script><b>"}})
    '<title>&lt;/script&gt;&lt;b&gt; · glassnet</title><script type="application/json">{"about": {"name": \
"\\\\u003c/script\\\\u003e\\\\u003cb\\\\u003e"}}</script>'
    """
    data = strict_json.dumps(dict(told), indent=None, sort_keys=False, non_finite="null").rstrip("\n")
    name = str((told.get("about") or {}).get("name", "run"))
    before, after = template.split(DATA_MARK)
    head, tail = before.split(TITLE_MARK)
    return "".join([head, html.escape(name), " · glassnet", tail, data.translate(_ESCAPES), after])
