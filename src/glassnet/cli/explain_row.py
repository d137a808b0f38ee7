"""A row of a table, to be explained: found in a file or in the test set, with what is done to it before and after."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from glassnet.cli.options import Parsed, UsageError
from glassnet.cli.predict_table import named_file
from glassnet.cli.table import as_in_training, is_table_data, pieces, recorded
from glassnet.errors import DataError, complain
from glassnet.files.os_errors import shown
from glassnet.read.digits import signed
from glassnet.read.document import Document, Step
from glassnet.read.document import Table as DocumentTable
from glassnet.read.formula import Symbol
from glassnet.read.why import Why
from glassnet.train.evaluation import outputs_of
from glassnet.train.trained import Trained

if TYPE_CHECKING:
    from glassnet.data.registry import DataSet
    from glassnet.data.table import Table
    from glassnet.train.table_data import TableData
    from glassnet.train.tabular import TableCode


@dataclass
class Example:
    """One example: its numbers as a model takes them, what it is called, its truth, and the raw row of a table."""

    x: np.ndarray
    name: str
    truth: Any = None
    row: Table | None = None
    notes: list[str] = field(default_factory=list[str])


def row_of_file(trained: Trained, parsed: Parsed) -> Example:
    """The row that `glassnet explain MODEL TABLE --index N` names.

    Raises `UsageError` where it names none, `FileError` and `DataError` for the file.
    """
    from glassnet.train.tabular import Oddities

    path, index = parsed.arguments[1], parsed.values.get("index")
    if trained.prepare.table is None:
        got = f"got the table {shown(path)} for a model of {trained.prepare.features} features"
        hint = f"Try --index 7, or --x {','.join(['0.5'] * min(trained.prepare.features, 8))}"
        raise UsageError(complain(got, "expected a model that was trained on a table", hint))
    if index is None or "x" in parsed.values:
        got = f"got {shown(path)} {'with --x' if 'x' in parsed.values else 'without --index'}"
        raise UsageError(complain(got, "expected the number of a row, from 0", "Try --index 0, its first row"))
    with named_file(path) as file:
        row = _found(file, index, trained, parsed.values)
    odd = Oddities()
    x = trained.table_code.encode(row, odd)[0]
    line = "" if row.lines is None else f" (line {int(row.lines[0])})"
    return Example(x, f"row {index} of {row.name}{line}", _truth(trained, row), row, odd.notes())


def _found(path: str, index: int, trained: Trained, given: dict[str, Any]) -> Table:
    """One row of a file, of which no more is read than up to there."""
    first = 0
    for table in pieces(path, as_in_training(trained, given), trained.table_code.as_words):
        if index < first + len(table):
            return table.take([index - first])
        first += len(table)
    hint = f"Try --index {max(0, first - 1)}"
    raise UsageError(
        complain(f"got --index {index}", f"expected a row of {shown(os.path.basename(path))}, 0 to {first - 1}", hint)
    )


def _truth(trained: Trained, row: Table) -> Any:
    """What the row itself says of the target, as a network learns it; None where it says nothing."""
    target = trained.table_code.target
    if not all(name in row for name in target.columns):
        return None
    try:
        return target.encode(row)[0].tolist()
    except DataError:  # missing, or a class that training did not know
        return None


def tested_row(trained: Trained, data: DataSet, index: int) -> tuple[Table | None, str]:
    """The raw row of a test example of a table, and where it stands there, in brackets.

    None and "" for other data, and where the table is another by now.
    """
    if trained.prepare.table is None or not is_table_data(data):
        return None, ""
    made = cast("TableData", data)
    number = int(made.rows[2][index])
    if made.table is not None:
        row = made.table.take([number])
    else:
        options = trained.about["data"]["options"]
        row = _found(options["table"], number, trained, recorded(options))
    if not np.allclose(trained.table_code.encode(row)[0], data.x_test[index], atol=1e-6):
        return None, ""
    line = "" if row.lines is None else f", line {int(row.lines[0]):,}"
    return row, f" (row {number:,} of {row.name}{line})"


def name_answer(document: Why, trained: Trained) -> None:
    """Call what the score is of by its name in the data, where it has one."""
    klass = document.klass
    if trained.task == "classification" and klass < len(trained.classes):
        name = str(trained.classes[klass])
        document.name(f"class {klass}" if name == str(klass) else f"{name} (class {klass})")
    elif trained.prepare.table is not None:
        document.name(trained.table_code.target.names[klass], "The output for {}")


def _columns_table(answer: Why, trained: Trained, row: Table) -> DocumentTable:
    """What each column added, the most important first; a category adds what all its numbers add."""
    code = trained.table_code
    adds = answer.inputs.reshape(-1)
    sums = [(name, float(adds[places].sum())) for name, places in _places(code).items()]
    sums.sort(key=lambda column: -abs(column[1]))
    values = {name: "missing" if row[name].missing[0] else str(row[name].spelled().cell(0)) for name, _ in sums}
    rows = [(name, values[name], value) for name, value in sums]
    rows += [("biases", "", answer.biases), ("together", "", answer.score)]
    spelled = [(name, value, signed(adds, answer.digits)) for name, value, adds in rows]
    headers = ("column", "is", "adds")
    if code.target.task == "regression":
        mean, spread = code.target.means[answer.klass], code.target.spreads[answer.klass]
        own = [adds * spread + (mean if name in ("biases", "together") else 0.0) for name, _, adds in rows]
        headers = (*headers, f"in {answer.goal}")
        spelled = [(*row, signed(value, answer.digits)) for row, value in zip(spelled, own, strict=True)]
    return DocumentTable("What each column added", headers, spelled)


def _places(code: TableCode) -> dict[str, list[int]]:
    """Which of a network's inputs each column became; the words of embedded ones come last."""
    places: dict[str, list[int]] = {}
    start, last = 0, code.width - len(code.tables)
    for feature in code.features:
        embedded = feature.way == "embedded"
        width = feature.width - embedded
        places[feature.name] = [*range(start, start + width), *([last] if embedded else [])]
        start, last = start + width, last + embedded
    return places


