"""Sessions in processes of their own, for a class: as many as there are cores, and as pages need.

The server's own process keeps the doors, the WebSockets and the guard, and trains nothing, so no network however large
holds up what another page is sent. A session's name begins with the number of its engine, which is how a page that
comes back is led to it. An engine that dies takes its pages' connections with it; they come back to a new one, which
reads the sessions from disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
from typing import Any

from glassnet.errors import GlassnetError, ValueRangeError
from glassnet.files import strict_json
from glassnet.server import records
from glassnet.server.keeping import Keeper
from glassnet.server.outbox import Outbox
from glassnet.server.records import Splitter, record
from glassnet.server.registry import NoRoomError
from glassnet.server.session import Limits

COMMAND = (sys.executable, "-m", "glassnet.server.engine")
AVAILABLE = os.name == "posix"  # a process is handed a socket by its number
_ENOUGH = 40  # pages in each engine, before another one is started
_LEAST_SESSIONS = 50
_END_SECONDS = 8.0
_BETWEEN_SECONDS = 0.05  # two who enter: a class is in within seconds, and a storm of those who come back is none


class RemoteSeat:
    """A page's place in a session of an engine."""

    def __init__(self, engine: EngineLine, number: int, outbox: Outbox) -> None:
        self.engine, self.number, self.outbox = engine, number, outbox
        self.name = ""
        self.entered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.flooded = False

    def hear(self, text: str) -> bool:
        """A command, as it came; False once the session has said that there are too many."""
        self.engine.tell(self.number, records.HEAR, text.encode())
        return not self.flooded

    def credit(self, frames: int, outbox: Outbox) -> None:
        """The page has drawn so many frames."""
        self.engine.tell(self.number, records.CREDIT, bytes((min(frames, 255),)))


class EngineLine(asyncio.Protocol):
    """The server's end of the line to one engine."""

    def __init__(self) -> None:
        self.seats: dict[int, RemoteSeat] = {}
        self.waiting: dict[int, asyncio.Future[str]] = {}
        self.process: subprocess.Popen[bytes]
        self.gone = False
        self._splitter = Splitter()
        self._unsent: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        """The line is there, if not yet the engine."""
        self.transport = transport

    def tell(self, seat: int, kind: int, body: bytes = b"") -> None:
        """Send a record, together with what others have to send in this round of the loop."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._send)
        self._unsent.append(record(seat, kind, body))

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if not self.gone:
            self.transport.write(b"".join(unsent))

    def data_received(self, data: bytes) -> None:
        """Records, for the pages' outboxes mostly."""
        for number, kind, body in self._splitter.feed(data):
            if kind == records.DONE:
                self._answer(number, body.decode())
            elif (seat := self.seats.get(number)) is not None:
                _take(seat, kind, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The engine has ended; so do its pages' connections, which will come back."""
        self.gone = True
        for seat in self.seats.values():
            if not seat.entered.done():
                seat.entered.set_exception(ConnectionError("the engine has ended"))
            seat.outbox.lose()
        for number in list(self.waiting):
            self._answer(number, "no session")

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
    elif not seat.entered.done():
        about = strict_json.loads(body.decode())
        if kind == records.ENTERED:
            seat.name = about["name"]
            seat.entered.set_result(about["resumed"])
        else:
            seat.entered.set_exception((NoRoomError if about["no_room"] else ValueRangeError)(about["text"]))


class Engines:
    """Where a class's sessions live: up to `most` processes."""

    def __init__(self, limits: Limits, most: int, models: str = "runs", keeper: Keeper | None = None) -> None:
        self.limits, self.most, self.models, self.keeper = limits, max(1, most), models, keeper
        self.engines: dict[int, EngineLine] = {}
        self._numbers = itertools.count(1)
        self._entrance, self._starting = asyncio.Lock(), asyncio.Lock()

    async def start(self) -> None:
        """Be ready for the first page."""
        await self._engine(0)

    async def enter(self, name: str | None, state: dict[str, Any] | None, outbox: Outbox) -> tuple[RemoteSeat, bool]:
        """A place in the session of that name, or in a new one; whether it was there."""
        async with self._entrance:
            await asyncio.sleep(_BETWEEN_SECONDS)
        engine = await self._engine(self._index(name))
        seat = RemoteSeat(engine, next(self._numbers), outbox)
        engine.seats[seat.number] = seat
        engine.tell(seat.number, records.ENTER, _as_json(name=name, state=state, guest=outbox.guest))
        try:
            return seat, await seat.entered
        except BaseException:
            await self.leave(seat, outbox)
            raise

    async def leave(self, seat: Any, outbox: Outbox) -> None:
        """The page has gone."""
        seat.engine.seats.pop(seat.number, None)
        seat.engine.tell(seat.number, records.LEAVE)

    async def open_model(self, name: str, body: bytes, file: str) -> None:
        """Give a session a model of the user's own."""
        engine = self.engines.get(self._number_in(name))
        if engine is None or engine.gone:
            raise KeyError(name)
        number = next(self._numbers)
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
        """Have them write everything down, and end."""
        for engine in self.engines.values():
            engine.transport.close()
        await asyncio.gather(*(asyncio.to_thread(_ended, engine.process) for engine in self.engines.values()))

    # ---- which engine -----------------------------------------------------------------------------------------

    def _number_in(self, name: str | None) -> int:
        """The number of the engine that a session's name tells; -1 for none."""
        digits = (name or "").partition(".")[0]
        return int(digits) % self.most if digits.isascii() and digits.isdecimal() and len(digits) < 6 else -1

    def _index(self, name: str | None) -> int:
        """The engine of a session, for a new one that with the fewest pages, or one more if those have enough."""
        index = self._number_in(name)
        if index >= 0:
            return index
        pages = {i: len(engine.seats) for i, engine in self.engines.items() if not engine.gone}
        free = [i for i in range(self.most) if i not in pages]
        if free and (not pages or min(pages.values()) >= _ENOUGH):
            return free[0]
        return min(pages, key=lambda i: pages[i])

    async def _engine(self, index: int) -> EngineLine:
        async with self._starting:
            engine = self.engines.get(index)
            if engine is not None and engine.gone:
                await asyncio.to_thread(_ended, engine.process)  # what it writes down is read by the next one
            if engine is None or engine.gone:
                engine = self.engines[index] = await self._started(index)
            return engine

    async def _started(self, index: int) -> EngineLine:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        with theirs:
            process = subprocess.Popen([*COMMAND, str(theirs.fileno())], pass_fds=[theirs.fileno()])
        _, engine = await loop.create_connection(EngineLine, sock=ours)
        engine.process = process
        share = max(_LEAST_SESSIONS, -(-self.limits.sessions // self.most))
        about = {
            "limits": {**self.limits.as_dict(), "sessions": share}, "models": self.models, "prefix": f"{index}.",
            "keep": self.keeper.folder if self.keeper else None,
        }  # fmt: skip
        engine.tell(0, records.BEGIN, _as_json(**about))
        return engine


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
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
