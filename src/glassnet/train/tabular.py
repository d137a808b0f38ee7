"""From the rows of a table to the numbers of a network, and back from its outputs to the table's own units.

A `TableCode` is fitted to the rows that are learnt from, and is part of the model: it is written into the model file
as plain numbers and names, so that whoever uses the model hands in rows as they come. Each column becomes

- a number: gaps are filled with the mean, then it is brought to mean 0 and standard deviation 1;
- a category of few words: one number for each word, 1 where it is the row's word (all 0 for a word never seen);
- a category of many words: the word's place, for a layer that learns some numbers for each (`EmbedColumns`);
- and, where values were missing, a number more that is 1 where they were.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from glassnet.data.columns import Column, spell
from glassnet.data.quantities import with_unit
from glassnet.data.summary import LARGEST, Summaries, Summary
from glassnet.data.table import Table
from glassnet.errors import DataError, FormatError, complain

Way = Literal["number", "one-hot", "embedded"]

ONE_HOT_UP_TO = 32  # words; a column of more is embedded
MOST_WORDS = 10_000  # that a column keeps, the most frequent; the others count as never seen
DATE = "date"  # the unit of seconds since 1970
_WIDEST = 50
_AGAIN = "Try a model that `glassnet train` wrote"


@dataclass(frozen=True)
class Feature:
    """How one column becomes numbers: `(value - mean) / spread`, or the places of words."""

    name: str
    way: Way
    mean: float = 0.0
    spread: float = 1.0
    words: tuple[str, ...] = ()  # the most frequent first, so that it fills gaps
    marked: bool = False  # whether gaps are marked in a column of their own
    unit: str = ""  # that its numbers were written with: "$#"; of dates DATE

    @classmethod
    def fitted(cls, summary: Summary, one_hot_up_to: int = ONE_HOT_UP_TO) -> Feature:
        """The way that suits a column of this sort."""
        marked = summary.gaps > 0
        if summary.numeric:
            spread = summary.std if summary.most > summary.least and summary.std else 1.0
            unit = DATE if summary.kind == "date" else next(iter(summary.units), "")
            return cls(summary.name, "number", summary.mean, spread, marked=marked, unit=unit)
        ranked = sorted(summary.words.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_WORDS]
        words = tuple(word for word, _ in ranked)
        return cls(summary.name, "one-hot" if len(words) <= one_hot_up_to else "embedded", words=words, marked=marked)

    @property
    def width(self) -> int:
        """How many numbers it becomes."""
        return (len(self.words) if self.way == "one-hot" else 1) + self.marked

    @property
    def labels(self) -> list[str]:
        """What each of these numbers is called."""
        own = [f"{self.name}={word}" for word in self.words] if self.way == "one-hot" else [self.name]
        return own + ([f"{self.name} missing"] if self.marked else [])

    @property
    def table(self) -> tuple[int, int] | None:
        """Rows and columns of what an embedding learns; row 0 is for words never seen."""
        size = len(self.words) + 1
        return (size, min(_WIDEST, max(2, round(1.6 * size**0.56)))) if self.way == "embedded" else None


@dataclass
class Oddities:
    """What was odd about rows that were encoded, by column: words never seen, gaps where none were."""

    unseen: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def notes(self) -> list[str]:
        """The same in words."""
        seen = [
            f"column {name!r}: {count:,} value{'s' * (count > 1)} that training never saw, such as "
            f"{self.examples[name]!r:.40}"
            for name, count in self.unseen.items()
        ]
        filled = [
            f"column {name!r}: {count:,} missing value{'s' * (count > 1)} filled, where training had none"
            for name, count in self.gaps.items()
        ]
        return seen + filled


@dataclass(frozen=True)
class Target:
    """What is predicted: classes of one column, the 0 or 1 of several, or numbers in standard deviations.

    >>> target = Target("regression", ("price",), means=(10.0,), spreads=(2.0,))
    >>> target.restored(np.array([[0.5]])).tolist()
    [[11.0]]
    """

    task: str
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()
    column: str = ""  # that holds all labels of a row, with `separator` between; "" if each has a column of its own
    separator: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that it is read from."""
        return (self.column,) if self.column else self.names

    @property
    def outputs(self) -> int:
        """How many numbers a network must give."""
        return len(self.classes) if self.task == "classification" else len(self.names)

    def encode(self, table: Table) -> np.ndarray:
        """Labels `(n,)`, or numbers `(n, outputs)`.

        Raises `DataError` that names the row for a value that is missing, infinite or of no known class.
        """
        if self.task == "classification":
            return self._labels(table, table[self.names[0]], self.classes).astype(np.int64)
        if self.column:
            return self._several(table, table[self.column])
        columns = [self._numbers(table, table[name], j) for j, name in enumerate(self.names)]
        return np.stack(columns, axis=1).astype(np.float32)

    def restored(self, values: np.ndarray) -> np.ndarray:
        """A network's outputs in the target's own units."""
        if self.task != "regression":
            return values
        return values.astype(np.float64) * np.array(self.spreads) + np.array(self.means)

    def _labels(self, table: Table, column: Column, classes: Sequence[str]) -> np.ndarray:
        _refuse_gaps(table, column)
        column = column.spelled()
        places = {word: i for i, word in enumerate(classes)}
        known = np.array([*(places.get(word, -1) for word in column.words), -1])[column.values]
        strange = np.flatnonzero(known < 0)
        if len(strange):
            row = int(strange[0])
            got = f"{table.place(row, column.name)}: got {column.cell(row)!r:.40}"
            listed = ", ".join(classes[:8]) + (", …" if len(classes) > 8 else "")
            raise DataError(complain(got, f"expected one of {listed}", "Try correcting it, or leaving that row out"))
        return known

    def _several(self, table: Table, column: Column) -> np.ndarray:
        """1 for each label that a cell lists, `(n, labels)`; an empty cell lists none."""
        column = column.spelled()
        places = {name: j for j, name in enumerate(self.names)}
        marks = np.zeros((len(column.words) + 1, len(self.names)), np.float32)  # the last row is a gap's
        for code, cell in enumerate(column.words):
            for label in labels_in(cell, self.separator):
                if label not in places:
                    row = int((column.values == code).argmax())
                    listed = ", ".join(self.names[:8]) + (", …" if len(self.names) > 8 else "")
                    got = f"{table.place(row, column.name)}: got the label {label!r:.40}"
                    raise DataError(complain(got, f"expected some of {listed}", "Try leaving that row out"))
                marks[code, places[label]] = 1
        return marks[column.values]

    def _numbers(self, table: Table, column: Column, j: int) -> np.ndarray:
        if self.task == "multilabel":
            return self._labels(table, column, _truths(column))
        refuse_words(table, column)
        _refuse_gaps(table, column)
        refuse_infinite(table, column, target=True)
        return (column.values - self.means[j]) / self.spreads[j]


