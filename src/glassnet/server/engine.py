"""An engine: a process of sessions, without a door of its own. `engines.py` starts it and speaks for the pages.

`python -m glassnet.server.engine NUMBER` serves the socket of that number until its other end is closed, which is how
it ends when the server ends, or is killed: everything is written down then. The entrance of a class and its annexes are
the same program, and the engines come before them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from glassnet.errors import GlassnetError
from glassnet.files import strict_json
from glassnet.server import records
from glassnet.server.collecting import Collector, give_back
from glassnet.server.keeping import Keeper
from glassnet.server.moving import Arrived
from glassnet.server.outbox import Outbox
from glassnet.server.place import ANNEX, ENGINE, ENTRANCE, Place
from glassnet.server.preparing import prepare
from glassnet.server.records import Splitter, record
from glassnet.server.registry import NoRoomError, Registry
from glassnet.server.session import Limits, Session

_WORKERS = 2  # a thread for short turns, one for long ones
_NICE = {ENTRANCE: 5, ANNEX: 19}  # of four parts of a core that others want, the entrance gets one
_SWEEP_SECONDS = 10.0
_READ = 1 << 18


class Engine:
    """Sessions, and the line to the server on which their pages are."""

    def __init__(self, line: socket.socket, tidy: Callable[[], object] = lambda: None) -> None:
        self.line, self.tidy = line, tidy
        self.registry: Registry
        self.kind = ENGINE
        self.seats: dict[int, tuple[Session, Outbox]] = {}
        self._entrance, self._aside = ThreadPoolExecutor(1, "entrance"), ThreadPoolExecutor(1, "aside")
        self._writing = threading.Lock()
        self._ended = threading.Event()

    def run(self) -> None:
        """Until the server closes the line."""
        splitter = Splitter()
        with contextlib.suppress(OSError):
            while data := self.line.recv(_READ):
                for seat, kind, body in splitter.feed(data):
                    self._do(seat, kind, body)
        self._ended.set()
        for hands in (self._entrance, self._aside):
            hands.shutdown(wait=False, cancel_futures=True)
        if hasattr(self, "registry"):
            self.registry.close()

    def _do(self, seat: int, kind: int, body: bytes) -> None:
        if kind == records.BEGIN:
            self._begin(strict_json.loads(body.decode()))
        elif kind == records.ENTER:
            self._entrance.submit(self._enter, seat, strict_json.loads(body.decode()))
        elif kind == records.LEAVE:
            self._entrance.submit(self._leave, seat)  # after it has entered
        elif kind == records.MODEL:
            self._aside.submit(self._model, seat, body)
        elif kind == records.GIVE_UP:
            self._entrance.submit(self._give_up, seat)
        elif kind == records.GO_ON:
            self._entrance.submit(self._go_on, seat, body)
        elif (found := self.seats.get(seat)) is None:
            return
        elif kind == records.CREDIT:
            found[0].credit(body[0], found[1])
        elif kind == records.HEAR and not found[0].hear(body.decode()):
            self._tell(seat, records.FLOOD)

    def _begin(self, about: dict[str, Any]) -> None:
        keeper = Keeper(about["keep"]) if about["keep"] else None
        self.kind = about["kind"]
        if self.kind != ENGINE:
            _give_way(self.kind)  # and so do the threads that are started from here on
        workers = 1 if self.kind == ENGINE else _WORKERS
        self.registry = Registry(Limits(**about["limits"]), workers, about["models"], keeper, self._place)
        threading.Thread(target=self._sweep, name="sweep", daemon=True).start()

    def _sweep(self) -> None:
        while not self._ended.wait(_SWEEP_SECONDS):
            self.registry.sweep()
            self.tidy()
            if self.kind != ENGINE:  # where sessions come and go, and nobody minds a pause
                give_back()

    # ---- at the door ------------------------------------------------------------------------------------------

    def _enter(self, seat: int, about: dict[str, Any]) -> None:
        outbox = Outbox(lambda: self._deliver(seat, outbox), about["guest"])
        try:
            session, resumed = self.registry.open(about["name"], about["state"], outbox)
        except Exception as problem:
            self._tell(seat, records.REFUSED, _as_json(no_room=isinstance(problem, NoRoomError), text=_words(problem)))
            return
        self.seats[seat] = session, outbox
        self._tell(seat, records.ENTERED, _as_json(name=session.name, resumed=resumed))

    def _leave(self, seat: int) -> None:
        found = self.seats.pop(seat, None)
        if found is not None:
            found[0].detach(found[1])

    def _model(self, seat: int, body: bytes) -> None:
        head, _, model = body.partition(b"\n")
        about = strict_json.loads(head.decode())
        problem = ""
        try:
            self.registry.open_model(about["name"], model, about["file"])
        except KeyError:
            problem = "no session"
        except Exception as wrong:
            problem = _words(wrong)
        self._tell(seat, records.DONE, problem.encode())

    # ---- to another process and from it -----------------------------------------------------------------------

    def _place(self, session: Session) -> Place:
        return Place(self.kind, lambda kind: self._tell(0, records.WISH, _as_json(name=session.name, kind=kind)))

    def _give_up(self, seat: int) -> None:
        found = self.seats.get(seat)
        body = self.registry.give_up(*found) if found is not None else None
        if body is None:
            self._tell(seat, records.STAYS)
            return
        self.seats.pop(seat, None)
        self._tell(seat, records.GIVEN_UP, body)

    def _go_on(self, seat: int, body: bytes) -> None:
        def connect(arrived: Arrived) -> Outbox:
            outbox = Outbox(lambda: self._deliver(seat, outbox), arrived.guest, arrived.credits)
            self.seats[seat] = arrived.session, outbox
            return outbox

        try:
            session = self.registry.go_on(body, connect)
        except Exception as problem:
            self._tell(seat, records.REFUSED, _as_json(no_room=False, text=_words(problem)))
            return
        self._tell(seat, records.ENTERED, _as_json(name=session.name, resumed=True))

    # ---- to the server ----------------------------------------------------------------------------------------

    def _tell(self, seat: int, kind: int, body: bytes = b"") -> None:
        with self._writing, contextlib.suppress(OSError):  # the server has gone: `run` ends
            self.line.sendall(record(seat, kind, body))

    def _deliver(self, seat: int, outbox: Outbox) -> None:
        """Pass on what a session says, in its own thread."""
        with self._writing, contextlib.suppress(OSError):
            while (item := outbox.next()) is not None:
                kind, body = (records.BYTES, item) if isinstance(item, bytes) else (records.TEXT, item.encode())
                self.line.sendall(record(seat, kind, body))
            if (outbox.closed or outbox.away) and seat in self.seats:
                self.line.sendall(record(seat, records.AWAY if outbox.away else records.TAKEN))


def _give_way(kind: str) -> None:
    """Let the engines come first: an annex takes only what they leave.

    The entrance must get on even while the engines take all: who waits there to learn is on the way to them.
    """
    os.nice(_NICE[kind])
    if kind == ANNEX:
        with contextlib.suppress(AttributeError, OSError):  # it is Linux's
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _as_json(**fields: Any) -> bytes:
    return strict_json.dumps(fields, indent=None).encode()


def _words(problem: Exception) -> str:
    return str(problem) if isinstance(problem, GlassnetError) else f"got {type(problem).__name__}: {problem}"


def main(arguments: list[str] | None = None) -> None:
    """Serve the socket of the number that is given."""
    number = int((sys.argv[1:] if arguments is None else arguments)[0])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's affair
    prepare()
    with socket.socket(fileno=number) as line:
        Engine(line, Collector().tidy).run()


if __name__ == "__main__":
    main()
