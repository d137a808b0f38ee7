"""A table as a data set: encoded, split into three parts, and looked over before anything is learnt from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from glassnet.data.columns import Column
from glassnet.data.mapped import WINDOW, gathered, is_mapped
from glassnet.data.registry import DataSet, Task
from glassnet.data.split import split
from glassnet.data.summary import Summaries
from glassnet.data.table import Table
from glassnet.errors import DataError, complain
from glassnet.train.amounts import amount
from glassnet.train.preparation import Preparation
from glassnet.train.table_plan import Finding, Plan, TableOptions
from glassnet.train.tabular import Oddities, TableCode
from glassnet.train.trained import Trained
from glassnet.train.weighting import column_weights

_SAME = 0.999999  # a correlation that is no chance
_MOST_COMPARED = 1 << 26  # bytes of rows that are compared with each other
_MOST_SHOWN = 3  # cells of a row
_LONGEST_CELL, _LONGEST_DATE = 12, 16  # letters of a cell: of a date down to the minute
_HANDFUL = 10  # rows, below which none are set apart
_UNEQUAL = 20  # times a class may be larger than another
_RARE = 4  # rows of a class, below which one of the three parts has none
_MOST_RARE = 8  # classes that are named one by one


@dataclass(frozen=True, eq=False, repr=False)
class TableData(DataSet):
    """A data set whose examples are encoded rows; regression targets are in standard deviations.

    `code` encodes rows of the same table and turns outputs back; `findings` is what was odd.

    >>> table = Table.of({"x": range(40), "y": [3.0 * x for x in range(40)]}, "line")
    >>> data = table_data(table, TableOptions(("y",)))
    >>> len(data.x_train), len(data.x_valid), len(data.x_test), data.task
    (28, 6, 6, 'regression')
    """

    x_valid: np.ndarray
    y_valid: np.ndarray
    code: TableCode
    findings: tuple[Finding, ...]
    rows: tuple[np.ndarray, ...]  # of the table, for each of the three parts
    table: Table | None = None  # the rows as they came, where they are in memory
    weights: tuple[np.ndarray, ...] | None = None  # how much each row counts, for each of the three parts
    overlap: int | None = None  # rows that come again in another part; None if nobody looked
    apart: bool = False  # whether the validation rows come from a table of their own
    held: Table | None = None  # that table, where it is in memory

    @property
    def preparation(self) -> Preparation:
        """Nothing is left to prepare: what the model needs is the code."""
        return Preparation((self.code.width,), np.ones((), np.float32), np.zeros((), np.float32), self.code)

    def example(self, part: int, index: int) -> str:
        """A row of a part (0 to learn from, 1 to validate, 2 to test) in words."""
        row = int(self.rows[part][index])
        table = self.held if part == 1 and self.apart else self.table
        if table is None:
            return f"row {row + 1:,}"
        columns = [table[feature.name] for feature in self.code.features]
        cells = [f"{' '.join(column.name.split())[:20]} {_short(column, row)}" for column in columns[:_MOST_SHOWN]]
        number = row if table.rows is None else int(table.rows[row])
        return f"row {number + 1:,} ({', '.join(cells)}{', …' if len(columns) > _MOST_SHOWN else ''})"

    def origin(self, part: int) -> RowsOf:
        """Where the rows of a part stand in the file, and what is written there."""
        return RowsOf(self, part)

    @property
    def embedded(self) -> tuple[int, list[tuple[int, int]]]:
        """How many numbers of a row are plain, and the sizes of the embeddings for the others."""
        return self.code.width - len(self.code.tables), self.code.tables


@dataclass(frozen=True)
class RowsOf:
    """The rows of a part of a table, as they stand in the file.

    >>> data = table_data(Table.of({"x": range(9), "y": range(9)}, "line"), TableOptions(("y",)))
    >>> data.origin(0).numbers(np.array([2])), data.origin(0).cells(np.array([2]))
    ([('row', [3])], [('x', ['2']), ('y', ['2'])])
    """

    data: TableData
    part: int

    def numbers(self, examples: np.ndarray) -> list[tuple[str, list[Any]]]:
        """Row numbers from 1, and the lines of the file where there is one and it is in memory."""
        rows, table = self._rows(examples), self.data.table
        if table is None:
            return [("row", (rows + 1).tolist())]
        told = [("row", ((rows if table.rows is None else table.rows[rows]) + 1).tolist())]
        return told if table.lines is None else [*told, ("line", table.lines[rows].tolist())]

    def cells(self, examples: np.ndarray) -> list[tuple[str, list[Any]]]:
        """The rows' own columns, where the table is in memory."""
        if self.data.table is None:
            return []
        columns = [column.spelled() for column in self.data.table.take(self._rows(examples)).columns]
        words = [np.array([*column.words, ""], object) for column in columns]  # -1, a gap, is the last
        return [(column.name, w[column.values].tolist()) for column, w in zip(columns, words, strict=True)]

    def _rows(self, examples: np.ndarray) -> np.ndarray:
        return np.asarray(self.data.rows[self.part][examples], np.intp)


