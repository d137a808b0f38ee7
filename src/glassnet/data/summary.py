"""What a column holds, counted piece by piece: enough to scale it, to fill its gaps and to notice what is wrong.

Pieces can be added in any number, so a file larger than memory is summed up in one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from glassnet.data.columns import Column, Kind
from glassnet.data.table import Table

LARGEST = 1e100  # of a number that is summed up: the square of a larger one may be none any more
_MOST_WORDS = 200_000  # distinct ones that are counted; beyond, a column is free text whatever else comes


@dataclass
class Summary:
    """One column: how many rows, gaps and numbers without end, the mean and spread, or how often each word came.

    >>> summary = Summary.of(Column.of("x", [1.0, 3.0, None]))
    >>> summary.mean, summary.std, summary.gaps
    (2.0, 1.0, 1)
    """

    name: str
    kinds: set[Kind] = field(default_factory=set)
    rows: int = 0
    gaps: int = 0
    infinite: int = 0
    mean: float = 0.0
    least: float = np.inf
    most: float = -np.inf
    words: Counter[str] = field(default_factory=Counter)
    units: set[str] = field(default_factory=set)
    consecutive: bool = True  # each number one more than that before it: row numbers
    _squares: float = 0.0  # of the distances to the mean
    _last: float = np.nan

    @classmethod
    def of(cls, column: Column) -> Summary:
        """The summary of one column."""
        summary = cls(column.name)
        summary.add(column)
        return summary

    @property
    def known(self) -> int:
        """How many cells hold something."""
        return self.rows - self.gaps

    @property
    def std(self) -> float:
        """The standard deviation of the finite numbers."""
        count = self.known - self.infinite
        return float(np.sqrt(self._squares / count)) if count else 0.0

    @property
    def numeric(self) -> bool:
        """Whether all that came were numbers, or nothing did."""
        return bool(self.kinds) and self.kinds <= {"number", "whole", "date"}

    @property
    def kind(self) -> Kind:
        """The kind that fits all pieces."""
        for kind in ("text", "category", "boolean", "number", "date", "whole"):
            if kind in self.kinds:
                free = kind in ("text", "category") and len(self.words) > max(20, self.known / 2)
                return "text" if free else "category" if kind == "text" else kind
        return "number"

    @property
    def constant(self) -> bool:
        """Whether there is no more than one value; gaps count as another."""
        finite = int(self.known > self.infinite) + int(self.most > self.least)
        values = len(self.words) if self.words else finite + self.infinite
        return values + (self.gaps > 0) <= 1 or not self.known

    def add(self, column: Column) -> None:
        """Count a piece in."""
        missing = column.missing
        self.rows, self.gaps = self.rows + len(column), self.gaps + int(missing.sum())
        if missing.all():
            return
        self.kinds.add(column.kind)
        if column.numeric:
            self.units.add(column.unit)
            self._add_numbers(column.values[~missing])
        elif len(self.words) <= _MOST_WORDS:
            counts = np.bincount(column.values[~missing], minlength=len(column.words))
            for word, count in zip(column.words, counts.tolist(), strict=True):
                if count:
                    self.words[word] += count

    def _add_numbers(self, values: np.ndarray) -> None:
        """Means and squares of two parts give those of the whole (Chan, Golub and LeVeque, 1979)."""
        finite = values[np.abs(values) <= LARGEST]
        if self.consecutive and len(finite):
            steps = np.diff(finite, prepend=self._last if self._last == self._last else finite[0] - 1)
            self.consecutive, self._last = bool((steps == 1).all()), float(finite[-1])
        before = self.known - len(values) - self.infinite
        self.infinite += len(values) - len(finite)
        if not len(finite):
            return
        mean, count = float(finite.mean()), len(finite)
        shift, total = mean - self.mean, before + count
        self._squares += float(((finite - mean) ** 2).sum()) + shift * shift * before * count / total
        self.mean += shift * count / total
        self.least, self.most = min(self.least, float(finite.min())), max(self.most, float(finite.max()))


class Summaries:
    """The summaries of a table's columns; those of `as_words` are counted as words, numbers as one writes them.

    >>> summaries = Summaries.of(Table.of({"x": [1.0, 2.0], "c": ["a", "a"]}))
    >>> [(s.name, s.kind, s.constant) for s in summaries]
    [('x', 'whole', False), ('c', 'category', True)]
    """

    def __init__(self, as_words: Iterable[str] = ()) -> None:
        self._all: dict[str, Summary] = {}
        self._as_words = set(as_words)

    @classmethod
    def of(cls, table: Table, as_words: Iterable[str] = ()) -> Summaries:
        """The summaries of one table."""
        summaries = cls(as_words)
        summaries.add(table)
        return summaries

    def __iter__(self) -> Iterator[Summary]:
        return iter(self._all.values())

    def __getitem__(self, name: str) -> Summary:
        return self._all[name]

    def add(self, table: Table) -> None:
        """Count a piece of the table in."""
        for column in table.columns:
            spelled = column.spelled() if column.name in self._as_words else column
            self._all.setdefault(column.name, Summary(column.name)).add(spelled)
