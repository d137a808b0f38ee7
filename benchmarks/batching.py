"""Shuffled batches in reused NumPy buffers, two ways; which is faster depends on the size of a row."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.problem import PIXEL, Array, Problem

Batch = tuple[NDArray[np.float32], Array]

GATHER, SLICE = "gather each batch", "shuffle, then slice"


def ways(shuffled: bool) -> tuple[str, ...]:
    """The recipes worth trying."""
    return (GATHER, SLICE) if shuffled else ("full batch",)


class Batches:
    """Iterating gives one epoch of (x, y) in a new order; the arrays are valid until the next batch.

    Gathering keeps pixels in uint8 and converts a batch at a time, so memory holds no float32 copy of the data.
    """

    def __init__(self, problem: Problem, way: str, seed: int = 0) -> None:
        self._y, self._batch = problem.y, problem.workload.batch
        self._rng = np.random.default_rng(seed)
        self._x = problem.x if way == GATHER else problem.features()
        self._epoch = {GATHER: self._gathered, SLICE: self._sliced}.get(way, self._whole)
        if way == SLICE:
            self._shuffled_x, self._shuffled_y = np.empty_like(self._x), np.empty_like(self._y)
        sizes = set(problem.workload.batch_sizes) if way == GATHER else ()
        self._buffers = {size: self._buffer(size) for size in sizes}

    def __iter__(self) -> Iterator[Batch]:
        return self._epoch()

    def _buffer(self, size: int) -> tuple[Array, NDArray[np.float32], Array]:
        stored = np.empty((size, *self._x.shape[1:]), self._x.dtype)
        x = stored if stored.dtype == np.float32 else np.empty(stored.shape, np.float32)
        return stored, x, np.empty((size, *self._y.shape[1:]), self._y.dtype)

    def _whole(self) -> Iterator[Batch]:
        yield self._x, self._y

    def _gathered(self) -> Iterator[Batch]:
        order = self._rng.permutation(len(self._x))
        for start in range(0, len(order), self._batch):
            rows = order[start : start + self._batch]
            stored, x, y = self._buffers[len(rows)]
            # mode="clip" writes straight into `out`; the default mode goes through a copy
            self._x.take(rows, axis=0, out=stored, mode="clip")
            self._y.take(rows, axis=0, out=y, mode="clip")
            if stored is not x:
                np.multiply(stored, PIXEL, out=x)
            yield x, y

    def _sliced(self) -> Iterator[Batch]:
        order = self._rng.permutation(len(self._x))
        x = self._x.take(order, axis=0, out=self._shuffled_x, mode="clip")
        y = self._y.take(order, axis=0, out=self._shuffled_y, mode="clip")
        for start in range(0, len(order), self._batch):
            stop = start + self._batch
            yield x[start:stop], y[start:stop]
