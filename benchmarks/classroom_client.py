"""A page that costs its machine next to nothing: a WebSocket by hand, which counts frames and looks at their headers.

A browser draws what it is sent; this one only takes the time. Two hundred of them share one event loop with one buffer,
so that what is measured is the server and not its load.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
from time import monotonic
from typing import Any

from glassnet.server.frames import FRAME, HEADER_BYTES, HEADER_TYPE

_BUFFER = bytearray(256 * 1024)  # one for all: what has come is looked at before the next page's turn
_VIEW = memoryview(_BUFFER)
_FIELDS = HEADER_TYPE.fields or {}
_STEP, _STAMP = _FIELDS["step"][1], _FIELDS["epochs_per_second"][1]
_NUMBER = struct.Struct("<d")
_NO_FRAME = -1.0
_TEXT, _BINARY, _CLOSE, _PING = 1, 2, 8, 9


def message(text: str, opcode: int = _TEXT) -> bytes:
    """A message as a client sends it: masked, as RFC 6455 (2011) has it, with the mask 0, which leaves it as it is."""
    body = text.encode()
    size = len(body)
    if size < 126:
        return bytes((0x80 | opcode, 0x80 | size, 0, 0, 0, 0)) + body
    if size < 65536:
        return struct.pack("!BBH4x", 0x80 | opcode, 0x80 | 126, size) + body
    return struct.pack("!BBQ4x", 0x80 | opcode, 0x80 | 127, size) + body


def command(type: str, **fields: Any) -> bytes:
    """A command as it goes over the wire."""
    return message(json.dumps({"type": type, **fields}))


_TOGETHER = 2  # frames that a page gives back at a time
CREDIT = message(f'{{"type":"credit","frames":{_TOGETHER}}}')


class Pupil(asyncio.BufferedProtocol):
    """One page: its frames (when each was due, when it came), and how long its questions waited for an answer."""

    def __init__(
        self, address: tuple[str, int], cookie: str, state: dict[str, Any], session: str | None = None
    ) -> None:
        self.address, self.cookie, self.state = address, cookie, state
        self.due: list[float] = []
        self.came: list[float] = []
        self.answers: list[float] = []
        self.step = 0.0
        self.watching = False  # whether what comes is counted
        self.polite = True  # whether credits are given back
        self._unsaid = 0  # frames that have not been
        self.status = 0  # of the handshake
        self.ended: int | None = None  # the code with which the server closed
        self.session = session
        self.first_frame: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked: dict[int, float] = {}
        self._head = bytearray()  # the beginning of a message (or of the handshake) that has come in part
        self._body: bytearray | None = None  # of a text; a frame's is let go
        self._left, self._opcode, self._stamp = 0, 0, 0.0

    # ---- the connection ---------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Shake hands."""
        self.transport = transport
        host = f"{self.address[0]}:{self.address[1]}"
        lines = [
            "GET /ws HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", f"Cookie: {self.cookie}",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "", "",
        ]  # fmt: skip
        transport.write("\r\n".join(lines).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has gone, or we have."""
        for waiting in (self.first_frame, self.over):
            if not waiting.done():
                waiting.set_result(None)

    def tell(self, type: str, **fields: Any) -> None:
        """Send a command."""
        self.transport.write(command(type, **fields))

    def ask(self, id: int, type: str, **fields: Any) -> None:
        """Send a command whose answer is waited for."""
        self._asked[id] = monotonic()
        self.tell(type, id=id, **fields)

    def leave(self) -> None:
        """Cut the line, without a farewell."""
        if not self.transport.is_closing():
            self.transport.abort()

    # ---- what comes -------------------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        """The buffer that all pages share."""
        return _VIEW

    def buffer_updated(self, nbytes: int) -> None:
        """Messages, or parts of them."""
        at = 0
        if self._head:  # rare: a header that was cut
            self._head += _VIEW[:nbytes]
            data, nbytes = memoryview(self._head), len(self._head)
            self._head = bytearray()
        else:
            data = _VIEW
        while at < nbytes:
            if self._left:
                taken = min(self._left, nbytes - at)
                if self._body is not None:
                    self._body += data[at : at + taken]
                at += taken
                self._left -= taken
                if not self._left:
                    self._complete()
            else:
                begun = self._begin(data, at, nbytes)
                if begun < 0:
                    self._head = bytearray(data[at:nbytes])
                    return
                at = begun

    def _begin(self, data: memoryview, at: int, end: int) -> int:
        """Read what a message says of itself; where its body is, or -1 if that has not all come."""
        if not self.status:
            return self._shaken(bytes(data[at:end]), at)
        if end - at < 2:
            return -1
        size, body = data[at + 1], at + 2
        if size == 126:
            body, need = at + 4, "!H"
        elif size == 127:
            body, need = at + 10, "!Q"
        else:
            need = ""
        opcode = data[at] & 15
        if end < body + (HEADER_BYTES if opcode == _BINARY else 0):
            return -1
        if need:
            (size,) = struct.unpack_from(need, data, at + 2)
        self._left, self._opcode = size, opcode
        self._body = None if opcode == _BINARY else bytearray()
        if opcode == _BINARY:
            self._stamp = self._look(data, body)
        if not size:
            self._complete()
        return body

    def _shaken(self, head: bytes, at: int) -> int:
        end = head.find(b"\r\n\r\n")
        if end < 0:
            return -1
        self.status = int(head.split(b" ", 2)[1])
        if self.status == 101:
            self.tell("hello", protocol=1, session=self.session, state=self.state)
        else:
            self.leave()
        return at + end + 4

    def _look(self, data: memoryview, body: int) -> float:
        """When a frame was due."""
        if int.from_bytes(data[body : body + 4], "little") != FRAME:
            return _NO_FRAME
        (self.step,) = _NUMBER.unpack_from(data, body + _STEP)
        return float(_NUMBER.unpack_from(data, body + _STAMP)[0])

    def _complete(self) -> None:
        """A message is there to its last byte."""
        if self._opcode == _BINARY:
            if self._stamp == _NO_FRAME:
                return
            self._unsaid = (self._unsaid + 1) % _TOGETHER
            if self.polite and not self._unsaid:
                self.transport.write(CREDIT)
            if self.watching and self._stamp == self._stamp:  # not the frame after a command, which no clock asked for
                self.due.append(self._stamp)
                self.came.append(monotonic())
            elif not self.first_frame.done():
                self.first_frame.set_result(None)
        elif self._opcode == _TEXT:
            self._told(bytes(self._body or b""))
        elif self._opcode == _PING:
            self.transport.write(message((self._body or b"").decode("latin-1"), 10))
        elif self._opcode == _CLOSE:
            self.ended = int.from_bytes((self._body or b"\0\0")[:2], "big")
            self.transport.close()

    def _told(self, text: bytes) -> None:
        if text.startswith(b'{"type": "welcome"'):
            self.session = json.loads(text)["session"]
        elif self._asked and b'"id": ' in text:
            id = json.loads(text).get("id")
            if id in self._asked:
                self.answers.append(monotonic() - self._asked.pop(id))


async def enter(address: tuple[str, int], cookie: str, state: dict[str, Any], session: str | None = None) -> Pupil:
    """A page that has drawn its first frame, or was sent away; of the session of that name, if there is one.

    Raises `TimeoutError` when neither happens within a minute.
    """
    loop = asyncio.get_running_loop()
    _, pupil = await loop.create_connection(lambda: Pupil(address, cookie, state, session), *address)
    await asyncio.wait_for(pupil.first_frame, 60)
    return pupil
