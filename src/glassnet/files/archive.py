"""The members of a zip file, read where they lie: nothing is unpacked to disk, and nothing is taken on trust.

Every statement that a zip makes twice (in its central directory and before each member, in its 32-bit and its 64-bit
records) has to be made alike, and every byte belongs to one member: so no two readers can see two different archives.

Reference: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", 6.3.10, 2022.
"""

import io
import struct
import zlib
from typing import Any, NamedTuple, cast

import numpy as np

from glassnet.files.bounded import Source
from glassnet.files.compressed import inflated

_MOST_MEMBERS = 50_000
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW = 1, 8  # flags
_IN_64 = {2: 0xFFFF, 4: 0xFFFF_FFFF}  # stands in a narrow field for "see the 64-bit one"

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_EXTRA = struct.Struct("<2H")


class _Member(NamedTuple):
    """What the central directory says about a member."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int  # of its local header
    limit: int  # the first byte that belongs to what follows


class Archive:
    """A zip file as a table of members, which together may unpack to no more than `limit` bytes.

    Raises:
        FormatError: the file is not such a zip, or contradicts itself, or would grow too much.
    """

    def __init__(self, source: Source, limit: int | None = None) -> None:
        self._source = source
        start, size, count = _find_directory(source)
        source.seek(start, "the zip's directory")
        self._members = _read_directory(source, size, count, start)
        source.within(self.size, limit, "zip members")

    @property
    def size(self) -> int:
        """Bytes that all members together unpack to."""
        return sum(member.size for member in self._members.values())

    @property
    def names(self) -> list[str]:
        """The members' names, in the directory's order."""
        return list(self._members)

    def read(self, name: str, most: int | None = None) -> np.ndarray:
        """A member's bytes, at `most` so many, as a new array; its CRC is checked."""
        member = self._members.get(name)
        if member is None:
            raise self._source.wrong(f"no member {_shown(name)}", "one")
        if most is not None and member.size > most:
            raise self._source.wrong(f"the member {_shown(name)} of {member.size:,} bytes", f"at most {most:,}")
        _go_to_data(self._source, member)
        unpack = self._inflate if member.method == _DEFLATED else self._copy
        data = unpack(member)
        if zlib.crc32(data.data) != member.crc:
            raise self._source.wrong(f"the member {_shown(name)} with a wrong CRC", f"{member.crc:08x}")
        return data

    def stream(self, name: str) -> io.BufferedReader:
        """A member's bytes as they are read, unpacked no further than that; its size and CRC are checked at the end."""
        member = self._members[name]
        _go_to_data(self._source, member)
        packed = Source(self._source.stream, f"{self._source.name}: {_shown(member.name)}", member.packed)
        plain = inflated(packed, bare=True) if member.method == _DEFLATED else _Rest(packed)
        return io.BufferedReader(_Checked(plain, member, self._source))

    def _copy(self, member: _Member) -> np.ndarray:
        return self._source.read_array(member.size, _shown(member.name))

    def _inflate(self, member: _Member) -> np.ndarray:
        what = _shown(member.name)
        stream = inflated(self._source.part(member.packed, what), bare=True)
        data = np.empty((member.size,), np.uint8)
        got = stream.readinto(data.data) if member.size else 0
        if got != member.size or stream.read(1):
            raise self._source.wrong(f"the member {what} of another size", f"{member.size:,} bytes")
        return data


class _Rest(io.RawIOBase):
    """What a source holds, as a stream."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read_some(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Checked(io.RawIOBase):
    """A member's bytes, whose size and CRC have to be those of the directory when they end."""

    def __init__(self, stream: io.IOBase, member: _Member, source: Source) -> None:
        self._stream, self._member, self._source = cast(io.RawIOBase, stream), member, source
        self._crc, self._size = 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = self._stream.readinto(buffer) or 0
        self._crc, self._size = zlib.crc32(memoryview(buffer)[:got], self._crc), self._size + got
        member = self._member
        if self._size > member.size or (not got and (self._size, self._crc) != (member.size, member.crc)):
            got_ = f"the member {_shown(member.name)} of another size or CRC"
            raise self._source.wrong(got_, f"{member.size:,} bytes with {member.crc:08x}")
        return got


