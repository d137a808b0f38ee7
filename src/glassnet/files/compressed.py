"""gzip and xz, told apart by their first bytes and unpacked no further than the reader asks."""

import io
import zlib
from collections.abc import Callable
from typing import Protocol

from glassnet.errors import FileError, complain
from glassnet.files.bounded import Source

_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
_PIECE = 1 << 16
_XZ_MEMORY = 80 << 20  # `xz -9` needs 65 MiB; a header can ask for 4 GiB
_MOST_MEMBERS = 100_000  # a file may be many streams one after another, each of which costs a new decoder


class _Decoder(Protocol):
    """What lzma.LZMADecompressor offers."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _ZlibDecoder:
    """zlib's decoder with lzma's manners; `wbits` says what surrounds the data: 31 gzip, 15 zlib, -15 nothing."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a source as a stream; `most` compressed streams may follow each other in it, and `limit`
    bytes may come out of all of them."""

    def __init__(
        self,
        source: Source,
        start: Callable[[], _Decoder],
        errors: tuple[type[Exception], ...],
        most: int,
        limit: int | None = None,
    ) -> None:
        self._source = source
        self._start = start
        self._errors = errors
        self._decoder = start()
        self._waiting = b""  # read from the source, not yet given to the decoder
        self._left = most - 1
        self._limit = limit
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        while view.nbytes:
            if self._decoder.eof and not self._next_member():
                break
            piece = self._decode(min(view.nbytes, _PIECE))  # a decoder makes its piece before it is copied here
            if piece:
                self._count(len(piece))
                view[: len(piece)] = piece
                return len(piece)
        return 0

    def _decode(self, most: int) -> bytes:
        data, self._waiting = self._waiting, b""
        if not data and self._decoder.needs_input:
            data = self._source.read_some(_PIECE)
        try:
            piece = self._decoder.decompress(data, most)
        except self._errors as error:
            raise self._source.wrong(f"damaged compressed data ({error})", "a whole stream") from error
        if not (data or piece or self._decoder.eof):
            raise self._source.wrong("the end of the file inside its compressed data", "a whole stream")
        return piece

    def _count(self, size: int) -> None:
        self._given += size
        if self._limit is not None and self._given > self._limit:
            got = f"more than {self._limit:,} bytes packed into {self._source.size:,}"
            raise self._source.wrong(got, "fewer", "Try unpacking the file first, if you trust it")

    def _next_member(self) -> bool:
        self._waiting = self._decoder.unused_data or self._source.read_some(_PIECE)
        if not self._waiting:
            return False
        if not self._left:
            raise self._source.wrong("more bytes after the compressed data", "nothing there")
        self._left -= 1
        self._decoder = self._start()
        return True


def unpacked(source: Source, limit: int | None = None) -> io.BufferedIOBase:
    """A stream of the source's contents, unpacked if they are gzip or xz; the source stands at its start.

    Reading `n` bytes unpacks about `n` bytes: whoever reads decides how far a small file may grow. Who reads to the
    end, whatever comes, says by `limit` how many bytes that may be; `FormatError` beyond it.

    >>> import gzip
    >>> from glassnet.files.bounded import opened
    >>> with opened(gzip.compress(b"nine bytes")) as source:
    ...     unpacked(source).read(4)
    b'nine'
    """
    signature = source.read_some(len(_XZ))
    source.seek(0, "the start")
    if signature.startswith(_GZIP):
        return _unpacked_zlib(source, 31, _MOST_MEMBERS, limit)
    if signature == _XZ:
        return _unpacked_xz(source, limit)
    return source.stream


def inflated(source: Source, *, bare: bool = False) -> io.BufferedIOBase:
    """A stream of what is left of the source, unpacked from zlib's format, or from `bare` deflate (no checksum)."""
    return _unpacked_zlib(source, -15 if bare else 15, 1)


def _unpacked_zlib(source: Source, wbits: int, most: int, limit: int | None = None) -> io.BufferedReader:
    return io.BufferedReader(_Unpacked(source, lambda: _ZlibDecoder(wbits), (zlib.error,), most, limit), _PIECE)


def _unpacked_xz(source: Source, limit: int | None) -> io.BufferedReader:
    try:
        import lzma
    except ImportError as error:  # Python can be built without it
        got, expected = f"{source.name}: got an xz file", "expected Python's lzma module to read it"
        raise FileError(complain(got, expected, "Try unpacking it with `xz --decompress`")) from error

    def start() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    return io.BufferedReader(_Unpacked(source, start, (lzma.LZMAError, EOFError), _MOST_MEMBERS, limit), _PIECE)


def packed_like(name: str, data: bytes) -> bytes:
    """`data` packed as the ending of a file's name asks for: `.gz`, `.xz`, or not at all.

    >>> packed_like("images.gz", b"7")[:2] == _GZIP, packed_like("images", b"7")
    (True, b'7')
    """
    if name.endswith(".gz"):
        encoder = zlib.compressobj(9, wbits=31)  # without a time or a name in it: equal data gives equal files
        return encoder.compress(data) + encoder.flush()
    if name.endswith(".xz"):
        import lzma

        return lzma.compress(data)
    return data
