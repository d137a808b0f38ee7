"""How good a network is on examples it has not learnt from, and where it goes wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.data.mapped import let_go, rows_of
from glassnet.errors import ValueRangeError, complain
from glassnet.train.multilabel import Multilabel, mean_of
from glassnet.train.preparation import Preparation

_ROWS = 1000  # at a time: enough to keep the processor busy, few enough to stay in its cache


@dataclass(frozen=True, eq=False)
class Classification:
    """What became of a classifier's examples.

    `confusion[i, j]` counts the examples of class i that were taken for class j; `probabilities` is `(n, classes)`;
    `said` and `labels` are the classes `(n,)` that the network named and those that are true. Where the examples were
    too many to be kept (`tally.Tally`), these three are of the worst alone.
    """

    loss: float
    confusion: np.ndarray
    probabilities: np.ndarray = field(repr=False)
    said: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)

    @property
    def n(self) -> int:
        """How many examples there were."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share that was right."""
        return float(np.trace(self.confusion)) / self.n if self.n else math.nan

    @property
    def per_class(self) -> list[float | None]:
        """The share of each class that was right; None for a class without examples."""
        totals = self.confusion.sum(axis=1).tolist()
        return [
            right / total if total else None
            for right, total in zip(np.diag(self.confusion).tolist(), totals, strict=True)
        ]

    def worst(self, count: int) -> list[int]:
        """The places of the mistakes that were made with the most certainty, worst first."""
        wrong = np.flatnonzero(self.said != self.labels)
        order = np.argsort(-self.probabilities[wrong, self.said[wrong]], kind="stable")
        return wrong[order[:count]].tolist()

    def weighted(self, weights: np.ndarray) -> dict[str, float]:
        """Loss and accuracy, each example counting by its weight."""
        chosen = self.probabilities[np.arange(len(self.labels)), self.labels]
        losses, right = -np.log(np.maximum(chosen, 1e-300)), self.said == self.labels
        return {"loss": mean_of(losses, weights), "accuracy": mean_of(right, weights)}

    def as_dict(self, prefix: str = "test_") -> dict[str, Any]:
        """The figures for `result.json`."""
        return {
            f"{prefix}accuracy": self.accuracy,
            f"{prefix}loss": self.loss,
            f"{prefix}mistakes": int(self.n - np.trace(self.confusion)),
            "per_class_accuracy": self.per_class,
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Regression:
    """How far predictions `(n, outputs)` are from targets: the mean squared error and what is made of it.

    Where targets were learnt in standard deviations, `scale` has these, and the loss is what the network saw; all else
    is in the target's own units.
    """

    predictions: np.ndarray = field(repr=False)
    targets: np.ndarray = field(repr=False)
    scale: np.ndarray | float = field(repr=False, default=1.0)

    @property
    def n(self) -> int:
        """How many examples there were."""
        return len(self.targets)

    @property
    def loss(self) -> float:
        """The mean of the squared errors, in the units that were learnt."""
        errors = (self.predictions - self.targets) / self.scale
        return float(np.mean(errors**2, dtype=np.float64)) if self.n else math.nan

    @property
    def rmse(self) -> float:
        """The root of it: a typical error, in the units of the target."""
        errors = self.predictions - self.targets
        return math.sqrt(np.mean(errors**2, dtype=np.float64)) if self.n else math.nan

    @property
    def mae(self) -> float:
        """The mean of the errors' sizes, in the units of the target; a few large ones raise it less than the RMSE."""
        return float(np.mean(np.abs(self.predictions - self.targets), dtype=np.float64)) if self.n else math.nan

    @property
    def r2(self) -> float:
        """The share of the targets' variance that the predictions explain: 1 is perfect, 0 no better than the mean."""
        distances = (self.targets - self.targets.mean(axis=0)) / self.scale if self.n else np.zeros(1)
        spread = float(np.mean(distances**2, dtype=np.float64))
        return 1 - self.loss / spread if spread else math.nan

    def weighted(self, weights: np.ndarray) -> dict[str, float]:
        """Loss, RMSE, MAE and R², each example counting by its weight."""
        errors = self.predictions - self.targets
        loss = mean_of(np.mean((errors / self.scale) ** 2, axis=1, dtype=np.float64), weights)
        middle = np.array([mean_of(column, weights) for column in self.targets.T])
        spread = mean_of(np.mean(((self.targets - middle) / self.scale) ** 2, axis=1, dtype=np.float64), weights)
        rmse = math.sqrt(mean_of(np.mean(errors**2, axis=1, dtype=np.float64), weights))
        mae = mean_of(np.mean(np.abs(errors), axis=1, dtype=np.float64), weights)
        return {"loss": loss, "rmse": rmse, "mae": mae, "r2": 1 - loss / spread if spread else math.nan}

    def as_dict(self, prefix: str = "test_") -> dict[str, Any]:
        """The figures for `result.json`."""
        return {f"{prefix}{name}": value for name, value in figures_of(self).items()}


Evaluation = Classification | Multilabel | Regression


def outputs_of(model: nn.Module, prepare: Preparation, x: np.ndarray, first: int = 0) -> np.ndarray:
    """What the network says to raw examples, `(n, outputs)`, in evaluation mode; `first` is the number of the first.

    Raises `ValueRangeError` when a number is not finite: the largest of a row with NaN would be taken for an answer.
    """
    training, parts = model.training, []
    model.eval()
    buffer = np.empty((min(_ROWS, len(x)), prepare.features), np.float32)
    window = _ROWS * max(1, rows_of(x) // _ROWS)
    with no_grad():
        for start in range(0, max(len(x), 1), _ROWS):
            rows = x[start : start + _ROWS]
            parts.append(model(wrap(prepare.into(rows, buffer[: len(rows)]))).array)
            if (start + _ROWS) % window == 0:
                let_go(x)
    let_go(x)
    model.train(training)
    outputs = np.concatenate(parts)
    if not np.isfinite(outputs).all():
        row = int(np.argwhere(~np.isfinite(outputs))[0][0])
        expected = "expected finite numbers"
        raise ValueRangeError(
            complain(f"got {outputs[row]} for example {first + row}", expected, "Try a smaller learning rate")
        )
    return outputs


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities from scores, row by row.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def classification(scores: np.ndarray, labels: np.ndarray) -> Classification:
    """Judge scores `(n, classes)` against labels `(n,)`.

    >>> judged = classification(np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), np.array([0, 1, 1]))
    >>> judged.accuracy, judged.confusion
    (0.6666666666666666, array([[1, 0],
           [1, 1]]))
    """
    classes, n = scores.shape[1], len(labels)
    said = scores.argmax(axis=1)  # of the scores: probabilities of almost equal scores are equal
    counts = np.bincount(labels * classes + said, minlength=classes * classes)
    probabilities = softmax(scores.astype(np.float64))
    chosen = probabilities[np.arange(n), labels]
    loss = float(-np.log(np.maximum(chosen, 1e-300)).mean()) if n else math.nan
    return Classification(loss, counts.reshape(classes, classes), probabilities, said, labels)


def figures_of(judgement: Evaluation, weights: np.ndarray | None = None) -> dict[str, float]:
    """The numbers of a judgement that an epoch is compared by, examples counting by their weights if there are any."""
    if weights is not None:
        return judgement.weighted(weights)
    if isinstance(judgement, Classification):
        return {"loss": judgement.loss, "accuracy": judgement.accuracy}
    names = ("loss", "accuracy", "exact", "rmse", "mae", "r2")
    return {name: getattr(judgement, name) for name in names if hasattr(judgement, name)}


def evaluate(model: nn.Module, prepare: Preparation, x: np.ndarray, y: np.ndarray, first: int = 0) -> Evaluation:
    """Judge a network on raw examples; whole-number targets `(n,)` are labels, others are heights to be met.

    `first` is the number of the first of them, for messages.
    """
    outputs = outputs_of(model, prepare, x, first)
    if y.ndim == 1:
        return classification(outputs, y)
    if prepare.table is not None and prepare.table.target.task == "multilabel":
        return Multilabel(outputs, y)
    scale = np.array(prepare.table.target.spreads) if prepare.table is not None else 1.0
    return Regression(prepare.restored(outputs), prepare.restored(y), scale)
