"""The bytes of a text table on their way to the reader: recoded, with one kind of line end, its head made regular.

Every line that is left out leaves an empty one, so that messages name the lines of the file as it is.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from glassnet.errors import FormatError, complain
from glassnet.files.archive import only_member
from glassnet.files.bounded import Source
from glassnet.files.compressed import unpacked

if TYPE_CHECKING:
    from glassnet.data.dialect import Dialect

PIECE = 64 << 10
_BLANKS = re.compile(rb'("[^"\n]*")|[ \t]*(\r?\n)[ \t]*|[ \t]+')
_LONGEST_LINE = 8 << 20


class Raw(io.RawIOBase):
    """A stream as a raw one, so that it can be looked into; line ends of old machines become ours if asked.

    `begin` is what comes before the stream: a head that was read, and made regular.
    """

    def __init__(self, stream: BinaryIO, translate: bool = False, begin: bytes = b"") -> None:
        self._stream, self._translate, self._begin = stream, translate, begin

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        if self._begin:
            data, self._begin = self._begin[: len(room)], self._begin[len(room) :]
        else:
            data = self._stream.read(len(room))
        if self._translate:
            data = data.replace(b"\r", b"\n")
        room[: len(data)] = data
        return len(data)


class _Pieces(io.RawIOBase):
    """A stream that is made a piece at a time."""

    _ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        while not self._ready:
            made = self._more()
            if made is None:
                return 0
            self._ready = made
        count = min(len(room), len(self._ready))
        room[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _more(self) -> bytes | None:
        """The next piece, which may be empty; None at the end."""
        raise NotImplementedError


class Recoded(_Pieces):
    """Text of another encoding as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str, file: str) -> None:
        self._stream, self._file, self._encoding = stream, file, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def _more(self) -> bytes | None:
        data = self._stream.read(PIECE)
        try:
            text = self._decoder.decode(data, final=not data).encode()
        except UnicodeError as problem:
            got = f"{self._file}: got {problem.__class__.__name__} in {self._encoding.upper()}"
            raise FormatError(complain(got, "expected whole characters", "Try saving it as UTF-8")) from None
        return text if data or text else None


class Respaced(_Pieces):
    """Cells with blanks between them, however many, as cells with one blank between them.

    >>> import io
    >>> Respaced(io.BytesIO(b'  1.0   2\\n 10.5 "a  b"\\n')).read()
    b'1.0 2\\n10.5 "a  b"\\n'
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._rest = stream, b""

    def _more(self) -> bytes | None:
        data = self._stream.read(PIECE)
        whole, end, self._rest = (self._rest + data).rpartition(b"\n")
        if not data:
            whole, self._rest = self._rest, b""
        elif len(self._rest) > _LONGEST_LINE:
            whole, end, self._rest = self._rest, b"", b""
        return respaced(whole + end) if data or whole else None


def respaced(lines: bytes) -> bytes:
    """Whole lines with one blank between cells, and none around them; blanks inside quotes stay."""
    if b'"' not in lines:
        return b"\n".join(b" ".join(line.split()) for line in lines.split(b"\n"))
    return _BLANKS.sub(_one_blank, lines).strip(b" ")


def _one_blank(found: re.Match[bytes]) -> bytes:
    return found[1] or (b"\n" if found[2] else b" ")


def unpacked_table(source: Source) -> Any:
    """The stream of a table that may be packed; of a zip, its one file."""
    if source.read_some(4) == b"PK\3\4":
        try:
            return only_member(source)
        except FormatError:
            if source.name.lower().endswith(".zip"):
                raise
            what = "a zip archive or a spreadsheet"
            raise source.wrong(what, "a table of text, such as CSV", "Try saving the sheet as CSV") from None
    source.seek(0, "the start")
    return unpacked(source, source.budget(None))


def regular(text: Any, dialect: Dialect) -> BinaryIO:
    """The text as `Cells` reads it: line feeds, a row in the first line that is not empty, a name for every column."""
    if dialect.newline == b"\r":
        text = io.BufferedReader(Raw(cast(BinaryIO, text), translate=True), PIECE)
    if dialect.delimiter == " ":
        text = io.BufferedReader(Respaced(cast(BinaryIO, text)), PIECE)
    begin = b"".join(b"\n" for _ in range(dialect.skipped) if text.readline())
    if dialect.blank is not None:
        names = b"\n"
        while names and not names.strip():
            names = text.readline()
            begin += b"\n" * (bool(names) and not names.strip())
        sign = dialect.delimiter.encode()
        begin += sign + names if dialect.blank == "first" else names.rstrip(b"\r\n") + sign + b"\n"
    return cast(BinaryIO, io.BufferedReader(Raw(cast(BinaryIO, text), begin=begin), PIECE) if begin else text)
