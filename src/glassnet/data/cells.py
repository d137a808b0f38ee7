"""A text table cut into rows and cells (RFC 4180), a few megabytes at a time.

Cells are found by NumPy, all at once: separators are the delimiters and line ends outside quotes, and a byte is inside
quotes if an odd number of quotes came before it. That is what the standard library's `csv` says of a file as long as
quotes stand only around whole cells; from the first that does not, `csv` itself reads on.

A cell stays bytes until somebody asks for its text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import numpy as np

from glassnet.data.dialect import Dialect
from glassnet.errors import DataError, FormatError, complain
from glassnet.files.os_errors import reported, shown

_PIECE = 4 << 20
_LONGEST_ROW = 16 << 20
_WIDEST = 64 << 20  # bytes of a column's cells padded to the longest of them
_SLOW_ROWS = 20_000
_QUOTE, _LF, _CR = b'"\n\r'


class Block(NamedTuple):
    """Some whole rows: each column as an array of bytes `(n,)`, and the line of the file on which each row begins."""

    columns: list[np.ndarray]
    lines: np.ndarray

    def __len__(self) -> int:  # type: ignore[override]
        return len(self.lines)


@dataclass
class Cells:
    """The rows of an open text table, in blocks. `width` is found in the first row.

    Raises `DataError` for a row with more or fewer cells, `FormatError` for a quote that is never closed.

    >>> import io
    >>> rows = Cells(io.BytesIO(b'a,"b, c"\\n1,2\\n'), Dialect(), "table.csv")
    >>> [column.tolist() for column in next(iter(rows)).columns]
    [[b'a', b'1'], [b'b, c', b'2']]
    """

    stream: BinaryIO
    dialect: Dialect
    file: str
    width: int = 0
    piece: int = _PIECE

    def __iter__(self) -> Iterator[Block]:
        rest, line = b"", 1
        while True:
            with reported("read", self.file):
                fresh = self.stream.read(self.piece)
            data = rest + fresh
            if not fresh and data and data[-1] != _LF:
                data += b"\n"
            if not data:
                return
            cut = self._cut(data)
            if cut is None:
                yield from self._slowly(data, line)
                return
            if cut:
                yield self._block(data[:cut], line)
                line += data.count(b"\n", 0, cut)
            rest = data[cut:]
            if rest and (not fresh or len(rest) > _LONGEST_ROW):
                raise self._unclosed(rest, line)
            if not fresh:
                return

    def _cut(self, data: bytes) -> int | None:
        """Where the last whole row ends, 0 if none does; None if quotes stand where `csv` has to be asked."""
        if b'"' not in data:
            return data.rfind(b"\n") + 1
        bytes_, quotes = _quotes(data)
        before = bytes_[quotes[::2] - 1]
        proper = (before == ord(self.dialect.delimiter)) | (before == _LF) | (before == _QUOTE) | (quotes[::2] == 0)
        if not proper.all():
            return None
        ends = np.flatnonzero(bytes_ == _LF)
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        cut = int(ends[-1]) + 1 if len(ends) else 0
        return cut if self._closed_properly(bytes_[:cut], quotes[: np.searchsorted(quotes, cut)]) else None

    def _closed_properly(self, bytes_: np.ndarray, quotes: np.ndarray) -> bool:
        after = bytes_[quotes[1::2] + 1]
        row_end = after == _LF
        if (after == _CR).any():
            following = np.minimum(quotes[1::2] + 2, len(bytes_) - 1)
            row_end |= (after == _CR) & (bytes_[following] == _LF)
        return bool(((after == ord(self.dialect.delimiter)) | (after == _QUOTE) | row_end).all())

    def _block(self, data: bytes, line: int) -> Block:
        """All cells of whole rows, by their places: (rows, width) = where each ends."""
        bytes_, quotes = _quotes(data)
        separators = np.flatnonzero((bytes_ == ord(self.dialect.delimiter)) | (bytes_ == _LF))
        if len(quotes):
            separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
        ends = self._grid(bytes_, separators, data, line)
        starts = np.empty_like(ends)
        starts[:, 1:] = ends[:, :-1] + 1
        starts[:, 0] = self._row_starts(bytes_, separators, ends)
        lines = _lines(bytes_, starts[:, 0], line)
        ends[:, -1] -= (bytes_[ends[:, -1] - 1] == _CR) & (ends[:, -1] > starts[:, -1])
        padded = np.concatenate([bytes_, np.zeros(1, np.uint8)])
        columns = [_column(padded, starts[:, j], ends[:, j], len(quotes) > 0) for j in range(self.width)]
        return Block(columns, lines)

    def _grid(self, bytes_: np.ndarray, separators: np.ndarray, data: bytes, line: int) -> np.ndarray:
        """Where each cell ends, `(rows, width)`, blank lines left out.

        Raises `DataError` for a row that is too long or too short.
        """
        ends = bytes_[separators] == _LF
        last = np.flatnonzero(ends)
        counts = np.diff(last, prepend=-1)
        blank = _blank(bytes_, separators, last, counts)
        if not self.width:
            self.width = int(counts[~blank][0]) if not blank.all() else 0
        if blank.any():
            separators, counts = separators[np.repeat(~blank, counts)], counts[~blank]
        wrong = np.flatnonzero(counts != self.width)
        if len(wrong):
            row = int(wrong[0])
            before = int(counts[:row].sum())
            start = 0 if not before else int(separators[before - 1]) + 1
            start += len(data[start:]) - len(data[start:].lstrip(b"\r\n"))
            raise self._ragged(line + data.count(b"\n", 0, start), int(counts[row]))
        return separators.reshape(-1, max(1, self.width)).copy()

    def _row_starts(self, bytes_: np.ndarray, separators: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Where each row begins: behind the line end before it, which may be a blank line's."""
        if not len(ends):
            return np.empty(0, ends.dtype)
        line_ends = separators[bytes_[separators] == _LF]
        place = np.searchsorted(line_ends, ends[:, -1])
        return np.where(place > 0, line_ends[place - 1] + 1, 0)

    def _slowly(self, data: bytes, line: int) -> Iterator[Block]:
        """The rest of the file by the standard library's reader; latin-1 keeps bytes as they are."""
        reader = csv.reader(self._text_lines(data), delimiter=self.dialect.delimiter, strict=True)
        rows: list[list[str]] = []
        lines: list[int] = []
        begins, read = line, 0
        try:
            for row in reader:
                if row and not (self.width == 0 and self._first_width(row)) and len(row) != self.width:
                    raise self._ragged(begins, len(row))
                if row:
                    rows.append(row)
                    lines.append(begins)
                begins, read = line + reader.line_num, reader.line_num
                if len(rows) == _SLOW_ROWS:
                    yield _from_rows(rows, lines)
                    rows, lines = [], []
        except csv.Error as problem:
            raise self._bad_quote(begins, str(problem), line + max(reader.line_num, read + 1) - 1) from None
        if rows:
            yield _from_rows(rows, lines)

    def _first_width(self, row: list[str]) -> bool:
        self.width = len(row)
        return True

    def _text_lines(self, data: bytes) -> Iterator[str]:
        while data:
            whole, _, data = data.rpartition(b"\n")
            yield from (line + "\n" for line in whole.decode("latin-1").split("\n")) if whole or _ else ()
            with reported("read", self.file):
                fresh = self.stream.read(self.piece)
            if not fresh:
                if data:
                    yield data.decode("latin-1")
                return
            data += fresh

    def _ragged(self, line: int, got: int) -> DataError:
        cells = f"{got} cell{'s' if got != 1 else ''}"
        hint = "Try correcting that line; a cell with a delimiter in it needs quotes"
        message = complain(f"{shown(self.file)}, line {line:,}: got {cells}", f"expected {self.width}, as above", hint)
        return DataError(message)

    def _unclosed(self, rest: bytes, line: int) -> FormatError:
        """The quote that opens and never closes: the last one."""
        place = rest.rfind(b'"')
        line += rest.count(b"\n", 0, max(place, 0))
        column = place - rest.rfind(b"\n", 0, max(place, 0))
        if place < 0:
            got, expected = f"got a row of more than {_LONGEST_ROW >> 20} MB", "expected rows with line ends"
            return FormatError(complain(f"{shown(self.file)}, line {line:,}: {got}", expected, "Try another file"))
        got = f"{shown(self.file)}, line {line:,}, column {column:,}: got a quote that is never closed"
        return FormatError(complain(got, "expected another before the file ends", "Try closing or removing it"))

    def _bad_quote(self, begins: int, problem: str, line: int) -> FormatError:
        if "end of data" in problem:
            got = f"{shown(self.file)}, line {begins:,}: got a quote that is never closed"
            return FormatError(complain(got, "expected another before the file ends", "Try closing or removing it"))
        if "field larger" in problem:
            got = f"{shown(self.file)}, line {begins:,}: got a cell of more than {csv.field_size_limit():,} characters"
            return FormatError(complain(got, "expected a shorter one", "Try closing the quote before it"))
        if "new-line" in problem:
            got = f"{shown(self.file)}, line {line:,}: got a carriage return inside a cell"
            return FormatError(complain(got, "expected quotes around that cell", "Try correcting that line"))
        got = f"{shown(self.file)}, line {line:,}: got text behind a closing quote"
        return FormatError(complain(got, "expected a delimiter", 'Try writing a quote inside quotes twice: ""'))


