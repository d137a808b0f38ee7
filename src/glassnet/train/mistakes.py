"""The mistakes of a network as a table, the worst first: those of a classifier, or the largest errors of a regression.

Judgements come piece by piece; however many there are, no more than the worst hundred thousand rows are kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.multilabel import Multilabel

_MOST = 100_000
_AT_ONCE = 4096  # rows that are text for a moment

Columns = tuple[np.ndarray, ...]  # how bad each row is, its number, and what is told of it
Told = list[tuple[str, list[Any]]]  # names of columns, with a cell for each row


class Origin(Protocol):
    """Where examples come from: a file that somebody wants to look into."""

    def numbers(self, examples: np.ndarray) -> Told:
        """Where in the file some examples stand."""
        ...

    def cells(self, examples: np.ndarray) -> Told:
        """What stands there."""
        ...


class Mistakes:
    """Keeps the worst rows of judgements, and writes them as CSV; where they come from is said beside them.

    >>> from glassnet.train.evaluation import classification
    >>> mistakes = Mistakes(["no", "yes"])
    >>> mistakes.add(classification(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 0])))
    >>> print(b"".join(mistakes.csv()).decode(), end="")
    example,true,said,confidence,confidence in true
    1,no,yes,0.880797,0.119203
    """

    def __init__(self, classes: Sequence[str] = (), origin: Origin | None = None) -> None:
        self.classes, self.origin = list(classes), origin
        self._kept: Columns = ()
        self._kind: type = Classification

    def add(self, judged: Evaluation, first: int = 0) -> None:
        """Look through a judgement; `first` is the number of its first example."""
        if isinstance(judged, Multilabel):
            self._kind, found = Multilabel, _wrong_labels(judged)
        elif isinstance(judged, Regression):
            self._kind, found = Regression, _errors(judged)
        else:
            self._kind, found = Classification, _wrong_classes(judged)
        found = (found[0], found[1] + first, *found[2:])
        pairs = zip(self._kept or found, found, strict=True)
        columns = tuple(np.concatenate(pair) for pair in pairs) if self._kept else found
        order = np.argsort(-columns[0], kind="stable")[:_MOST]  # of equal ones the first stays the first
        self._kept = tuple(column[order] for column in columns)

    def csv(self) -> Iterator[bytes]:
        """The table in UTF-8, heading first, some thousand rows at a time."""
        heading, tell = {
            Classification: (["true", "said", "confidence", "confidence in true"], self._confusion),
            Multilabel: (["missed", "invented"], self._labels),
            Regression: (["true", "said", "error"], self._error),
        }[self._kind]
        before, after = self._beside(np.empty(0, np.intp))
        yield _text([["example", *(name for name, _ in before), *heading, *(name for name, _ in after)]])
        told = self._kept[1:]
        for start in range(0, len(told[0]) if told else 0, _AT_ONCE):
            examples, *some = (column[start : start + _AT_ONCE] for column in told)
            before, after = ([cells for _, cells in part] for part in self._beside(examples))
            mistakes = zip(*(tell(*row) for row in zip(*some, strict=True)), strict=True)
            yield _text(zip(examples.tolist(), *before, *mistakes, *after, strict=True))

    def _beside(self, examples: np.ndarray) -> tuple[Told, Told]:
        """Where the examples come from, and what is written there."""
        return (self.origin.numbers(examples), self.origin.cells(examples)) if self.origin is not None else ([], [])

    def _confusion(self, label: Any, said: Any, sure: Any, in_true: Any) -> list[Any]:
        return [self._named(label), self._named(said), f"{sure:.6g}", f"{in_true:.6g}"]

    def _labels(self, missed: Any, invented: Any) -> list[Any]:
        return [" + ".join(map(self._named, np.flatnonzero(part).tolist())) for part in (missed, invented)]

    def _error(self, true: Any, said: Any, error: Any) -> list[Any]:
        return [*(" ".join(f"{v:.6g}" for v in values.tolist()) for values in (true, said)), f"{error:.6g}"]

    def _named(self, i: int) -> str:
        return self.classes[i] if i < len(self.classes) else str(i)


def _text(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _wrong_classes(test: Classification) -> Columns:
    wrong = np.flatnonzero(test.said != test.labels)
    said, labels = test.said[wrong], test.labels[wrong]
    sure = test.probabilities[wrong, said]
    return sure, wrong, labels, said, sure, test.probabilities[wrong, labels]


def _wrong_labels(test: Multilabel) -> Columns:
    wrong = ~test.right
    rows = np.flatnonzero(wrong.any(axis=1))
    there = test.targets[rows] > 0.5
    return wrong[rows].sum(axis=1), rows, wrong[rows] & there, wrong[rows] & ~there


def _errors(test: Regression) -> Columns:
    errors = np.abs(test.predictions - test.targets).max(axis=1)
    return errors, np.arange(len(errors)), test.targets, test.predictions, errors
