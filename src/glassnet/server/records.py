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


def head(seat: int, kind: int, size: int) -> bytes:
    """What precedes the bytes of a record."""
    return _HEAD.pack(size, seat, kind)


def record(seat: int, kind: int, body: bytes = b"") -> bytes:
    """One record.

    >>> Splitter().feed(record(3, TEXT, b"hello") + record(4, TAKEN))
    [(3, 13, b'hello'), (4, 15, b'')]
    """
    return b"".join((head(seat, kind, len(body)), body))


class Splitter:
    """Takes bytes as they come; gives whole records.

    What reads them puts them straight into `room()`, and says by `came` how many: nothing is copied but the records.
    """

    def __init__(self, size: int = 1 << 12) -> None:
        self._size = size
        self._buffer = bytearray(size)
        self._filled = 0  # bytes of records that are not whole

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """The records that are now whole: seat, kind, bytes."""
        found, at = [], 0
        while at < len(data):
            room = self.room()
            part = data[at : at + len(room)]
            room[: len(part)] = part
            found += self.came(len(part))
            at += len(part)
        return found

    def room(self) -> memoryview:
        """Where the next bytes are to go."""
        return memoryview(self._buffer)[self._filled :]

    def came(self, count: int) -> list[tuple[int, int, bytes]]:
        """So many bytes have come: the records that are now whole."""
        self._filled += count
        found, at, end, need = [], 0, self._filled, 0
        with memoryview(self._buffer) as view:
            while end - at >= _HEAD.size:
                size, seat, kind = _HEAD.unpack_from(view, at)
                start = at + _HEAD.size
                if end - start < size:
                    need = _HEAD.size + size
                    break
                at = start + size
                found.append((seat, kind, bytes(view[start:at])))
        self._keep(at, need)
        return found

    def _keep(self, at: int, need: int) -> None:
        """Begin with what is not whole, from there, in a buffer that holds all of it and a little more."""
        size = max(self._size, need + _HEAD.size)
        if at == 0 and size <= len(self._buffer):  # it goes on where it is
            return
        rest = bytes(memoryview(self._buffer)[at : self._filled])
        if size != len(self._buffer):
            self._buffer = bytearray(size)
        self._buffer[: len(rest)] = rest
        self._filled = len(rest)
