"""Examples in batches, in a new order at every pass, as tensors that are filled anew and never made anew.

Images stay bytes where they lie, and are gathered, turned into numbers and scaled one batch at a time: the memory of a
float copy is saved, and what a batch needs stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.core import random
from glassnet.core.tensor import Tensor, wrap
from glassnet.train.preparation import Preparation


class Batches:
    """Endless passes over examples `x` with targets `y`; `size` 0 puts all of them into one batch.

    Every pass draws its order from the default stream of random numbers and gives `(x, y)` tensors; the tensors of one
    batch are overwritten by the next.

    >>> x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> batches = Batches(x, y, Preparation.fitted(x), size=2)
    >>> len(batches), [len(labels) for _, labels in batches]
    (3, [2, 2, 1])
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, prepare: Preparation, size: int) -> None:
        self.size = min(size, len(x)) or len(x)
        self._bytes = x.dtype == np.uint8
        self._x = x.reshape(len(x), -1) if self._bytes else prepare(x)
        self._y = np.ascontiguousarray(y)
        self._prepare = prepare
        self._buffers = [self._make(self.size)]
        if len(x) % self.size:
            self._buffers.append(self._make(len(x) % self.size))

    def _make(self, size: int) -> tuple[np.ndarray, Tensor, Tensor]:
        """Room for the gathered bytes, and the two tensors that a batch of this size is handed out in."""
        rows = np.empty((size, self._x.shape[1]), self._x.dtype)
        x = wrap(np.empty(rows.shape, np.float32)) if self._bytes else wrap(rows)
        return rows, x, wrap(np.empty((size, *self._y.shape[1:]), self._y.dtype))

    def __len__(self) -> int:
        """How many batches a pass has."""
        return -(-len(self._x) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = random.permutation(len(self._x))
        for start in range(0, len(order), self.size):
            places = order[start : start + self.size]
            yield self._fill(places, *self._buffers[len(places) < self.size])

    def _fill(self, places: np.ndarray, rows: np.ndarray, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        # "clip" spares NumPy a copy of the result, which it makes to be safe from bad places; these are all right
        np.take(self._x, places, axis=0, out=rows, mode="clip")
        np.take(self._y, places, axis=0, out=y.array, mode="clip")
        if self._bytes:
            self._prepare.into(rows, x.array)
        return x, y
