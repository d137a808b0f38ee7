"""One page's WebSocket: a thin shell around a session, with the limits of the transport."""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from glassnet.errors import FormatError, GlassnetError, complain
from glassnet.server import commands, messages
from glassnet.server.outbox import Outbox
from glassnet.server.registry import NoRoomError, Registry
from glassnet.server.reports import Refusal, Welcome
from glassnet.server.session import Session
from glassnet.version import __version__

OTHER_VERSION, TAKEN_OVER, TOO_MANY, IDLE, NO_ROOM = 4000, 4001, 4008, 4009, 4013
_CREDIT = '{"type":"credit"}'  # by far the most frequent command
_SEND_SECONDS = 30.0  # for one message; a page that takes longer is gone, or means harm


class _Goodbye(Exception):  # noqa: N818 - an ending, not an error
    """The connection is to be closed, with a code and a refusal that says why."""

    def __init__(self, code: int, report: Refusal | None = None) -> None:
        self.code, self.report = code, report


class Connection:
    """Reads commands, sends what the outbox holds, and keeps to the limits."""

    def __init__(self, registry: Registry, websocket: WebSocket, classroom: bool = False) -> None:
        self.registry, self.websocket, self.classroom = registry, websocket, classroom
        self.limits = registry.limits
        self.session: Session | None = None
        loop, self._ready = asyncio.get_running_loop(), asyncio.Event()
        self.outbox = Outbox(lambda: _wake(loop, self._ready))
        self._tokens, self._filled = 2 * self.limits.messages_per_second, monotonic()

    async def run(self) -> None:
        """From the handshake to the end."""
        await self.websocket.accept()
        code = 1000
        try:
            await self._hello()
            code = await self._talk()
        except _Goodbye as goodbye:
            code = goodbye.code
            await self._last_words(goodbye)
        except WebSocketDisconnect:
            pass
        finally:
            if self.session is not None:
                await asyncio.to_thread(self.session.detach, self.outbox)
            await self._close(code)

    async def _hello(self) -> None:
        try:
            async with asyncio.timeout(self.limits.hello_seconds):
                text = await self._receive()
        except TimeoutError:
            raise _Goodbye(IDLE, _fatal("got no hello in time", "expected one", "Try reloading")) from None
        try:
            hello = messages.read(text)
            if not isinstance(hello, commands.Hello):
                raise FormatError(complain("got another first message", "expected hello", "Try reloading the page"))
            if hello.protocol != messages.PROTOCOL:
                got = f"got protocol {hello.protocol}"
                raise FormatError(complain(got, f"expected {messages.PROTOCOL}", "Try reloading the page"))
            await self._open(hello)
        except NoRoomError as problem:
            raise _Goodbye(NO_ROOM, messages.refusal(problem, messages.id_in(text), fatal=True)) from None
        except GlassnetError as problem:
            raise _Goodbye(OTHER_VERSION, messages.refusal(problem, messages.id_in(text), fatal=True)) from None

    async def _open(self, hello: commands.Hello) -> None:
        """Enter the session; a state that cannot be is left aside with a refusal, for a link may be old."""
        problem: GlassnetError | None = None
        try:
            session, resumed = await asyncio.to_thread(self.registry.open, hello.session, hello.state, self.outbox)
        except NoRoomError:
            raise
        except GlassnetError as wrong:
            problem = wrong
            session, resumed = await asyncio.to_thread(self.registry.open, None, None, self.outbox)
        self.session = session
        welcome = Welcome(
            session.name, resumed, messages.PROTOCOL, __version__, self.limits.as_dict(), self.classroom, hello.id
        )
        await self._send(messages.write(welcome))
        if problem is not None:
            await self._send(messages.write(messages.refusal(problem)))

    async def _talk(self) -> int:
        """Read and send until one of the two ends."""
        tasks = {asyncio.create_task(self._read()), asyncio.create_task(self._write())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---- in ---------------------------------------------------------------------------------------------------

    async def _receive(self) -> str:
        message = await self.websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text = message.get("text")
        if text is None:
            raise _Goodbye(TOO_MANY, _fatal("got a binary message", "expected text", "Try JSON"))
        return text

    async def _read(self) -> int:
        while True:
            try:
                async with asyncio.timeout(self.limits.idle_seconds):
                    text = await self._receive()
            except TimeoutError:
                raise _Goodbye(IDLE, _fatal("got nothing for long", "expected a command", "Try reloading")) from None
            self._count()
            self._do(text)

    def _count(self) -> None:
        """A bucket of tokens that fills again: short bursts pass, floods do not."""
        now, rate = monotonic(), self.limits.messages_per_second
        self._tokens = min(2 * rate, self._tokens + (now - self._filled) * rate)
        self._filled = now
        self._tokens -= 1
        if self._tokens < 0:
            expected = f"expected at most {rate:g} a second"
            raise _Goodbye(TOO_MANY, _fatal("got too many messages", expected, "Try fewer"))

    def _do(self, text: str) -> None:
        session = self.session
        if session is None:
            return
        if text == _CREDIT:
            self.outbox.credit(1)
            if not session.playground.running:  # one that runs looks for credits by itself
                self.registry.scheduler.wake(session)
            return
        try:
            command = messages.read(text)
            if isinstance(command, commands.Hello):
                raise FormatError(complain("got a second hello", "expected one", "Try a new connection"))
        except GlassnetError as problem:
            self.outbox.report(messages.write(messages.refusal(problem, messages.id_in(text))))
            return
        if not session.tell(command):
            raise _Goodbye(TOO_MANY, _fatal("got commands faster than they are done", "expected fewer", "Try waiting"))
        self.registry.scheduler.wake(session)

    # ---- out --------------------------------------------------------------------------------------------------

    async def _write(self) -> int:
        while True:
            await self._ready.wait()
            self._ready.clear()
            if self.outbox.overflow:
                raise _Goodbye(TOO_MANY)
            for item in self.outbox.take():
                await self._send(item)
            if self.outbox.closed:
                raise _Goodbye(TAKEN_OVER, _fatal("got a second page", "expected one at a time", "Try that page"))

    async def _send(self, item: str | bytes) -> None:
        message: dict[str, Any] = {"type": "websocket.send"}
        message["bytes" if isinstance(item, bytes) else "text"] = item
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self.websocket.send(message)
        except TimeoutError:
            raise _Goodbye(TOO_MANY) from None
        except RuntimeError:  # closed in the meantime
            raise WebSocketDisconnect from None

    async def _last_words(self, goodbye: _Goodbye) -> None:
        if goodbye.report is not None:
            with contextlib.suppress(WebSocketDisconnect, _Goodbye, OSError):
                await self._send(messages.write(goodbye.report))

    async def _close(self, code: int) -> None:
        if self.websocket.application_state is not WebSocketState.DISCONNECTED:
            with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
                async with asyncio.timeout(2.0):
                    await self.websocket.close(code)


def _fatal(got: str, expected: str, hint: str) -> Refusal:
    return messages.refusal(GlassnetError(complain(got, expected, hint)), fatal=True)


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(event.set)
