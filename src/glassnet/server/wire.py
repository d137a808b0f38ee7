"""WebSocket messages as bytes (RFC 6455, 2011): what a client's bytes say, and the head of what is said to it.

Nothing here knows of sockets: bytes go in as they come, whole messages come out.
"""

from __future__ import annotations

import struct

import numpy as np

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
BROKEN, NOT_TEXT, REFUSED, TOO_LONG = 1002, 1007, 1008, 1009  # codes with which a connection is closed
_FIN, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_LONG = 500  # bytes
_MOST_PARTS = 1000  # of one message; empty parts take memory too


class WireError(Exception):
    """What came is no WebSocket message; `code` is the one to close with."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def head(opcode: int, size: int) -> bytes:
    """What precedes a message of so many bytes from a server, which does not mask.

    >>> head(TEXT, 5), head(BINARY, 300)
    (b'\\x81\\x05', b'\\x82~\\x01,')
    """
    if size < 126:
        return bytes((_FIN | opcode, size))
    if size < 65536:
        return struct.pack("!BBH", _FIN | opcode, 126, size)
    return struct.pack("!BBQ", _FIN | opcode, 127, size)


def unmasked(body: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    """A client's bytes without their mask.

    >>> unmasked(unmasked(b"hello", b"abcd"), b"abcd")
    b'hello'
    """
    size = len(body)
    repeated = bytes(mask) * (size // 4 + 1)
    if size > _LONG:
        return np.bitwise_xor(np.frombuffer(body, np.uint8), np.frombuffer(repeated, np.uint8, size)).tobytes()
    # as one long number each: for the few bytes of a command quicker than NumPy, and than a loop by far
    return (int.from_bytes(body, "little") ^ int.from_bytes(repeated[:size], "little")).to_bytes(size, "little")


class Reader:
    """Puts a client's bytes together again.

    `frames` counts all that came, for whoever limits them. What is longer than `most` bytes is refused by its head,
    before it is there.

    >>> reader = Reader(most=100)
    >>> said = b"\\x81\\x85" + b"abcd" + unmasked(b"hello", b"abcd")
    >>> reader.feed(said[:7]), reader.feed(said[7:])
    ([], [(1, b'hello')])
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.frames = 0
        self._buffer = bytearray()
        self._kind = CONTINUED  # of the message that has begun, if one has
        self._parts: list[bytes] = []
        self._size = 0

    @property
    def waiting(self) -> bool:
        """Whether a message has come in part."""
        return bool(self._buffer or self._parts)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages that are now whole: kind and bytes.

        Raises `WireError` for what no client may send.
        """
        whole: list[tuple[int, bytes]] = []
        come: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            come = self._buffer
        at = 0
        while (frame := self._frame(come, at)) is not None:
            first, body, at = frame
            self._take(first, body, whole)
        if come is self._buffer:
            del self._buffer[:at]
        elif at < len(come):
            self._buffer += come[at:]
        return whole

    def _frame(self, data: bytes | bytearray, at: int) -> tuple[int, bytes, int] | None:
        """The frame that begins there: its first byte, its bytes, and where it ends; None if part of it is missing."""
        end = len(data)
        if end - at < 2:
            return None
        first, size = data[at], data[at + 1] & ~_MASKED
        start = at + (2 if size < 126 else 4 if size == 126 else 10)
        if end < start:
            return None
        if size >= 126:
            size = _long(size, data[at + 2 : start])
        self._check(first, data[at + 1], size)
        start += 4
        if end < start + size:
            return None
        return first, unmasked(data[start : start + size], data[start - 4 : start]), start + size

    def _check(self, first: int, second: int, size: int) -> None:
        opcode = first & 15
        if not second & _MASKED or first & _RESERVED:
            raise WireError(BROKEN, "got a frame without a mask, or with reserved bits")
        if opcode >= CLOSE:
            if opcode > PONG or size > 125 or not first & _FIN:
                raise WireError(BROKEN, "got a control frame that cannot be")
        elif opcode > BINARY or (opcode == CONTINUED) != (self._kind != CONTINUED):
            raise WireError(BROKEN, "got a part of no message, or a message within another")
        elif self._size + size > self.most or len(self._parts) >= _MOST_PARTS:
            raise WireError(TOO_LONG, f"got a message of more than {self.most:,} bytes")

    def _take(self, first: int, body: bytes, whole: list[tuple[int, bytes]]) -> None:
        """One frame: a message, a part of one, or a word of control in between."""
        self.frames += 1
        opcode = first & 15
        if opcode >= CLOSE or (first & _FIN and self._kind == CONTINUED):
            whole.append((opcode, body))
            return
        self._kind = self._kind or opcode
        self._parts.append(body)
        self._size += len(body)
        if first & _FIN:
            whole.append((self._kind, b"".join(self._parts)))
            self._kind, self._parts, self._size = CONTINUED, [], 0


def _long(kind: int, digits: bytes | bytearray) -> int:
    """A size in two or eight bytes, which must be one that needs so many."""
    size = int.from_bytes(digits, "big")
    if size < (126 if kind == 126 else 65536) or size >> 63:
        raise WireError(BROKEN, "got a size in more bytes than it needs")
    return size
