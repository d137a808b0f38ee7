"""What a network said to each test example, kept with the run: nobody needs the data again to look at the mistakes.

`predictions.safetensors` holds arrays with one row for each example, `mistakes.csv` those that were wrong, worst first.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import FormatError, complain
from glassnet.files import safetensors, strict_json
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import StrPath, shown
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.multilabel import Multilabel
from glassnet.train.run_folder import MISTAKES, PREDICTIONS

_MOST_PROBABILITIES = 16 << 20  # numbers: of more, only that of the class named is kept
_MOST_MISTAKES = 100_000
_LARGEST_FILE = 1 << 30
_MOST_RESTORED = 1 << 27  # numbers that a small file may ask for: examples times classes, classes times classes


def write_predictions(folder: StrPath, test: Evaluation, classes: Sequence[str] = (), of: str = "test") -> None:
    """Write both files into a run folder; `of` says which examples were judged.

    >>> import tempfile
    >>> from glassnet.train.evaluation import classification
    >>> judged = classification(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 0]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_predictions(folder, judged, ["no", "yes"])
    ...     read_predictions(folder)[0].accuracy
    ...     with open(os.path.join(folder, MISTAKES)) as file:
    ...         print(file.read(), end="")
    0.5
    example,true,said,confidence,confidence in true
    1,no,yes,0.880797,0.119203
    """
    about = {"of": of, "classes": json.dumps(list(classes))}
    path = os.path.join(os.fspath(folder), PREDICTIONS)
    safetensors.write(path, *_as_tensors(test, about), checksum=True)
    rows = _mistakes(test, classes)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomic(os.path.join(os.fspath(folder), MISTAKES), text.getvalue().encode("utf-8", "replace"))


def _as_tensors(test: Evaluation, about: dict[str, str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    if isinstance(test, Multilabel):
        tensors = {"scores": np.asarray(test.scores), "targets": np.asarray(test.targets)}
        return tensors, {**about, "task": "multilabel"}
    if isinstance(test, Regression):
        scale = np.asarray(test.scale, np.float64)
        tensors = {"predictions": np.asarray(test.predictions), "targets": np.asarray(test.targets), "scale": scale}
        return tensors, {**about, "task": "regression"}
    p = test.probabilities
    small = p.size <= _MOST_PROBABILITIES
    kept = p.astype(np.float32) if small else p.max(axis=1).astype(np.float32)
    tensors = {"probabilities" if small else "confidence": kept, "said": test.said, "labels": test.labels}
    return tensors, {**about, "task": "classification", "loss": repr(test.loss)}


def read_predictions(folder: StrPath) -> tuple[Evaluation, str] | None:
    """The judgement that a run folder holds, and which examples it is of; None where there is none.

    Of very many classes, all probabilities but that of the class named are 0.

    Raises `FormatError` for a file that is something else.
    """
    path = os.path.join(os.fspath(folder), PREDICTIONS)
    if not os.path.exists(path):
        return None
    tensors, about = safetensors.load(path, limit=_LARGEST_FILE)
    try:
        return _judgement(tensors, about), about.get("of", "test")
    except (KeyError, ValueError, IndexError, TypeError):
        got = f"{shown(path)}: got {', '.join(tensors) or 'nothing'}"
        hint = "Try removing the file; `glassnet evaluate` judges again"
        raise FormatError(complain(got, "expected predictions that belong together", hint)) from None


def _judgement(tensors: dict[str, np.ndarray], about: dict[str, str]) -> Evaluation:
    """The evaluation; KeyError, ValueError or IndexError where the arrays do not fit."""
    if about["task"] == "multilabel":
        scores, targets = tensors["scores"], tensors["targets"]
        _same_shape(scores, targets, 2)
        return Multilabel(scores, targets)
    if about["task"] == "regression":
        predictions, targets = tensors["predictions"], tensors["targets"]
        _same_shape(predictions, targets, 2)
        scale = np.broadcast_to(tensors["scale"], predictions.shape[1:])
        return Regression(predictions, targets, scale)
    labels, said = tensors["labels"], tensors["said"]
    _same_shape(labels, said, 1)
    classes = len(strict_json.loads(about["classes"], source="classes"))
    if classes * max(classes, len(said)) > _MOST_RESTORED:
        raise ValueError("classes")
    p = tensors.get("probabilities")
    if p is None:
        p = np.zeros((len(said), classes), np.float32)
        p[np.arange(len(said)), said] = tensors["confidence"]
    if p.shape != (len(labels), classes) or not all(_are_places(a, classes) for a in (labels, said)):
        raise ValueError("shapes")
    counts = np.bincount(labels * classes + said, minlength=classes * classes)
    return Classification(float(about["loss"]), counts.reshape(classes, classes), p.astype(np.float64), said, labels)


def _are_places(a: np.ndarray, classes: int) -> bool:
    return a.dtype.kind == "i" and a.min(initial=0) >= 0 and a.max(initial=-1) < classes


def _same_shape(a: np.ndarray, b: np.ndarray, axes: int) -> None:
    if a.shape != b.shape or a.ndim != axes:
        raise ValueError("shapes")


# ---- mistakes -------------------------------------------------------------------------------------------------------


def _mistakes(test: Evaluation, classes: Sequence[str]) -> list[list[Any]]:
    """A table, heading first: the mistakes of a classifier, or the largest errors of a regression."""
    if isinstance(test, Multilabel):
        return _wrong_labels(test, classes)
    if isinstance(test, Regression):
        return _errors(test)
    worst, p = test.worst(_MOST_MISTAKES), test.probabilities
    heading: list[Any] = ["example", "true", "said", "confidence", "confidence in true"]
    rows = [
        [i, _named(classes, label), _named(classes, said), f"{p[i, said]:.6g}", f"{p[i, label]:.6g}"]
        for i, label, said in ((i, int(test.labels[i]), int(test.said[i])) for i in worst)
    ]
    return [heading, *rows]


def _wrong_labels(test: Multilabel, labels: Sequence[str]) -> list[list[Any]]:
    wrong = ~test.right
    count = wrong.sum(axis=1)
    order = np.argsort(-count, kind="stable")[: min(int((count > 0).sum()), _MOST_MISTAKES)]
    missed, invented = wrong & (test.targets > 0.5), wrong & (test.targets <= 0.5)
    rows = [[i, *(_joined(labels, part[i]) for part in (missed, invented))] for i in order.tolist()]
    return [["example", "missed", "invented"], *rows]


def _errors(test: Regression) -> list[list[Any]]:
    errors = np.abs(test.predictions - test.targets).max(axis=1)
    order = np.argsort(-errors, kind="stable")[:_MOST_MISTAKES].tolist()
    rows = [[i, _numbers(test.targets[i]), _numbers(test.predictions[i]), f"{errors[i]:.6g}"] for i in order]
    return [["example", "true", "said", "error"], *rows]


def _joined(labels: Sequence[str], chosen: np.ndarray) -> str:
    return " + ".join(_named(labels, j) for j in np.flatnonzero(chosen).tolist())


def _named(classes: Sequence[str], i: int) -> str:
    return classes[i] if i < len(classes) else str(i)


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{v:.6g}" for v in values.tolist())
