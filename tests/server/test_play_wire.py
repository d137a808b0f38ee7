"""WebSocket messages as bytes: whole however they are cut, and nothing that no client may send."""

import contextlib
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from glassnet.server import wire
from glassnet.server.wire import Reader, WireError, head, unmasked


def said(opcode, body=b"", fin=True, mask=b"\x01\x02\x03\x04", first=None):
    """A frame as a client sends it, by hand."""
    size = len(body)
    second = bytes([0x80 | size]) if size < 126 else b""
    second = second or (struct.pack("!BH", 0xFE, size) if size < 65536 else struct.pack("!BQ", 0xFF, size))
    return bytes([first if first is not None else (0x80 if fin else 0) | opcode]) + second + mask + unmasked(body, mask)


def fed(reader, data, cuts=()):
    """What a reader makes of bytes that come in pieces."""
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    return [m for a, b in itertools.pairwise(edges) for m in reader.feed(data[a:b])]


@given(
    st.lists(
        st.tuples(st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.CLOSE]), st.binary(max_size=700))
    ),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_messages_are_whole_however_their_bytes_are_cut(messages, cuts):
    messages = [(op, body[:125] if op >= 8 else body) for op, body in messages]
    data = b"".join(Frame(op, body).serialize(mask=True) for op, body in messages)  # another implementation's bytes
    reader = Reader(1000)
    assert fed(reader, data, cuts) == messages
    assert reader.frames == len(messages)
    assert not reader.waiting


@given(st.lists(st.binary(max_size=90), min_size=1, max_size=6), st.lists(st.integers(0, 999), max_size=5))
def test_a_message_in_parts_is_one_and_a_ping_may_come_between(parts, cuts):
    frames = [said(1 if i == 0 else 0, part, fin=i == len(parts) - 1) for i, part in enumerate(parts)]
    frames.insert(len(frames) // 2, said(wire.PING, b"?"))
    found = fed(Reader(1000), b"".join(frames), cuts)
    assert sorted(found) == sorted([(wire.TEXT, b"".join(parts)), (wire.PING, b"?")])


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 300_000])
def test_every_way_of_writing_a_size(size):
    body = bytes(range(256)) * (size // 256 + 1)
    body = body[:size]
    assert Reader(size).feed(said(2, body)) == [(2, body)]
    assert head(2, size) + body == Frame(Opcode.BINARY, body).serialize(mask=False)


@given(st.binary(max_size=3000), st.binary(min_size=4, max_size=4))
def test_a_mask_is_taken_off_as_the_standard_says(body, mask):
    assert unmasked(body, mask) == bytes(b ^ mask[i % 4] for i, b in enumerate(body))


WRONG = {
    "no mask": (b"\x81\x01a", 1002),
    "reserved bits": (said(1, b"a", first=0xC1), 1002),
    "an unknown kind": (said(3, b"a"), 1002),
    "an unknown control": (said(11), 1002),
    "a ping in parts": (said(9, b"a", fin=False), 1002),
    "a long ping": (said(9, b"a" * 126), 1002),
    "a part of nothing": (said(0, b"a"), 1002),
    "a message within a message": (said(1, b"a", fin=False) + said(1, b"b"), 1002),
    "a size in more bytes than it needs": (b"\x81\xfe\x00\x05abcd" + b"12345", 1002),
    "a size beyond all numbers": (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xffabcd", 1002),
    "a long message": (b"\x81\xff" + struct.pack("!Q", 15_000_000), 1009),  # refused by its head alone
    "long together": (said(1, b"a" * 60, fin=False) + said(0, b"a" * 60), 1009),
    "parts without end": (said(1, fin=False) + said(0, fin=False) * 2000, 1009),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_no_client_may_send_is_refused(what):
    data, code = WRONG[what]
    for cuts in ([], range(len(data)) if len(data) < 200 else []):
        with pytest.raises(WireError) as caught:
            fed(Reader(100), data, cuts)
        assert caught.value.code == code


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_any_bytes_are_messages_or_refused_and_never_kept_for_long(data, cuts):
    reader = Reader(50)
    with contextlib.suppress(WireError):
        assert all(len(body) <= 125 for _, body in fed(reader, data, cuts))
        assert len(reader._buffer) <= 50 + 14 + 125
