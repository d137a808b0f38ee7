"""A text table cut into rows and cells (RFC 4180), a few megabytes at a time.

Cells are found by NumPy, all at once: separators are the delimiters and line ends outside quotes, and a byte is inside
quotes if an odd number of quotes came before it. That is what the standard library's `csv` says of a file as long as
quotes stand only around whole cells; from the first that does not, `csv` itself reads on.

A cell stays bytes until somebody asks for its text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import numpy as np

from glassnet.data.dialect import Dialect
from glassnet.errors import DataError, FormatError, complain
from glassnet.files.os_errors import reported, shown

_PIECE = 4 << 20
_LONGEST_ROW = 8 << 20
_WIDEST = 16 << 20  # bytes of a column's cells padded to the longest of them
_LONG = 1 << 16  # a cell of so many bytes is kept as it is
_MOST_COLUMNS = 1 << 16
_MOST_CELLS = 1 << 20  # at once: each takes some dozen bytes of places while its row is cut
_SLOW_CELLS = 1 << 17
_MANY_LINES = 1 << 30
_AT_ONCE = 1 << 16  # cells that are Python's own for a moment
_LOOK = 1 << 20  # bytes whose quotes are looked at together
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
                yield from self._blocks(data[:cut], line)
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
        text = _Text(data, self.dialect.delimiter)
        cut = text.last_end() + 1
        return cut if text.opens_properly() and text.closes_properly(cut) else None

    def _blocks(self, data: bytes, line: int) -> Iterator[Block]:
        """Whole rows as blocks of at most so many cells; a file of nothing but delimiters is one of many cells."""
        text = _Text(data, self.dialect.delimiter)
        if text.count <= _MOST_CELLS:
            yield self._block(text, line)
            return
        cut = text.middle_end() + 1
        if cut == len(data):  # one row alone
            raise self._too_wide(line, text.count)
        yield from self._blocks(data[:cut], line)
        yield from self._blocks(data[cut:], line + data.count(b"\n", 0, cut))

    def _block(self, text: _Text, line: int) -> Block:
        """All cells of whole rows, by their places: (rows, width) = where each ends."""
        bytes_, separators = text.bytes_, text.separators()
        ends = self._grid(bytes_, separators, text.data, line)
        starts = np.empty_like(ends)
        starts[:, 1:] = ends[:, :-1] + 1
        starts[:, 0] = self._row_starts(bytes_, separators, ends)
        del separators
        lines = _lines(bytes_, starts[:, 0], line)
        ends[:, -1] -= (bytes_[ends[:, -1] - 1] == _CR) & (ends[:, -1] > starts[:, -1])
        padded = np.concatenate([bytes_, np.zeros(_LONG, np.uint8)])  # a window may begin at the last byte
        quoted = text.inside is not None
        return Block([_column(padded, starts[:, j], ends[:, j], quoted) for j in range(self.width)], lines)

    def _grid(self, bytes_: np.ndarray, separators: np.ndarray, data: bytes, line: int) -> np.ndarray:
        """Where each cell ends, `(rows, width)`, blank lines left out.

        Raises `DataError` for a row that is too long or too short.
        """
        last = np.flatnonzero(bytes_[separators] == _LF).astype(np.int32)
        counts = np.diff(last, prepend=np.int32(-1))
        blank = _blank(bytes_, separators, last, counts)
        if blank.any():
            separators, counts = separators[np.repeat(~blank, counts)], counts[~blank]
        if not self.width and len(counts):
            blank_lines = data.count(b"\n", 0, len(data) - len(data.lstrip(b"\r\n")))
            self._begin(int(counts[0]), line + blank_lines)
        wrong = np.flatnonzero(counts != self.width)
        if len(wrong):
            row = int(wrong[0])
            before = int(counts[:row].sum())
            start = 0 if not before else int(separators[before - 1]) + 1
            start += len(data[start:]) - len(data[start:].lstrip(b"\r\n"))
            raise self._ragged(line + data.count(b"\n", 0, start), int(counts[row]))
        return separators.reshape(-1, max(1, self.width)).copy()

    def _begin(self, width: int, line: int) -> None:
        """The first row says how many cells the others have."""
        if width > _MOST_COLUMNS:
            raise self._too_wide(line, width)
        self.width = width

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
                if row:
                    if not self.width:
                        self._begin(len(row), begins)
                    if len(row) != self.width:
                        raise self._ragged(begins, len(row))
                    rows.append(row)
                    lines.append(begins)
                begins, read = line + reader.line_num, reader.line_num
                if len(rows) * self.width >= _SLOW_CELLS:
                    yield _from_rows(rows, lines)
                    rows, lines = [], []
        except csv.Error as problem:
            raise self._bad_quote(begins, str(problem), line + max(reader.line_num, read + 1) - 1) from None
        if rows:
            yield _from_rows(rows, lines)

    def _text_lines(self, data: bytes) -> Iterator[str]:
        while data:
            whole, end, data = data.rpartition(b"\n")
            yield from io.StringIO((whole + end).decode("latin-1"), newline="\n")
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

    def _too_wide(self, line: int, got: int) -> DataError:
        message = f"{shown(self.file)}, line {line:,}: got {got:,} cells"
        return DataError(complain(message, f"expected at most {_MOST_COLUMNS:,}", "Try another --delimiter"))

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


class _Text:
    """Bytes of a table, and which of them are inside quotes: those that an odd number of quotes came before."""

    def __init__(self, data: bytes, delimiter: str) -> None:
        self.data = data
        self.bytes_ = np.frombuffer(data, np.uint8)
        self.inside: np.ndarray | None = None  # bool; the opening quote itself is inside, the closing one is not
        if b'"' in data:
            marks = (self.bytes_ == _QUOTE).view(np.uint8)
            self.inside = np.bitwise_xor.accumulate(marks, out=marks).view(np.bool_)
        self._delimiter = ord(delimiter)
        self._separates = self._outside(self.bytes_ == self._delimiter) | self._ends
        self.count = int(np.count_nonzero(self._separates))

    @property
    def _ends(self) -> np.ndarray:
        return self._outside(self.bytes_ == _LF)

    def _outside(self, places: np.ndarray) -> np.ndarray:
        """Those of the places that are not inside quotes; `places` is made into them."""
        return places if self.inside is None else np.greater(places, self.inside, out=places)

    def separators(self) -> np.ndarray:
        """Where cells end."""
        return np.flatnonzero(self._separates).astype(np.int32)

    def last_end(self) -> int:
        """Where the last row ends, -1 if none does."""
        return _last(self._ends)

    def middle_end(self) -> int:
        """Where a row ends, near the middle if one does."""
        ends, half = self._ends, len(self.data) // 2
        before = _last(ends[:half])
        return before if before >= 0 else half + int(ends[half:].argmax())

    def opens_properly(self) -> bool:
        """Whether each quote that opens stands at the beginning of a cell, or makes two with the one before it."""
        for places in self._quotes(opening=True):
            before = self.bytes_[places - 1]
            proper = (before == self._delimiter) | (before == _LF) | (before == _QUOTE) | (places == 0)
            if not proper.all():
                return False
        return True

    def closes_properly(self, cut: int) -> bool:
        """Whether each quote before `cut` that closes stands at the end of a cell, or makes two with the next."""
        for places in self._quotes(opening=False):
            places = places[places < cut]
            after = self.bytes_[places + 1]
            proper = (after == self._delimiter) | (after == _LF) | (after == _QUOTE)
            returns = after == _CR
            if returns.any():
                following = np.minimum(places + 2, len(self.bytes_) - 1)
                proper |= returns & (self.bytes_[following] == _LF)
            if not proper.all():
                return False
        return True

    def _quotes(self, opening: bool) -> Iterator[np.ndarray]:
        """The places of the quotes that open or close, some at a time."""
        if self.inside is None:
            return
        for first in range(0, len(self.data), _LOOK):
            piece = slice(first, first + _LOOK)
            found = (self.bytes_[piece] == _QUOTE) & (self.inside[piece] == opening)
            yield np.flatnonzero(found) + first


def _last(places: np.ndarray) -> int:
    """The last True, -1 if there is none."""
    found = int(places[::-1].argmax()) if len(places) else 0
    return len(places) - 1 - found if len(places) and places[len(places) - 1 - found] else -1


def _blank(bytes_: np.ndarray, separators: np.ndarray, last: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Which rows are lines with nothing on them."""
    line_ends = separators[last]
    lengths = np.diff(line_ends, prepend=-1) - 1
    return (counts == 1) & ((lengths == 0) | ((lengths == 1) & (bytes_[line_ends - 1] == _CR)))


