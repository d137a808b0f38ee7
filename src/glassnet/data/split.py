"""Parts of a data set: some examples to learn from, some to choose by, some to test on; fairly, and the same each time.

    train, validation, test = split(len(y), (0.8, 0.1, 0.1), labels=y)
    x[train], y[train]

Every function gives arrays of places. `labels` keeps the shares of the classes in every part; `groups` keeps examples
that belong together (the pictures of one patient) in one part. The same seed gives the same parts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.core.generator import Generator
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, ShapeError, ValueRangeError, complain

Places = np.ndarray


def split(
    n: int,
    shares: Sequence[float] = (0.8, 0.1, 0.1),
    *,
    labels: Any = None,
    groups: Any = None,
    seed: int = 0,
) -> list[Places]:
    """Places of `n` examples in random order, cut into parts with these shares, which add up to 1.

    With `labels` `(n,)` each class is cut by itself, so all parts have its share, rounded to whole examples, and every
    part gets one of each class where there are enough. With `groups` `(n,)` whole groups are dealt to the part that is
    furthest behind its share.

    Raises `ValueRangeError` for other shares, `DataError` for parts that would be empty.

    >>> parts = split(10, (0.8, 0.2), labels=[0] * 5 + [1] * 5)
    >>> [len(part) for part in parts], sorted(int(i) for part in parts for i in part) == list(range(10))
    ([8, 2], True)
    """
    _check_count("split", n)
    check_shares(shares)
    stream = Generator().manual_seed(seed)
    if groups is not None:
        parts = _by_groups(_column("groups", groups, n), shares, stream)
    elif labels is not None:
        parts = _by_classes(_column("labels", labels, n), shares, stream)
    else:
        parts = _cut(random.permutation(n, stream), shares)
    empty = [i for i, (part, share) in enumerate(zip(parts, shares, strict=True)) if share and not len(part)]
    if empty:
        what = "groups" if groups is not None else "examples"
        count = len(np.unique(_column("groups", groups, n))) if groups is not None else n
        got = f"split: got {count} {what} for shares {', '.join(f'{s:g}' for s in shares)}"
        raise DataError(complain(got, "expected enough for one in every part", "Try fewer parts, or more examples"))
    return parts


def folds(n: int, k: int = 5, *, labels: Any = None, groups: Any = None, seed: int = 0) -> list[tuple[Places, Places]]:
    """k ways to learn from most examples and to judge by the rest: `(train, validation)` for each of k equal parts.

    Every example is in exactly one validation part. `labels` and `groups` as in `split`.

    >>> [(len(train), len(held)) for train, held in folds(10, 5)]
    [(8, 2), (8, 2), (8, 2), (8, 2), (8, 2)]

    Reference: Stone (1974).
    """
    _check_count("folds", n)
    if n < 2:
        got = f"folds: got {n} example{'s' * (n != 1)}"
        raise ValueRangeError(complain(got, "expected at least 2", "Try a data set with more"))
    if not isinstance(k, int) or not 2 <= k <= n:
        got = f"folds: got k={k!r:.40} for {n} examples"
        raise ValueRangeError(complain(got, f"expected from 2 to {n}", f"Try k={min(5, n)}"))
    parts = split(n, [1 / k] * k, labels=labels, groups=groups, seed=seed)
    return [(np.concatenate([p for p in parts if p is not held]), held) for held in parts]


def _check_count(what: str, n: Any) -> None:
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 0:
        got = f"{what}: got n={n!r:.40}"
        raise ValueRangeError(complain(got, "expected how many examples there are", "Try n=len(y)"))


def check_shares(shares: Sequence[float]) -> None:
    if isinstance(shares, str) or not hasattr(shares, "__iter__"):
        got = f"split: got shares {shares!r:.40}"
        raise ValueRangeError(complain(got, "expected a list of shares that add up to 1", "Try (0.8, 0.1, 0.1)"))
    if not shares or any(not 0 <= s <= 1 for s in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        got = f"split: got shares {', '.join(f'{s:g}' for s in shares) or 'none'}"
        raise ValueRangeError(complain(got, "expected shares from 0 to 1 that add up to 1", "Try (0.8, 0.1, 0.1)"))


def _column(name: str, values: Any, n: int) -> np.ndarray:
    column = values.detach().array if isinstance(values, Tensor) else np.asarray(values)
    if column.shape != (n,):
        got = f"split: got {name} of shape {column.shape}"
        raise ShapeError(complain(got, f"expected ({n},), one for each example", f"Try {name}[:{n}]"))
    return column


def _cut(order: Places, shares: Sequence[float]) -> list[Places]:
    """Cut by largest remainders: each part within one of its share."""
    wanted = [len(order) * share for share in shares]
    sizes = [int(w + 1e-9) for w in wanted]
    behind = sorted(range(len(shares)), key=lambda i: sizes[i] - wanted[i])
    for i in behind[: len(order) - sum(sizes)]:
        sizes[i] += 1
    return np.split(order, np.cumsum(sizes)[:-1])


def _by_classes(labels: np.ndarray, shares: Sequence[float], stream: Generator) -> list[Places]:
    """Deal class after class; what rounding leaves over goes to the part that is furthest behind over all classes."""
    parts: list[list[Places]] = [[] for _ in shares]
    debt = np.zeros(len(shares))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        members = members[random.permutation(len(members), stream)]
        wanted = len(members) * np.asarray(shares)
        sizes = np.floor(wanted + 1e-9).astype(int)
        debt += wanted - sizes
        for i in np.argsort(-debt, kind="stable")[: len(members) - sizes.sum()]:
            sizes[i] += 1
            debt[i] -= 1
        for part, piece in zip(parts, np.split(members, np.cumsum(sizes)[:-1]), strict=True):
            part.append(piece)
    joined = [np.concatenate(part) for part in parts]
    return [part[random.permutation(len(part), stream)] for part in joined]


def _by_groups(groups: np.ndarray, shares: Sequence[float], stream: Generator) -> list[Places]:
    """Deal whole groups, the large ones first, each to the part that is furthest behind its share."""
    names, which, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = random.permutation(len(names), stream)
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    left = len(groups) * np.asarray(shares, np.float64)
    home = np.empty(len(names), np.int64)
    for group in order:
        home[group] = left.argmax()
        left[home[group]] -= sizes[group]
    parts = [np.flatnonzero(home[which] == i) for i in range(len(shares))]
    return [part[random.permutation(len(part), stream)] for part in parts]
