"""Cases from what there is on disk: a run folder with its model and its data, or a data set alone."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.tensor import Tensor, wrap
from glassnet.data.mapped import gathered, is_mapped
from glassnet.data.registry import DataSet
from glassnet.files import strict_json
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import shown
from glassnet.train.activity import Activity, Look, probe
from glassnet.train.doctor import measure
from glassnet.train.doctor.case import Case, Part, epochs_of
from glassnet.train.doctor.rivals import rivals_of
from glassnet.train.evaluation import outputs_of
from glassnet.train.judging import loss_named
from glassnet.train.run_folder import RESULT
from glassnet.train.trained import Trained

_LOOKED_AT = 256
_ROWS = 20_000  # of a part on disk
_MOST_BYTES = 256 << 20


def case_of_data(data: DataSet, prepare: Callable[[np.ndarray], np.ndarray] | None = None) -> Case:
    """What is known before a training: the examples.

    >>> from glassnet.data.datasets import load_dataset
    >>> case_of_data(load_dataset("moons")).test.x.shape
    (100, 2)
    """
    return Case(
        task=data.task,
        classes=data.classes,
        features=data.feature_names,
        columns=columns_of(data),
        images=data.x_train.ndim > 2,
        train=flat(data.x_train, data.y_train),
        test=flat(data.x_test, data.y_test),
        prepare=prepare,
        plain=plain_columns(data),
        shuffled=True,
        tell=getattr(data, "example", None),
    )


def columns_of(data: DataSet) -> tuple[str, ...]:
    """The column of a table that each feature was made of; nothing where the data is no table."""
    code = getattr(data, "code", None)
    return () if code is None else code.columns


def plain_columns(data: DataSet) -> int | None:
    """How many columns of a table are numbers; the rest are places of words. None where all are."""
    embedded = getattr(data, "embedded", None)
    return embedded[0] if embedded is not None and embedded[1] else None


def case_of_run(folder: str, trained: Trained, data: DataSet) -> Case:
    """What is known after a training: its result, what was recorded, and a fresh look at the model on its data.

    Of a table that lies on disk evenly spaced rows are looked at (`in_memory`).

    Raises `FormatError` for files that are not what they claim to be.
    """
    data = in_memory(data)
    result = read_result(folder)
    loss = loss_of(trained.task, _setting(result, "label_smoothing") or 0.0)
    x, y = _examples(trained, data)
    case = case_of_data(data, trained.prepare)
    case.activity = _activity(folder, probe(trained.model, loss, x, y, **_when(result)))
    history = result.get("history")
    case.history = epochs_of([h for h in history if isinstance(h, dict)]) if isinstance(history, list) else None
    case.rate = _setting(result, "learning_rate")
    case.scores = outputs_of(trained.model, trained.prepare, data.x_train)
    case.last_layer, case.loss = measure.last_layer(trained.model), measure.loss_name(loss)
    case.twins = measure.twin_units(trained.model, loss, x, y)
    case.rivals = rivals_of(trained.evaluate(data.x_test, data.y_test), data, int(_setting(result, "seed") or 0))
    return case


def in_memory(data: DataSet) -> DataSet:
    """The data, or of a table that lies on disk so many rows of each part as a doctor can look at, evenly spaced.

    >>> from glassnet.data.datasets import load_dataset
    >>> moons = load_dataset("moons")
    >>> in_memory(moons) is moons
    True
    """
    if not (is_mapped(data.x_train) and hasattr(data, "rows")):
        return data
    parts: dict[str, np.ndarray] = {}
    rows: list[np.ndarray] = []
    for name, numbers in zip(("train", "valid", "test"), data.rows, strict=True):  # type: ignore[attr-defined]
        some = np.arange(0, len(numbers), max(1, -(-len(numbers) // _ROWS)))
        parts |= {f"{axis}_{name}": gathered(getattr(data, f"{axis}_{name}"), some) for axis in "xy"}
        rows.append(gathered(numbers, some))
    return replace(data, **parts, rows=tuple(rows), weights=None)  # type: ignore[arg-type]


_LOSSES = {"classification": "cross_entropy", "multilabel": "bce", "regression": "mse"}


def loss_of(task: str, label_smoothing: float = 0.0) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that `glassnet train` uses for a task."""
    return loss_named(_LOSSES[task], label_smoothing if task == "classification" else 0.0)


def read_result(folder: str) -> dict[str, Any]:
    """The `result.json` of a run folder; {} where there is none.

    Raises `FormatError` for a file that is not JSON.
    """
    path = os.path.join(folder, RESULT)
    if not os.path.exists(path):
        return {}
    found = strict_json.loads(read_bounded(path, _MOST_BYTES), max_items=5_000_000, source=shown(path))
    return found if isinstance(found, dict) else {}


def _setting(result: dict[str, Any], name: str) -> float | None:
    settings = result.get("settings")
    value = settings.get(name) if isinstance(settings, dict) else None
    return _number(value)


def _when(result: dict[str, Any]) -> dict[str, Any]:
    return {"step": -1, "epoch": _number(result.get("epochs_done")) or 0.0}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _activity(folder: str, now: Look) -> Activity:
    """What was recorded while it learned, and how it is now."""
    recorded = Activity.read(folder) if os.path.isdir(folder) else None
    return Activity([*(recorded or ()), now])


def flat(x: np.ndarray, y: np.ndarray) -> Part:
    """Examples of any shape as rows of numbers."""
    return Part(x.reshape(len(x), math.prod(x.shape[1:])), y)  # (n, features), also of no rows


def _examples(trained: Trained, data: DataSet) -> tuple[Tensor, Tensor]:
    every = max(1, len(data.x_train) // _LOOKED_AT)
    x = trained.prepare(np.ascontiguousarray(data.x_train[::every]))
    return wrap(x), wrap(np.ascontiguousarray(data.y_train[::every]))


def start_of(model: nn.Module, data: DataSet, prepare: Callable[[np.ndarray], np.ndarray]) -> Activity:
    """A look at a network that has not learnt yet."""
    every = max(1, len(data.x_train) // _LOOKED_AT)
    x, y = prepare(np.ascontiguousarray(data.x_train[::every])), np.ascontiguousarray(data.y_train[::every])
    return Activity([probe(model, loss_of(data.task), wrap(x), wrap(y))])