def table_data(table: Table, options: TableOptions) -> TableData:
    """Encode and split a table.

    Raises `DataError` that names the row and the column of what cannot be learnt from, `ValueRangeError` for a column
    that is not there.
    """
    table, empty = without_empty_rows(_with_targets(table, options), options)
    plan = Plan.of(Summaries.of(table, options.categorical), options, table.name)
    plan.note_empty(empty)
    classes = _classes(table, plan)
    plan.classes = classes
    labels = _labels(table, plan)
    rows = _parts(table, plan, labels)
    learnt = Summaries.of(table.take(rows[0]), options.categorical)
    names = [name for name in plan.columns if not _lost(learnt[name].constant, name, plan)]
    code = TableCode.fitted(learnt, names, plan.target(learnt), options.one_hot_up_to)
    x = code.encode(table)
    y = code.target.encode(table)
    same = _look_over(table, plan, code, x, y, rows)
    own = column_weights(table, options.weight) if options.weight is not None else None
    weights = tuple(own[part] for part in rows) if own is not None else None
    plan.note_weights(weights)
    made = data_of(plan, code, [(x[part], y[part]) for part in rows], tuple(rows), table.notes, table)
    return replace(made, overlap=same, weights=weights)


def data_of(
    plan: Plan,
    code: TableCode,
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    rows: tuple[np.ndarray, ...],
    notes: Sequence[str] = (),
    table: Table | None = None,
) -> TableData:
    """The data set of three parts that are encoded already."""
    (x, y), (x_valid, y_valid), (x_test, y_test) = pairs
    of = ", ".join(code.target.columns)
    findings = (*(Finding("note", note) for note in notes), *plan.findings)
    return TableData(
        name=_stem(plan.file), task=plan.task, summary=f"{of} of {plan.file}", source=plan.file, classes=plan.classes,
        feature_names=tuple(code.labels), x_train=x, y_train=y, x_test=x_test, y_test=y_test,
        x_valid=x_valid, y_valid=y_valid, code=code, findings=findings, rows=rows, table=table,
    )  # fmt: skip


def with_validation(data: TableData, table: Table, weight: str | None = None) -> TableData:
    """The data with the rows of another table to validate on, encoded as those that are learnt from.

    Raises `DataError` for a table without the columns or the target.
    """
    refuse_without_target(table, data.code)
    odd = Oddities()
    x, y = data.code.encode(table, odd), data.code.target.encode(table)
    rows = (data.rows[0], np.arange(len(x)), data.rows[2])
    notes = [Finding("note", f"{table.name}: {note}") for note in odd.notes()]
    places = np.split(np.arange(len(data.x_train) + len(x)), [len(data.x_train)])
    same = None
    if not is_mapped(data.x_train):
        same = overlapping(np.concatenate([data.x_train, x]), np.concatenate([data.y_train, y]), places)
    if same:
        notes.append(Finding("warning", f"{same:,} of the rows of {table.name} also among those to learn from"))
    weights = data.weights
    if weights is not None and weight is not None:
        weights = (weights[0], column_weights(table, weight), weights[2])
    overlap = None if same is None or data.overlap is None else same + data.overlap
    findings = (*data.findings, *notes)
    return replace(
        data, x_valid=x, y_valid=y, rows=rows, apart=True, held=table, weights=weights, overlap=overlap,
        findings=findings,
    )  # fmt: skip


def refuse_without_target(table: Table, code: TableCode) -> None:
    """Raise `DataError` for a table by which no epoch can be chosen."""
    _refuse_without(table, code.target.columns, "expected the target, to choose the best epoch by")


def _refuse_without(table: Table, names: Sequence[str], expected: str, hint: str = "Try a table that has it") -> None:
    for name in names:
        if name not in table:
            raise DataError(complain(f"{table.name}: got no column {name!r:.80}", expected, hint))


