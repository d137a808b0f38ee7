"""Tables larger than memory: two passes over the file, and the encoded rows in memory-mapped files.

The first pass sums up the columns, the second encodes the rows. At no time is more in memory than a piece of a few
megabytes. The encoded rows lie in temporary files of the cache folder, which vanish with the process that made them.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from glassnet.data.dealing import Dealer
from glassnet.data.mapped import gathered, let_go, temporary
from glassnet.data.parquet import ParquetTable
from glassnet.data.summary import Summaries
from glassnet.data.table import Table, TableFile
from glassnet.errors import DataError, complain
from glassnet.train.memory import physical_memory
from glassnet.train.table_data import TableData, data_of, look_at_classes, nearly_leaking
from glassnet.train.table_plan import MOST_CLASSES_OF_NUMBERS, Plan, TableOptions
from glassnet.train.tabular import TableCode, Target
from glassnet.train.weighting import column_weights

_GROWTH = 3  # bytes in memory for each byte of text: eight for a number, and the network's four
_PACKED, _PACKED_ENDINGS = 8, (".gz", ".xz", ".zip", ".parquet", ".pq")  # how much larger it is as text
_SHARE = 4  # of the memory there is, one part may be a table
_MOST_CLASSES = 1_000
_LOOKED_AT = 4_000  # rows, in which columns that tell the target are looked for


def fits(path: str, megabytes: int | None = None) -> bool:
    """Whether a table can be read into memory: into a quarter of it, or into so many megabytes.

    >>> fits("missing.csv")
    True
    """
    try:
        size = os.stat(path).st_size * (_PACKED if path.lower().endswith(_PACKED_ENDINGS) else 1)
    except OSError:
        return True  # the reader will say what is wrong
    return _GROWTH * size <= given_to_tables(megabytes)


def given_to_tables(megabytes: int | None = None) -> int:
    """How many bytes of memory a table may take: so many megabytes, or a quarter of what the machine has.

    >>> given_to_tables(2)
    2097152
    """
    return physical_memory() // _SHARE if megabytes is None else megabytes << 20


def streamed_data(file: TableFile | ParquetTable, options: TableOptions, megabytes: int | None = None) -> TableData:
    """The data set of a table that stays on disk; every class is dealt to the three parts by itself, as it comes.

    `megabytes` are what the table might have taken in memory, for the note that says why it stays out of it.

    Raises what `table_data` raises.
    """
    survey = _Survey(file, options)
    mixed = survey.run()
    if mixed:  # numbers in one piece, words in another: once more, as words
        survey = _Survey(replace(file, words=(*file.words, *mixed)), options)
        survey.run()
    plan = Plan.of(survey.everything, options, file.name)
    plan.note_empty(survey.empty)
    if plan.task == "classification" and not plan.classes:
        plan.classes = survey.classes()
    for name in [name for name in plan.columns if survey.learnt[name].constant]:
        plan.columns.remove(name)
        plan.note(f"left out {name!r}: it never changes in the rows that are learnt from")
    target = plan.target(survey.learnt)
    code = TableCode.fitted(survey.learnt, plan.columns, target, options.one_hot_up_to)
    rows = tuple(_mapped((n,), np.int64) for n in survey.counts)
    weights = tuple(_mapped((n,), np.float32) for n in survey.counts) if options.weight is not None else None
    pairs = _encoded(survey, code, target, rows, weights)
    look_at_classes(plan, [y for _, y in pairs])
    some = np.arange(0, survey.counts[0], max(1, survey.counts[0] // _LOOKED_AT))
    plan.warn_of_leaks([], nearly_leaking(code, *(gathered(part, some) for part in pairs[0])))
    plan.note_weights(weights)
    size = sum(x.nbytes + y.nbytes for x, y in pairs) / 1e6
    kept = f"{size:,.0f} MB of encoded rows stay on disk, among the cached files"
    plan.note(f"larger than the {given_to_tables(megabytes) >> 20:,} MB of memory given to tables (--memory): {kept}")
    made = data_of(plan, code, pairs, rows, list(survey.notes))
    return replace(made, weights=weights)


class _Survey:
    """The first pass: what the columns hold, in all rows and in those that are learnt from."""

    def __init__(self, file: TableFile | ParquetTable, options: TableOptions) -> None:
        self.file, self.options = file, options
        self.everything, self.learnt = Summaries(options.categorical), Summaries(options.categorical)
        self.counts = [0, 0, 0]
        self.notes: dict[str, None] = {}
        self.empty = 0  # rows with nothing in them
        self._values: set[str] = set()

    def run(self) -> list[str]:
        """Read the file once; the names of columns that changed their sort on the way."""
        for table, parts in self.pieces():
            self.notes.update(dict.fromkeys(table.notes))
            self.empty += int(self._empty(table).sum())
            self.everything.add(table)
            self.learnt.add(table.take(parts[0]))
            for i, part in enumerate(parts):
                self.counts[i] += len(part)
            self._note_classes(table)
        if not self.counts[0]:
            got = f"{self.file.name}: got no row to learn from"
            raise DataError(complain(got, "expected some", "Try more rows, or more groups"))
        sorts = {s.name: len({k in ("number", "whole") for k in s.kinds}) for s in self.everything}
        return [s.name for s in self.everything if sorts[s.name] > 1 or len(s.units) > 1]

    def pieces(self) -> Iterator[tuple[Table, list[np.ndarray]]]:
        """Each piece with the places of its rows for the three parts: the same in every pass."""
        dealer = Dealer(self.options.shares, self.options.seed)
        for table in self.file.pieces():
            wanted = self._known(table)
            part = self._by_group(table) if self.options.group else self._by_class(table, dealer)
            yield table, [np.flatnonzero(wanted & (part == i)) for i in range(3)]

    def classes(self) -> tuple[str, ...]:
        """The classes of a target of whole numbers."""
        return tuple(sorted(self._values, key=float))

    def _by_group(self, table: Table) -> np.ndarray:
        column = table[self.options.group or ""].spelled()
        places = np.array([_hashed(word, self.options.seed) for word in (*column.words, "")])[column.values]
        return np.searchsorted(np.cumsum(self.options.shares)[:2], places, side="right")

    def _by_class(self, table: Table, dealer: Dealer) -> np.ndarray:
        """What look like classes are dealt each by itself; that the task turns out to be another does no harm."""
        target = table[self.options.target[0]] if self._may_be_classes(table) else None
        if target is None:
            return dealer.deal([], np.full(len(table), -1))
        spelled = target.spelled()
        return dealer.deal(spelled.words, spelled.values)

    def _may_be_classes(self, table: Table) -> bool:
        """Whether the target of these rows is of classes, as far as they tell."""
        options = self.options
        name, *more = options.target
        if more or name not in table or options.task not in (None, "classification"):
            return False
        column = table[name]
        values = column.values[~column.missing] if column.numeric and options.task is None else None
        if values is None or not len(values):
            return True
        return column.kind == "whole" and bool(np.ptp(values) < MOST_CLASSES_OF_NUMBERS)

    def _known(self, table: Table) -> np.ndarray:
        wanted = np.ones(len(table), bool)
        for name in self.options.target if self.options.drop_missing else ():
            wanted &= ~table[name].missing
        return wanted & ~self._empty(table)

    def _empty(self, table: Table) -> np.ndarray:
        """The rows with nothing in them."""
        empty = np.ones(len(table), bool)
        for column in table.columns:
            empty &= column.missing
        return empty

    def _note_classes(self, table: Table) -> None:
        name = self.options.target[0]
        if name in table and table[name].numeric and len(self._values) <= _MOST_CLASSES:
            values = table[name].values
            distinct = np.unique(values[~np.isnan(values)])
            if len(distinct) <= _MOST_CLASSES:
                self._values.update(table[name].take(~table[name].missing).spelled().words)


def _hashed(word: str, seed: int) -> float:
    """A place in [0, 1) for a group, the same wherever it comes."""
    return zlib.crc32(f"{seed}/{word}".encode()) / 2**32


def _encoded(
    survey: _Survey,
    code: TableCode,
    target: Target,
    numbers: tuple[np.ndarray, ...],
    weights: tuple[np.ndarray, ...] | None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The second pass: the three parts, encoded, each in files of its own; their rows' numbers, and how they count."""
    labels = target.task == "classification"
    shape, kind = ((), np.int64) if labels else ((target.outputs,), np.float32)
    pairs = [(_mapped((n, code.width), np.float32), _mapped((n, *shape), kind)) for n in survey.counts]
    filled = [0, 0, 0]
    for table, parts in survey.pieces():
        wanted = np.sort(np.concatenate(parts))
        x, y = code.encode(table), np.empty((len(table), *shape), kind)
        y[wanted] = target.encode(table.take(wanted))
        columns = [x, y, table.rows if table.rows is not None else np.arange(len(table))]
        if weights is not None:
            columns.append(column_weights(table, survey.options.weight or ""))
        for i, part in enumerate(parts):
            rows = slice(filled[i], filled[i] + len(part))
            files = [*pairs[i], numbers[i], *([weights[i]] if weights is not None else [])]
            for file, column in zip(files, columns, strict=True):
                file[rows] = column[part]
                let_go(file)
            filled[i] = rows.stop
    return pairs


def _mapped(shape: tuple[int, ...], kind: type) -> np.ndarray:
    """An array in a temporary file, which goes when nobody uses it any more."""
    return temporary(shape, kind, "tables")
