"""How good predictions are: plain functions of `(scores, y)`, scikit-learn's numbers with a network's outputs.

`scores` are what a network says: `(n, classes)` before the softmax, `(n, 1)` or `(n,)` before the sigmoid, or values of
a regression. `y` are labels `(n,)` or targets. Where only the chosen class counts, an integer array of predicted labels
is welcome too; where probabilities count, `probabilities=True` says that the scores are probabilities already.

Any function of this kind is a metric: `Trainer(..., metrics=["accuracy", my_own])`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, ShapeError, ValueRangeError, complain

Array = np.ndarray
Average = Literal["binary", "macro", "micro", "weighted"]
Metric = Callable[[Any, Any], float]


def _array(values: Any) -> Array:
    return values.detach().array if isinstance(values, Tensor) else np.asarray(values)


def _pair(name: str, scores: Any, y: Any) -> tuple[Array, Array]:
    """Both as arrays of equal length."""
    s, t = _array(scores), _array(y)
    if s.ndim == 0 or t.ndim == 0 or len(s) != len(t) or not len(t):
        got = f"{name}: got scores of shape {s.shape} and targets of shape {t.shape}"
        raise ShapeError(complain(got, "expected equally many rows, at least one", "Try metric(model(x), y)"))
    return s, t


def predicted(scores: Any, threshold: float = 0.0) -> Array:
    """The labels that scores stand for: the largest of a row, 1 above the threshold, or the labels that they are.

    >>> predicted(np.array([[0.1, 2.0], [3.0, -1.0]])), predicted(np.array([-0.5, 0.5]))
    (array([1, 0]), array([0, 1]))
    """
    s = _array(scores)
    if s.dtype.kind in "iub" and s.ndim == 1:
        return s.astype(np.int64)
    if s.ndim > 1 and s.shape[1] > 1:
        return s.argmax(axis=1)
    return (s.reshape(len(s)) > threshold).astype(np.int64)


def probabilities_of(scores: Any) -> Array:
    """Scores through a softmax, `(n, classes)`, or, for one output, through a sigmoid, as `(n, 2)`; in float64.

    >>> probabilities_of(np.array([0.0]))
    array([[0.5, 0.5]])
    """
    s = _array(scores).astype(np.float64)
    if s.ndim == 1 or s.shape[1] == 1:
        s = np.stack([np.zeros(len(s)), s.reshape(len(s))], axis=1)
    raised = np.exp(s - s.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _chances(scores: Any, given: bool) -> Array:
    if not given:
        return probabilities_of(scores)
    p = _array(scores).astype(np.float64)
    return np.stack([1 - p.reshape(len(p)), p.reshape(len(p))], axis=1) if p.ndim == 1 or p.shape[1] == 1 else p


# ---- the chosen class -----------------------------------------------------------------------------------------------


def accuracy(scores: Any, y: Any, threshold: float = 0.0) -> float:
    """The share of examples whose class is named right.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([0, 0]))
    0.5
    """
    s, t = _pair("accuracy", scores, y)
    return float((predicted(s, threshold) == t.reshape(len(t))).mean())


def top_k(scores: Any, y: Any, k: int = 5) -> float:
    """The share of examples whose class is among the k with the largest scores; ties go to the later class.

    >>> top_k(np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), np.array([1, 0]), k=2)
    0.5
    """
    s, t = _pair("top_k", scores, y)
    if s.ndim != 2 or not 1 <= k <= s.shape[1]:
        got = f"top_k: got k={k} of scores of shape {s.shape}"
        hint = f"Try k={min(2, s.shape[1])}" if s.ndim == 2 else "Try scores of shape (n, classes)"
        raise ValueRangeError(complain(got, "expected k from 1 to the number of classes", hint))
    first = np.argsort(s, axis=1, kind="mergesort")[:, ::-1][:, :k]
    return float((first == t.reshape(-1, 1)).any(axis=1).mean())


def confusion_matrix(scores: Any, y: Any, classes: int | None = None) -> Array:
    """Counts `(classes, classes)`: entry (i, j) says how many examples of class i were taken for class j.

    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]))
    array([[1, 1],
           [0, 1]])
    """
    s, t = _pair("confusion_matrix", scores, y)
    said, labels = predicted(s), t.reshape(len(t)).astype(np.int64)
    wide = s.shape[1] if s.ndim > 1 and s.shape[1] > 1 else 0
    n = classes or max(wide, int(said.max()) + 1, int(labels.max()) + 1)
    return np.bincount(labels * n + said, minlength=n * n).reshape(n, n)


class _Counts(NamedTuple):
    """Per class: how many were right, how often it was named, how often it is true."""

    right: Array
    named: Array
    true: Array


def _counted(name: str, scores: Any, y: Any, average: str) -> _Counts:
    matrix = confusion_matrix(scores, y)
    counts = _Counts(np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1))
    present = (counts.named > 0) | (counts.true > 0)
    if average == "binary":
        if len(matrix) > 2:
            got = f"{name}: got average='binary' for {len(matrix)} classes"
            raise ValueRangeError(complain(got, "expected two classes", "Try average='macro'"))
        return _Counts(*(column[-1:] if len(matrix) == 2 else column[:0] for column in counts))
    if average == "micro":
        return _Counts(*(column.sum(keepdims=True) for column in counts))
    if average in ("macro", "weighted"):
        return _Counts(*(column[present] for column in counts))
    expected = "expected binary, macro, micro or weighted"
    raise ValueRangeError(complain(f"{name}: got average={average!r}", expected, "Try average='macro'"))


def _averaged(values: Array, counts: _Counts, average: str) -> float:
    if average == "weighted":
        return float((values * counts.true).sum() / max(counts.true.sum(), 1))
    return float(values.mean()) if len(values) else 0.0


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def precision(scores: Any, y: Any, average: Average = "macro") -> float:
    """Of the examples taken for a class, the share that belongs to it; 0 for a class that was never named.

    `average`: the plain mean over the classes ("macro"), weighted by how many examples they have ("weighted"), of all
    examples together ("micro"), or of class 1 alone ("binary").

    >>> precision(np.array([1, 1, 0]), np.array([1, 0, 0]), average="binary")
    0.5
    """
    counts = _counted("precision", scores, y, average)
    return _averaged(_share(counts.right, counts.named), counts, average)


def recall(scores: Any, y: Any, average: Average = "macro") -> float:
    """Of the examples of a class, the share that was found. `average` as for `precision`.

    >>> recall(np.array([1, 1, 0]), np.array([1, 0, 0]), average="binary")
    1.0
    """
    counts = _counted("recall", scores, y, average)
    return _averaged(_share(counts.right, counts.true), counts, average)


def f1(scores: Any, y: Any, average: Average = "macro") -> float:
    """The harmonic mean of precision and recall, 2·right / (named + true). `average` as for `precision`.

    >>> round(f1(np.array([1, 1, 0]), np.array([1, 0, 0]), average="binary"), 4)
    0.6667

    Reference: van Rijsbergen (1979).
    """
    counts = _counted("f1", scores, y, average)
    return _averaged(_share(2 * counts.right, counts.named + counts.true), counts, average)


# ---- ranking --------------------------------------------------------------------------------------------------------


def _one_against_rest(name: str, of_two: Callable[[Array, Array], float], scores: Any, y: Any) -> float:
    """A measure of two classes as the mean over all classes, each against the others."""
    s, t = _pair(name, scores, y)
    labels = t.reshape(len(t)).astype(np.int64)
    if s.ndim == 1 or s.shape[1] == 1:
        return of_two(s.reshape(len(s)).astype(np.float64), labels == 1)
    p = probabilities_of(s)
    if s.shape[1] == 2:
        return of_two(s[:, 1].astype(np.float64) - s[:, 0], labels == 1)
    return float(np.mean([of_two(p[:, c], labels == c) for c in range(s.shape[1])]))


def _curve(name: str, scores: Array, true: Array) -> tuple[Array, Array]:
    """True and false positives when more and more of the largest scores are let in; equal scores come in together."""
    if true.all() or not true.any():
        got = f"{name}: got a class with {int(true.sum())} of {len(true)} examples"
        raise DataError(complain(got, "expected some inside and some outside", "Try more validation examples"))
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    found = np.cumsum(true[order])[last]
    return found, last + 1 - found


def roc_auc(scores: Any, y: Any) -> float:
    """The chance that an example of the class has a larger score than one outside it; ties count half.

    With more than two classes, the mean over the classes of each one's probability against the rest.

    >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75

    Reference: Hanley and McNeil (1982).
    """

    def area(s: Array, true: Array) -> float:
        tp, fp = (np.concatenate([[0], counts]) for counts in _curve("roc_auc", s, true))
        return float(np.trapezoid(tp, fp) / (tp[-1] * fp[-1]))

    return _one_against_rest("roc_auc", area, scores, y)


def average_precision(scores: Any, y: Any) -> float:
    """The precision at each recall, averaged over the steps in recall; classes as in `roc_auc`.

    >>> round(average_precision(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])), 4)
    0.8333
    """

    def steps(s: Array, true: Array) -> float:
        tp, fp = _curve("average_precision", s, true)
        return float((np.diff(tp, prepend=0) / tp[-1] * (tp / (tp + fp))).sum())

    return _one_against_rest("average_precision", steps, scores, y)


# ---- probabilities --------------------------------------------------------------------------------------------------


def log_loss(scores: Any, y: Any, probabilities: bool = False) -> float:
    """The mean of −ln(probability given to the true class), in nats.

    >>> round(log_loss(np.array([[0.0, 0.0]]), np.array([1])), 4)
    0.6931
    """
    s, t = _pair("log_loss", scores, y)
    p = _chances(s, probabilities)
    p = p / p.sum(axis=1, keepdims=True)
    chosen = p[np.arange(len(t)), t.reshape(len(t)).astype(np.int64)]
    return float(-np.log(np.maximum(chosen, np.finfo(np.float64).eps)).mean())


class Calibration(NamedTuple):
    """A calibration curve: in each bin that holds examples, the mean confidence, the share right, and the count."""

    confidence: Array
    right: Array
    count: Array


def calibration_curve(scores: Any, y: Any, bins: int = 10, probabilities: bool = False) -> Calibration:
    """How sure a network is and how often it is right, in bins of equal width of its confidence in the named class.

    >>> curve = calibration_curve(np.array([[0.9, 0.1], [0.7, 0.3]]), np.array([1, 0]), 5, probabilities=True)
    >>> curve.count, curve.right
    (array([1, 1]), array([1., 0.]))

    Reference: Niculescu-Mizil and Caruana (2005).
    """
    s, t = _pair("calibration_curve", scores, y)
    if bins < 1:
        raise ValueRangeError(complain(f"calibration_curve: got bins={bins}", "expected at least 1", "Try bins=10"))
    p = _chances(s, probabilities)
    sure, right = p.max(axis=1), p.argmax(axis=1) == t.reshape(len(t))
    at = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], sure)  # a bin holds its upper edge
    count = np.bincount(at, minlength=bins)
    kept = count > 0
    confidence, share = (np.bincount(at, values, bins)[kept] / count[kept] for values in (sure, right))
    return Calibration(confidence, share, count[kept])


def ece(scores: Any, y: Any, bins: int = 15, probabilities: bool = False) -> float:
    """Expected calibration error: the mean over examples of |confidence − share right| of their bin.

    >>> round(ece(np.array([[0.8, 0.2], [0.8, 0.2]]), np.array([0, 1]), probabilities=True), 4)
    0.3

    Reference: Guo et al. (2017).
    """
    curve = calibration_curve(scores, y, bins, probabilities)
    return float((np.abs(curve.confidence - curve.right) * curve.count).sum() / curve.count.sum())


# ---- values ---------------------------------------------------------------------------------------------------------


def _values(name: str, scores: Any, y: Any) -> tuple[Array, Array]:
    """Predictions and targets `(n, outputs)` in float64; a target of another shape is refused, never broadcast."""
    s, t = _pair(name, scores, y)
    s, t = s.reshape(len(s), -1).astype(np.float64), t.reshape(len(t), -1).astype(np.float64)
    if s.shape != t.shape:
        got = f"{name}: got predictions of shape {s.shape} for targets of shape {t.shape}"
        raise ShapeError(complain(got, "expected the same shape", f"Try a last layer with {t.shape[1]} outputs"))
    return s, t


def mse(scores: Any, y: Any) -> float:
    """The mean of the squared errors, in squared units of the target.

    >>> mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    s, t = _values("mse", scores, y)
    return float(np.mean((s - t) ** 2))


