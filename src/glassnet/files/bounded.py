"""Reading a user's file under a byte budget: what a header claims is held against what is stored, then allocated."""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np

from glassnet.errors import FileError, FormatError, complain
from glassnet.files.os_errors import StrPath, reported, shown
from glassnet.files.paths import refuse_special, spelled

Contents: TypeAlias = bytes | bytearray | memoryview
PathOrBytes: TypeAlias = StrPath | Contents

LARGEST_FILE = 4 << 30  # what is read when the caller names no limit
_MOST_DIMENSIONS = 32
_MOST_ELEMENTS = 1 << 48  # no machine holds more, and products below it cannot overflow anywhere
_FREE_GROWTH = 64 << 20
_GROWTH = 20  # times the stored size: real data sets shrink by 2 to 8

AGAIN = "Try copying or downloading the file again"


class Source:
    """A file's bytes, read in order: its name for messages, its size known before anything is read.

    Every shortfall is a `FormatError` that names the file, so that a reader of a format holds no checks of its own.
    """

    def __init__(self, stream: io.BufferedIOBase, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.stream = stream  # for decoders that pull; they do their own counting
        self.position = 0

    @property
    def remaining(self) -> int:
        """How many bytes follow."""
        return self.size - self.position

    def wrong(self, got: str, expected: str, hint: str = AGAIN) -> FormatError:
        """The error that the caller raises when the contents are not what they claim."""
        return FormatError(complain(f"{self.name}: got {got}", f"expected {expected}", hint))

    def read(self, count: int, what: str) -> bytes:
        """Exactly `count` bytes; nothing is allocated if the file does not hold them."""
        self._claim(count, what)
        with reported("read", self.name, count):
            data = self.stream.read(count)
        self._check_complete(len(data), count, what)
        return data

    def read_some(self, most: int) -> bytes:
        """At most `most` bytes, fewer only at the end."""
        return self.read(min(most, self.remaining), "its contents")

    def read_array(self, count: int, what: str) -> np.ndarray:
        """Exactly `count` bytes as a new, writable array of `uint8`."""
        self._claim(count, what)
        array = np.empty(count, np.uint8)
        with reported("read", self.name, count):
            got = self.stream.readinto(array.data) if count else 0
        self._check_complete(got, count, what)
        return array

    def part(self, count: int, what: str) -> "Source":
        """The next `count` bytes as a source of their own."""
        return Source(io.BytesIO(self.read(count, what)), f"{self.name}: {what}", count)

    def seek(self, position: int, what: str) -> None:
        """Go to a byte inside the file."""
        if not 0 <= position <= self.size:
            raise self.wrong(f"{what} at byte {position:,}", f"at most {self.size:,}, where the file ends")
        with reported("read", self.name):
            self.stream.seek(position)
        self.position = position

    def byte_count(self, shape: Sequence[int], itemsize: int, what: str) -> int:
        """Bytes that an array takes, for a shape that nobody has checked yet."""
        if len(shape) > _MOST_DIMENSIONS:
            raise self.wrong(f"{what} of {len(shape)} dimensions", f"at most {_MOST_DIMENSIONS}")
        count, held = 1, 1
        for size in shape:
            count *= size
            held *= max(size, 1)  # NumPy multiplies the others even where one is 0
            if size < 0 or held > _MOST_ELEMENTS:
                raise self.wrong(f"{what} of shape {_brief(shape)}", "sizes from 0, and a product that memory can hold")
        return count * itemsize

    def budget(self, limit: int | None) -> int:
        """Bytes that the contents may unpack to: the caller's limit, or 64 MiB and 20 times what is stored."""
        return _FREE_GROWTH + _GROWTH * self.size if limit is None else limit

    def within(self, size: int, limit: int | None, what: str) -> int:
        """`size` if the budget allows it: the one guard against a small file that unpacks to a huge one."""
        if size > self.budget(limit):
            got = f"{what} of {size:,} bytes in a file of {self.size:,}"
            raise self.wrong(got, f"at most {self.budget(limit):,}", f"Try limit={size} if you trust it")
        return size

    def _claim(self, count: int, what: str) -> None:
        if count > self.remaining:
            end = f"{self.remaining:,} bytes where {what} should be"
            raise self.wrong(end, f"{count:,}: the file is cut off or its header lies")
        self.position += count

    def _check_complete(self, got: int, count: int, what: str) -> None:
        if got != count:
            raise self.wrong(f"{got:,} bytes of {what}", f"{count:,}: the file shrank while it was read", "Try again")


def _brief(shape: Sequence[int]) -> str:
    text = ", ".join(str(size) if abs(size) < 1 << 64 else "…" for size in shape)
    return f"({text if len(text) <= 200 else text[:200] + '…'})"


@contextmanager
def opened(path: PathOrBytes, limit: int | None = None, *, follow_links: bool = True) -> Iterator[Source]:
    """A plain file, or bytes already at hand, as a `Source` of at most `limit` bytes (4 GiB if not given).

    `follow_links=False` is for a folder that others can write to: links are refused, and files with a second name.

    Raises:
        FileError: the file cannot be opened, is not a plain file or too large, or memory ends inside the block.

    >>> with opened(b"GIF89a") as source:
    ...     source.read(3, "the signature"), source.remaining
    (b'GIF', 3)
    """
    with _stream_of(path, follow_links) as source:
        most = LARGEST_FILE if limit is None else limit
        if source.size > most:
            got, hint = f"{source.name}: got {source.size:,} bytes", f"Try limit={source.size} if you trust the file"
            raise FileError(complain(got, f"expected at most {most:,}", hint))
        try:
            yield source
        except MemoryError as error:
            got = f"{source.name}: got contents that do not fit in memory ({str(error) or 'no more is free'})"
            raise FileError(complain(got, "expected enough memory", "Try closing other programs")) from error


def read_bounded(path: PathOrBytes, limit: int, *, follow_links: bool = True) -> bytes:
    """The whole contents of a plain file of at most `limit` bytes.

    Raises:
        FileError: the file cannot be read, is not a plain file, or is larger than `limit`; nothing was allocated.

    >>> read_bounded(b"{}", limit=100)
    b'{}'
    """
    with opened(path, limit, follow_links=follow_links) as source:
        return source.read(source.size, "its contents")


@contextmanager
def _stream_of(path: PathOrBytes, follow_links: bool) -> Iterator[Source]:
    if isinstance(path, (bytes, bytearray, memoryview)):
        yield Source(io.BytesIO(path), "bytes", memoryview(path).nbytes)
        return
    name = spelled(path)
    with reported("open", name):
        stream = os.fdopen(_open(name, follow_links), "rb")
    with stream:
        with reported("look at", name):
            size = os.fstat(stream.fileno()).st_size
        yield Source(stream, shown(name), size)


def _open(name: str, follow_links: bool) -> int:
    """A descriptor of a plain file; a pipe cannot make it wait (O_NONBLOCK), a text mode cannot change a byte."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    before = os.stat(name, follow_symlinks=follow_links)
    refuse_special(name, before)
    descriptor = os.open(name, flags if follow_links else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        after = os.fstat(descriptor)
        refuse_special(name, after)
        if not follow_links:
            _refuse_swapped(name, before, after)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_swapped(name: str, before: os.stat_result, after: os.stat_result) -> None:
    """Without O_NOFOLLOW, a link that came between the look and the opening shows as another inode."""
    if (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino):
        raise FileError(complain(f"got {shown(name)}, exchanged while it was opened", "expected one file", "Try again"))
    if after.st_nlink > 1:
        got = f"got {shown(name)}, a file with {after.st_nlink} names"
        raise FileError(complain(got, "expected one: another name may lead outside the folder", "Try a copy of it"))
