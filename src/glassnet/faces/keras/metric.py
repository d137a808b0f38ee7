"""What every metric is: sums over all the examples of a pass, and a figure made of them.

Each metric gives a few sums per batch; over a pass they are added up, and the value is worked out of the totals. So the
same metric serves within a recorded step and by itself (`update_state`, `result`, `reset_state`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.faces.keras import initializers, losses
from glassnet.faces.keras.recorded import Recorded
from glassnet.faces.keras.variables import Variable

Counts = tuple[Tensor | float, ...]


class Metric(Recorded):
    """A figure of sums over the examples.

    >>> from glassnet.faces.keras.metrics import BinaryAccuracy
    >>> accuracy = BinaryAccuracy()
    >>> accuracy.update_state([1, 0, 1], [0.9, 0.8, 0.7])
    >>> float(accuracy.result())
    0.6666666865348816
    """

    name = "metric"
    labels = False
    sums = 2  # how many numbers (or arrays) `batch` gives
    reads_scores = True  # whether the scores before a softmax or a sigmoid serve as well as the outputs

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or type(self).name
        self.totals: list[np.ndarray] = []
        self.variables: list[Variable] = []

    def add_variable(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Any:
        """A running sum of a metric of your own, which has `update_state` and `result`; it has `assign_add`."""
        made = Variable(wrap(np.array(initializers.get(initializer)(tuple(shape)), np.float32, order="C")))
        self.variables.append(made)
        return made

    add_weight = add_variable

    def batch(self, y: Tensor, z: Tensor, scores: bool, weights: Tensor | None = None) -> Counts:
        """The sums of a batch; `scores` tells that z has not been through the last activation."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method batch(y, z, scores). Try writing one.")

    def value(self, *totals: Any) -> Any:
        """What is reported for the sums of a pass: the first over the second."""
        total, count = totals
        return float(total) / float(count) if count else 0.0

    # ---- by itself --------------------------------------------------------------------------------------------

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch in."""
        y, z = losses.as_targets(y_true, self.labels), losses.as_tensor(y_pred)
        weights = None if sample_weight is None else losses.as_tensor(sample_weight).reshape(-1)
        with no_grad():
            self.add([c.array if isinstance(c, Tensor) else c for c in self.batch(y, z, False, weights)])

    def add(self, counts: Sequence[Any]) -> None:
        """The sums of a batch more."""
        counts = [np.asarray(c, np.float64) for c in counts]
        self.totals = [t + c for t, c in zip(self.totals, counts, strict=True)] if self.totals else list(counts)

    def result(self) -> Tensor:
        """The value of all that came in, as a tensor of one number (or of one for each class)."""
        return wrap(np.asarray(self.value(*self.totals) if self.totals else 0.0, np.float32))

    def reset_state(self) -> None:
        """Forget what came in."""
        self.totals = []
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """`update_state`, then `result`."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


class MeanMetric(Metric):
    """The mean of one number per example, or of several that count alike."""

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """The numbers."""
        raise NotImplementedError

    def batch(self, y: Tensor, z: Tensor, scores: bool, weights: Tensor | None = None) -> Counts:
        """Their sum, and how many (or how heavy) they are."""
        values = self.each(y, z, scores)
        if weights is None:
            return values.sum(), float(values.array.size)
        return (per_example(values) * weights).sum(), weights.sum()


class Mean(Metric):
    """The mean of the numbers that come in."""

    name = "mean"

    def update_state(self, values: Any, sample_weight: Any = None, *unused: Any) -> None:
        """Take numbers in."""
        numbers = np.asarray(losses.as_tensor(values).array, np.float64)
        weights = np.ones(numbers.shape) if sample_weight is None else np.asarray(sample_weight)
        self.add([(numbers * weights).sum(), np.broadcast_to(weights, numbers.shape).sum()])

    def __call__(self, values: Any, sample_weight: Any = None, *unused: Any) -> Tensor:
        """`update_state`, then `result`."""
        self.update_state(values, sample_weight)
        return self.result()


# ---- targets and outputs side by side -------------------------------------------------------------------------------


def fitted(y: Tensor, z: Tensor) -> Tensor:
    y = y.reshape(z.shape) if y.shape != z.shape else y
    return y if y.is_floating_point() else y.float()


def per_example(values: Tensor) -> Tensor:
    return values.reshape(values.shape[0], -1).mean(-1) if values.ndim > 1 else values


def chosen_at(z: Tensor, scores: bool, threshold: float) -> Tensor:
    """1 where an output is above the threshold; a score is above it where its sigmoid is."""
    if scores:
        inside = 0 < threshold < 1
        threshold = math.log(threshold / (1 - threshold)) if inside else math.copysign(math.inf, threshold - 0.5)
    return ops.gt(z, threshold).float()
