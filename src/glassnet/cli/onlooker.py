"""Who looks at a training: `--open` shows its report when it is over, `--live` its run folder while it learns.

The page of `--live` is served by a process of its own (`glassnet.cli.live`), which reads the run's folder as any reader
would: the training shares no lock, no memory and no thread with it, and takes the same path with a page or without.
The two speak in lines: the server says its address, when a page is there, and when all pages are gone; it ends when its
standard input does, whatever ends the training.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import IO

import glassnet
from glassnet.cli.options import Option, Parsed, UsageError
from glassnet.cli.terminal import Terminal
from glassnet.errors import FileError, NotSupportedError, complain

LIVE_SECONDS = 0.25  # between two writings of weights and looks that somebody waits for
_START_SECONDS = 30.0  # for the server's first word
_PAGE_SECONDS = 8.0  # that a training waits for the page of a browser that was opened
_NOBODY_SECONDS = 60.0  # after the end, for a page that never came, where no terminal could end it


def check_looks(parsed: Parsed) -> None:
    """What cannot be shown is better known before the training.

    Raises `UsageError` for options that would do nothing, `NotSupportedError` for a page that was not built.
    """
    for name in ("open", "live"):
        if parsed.flag(name) and parsed.flag("overfit_one_batch"):
            got = f"got --{name} with --overfit-one-batch"
            raise UsageError(complain(got, "expected a whole training, which has something to show", "Try without it"))
    if parsed.flag("no_browser") and not parsed.flag("live"):
        got = f"got {Option('no_browser', None, '').spelled} without --live"
        raise UsageError(complain(got, "expected both", "Try --live --no-browser, or neither"))
    if parsed.flag("open"):
        from glassnet.cli.html_report import load_template

        load_template()
    if parsed.flag("live"):
        _check_page()


def _check_page() -> None:
    from glassnet.server.page_files import FOLDER

    if not (FOLDER / "index.html").is_file():
        hint = "Try npm ci and npm run build in the folder web of a checkout, or pip install --force-reinstall glassnet"
        raise NotSupportedError(complain("got a glassnet without its page", "expected it for --live", hint))


class Onlooker:
    """Nobody looks, unless asked: then the report at the end, and a page meanwhile."""

    def __init__(self, folder: str, terminal: Terminal, quiet: bool, report: bool, live: LiveServer | None) -> None:
        self.folder, self.terminal, self.quiet = folder, terminal, quiet
        self.report, self.live = report, live
        self.waited = 0.0  # seconds, which are not the training's
        self._said = ""  # the address, where no browser was opened

    def begin(self, browser: bool) -> None:
        """Wait for the server and, where a browser was opened, for the page: it is to see the first step."""
        if self.live is None:
            return
        began = perf_counter()
        url = self.live.address()
        opened = browser and open_page(url)
        if not opened or not self.quiet:
            self.terminal.say(f"{self.terminal.dim('live     ')}{self.terminal.bold(url)}", "")
        if opened:
            self.live.wait("seen", _PAGE_SECONDS)
        else:
            self._said = f" at {url}"
        self.waited = perf_counter() - began

    def end(self, status: int) -> None:
        """Show the report; keep the page alive until it is closed or Ctrl-C, unless the training was stopped."""
        if self.report:
            from glassnet.cli.html_report import tell

            tell(self.folder, self.terminal, self.quiet)
        if self.live is None or status or not self.live.alive:
            return
        if not self.quiet:
            self.terminal.say(self.terminal.dim(f"the page{self._said} stays until you close it, or press Ctrl-C here"))
        with suppress(KeyboardInterrupt):  # how it is meant to end
            self.live.stay(None if sys.stdin is not None and sys.stdin.isatty() else _NOBODY_SECONDS)


@contextmanager
def looked_at(folder: str, parsed: Parsed, terminal: Terminal, quiet: bool) -> Iterator[Onlooker]:
    """Within the block somebody looks at the run in a folder, as far as a command line asks for it."""
    live = LiveServer(folder) if parsed.flag("live") else None
    try:
        onlooker = Onlooker(folder, terminal, quiet, parsed.flag("open"), live)
        onlooker.begin(browser=not parsed.flag("no_browser"))
        yield onlooker
    finally:
        if live is not None:
            live.close()


def open_page(url: str) -> bool:
    """Open an address in a browser with windows; False where there is none.

    A browser that runs in the terminal would take the place of the training.
    """
    windows = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    )
    try:
        return windows and webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False


class LiveServer:
    """The process that serves the page, seen from the training.

    Raises `FileError` when it cannot be started.
    """

    def __init__(self, folder: str) -> None:
        root = str(Path(glassnet.__file__).parents[1])
        paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "glassnet.cli.live", os.path.abspath(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                env={**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}, **own,  # type: ignore[arg-type]
            )  # fmt: skip
        except OSError as problem:
            raise _failed(problem.strerror or str(problem)) from None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._problem: list[str] = []
        self._last = ""  # word that it said
        pairs = (self._process.stdout, self._lines.put), (self._process.stderr, self._problem.append)
        self._threads = [threading.Thread(target=_listen, args=pair, daemon=True) for pair in pairs]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def address(self) -> str:
        """Where the page is: an address that works once, in one browser."""
        until = perf_counter() + _START_SECONDS
        line = None
        while line is None and perf_counter() < until:
            gone = not self.alive
            line = self._next(0.2)
            if gone:
                break
        if line is None or not line.startswith("http"):
            self._threads[1].join(1.0)  # its last words
            raise _failed((self._problem or ["no answer"])[-1].strip().removeprefix("glassnet: "))
        return line

    def wait(self, word: str, seconds: float | None) -> bool:
        """Wait until the server says a word; False when it has not come in time, or the server has ended."""
        until = None if seconds is None else perf_counter() + seconds
        while until is None or perf_counter() < until:
            line = self._next(1.0 if until is None else max(0.01, until - perf_counter()))
            if line is None and not self.alive:
                return False
            if line == word:
                return True
        return False

    def stay(self, nobody: float | None) -> None:
        """Until the page is closed, if that has not happened already.

        `nobody`: seconds after which a page that never came is given up; None waits for it.
        """
        while self._next(0.0) is not None:
            pass
        if self._last == "gone" or (self._last != "seen" and not self.wait("seen", nobody)):
            return
        self.wait("gone", None)

    def _next(self, seconds: float) -> str | None:
        try:
            line = self._lines.get(timeout=seconds) if seconds else self._lines.get_nowait()
        except queue.Empty:
            return None
        self._last = line
        return line

    def close(self) -> None:
        """End the process."""
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5.0)


def _listen(stream: IO[str] | None, take: Callable[[str], object]) -> None:
    if stream is not None:
        with suppress(OSError, ValueError), stream:
            for line in stream:
                take(line.rstrip("\n"))


def _failed(why: str) -> FileError:
    return FileError(complain(f"got no server for the page: {why}", "expected one for --live", "Try without --live"))
