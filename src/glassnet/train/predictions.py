"""What a network said to each test example, kept with the run: nobody needs the data again to look at the mistakes.

`predictions.safetensors` holds arrays with one row for each example, `mistakes.csv` those that were wrong, worst first.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence

import numpy as np

from glassnet.data.mapped import let_go, temporary
from glassnet.errors import FormatError, complain
from glassnet.files import safetensors, strict_json
from glassnet.files.atomic import write_atomic
from glassnet.files.os_errors import StrPath, shown
from glassnet.train.evaluation import Classification, Evaluation, Regression
from glassnet.train.mistakes import Mistakes, Origin
from glassnet.train.multilabel import Multilabel
from glassnet.train.run_folder import MISTAKES, PREDICTIONS

_MOST_PROBABILITIES = 16 << 20  # numbers: of more, only that of the class named is kept
_LARGEST_FILE = 1 << 30
_MOST_RESTORED = 1 << 27  # numbers that a small file may ask for: examples times classes, classes times classes


class Predictions:
    """What was said of `n` examples, taken judgement by judgement, and the two files that are made of it.

    What comes in several pieces waits in a file, so that no more than a piece is in memory. Of so many examples that
    nobody could read the file, one of `every` is in it. `of` says which examples were judged,
    `origin` where they come from.

    >>> import tempfile
    >>> from glassnet.train.evaluation import classification
    >>> kept = Predictions(2, ["no", "yes"])
    >>> for scores in ([2.0, 0.0], [0.0, 2.0]):
    ...     kept.add(classification(np.array([scores]), np.array([0])))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept.write(folder)
    ...     read_predictions(folder)[0].accuracy
    0.5
    """

    def __init__(self, n: int, classes: Sequence[str] = (), of: str = "test", origin: Origin | None = None) -> None:
        self.n, self.classes, self.of = n, list(classes), of
        self.every = 1
        self._taken = 0
        self._rows: dict[str, np.ndarray] = {}
        self._others: dict[str, np.ndarray] = {}
        self._task = ""
        self._losses = 0.0  # added up
        self._whole: float | None = None  # the loss of one judgement of all examples, to the last bit
        self._mistakes = Mistakes(self.classes, origin)

    def add(self, judged: Evaluation) -> None:
        """Take what was said of the next examples."""
        rows = _rows_of(judged, self.n)
        if not self._rows:
            self._task, self._others = _task_of(judged), _others_of(judged)
            self._begin(rows, judged.n)
        self._mistakes.add(judged, self._taken)
        chosen = slice(-self._taken % self.every, None, self.every)
        first = -(-self._taken // self.every)
        for name, values in rows.items():
            part = values[chosen]
            if self._rows[name] is not values:
                self._rows[name][first : first + len(part)] = part
                let_go(self._rows[name])
        self._taken += judged.n
        self._losses += judged.loss * judged.n if judged.n else 0.0
        self._whole = judged.loss if judged.n == self.n else None

    def _begin(self, rows: dict[str, np.ndarray], count: int) -> None:
        """Choose how many of the examples are kept, and where."""
        width = sum(values.nbytes // max(1, len(values)) for values in rows.values())
        restored = len(self.classes) if "said" in rows else 1
        self.every = max(1, -(-self.n * width // (_LARGEST_FILE >> 1)), -(-self.n * restored // _MOST_RESTORED))
        if count == self.n and self.every == 1:
            self._rows = rows
            return
        kept = -(-self.n // self.every)
        self._rows = {name: temporary((kept, *a.shape[1:]), a.dtype, "predictions") for name, a in rows.items()}

    def write(self, folder: StrPath) -> None:
        """Write both files into a run folder."""
        about = {"of": self.of, "classes": json.dumps(self.classes), "task": self._task}
        if self._task == "classification":
            about["loss"] = repr(self._loss)
        if self.every > 1:
            about["every"] = str(self.every)
        path = os.path.join(os.fspath(folder), PREDICTIONS)
        safetensors.write(path, {**self._rows, **self._others}, about, checksum=True)
        write_atomic(os.path.join(os.fspath(folder), MISTAKES), self._mistakes.csv())

    @property
    def _loss(self) -> float:
        """The mean over all examples."""
        if self._whole is not None:
            return self._whole
        return self._losses / self.n if self.n else math.nan


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
    kept = Predictions(test.n, classes, of)
    kept.add(test)
    kept.write(folder)


def _task_of(judged: Evaluation) -> str:
    if isinstance(judged, Multilabel):
        return "multilabel"
    return "regression" if isinstance(judged, Regression) else "classification"


def _others_of(judged: Evaluation) -> dict[str, np.ndarray]:
    """What there is once, however many examples there are."""
    return {"scale": np.asarray(judged.scale, np.float64)} if isinstance(judged, Regression) else {}


def _rows_of(judged: Evaluation, n: int) -> dict[str, np.ndarray]:
    """Arrays with one row for each example of a judgement, which is of some of `n`."""
    if isinstance(judged, Multilabel):
        return {"scores": np.asarray(judged.scores), "targets": np.asarray(judged.targets)}
    if isinstance(judged, Regression):
        return {"predictions": np.asarray(judged.predictions), "targets": np.asarray(judged.targets)}
    p = judged.probabilities
    small = n * p.shape[1] <= _MOST_PROBABILITIES
    kept = p.astype(np.float32) if small else p.max(axis=1).astype(np.float32)
    places = _places_for(p.shape[1])
    said, labels = judged.said.astype(places), judged.labels.astype(places)
    return {"probabilities" if small else "confidence": kept, "said": said, "labels": labels}


def _places_for(classes: int) -> type:
    """The smallest whole numbers that tell so many classes apart."""
    return np.int8 if classes <= 1 << 7 else np.int16 if classes <= 1 << 15 else np.int32


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
    labels, said = labels.astype(np.intp), said.astype(np.intp)
    counts = np.bincount(labels * classes + said, minlength=classes * classes)
    return Classification(float(about["loss"]), counts.reshape(classes, classes), p.astype(np.float64), said, labels)


def _are_places(a: np.ndarray, classes: int) -> bool:
    return a.dtype.kind == "i" and a.min(initial=0) >= 0 and a.max(initial=-1) < classes


def _same_shape(a: np.ndarray, b: np.ndarray, axes: int) -> None:
    if a.shape != b.shape or a.ndim != axes:
        raise ValueError("shapes")
