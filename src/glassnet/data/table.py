"""Tables: columns with names, read from files, frames and arrays, and what is known of where they came from.

`read_table` takes a CSV or TSV file (plain, .gz or .xz), a Parquet file, a pandas, polars or pyarrow table, a dict of
columns or a NumPy array. `pieces` gives the same a few megabytes at a time, for files larger than memory.
"""

from __future__ import annotations

import codecs
import io
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

import numpy as np

from glassnet.data.cells import Block, Cells
from glassnet.data.columns import Column, joined, numbers, read_dates, read_numbers, read_words, words
from glassnet.data.dialect import MISSING, Dialect, find_encoding, is_table, sniff
from glassnet.data.frames import columns_of
from glassnet.errors import DataError, FileError, FormatError, ValueRangeError, complain
from glassnet.files.bounded import opened
from glassnet.files.compressed import unpacked
from glassnet.files.os_errors import StrPath, reported, shown

_HEAD = 64 << 10
_ANY_SIZE = 1 << 62
_TYPO = 0.01  # of a column's cells that are no numbers are a mistake; more of them make it a column of words
_ENOUGH = 20


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length. `rows` are the rows' numbers in the whole table, from 0, where this is a part of one;
    `lines` are the lines of the file on which they begin, where there is a file.

    >>> table = Table.of({"x": [1.0, 2.5, None], "city": ["Ulm", "Rom", "Ulm"]})
    >>> table
    Table 'table': 3 rows, x (number, 1 missing), city (category)
    >>> table["city"].words
    ('Ulm', 'Rom')
    """

    columns: tuple[Column, ...]
    name: str = "table"
    lines: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    named: bool = True  # whether the columns' names came with the data
    rows: np.ndarray | None = None

    @classmethod
    def of(cls, values: Any, name: str = "table") -> Table:
        """A table of a frame, a dict of columns, or an array `(n, columns)`."""
        columns, named = columns_of(values)
        return cls(tuple(Column.of(key, column) for key, column in columns), name, named=named)

    def __post_init__(self) -> None:
        _check_names(self.names, self.name)
        lengths = {len(column) for column in self.columns}
        if len(lengths) > 1:
            got = f"{self.name}: got columns of {', '.join(map(str, sorted(lengths)))} rows"
            raise DataError(complain(got, "expected one length", "Try cutting them to the shortest"))

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def __repr__(self) -> str:
        gaps = {column.name: int(column.missing.sum()) for column in self.columns}
        kinds = [f"{c.name} ({c.kind}{f', {gaps[c.name]} missing' if gaps[c.name] else ''})" for c in self.columns]
        return f"Table {self.name!r}: {len(self)} rows, {', '.join(kinds)}"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise ValueRangeError(unknown_column(name, self))

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def take(self, rows: Any) -> Table:
        """Some of the rows: places, a mask or a slice."""
        lines = None if self.lines is None else self.lines[rows]
        numbers_ = (np.arange(len(self)) if self.rows is None else self.rows)[rows]
        return replace(self, columns=tuple(column.take(rows) for column in self.columns), lines=lines, rows=numbers_)

    def without(self, names: Collection[str]) -> Table:
        """The table without these columns."""
        for name in names:
            self[name]
        return replace(self, columns=tuple(column for column in self.columns if column.name not in names))

    def place(self, row: int, column: str | None = None) -> str:
        """A row, and perhaps a column, in words: rows count from 1 below the header.

        >>> Table.of({"x": [1, 2]}, "t").place(1, "x")
        "t, row 2, column 'x'"
        """
        line = f" (line {self.lines[row]:,})" if self.lines is not None else ""
        number = (row if self.rows is None else int(self.rows[row])) + 1
        return f"{self.name}, row {number:,}{line}" + (f", column {column!r:.80}" if column is not None else "")


def unknown_column(name: str, table: Table) -> str:
    """The complaint about a column that is not there."""
    from difflib import get_close_matches

    near = get_close_matches(name, table.names, n=1, cutoff=0.0)
    listed = ", ".join(table.names[:12]) + (", …" if len(table.names) > 12 else "")
    return complain(f"{table.name}: got the column {name!r:.80}", f"expected one of {listed}", f"Try {near[0]}")


def _check_names(names: Sequence[str], where: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = " and ".join(str(i + 1) for i, name in enumerate(names) if name == twice[0])
        got = f"{where}: got the name {twice[0]!r:.80} for columns {places}"
        hint = "Try renaming one, or --no-header (header=False) if the first line is data"
        raise DataError(complain(got, "expected every name once", hint))


@dataclass(frozen=True)
class TableFile:
    """A text table on disk, and how it is to be read; what is None is found out.

    `words` names columns that are to stay as they are written ("007"), `missing` what else stands for nothing.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "cities.csv")
    ...     _ = path.write_text("city;price\\nUlm;1,5\\nRom;\\n")
    ...     TableFile(path).read()
    Table 'cities.csv': 2 rows, city (category), price (number, 1 missing)
    """

    path: StrPath
    delimiter: str | None = None
    header: bool | None = None
    decimal: str | None = None
    words: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    piece: int = 4 << 20
    _forced: tuple[str, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The file's name in messages."""
        return shown(os.path.basename(os.fspath(self.path)))

    def read(self) -> Table:
        """The whole table.

        Raises `FormatError` for a file that is no text table, `DataError` for a table that cannot be used as it is.
        """
        parts: dict[str, list[Column]] = {}
        lines: list[np.ndarray] = []
        notes: dict[str, None] = {}
        named = True
        for table in self.pieces():
            named = table.named
            for column in table.columns:
                parts.setdefault(column.name, []).append(column)
            lines.append(cast(np.ndarray, table.lines))
            notes.update(dict.fromkeys(table.notes))
        mixed = [name for name, columns in parts.items() if _sorts(columns) > 1]
        if mixed:  # numbers first, words later: read again, as words from the start
            return replace(self, _forced=(*self._forced, *mixed)).read()
        columns = tuple(joined(_filled(parts.pop(name))) for name in list(parts))  # each is let go once it is joined
        return Table(columns, self.name, np.concatenate(lines), tuple(notes), named)

    def pieces(self) -> Iterator[Table]:
        """The table in pieces of a few megabytes; the words of each are its own, and so may be the kinds."""
        with self._opened() as (stream, dialect):
            cells = Cells(stream, dialect, self.name, piece=self.piece)
            maker: _Maker | None = None
            for block in cells:
                if not block.columns:
                    continue
                if maker is None:
                    maker, block = self._begin(block, dialect)
                if len(block):
                    yield maker.table(block)
            if maker is not None:
                maker.finish()
            if maker is None or not maker.rows:
                got = f"{self.name}: got {'a header and no rows' if maker else 'no rows'}"
                hint = "Try adding rows, or --no-header (header=False) if that line is data"
                if maker is None or dialect.header is False:
                    hint = "Try another file"
                raise DataError(complain(got, "expected at least one row", hint))

    @contextmanager
    def _opened(self) -> Iterator[tuple[BinaryIO, Dialect]]:
        with opened(self.path, _ANY_SIZE) as source, reported("read", source.name):
            stream = cast(BinaryIO, source.stream)
            if os.fspath(self.path).endswith((".gz", ".xz")):
                stream = cast(BinaryIO, unpacked(source, source.budget(None)))
            buffered = io.BufferedReader(_Raw(stream), _HEAD)
            dialect = find_encoding(buffered.peek(_HEAD)[:_HEAD], self.name)
            buffered.read(dialect.bom)
            text = (
                buffered if dialect.encoding == "utf-8" else io.BufferedReader(_Recoded(buffered, dialect, self.name))
            )
            head = text.peek(_HEAD)[:_HEAD]
            dialect = sniff(head, dialect, delimiter=self.delimiter, header=self.header, decimal=self.decimal)
            if dialect.newline == b"\r":
                text = io.BufferedReader(_Raw(text, translate=True), _HEAD)
            yield cast(BinaryIO, text), dialect

    def _begin(self, block: Block, dialect: Dialect) -> tuple[_Maker, Block]:
        """What makes tables of blocks, and the first block without the header."""
        first = [column[0].strip() if len(column) else b"" for column in block.columns]
        names = [f"column {j + 1}" for j in range(len(block.columns))]
        if dialect.header:
            texts, _ = _decoded([bytes(cell) for cell in first])
            names = [text or name for text, name in zip(texts, names, strict=True)]
            block = Block([column[1:] for column in block.columns], block.lines[1:])
        _check_names(names, self.name)
        missing = MISSING | {word.strip().lower().encode() for word in self.missing}
        return _Maker(self.name, names, dialect, missing, {*self.words, *self._forced}), block


