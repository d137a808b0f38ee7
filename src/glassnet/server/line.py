"""One page's WebSocket on uvicorn: a protocol that costs little for each message, and that nobody can hold up.

uvicorn makes a `Line` of a request that asks to become a WebSocket. To the application it is an ASGI scope as any
other, whose extension `glassnet.line` is the line itself: what many pages are sent many times a second is written to it
at once, without a task or a queue in between.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from glassnet.server import wire

EXTENSION = "glassnet.line"
GONE, UNANSWERED, RESTARTING = 1006, 1011, 1012
FLOOD, OVER = 4008, 4014
_QUIET_SECONDS = 20.0  # between looks; one in vain is let pass, after two a page is pinged, after three it is gone
_MESSAGE_SECONDS = 30.0  # from the first byte of a message to its last, and for what is sent to be taken
_FAREWELL_SECONDS = 2.0
_MOST_EARLY = 16  # messages before somebody listens
_WORK = 4096  # bytes that count as a message more
_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_UNHEARD = (wire.BROKEN, wire.NOT_TEXT, wire.TOO_LONG, FLOOD)  # ends after which nothing is listened to any more
_log = logging.getLogger("glassnet.server")


class Line(asyncio.Protocol):
    """A connection from its handshake to its end, `lost`, whose result is the code with which it was closed."""

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: Any = None,
        farewell: tuple[int, str] = (RESTARTING, ""),
    ) -> None:
        self.farewell = farewell  # what pages are told when the server ends
        self.app, self.state, self.app_state = config.loaded_app, server_state, app_state
        self.loop = _loop or asyncio.get_event_loop()
        self.lost: asyncio.Future[int] = self.loop.create_future()
        self.clear = True  # whether what is written is on its way
        self.on_clear: Callable[[], None] | None = None
        self.reader = wire.Reader(config.ws_max_size)
        self._early: list[str | bytes] = []
        self._told = asyncio.Event()
        self._hear: Callable[[str | bytes], None] | None = None
        self._count: Callable[[int], None] | None = None
        self._request = bytearray()
        self._key = b""
        self._stage = "asked"  # then "open", "closing"
        self._code = GONE
        self._begun_at = 0.0  # when a message began that is not there yet
        self._quiet = 0  # looks since something was heard
        self._watch = self._slow = None

    # ---- for the application ----------------------------------------------------------------------------------

    async def first(self) -> str | bytes:
        """The first message that comes.

        Raises `ConnectionError` when there will be none.
        """
        waiting = asyncio.ensure_future(self._told.wait())
        try:
            await asyncio.wait({waiting, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not self._early:
            raise ConnectionError("the page has gone")
        return self._early.pop(0)

    def listen(self, hear: Callable[[str | bytes], None], count: Callable[[int], None]) -> None:
        """Have every message told as it comes, in order, and how much work they are: one for each 4 KiB or part."""
        self._hear, self._count = hear, count
        while self._early and self._stage == "open":
            hear(self._early.pop(0))

    def send(self, item: str | bytes) -> None:
        """Write a message; nothing once the line is closed."""
        if self._stage != "open":
            return
        opcode, body = (wire.BINARY, item) if isinstance(item, bytes) else (wire.TEXT, item.encode())
        self.transport.write(b"".join((wire.head(opcode, len(body)), body)))

    def close(self, code: int, reason: str = "") -> None:
        """Say farewell, and wait a little for the answer; a reason has room in 123 bytes."""
        if self._stage == "asked":
            self._refuse()
        elif self._stage == "open":
            self._stage, self._code = "closing", code
            if code in _UNHEARD:  # whatever else comes is left where it is: not even to throw it away costs us anything
                self.transport.pause_reading()
            self._control(wire.CLOSE, code.to_bytes(2, "big") + reason.encode()[:123])
            self.loop.call_later(_FAREWELL_SECONDS, self.transport.abort)

    # ---- for asyncio and uvicorn ------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """uvicorn hands the connection over."""
        self.transport = transport
        self.state.connections.add(self)
        self._watch = self.loop.call_later(_QUIET_SECONDS, self._look)

    def data_received(self, data: bytes) -> None:
        """The request, then messages."""
        if self._stage == "asked":
            self._request += data
            if not self._key and b"\r\n\r\n" in self._request:
                self._shake()
            return
        self._quiet = 0
        try:
            before, messages = self.reader.frames, self.reader.feed(data)
            if self._count is not None:
                self._count(self.reader.frames - before + len(data) // _WORK)
            for opcode, body in messages:
                self._take(opcode, body)
        except wire.WireError as problem:
            self.close(problem.code)
        self._begun_at = (self._begun_at or self.loop.time()) if self.reader.waiting else 0.0

    def eof_received(self) -> None:
        """The page will say no more, so the connection ends."""

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self.state.connections.discard(self)
        self._stage, self.clear, self._hear = "closing", True, None
        for timer in (self._watch, self._slow):
            if timer is not None:
                timer.cancel()
        if not self.lost.done():
            self.lost.set_result(self._code)

    def pause_writing(self) -> None:
        """The page takes less than it is sent: wait for it, but not for ever."""
        self.clear = False
        self._slow = self.loop.call_later(_MESSAGE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It has taken what there was."""
        self.clear = True
        if self._slow is not None:
            self._slow.cancel()
        if self.on_clear is not None:
            self.on_clear()

    def shutdown(self) -> None:
        """The server ends."""
        self.close(*self.farewell)
        self.transport.close()

    # ---- the handshake ----------------------------------------------------------------------------------------

    def _shake(self) -> None:
        """Ask the application what to do with a request, whose headers uvicorn has looked through."""
        start, *lines = bytes(self._request).partition(b"\r\n\r\n")[0].split(b"\r\n")
        pairs = [line.partition(b":") for line in lines]
        headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
        known = dict(headers)
        self._key = known.get(b"sec-websocket-key", b"-")
        if not start.startswith(b"GET ") or known.get(b"sec-websocket-version") != b"13" or not _is_key(self._key):
            self._answer("400 Bad Request", b"sec-websocket-version: 13\r\n")
            return
        path, _, query = start.split(b" ")[1].partition(b"?")
        scope = {
            "type": "websocket", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "scheme": "ws", "path": unquote(path.decode("latin-1")), "raw_path": path, "query_string": query,
            "root_path": "", "headers": headers, "subprotocols": [], "state": self.app_state.copy(),
            "client": None, "server": None, "extensions": {EXTENSION: self},
        }  # fmt: skip
        task = self.loop.create_task(self._run(scope))
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self.app(scope, self._receive, self._send)
        except Exception:  # our own mistake: it ends this connection, and no other
            _log.exception("a connection failed")
            self.close(UNANSWERED)
        else:
            self.close(1000)

    async def _receive(self) -> dict[str, Any]:
        if self._stage == "asked":
            return {"type": "websocket.connect"}
        return {"type": "websocket.disconnect", "code": await asyncio.shield(self.lost)}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.close(message.get("code", 1000))
        elif message["type"] == "websocket.accept" and self._stage == "asked":
            proof = base64.b64encode(hashlib.sha1(self._key + _KEY.encode(), usedforsecurity=False).digest())
            upgrade = b"upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " + proof + b"\r\n"
            self._answer("101 Switching Protocols", upgrade, last=False)
            self._stage = "open"
        elif message["type"] == "websocket.send":
            text = message.get("text")
            self.send(message["bytes"] if text is None else text)

    def _refuse(self) -> None:
        self._answer("403 Forbidden", b"")

    def _answer(self, status: str, headers: bytes, last: bool = True) -> None:
        end = b"content-length: 0\r\nconnection: close\r\n" if last else b""
        self.transport.write(f"HTTP/1.1 {status}\r\n".encode() + headers + end + b"\r\n")
        if last:
            self._stage = "closing"
            self.transport.close()

    # ---- messages ---------------------------------------------------------------------------------------------

    def _take(self, opcode: int, body: bytes) -> None:
        if opcode == wire.CLOSE:
            self._farewell(body)
        elif self._stage != "open":
            return
        elif opcode == wire.PING:
            self._control(wire.PONG, body)
        elif opcode != wire.PONG:
            self._hand_on(body if opcode == wire.BINARY else _decoded(body))

    def _hand_on(self, message: str | bytes) -> None:
        if self._hear is not None:
            self._hear(message)
        elif len(self._early) < _MOST_EARLY:
            self._early.append(message)
            self._told.set()
        else:
            self.close(FLOOD)

    def _control(self, opcode: int, body: bytes) -> None:
        self.transport.write(wire.head(opcode, len(body)) + body)

    def _farewell(self, body: bytes) -> None:
        """The page closes, or answers our own farewell."""
        if self._stage == "open":
            self._code = _code(body)
            self._control(wire.CLOSE, body[:2] if self._code != wire.BROKEN else wire.BROKEN.to_bytes(2, "big"))
        self._stage = "closing"
        self.transport.close()

    def _look(self) -> None:
        """Now and then: is the page still there, and does the message that it has begun come to its end?"""
        self._watch = self.loop.call_later(_QUIET_SECONDS, self._look)
        self._quiet += 1
        if self._stage == "closing" or self._quiet > 2:
            self.transport.abort()
        elif self._begun_at and self.loop.time() - self._begun_at > _MESSAGE_SECONDS:
            self.close(FLOOD)
        elif self._stage == "open" and self._quiet == 2:
            self._control(wire.PING, b"there?")


def _is_key(key: bytes) -> bool:
    """Whether this is the word of a WebSocket's handshake: 16 bytes in base 64."""
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise wire.WireError(wire.NOT_TEXT, "got a text that is not UTF-8") from None


def _code(body: bytes) -> int:
    """The code with which a page closes; 1005 for none, 1002 for one that nobody may send."""
    if not body:
        return 1005
    code = int.from_bytes(body[:2], "big")
    known = (1000 <= code < 1015 and code not in (1004, 1005, 1006)) or 3000 <= code < 5000
    return code if known and len(body) > 1 else wire.BROKEN
