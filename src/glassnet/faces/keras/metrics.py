"""What is reported beside the loss, by Keras's names: fractions of totals over all the examples of a pass.

Each metric gives a total and a count per batch; over a pass both are added up, and the value is their ratio.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from glassnet.core import ops
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, complain
from glassnet.faces.keras import losses
from glassnet.faces.keras.lookup import found

Counts = tuple[Tensor, Tensor | int]


class Metric:
    """A ratio of sums over the examples."""

    name = "metric"
    reads_scores = True  # whether the scores before a softmax or a sigmoid serve as well as the outputs

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).name

    def batch(self, y: Tensor, z: Tensor, scores: bool) -> Counts:
        """(total, count) of a batch; `scores` tells that z has not been through the last activation."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method batch(y, z, scores). Try writing one.")

    def value(self, total: float, count: float) -> float:
        """What is reported for the sums of a pass."""
        return total / count if count else 0.0


class BinaryAccuracy(Metric):
    """The share of outputs on the right side of a threshold."""

    name = "binary_accuracy"

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def batch(self, y: Tensor, z: Tensor, scores: bool) -> Counts:
        """How many are right, of how many."""
        right = ops.eq(_chosen(z, scores, self.threshold), y.reshape(z.shape).float())
        return right.float().sum(), z.array.size


class CategoricalAccuracy(Metric):
    """The share of examples whose largest output is where their one-hot target is largest."""

    name = "categorical_accuracy"

    def batch(self, y: Tensor, z: Tensor, scores: bool) -> Counts:
        """How many are right, of how many."""
        right = ops.eq(z.argmax(-1), y.argmax(-1))
        return right.float().sum(), right.array.size


class SparseCategoricalAccuracy(Metric):
    """The share of examples whose largest output is that of their class."""

    name = "sparse_categorical_accuracy"

    def batch(self, y: Tensor, z: Tensor, scores: bool) -> Counts:
        """How many are right, of how many."""
        guess = z.argmax(-1)
        right = ops.eq(guess, y.reshape(guess.shape))
        return right.float().sum(), right.array.size


class Precision(BinaryAccuracy):
    """Of the outputs above the threshold, the share that should be."""

    name = "precision"

    def batch(self, y: Tensor, z: Tensor, scores: bool) -> Counts:
        """True positives, positives."""
        chosen = _chosen(z, scores, self.threshold)
        return (chosen * y.reshape(z.shape)).sum(), chosen.sum()


class Recall(BinaryAccuracy):
    """Of the outputs that should be above the threshold, the share that is."""

    name = "recall"

    def batch(self, y: Tensor, z: Tensor, scores: bool) -> Counts:
        """True positives, targets of 1."""
        y = y.reshape(z.shape).float()
        return (_chosen(z, scores, self.threshold) * y).sum(), y.sum()


class MeanOfLoss(Metric):
    """The mean of a loss, reported under its name."""

    reads_scores = False

    def __init__(self, loss: losses.Loss, name: str | None = None) -> None:
        super().__init__(name or loss.name)
        self.loss = loss

    def batch(self, y: Tensor, z: Tensor, scores: bool) -> Counts:
        """The sum of the loss, the number of examples."""
        values = self.loss.each(self.loss.target(y, z), z, self.loss.from_logits)
        return values.sum(), values.array.size


class RootMeanSquaredError(MeanOfLoss):
    """The root of the mean squared error."""

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(losses.MeanSquaredError(), name)

    def value(self, total: float, count: float) -> float:
        """The root of the mean."""
        return math.sqrt(super().value(total, count))


def _chosen(z: Tensor, scores: bool, threshold: float) -> Tensor:
    """1 where an output is above the threshold; a score is above it where its sigmoid is."""
    if scores:
        threshold = (
            math.log(threshold / (1 - threshold)) if 0 < threshold < 1 else math.copysign(math.inf, threshold - 0.5)
        )
    return ops.gt(z, threshold).float()


NAMES: dict[str, Callable[[], Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "precision": Precision,
    "recall": Recall,
    "root_mean_squared_error": RootMeanSquaredError,
    "rmse": lambda: RootMeanSquaredError("rmse"),
}
ACCURACY = ("accuracy", "acc", "Accuracy")


def get(identifier: Any, loss: losses.Loss, outputs: int) -> Metric:
    """The metric that a name stands for; "accuracy" depends on the loss and on the number of outputs."""
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if identifier in ACCURACY:
        return _accuracy(loss, outputs)(identifier)
    if isinstance(identifier, str) and identifier in losses.NAMES:
        return MeanOfLoss(losses.get(identifier), identifier)
    if isinstance(identifier, str):
        return found("metric", identifier, {**NAMES, **dict.fromkeys(ACCURACY[:2])})()  # type: ignore[misc]
    if callable(identifier):
        return MeanOfLoss(losses.get(identifier))
    got = f"compile: got metric {identifier!r}"
    raise DataError(complain(got, "expected a name, a metric or a function", "Try metrics=['accuracy']"))


def _accuracy(loss: losses.Loss, outputs: int) -> Callable[[str], Metric]:
    if loss.labels:
        return SparseCategoricalAccuracy
    return CategoricalAccuracy if outputs > 1 and not isinstance(loss, losses.BinaryCrossentropy) else BinaryAccuracy
