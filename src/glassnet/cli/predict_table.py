"""`glassnet predict MODEL new.csv`: a row of answers for each row of a table, in its order, a piece at a time."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet.cli.options import Parsed, UsageError
from glassnet.cli.table import as_in_training, named_columns, pieces
from glassnet.data.table import Table
from glassnet.errors import complain
from glassnet.files import strict_json
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import shown
from glassnet.train.tabular import Oddities
from glassnet.train.trained import Trained

STANDARD_INPUT = "-"


def predict_table(trained: Trained, paths: Sequence[str], parsed: Parsed) -> int:
    """Answer every row of a table, as CSV or JSON; what was odd about the rows goes to standard error."""
    if len(paths) > 1 or len(parsed.arguments) > 2:
        got = f"got {' and '.join(shown(word) for word in parsed.arguments[1:])}"
        raise UsageError(complain(got, "expected one table", f"Try {shown(paths[0])} alone"))
    path, output = paths[0], parsed.values.get("output")
    if output is not None and os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
        raise UsageError(
            complain(
                f"got --output {shown(output)}, the table itself", "expected another file", "Try --output answers.csv"
            )
        )
    with named_file(path) as file:
        _answer(Answers(trained, file, parsed.values), parsed, output)
    return 0


@contextmanager
def named_file(path: str) -> Iterator[str]:
    """The path itself; for - a file that holds what comes by standard input."""
    if path != STANDARD_INPUT:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="glassnet-") as folder:
        file = os.path.join(folder, "standard input")  # which is what messages call it
        with open(file, "wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield file


def _answer(answers: Answers, parsed: Parsed, output: str | None) -> None:
    if parsed.flag("json"):
        _write(answers.json(), output)
    else:
        _write(answers.csv(), output)
    for note in answers.notes():
        print(f"glassnet: {note}", file=sys.stderr)
    if output is not None:
        print(f"glassnet: {answers.rows:,} rows answered in {shown(output)}", file=sys.stderr)


class Part:
    """The answers to one piece of a table."""

    def __init__(self, trained: Trained, kept: list[tuple[str, list[str]]], answers: np.ndarray, first: int) -> None:
        self.trained, self.kept, self.answers, self.first = trained, kept, answers, first

    def columns(self) -> list[tuple[str, list[Any]]]:
        """Names and values: the columns kept, the prediction, and how likely each class is."""
        target, answers = self.trained.table_code.target, self.answers
        listed: list[tuple[str, list[Any]]] = list(self.kept)
        if target.task == "regression":
            names = ["prediction"] if len(target.names) == 1 else [f"prediction {name}" for name in target.names]
            return listed + [(name, _figures(answers[:, j])) for j, name in enumerate(names)]
        if target.task == "classification":
            said = np.array(self.trained.classes, object)[answers.argmax(axis=1)].tolist()
            listed.append(("prediction", said))
        else:
            listed += [
                (f"prediction {n}", (answers[:, j] > 0.5).astype(int).tolist()) for j, n in enumerate(target.names)
            ]
        return listed + [(f"probability {n}", _figures(answers[:, j])) for j, n in enumerate(self.trained.classes)]

    def listed(self) -> Iterator[dict[str, Any]]:
        """Each row as a dict, numbered from 1; what was kept and the names of classes stay as they are written."""
        columns, words = self.columns(), len(self.kept) + (self.trained.task == "classification")
        for i in range(len(self.answers)):
            row: dict[str, Any] = {"row": self.first + i + 1}
            row |= {name: values[i] for name, values in columns[:words]}
            yield row | {name: _plain(values[i]) for name, values in columns[words:]}


class Answers:
    """The answers to all rows of a table, read and answered in pieces."""

    def __init__(self, trained: Trained, path: str, given: dict[str, Any]) -> None:
        self.trained, self.path, self.given = trained, path, as_in_training(trained, given)
        self.odd = Oddities()
        self.rows = 0
        self._ignored: list[str] = []
        self._notes: dict[str, None] = {}

    def __iter__(self) -> Iterator[Part]:
        for table in pieces(self.path, self.given, self.trained.table_code.as_words):
            if not self.rows:
                self._look(table)
            self._notes.update(dict.fromkeys(table.notes))
            kept = [(name, _cells(table, name)) for name in named_columns("keep", self.given.get("keep", ""), table)]
            yield Part(self.trained, kept, self.trained.predict_table(table, self.odd), self.rows)
            self.rows += len(table)

    def csv(self) -> Iterator[bytes]:
        """The answers as CSV in UTF-8, a piece at a time."""
        for part in self:
            columns = part.columns()
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            if not part.first:
                writer.writerow([name for name, _ in columns])
            writer.writerows(zip(*(values for _, values in columns), strict=True))
            yield text.getvalue().encode()

    def json(self) -> Iterator[bytes]:
        """The same as a JSON list, a piece at a time."""
        between = "["
        for part in self:
            listed = strict_json.dumps(list(part.listed()), sort_keys=False).strip()
            yield (between + listed.removeprefix("[").removesuffix("]").rstrip()).encode()
            between = ","
        yield b"\n]\n"

    def notes(self) -> list[str]:
        """What the user should know about the rows."""
        listed = ", ".join(repr(name) for name in self._ignored[:6]) + (", …" if len(self._ignored) > 6 else "")
        ignored = f"column{'s' * (len(self._ignored) > 1)} {listed} not used: the model was trained without"
        return [*self._notes, *([ignored] if self._ignored else []), *self.odd.notes()]

    def _look(self, table: Table) -> None:
        code = self.trained.table_code
        kept = named_columns("keep", self.given.get("keep", ""), table)
        used = {*(feature.name for feature in code.features), *code.target.columns, *kept}
        self._ignored = [name for name in table.names if name not in used]


def _cells(table: Table, name: str) -> list[str]:
    column = next((copy for copy in table.copies if copy.name == name), table[name])
    column = column.spelled()
    return np.array([*column.words, ""], object)[column.values].tolist()  # -1, a gap, is the last


def _figures(values: np.ndarray) -> list[str]:
    """Six digits, and all that stand before the point."""
    return [f"{value:.0f}" if 1e6 <= abs(value) < 1e15 else f"{value:.6g}" for value in values.tolist()]


def _plain(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) and value and value.lstrip("+-")[:1].isdigit() else value
    except ValueError:
        return value


def _write(data: Iterator[bytes] | list[bytes], output: str | None) -> None:
    """Into a file in one stroke, else to standard output piece by piece."""
    if output is not None:
        write_atomic(output, data)
        return
    for piece in data:
        sys.stdout.write(piece.decode())
    sys.stdout.flush()
