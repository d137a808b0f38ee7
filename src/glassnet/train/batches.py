"""Examples in batches, in a new order at every pass, as tensors that are filled anew and never made anew.

Images stay bytes where they lie, and are gathered, turned into numbers and scaled one batch at a time: the memory of a
float copy is saved, and what a batch needs stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.core.tensor import Tensor, wrap
from glassnet.data.mapped import gathered, is_mapped, rows_of
from glassnet.train.ahead import ahead
from glassnet.train.machine import one_is_spare
from glassnet.train.preparation import Preparation

Batch = tuple[Tensor, ...]  # x, y and perhaps the weights of the examples


class Batches:
    """Passes over examples `x` with targets `y`; `size` 0 puts all of them into one batch.

    Every pass draws its order from the default stream of random numbers (`shuffle=False`: as they come) and gives
    `(x, y)` tensors, or `(x, y, weights)`; the tensors of one batch are overwritten by the next. `prepare` turns raw
    rows into what the network sees; without it they are handed over as numbers of `dtype`. `augment(rows)` changes the
    raw rows of each batch before that, and gives float32 of the same shape.

    >>> x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> batches = Batches(x, y, Preparation.fitted(x), size=2)
    >>> len(batches), [len(labels) for _, labels in batches]
    (3, [2, 2, 1])
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        prepare: Preparation | None,
        size: int,
        weights: np.ndarray | None = None,
        *,
        shuffle: bool = True,
        augment: Callable[..., np.ndarray] | None = None,
        dtype: Any = np.float32,
    ) -> None:
        self.size = min(size, len(x)) or len(x)
        self.shuffle, self.augment = shuffle, augment
        self.order = np.arange(0)  # in which the examples are dealt in the latest pass
        self._prepare = prepare
        self._sources = (x, y) if weights is None else (x, y, weights)
        self._raw = x.dtype == np.uint8 or augment is not None or isinstance(x, np.memmap)  # one batch at a time
        self._dtype = np.dtype(dtype)
        self._x = self._laid_out(x)
        self._mapped = is_mapped(self._x)
        self._columns = [y if is_mapped(y) else np.ascontiguousarray(y)]
        if weights is not None:
            self._columns.append(np.ascontiguousarray(weights, self._dtype))
        self._buffers = [self._make(self.size)]
        if len(x) % self.size:
            self._buffers.append(self._make(len(x) % self.size))

    def _laid_out(self, x: np.ndarray) -> np.ndarray:
        """The examples as they are gathered from: raw, or as the network sees them."""
        if self.augment is not None:
            return np.ascontiguousarray(x)  # an image keeps its shape until it has been moved
        if self._prepare is None:
            if is_mapped(x):
                return x
            return np.ascontiguousarray(x if self._raw or x.dtype.kind in "iu" else x.astype(self._dtype, copy=False))
        return x.reshape(len(x), -1) if self._raw else self._prepare(x)

    def _make(self, size: int) -> tuple[np.ndarray, Tensor, list[Tensor]]:
        """Room for the gathered rows, and the tensors that a batch of this size is handed out in."""
        rows = np.empty((size, *self._x.shape[1:]), self._x.dtype)
        columns = [wrap(np.empty((size, *column.shape[1:]), column.dtype)) for column in self._columns]
        if not self._raw:
            return rows, wrap(rows), columns
        shape = rows.shape if self._prepare is None else (size, self._prepare.features)
        return rows, wrap(np.empty(shape, self._dtype)), columns

    def __len__(self) -> int:
        """How many batches a pass has."""
        return -(-len(self._x) // self.size)

    @property
    def examples(self) -> int:
        """How many examples a pass has."""
        return len(self._x)

    @property
    def in_order(self) -> bool:
        """Whether the examples come as they lie there, at every pass."""
        return not self.shuffle

    @property
    def prepared(self) -> bool:
        """Whether the examples are changed by a preparation before the network sees them."""
        return self._prepare is not None

    def sources(self) -> tuple[np.ndarray, ...]:
        """The arrays that the batches are taken from, as they were given."""
        return self._sources

    def __iter__(self) -> Iterator[Batch]:
        return self.passing()

    def passing(self) -> Iterator[Batch]:
        """A pass; its order is drawn at once."""
        n = len(self._x)
        self.order = random.permutation(n) if self.shuffle else np.arange(n)
        return self._deal(self.order, 0)

    def rest(self, skip: int) -> Iterator[Batch]:
        """The latest pass without its first `skip` batches."""
        return self._deal(self.order, skip * self.size)

    def _deal(self, order: np.ndarray, first: int) -> Iterator[Batch]:
        pieces = [order[start : start + self.size] for start in range(first, len(order), self.size)]
        if hasattr(self.augment, "numbered"):
            yield from self._deal_ahead(pieces)
            return
        if self._mapped:
            yield from self._deal_windows(pieces)
            return
        for places in pieces:
            yield self._fill(places, *self._buffers[len(places) < self.size])

    def _deal_windows(self, pieces: list[np.ndarray]) -> Iterator[Batch]:
        """The rows of many batches at once, read in the order of their file: quicker than one by one, and bounded."""
        many = max(1, rows_of(self._x) // self.size)
        for first in range(0, len(pieces), many):
            window = pieces[first : first + many]
            places = np.concatenate(window)
            x, *columns = (gathered(array, places) for array in (self._x, *self._columns))
            start = 0
            for piece in window:
                rows = np.arange(start, start := start + len(piece))
                yield self._fill(rows, *self._buffers[len(piece) < self.size], (x, columns))

    def _deal_ahead(self, pieces: list[np.ndarray]) -> Iterator[Batch]:
        """Another thread changes the images of the next batch while this one is learnt from, if a processor is spare.

        What call number i makes of its images depends on i alone, and a call counts when its batch is dealt: numbers
        and states are those of a single thread.
        """
        augment: Any = self.augment
        began = augment.calls

        def changed(piece: int) -> np.ndarray:
            return augment.numbered(began + piece, self._x.take(pieces[piece], axis=0))

        worked = ahead if one_is_spare() else map
        for places, images in zip(pieces, worked(changed, range(len(pieces))), strict=True):
            _, x, columns = self._buffers[len(places) < self.size]
            for column, out in zip(self._columns, columns, strict=True):
                np.take(column, places, axis=0, out=out.array, mode="clip")
            self._enter(images, x.array)
            augment.calls += 1
            yield (x, *columns)

    def _fill(
        self,
        places: np.ndarray,
        rows: np.ndarray,
        x: Tensor,
        columns: list[Tensor],
        source: tuple[np.ndarray, list[np.ndarray]] | None = None,
    ) -> Batch:
        examples, others = source or (self._x, self._columns)
        # "clip" spares NumPy a copy of the result, which it makes to be safe from bad places; these are all right
        np.take(examples, places, axis=0, out=rows, mode="clip")
        for column, out in zip(others, columns, strict=True):
            np.take(column, places, axis=0, out=out.array, mode="clip")
        if self._raw:
            self._enter(rows if self.augment is None else self.augment(rows), x.array)
        return (x, *columns)

    def _enter(self, rows: np.ndarray, out: np.ndarray) -> None:
        """From raw rows to what the network sees."""
        if self._prepare is None:
            np.copyto(out, rows, casting="unsafe")
        else:
            self._prepare.into(rows, out)

    def state_dict(self) -> dict[str, Any]:
        """The order of the latest pass, and the augmentation's place in its own stream."""
        keeper = getattr(self.augment, "state_dict", None)
        state: dict[str, Any] = {} if keeper is None else {"augment": keeper()}
        return {**state, "order": self.order.astype(np.int32 if len(self.order) < 2**31 else np.int64)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.order = state["order"].astype(np.int64)
        taker = getattr(self.augment, "load_state_dict", None)
        if taker is not None and "augment" in state:
            taker(state["augment"])
