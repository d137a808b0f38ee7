"""How good a network is, as the plain values of a report: figures, classes, confusions, calibration, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.train.baselines import headline
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.metrics import calibration_curve
from glassnet.train.multilabel import Multilabel
from glassnet.train.trained import Trained

_MOST_CLASSES = 1000  # that have a row
_MOST_CELLS = 40  # classes a confusion matrix can show
_MOST_PAIRS = 100  # confusions that are listed where the matrix would be too large
_MOST_OUTPUTS = 12
_MOST_DOTS = 1000  # of a picture of predictions against targets
_BINS = 40


def cut(text: str, most: int = 120) -> str:
    """A text of bounded length.

    >>> cut("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def names_of(test: Evaluation, classes: Sequence[str], trained: Trained | None = None) -> list[str]:
    """What the classes, labels or outputs are called; their numbers where nobody knows."""
    count = len(test.confusion) if isinstance(test, Classification) else _outputs(test)
    known = list(classes)
    if isinstance(test, Regression):
        table = trained.prepare.table if trained is not None else None
        known = list(table.target.names) if table is not None else ["target"]
    return [cut(str(name)) for name in known] if len(known) == count else [str(i) for i in range(count)]


def _outputs(test: Multilabel | Regression) -> int:
    return test.targets.shape[1]


def score_rows(test: Evaluation | None, others: Sequence[tuple[str, Mapping[str, float]]]) -> list[dict[str, Any]]:
    """The network's figures, and those of what it is compared with."""
    own = [("this network", headline(test))] if test is not None else []
    return [{"name": cut(name), "figures": dict(figures)} for name, figures in [*own, *others]]


def judged(test: Evaluation, of: str, names: Sequence[str]) -> dict[str, Any]:
    """What became of the examples that were judged."""
    told: dict[str, Any] = {"of": of, "n": test.n, "names": list(names[:_MOST_CLASSES]), "loss": test.loss}
    if isinstance(test, Classification):
        return {**told, "kind": "classes", **_classes(test)}
    if isinstance(test, Multilabel):
        return {**told, "kind": "labels", **_labels(test)}
    return {**told, "kind": "values", **_values(test)}


# ---- one class each -------------------------------------------------------------------------------------------------


def _classes(test: Classification) -> dict[str, Any]:
    counts = test.confusion
    right, true, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    rows = {"examples": true, "precision": _share(right, said), "recall": _share(right, true)}
    rows["f1"] = _share(2 * right, true + said)
    return {
        "accuracy": test.accuracy,
        "wrong": int(test.n - right.sum()),
        "classes": {name: values[:_MOST_CLASSES].tolist() for name, values in rows.items()},
        "confusion": counts.tolist() if len(counts) <= _MOST_CELLS else None,
        "pairs": _pairs(counts),
        "calibration": _calibration(test.probabilities, test.labels),
    }


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Shares; NaN, which JSON has as null, where there is nothing to have a share of."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _pairs(counts: np.ndarray) -> list[list[int]]:
    """The commonest confusions: true class, said class, how often."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    places = np.stack(np.unravel_index(order, wrong.shape), axis=1)
    return [[int(i), int(j), int(wrong[i, j])] for i, j in places if wrong[i, j]]


def _calibration(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any] | None:
    """How sure, and how often right, in ten bins; None where the probabilities of other classes were not kept."""
    sums = probabilities.sum(axis=1)
    if not len(labels) or not np.allclose(sums, 1, atol=1e-3):
        return None
    curve = calibration_curve(probabilities, labels, probabilities=True)
    error = float((np.abs(curve.confidence - curve.right) * curve.count).sum() / curve.count.sum())
    bins = {name: values.tolist() for name, values in curve._asdict().items()}
    return {**bins, "error": error}


# ---- several labels, and values -------------------------------------------------------------------------------------


def _labels(test: Multilabel) -> dict[str, Any]:
    there = (test.targets > 0.5).sum(axis=0).tolist()
    shares = {"precision": test.precision, "recall": test.recall, "f1": test.f1}
    rows = {name: values[:_MOST_CLASSES] for name, values in shares.items()}
    p, y = test.probabilities.reshape(-1), (test.targets > 0.5).reshape(-1)
    both = np.stack([1 - p, p], axis=1)  # every answer as an example of two classes
    return {
        "accuracy": test.accuracy,
        "exact": test.exact,
        "classes": {"examples": there[:_MOST_CLASSES], **rows},
        "calibration": _calibration(both, y.astype(np.int64)),
    }


def _values(test: Regression) -> dict[str, Any]:
    """The figures of all outputs together, and for each of them a picture of predictions against targets."""
    outputs = [_output(test, j) for j in range(min(_outputs(test), _MOST_OUTPUTS))]
    return {"r2": test.r2, "rmse": test.rmse, "outputs": outputs}


def _output(test: Regression, j: int) -> dict[str, Any]:
    one = Regression(test.predictions[:, j : j + 1], test.targets[:, j : j + 1])
    true, said = (np.asarray(values[:, j], np.float64) for values in (test.targets, test.predictions))
    errors = said - true
    some = np.arange(len(true))[:: -(-len(true) // _MOST_DOTS) or 1]
    told = {"r2": one.r2, "rmse": one.rmse, "mae": one.mae}
    return {**told, "true": true[some].tolist(), "said": said[some].tolist(), "errors": histogram(errors)}


def histogram(numbers: np.ndarray) -> dict[str, Any]:
    """Counts of the finite ones among numbers, in equally wide bins."""
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return {"low": 0.0, "high": 0.0, "counts": []}
    counts, edges = np.histogram(finite, _BINS)
    return {"low": float(edges[0]), "high": float(edges[-1]), "counts": counts.tolist()}