def _sorts(columns: Sequence[Column]) -> int:
    """How many sorts of values there are: numbers, dates and words; columns of nothing fit all."""
    kinds = {c.kind if c.kind == "date" else c.numeric for c in columns if not c.missing.all()}
    return len(kinds)


def _filled(columns: list[Column]) -> list[Column]:
    """Parts with nothing in them take the sort of the others."""
    known = next((c for c in columns if not c.missing.all()), columns[0])
    empty = np.full(0, np.nan) if known.numeric else np.full(0, -1, np.int32)
    return [
        replace(known, values=np.full(len(c), np.nan if known.numeric else -1, empty.dtype))
        if c.numeric != known.numeric or c.kind == "date" != known.kind
        else c
        for c in columns
    ]


@dataclass
class _Maker:
    """Makes tables of blocks, and remembers how many rows of numbers each column has had."""

    file: str
    names: list[str]
    dialect: Dialect
    missing: frozenset[bytes]
    as_words: set[str]
    rows: int = 0
    numbers: dict[str, int] = field(default_factory=dict)
    suspects: dict[str, DataError] = field(default_factory=dict)

    def table(self, block: Block) -> Table:
        """One block as a table."""
        notes: dict[str, None] = {}
        columns = [
            self._column(name, cells, block, notes) for name, cells in zip(self.names, block.columns, strict=True)
        ]
        self.rows += len(block)
        rows = np.arange(self.rows - len(block), self.rows)
        return Table(tuple(columns), self.file, block.lines, tuple(notes), self.dialect.header, rows)

    def _column(self, name: str, cells: np.ndarray, block: Block, notes: dict[str, None]) -> Column:
        if name not in self.as_words:
            values, wrong = read_numbers(cells, self.dialect.decimal, self.missing)
            if not len(wrong):
                if name in self.suspects and not np.isnan(values).all():
                    raise self.suspects[name]
                self.numbers[name] = self.numbers.get(name, 0) + int((~np.isnan(values)).sum())
                return numbers(name, values)
            self._refuse_typo(name, cells, values, wrong, block)
            seconds = read_dates(cells, self.missing)
            if seconds is not None:
                return Column(name, "date", seconds)
            if name not in self.suspects:
                self.as_words.add(name)  # and so are the pieces that follow
        codes, distinct = read_words(cells, self.missing)
        texts, latin = _decoded(distinct)
        if latin:
            notes[f"{self.file} is not UTF-8: read as Windows-1252 (Latin-1)"] = None
        return words(name, codes, texts)

    def _refuse_typo(self, name: str, cells: np.ndarray, values: np.ndarray, wrong: np.ndarray, block: Block) -> None:
        """A few cells of words among many numbers are a mistake, and said to be one.

        Words at the end of a piece may be the first of many: the next piece tells.
        """
        good = int((~np.isnan(values)).sum()) + self.numbers.get(name, 0)
        few = good >= _ENOUGH and len(wrong) <= max(1, _TYPO * good)
        suspect = self.suspects.pop(name, None)
        if not few:
            return
        problem = suspect or self._typo(name, cells, int(wrong[0]), block, good)
        if wrong[0] < len(block) - len(wrong):
            raise problem
        self.suspects[name] = problem

    def _typo(self, name: str, cells: np.ndarray, row: int, block: Block, good: int) -> DataError:
        word = _decoded([bytes(cells[row])])[0][0]
        where = f"{self.file}, row {self.rows + row + 1:,} (line {block.lines[row]:,}), column {name!r:.80}"
        hint = f"Try correcting it, --missing {_pasted(word)} or --categorical {_pasted(name)}"
        return DataError(complain(f"{where}: got {word!r:.60}", f"expected a number, as in {good:,} other rows", hint))

    def finish(self) -> None:
        """Raise what the last piece left open."""
        for problem in self.suspects.values():
            raise problem


