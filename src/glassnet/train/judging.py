"""Losses by name, and how a model is judged on examples that it does not learn from."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.data.registry import DataSet
from glassnet.data.split import split
from glassnet.errors import DataError, NonFiniteError, ValueRangeError, complain
from glassnet.train.feeds import arrays_of, as_array, as_targets, feed_of
from glassnet.train.metrics import Metric
from glassnet.train.preparation import Preparation
from glassnet.train.steps import per_example

_ROWS = 1000  # at a time: enough to keep the processor busy, few enough to stay in its cache

LOSSES: dict[str, Callable[[], nn.Module]] = {
    "cross_entropy": nn.CrossEntropyLoss,
    "bce": nn.BCEWithLogitsLoss,
    "mse": nn.MSELoss,
    "mae": nn.L1Loss,
    "huber": nn.HuberLoss,
}


def loss_named(loss: Any, label_smoothing: float = 0.0) -> Any:
    """The loss that a name stands for, or the loss itself; with `label_smoothing` where cross-entropy is meant.

    >>> loss_named("cross_entropy", label_smoothing=0.1).label_smoothing
    0.1
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            got = f"got the loss {loss!r}"
            expected = f"expected a function, a module or one of {', '.join(LOSSES)}"
            raise ValueRangeError(complain(got, expected, "Try 'cross_entropy' for classes, 'mse' for values"))
        loss = LOSSES[loss]()
    if label_smoothing:
        if not isinstance(loss, nn.CrossEntropyLoss):
            got = f"got label_smoothing={label_smoothing} with {getattr(loss, '__name__', type(loss).__name__)}"
            raise ValueRangeError(complain(got, "expected it with cross-entropy", "Try loss='cross_entropy'"))
        loss = copy.copy(loss)
        loss.label_smoothing = label_smoothing
    return loss


def outputs_of(model: nn.Module, x: Any, prepare: Preparation | None = None) -> np.ndarray:
    """What a model says to examples, `(n, outputs)`, in evaluation mode, a thousand at a time.

    Raises `NonFiniteError` when a number is not finite: the largest of a row with NaN would be taken for an answer.
    """
    array = as_array(x)
    dtype = next((p.array.dtype for p in model.parameters()), np.dtype(np.float32))
    training, parts = model.training, []
    model.eval()
    try:
        with no_grad():
            for rows in _blocks(array, prepare, dtype):
                parts.append(model(wrap(rows)).array)
    finally:
        model.train(training)
    outputs = np.concatenate(parts)
    _check_finite(outputs)
    return outputs


def _blocks(x: np.ndarray, prepare: Preparation | None, dtype: Any) -> Iterator[np.ndarray]:
    for start in range(0, max(len(x), 1), _ROWS):
        rows = x[start : start + _ROWS]
        if prepare is not None:
            yield prepare(rows)
        else:
            yield np.ascontiguousarray(rows, rows.dtype if rows.dtype.kind == "i" else dtype)


def _check_finite(outputs: np.ndarray) -> None:
    if outputs.dtype.kind == "f" and not np.isfinite(outputs).all():
        row = int(np.argwhere(~np.isfinite(outputs))[0][0])
        got = f"got {outputs[row]} for example {row}"
        raise NonFiniteError(complain(got, "expected finite numbers", "Try a smaller learning rate"))


class Judge:
    """The loss and the metrics of a model on some data: `judge(model, data)` gives them by name.

    >>> from glassnet import nn
    >>> from glassnet.train.metrics import mae
    >>> judge = Judge(nn.MSELoss(), {"mae": mae})
    >>> judge(nn.Identity(), (np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])))
    {'loss': 2.0, 'mae': 1.0}
    """

    def __init__(self, loss: Any, metrics: dict[str, Metric]) -> None:
        self.loss, self.metrics = loss, metrics
        self._each = per_example(loss)

    def __call__(self, model: nn.Module, data: Any, prepare: Preparation | None = None) -> dict[str, float]:
        scores, y, weights = self._outputs(model, data, prepare)
        figures = {"loss": self._loss(scores, y, weights)}
        return figures | {name: _figure(name, metric, scores, y) for name, metric in self.metrics.items()}

    def _outputs(self, model: nn.Module, data: Any, prepare: Preparation | None) -> tuple[np.ndarray, ...]:
        """What the model says to all examples, their targets, and their weights or None."""
        arrays = arrays_of(data)
        if arrays is not None:
            x, y, *weights = arrays
            scores = outputs_of(model, x, prepare)
            return scores, as_targets(y, scores.dtype), *(weights or [None])  # type: ignore[return-value]
        columns: list[list[np.ndarray]] = [[], [], []]
        for x, *rest in feed_of(data, 0):
            for column, part in zip(columns, (outputs_of(model, x), *(t.array for t in rest)), strict=False):
                column.append(part)
        if not columns[0]:
            raise DataError(complain("got no batches to judge by", "expected at least one", "Try a longer loader"))
        scores, y, *weights = (np.concatenate(column) for column in columns if column)
        return scores, as_targets(y, scores.dtype), *(weights or [None])  # type: ignore[return-value]

    def _loss(self, scores: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> float:
        with no_grad():
            if weights is None:
                return float(self.loss(wrap(scores), wrap(y)).array)
            each = self._each(wrap(scores), wrap(y)).array.astype(np.float64)
        return float((each * weights.reshape(-1)).sum() / weights.sum())

    # ---- what a training needs to know before it begins ------------------------------------------------------

    @staticmethod
    def preparation(train: Any) -> Preparation | None:
        """A `DataSet` is raw: its examples are brought to mean 0 and deviation 1."""
        return Preparation.fitted(train.x_train) if isinstance(train, DataSet) else None

    @staticmethod
    def split(train: Any, validation: Any) -> tuple[Any, Any]:
        """What is learnt from and what is judged by; a share is taken from the examples, evenly from all classes.

        Raises `DataError` for a share of data that come in batches.
        """
        if isinstance(validation, DataSet):
            return train, (validation.x_test, validation.y_test)
        if not isinstance(validation, float):
            return train, validation
        arrays = arrays_of(train)
        if arrays is None:
            got = f"got validation={validation} for {type(train).__name__}"
            raise DataError(complain(got, "expected examples in arrays", "Try another loader as validation"))
        kept, held = held_out(arrays[1], validation)
        return tuple(a[kept] for a in arrays), tuple(a[held] for a in arrays)


def _figure(name: str, metric: Metric, scores: np.ndarray, y: np.ndarray) -> float:
    """What a metric says; one of somebody's own may have been written for tensors."""
    try:
        return float(metric(scores, y))
    except AttributeError as problem:
        if "ndarray" not in str(problem):
            raise
        got = f"metric `{name}`: {problem}"
        hint = "Try torch.from_numpy(scores) at its beginning, or a function of NumPy's"
        raise DataError(complain(got, "expected a function of two NumPy arrays, scores and y", hint)) from problem


def held_out(y: np.ndarray, share: float, seed: int = 0) -> list[np.ndarray]:
    """Places to learn from and places to judge by; labels keep the shares of their classes.

    >>> [len(places) for places in held_out(np.array([0, 1] * 10), 0.2)]
    [16, 4]
    """
    if not 0 < share < 1:
        got = f"got validation={share:g}"
        raise ValueRangeError(complain(got, "expected a share between 0 and 1", "Try validation=0.1"))
    labels = y if y.ndim == 1 and y.dtype.kind in "iub" else None
    return split(len(y), (1 - share, share), labels=labels, seed=seed)
