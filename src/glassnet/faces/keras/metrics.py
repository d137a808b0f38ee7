"""What is reported beside the loss, by Keras's names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, complain
from glassnet.faces.keras import losses
from glassnet.faces.keras.lookup import made_by
from glassnet.faces.keras.metric import Counts, Mean, MeanMetric, Metric, chosen_at, fitted
from glassnet.faces.keras.metrics_confusion import (
    AUC,
    F1Score,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from glassnet.nn import functional as F

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "F1Score",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanOfLoss",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "Poisson",
    "Precision",
    "R2Score",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
]

# ---- shares that are right ----------------------------------------------------------------------------------------


class Accuracy(MeanMetric):
    """The share of outputs equal to their targets."""

    name = "accuracy"
    reads_scores = False

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """1 where they are equal."""
        return ops.eq(z, fitted(y, z)).float()


class BinaryAccuracy(MeanMetric):
    """The share of outputs on the right side of a threshold."""

    name = "binary_accuracy"

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """1 where they are on the right side."""
        return ops.eq(chosen_at(z, scores, self.threshold), fitted(y, z)).float()


class CategoricalAccuracy(MeanMetric):
    """The share of examples whose largest output is where their one-hot target is largest."""

    name = "categorical_accuracy"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """1 where they are right."""
        return ops.eq(z.argmax(-1), y.argmax(-1)).float()


class SparseCategoricalAccuracy(MeanMetric):
    """The share of examples whose largest output is that of their class."""

    name = "sparse_categorical_accuracy"
    labels = True

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """1 where they are right."""
        guess = z.argmax(-1)
        return ops.eq(guess, y.reshape(guess.shape)).float()


class TopKCategoricalAccuracy(MeanMetric):
    """The share of examples whose class is among the k largest outputs."""

    name = "top_k_categorical_accuracy"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name)
        self.k = k

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """1 where fewer than k outputs are above that of the class."""
        mine = (z * self.chosen(y, z)).sum(-1, keepdim=True)
        return ops.lt(ops.gt(z, mine).float().sum(-1), float(self.k)).float()

    def chosen(self, y: Tensor, z: Tensor) -> Tensor:
        """The classes as one-hot rows."""
        return y


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """The same for class numbers."""

    name = "sparse_top_k_categorical_accuracy"
    labels = True

    def chosen(self, y: Tensor, z: Tensor) -> Tensor:
        """The classes as one-hot rows."""
        return F.one_hot(y.reshape(-1), z.shape[-1]).float()


# ---- losses and distances --------------------------------------------------------------------------------------------


class MeanOfLoss(MeanMetric):
    """The mean of a loss, reported under its name."""

    reads_scores = False

    def __init__(self, loss: losses.Loss, name: str | None = None) -> None:
        super().__init__(name or loss.name)
        self.loss, self.labels = loss, loss.labels

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """The loss of every example."""
        return self.loss.each(self.loss.target(y, z), z, self.loss.from_logits)


def _of(loss: type[losses.Loss], shown: str) -> type[MeanOfLoss]:
    def start(self: Any, name: str | None = None, dtype: Any = None, **options: Any) -> None:
        MeanOfLoss.__init__(self, loss(**options), name or shown)

    body = {"__init__": start, "__doc__": f"The mean of `losses.{loss.__name__}`.", "__module__": __name__}
    return type(loss.__name__, (MeanOfLoss,), body)


MeanSquaredError = _of(losses.MeanSquaredError, "mean_squared_error")
MeanAbsoluteError = _of(losses.MeanAbsoluteError, "mean_absolute_error")
MeanAbsolutePercentageError = _of(losses.MeanAbsolutePercentageError, "mean_absolute_percentage_error")
MeanSquaredLogarithmicError = _of(losses.MeanSquaredLogarithmicError, "mean_squared_logarithmic_error")
LogCoshError = _of(losses.LogCosh, "logcosh")
Hinge = _of(losses.Hinge, "hinge")
SquaredHinge = _of(losses.SquaredHinge, "squared_hinge")
CategoricalHinge = _of(losses.CategoricalHinge, "categorical_hinge")
Poisson = _of(losses.Poisson, "poisson")
KLDivergence = _of(losses.KLDivergence, "kl_divergence")
BinaryCrossentropy = _of(losses.BinaryCrossentropy, "binary_crossentropy")
CategoricalCrossentropy = _of(losses.CategoricalCrossentropy, "categorical_crossentropy")
SparseCategoricalCrossentropy = _of(losses.SparseCategoricalCrossentropy, "sparse_categorical_crossentropy")


class CosineSimilarity(MeanMetric):
    """The mean cosine of the angle between target and output."""

    name, reads_scores = "cosine_similarity", False

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Cosines."""
        return (losses.unit(fitted(y, z)) * losses.unit(z)).sum(-1)


class RootMeanSquaredError(MeanMetric):
    """The root of the mean squared error."""

    name, reads_scores = "root_mean_squared_error", False

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Squared errors."""
        return ops.square(fitted(y, z) - z)

    def value(self, *totals: Any) -> float:
        """The root of the mean."""
        return math.sqrt(super().value(*totals))


class R2Score(Metric):
    """1 - the squared error over that of the mean of the targets, averaged over the outputs."""

    name, sums, reads_scores = "r2_score", 4, False

    def batch(self, y: Tensor, z: Tensor, scores: bool, weights: Tensor | None = None) -> Counts:
        """Sums of y, of y² and of the squared error by output, and of the weights."""
        y = fitted(y, z)
        w = y * 0.0 + 1.0 if weights is None else (y * 0.0 + 1.0) * weights.reshape(-1, *(1,) * (z.ndim - 1))
        return (y * w).sum(0), (ops.square(y) * w).sum(0), (ops.square(y - z) * w).sum(0), w.sum(0)

    def value(self, *totals: Any) -> float:
        """R²."""
        total, squares, errors, n = (np.asarray(t, np.float64) for t in totals)
        spread = squares - total * total / n
        return float(np.mean(np.where(spread > 0, 1 - errors / np.where(spread > 0, spread, 1), 0.0)))


KINDS: tuple[Any, ...] = (
    *(BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy),
    *(TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy, Precision, Recall, AUC, F1Score, R2Score),
    *(TruePositives, FalsePositives, TrueNegatives, FalseNegatives, RootMeanSquaredError, CosineSimilarity),
)
NAMES: dict[str, Callable[..., Metric]] = {**{k.name: k for k in KINDS}, "rmse": RootMeanSquaredError, "AUC": AUC}
ACCURACY = ("accuracy", "acc", "Accuracy")


def get(identifier: Any, loss: losses.Loss, outputs: int) -> Metric:
    """The metric that a name stands for; "accuracy" depends on the loss and on the number of outputs."""
    if isinstance(identifier, str) and identifier in ACCURACY:
        return _accuracy(loss, outputs)(identifier)
    if isinstance(identifier, str) and identifier in losses.NAMES:
        return MeanOfLoss(losses.get(identifier), identifier)
    known: dict[str, Any] = {**NAMES, **dict.fromkeys(ACCURACY[:2])}
    made = made_by("metric", identifier, known)
    if isinstance(made, Metric):
        return made
    if callable(made):
        return MeanOfLoss(losses.get(made))
    got = f"compile: got metric {identifier!r}"
    raise DataError(complain(got, "expected a name, a metric or a function", "Try metrics=['accuracy']"))


def _accuracy(loss: losses.Loss, outputs: int) -> Callable[[str], Metric]:
    if loss.labels:
        return SparseCategoricalAccuracy
    return CategoricalAccuracy if outputs > 1 else BinaryAccuracy
