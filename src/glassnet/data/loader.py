"""DataLoader: a data set dealt out in batches, pass after pass, in PyTorch's order for the same seed.

A batch is made from the examples one by one and a `collate_fn`. Where the examples are rows of tensors, whole batches
are gathered instead, one NumPy call per tensor, with the same values: a shuffled pass over 60,000 images costs little
more than reading their bytes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.core.generator import Generator
from glassnet.core.mode import mode
from glassnet.data.collate import default_collate, default_convert
from glassnet.data.dataset import IterableDataset, rows_of
from glassnet.data.sampler import BatchSampler, RandomSampler, SequentialSampler, batches_of
from glassnet.errors import ValueRangeError, complain

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class DataLoader:
    """Batches of a data set.

    - `batch_size` examples each, the last perhaps fewer (`drop_last=True` leaves it out); `None` gives single examples.
    - `shuffle=True` visits them in a new random order each pass, drawn from `generator` or the default one.
    - `sampler`, `batch_sampler`: an order of one's own, as indices or as lists of indices.
    - `collate_fn`: from a list of examples to a batch.

    Batches are made in this process, because their arrays are already in its memory: `num_workers`, `pin_memory`,
    `prefetch_factor`, `persistent_workers`, `timeout`, `worker_init_fn` and `multiprocessing_context` are accepted so
    that programs written for PyTorch run, and start nothing. The order of batches does not depend on them.

    >>> import glassnet as torch
    >>> data = [(torch.tensor([float(i)]), i) for i in range(5)]
    >>> for x, y in DataLoader(data, batch_size=2):
    ...     print(x.flatten(), y)
    tensor([0., 1.]) tensor([0, 1])
    tensor([2., 3.]) tensor([2, 3])
    tensor([4.]) tensor([4])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        iterable = isinstance(dataset, IterableDataset)
        if sampler is None and batch_sampler is None and not iterable:
            _check_length(dataset)
        _check_order(iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.num_workers, self.pin_memory, self.timeout = num_workers, pin_memory, timeout
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.worker_init_fn, self.multiprocessing_context = worker_init_fn, multiprocessing_context
        self.pin_memory_device, self.in_order = pin_memory_device, in_order
        self.dataset, self.drop_last, self.generator = dataset, drop_last, generator
        order: Any = sampler
        if sampler is None and not iterable:
            order = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None:
            batch_sampler = BatchSampler(itertools.repeat(None) if iterable else order, batch_size, drop_last)
        self.batch_size, self.sampler, self.batch_sampler = batch_size, order, batch_sampler
        self.collate_fn = collate_fn or (default_convert if batch_sampler is None else default_collate)
        self._passes = 0
        self.persistent_workers = persistent_workers  # the last: from here on `__setattr__` guards the rest

    sampler: Any  # of indices
    batch_sampler: Any  # of lists of indices; None: no batches

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "persistent_workers" in vars(self):
            raise ValueRangeError(
                f"DataLoader: got a new {name} for a loader that already exists; expected none, because its order is "
                f"made from it. Try a new loader: DataLoader(dataset, {name}=...)."
            )
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """How many batches a pass has."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]
        n = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if mode.trace is not None:
            mode.trace.stop("a DataLoader deals other batches each time")
        if not (self.persistent_workers and self._passes):
            random.random_int64(self.generator)  # PyTorch draws a seed for its workers even when it starts none
        self._passes += 1
        return Pass(self._examples() if self.batch_sampler is None else self._batches(), self)

    def _examples(self) -> Iterator[Any]:
        if isinstance(self.dataset, IterableDataset):
            return (self.collate_fn(example) for example in self.dataset)
        return (self.collate_fn(self.dataset[index]) for index in self.sampler)

    def _batches(self) -> Iterator[Any]:
        if isinstance(self.dataset, IterableDataset):
            return (self.collate_fn(examples) for examples in self._lists())
        rows = rows_of(self.dataset) if self.collate_fn is default_collate else None
        return (self._batch(places, rows) for places in batches_of(self.batch_sampler))

    def _batch(self, places: Any, rows: Any) -> Any:
        """The examples at the places, side by side: gathered at once if they are rows of tensors."""
        if rows is not None and (isinstance(places, np.ndarray) or all(type(i) is int for i in places)):
            return rows(np.asarray(places, np.int64))
        indices = places.tolist() if isinstance(places, np.ndarray) else places
        if hasattr(self.dataset, "__getitems__"):
            return self.collate_fn(self.dataset.__getitems__(indices))
        return self.collate_fn([self.dataset[i] for i in indices])

    def _lists(self) -> Iterator[list[Any]]:
        """The examples of a stream, so many at a time."""
        stream = iter(self.dataset)
        while examples := list(itertools.islice(stream, self.batch_size)):
            if len(examples) == self.batch_size or not self.drop_last:
                yield examples


class Pass:
    """One pass over a loader's batches."""

    def __init__(self, batches: Iterator[Any], loader: DataLoader) -> None:
        self.batches, self.loader = batches, loader

    def __iter__(self) -> Pass:
        return self

    def __next__(self) -> Any:
        return next(self.batches)

    def __len__(self) -> int:
        return len(self.loader)


def get_worker_info() -> None:
    """None: batches are made in the main process, never by a worker."""


def _check_workers(workers: int, timeout: float, prefetch: int | None, persistent: bool) -> None:
    if workers < 0 or timeout < 0 or (prefetch is not None and prefetch < 0):
        got = f"DataLoader: got num_workers={workers}, timeout={timeout}, prefetch_factor={prefetch}"
        raise ValueRangeError(complain(got, "expected 0 or more of each", "Try num_workers=0"))
    if not workers and (prefetch is not None or persistent):
        asked = "prefetch_factor" if prefetch is not None else "persistent_workers"
        got = f"DataLoader: got {asked} without workers"
        raise ValueRangeError(complain(got, "expected num_workers above 0 beside it", f"Try leaving {asked} out"))


def _check_length(dataset: Any) -> None:
    """Refuse a data set of nobody knows how many examples, where they are to be put in order."""
    if not hasattr(dataset, "__len__"):
        got = f"DataLoader: got {type(dataset).__name__}, a data set without a length"
        raise TypeError(complain(got, "expected one, to put its examples in order", "Try def __len__(self): return n"))


def _check_order(iterable: bool, size: Any, shuffle: Any, sampler: Any, batches: Any, drop_last: bool) -> None:
    """Refuse two orders at once, and any order for a stream."""
    own = [name for name, given in (("sampler", sampler), ("batch_sampler", batches)) if given is not None]
    if shuffle:
        own.insert(0, "shuffle")
    if iterable and own:
        _refuse(f"{own[0]} for an IterableDataset", "no order but the stream's own", "shuffling inside its __iter__")
    if len(own) > 1:
        _refuse(f"both {own[0]} and {own[1]}", "one way of ordering examples", f"leaving {own[0]} out")
    if batches is not None and (size != 1 or drop_last):
        _refuse("batch_sampler beside batch_size or drop_last", "batch_sampler alone", "leaving the others out")
    if batches is None and size is None and drop_last:
        _refuse("drop_last=True without batches (batch_size=None)", "a batch_size", "batch_size=32")


def _refuse(got: str, expected: str, hint: str) -> None:
    raise ValueRangeError(complain(f"DataLoader: got {got}", f"expected {expected}", f"Try {hint}"))