def _lines(bytes_: np.ndarray, starts: np.ndarray, first: int) -> np.ndarray:
    """The line on which each row begins."""
    if not len(starts):
        return np.empty(0, np.int32)
    line_ends = bytes_ == _LF
    lines = np.zeros(len(starts), np.int32 if first < _MANY_LINES else np.int64)
    lines[1:] = np.add.reduceat(line_ends, starts, dtype=np.int32)[:-1]  # between one beginning and the next
    lines[0] = first + np.count_nonzero(line_ends[: starts[0]])
    return np.cumsum(lines, out=lines)


def _column(padded: np.ndarray, starts: np.ndarray, ends: np.ndarray, quoted: bool) -> np.ndarray:
    """The cells between those places, quotes taken off."""
    doubled: np.ndarray | None = None
    if quoted:
        marked = (padded[starts] == _QUOTE) & (ends > starts)
        starts, ends, doubled = starts + marked, ends - marked, marked
    widths = ends - starts
    width = max(1, int(widths.max(initial=1)))
    if width * len(starts) > _WIDEST or width > _LONG:
        whole = padded.tobytes()
        cells = np.array([whole[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)], object)
    else:
        cells = _gathered(padded, starts, widths, width)
    return _undoubled(cells, doubled) if doubled is not None and doubled.any() else cells


def _gathered(padded: np.ndarray, starts: np.ndarray, widths: np.ndarray, width: int) -> np.ndarray:
    """Cells of one width, as one gather: a window of `width` bytes at every place of the text."""
    windows = np.ndarray((len(padded) - width + 1,), f"S{width}", padded.data, 0, (1,))
    cells = windows[starts]
    letters = cells.view(np.uint8).reshape(len(starts), width)
    letters[np.arange(width) >= widths[:, None]] = 0
    return cells


def _undoubled(cells: np.ndarray, marked: np.ndarray) -> np.ndarray:
    """A quote inside quotes is written twice."""
    for first in range(0, len(cells), _AT_ONCE):
        places = np.flatnonzero(marked[first : first + _AT_ONCE]) + first
        for place, word in zip(places.tolist(), cells[places].tolist(), strict=True):
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
