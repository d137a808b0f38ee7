"""Sessions in processes of their own, for a class: as many as there are cores, and as pages need.

The server's own process keeps the doors, the WebSockets and the guard, and trains nothing, so no network however large
holds up what another page is sent. A page comes in at the entrance, where its session is made; when it begins to learn,
its session goes to an engine; when its turns are long, or it learns digits, to an annex (`place.py`). The engines come
first, and annexes have only what they leave of the processors, so that whoever learns in short turns is disturbed
neither by those who come and go nor by the largest networks. No page notices where it is: what it says meanwhile is
kept back.

A process that dies takes its pages' connections with it; they come back, and their sessions are read from disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from time import monotonic
from typing import Any

from glassnet.errors import GlassnetError, ValueRangeError
from glassnet.files import strict_json
from glassnet.server import records
from glassnet.server.keeping import Keeper
from glassnet.server.outbox import Outbox
from glassnet.server.place import ANNEX, ENGINE, ENTRANCE
from glassnet.server.records import Splitter, record
from glassnet.server.registry import NoRoomError
from glassnet.server.session import Limits
from glassnet.train.machine import processors

COMMAND = (sys.executable, "-m", "glassnet.server.engine")
AVAILABLE = os.name == "posix"  # a process is handed a socket by its number
_ENOUGH = {ENGINE: 40, ANNEX: 2}  # pages in each, before another one is started
_TOGETHER_SECONDS = 30.0  # from an engine's first page: whoever begins in that time is let in at once
_APART_SECONDS = 2.0  # between two who come to an engine later: it takes time from those who are in
_LEAST_SESSIONS = 50
_READ = 1 << 18  # bytes at a time from an engine
_MOST_HOMES = 3000  # sessions that are remembered not to be at the entrance, most of them long gone
_END_SECONDS = 8.0
_ARRIVAL_SECONDS = 2.0
_CREDIT_SECONDS = 0.004  # that credits wait for others: a page has one left, and a frame takes ten times as long
_BETWEEN_SECONDS = 0.05  # two who enter: a class is in within seconds, and a storm of those who come back is none


class RemoteSeat:
    """A page's place in a session of an engine."""

    def __init__(self, engine: EngineLine, number: int, outbox: Outbox) -> None:
        self.engine, self.number, self.outbox = engine, number, outbox
        self.name = ""
        self.entered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.given_up: asyncio.Future[bytes | None] | None = None
        self.flooded = False
        self.moves = False
        self._kept_back: list[tuple[int, bytes]] | None = None  # while the session is on its way

    def hear(self, text: str) -> bool:
        """A command, as it came; False once the session has said that there are too many."""
        self.tell(records.HEAR, text.encode())
        return not self.flooded

    def credit(self, frames: int, outbox: Outbox) -> None:
        """The page has drawn so many frames."""
        self.tell(records.CREDIT, bytes((min(frames, 255),)))

    def tell(self, kind: int, body: bytes = b"") -> None:
        """Tell the session's process, or the one that it goes to."""
        if self._kept_back is not None:
            self._kept_back.append((kind, body))
            return
        self.engine.tell(self.number, kind, body)
        if kind == records.LEAVE:
            self.engine.seats.pop(self.number, None)

    async def move(self, target: EngineLine) -> None:
        """Have another process go on with the session, unless it has to stay.

        Raises `ConnectionError` when a process ends meanwhile, `GlassnetError` when it cannot go on.
        """
        self.given_up = asyncio.get_running_loop().create_future()
        self.engine.tell(self.number, records.GIVE_UP)
        self._kept_back = []
        target.seats[self.number] = self  # who comes next sees that it is coming
        try:
            body = await self.given_up
            if body is not None:
                await self._go_on(body, self.engine if target.gone else target)
        finally:
            if self.engine is not target:
                target.seats.pop(self.number, None)
            said, self._kept_back = self._kept_back, None
            for what in said:
                self.tell(*what)

    async def _go_on(self, body: bytes, engine: EngineLine) -> None:
        if engine.gone:
            raise ConnectionError("the engine has ended")
        self.engine.seats.pop(self.number, None)
        self.engine, self.entered = engine, asyncio.get_running_loop().create_future()
        engine.seats[self.number] = self
        engine.tell(self.number, records.GO_ON, body)
        await self.entered

    def lose(self) -> None:
        """The process has ended."""
        for waiting in (self.entered, self.given_up):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionError("the engine has ended"))
        self.outbox.lose()


