"""Tables: columns with names, read from files, frames and arrays, and what is known of where they came from.

`read_table` takes a CSV or TSV file (plain, .gz or .xz), a Parquet file, a pandas, polars or pyarrow table, a dict of
columns or a NumPy array. `pieces` gives the same a few megabytes at a time, for files larger than memory.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

import numpy as np

from glassnet.data.cells import Block, Cells
from glassnet.data.columns import Column, joined
from glassnet.data.dialect import MISSING, Dialect, find_encoding, is_table, sniff
from glassnet.data.frames import columns_of
from glassnet.data.making import Maker, decoded
from glassnet.data.streams import Raw, Recoded, regular, unpacked_table
from glassnet.errors import DataError, FileError, ValueRangeError, complain
from glassnet.files.bounded import opened
from glassnet.files.os_errors import StrPath, reported, shown

_HEAD = 64 << 10
_ANY_SIZE = 1 << 62


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
    day_first: bool | None = None  # whether 3/4/2024 was read as a day in April, where there were such dates
    copies: tuple[Column, ...] = ()  # columns as they are written, beside what was made of them

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
        columns, copies = (tuple(c.take(rows) for c in some) for some in (self.columns, self.copies))
        return replace(self, columns=columns, lines=lines, rows=numbers_, copies=copies)

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

    `words` names columns that are to stay as they are written ("007"), `missing` what else stands for nothing,
    `day_first` says whether 3/4/2024 is in April, `copies` names columns to have as they are written as well,
    `codes` whether columns such as 01234, 98765 (digits of one length, some with a 0 in front) are words; those of
    `numbers` are numbers all the same. A first row with one of the `names` in it is a header.
    The file may be packed: gzip, xz, or a zip of one file.

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
    day_first: bool | None = None
    copies: tuple[str, ...] = ()
    codes: bool = True
    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
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
        copies: dict[str, list[Column]] = {}
        lines: list[np.ndarray] = []
        notes: dict[str, None] = {}
        named, day_first = True, None
        for table in self.pieces():
            named, day_first = table.named, table.day_first
            for column in table.columns:
                parts.setdefault(column.name, []).append(column)
            for column in table.copies:
                copies.setdefault(column.name, []).append(column)
            lines.append(cast(np.ndarray, table.lines))
            notes.update(dict.fromkeys(table.notes))
        mixed = [name for name, columns in parts.items() if _sorts(columns) > 1]
        if mixed:  # numbers first, words later: read again, as words from the start
            return replace(self, _forced=(*self._forced, *mixed)).read()
        columns = tuple(joined(_filled(parts.pop(name))) for name in list(parts))  # each is let go once it is joined
        told, copied = tuple(notes), tuple(map(joined, copies.values()))
        return Table(columns, self.name, np.concatenate(lines), told, named, day_first=day_first, copies=copied)

    def pieces(self) -> Iterator[Table]:
        """The table in pieces of a few megabytes; the words of each are its own, and so may be the kinds."""
        with self._opened() as (stream, dialect):
            cells = Cells(stream, dialect, self.name, piece=self.piece)
            maker: Maker | None = None
            for block in cells:
                if not block.columns:
                    continue
                if maker is None:
                    maker, block = self._begin(block, dialect)
                if len(block):
                    yield self._table(maker, block, dialect)
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
            buffered = io.BufferedReader(Raw(cast(BinaryIO, unpacked_table(source))), _HEAD)
            dialect = find_encoding(buffered.peek(_HEAD)[:_HEAD], self.name)
            buffered.read(dialect.bom)
            plain = dialect.encoding == "utf-8"
            text = buffered if plain else io.BufferedReader(Recoded(buffered, dialect.encoding, self.name))
            dialect = sniff(
                text.peek(_HEAD)[:_HEAD],
                dialect,
                delimiter=self.delimiter,
                header=self.header,
                decimal=self.decimal,
                day_first=self.day_first,
                names=frozenset(self.names),
            )
            yield regular(text, dialect), dialect

    def _table(self, maker: Maker, block: Block, dialect: Dialect) -> Table:
        """One block as a table."""
        notes: dict[str, None] = {}
        if dialect.title:
            above = f"left out {dialect.skipped} line{'s' * (dialect.skipped > 1)} above the names"
            notes[f"{above}, beginning with {dialect.title!r:.60}"] = None
        columns, copies = maker.columns(block, notes), maker.copied(block)
        rows = np.arange(maker.rows - len(block), maker.rows)
        told = tuple(notes)
        return Table(columns, self.name, block.lines, told, dialect.header, rows, dialect.day_first, copies)

    def _begin(self, block: Block, dialect: Dialect) -> tuple[Maker, Block]:
        """What makes tables of blocks, and the first block without the header."""
        first = [column[0].strip() if len(column) else b"" for column in block.columns]
        names = [f"column {j + 1}" for j in range(len(block.columns))]
        if dialect.header:
            texts, _ = decoded([bytes(cell) for cell in first])
            names = [text or name for text, name in zip(texts, names, strict=True)]
            if dialect.skipped or names[0].startswith("# "):  # the names were marked as a remark
                names[0] = names[0].lstrip("# ") or names[0]
            block = Block([column[1:] for column in block.columns], block.lines[1:])
        _check_names(names, self.name)
        missing = MISSING | {word.strip().lower().encode() for word in self.missing}
        words, plain = {*self.words, *self._forced}, frozenset(self.numbers)
        return Maker(self.name, names, dialect, missing, words, self.copies, codes=self.codes, no_codes=plain), block


def _sorts(columns: Sequence[Column]) -> int:
    """How many sorts of values there are: numbers of each unit, dates and words; columns of nothing fit all."""
    kinds = {(c.kind if c.kind == "date" else c.numeric, c.unit) for c in columns if not c.missing.all()}
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
