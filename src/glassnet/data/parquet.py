"""Parquet files, through pyarrow: `pip install glassnet[parquet]`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet.data.table import Table
from glassnet.errors import FileError, FormatError, GlassnetError, NotSupportedError, complain
from glassnet.files.bounded import opened
from glassnet.files.os_errors import StrPath, shown
from glassnet.files.paths import spelled

_ROWS = 65_536


def read_parquet(path: StrPath) -> Table:
    """The table in a Parquet file.

    Raises `NotSupportedError` where pyarrow is missing, `FormatError` for a file that is no Parquet.
    """
    spelled(path)
    with _named(path):
        return Table.of(_opened(path).read(), shown(os.path.basename(os.fspath(path))))


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file that is read in pieces of some thousand rows, as `TableFile` reads text."""

    path: StrPath
    words: tuple[str, ...] = ()  # columns that are to be words, whatever they hold

    @property
    def name(self) -> str:
        """The file's name in messages."""
        return shown(os.path.basename(os.fspath(self.path)))

    def pieces(self) -> Iterator[Table]:
        """The table in pieces."""
        first = 0
        with _named(self.path):
            batches = _opened(self.path).iter_batches(batch_size=_ROWS)
        while (table := self._next(batches)) is not None:
            spelled = tuple(c.spelled() if c.name in self.words else c for c in table.columns)
            yield replace(table, columns=spelled, rows=np.arange(first, first + len(table)))
            first += len(table)

    def _next(self, batches: Iterator[Any]) -> Table | None:
        with _named(self.path):
            batch = next(batches, None)
            if batch is None:
                return None
            columns = {field: batch.column(i) for i, field in enumerate(batch.schema.names)}
            return Table.of(_Batch(columns), self.name)


class _Batch:
    """A record batch with the face of a table."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns
        self.column_names = list(columns)

    def column(self, i: int) -> Any:
        """The column at a place."""
        return self._columns[self.column_names[i]]


@contextmanager
def _named(path: StrPath) -> Iterator[None]:
    """Inside, what pyarrow says of a damaged file names it: it raises errors of many kinds, as the damage has it."""
    try:
        yield
    except GlassnetError:
        raise
    except (OSError, ValueError, OverflowError, ArithmeticError, KeyError, TypeError, NotImplementedError) as problem:
        got = f"{shown(path)}: got {' '.join(str(problem).split())[:120]}"
        raise FormatError(complain(got, "expected a whole Parquet file", "Try writing it again")) from problem


def _opened(path: StrPath) -> Any:
    try:
        import pyarrow  # pyright: ignore[reportMissingImports] -- an extra
        from pyarrow import parquet  # pyright: ignore[reportMissingImports] -- an extra
    except ImportError as problem:
        got = f"got the Parquet file {shown(path)} and no pyarrow"
        hint = "Try pip install 'glassnet[parquet]', or saving the table as CSV"
        raise NotSupportedError(complain(got, "expected pyarrow, which reads it", hint)) from problem
    with opened(path, 1 << 62):  # a pipe or a folder is refused here, in the house's words
        pass
    try:
        return parquet.ParquetFile(os.fspath(path))
    except pyarrow.ArrowException as problem:
        got = f"{shown(path)}: got {' '.join(str(problem).split())[:120]}"
        raise FormatError(complain(got, "expected a Parquet file", "Try writing it again")) from problem
    except OSError as problem:
        raise FileError(complain(f"{shown(path)}: got {problem}", "expected a Parquet file", "Try again")) from problem