class EngineLine(asyncio.BufferedProtocol):
    """The server's end of the line to one engine."""

    def __init__(self, kind: str, most: int, wished: Callable[[EngineLine, str, str], None]) -> None:
        self.kind, self.most, self._wished = kind, most, wished  # most sessions
        self.seats: dict[int, RemoteSeat] = {}
        self.waiting: dict[int, asyncio.Future[str]] = {}
        self.process: subprocess.Popen[bytes]
        self.gone = False
        self._open_until = self._open_from = 0.0
        self._splitter = Splitter(_READ)
        self._unsent: list[bytes] = []
        self._later: asyncio.TimerHandle | None = None  # when it will be sent, if nothing is to be sent before
        self._soon = False

    def connection_made(self, transport: Any) -> None:
        """The line is there, if not yet the engine."""
        self.transport = transport

    def tell(self, seat: int, kind: int, body: bytes = b"") -> None:
        """Send a record, together with what others have to send in this round of the loop, or credits soon after."""
        self._unsent.append(record(seat, kind, body))
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(_CREDIT_SECONDS, self._send)
        if kind != records.CREDIT and not self._soon:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        unsent, self._unsent, self._soon = self._unsent, [], False
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if unsent and not self.gone:
            self.transport.write(b"".join(unsent))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes are to go."""
        return self._splitter.room()

    def buffer_updated(self, nbytes: int) -> None:
        """Records, for the pages' outboxes mostly."""
        for number, kind, body in self._splitter.came(nbytes):
            if kind == records.DONE:
                self._answer(number, body.decode())
            elif kind == records.WISH:
                about = strict_json.loads(body.decode())
                self._wished(self, about["name"], about["kind"])
            elif (seat := self.seats.get(number)) is not None:
                _take(seat, kind, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The engine has ended; so do its pages' connections, which will come back."""
        self.gone = True
        for seat in list(self.seats.values()):
            if seat.engine is self:  # and not on its way here
                seat.lose()
        for number in list(self.waiting):
            self._answer(number, "no session")

    def takes(self) -> bool:
        """Whether a session may come now: many who begin together may, and then one after the other."""
        now = monotonic()
        if len(self.seats) >= self.most:
            return False
        if not self.seats:
            self._open_until = now + _TOGETHER_SECONDS
        if self.kind == ENGINE and self._open_until < now < self._open_from:
            return False
        self._open_from = now + _APART_SECONDS
        return True

    def _answer(self, number: int, problem: str) -> None:
        answer = self.waiting.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_result(problem)


def _take(seat: RemoteSeat, kind: int, body: bytes) -> None:
    if kind == records.BYTES:
        seat.outbox.report(body)
    elif kind == records.TEXT:
        seat.outbox.report(body.decode())
    elif kind == records.TAKEN:
        seat.outbox.close()
    elif kind == records.AWAY:
        seat.outbox.put_away()
    elif kind == records.FLOOD:
        seat.flooded = True
    elif kind in (records.GIVEN_UP, records.STAYS):
        if seat.given_up is not None and not seat.given_up.done():
            seat.given_up.set_result(body if kind == records.GIVEN_UP else None)
    elif not seat.entered.done():
        about = strict_json.loads(body.decode())
        if kind == records.ENTERED:
            seat.name = about["name"]
            seat.entered.set_result(about["resumed"])
        else:
            seat.entered.set_exception((NoRoomError if about["no_room"] else ValueRangeError)(about["text"]))


class Engines:
    """Where a class's sessions live: an entrance, and up to `most` engines and as many annexes."""

    def __init__(self, limits: Limits, most: int, models: str = "runs", keeper: Keeper | None = None) -> None:
        self.limits, self.most, self.models, self.keeper = limits, max(1, most), models, keeper
        self.lines: list[EngineLine] = []
        self._homes: dict[str, EngineLine] = {}  # of the sessions that are not at the entrance
        self._on_the_way: dict[str, asyncio.Future[None]] = {}
        self._numbers = itertools.count(1)
        self._entrance, self._starting = asyncio.Lock(), asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Be ready for the first page."""
        await self._line(ENTRANCE)
        await self._line(ENGINE)

    async def enter(self, name: str | None, state: dict[str, Any] | None, outbox: Outbox) -> tuple[RemoteSeat, bool]:
        """A place in the session of that name, or in a new one; whether it was there."""
        async with self._entrance:
            await asyncio.sleep(_BETWEEN_SECONDS)
        if self._is_short_of(ENGINE):
            self._do(self._line(ENGINE))  # where it will learn
        engine = await self._home(name)
        seat = RemoteSeat(engine, next(self._numbers), outbox)
        engine.seats[seat.number] = seat
        seat.tell(records.ENTER, _as_json(name=name, state=state, guest=outbox.guest))
        try:
            resumed = await seat.entered
        except BaseException:
            await self.leave(seat, outbox)
            raise
        self._remember(seat)
        return seat, resumed

    async def leave(self, seat: Any, outbox: Outbox) -> None:
        """The page has gone."""
        seat.tell(records.LEAVE)

    async def open_model(self, name: str, body: bytes, file: str) -> None:
        """Give a session a model of the user's own."""
        seat = self._seat(name)
        if seat is None or seat.engine.gone:
            raise KeyError(name)
        await self._move(seat, ANNEX)
        number, engine = next(self._numbers), seat.engine
        answer = engine.waiting[number] = asyncio.get_running_loop().create_future()
        engine.tell(number, records.MODEL, _as_json(name=name, file=file).strip() + b"\n" + body)
        problem = await answer
        if problem == "no session":
            raise KeyError(name)
        if problem:
            raise GlassnetError(problem)

    async def sweep(self) -> None:
        """Each engine does that by itself."""

    async def close(self) -> None:
        """Have them write everything down, and end; what is on its way arrives before."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_ARRIVAL_SECONDS)
        for task in self._tasks:
            task.cancel()
        for engine in self.lines:
            engine.transport.close()
        await asyncio.gather(*(asyncio.to_thread(_ended, engine.process) for engine in self.lines))

    # ---- who is where -----------------------------------------------------------------------------------------

    def _seat(self, name: str) -> RemoteSeat | None:
        """The latest page of a session."""
        seats = [seat for engine in self.lines for seat in engine.seats.values() if seat.name == name]
        return max(seats, key=lambda seat: seat.number, default=None)

    async def _home(self, name: str | None) -> EngineLine:
        """Where a session is, or comes to be: at the entrance, unless another process has it."""
        while (moved := self._on_the_way.get(name or "")) is not None:
            await asyncio.wait({moved})
        home = self._homes.get(name or "")
        if home is not None and not home.gone:
            return home
        if home is not None:
            await asyncio.to_thread(_ended, home.process)  # what it writes down is read at the entrance
        return await self._line(ENTRANCE)

    def _wished(self, engine: EngineLine, name: str, kind: str) -> None:
        """A session belongs elsewhere."""
        seat = self._seat(name)
        if seat is not None and seat.engine is engine:
            self._do(self._move(seat, kind))

    async def _move(self, seat: RemoteSeat, kind: str) -> None:
        """Have a session go on in a process of that kind, unless that has to wait."""
        if seat.moves or seat.engine.kind == kind:
            return
        seat.moves = True
        with contextlib.suppress(OSError):  # the machine has no process more to give: the session stays where it is
            target = await self._line(kind)
            if seat.number in seat.engine.seats and target.takes():  # the page may have gone
                await self._moved(seat, target)
        seat.moves = False

    async def _moved(self, seat: RemoteSeat, target: EngineLine) -> None:
        way = self._on_the_way[seat.name] = asyncio.get_running_loop().create_future()
        try:
            await seat.move(target)
            self._remember(seat)
        except (ConnectionError, GlassnetError):
            seat.outbox.lose()  # its page comes back, and the session is read from disk
        finally:
            del self._on_the_way[seat.name]
            way.set_result(None)

    def _remember(self, seat: RemoteSeat) -> None:
        """Where a session is, for whoever comes back to it."""
        self._homes.pop(seat.name, None)
        if seat.engine.kind != ENTRANCE:
            self._homes[seat.name] = seat.engine
            while len(self._homes) > _MOST_HOMES:
                del self._homes[next(iter(self._homes))]

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- processes --------------------------------------------------------------------------------------------

    def _of(self, kind: str) -> list[EngineLine]:
        return [line for line in self.lines if line.kind == kind and not line.gone]

    def _is_short_of(self, kind: str) -> bool:
        """Whether another process of a kind should be started: for the pages that it has, or may have soon."""
        there = self._of(kind)
        if not there or kind == ENTRANCE:
            return not there
        pages = sum(len(line.seats) for line in there + (self._of(ENTRANCE) if kind == ENGINE else []))
        return len(there) < self.most and pages >= _ENOUGH[kind] * len(there)

    async def _line(self, kind: str) -> EngineLine:
        """The process of a kind that has the fewest pages."""
        while self._is_short_of(kind):
            async with self._starting:
                if self._is_short_of(kind):
                    await self._start(kind)
        return min(self._of(kind), key=lambda line: len(line.seats))

    async def _start(self, kind: str) -> None:
        for line in [line for line in self.lines if line.gone]:
            await asyncio.to_thread(_ended, line.process)  # what it writes down is read by the next one
            self.lines.remove(line)
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        with theirs, _deaf():
            process = subprocess.Popen([*COMMAND, str(theirs.fileno())], pass_fds=[theirs.fileno()])
        most = max(_LEAST_SESSIONS, self.limits.sessions if kind == ENTRANCE else -(-self.limits.sessions // self.most))
        _, engine = await loop.create_connection(lambda: EngineLine(kind, most, self._wished), sock=ours)
        engine.process = process
        about = {
            "limits": {**self.limits.as_dict(), "sessions": most}, "models": self.models, "kind": kind,
            "keep": self.keeper.folder if self.keeper else None,
        }  # fmt: skip
        engine.tell(0, records.BEGIN, _as_json(**about))
        self.lines.append(engine)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Whoever is started meanwhile does not hear Ctrl-C from its first moment on; we hear it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _as_json(**fields: Any) -> bytes:
    return strict_json.dumps(fields, indent=None).encode()


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process, but not for ever."""
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)


def number_of(host_is_open: bool) -> int:
    """How many engines a server should have: one for each core for a class, none for a page of one's own."""
    if not (host_is_open and AVAILABLE):
        return 0
    return processors()
