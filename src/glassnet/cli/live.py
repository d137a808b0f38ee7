"""The server of `glassnet train … --live`: a process beside the training that serves the page with its run.

It says on its standard output, line by line, the address, `seen` when a page is there, and `gone` when none has been
there for a while; it ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import urllib.parse
from collections.abc import Sequence
from time import monotonic, sleep

from glassnet.cli.html_report import report_text
from glassnet.errors import GlassnetError
from glassnet.server.line import OVER
from glassnet.server.serve import PORT, Server

_GONE_SECONDS = 6.0  # that a page may be away: a reload, a lost connection
_LOOK_SECONDS = 0.2
_NICE = 5  # the training comes first
_OVER = "The training is over, and its server has ended. glassnet play shows its run, and all others."


def main(words: Sequence[str]) -> int:
    """Serve the folder that holds a run, until nobody wants it any more; the exit status."""
    folder = words[0]
    with contextlib.suppress(OSError, AttributeError):  # not every system has it
        os.nice(_NICE)
    try:
        server = Server(
            "127.0.0.1", PORT, models=os.path.dirname(folder), workers=1, report=report_text, farewell=(OVER, _OVER)
        )
    except GlassnetError as problem:
        print(f"glassnet: {problem}", file=sys.stderr)
        return 1
    say(page_of(server.url, os.path.basename(folder)))
    for work in (_end_with_parent, _tell_who_looks):
        threading.Thread(target=work, args=(server,), daemon=True).start()
    server.run()
    return 0


def page_of(url: str, run: str) -> str:
    """The address of the Runs room with a run open.

    >>> page_of("http://127.0.0.1:8421/?token=t", "moons-1, b")
    'http://127.0.0.1:8421/?token=t#R=runs&N=moons-1%2C%20b'
    """
    return f"{url}#R=runs&N={urllib.parse.quote(run, safe='')}"


def say(line: str) -> None:
    """One line for the training, at once."""
    with contextlib.suppress(OSError, ValueError):  # it has gone
        print(line, flush=True)


def _end_with_parent(server: Server) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.read()
    server.stop()
    sleep(4.0)
    os._exit(0)  # a connection that does not end must not keep a process alive


def _tell_who_looks(server: Server) -> None:
    told, last = False, 0.0
    while True:
        if any(session.outbox is not None for session in list(server.registry.sessions.values())):
            last = monotonic()
            if not told:
                say("seen")
                told = True
        elif told and monotonic() - last > _GONE_SECONDS:
            say("gone")
            told = False
        sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