def only_member(source: Source) -> io.BufferedReader:
    """The one file that a zip holds, as a stream; the notes that some systems put beside it do not count.

    Raises `FormatError` for a zip of several files, and for a spreadsheet.
    """
    archive = Archive(source)
    if "[Content_Types].xml" in archive.names:
        raise source.wrong("a spreadsheet", "a table of text, such as CSV", "Try saving the sheet as CSV")
    names = [name for name in archive.names if not name.startswith("__MACOSX/") and not name.endswith("/")]
    if len(names) != 1:
        listed = ", ".join(map(_shown, names[:4])) + (", …" if len(names) > 4 else "")
        raise source.wrong(f"a zip of {len(names):,} files ({listed})", "one", "Try unpacking it")
    return archive.stream(names[0])


def _shown(name: str | bytes) -> str:
    return ascii(name if isinstance(name, str) else name.decode("utf-8", "replace"))[:80]


def _find_directory(source: Source) -> tuple[int, int, int]:
    """Start, size and number of entries of the central directory, which ends where the end records begin."""
    end_at = source.size - _END.size
    if end_at < 0:
        raise source.wrong(f"{source.size} bytes", "a zip file")
    source.seek(end_at, "the zip's end record")
    mark, *disks, count, size, start, comment = _END.unpack(source.read(_END.size, "the zip's end record"))
    disk, directory_disk, count_here = disks
    if mark != b"PK\5\6" or comment:
        raise source.wrong("no zip directory at the end", "a whole zip file without a comment")
    narrow = (count_here, count, size, start)
    records_at = end_at
    wide = _find_wide(source, end_at)
    if wide is not None:
        records_at, values = wide
        for field, width, value in zip(narrow, (2, 2, 4, 4), values, strict=True):
            if field not in (value, _IN_64[width]):
                raise source.wrong(f"two zip directories, of {field:,} and {value:,}", "one")
        count_here, count, size, start = values
    if disk or directory_disk or count_here != count or start + size != records_at:
        raise source.wrong(f"a zip directory of {size:,} bytes at {start:,}", f"one that ends at {records_at:,}")
    return start, size, count


def _find_wide(source: Source, end_at: int) -> tuple[int, tuple[int, int, int, int]] | None:
    """The place of the 64-bit end record, and its counts, size and start, if there is one."""
    locator_at = end_at - _LOCATOR.size
    if locator_at < 0:
        return None
    source.seek(locator_at, "the zip's locator")
    mark, disk, wide_at, disks = _LOCATOR.unpack(source.read(_LOCATOR.size, "the zip's locator"))
    if mark != b"PK\6\7":
        return None
    if disk or disks > 1 or wide_at != locator_at - _END_64.size:
        raise source.wrong(f"a 64-bit end record at {wide_at:,}", f"it at {locator_at - _END_64.size:,}")
    source.seek(wide_at, "the zip's 64-bit end record")
    record = source.read(_END_64.size, "the zip's 64-bit end record")
    mark, length, _, _, disk, directory_disk, *values = _END_64.unpack(record)
    if mark != b"PK\6\6" or length != _END_64.size - 12 or disk or directory_disk:
        raise source.wrong("a damaged 64-bit end record", "one of 56 bytes")
    count_here, count, size, start = values
    return wide_at, (count_here, count, size, start)


def _read_directory(source: Source, size: int, count: int, start: int) -> dict[str, _Member]:
    if count > _MOST_MEMBERS or count * _CENTRAL.size > size:
        raise source.wrong(f"{count:,} zip members", f"at most {min(_MOST_MEMBERS, size // _CENTRAL.size):,}")
    directory = source.read(size, "the zip's directory")
    members: list[_Member] = []
    at = 0
    for _ in range(count):
        member, at = _read_entry(directory, at, source)
        members.append(member)
    if at != size:
        raise source.wrong(f"{size - at:,} bytes after the last zip entry", "none")
    return _by_name(_with_limits(members, start, source), source)


