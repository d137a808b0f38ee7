"""How much each example counts: weights of classes and of examples, scaled so that their mean is 1.

Of examples in arrays every weight is known beforehand. Of those that come in batches, the labels are counted in one
pass before the first epoch, and each batch is given the weights of its labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError, ShapeError, ValueRangeError, complain
from glassnet.train.feeds import Feed, LoaderFeed, arrays_of, as_array, feed_of
from glassnet.train.kinds import PerClass, nearest

if TYPE_CHECKING:
    from glassnet.data.table import Table


def class_weights(labels: Any, weights: Any = "balanced") -> np.ndarray:
    """One weight per class: given as a dictionary or a list, or "balanced", n / (classes · examples of the class).

    Raises `ValueRangeError` for negative weights.

    >>> class_weights(np.array([0, 0, 0, 1]))
    array([0.66666667, 2.        ])
    >>> class_weights(np.array([0, 0, 0, 1]), {1: 5.0})
    array([1., 5.])

    Reference: King and Zeng (2001).
    """
    return _table(np.bincount(as_array(labels).reshape(-1).astype(np.int64)), weights)


def _table(counts: np.ndarray, weights: Any) -> np.ndarray:
    """One weight per class, of which there are so many examples each."""
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


def class_weight_named(text: str, classes: Sequence[str]) -> Any:
    """What a setting such as "balanced" or "yes=5,no=1" means for those classes; None for "none".

    Raises `ValueRangeError` for a class that is not there.

    >>> class_weight_named("yes=5", ("no", "yes")), class_weight_named("none", ("no", "yes"))
    ({1: 5.0}, None)
    """
    if text in ("none", "balanced"):
        return None if text == "none" else text
    numbers = PerClass.numbers(text) or {}
    if not classes:
        got = f"got class_weight={text} where there are no classes"
        raise ValueRangeError(complain(got, "expected a classification", "Try without it"))
    for name in numbers:
        if name not in classes:
            listed = ", ".join(classes[:8]) + (", …" if len(classes) > 8 else "")
            same = next((known for known in classes if known.lower() == name.lower()), None)
            likely = same or nearest(name, classes) or classes[0]
            hint = f"Try class_weight={likely}={numbers[name]:g}"
            raise ValueRangeError(complain(f"got class_weight={text} with {name!r:.40}", f"expected {listed}", hint))
    return {classes.index(name): number for name, number in numbers.items()}


def example_weights(data: Any, class_weight: Any = None, sample_weight: Any = None) -> np.ndarray | None:
    """The weight of every example `(n,)`, with a mean of 1; None if all count the same.

    Raises `DataError` for data that come in batches: see `BatchWeights`.

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
        labels = _labels(y)
        weights = weights * class_weights(labels, class_weight)[labels]
    for given in (sample_weight, *arrays[2:]):
        if given is not None:
            weights = weights * _checked(given, len(y))
    return _scaled(weights, len(y))


def weighted(data: Any, batch_size: int, class_weight: Any = None, sample_weight: Any = None, **how: Any) -> Feed:
    """The feed for some data, whose batches come with weights where there are any; `how` is what `feed_of` takes.

    Raises `DataError` for a `sample_weight` of data that come in batches: nobody knows which example is which.
    """
    batches = arrays_of(data) is None
    if class_weight is None or not batches or sample_weight is not None:
        return feed_of(data, batch_size, weights=example_weights(data, class_weight, sample_weight), **how)
    feed = feed_of(data, batch_size, **how)
    if not isinstance(feed, LoaderFeed):
        raise DataError(complain("got class_weight for Batches", "expected examples or a loader", "Try fit((x, y))"))
    feed.weigh = BatchWeights(feed.looked_through(), class_weight)
    return feed


class BatchWeights:
    """Gives batches the weights of their labels: `weights(y)` is `(len(y),)`, over all examples 1 in the mean.

    >>> import glassnet as torch
    >>> batches = [(torch.zeros(3, 1), torch.tensor([0, 0, 0])), (torch.zeros(1, 1), torch.tensor([1]))]
    >>> BatchWeights(batches, "balanced")(np.array([0, 1, 0]))
    array([0.66666667, 2.        , 0.66666667])
    """

    def __init__(self, batches: Iterable[Any], class_weight: Any) -> None:
        counts = np.zeros(0, np.int64)
        for batch in batches:
            counts = _added(counts, np.bincount(_labels(as_array(batch[1]))))
        table = _table(counts, class_weight)
        self.table = table / _above_zero(float(table[: len(counts)] @ counts) / max(1, counts.sum()))

    def __call__(self, y: np.ndarray) -> np.ndarray:
        labels = _labels(y)
        if len(labels) and labels.max() >= len(self.table):
            got = f"got label {labels.max()}, which was not there when the classes were counted"
            raise DataError(complain(got, f"expected 0 to {len(self.table) - 1}", "Try batches of (x, y, weights)"))
        return self.table[labels]


def _added(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sum of two counts, of which one may know more classes."""
    total = np.zeros(max(len(one), len(other)), np.int64)
    total[: len(one)] += one
    total[: len(other)] += other
    return total


def _labels(y: np.ndarray) -> np.ndarray:
    """Targets as labels `(n,)`."""
    labels = y.reshape(len(y), -1)
    if labels.shape[1] != 1 or y.dtype.kind not in "iub":
        got = f"got class_weight for targets of shape {y.shape} and type {y.dtype}"
        raise DataError(complain(got, "expected labels, whole numbers (n,)", "Try sample_weight"))
    return labels[:, 0].astype(np.int64, copy=False)


def column_weights(table: Table, name: str) -> np.ndarray:
    """What a table's column says of how much each row counts, `(n,)`.

    Raises `DataError` that names the row for a weight that is missing, negative, infinite or no number.

    >>> from glassnet.data.table import Table
    >>> column_weights(Table.of({"x": [5, 6], "times": [1, 3]}), "times")
    array([1., 3.], dtype=float32)
    """
    from glassnet.train.tabular import refuse_infinite, refuse_words

    column = table[name]
    refuse_words(table, column)
    refuse_infinite(table, column)
    wrong = np.flatnonzero(column.missing | ~(column.values >= 0))
    if len(wrong):
        row = int(wrong[0])
        got = f"{table.place(row, name)}: got {'no value' if column.missing[row] else f'the weight {column.cell(row)}'}"
        raise DataError(complain(got, "expected 0 or more in every row", "Try correcting it"))
    return column.values.astype(np.float32)


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
    return weights / _above_zero(weights.mean())


def _above_zero(mean: float) -> float:
    if not mean > 0:
        raise ValueRangeError(complain("got weights that are all 0", "expected some above 0", "Try leaving them out"))
    return mean
