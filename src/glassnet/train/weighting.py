"""How much each example counts: weights of classes and of examples, scaled so that their mean is 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.errors import DataError, ShapeError, ValueRangeError, complain
from glassnet.train.feeds import arrays_of, as_array


def class_weights(labels: Any, weights: Any = "balanced") -> np.ndarray:
    """One weight per class: given as a dictionary or a list, or "balanced", n / (classes · examples of the class).

    Raises `ValueRangeError` for negative weights.

    >>> class_weights(np.array([0, 0, 0, 1]))
    array([0.66666667, 2.        ])
    >>> class_weights(np.array([0, 0, 0, 1]), {1: 5.0})
    array([1., 5.])

    Reference: King and Zeng (2001).
    """
    counts = np.bincount(as_array(labels).reshape(-1).astype(np.int64))
    if isinstance(weights, str):
        if weights != "balanced":
            got = f"got class_weight={weights!r}"
            raise ValueRangeError(complain(got, "expected balanced, a dictionary or a list", "Try 'balanced'"))
        return np.divide(counts.sum(), len(counts) * counts, out=np.zeros(len(counts)), where=counts > 0)
    if isinstance(weights, Mapping):
        table = np.array([float(weights.get(c, 1.0)) for c in range(len(counts))])
    else:
        table = as_array(weights).astype(np.float64)
    if len(table) < len(counts) or not (np.isfinite(table).all() and (table >= 0).all()):
        got = f"got class_weight of {len(table)} numbers for {len(counts)} classes"
        raise ValueRangeError(complain(got, "expected one for each, 0 or more", "Try class_weight='balanced'"))
    return table


def example_weights(data: Any, class_weight: Any = None, sample_weight: Any = None) -> np.ndarray | None:
    """The weight of every example `(n,)`, with a mean of 1; None if all count the same.

    Raises `DataError` for data that come in batches, whose labels nobody has seen.

    >>> example_weights((np.zeros((4, 1)), np.array([0, 0, 0, 1])), "balanced")
    array([0.66666667, 0.66666667, 0.66666667, 2.        ])
    """
    if class_weight is None and sample_weight is None:
        arrays = arrays_of(data)
        return _scaled(arrays[2], len(arrays[1]), own=True) if arrays is not None and len(arrays) > 2 else None
    arrays = arrays_of(data)
    if arrays is None:
        got = f"got weights for {type(data).__name__}"
        raise DataError(complain(got, "expected examples in arrays", "Try batches of (x, y, weights), or fit((x, y))"))
    y, weights = arrays[1], np.ones(len(arrays[1]))
    if class_weight is not None:
        labels = y.reshape(len(y), -1)
        if labels.shape[1] > 1 or y.dtype.kind not in "iub":
            got = f"got class_weight for targets of shape {y.shape} and type {y.dtype}"
            raise DataError(complain(got, "expected labels, whole numbers (n,)", "Try sample_weight"))
        weights = weights * class_weights(labels, class_weight)[labels[:, 0].astype(np.int64)]
    for given in (sample_weight, *arrays[2:]):
        if given is not None:
            weights = weights * _checked(given, len(y))
    return _scaled(weights, len(y))


def _checked(given: Any, n: int) -> np.ndarray:
    weights = as_array(given).astype(np.float64).reshape(-1)
    if weights.shape != (n,):
        got = f"got sample_weight of {weights.size} numbers"
        raise ShapeError(complain(got, f"expected {n}, one for each example", f"Try sample_weight[:{n}]"))
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        row = int(np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))[0])
        got = f"got sample_weight {weights[row]} in row {row}"
        raise ValueRangeError(complain(got, "expected finite numbers of at least 0", "Try leaving that row out"))
    return weights


def _scaled(weights: np.ndarray, n: int, own: bool = False) -> np.ndarray:
    weights = _checked(weights, n) if own else weights
    mean = weights.mean()
    if not mean > 0:
        raise ValueRangeError(complain("got weights that are all 0", "expected some above 0", "Try leaving them out"))
    return weights / mean
