"""Examples that spoil a training, found before its first step: a NaN in one row, which reaches every weight, a label
that the model has no output for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.data.mapped import is_mapped
from glassnet.errors import DataError, NonFiniteError, complain
from glassnet.train.judging import outputs_of

_ROWS = 1 << 22  # numbers that are looked at, one by one, at a time


def first_not_finite(array: np.ndarray) -> tuple[int, ...] | None:
    """The place of the first number that is NaN or infinite; None where there is none.

    >>> first_not_finite(np.array([[1.0, 2.0], [3.0, np.inf]]))
    (1, 1)
    """
    if array.dtype.kind != "f" or not array.size:
        return None
    with np.errstate(all="ignore"):
        if np.isfinite(np.add.reduce(array, axis=None)):  # one pass, and no memory: a sum keeps every NaN and infinity
            return None
    step = max(1, _ROWS // max(1, array[0].size))
    for start in range(0, len(array), step):
        wrong = np.argwhere(~np.isfinite(array[start : start + step]))
        if len(wrong):
            row, *rest = wrong[0].tolist()
            return (start + row, *rest)
    return None


def refuse_bad_rows(model: nn.Module, loss: Any, arrays: Sequence[np.ndarray] | None, prepare: Any, of: str) -> None:
    """Raise `DataError` that names row and column of what cannot be learnt from; `of` names the examples.

    Examples that come in batches (None) are looked at as they come. Tables that stay on disk were looked through when
    they were read.
    """
    if arrays is not None and len(arrays) > 1 and len(arrays[0]) and not any(map(is_mapped, arrays[:2])):
        _refuse_not_finite(model, loss, arrays, prepare, of)
        _refuse_wrong_labels(model, loss, arrays, prepare, of)


def _refuse_wrong_labels(model: nn.Module, loss: Any, arrays: Sequence[np.ndarray], prepare: Any, of: str) -> None:
    """Cross-entropy wants labels from 0 to one less than there are outputs; there is one that it ignores."""
    x, y = arrays[:2]
    if not isinstance(loss, nn.CrossEntropyLoss) or y.ndim != 1 or y.dtype.kind not in "iu":
        return
    outputs = _outputs(model, x[:1], prepare)
    high = int(y.max())
    wrong = (y < 0) | (y >= (outputs or high + 1))
    rows = np.flatnonzero(wrong & (y != loss.ignore_index))
    if len(rows):
        label, last = int(y[rows[0]]), f"0 to {outputs - 1}, one for each output" if outputs else "0 or more"
        got = f"got label {label} in row {rows[0]} of the targets {of}"
        hint = (
            f"Try a last layer with {high + 1} outputs, or correcting the labels" if label >= 0 else "Try y - y.min()"
        )
        raise DataError(complain(got, f"expected {last}", hint))


def _outputs(model: nn.Module, x: np.ndarray, prepare: Any) -> int | None:
    """How many outputs the model has; None where that is not to be known from one example."""
    from glassnet.train.rng_state import rng_state, set_rng_state

    streams = rng_state()
    try:
        return outputs_of(model, x, prepare).reshape(1, -1).shape[1]
    except Exception:
        return None  # the training will meet it, and say more
    finally:
        set_rng_state(streams)


def _refuse_not_finite(model: nn.Module, loss: Any, arrays: Sequence[np.ndarray], prepare: Any, of: str) -> None:
    """NaN is borne by a model or a loss that leaves it out, as one for missing values does; infinity by none."""
    for array, what in zip(arrays[:2], ("the examples", "the targets"), strict=False):
        place = first_not_finite(array)
        if place is None:
            continue
        row, *column = place
        if np.isnan(array[place]) and _borne(model, loss, arrays, prepare, row):
            continue
        where = f"row {row}, column {', '.join(map(str, column))}" if column else f"row {row}"
        got = f"got {array[place]} in {where} of {what} {of}"
        raise DataError(complain(got, "expected finite numbers", "Try leaving that row out, or filling it"))


def _borne(model: nn.Module, loss: Any, arrays: Sequence[np.ndarray], prepare: Any, row: int) -> bool:
    """Whether the loss of a row is a number all the same."""
    x, y = (array[row : row + 1] for array in arrays[:2])
    try:
        scores = outputs_of(model, x, prepare)
        with no_grad():
            return bool(np.isfinite(loss(wrap(scores), wrap(np.ascontiguousarray(y, scores.dtype))).array).all())
    except NonFiniteError:
        return False
