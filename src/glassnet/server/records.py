"""What a server and its engines say to each other: records of a seat, a kind and bytes, one after another.

A *seat* is the number of one page's connection. The server tells an engine what the pages say, the engine what is to be
sent to them; neither end trusts in how the bytes are cut.
"""

from __future__ import annotations

import struct

# from the server: begin (JSON), enter (JSON), a command as it came, credits, the page has gone, a model (name, bytes),
# give a session up, go on with one (bytes)
BEGIN, ENTER, HEAR, CREDIT, LEAVE, MODEL, GIVE_UP, GO_ON = range(1, 9)
# from an engine: let in (JSON), refused (JSON), a text or bytes for the page, its place is taken, too many, it is done,
# its session was put away, a session belongs elsewhere (JSON), is given up (bytes), cannot be
ENTERED, REFUSED, TEXT, BYTES, TAKEN, FLOOD, DONE, AWAY, WISH, GIVEN_UP, STAYS = range(11, 22)
_HEAD = struct.Struct("<IIB")


def record(seat: int, kind: int, body: bytes = b"") -> bytes:
    """One record.

    >>> Splitter().feed(record(3, TEXT, b"hello") + record(4, TAKEN))
    [(3, 13, b'hello'), (4, 15, b'')]
    """
    return b"".join((_HEAD.pack(len(body), seat, kind), body))


class Splitter:
    """Takes bytes as they come; gives whole records."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """The records that are now whole: seat, kind, bytes."""
        self._buffer += data
        found, at, end = [], 0, len(self._buffer)
        with memoryview(self._buffer) as view:
            while end - at >= _HEAD.size:
                size, seat, kind = _HEAD.unpack_from(view, at)
                start = at + _HEAD.size
                if end - start < size:
                    break
                at = start + size
                found.append((seat, kind, bytes(view[start:at])))
        del self._buffer[:at]
        return found
