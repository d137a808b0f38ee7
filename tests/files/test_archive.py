"""Zip files: what Python's own module writes is read, and whatever says two things at once is refused."""

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import FormatError
from glassnet.files import archive
from glassnet.files.archive import Archive
from glassnet.files.bounded import opened

NAMES = st.text("abcé漢/. ", min_size=1, max_size=8)


def packed(members, wide=False):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, data in members.items():
            with file.open(zipfile.ZipInfo(name), "w", force_zip64=wide) as member:
                member.write(data)
    return stream.getvalue()


def deflated(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return stream.getvalue()


def unpack(data, limit=None):
    with opened(data) as source:
        zipped = Archive(source, limit)
        return {name: zipped.read(name).tobytes() for name in zipped.names}


@settings(max_examples=60)
@given(st.dictionaries(NAMES, st.binary(max_size=60), max_size=4), st.sampled_from([packed, deflated]))
def test_what_python_writes_is_read(members, pack):
    assert unpack(pack(members)) == members


def test_64_bit_sizes_in_a_small_file():
    """Sizes in the 64-bit extra field of each member, as a writer that does not know them in advance leaves them."""
    assert unpack(packed({"a": b"12", "b": b""}, wide=True)) == {"a": b"12", "b": b""}


def test_names_and_size():
    with opened(packed({"x/a": b"12", "x/b": b"345"})) as source:
        zipped = Archive(source)
        assert zipped.names == ["x/a", "x/b"]
        assert zipped.size == 5
        result = zipped.read("x/b")
        assert result.dtype == np.uint8
        assert result.flags.writeable
        with pytest.raises(FormatError, match="got no member 'x/c'"):
            zipped.read("x/c")
        assert zipped.read("x/b", most=3).tobytes() == b"345"
        with pytest.raises(FormatError, match="the member 'x/b' of 3 bytes; expected at most 2"):
            zipped.read("x/b", most=2)


def test_what_python_streams_with_sizes_behind_the_data():
    class OneWay(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, piece):
            self.data += bytes(piece)
            return len(piece)

    stream = OneWay()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", b"1" * 100)
    assert unpack(stream.data) == {"a": b"1" * 100}


# Lies: a good file with some bytes changed

GOOD = packed({"a": b"first", "bb": b"second"})
DIRECTORY = GOOD.index(b"PK\1\2")
SECOND = GOOD.index(b"PK\3\4", 4)
END = GOOD.index(b"PK\5\6")


def patched(*changes, data=GOOD):
    result = bytearray(data)
    for at, value in changes:
        result[at : at + len(value)] = value
    return bytes(result)


def u16(value):
    return struct.pack("<H", value)


def u32(value):
    return struct.pack("<I", value)


LIES = {
    "empty": (b"", "got 0 bytes; expected a zip file"),
    "no end record": (b"PK\3\4" + bytes(50), "got no zip directory at the end"),
    "a comment": (GOOD[:-2] + b"\1\0x", "got no zip directory at the end"),
    "bytes after": (GOOD + b"x", "got no zip directory at the end"),
    "bytes before": (b"x" + GOOD, "a zip directory"),
    "another disk": (patched((END + 4, u16(1))), "a zip directory of"),
    "two counts": (patched((END + 8, u16(1))), "a zip directory of"),
    "count too large": (patched((END + 8, u16(9) * 2)), "got 9 zip members"),
    "count too small": (patched((END + 8, u16(1) * 2)), "bytes after the last zip entry"),
    "directory elsewhere": (patched((END + 16, u32(DIRECTORY - 1))), "a zip directory of"),
    "directory beyond the file": (patched((END + 16, u32(0xFFFFFFF0))), "a zip directory of"),
    "entry mark": (patched((DIRECTORY, b"XX")), "a damaged zip entry"),
    "entry name too long": (patched((DIRECTORY + 28, u16(999))), "a damaged zip entry"),
    "encrypted": (patched((DIRECTORY + 8, u16(1))), "(flags 0x1, method 0); expected a stored or deflated one"),
    "method 12": (patched((DIRECTORY + 10, u16(12))), "(flags 0x0, method 12)"),
    "stored in two sizes": (patched((DIRECTORY + 24, u32(6))), "the stored member 'a' of 6 and 5 bytes"),
    "64-bit size missing": (patched((DIRECTORY + 24, u32(0xFFFFFFFF))), "a zip entry without its 64-bit size"),
    "CRC in the directory": (patched((DIRECTORY + 16, u32(7))), "described in two ways"),
    "CRC in both": (patched((DIRECTORY + 16, u32(7)), (14, u32(7))), "the member 'a' with a wrong CRC"),
    "changed data": (patched((GOOD.index(b"first"), b"F")), "the member 'a' with a wrong CRC"),
    "local mark": (patched((0, b"XX")), "the member 'a' described in two ways"),
    "local name": (patched((30, b"b")), "the member 'a' described in two ways"),
    "local method": (patched((8, u16(8))), "the member 'a' described in two ways"),
    "local flags": (patched((6, u16(2))), "the member 'a' described in two ways"),
    "local size": (patched((18, u32(4)), (22, u32(4))), "the member 'a' described in two ways"),
    "one member on another (CVE-2024-0450)": (
        patched((GOOD.index(b"PK\1\2", DIRECTORY + 4) + 42, u32(0))),
        "over another; expected members one after another",
    ),
    "local extra field reaches into the next": (patched((28, u16(20))), "described in two ways"),
    "size over the next member": (patched((DIRECTORY + 20, u32(90) * 2)), "over another"),
    "member behind the directory": (patched((DIRECTORY + 42, u32(END))), "over another"),
    "a name twice": (packed({"a": b"", "b": b""}).replace(b"a", b"b"), "two members 'b'"),
    "a name that is not UTF-8": (patched((DIRECTORY + 46, b"\xff")), "got the member name"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_named(name):
    data, complaint = LIES[name]
    with pytest.raises(FormatError) as caught:
        unpack(data)
    assert complaint in str(caught.value)


def test_every_truncation_is_named():
    for length in range(len(GOOD)):
        with pytest.raises(FormatError):
            unpack(GOOD[:length])


def wide_end(*, size=END - DIRECTORY, start=DIRECTORY, count=2, place=END, narrow_count=0xFFFF):
    """GOOD with 64-bit end records, which may lie."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, place, 1)
    narrow = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, narrow_count, narrow_count, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return GOOD[:END] + record + locator + narrow


def test_64_bit_end_records_have_to_agree():
    assert unpack(wide_end()) == unpack(wide_end(narrow_count=2)) == {"a": b"first", "bb": b"second"}
    lies = {"narrow_count": [1], "size": [1, 1 << 63], "start": [0], "count": [1, 1 << 60], "place": [0]}
    for field, values in lies.items():
        for value in values:
            with pytest.raises(FormatError):
                unpack(wide_end(**{field: value}))
    data = wide_end()
    with pytest.raises(FormatError, match="a damaged 64-bit end record"):
        unpack(patched((END + 4, b"\x2d"), data=data))


def test_deflated_data_of_another_size():
    data = deflated({"a": bytes(100)})
    at = data.index(b"PK\1\2") + 24
    for size in (99, 101):
        lie = patched((at, u32(size)), (22, u32(size)), data=data)
        with pytest.raises(FormatError, match=r"of another size|end of the file inside"):
            unpack(lie)


def test_a_bomb_is_refused_by_the_directory():
    bomb = deflated({str(n): bytes(10_000_000) for n in range(7)})
    assert len(bomb) < 80_000
    with pytest.raises(FormatError, match=r"got zip members of 70,000,000 bytes in a file of .* Try limit=70000000"):
        unpack(bomb)
    with opened(bomb) as source:
        assert Archive(source, limit=70_000_000).read("6").size == 10_000_000


def test_a_count_beyond_the_last_entry():
    data = packed({"a" * 99: b"", "b" * 99: b""})
    with pytest.raises(FormatError, match="got a zip entry that is cut off"):
        unpack(patched((len(data) - 14, u16(3) * 2), data=data))


def test_too_many_members(monkeypatch):
    monkeypatch.setattr(archive, "_MOST_MEMBERS", 1)
    with pytest.raises(FormatError, match="got 2 zip members; expected at most 1"):
        unpack(GOOD)
