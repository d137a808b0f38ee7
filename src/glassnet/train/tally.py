"""Judgements of pieces put together: what one judgement of all rows would say, in the memory of one piece.

Of the rows themselves only the worst are kept, with what is said of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.errors import DataError, complain
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.multilabel import Multilabel

_KEPT = 3  # rows of which more is known than that they were counted

Say = Callable[[int], str]


class Tally:
    """Takes judgements of the same network on one piece after another; `said` are the worst rows in words.

    >>> from glassnet.train.evaluation import classification
    >>> tally = Tally()
    >>> for first in (0, 2):
    ...     scores = np.array([[2.0, 0.0], [0.0, 2.0]])
    ...     tally.add(classification(scores, np.array([0, 0])), lambda i: f"row {first + i + 1}")
    >>> tally.evaluation.accuracy, tally.evaluation.n, tally.said
    (0.5, 4, ['row 2', 'row 4'])
    """

    def __init__(self) -> None:
        self._parts: Any = None
        self._weighted = _Weighted()

    def add(self, judged: Evaluation, say: Say, weights: np.ndarray | None = None) -> None:
        """Count a piece in; `say(i)` tells its row i in words, `weights` are how much its rows count in `weighted`."""
        if self._parts is None:
            self._parts = _KINDS[type(judged)]()
        self._parts.add(judged, say)
        if weights is not None:
            self._weighted.add(judged, weights)

    @property
    def weighted(self) -> dict[str, float]:
        """What `evaluation.weighted` would say of all rows, each counting by its weight."""
        return self._weighted.figures()

    @property
    def evaluation(self) -> Evaluation:
        """The judgement on all rows; per example it only has the worst.

        Raises `DataError` when nothing was added.
        """
        if self._parts is None:
            raise DataError(complain("got no rows to judge by", "expected one at least", "Try another table"))
        return self._parts.evaluation()

    @property
    def said(self) -> list[str]:
        """The rows of `evaluation` in words."""
        return [] if self._parts is None else [row.said for row in self._parts.worst]


@dataclass
class _Row:
    """A row that went wrong: by how much, in words, and what the judgement has of it."""

    wrong: float
    said: str
    values: tuple[Any, ...]


def _worst(rows: list[_Row]) -> list[_Row]:
    return sorted(rows, key=lambda row: -row.wrong)[:_KEPT]  # of equal ones the first stays the first


@dataclass
class _Classes:
    loss: float = 0.0
    confusion: Any = 0
    worst: list[_Row] = field(default_factory=list)

    def add(self, judged: Classification, say: Say) -> None:
        self.loss += judged.loss * judged.n if judged.n else 0.0
        self.confusion = self.confusion + judged.confusion
        new = [
            _Row(float(p[said]), say(i), (p, said, judged.labels[i]))
            for i in judged.worst(_KEPT)
            for p, said in [(judged.probabilities[i], int(judged.said[i]))]
        ]
        self.worst = _worst(self.worst + new)

    def evaluation(self) -> Classification:
        n = int(self.confusion.sum())
        probabilities = np.array([row.values[0] for row in self.worst]).reshape(-1, len(self.confusion))
        said, labels = (np.array([row.values[k] for row in self.worst], np.intp) for k in (1, 2))
        return Classification(self.loss / n if n else math.nan, self.confusion, probabilities, said, labels)


@dataclass
class _Spread:
    """Of rows of targets the mean, and the squares of the distances from it, output by output."""

    total: float = 0.0  # rows, or what they weigh
    mean: Any = 0.0
    about: Any = 0.0

    def add(self, targets: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Means and squares of two parts give those of the whole (Chan, Golub and LeVeque, 1979)."""
        rows = targets.astype(np.float64)
        weights = np.ones(len(rows)) if weights is None else weights.astype(np.float64)
        count = float(weights.sum())
        if not count:
            return
        mean = weights @ rows / count
        shift, total = mean - self.mean, self.total + count
        self.about = self.about + weights @ (rows - mean) ** 2 + shift**2 * (self.total * count / total)
        self.mean, self.total = self.mean + shift * (count / total), total


@dataclass
class _Weighted:
    """Sums of the figures of rows that count differently."""

    sums: dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    spread: _Spread = field(default_factory=_Spread)
    scale: Any = 1.0

    def add(self, judged: Evaluation, weights: np.ndarray) -> None:
        total = float(weights.sum(dtype=np.float64))
        self.total += total
        for name, mean in judged.weighted(weights).items():
            value = mean**2 if name == "rmse" else mean
            self.sums[name] = self.sums.get(name, 0.0) + (total * value if total else 0.0)
        if isinstance(judged, Regression):
            self.spread.add(judged.targets, weights)
            self.scale = judged.scale

    def figures(self) -> dict[str, float]:
        means = {name: value / self.total if self.total else math.nan for name, value in self.sums.items()}
        if "rmse" in means:
            spread = float(np.mean(self.spread.about / np.square(self.scale))) / self.total if self.total else 0.0
            r2 = 1 - means["loss"] / spread if spread else math.nan
            means |= {"rmse": math.sqrt(means["rmse"]), "r2": r2}
        return means