def _read_entry(directory: bytes, at: int, source: Source) -> tuple[_Member, int]:
    if at + _CENTRAL.size > len(directory):
        raise source.wrong("a zip entry that is cut off", "a whole one")
    fields = _CENTRAL.unpack_from(directory, at)
    mark, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size, disk, _, _, start = fields
    name_at = at + _CENTRAL.size
    extra_at = name_at + name_size
    end = extra_at + extra_size + comment_size
    if mark != b"PK\1\2" or disk or end > len(directory):
        raise source.wrong("a damaged zip entry", "entries one after another")
    name = directory[name_at:extra_at]
    if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        raise source.wrong(f"the member {_shown(name)} (flags {flags:#x}, method {method})", "a stored or deflated one")
    size, packed, start = _widened([size, packed, start], directory[extra_at : extra_at + extra_size], source)
    if method == _STORED and size != packed:
        raise source.wrong(f"the stored member {_shown(name)} of {size:,} and {packed:,} bytes", "one size")
    return _Member(name, flags, method, crc, packed, size, start, 0), end


def _widened(sizes: list[int], extra: bytes, source: Source) -> list[int]:
    """Sizes with those that say "see the 64-bit one" taken from the extra field."""
    wide = b""
    while len(extra) >= _EXTRA.size:
        kind, length = _EXTRA.unpack_from(extra)
        if kind == 1:
            wide = extra[_EXTRA.size : _EXTRA.size + length]
        extra = extra[_EXTRA.size + length :]
    for place, size in enumerate(sizes):
        if size == _IN_64[4]:
            if len(wide) < 8:
                raise source.wrong("a zip entry without its 64-bit size", "one")
            sizes[place], wide = int.from_bytes(wide[:8], "little"), wide[8:]
    return sizes


def _with_limits(members: list[_Member], directory: int, source: Source) -> list[_Member]:
    """Each member with the place where the next one starts: overlapping members make small files that grow huge."""
    following = directory
    limits: dict[int, int] = {}
    for member in sorted(members, key=lambda member: member.start, reverse=True):
        if member.start in limits or member.start + _LOCAL.size + member.packed > following:
            raise source.wrong(f"the member {_shown(member.name)} over another", "members one after another")
        limits[member.start] = following
        following = member.start
    return [member._replace(limit=limits[member.start]) for member in members]


def _by_name(members: list[_Member], source: Source) -> dict[str, _Member]:
    result: dict[str, _Member] = {}
    for member in members:
        try:
            name = member.name.decode("utf-8")
        except UnicodeDecodeError as error:
            raise source.wrong(f"the member name {_shown(member.name)}", "UTF-8") from error
        if name in result:
            raise source.wrong(f"two members {_shown(name)}", "one of each name")
        result[name] = member
    return result


def _go_to_data(source: Source, member: _Member) -> None:
    """Past the local header, which has to agree with the directory."""
    source.seek(member.start, "a zip member")
    fields = _LOCAL.unpack(source.read(_LOCAL.size, "a zip member's header"))
    mark, _, flags, method, _, _, crc, packed, size, name_size, extra_size = fields
    name = source.read(name_size, "a zip member's name")
    extra = source.read(extra_size, "a zip member's extra field")
    agrees = (mark, flags, method, name) == (b"PK\3\4", member.flags, member.method, member.name)
    if agrees and not (flags & _SIZES_FOLLOW and not (crc or packed or size)):
        size, packed = _widened([size, packed], extra, source)
        agrees = (crc, packed, size) == (member.crc, member.packed, member.size)
    if not agrees or source.position + member.packed > member.limit:
        raise source.wrong(f"the member {_shown(member.name)} described in two ways", "one")
