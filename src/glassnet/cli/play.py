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
from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.play_opening import Opening, opening
from glassnet.cli.terminal import Terminal
from glassnet.errors import NotSupportedError, complain
from glassnet.train.kinds import Text, Whole, shown

if TYPE_CHECKING:
    from glassnet.server.serve import Server

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")

PAGE = Page(
    usage="glassnet play [DATA | RUN | LINK] [options]",
    says="See networks learn, in a browser, on the engine that trains for real: points in the plane, curves, digits. "
    "DATA is what it opens with: moons, spiral, sine and others, or digits; RUN a run folder, its name, or `last`; "
    "LINK what Share has copied, or a link of TensorFlow Playground. "
    "The server listens on this machine alone, unless --host says otherwise.",
    examples=(
        ("glassnet play", "open the Playground"),
        ("glassnet play moons", "with these points"),
        ("glassnet play last", "with the newest run, epoch by epoch"),
        ("glassnet play --no-browser", "print its address only"),
        ("glassnet play --class", "let a class in, by a code"),
    ),
    notes="The address works once, in one browser; press Enter in the terminal for another one. Ctrl-C ends it.",
)


def options() -> list[Option]:
    """The options of the command."""
    return [
        Option("class", None, "let a class in, by a code; as --host 0.0.0.0"),
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
    if len(parsed.arguments) > 1:
        got = f"got the arguments {' '.join(map(shown, parsed.arguments[:3]))}"
        raise UsageError(complain(got, "expected one at most", f"Try glassnet play {shown(parsed.arguments[0])}"))
    server = _server(parsed.values, _opening(parsed))
    with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
        _serve(server, not parsed.flag("no_browser"), str(parsed.values.get("models", "")))
    return 0


def _opening(parsed: Parsed) -> Opening:
    if not parsed.arguments:
        return Opening()
    return opening(parsed.arguments[0], str(parsed.values.get("models", "runs")))


def _serve(server: Server, browser: bool, models: str) -> None:
    terminal = Terminal(sys.stdout)
    terminal.say(*_lines(server, terminal), *_about_models(models, terminal))
    opens = threading.Timer(0.5, webbrowser.open, [server.url])
    opens.daemon = True  # a server that has ended by then keeps nobody waiting
    if browser:
        opens.start()
    if sys.stdin is not None and sys.stdin.isatty():
        if hasattr(signal, "SIGTTIN"):
            signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # reading must not stop a server in the background
        threading.Thread(target=_renew, args=(server, terminal), daemon=True).start()
    try:
        server.run()
    finally:
        opens.cancel()


def _server(values: dict[str, object], first: Opening) -> Server:
    from glassnet.cli.html_report import report_text

    try:
        from glassnet.server.keeping import Keeper
        from glassnet.server.serve import PORT, Server
    except ImportError as problem:
        got = f"got no package {problem.name}"
        raise NotSupportedError(complain(got, "expected it for glassnet play", "Try pip install glassnet")) from None
    names = [_host_name(str(values["name"]))] if "name" in values else []
    host = str(values.get("host", "0.0.0.0" if values.get("class") else "127.0.0.1"))
    return Server(
        host, int(str(values.get("port", PORT))), names=names,
        models=first.models or str(values.get("models", "runs")), keeper=Keeper(), report=report_text, start=first.link,
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