def _short(column: Column, row: int) -> str:
    """A cell in a few letters; whole numbers as they are written, for many are years, codes and keys."""
    if column.missing[row]:
        return "–"
    if column.kind == "number":
        return amount(float(column.values[row]))
    cell = " ".join(column.cell(row).split())  # a cell may have several lines
    return cell[: _LONGEST_DATE if column.kind == "date" else _LONGEST_CELL]


def judged_data(trained: Trained, table: Table, odd: Oddities) -> TableData:
    """A table to judge a model on: all its rows are for testing, encoded as the model wants them."""
    code = trained.table_code
    _refuse_without(
        table, code.target.columns, "expected the target, to judge by", "Try glassnet predict, which needs none"
    )
    x, y = code.encode(table, odd), code.target.encode(table)
    plan = Plan(table.name, cast(Task, trained.task), trained.classes, [], TableOptions(code.target.columns))
    none = (x[:0], y[:0])
    return data_of(
        plan, code, [none, none, (x, y)], (*[np.empty(0, np.intp)] * 2, np.arange(len(x))), table.notes, table
    )


def _stem(file: str) -> str:
    """The name of a table without its ending: what a run is called.

    >>> _stem("houses.csv.gz"), _stem("table")
    ('houses', 'table')
    """
    return file.partition(".")[0] or file


def _with_targets(table: Table, options: TableOptions) -> Table:
    """The rows that have a target, if the others are to be left out."""
    if not options.drop_missing:
        return table
    known = np.ones(len(table), bool)
    for name in options.target:
        known &= ~table[name].missing
    if not known.any():
        got = f"{table.name}: got no row with a target"
        raise DataError(complain(got, "expected some", "Try another --target"))
    return table.take(known)


def without_empty_rows(table: Table, options: TableOptions) -> tuple[Table, int]:
    """The rows that have anything in them, and how many have not: spreadsheets write such below their table.

    >>> table = Table.of({"x": [1.0, 2.0, None], "y": ["a", None, None]})
    >>> rest, empty = without_empty_rows(table, TableOptions(("y",)))
    >>> len(rest), empty
    (2, 1)
    """
    some = next((table[name] for name in options.target if name in table), None)
    rows = np.flatnonzero(some.missing) if some is not None else np.empty(0, np.intp)
    for column in table.columns:
        rows = rows[column.take(rows).missing]
    if not len(rows) or len(rows) == len(table):
        return table, 0
    return table.take(np.delete(np.arange(len(table)), rows)), len(rows)


def _classes(table: Table, plan: Plan) -> tuple[str, ...]:
    """The classes in order; those of whole numbers are found in the rows."""
    if plan.task != "classification" or plan.classes:
        return plan.classes
    column = table[plan.options.target[0]]
    return column.take(~column.missing).spelled().words


def _labels(table: Table, plan: Plan) -> np.ndarray | None:
    """The classes of all rows, so that each part gets its share of each."""
    if plan.task != "classification":
        return None
    return plan.target(Summaries()).encode(table)


def _parts(table: Table, plan: Plan, labels: np.ndarray | None) -> list[np.ndarray]:
    """The rows of each part, in the table's order; a handful of rows is all there is to learn from."""
    if len(table) < _HANDFUL:
        plan.warn(f"{len(table)} rows are too few to keep some for testing: all are learnt from")
        return [np.arange(len(table)), np.empty(0, np.intp), np.empty(0, np.intp)]
    groups = None
    if plan.options.group is not None:
        column = table[plan.options.group].spelled()
        alone = len(column.words) + np.arange(len(column))  # a row of no group is a group of its own
        groups = np.where(column.missing, alone, column.values)
    found = split(len(table), plan.options.shares, labels=labels, groups=groups, seed=plan.options.seed)
    return [np.sort(part) for part in found]


def _lost(constant: bool, name: str, plan: Plan) -> bool:
    """Whether a column that changes in the table does not in the rows that are learnt from."""
    if constant:
        plan.note(f"left out {name!r}: it never changes in the rows that are learnt from")
    return constant


# ---- what is looked over --------------------------------------------------------------------------------------------


def _look_over(
    table: Table, plan: Plan, code: TableCode, x: np.ndarray, y: np.ndarray, rows: Sequence[np.ndarray]
) -> int | None:
    """Note what is odd; how many rows are in two parts."""
    look_at_classes(plan, [y[part] for part in rows])
    plan.warn_of_leaks(leaking(table, plan, y), nearly_leaking(code, x, y))
    same = overlapping(x, y, rows)
    if same:
        plan.warn(f"{same:,} row{'s' * (same > 1)} of the validation and test parts also among those to learn from")
    return same


