"""How good a network is that answers several questions of yes or no about each example."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Multilabel:
    """What became of examples with several labels each: `scores` and `targets` are `(n, labels)`, targets 0 or 1.

    >>> judged = Multilabel(np.array([[2.0, -1.0], [0.5, 3.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> judged.accuracy, judged.exact, judged.f1
    (0.75, 0.5, [0.6666666666666666, 1.0])
    """

    scores: np.ndarray = field(repr=False)
    targets: np.ndarray = field(repr=False)

    @property
    def n(self) -> int:
        """How many examples there were."""
        return len(self.targets)

    @property
    def probabilities(self) -> np.ndarray:
        """How likely each label is, `(n, labels)`."""
        return sigmoid(self.scores)

    @property
    def loss(self) -> float:
        """The binary cross-entropy, averaged over examples and labels."""
        return float(np.mean(self._losses)) if self.n else math.nan

    @property
    def _losses(self) -> np.ndarray:
        """That of every answer, `(n, labels)`."""
        s = self.scores.astype(np.float64)
        return np.maximum(s, 0) - s * self.targets + np.log1p(np.exp(-np.abs(s)))

    def weighted(self, weights: np.ndarray) -> dict[str, float]:
        """Loss, accuracy and the share of examples that are right in all, each example counting by its weight."""
        each = {"loss": self._losses.mean(axis=1), "accuracy": self.right.mean(axis=1), "exact": self.right.all(axis=1)}
        return {name: mean_of(values, weights) for name, values in each.items()}

    @property
    def right(self) -> np.ndarray:
        """Which answers were right, `(n, labels)` of bool."""
        return (self.scores > 0) == (self.targets > 0.5)

    def worst(self, count: int) -> list[int]:
        """The places of the examples with the most wrong answers, worst first."""
        wrong = (~self.right).sum(axis=1)
        order = np.argsort(-wrong, kind="stable")[:count]
        return order[wrong[order] > 0].tolist()

    @property
    def counts(self) -> tuple[np.ndarray, ...]:
        """For each label how many examples were answered right, have it, were given it, and both; each `(labels,)`."""
        there, said = self.targets > 0.5, self.scores > 0
        return tuple(truth.sum(axis=0) for truth in (self.right, there, said, there & said))

    @property
    def accuracy(self) -> float:
        """The share of all answers that were right."""
        right = self.counts[0]
        return float(right.sum()) / (self.n * len(right)) if self.n else math.nan

    @property
    def exact(self) -> float:
        """The share of the examples of which every answer was right."""
        return float(self.right.all(axis=1).mean()) if self.n else math.nan

    @property
    def there(self) -> list[float | None]:
        """For each label: the share of the examples that have it."""
        return _shares(self.counts[1], np.full_like(self.counts[1], self.n))

    @property
    def precision(self) -> list[float | None]:
        """For each label: of those it was given to, the share that has it."""
        _, _, said, hits = self.counts
        return _shares(hits, said)

    @property
    def recall(self) -> list[float | None]:
        """For each label: of those that have it, the share it was given to."""
        _, there, _, hits = self.counts
        return _shares(hits, there)

    @property
    def f1(self) -> list[float | None]:
        """For each label: the harmonic mean of precision and recall."""
        _, there, said, hits = self.counts
        return _shares(2 * hits, said + there)

    def as_dict(self, prefix: str = "test_") -> dict[str, Any]:
        """The figures for `result.json`."""
        plain = {f"{prefix}loss": self.loss, f"{prefix}accuracy": self.accuracy, f"{prefix}exact": self.exact}
        return {**plain, "precision": self.precision, "recall": self.recall, "f1": self.f1}


def mean_of(values: Any, weights: np.ndarray) -> float:
    """The mean of some numbers, each counting by its weight; NaN where all weights are 0."""
    total = float(weights.sum(dtype=np.float64))
    return float(np.asarray(values, np.float64) @ weights) / total if total else math.nan


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Probabilities from scores, each for itself.

    >>> sigmoid(np.array([0.0, 800.0, -800.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    s = scores.astype(np.float64)
    small = np.exp(-np.abs(s))
    return np.where(s >= 0, 1 / (1 + small), small / (1 + small))


def _shares(parts: np.ndarray, wholes: np.ndarray) -> list[float | None]:
    return [p / w if w else None for p, w in zip(parts.tolist(), wholes.tolist(), strict=True)]
