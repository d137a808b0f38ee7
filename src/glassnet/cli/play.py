"""`glassnet play`: the Playground, in a browser."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import webbrowser
from collections.abc import Sequence
from typing import TYPE_CHECKING

from glassnet.cli.help import Page
from glassnet.cli.options import Option, UsageError, parse
from glassnet.cli.terminal import Terminal
from glassnet.errors import NotSupportedError, complain
from glassnet.train.kinds import Text, Whole

if TYPE_CHECKING:
    from glassnet.server.serve import Server

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")

PAGE = Page(
    usage="glassnet play [options]",
    says="See networks learn, in a browser, on the engine that trains for real: points in the plane, curves, digits. "
    "The server listens on this machine alone, unless --host says otherwise.",
    examples=(
        ("glassnet play", "open the Playground"),
        ("glassnet play --no-browser", "print its address only"),
        ("glassnet play --host 0.0.0.0", "let a class in, by a code"),
    ),
    notes="The address works once, in one browser; press Enter in the terminal for another one. Ctrl-C ends it.",
)


def options() -> list[Option]:
    """The options of the command."""
    return [
        Option("port", Whole(0, 65535, "8421"), "the port to listen on; 0 takes any free one", usual="8421"),
        Option(
            "host", Text("0.0.0.0", "ADDRESS", "an address"), "listen there; other machines may join", usual="127.0.0.1"
        ),
        Option("name", Text("lab-pc", "NAME", "a name"), "a name under which other machines know this one"),
        Option("models", Text("runs", "FOLDER", "a folder"), "where saved models are", usual="runs"),
        Option("no_browser", None, "open no browser"),
        Option("help", None, "show this page"),
    ]


def run(words: Sequence[str]) -> int:
    """Follow a command line; the exit status."""
    parsed = parse(words, options())
    if parsed.flag("help"):
        return PAGE.show(options())
    if parsed.arguments:
        got = f"got the argument {parsed.arguments[0][:40]!r}"
        raise UsageError(complain(got, "expected options only", "Try glassnet play"))
    server = _server(parsed.values)
    terminal = Terminal(sys.stdout)
    terminal.say(*_lines(server, terminal), *_about_models(str(parsed.values.get("models", "")), terminal))
    if not parsed.flag("no_browser"):
        threading.Timer(0.5, webbrowser.open, [server.url]).start()
    if sys.stdin is not None and sys.stdin.isatty():
        if hasattr(signal, "SIGTTIN"):
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # reading must not stop a server in the background
        threading.Thread(target=_renew, args=(server, terminal), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
        server.run()
    return 0


def _server(values: dict[str, object]) -> Server:
    from glassnet.cli.html_report import report_text

    try:
        from glassnet.server.keeping import Keeper
        from glassnet.server.serve import PORT, Server
    except ImportError as problem:
        got = f"got no package {problem.name}"
        raise NotSupportedError(complain(got, "expected it for glassnet play", "Try pip install glassnet")) from None
    names = [_host_name(str(values["name"]))] if "name" in values else []
    return Server(
        str(values.get("host", "127.0.0.1")), int(str(values.get("port", PORT))), names=names,
        models=str(values.get("models", "runs")), keeper=Keeper(), report=report_text,
    )  # fmt: skip


def _host_name(name: str) -> str:
    """A name under which a machine can be reached.

    Raises `UsageError` for what no browser would look up.
    """
    if _HOST_NAME.fullmatch(name) is None:
        got, expected = f"got --name {name[:60]!r}", "expected letters, digits, hyphens and dots"
        near = re.sub(r"[^a-z0-9]+", "-", name[:60].lower()).strip("-") or "lab-pc"
        raise UsageError(complain(got, expected, f"Try --name {near}, if this machine has that name on its network"))
    return name.lower()


def _lines(server: Server, terminal: Terminal) -> list[str]:
    lines = [f"{terminal.dim('Playground  ')}{terminal.bold(server.url)}"]
    if server.classroom:
        lines += [
            f"{terminal.dim('class       ')}{terminal.bold('  or  '.join(server.class_addresses))}",
            f"{terminal.dim('code        ')}{terminal.bold(str(server.guard.class_code))}",
            f"{terminal.dim('both in one ')}{server.class_url}",
            terminal.dim("            whoever reaches this machine and has the code may join"),
        ]
    return [*lines, terminal.dim("            the first address works once; Enter shows a new one, Ctrl-C ends it")]


def _about_models(folder: str, terminal: Terminal) -> list[str]:
    """A word on a folder that was named and is not there."""
    if not folder or os.path.isdir(folder):
        return []
    return [terminal.dim(f"models      there is no folder {folder[:60]} yet; runs are shown once there is")]


def _renew(server: Server, terminal: Terminal) -> None:
    """A new address for every Enter."""
    with contextlib.suppress(OSError, ValueError):  # in the background there is nothing to read
        for _ in sys.stdin:
            server.guard.renew()
            terminal.say(f"{terminal.dim('Playground  ')}{terminal.bold(server.url)}")