def labels_in(cell: str, separator: str) -> list[str]:
    """The labels that a cell lists.

    >>> labels_in("big; old;", ";")
    ['big', 'old']
    """
    return [part.strip() for part in cell.split(separator) if part.strip()]


def _truths(column: Column) -> tuple[str, ...]:
    """No and yes, as a column spells them; of some rows all may say yes.

    >>> [_truths(Column.of("urgent", words)) for words in (["yes", "no"], ["yes", "yes"])]
    [('no', 'yes'), ('', 'yes')]
    """
    if column.numeric:
        return ("0", "1")
    words = tuple(sorted(column.words, key=lambda word: (_is_yes(word), word)))
    return ("", *words) if len(words) == 1 and _is_yes(words[0]) else words


def _is_yes(word: str) -> bool:
    return word.lower() in ("true", "yes", "y", "t")


@dataclass(frozen=True)
class TableCode:
    """All columns that a network sees, and what it is to say.

    >>> table = Table.of({"size": [1.0, 3.0], "city": ["Ulm", "Rom"], "price": [10.0, 14.0]})
    >>> price = Target("regression", ("price",), means=(12.0,), spreads=(2.0,))
    >>> code = TableCode.fitted(Summaries.of(table), ["size", "city"], price)
    >>> code.labels
    ['size', 'city=Rom', 'city=Ulm']
    >>> code.encode(table)
    array([[-1.,  0.,  1.],
           [ 1.,  1.,  0.]], dtype=float32)
    """

    features: tuple[Feature, ...]
    target: Target

    @classmethod
    def fitted(
        cls,
        summaries: Summaries,
        names: Iterable[str],
        target: Target,
        one_hot_up_to: int = ONE_HOT_UP_TO,
    ) -> TableCode:
        """The code for those columns; embedded ones come last, as their layer expects them."""
        features = [Feature.fitted(summaries[name], one_hot_up_to) for name in names]
        return cls(tuple(sorted(features, key=lambda f: f.way == "embedded")), target)

    @property
    def width(self) -> int:
        """How many numbers a row becomes."""
        return sum(feature.width for feature in self.features)

    @property
    def labels(self) -> list[str]:
        """What the numbers are called."""
        plain = [label for f in self.features for label in (f.labels if f.way != "embedded" else f.labels[1:])]
        return plain + [f.name for f in self.features if f.way == "embedded"]

    @property
    def columns(self) -> tuple[str, ...]:
        """The column that each of the numbers was made of."""
        plain = [f.name for f in self.features for _ in (f.labels if f.way != "embedded" else f.labels[1:])]
        return (*plain, *(f.name for f in self.features if f.way == "embedded"))

    @property
    def as_words(self) -> list[str]:
        """The columns that are to be read as they are written, even where all of some rows are numbers."""
        spelled = self.target.column or not all(map(_written_plainly, self.target.classes))
        return [f.name for f in self.features if f.way != "number"] + ([self.target.columns[0]] if spelled else [])

    @property
    def tables(self) -> list[tuple[int, int]]:
        """The sizes of the embeddings, for the last numbers of a row."""
        return [feature.table for feature in self.features if feature.table is not None]

    def encode(self, table: Table, odd: Oddities | None = None) -> np.ndarray:
        """The rows as numbers, `(n, width)` in float32; columns are found by name, others are left alone.

        Raises `DataError` for a column that is not there, or holds words where numbers were learnt.
        """
        _refuse_absent(table, [feature.name for feature in self.features])
        odd = Oddities() if odd is None else odd
        out = np.zeros((len(table), self.width), np.float32)
        place, last = 0, self.width - len(self.tables)
        for feature in self.features:
            column = table[feature.name]
            missing = column.missing
            if missing.any() and not feature.marked:
                odd.gaps[feature.name] += int(missing.sum())
            if feature.way == "number":
                out[:, place] = _standardised(table, column, feature)
                place += 1
            else:
                codes = _places(column, feature, odd)
                if feature.way == "one-hot":
                    rows = np.flatnonzero(codes)
                    out[rows, place + codes[rows] - 1] = 1
                    place += len(feature.words)
                else:
                    out[:, last] = codes
                    last += 1
            if feature.marked:
                out[:, place] = missing
                place += 1
        return out

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the model file."""
        features = [{**vars(f), "words": list(f.words)} for f in self.features]
        target = {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self.target).items()}
        return {"features": features, "target": target}

    @classmethod
    def from_dict(cls, values: Any, file: str) -> TableCode:
        """The code that a model file describes; `FormatError` names the file if it describes none."""
        try:
            features = tuple(_feature(**described) for described in values["features"])
            code = cls(features, _target(**values["target"]))
        except (KeyError, TypeError, ValueError):
            code = None
        if code is None or set(values) != {"features", "target"} or not code._sound():
            got = f"{file}: got a table's description {values!r:.80}"
            raise FormatError(complain(got, "expected columns and a target that fit together", _AGAIN))
        return code

    def _sound(self) -> bool:
        names = [feature.name for feature in self.features]
        order = [feature.way == "embedded" for feature in self.features]
        return len(set(names)) == len(names) and order == sorted(order) and not set(names) & set(self.target.columns)


def _feature(name: Any, way: Any, mean: Any, spread: Any, words: Any, marked: Any, unit: Any = "") -> Feature:
    numbers_ = all(type(v) in (int, float) and math.isfinite(v) for v in (mean, spread)) and spread > 0
    named = isinstance(name, str) and way in ("number", "one-hot", "embedded") and type(marked) is bool
    named = named and isinstance(unit, str)
    if not (numbers_ and named and _texts(words) and len(words) <= MOST_WORDS):
        raise ValueError(name)
    return Feature(name, way, float(mean), float(spread), tuple(words), marked, unit)


def _target(
    task: Any, names: Any, classes: Any, means: Any, spreads: Any, column: Any = "", separator: Any = ""
) -> Target:
    known = task in ("classification", "multilabel", "regression") and _texts(names) and _texts(classes) and names
    scales = all(isinstance(v, list) and all(type(n) in (int, float) for n in v) for v in (means, spreads))
    if not (known and scales and len(means) == len(spreads) == (len(names) if task == "regression" else 0)):
        raise ValueError(task)
    if not all(map(math.isfinite, [*means, *spreads])) or (task == "classification") != bool(classes):
        raise ValueError(task)
    if not isinstance(column, str) or not isinstance(separator, str) or bool(column) != bool(separator):
        raise ValueError(column)
    if column and task != "multilabel":
        raise ValueError(task)
    return Target(task, tuple(names), tuple(classes), tuple(means), tuple(spreads), column, separator)


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(v, str) for v in values) and len(set(values)) == len(values)


def _standardised(table: Table, column: Column, feature: Feature) -> np.ndarray:
    refuse_words(table, column)
    refuse_infinite(table, column)
    _refuse_other_unit(table, column, feature.unit)
    values = np.where(column.missing, feature.mean, column.values if column.numeric else feature.mean)
    return (values - feature.mean) / feature.spread


def _places(column: Column, feature: Feature, odd: Oddities) -> np.ndarray:
    """The place of each row's word, from 1; 0 for a word never seen, the most frequent word's where none is."""
    column = column.spelled()
    known = {word: i for i, word in enumerate(feature.words, 1)}
    filling = 1 if feature.words else 0
    codes = np.array([*(known.get(word, 0) for word in column.words), filling], np.int64)[column.values]
    strange = codes == 0
    if strange.any():
        odd.unseen[feature.name] += int(strange.sum())
        odd.examples.setdefault(feature.name, column.cell(int(strange.argmax())))
    return codes


def _refuse_absent(table: Table, names: Sequence[str]) -> None:
    absent = [name for name in names if name not in table]
    if absent:
        listed = ", ".join(repr(name) for name in absent[:8]) + (", …" if len(absent) > 8 else "")
        got = f"{table.name}: got no column {listed} among {', '.join(map(repr, table.names[:12]))}"
        near = next((name for name in table.names if name.strip().lower() == absent[0].strip().lower()), None)
        it = "it" if len(absent) == 1 else "them"
        hint = f"Try adding {it}: the model was trained with {it}" if table.named else "Try a file with a header"
        hint = f"Try renaming {near!r:.60} to {absent[0]!r:.60}" if near is not None else hint
        raise DataError(complain(got, f"expected the {len(names)} columns of the training", hint))


def _refuse_other_unit(table: Table, column: Column, unit: str) -> None:
    """Raise `DataError` for euros where dollars were learnt, or numbers for dates; a 0 needs no unit."""
    known = np.flatnonzero(~column.missing & (column.values != 0))
    own = column.unit.replace(" ", "")
    if column.kind == "date":
        own = DATE if unit else ""  # a model file may have been written before dates had a unit
    if column.numeric and own != unit.replace(" ", "") and len(known):
        row = int(known[0])
        got = f"{table.place(row, column.name)}: got {column.cell(row)!r:.40}"
        if unit == DATE:
            hint = "Try writing that column as dates"
            raise DataError(complain(got, "expected dates such as '2024-02-29', as in training", hint))
        usual = f"such as {with_unit('5', unit)!r:.40}" if unit else "without a unit"
        raise DataError(complain(got, f"expected numbers {usual}, as in training", "Try converting that column"))


def refuse_words(table: Table, column: Column) -> None:
    """Raise `DataError` for words where numbers belong; the first of them is named."""
    if column.numeric or column.missing.all():
        return
    row = int(np.flatnonzero([not _is_number(word) for word in column.words])[:1].sum())
    rows = np.flatnonzero(column.values == row)
    row = int(rows[0]) if len(rows) else 0
    got = f"{table.place(row, column.name)}: got {column.cell(row)!r:.40}"
    raise DataError(complain(got, "expected a number", f"Try correcting it, or --missing {column.cell(row)!r:.40}"))


def _is_number(word: str) -> bool:
    try:
        return bool(float(word) + 1)
    except ValueError:
        return False


def refuse_infinite(table: Table, column: Column, target: bool = False) -> None:
    """Raise `DataError` for a number that is not finite, or too large to be worked with; the row is named."""
    if not column.numeric:
        return
    endless = np.flatnonzero(np.abs(column.values) > LARGEST)  # NaN, a gap, is not
    if not len(endless):
        return
    row = int(endless[0])
    value = float(column.values[row])
    got = f"{table.place(row, column.name)}: got {spell(value)}"
    if math.isinf(value):
        hint = f"Try correcting it, or --missing inf,-inf{' --drop-missing' * target}"
        raise DataError(complain(got, "expected a finite number", hint))
    raise DataError(complain(got, f"expected a number of at most {LARGEST:g}", "Try correcting it, or another unit"))


def _written_plainly(word: str) -> bool:
    """Whether a word is how a number is written: 7, not 07."""
    try:
        return spell(float(word)) == word
    except ValueError:
        return False


def _refuse_gaps(table: Table, column: Column) -> None:
    """Raise `DataError` for a row without a target."""
    gaps = np.flatnonzero(column.missing)
    if len(gaps):
        more = f" ({len(gaps):,} rows have none)" if len(gaps) > 1 else ""
        got = f"{table.place(int(gaps[0]), column.name)}: got no value{more}"
        hint = "Try --drop-missing, which leaves such rows out"
        if len(np.unique(column.values[~column.missing])) == 1:  # then nothing would be left to tell apart
            word = column.cell(int(np.flatnonzero(~column.missing)[0]))
            hint = f"Try another word in the empty cells: the others all say {word!r:.40}"
        raise DataError(complain(got, "expected a target in every row", hint))