def look_at_classes(plan: Plan, parts: Sequence[np.ndarray]) -> None:
    """Note classes that are too rare for all parts, and classes of very different size."""
    if plan.task != "classification":
        return
    learnt, *others = (np.bincount(labels, minlength=len(plan.classes)) for labels in parts)
    counts = learnt + sum(others)
    rare = [i for i in range(len(counts)) if counts[i] < _RARE or not learnt[i]]
    for i in rare if len(rare) <= _MOST_RARE else ():
        where = "none of them to learn from" if not learnt[i] else "too few for all three parts"
        plan.warn(f"class {plan.classes[i]!r} has {counts[i]} row{'s' if counts[i] != 1 else ''}: {where}")
    if len(rare) > _MOST_RARE:
        named = ", ".join(repr(plan.classes[i]) for i in rare[:3])
        plan.warn(
            f"{len(rare):,} of {len(counts):,} classes, such as {named}, have fewer than {_RARE} rows or none to learn "
            "from: too few to be learnt (--task regression, if they are amounts)"
        )
    if len(counts) > 1 and counts.max() > _UNEQUAL * max(1, counts.min()):
        plan.warn(f"classes differ {counts.max() / max(1, counts.min()):.0f}-fold in size: accuracy alone misleads")


def leaking(table: Table, plan: Plan, y: np.ndarray) -> list[str]:
    """The columns that equal the target, or stand for it one to one."""
    if plan.task == "multilabel":
        return []
    return [name for name in plan.columns if _tells(table[name], y, plan.task, len(plan.classes))]


def _tells(column: Column, y: np.ndarray, task: Task, classes: int) -> bool:
    if column.missing.any():
        return False
    if task == "classification":
        spelled = column.spelled()
        pairs = np.unique(spelled.values.astype(np.int64) * classes + y)
        return len(pairs) == len(np.unique(spelled.values)) == classes
    if not column.numeric or y.shape[1] != 1 or len(y) < 3:
        return False
    a, b = column.values - column.values.mean(), y[:, 0] - y[:, 0].mean(dtype=np.float64)
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return bool(spread) and abs(float((a * b).sum())) / spread > _SAME and len(np.unique(y)) > 2


def nearly_leaking(code: TableCode, x: np.ndarray, y: np.ndarray) -> list[str]:
    """The columns one number of which is enough to tell the target of nearly every row, as a doctor finds them."""
    from glassnet.train.doctor.measure import leaking_features  # a doctor is called once there is a table

    return [code.columns[leak.feature] for leak in leaking_features(x, y)]


def overlapping(x: np.ndarray, y: np.ndarray, rows: Sequence[np.ndarray]) -> int | None:
    """How many validation and test rows also are among the rows that are learnt from, target included.

    None for so many rows that comparing them would take longer than learning them.
    """
    if x.nbytes > _MOST_COMPARED:
        return None
    whole = np.ascontiguousarray(np.column_stack([x, y.reshape(len(y), -1).astype(np.float32)]))
    keys = whole.view(np.dtype((np.void, whole.shape[1] * whole.itemsize))).ravel()
    learnt = set(keys[rows[0]].tolist())
    return sum(key in learnt for part in rows[1:] for key in keys[part].tolist())


def preflight(data: TableData) -> dict[str, Any]:
    """The figures that are looked at before training: sizes of the parts, and the inputs' least, most, mean and spread.

    >>> table = Table.of({"x": range(40), "y": [3.0 * x for x in range(40)]}, "line")
    >>> preflight(table_data(table, TableOptions(("y",))))["rows"]
    {'train': 28, 'validation': 6, 'test': 6}
    """
    x = _some(data.x_train)
    figures = {"min": float(x.min()), "max": float(x.max()), "mean": float(x.mean()), "std": float(x.std())}
    sizes = {"train": len(data.x_train), "validation": len(data.x_valid), "test": len(data.x_test)}
    return {
        "rows": sizes,
        "rows_in_two_parts": data.overlap,
        "inputs": figures,
        "findings": [finding._asdict() for finding in data.findings],
    }


def _some(x: np.ndarray) -> np.ndarray:
    """Evenly spread rows: enough for a mean, and of a table on disk no more than a window of them."""
    if is_mapped(x):
        return gathered(x, np.arange(0, len(x), max(1, len(x) // 100_000, -(-x.nbytes // WINDOW))))
    return x[:: max(1, len(x) // 100_000)]