def add_row_steps(document: Document, trained: Trained, example: Example) -> None:
    """Put what is done to the example as it came first, and what makes the answer of the outputs after them."""
    if not document.steps:
        return
    from glassnet.train.row_story import answer_steps, chance_steps, plain_steps, row_steps

    outputs = outputs_of(trained.model, trained.prepare, example.x[None])[0]
    if example.row is not None:
        before = row_steps(trained.table_code, example.row)
    elif trained.prepare.table is None:
        before = plain_steps(trained.prepare, example.x)
    else:  # a row that the table does not have any more
        before = []

    def after(z: Symbol) -> list[Step]:
        if trained.prepare.table is not None:
            return answer_steps(trained.table_code.target, outputs, z)
        return chance_steps(trained.task, trained.classes, outputs, z)

    if isinstance(document, Why):
        if example.row is not None:
            document.tables.insert(0, _columns_table(document, trained, example.row))
        z = Symbol(document.steps[0].symbol.letter, document.steps[0].symbol.layer)
        alone = example.row is not None and trained.task == "regression"  # one score of several tells no probability
        document.steps = before + document.steps + ([after(z)[document.klass]] if alone else [])
        return
    forward = [i for i, step in enumerate(document.steps) if step.part == "forward"]
    last = forward[-1] if forward else len(document.steps) - 1
    told = after(document.steps[last].symbol)
    document.steps = before + document.steps[: last + 1] + told + document.steps[last + 1 :]


def name_of_input(trained: Trained) -> Callable[[int], str] | None:
    """What to call an input by its place: a pixel by row and column, a number of a table by its column.

    None where its place is all that there is to say.
    """
    shape = trained.image_shape
    if shape is not None:
        return lambda place: f"pixel row {place // shape[1] + 1}, column {place % shape[1] + 1}"
    if trained.prepare.table is None:
        return None
    labels = trained.table_code.labels
    return lambda place: labels[place]