def rmse(scores: Any, y: Any) -> float:
    """The root of the mean squared error of each output, averaged over the outputs; in units of the target.

    >>> rmse(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    2.0
    """
    s, t = _values("rmse", scores, y)
    return float(np.sqrt(np.mean((s - t) ** 2, axis=0)).mean())


def mae(scores: Any, y: Any) -> float:
    """The mean of the absolute errors, in units of the target.

    >>> mae(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    s, t = _values("mae", scores, y)
    return float(np.mean(np.abs(s - t)))


def r2(scores: Any, y: Any) -> float:
    """The share of the targets' variance that is explained, averaged over the outputs; 0 is no better than the mean.

    A target that never changes is explained fully (1) or not at all (0).

    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    s, t = _values("r2", scores, y)
    left, spread = ((t - s) ** 2).sum(axis=0), ((t - t.mean(axis=0)) ** 2).sum(axis=0)
    ratio = np.divide(left, spread, out=np.where(left > 0, 1.0, 0.0), where=spread > 0)
    return float((1 - ratio).mean())


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "top_5": top_k,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "ece": ece,
    "mse": mse,
    "rmse": rmse,
    "mae": mae,
    "r2": r2,
}


def named(metrics: Sequence[str | Metric] | dict[str, Metric]) -> dict[str, Metric]:
    """Metrics by name, from names of this module, functions of one's own, or a dictionary of both.

    >>> list(named(["accuracy", top_k]))
    ['accuracy', 'top_k']
    """
    if isinstance(metrics, dict):
        return dict(metrics)
    found: dict[str, Metric] = {}
    for metric in [metrics] if isinstance(metrics, str) else metrics:
        if callable(metric):
            found[getattr(metric, "__name__", type(metric).__name__)] = metric
        elif metric in METRICS:
            found[metric] = METRICS[metric]
        else:
            from glassnet.train.kinds import nearest

            near = nearest(str(metric), METRICS) or "accuracy"
            got = f"got the metric {metric!r}"
            raise ValueRangeError(complain(got, f"expected a function or one of {', '.join(METRICS)}", f"Try {near}"))
    return found