def _quotes(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    bytes_ = np.frombuffer(data, np.uint8)
    return bytes_, np.flatnonzero(bytes_ == _QUOTE) if b'"' in data else np.empty(0, np.intp)


def _blank(bytes_: np.ndarray, separators: np.ndarray, last: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which rows are lines with nothing on them."""
    line_ends = separators[last]
    lengths = np.diff(line_ends, prepend=-1) - 1
    return (counts == 1) & ((lengths == 0) | ((lengths == 1) & (bytes_[line_ends - 1] == _CR)))


def _lines(bytes_: np.ndarray, starts: np.ndarray, first: int) -> np.ndarray:
    """The line on which each row begins."""
    return np.searchsorted(np.flatnonzero(bytes_ == _LF), starts) + first


def _column(padded: np.ndarray, starts: np.ndarray, ends: np.ndarray, quoted: bool) -> np.ndarray:
    """The cells between those places, quotes taken off."""
    doubled: np.ndarray | None = None
    if quoted:
        marked = (padded[starts] == _QUOTE) & (ends > starts)
        starts, ends, doubled = starts + marked, ends - marked, marked
    widths = ends - starts
    width = max(1, int(widths.max(initial=1)))
    if width * len(starts) > _WIDEST:
        whole = padded.tobytes()
        cells = np.array([whole[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)], object)
    else:
        cells = _gathered(padded, starts, widths, width)
    return _undoubled(cells, doubled) if doubled is not None and doubled.any() else cells


def _gathered(padded: np.ndarray, starts: np.ndarray, widths: np.ndarray, width: int) -> np.ndarray:
    """Cells of one width, as one gather: a window of `width` bytes at every place of the text."""
    room = np.concatenate([padded, np.zeros(width, np.uint8)])
    windows = np.ndarray((len(padded),), f"S{width}", room.data, 0, (1,))
    cells = windows[starts]
    letters = cells.view(np.uint8).reshape(len(starts), width)
    letters[np.arange(width) >= widths[:, None]] = 0
    return cells


def _undoubled(cells: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """A quote inside quotes is written twice."""
    places = np.flatnonzero(marked)
    words = cells[places].tolist()
    for place, word in zip(places.tolist(), words, strict=True):
        if b'""' in word:
            cells[place] = word.replace(b'""', b'"')
    return cells


def _from_rows(rows: list[list[str]], lines: list[int]) -> Block:
    columns: list[np.ndarray] = []
    for column in zip(*rows, strict=True):
        cells = [cell.encode("latin-1") for cell in column]
        wide = max(map(len, cells)) * len(cells) > _WIDEST
        columns.append(np.array(cells, object) if wide else np.array(cells, np.bytes_))
    return Block(columns, np.array(lines))