def _pasted(word: str) -> str:
    """A word as it is pasted into a command line."""
    import shlex

    return shlex.quote(word[:60])


def _decoded(cells: list[bytes]) -> tuple[list[str], bool]:
    """Cells as text, and whether they had to be read as Windows-1252."""
    try:
        return [cell.decode() for cell in cells], False
    except UnicodeDecodeError:
        return [cell.decode("cp1252", "replace") for cell in cells], True


class _Raw(io.RawIOBase):
    """A stream as a raw one, so that it can be looked into; line ends of old machines become ours if asked."""

    def __init__(self, stream: BinaryIO, translate: bool = False) -> None:
        self._stream, self._translate = stream, translate

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        data = self._stream.read(len(room))
        if self._translate:
            data = data.replace(b"\r", b"\n")
        room[: len(data)] = data
        return len(data)


class _Recoded(io.RawIOBase):
    """Text of another encoding as UTF-8."""

    def __init__(self, stream: BinaryIO, dialect: Dialect, file: str) -> None:
        self._stream, self._file, self._encoding = stream, file, dialect.encoding
        self._decoder, self._ready = codecs.getincrementaldecoder(dialect.encoding)(), b""

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        while not self._ready:
            data = self._stream.read(_HEAD)
            try:
                self._ready = self._decoder.decode(data, final=not data).encode()
            except UnicodeError as problem:
                got = f"{self._file}: got {problem.__class__.__name__} in {self._encoding.upper()}"
                raise FormatError(complain(got, "expected whole characters", "Try saving it as UTF-8")) from None
            if not data:
                break
        count = min(len(room), len(self._ready))
        room[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


def read_table(source: Any, *, name: str | None = None, **options: Any) -> Table:
    """The table in a file (CSV, TSV, Parquet), a frame, a dict of columns, or an array `(n, columns)`.

    `options` are those of `TableFile`, for text files: delimiter, header, decimal, words, missing.

    Raises `FileError`, `FormatError` or `DataError`, which name the line and the column.

    >>> read_table(np.array([[1.0, 2.0], [3.0, 4.0]]))
    Table 'table': 2 rows, column 1 (whole), column 2 (whole)
    """
    if not isinstance(source, str | os.PathLike):
        return Table.of(source, name or "table")
    if os.fspath(source).lower().endswith((".parquet", ".pq")):
        from glassnet.data.parquet import read_parquet

        return read_parquet(source)
    return TableFile(source, **options).read()


__all__ = ["Column", "FileError", "Table", "TableFile", "is_table", "read_table"]
