"""An engine: a process of sessions, without a door of its own. `engines.py` starts it and speaks for the pages.

`python -m glassnet.server.engine NUMBER` serves the socket of that number until its other end is closed, which is how
it ends when the server ends, or is killed: everything is written down then. The entrance of a class and its annexes are
the same program, and the engines come before them.

An engine reads the line and gives its sessions their turns in one thread, some turns between two looks at the line, and
sends what they say together. The entrance and annexes, whose turns are long, have threads for them.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
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
from glassnet.server.records import Splitter
from glassnet.server.registry import NoRoomError, Registry
from glassnet.server.scheduler import Scheduler
from glassnet.server.session import Limits, Session

_WORKERS = 2  # a thread for short turns, one for long ones
_NICE = {ENTRANCE: 5, ANNEX: 19}  # of four parts of a core that others want, the entrance gets one
_SWEEP_SECONDS = 10.0
_READ = 1 << 16
_AT_ONCE = 32  # turns of an engine between two looks at the line
_TOGETHER = 1 << 18  # bytes that an engine sends at once: each time wakes the server, which takes a core from an engine
_MOST_PARTS = 512  # Linux takes 1024 parts of a message, others fewer
_GATHERED = 0.007  # seconds in which those who become due wait for each other: many turns in a row cost far less each


class Engine:
    """Sessions, and the line to the server on which their pages are."""

    def __init__(self, line: socket.socket, tidy: Callable[[], object] = lambda: None) -> None:
        self.line, self.tidy = line, tidy
        self.registry: Registry
        self.kind = ENGINE
        self.seats: dict[int, tuple[Session, Outbox]] = {}
        self._entrance, self._aside = ThreadPoolExecutor(1, "entrance"), ThreadPoolExecutor(1, "aside")
        self._writing = threading.Lock()
        self._unsent: list[bytes] = []
        self._size = 0  # bytes of it
        self._turns: Turns | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        """Until the server closes the line."""
        splitter = Splitter(_READ)
        with contextlib.suppress(OSError):
            while (self._turns is None or self._turns.until_read(self._flush)) and (
                count := self.line.recv_into(splitter.room())
            ):
                for seat, kind, body in splitter.came(count):
                    self._do(seat, kind, body)
        self._ended.set()
        for hands in (self._entrance, self._aside):
            hands.shutdown(wait=False, cancel_futures=True)
        if hasattr(self, "registry"):
            self.registry.close()
        if self._turns is not None:
            self._turns.close()

    def _do(self, seat: int, kind: int, body: bytes) -> None:
        found = self.seats.get(seat)
        if kind == records.CREDIT:  # by far the most frequent
            if found is not None:
                found[0].credit(body[0], found[1])
        elif kind == records.HEAR:
            if found is not None and not found[0].hear(body.decode()):
                self._tell(seat, records.FLOOD)
        elif kind == records.BEGIN:
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

    def _begin(self, about: dict[str, Any]) -> None:
        keeper = Keeper(about["keep"]) if about["keep"] else None
        self.kind = about["kind"]
        if self.kind != ENGINE:
            _give_way(self.kind)  # and so do the threads that are started from here on
        workers = 0 if self.kind == ENGINE else _WORKERS
        self.registry = Registry(Limits(**about["limits"]), workers, about["models"], keeper, self._place)
        if self.kind == ENGINE:
            self._turns = Turns(self.registry.scheduler, self.line)
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
        with self._writing:
            self._put(seat, kind, body)
            self._send()

    def _deliver(self, seat: int, outbox: Outbox) -> None:
        """Pass on what a session says, in the thread of its turn."""
        with self._writing:
            while (item := outbox.next()) is not None:
                kind, body = (records.BYTES, item) if isinstance(item, bytes) else (records.TEXT, item.encode())
                self._put(seat, kind, body)
            if (outbox.closed or outbox.away) and seat in self.seats:
                self._put(seat, records.AWAY if outbox.away else records.TAKEN)
            if self._size > _TOGETHER or self._turns is None or not self._turns.here:
                self._send()

    def _flush(self) -> None:
        with self._writing:
            self._send()

    def _put(self, seat: int, kind: int, body: bytes = b"") -> None:
        self._unsent += (records.head(seat, kind, len(body)), body)
        self._size += len(body)

    def _send(self) -> None:
        """Send what there is, in its order; who calls holds `_writing`."""
        if self._unsent:
            unsent, self._unsent, self._size = self._unsent, [], 0
            with contextlib.suppress(OSError):  # the server has gone: `run` ends
                _send_all(self.line, unsent)


class Turns:
    """The turns of a scheduler that has no threads, given while there is nothing to read."""

    def __init__(self, scheduler: Scheduler, line: socket.socket) -> None:
        self.scheduler = scheduler
        self._thread = threading.get_ident()
        self._rings, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        self._line = line.fileno()
        self._poll = select.poll()
        for end in (self._line, self._rings.fileno()):
            self._poll.register(end, select.POLLIN)
        scheduler.alarm = self._ring

    @property
    def here(self) -> bool:
        """Whether this is the thread that gives the turns."""
        return threading.get_ident() == self._thread

    def until_read(self, flush: Callable[[], None]) -> bool:
        """Give turns until there is something to read on the line; after some of them what they said is sent."""
        while True:
            wait = self._wait()
            if wait == 0:
                self.scheduler.work(_AT_ONCE)
                flush()
            ready = [end for end, _ in self._poll.poll(wait)]
            if self._line in ready:
                return True
            if ready:
                self._rings.recv(_READ)

    def _wait(self) -> int | None:
        """Milliseconds until turns are to be given; None for as long as nobody is woken."""
        due = self.scheduler.due()
        if not due:  # at once, or never
            return None if due is None else 0
        return max(0, math.ceil((due + _GATHERED - monotonic()) * 1000))

    def close(self) -> None:
        """Nobody is woken any more."""
        self.scheduler.alarm = lambda: None
        self._rings.close()
        self._bell.close()

    def _ring(self) -> None:
        """Another thread has woken a job."""
        if not self.here:
            with contextlib.suppress(OSError):  # it has been rung often enough
                self._bell.send(b"!")


def _send_all(line: socket.socket, parts: list[bytes]) -> None:
    """Send them one after another, as they lie in memory; the system takes so many at a time."""
    for start in range(0, len(parts), _MOST_PARTS):
        some = parts[start : start + _MOST_PARTS]
        sent = line.sendmsg(some)
        if sent < sum(map(len, some)):  # interrupted, which is rare
            line.sendall(b"".join(some)[sent:])


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
