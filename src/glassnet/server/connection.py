"""One page's connection: a thin shell around a session, with the limits of the transport.

What is said many times a second (frames, and their credits) passes through plain calls; tasks are for the beginning and
the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from starlette.websockets import WebSocket

from glassnet.errors import FormatError, GlassnetError, complain
from glassnet.server import commands, messages
from glassnet.server.line import EXTENSION, RESTARTING, Line
from glassnet.server.outbox import Outbox
from glassnet.server.registry import NoRoomError
from glassnet.server.reports import Refusal, Welcome
from glassnet.server.venue import Seat, Venue
from glassnet.version import __version__

OTHER_VERSION, TAKEN_OVER, TOO_MANY, IDLE, NO_ROOM = 4000, 4001, 4008, 4009, 4013
_CREDIT = re.compile(r'\{"type":"credit"(?:,"frames":(\d{1,3}))?\}')  # by far the most frequent command
_MOST_HELLO = 64 * 1024


class _Goodbye(Exception):  # noqa: N818 - an ending, not an error
    """The connection is to be closed, with a code and a refusal that says why."""

    def __init__(self, code: int, report: Refusal | None = None) -> None:
        self.code, self.report = code, report


class Porter:
    """The way from the sessions' threads to the loop, which all connections of a server share.

    However many sessions have something to say, the loop is woken once for them all; from its own thread, where what an
    engine says comes in, not even that.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._ready: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._called = False

    def begin(self) -> asyncio.AbstractEventLoop:
        """Serve this loop from now on."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        return self._loop

    def post(self, deliver: Callable[[], None]) -> None:
        """Have this called in the loop, from any thread."""
        with self._lock:
            self._ready.append(deliver)
            if self._called:
                return
            self._called = True
        if self._loop is None:
            return
        call = self._loop.call_soon if threading.get_ident() == self._thread else self._loop.call_soon_threadsafe
        with contextlib.suppress(RuntimeError):  # the loop has ended
            call(self._round)

    def _round(self) -> None:
        with self._lock:
            ready, self._ready, self._called = self._ready, deque(), False
        for deliver in ready:
            deliver()


class Connection:
    """Passes commands on, sends what the outbox holds, and keeps to the limits."""

    def __init__(self, venue: Venue, websocket: WebSocket, porter: Porter, classroom: bool = False) -> None:
        self.venue, self.websocket, self.classroom = venue, websocket, classroom
        self.limits = venue.limits
        self.line: Line
        self.seat: Seat | None = None
        self.outbox = Outbox(lambda: porter.post(self.deliver), guest=websocket.scope.get("role") != "owner")
        self._end: asyncio.Future[_Goodbye] = porter.begin().create_future()
        self._owed = 0  # credits that have not been passed on
        self._tokens = 2 * self.limits.messages_per_second
        self._filled = self._heard_at = monotonic()

    async def run(self) -> None:
        """From the handshake to the end."""
        await self.websocket.accept()
        line = self.websocket.scope.get("extensions", {}).get(EXTENSION)
        if line is None:  # a server that makes other WebSockets than ours
            await self.websocket.close(1011)
            return
        self.line = line
        goodbye = _Goodbye(1000)
        try:
            await self._hello()
            goodbye = await self._talk()
        except _Goodbye as problem:
            goodbye = problem
        except ConnectionError:
            pass  # the page has gone
        finally:
            if goodbye.report is not None:
                self._send(goodbye.report)
            line.close(goodbye.code)
            if self.seat is not None:
                await self.venue.leave(self.seat, self.outbox)

    async def _hello(self) -> None:
        try:
            async with asyncio.timeout(self.limits.hello_seconds):
                text = await self.line.first()
        except TimeoutError:
            raise _Goodbye(IDLE, _fatal("got no hello in time", "expected one", "Try reloading")) from None
        if not isinstance(text, str):
            raise _not_text()
        try:
            await self._open(_as_hello(text))
        except NoRoomError as problem:
            raise _Goodbye(NO_ROOM, messages.refusal(problem, messages.id_in(text), fatal=True)) from None
        except GlassnetError as problem:
            raise _Goodbye(OTHER_VERSION, messages.refusal(problem, messages.id_in(text), fatal=True)) from None

    async def _open(self, hello: commands.Hello) -> None:
        """Enter the session; a state that cannot be is left aside with a refusal, for a link may be old."""
        problem: GlassnetError | None = None
        try:
            seat, resumed = await self.venue.enter(hello.session, hello.state, self.outbox)
        except NoRoomError:
            raise
        except GlassnetError as wrong:
            problem = wrong
            seat, resumed = await self.venue.enter(None, None, self.outbox)
        self.seat = seat
        limits = self.limits.as_dict()
        runs = not self.outbox.guest  # the machine's own are no affair of a class
        self._send(Welcome(seat.name, resumed, messages.PROTOCOL, __version__, limits, self.classroom, runs, hello.id))
        if problem is not None:
            self._send(messages.refusal(problem))

    async def _talk(self) -> _Goodbye:
        """Until one of the two ends it."""
        self._heard_at = monotonic()
        self.line.on_clear = self._clear
        self.line.listen(self._hear, self._count)
        self.deliver()
        rest = self._watch()
        try:
            await asyncio.wait({self._end, self.line.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rest.cancel()
        return self._end.result() if self._end.done() else _Goodbye(1000)

    def _clear(self) -> None:
        """The page has taken what there was."""
        self.deliver()
        self._settle()

    def _settle(self) -> None:
        """Pass credits on, but while something is still here nobody can have drawn it."""
        if self._owed and self.line.clear and self.seat is not None:
            self.seat.credit(self._owed, self.outbox)
            self._owed = 0

    def _leave(self, goodbye: _Goodbye) -> None:
        if not self._end.done():
            self._end.set_result(goodbye)

    # ---- in ---------------------------------------------------------------------------------------------------

    def _watch(self) -> asyncio.Task[None]:
        """Whoever says nothing for long is sent away."""

        async def watch() -> None:
            while (left := self._heard_at + self.limits.idle_seconds - monotonic()) > 0:
                await asyncio.sleep(left)
            self._leave(_Goodbye(IDLE, _fatal("got nothing for long", "expected a command", "Try reloading")))

        return asyncio.create_task(watch())

    def _count(self, work: int) -> None:
        """A bucket of tokens that fills again: short bursts pass, floods do not."""
        now, rate = monotonic(), self.limits.messages_per_second
        self._tokens = min(2 * rate, self._tokens + (now - self._filled) * rate) - work
        self._filled = now
        if self._tokens < 0:
            expected = f"expected at most {rate:g} a second"
            self._leave(_Goodbye(TOO_MANY, _fatal("got too many messages", expected, "Try fewer")))

    def _hear(self, text: str | bytes) -> None:
        if self.seat is None or self._end.done():
            return
        self._heard_at = monotonic()
        if not isinstance(text, str):
            self._leave(_not_text())
        elif (credit := _CREDIT.fullmatch(text)) is not None:
            self._owed += int(credit[1] or 1)
            self._settle()
        elif not self.seat.hear(text):
            expected, hint = "expected fewer", "Try waiting"
            self._leave(_Goodbye(TOO_MANY, _fatal("got commands faster than they are done", expected, hint)))

    # ---- out --------------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Send what there is, as far as the page takes it."""
        if self.seat is None or self._end.done():
            return
        if self.outbox.overflow:
            self._leave(_Goodbye(TOO_MANY))
        if self.outbox.lost:
            self._leave(_Goodbye(RESTARTING))
        while self.line.clear and (item := self.outbox.next()) is not None:
            self.line.send(item)
        if self.outbox.away:
            got, expected = "got no command for long, and others who wait", "expected one now and then"
            self._leave(_Goodbye(IDLE, _fatal(got, expected, "Try reloading")))
        if self.outbox.closed:
            self._leave(_Goodbye(TAKEN_OVER, _fatal("got a second page", "expected one at a time", "Try that page")))

    def _send(self, report: Any) -> None:
        self.line.send(messages.write(report))


def _as_hello(text: str) -> commands.Hello:
    if len(text) > _MOST_HELLO:
        expected = f"expected at most {_MOST_HELLO:,}"
        raise FormatError(complain(f"got a hello of {len(text):,} signs", expected, "Try reloading the page"))
    hello = messages.read(text)
    if not isinstance(hello, commands.Hello):
        raise FormatError(complain("got another first message", "expected hello", "Try reloading the page"))
    if hello.protocol != messages.PROTOCOL:
        got = f"got protocol {hello.protocol}"
        raise FormatError(complain(got, f"expected {messages.PROTOCOL}", "Try reloading the page"))
    return hello


def _not_text() -> _Goodbye:
    return _Goodbye(TOO_MANY, _fatal("got a binary message", "expected text", "Try JSON"))


def _fatal(got: str, expected: str, hint: str) -> Refusal:
    return messages.refusal(GlassnetError(complain(got, expected, hint)), fatal=True)