@dataclass
class _Heights:
    """Sums of a regression's errors, and how its targets are spread."""

    n: int = 0
    squares: float = 0.0  # of the errors, in the target's own units
    scaled: float = 0.0  # of the errors, as they were learnt
    sizes: float = 0.0  # of the errors, in the target's own units
    spread: _Spread = field(default_factory=_Spread)
    scale: Any = 1.0
    outputs: int = 1
    worst: list[_Row] = field(default_factory=list)

    def add(self, judged: Regression, say: Say) -> None:
        errors, count = judged.predictions - judged.targets, judged.n
        if not count:
            return
        self.scale, self.outputs = judged.scale, errors.shape[1]
        self.squares += float(np.sum(errors**2, dtype=np.float64))
        self.scaled += float(np.sum((errors / judged.scale) ** 2, dtype=np.float64))
        self.sizes += float(np.sum(np.abs(errors), dtype=np.float64))
        self.n += count
        self.spread.add(judged.targets)
        size = np.abs(errors).max(axis=1)
        new = [
            _Row(float(size[i]), say(i), (judged.predictions[i], judged.targets[i]))
            for i in np.argsort(-size, kind="stable")[:_KEPT].tolist()
        ]
        self.worst = _worst(self.worst + new)

    @property
    def r2(self) -> float:
        """The share of the targets' variance that is explained."""
        spread = float(np.sum(self.spread.about / np.square(self.scale)))
        return 1 - self.scaled / spread if spread else math.nan

    def evaluation(self) -> Regression:
        predictions, targets = (np.array([row.values[k] for row in self.worst]) for k in (0, 1))
        return _ManyHeights(predictions, targets, self.scale, self)


@dataclass(frozen=True, eq=False)
class _ManyHeights(Regression):
    """Its figures are those of all rows, though it has only the worst."""

    sums: _Heights = field(default_factory=_Heights, repr=False)

    @property
    def n(self) -> int:
        return self.sums.n

    @property
    def loss(self) -> float:
        return self.sums.scaled / (self.n * self.sums.outputs) if self.n else math.nan

    @property
    def rmse(self) -> float:
        return math.sqrt(self.sums.squares / (self.n * self.sums.outputs)) if self.n else math.nan

    @property
    def mae(self) -> float:
        return self.sums.sizes / (self.n * self.sums.outputs) if self.n else math.nan

    @property
    def r2(self) -> float:
        return self.sums.r2


@dataclass
class _Labels:
    """Counts of each label: how often it is there, was said, and both."""

    n: int = 0
    loss: float = 0.0
    exact: int = 0
    right: Any = 0
    there: Any = 0
    said: Any = 0
    hits: Any = 0
    worst: list[_Row] = field(default_factory=list)

    def add(self, judged: Multilabel, say: Say) -> None:
        if not judged.n:
            return
        self.n += judged.n
        self.loss += judged.loss * judged.n
        self.exact += int(judged.right.all(axis=1).sum())
        for name, counts in zip(("right", "there", "said", "hits"), judged.counts, strict=True):
            setattr(self, name, getattr(self, name) + counts)
        wrong = (~judged.right).sum(axis=1)
        new = [_Row(float(wrong[i]), say(i), (judged.scores[i], judged.targets[i])) for i in judged.worst(_KEPT)]
        self.worst = _worst(self.worst + new)

    def evaluation(self) -> Multilabel:
        scores, targets = (np.array([row.values[k] for row in self.worst]) for k in (0, 1))
        shape = (len(self.worst), np.size(self.there))
        return _ManyLabels(scores.reshape(shape), targets.reshape(shape), self)


@dataclass(frozen=True, eq=False)
class _ManyLabels(Multilabel):
    """Its figures are those of all rows, though it has only the worst."""

    sums: _Labels = field(default_factory=_Labels, repr=False)

    @property
    def n(self) -> int:
        return self.sums.n

    @property
    def loss(self) -> float:
        return self.sums.loss / self.n if self.n else math.nan

    @property
    def exact(self) -> float:
        return self.sums.exact / self.n if self.n else math.nan

    @property
    def counts(self) -> tuple[np.ndarray, ...]:
        return self.sums.right, self.sums.there, self.sums.said, self.sums.hits


_KINDS = {Classification: _Classes, Regression: _Heights, Multilabel: _Labels}
