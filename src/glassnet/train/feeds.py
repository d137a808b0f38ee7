"""What a training learns from, in whatever form it comes: arrays, tensors, a data set, a loader, any list of batches.

A feed gives the batches of a pass (`passing`), can give the rest of a pass that was interrupted (`rest`), and knows
what that takes (`state_dict`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor, wrap
from glassnet.data.dataset import TensorDataset
from glassnet.data.registry import DataSet
from glassnet.data.sampler import SequentialSampler
from glassnet.errors import DataError, complain
from glassnet.train.batches import Batch, Batches
from glassnet.train.fingerprint import fingerprint
from glassnet.train.preparation import Preparation

_FORMS = "expected (x, y), (x, y, weights), a TensorDataset, a DataLoader or a DataSet"


def arrays_of(data: Any) -> tuple[np.ndarray, ...] | None:
    """The arrays `x, y` and perhaps weights that some data consist of; None for data that come in batches.

    >>> import glassnet as torch
    >>> [a.shape for a in arrays_of(TensorDataset(torch.ones(3, 2), torch.zeros(3)))]
    [(3, 2), (3,)]
    """
    if isinstance(data, DataSet):
        return data.x_train, data.y_train
    if isinstance(data, TensorDataset):
        data = data.tensors
    if not isinstance(data, tuple | list) or not data or isinstance(data[0], tuple | list):
        return None
    if len(data) not in (2, 3) or not all(hasattr(part, "__array__") or isinstance(part, Tensor) for part in data):
        return None
    arrays = tuple(as_array(part) for part in data if part is not None)
    _check_lengths(arrays)
    return arrays


def as_array(value: Any) -> np.ndarray:
    """The numbers of a tensor or of anything that NumPy understands.

    Raises `DataError` for what is not numbers.
    """
    array = value.detach().array if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.kind not in "fiub":
        kind = "text" if array.dtype.kind in "US" else "objects" if array.dtype.kind == "O" else array.dtype
        got = f"got {type(value).__name__} of {kind}"
        raise DataError(complain(got, "expected numbers", "Try np.asarray(x, dtype='float32')"))
    return array


def as_targets(y: np.ndarray, dtype: Any = np.float32) -> np.ndarray:
    """Labels as int64, all other targets as the network's own numbers."""
    return y.astype(np.int64 if y.dtype.kind in "iub" else dtype, copy=False)


def _check_lengths(arrays: tuple[np.ndarray, ...]) -> None:
    lengths = [len(a) if a.ndim else 0 for a in arrays]
    if len(set(lengths)) > 1 or not lengths[0]:
        counts = [f"{n} {what}" for n, what in zip(lengths, ("examples", "targets", "weights"), strict=False)]
        got = f"got {' and '.join(counts)}"
        raise DataError(complain(got, "expected equally many of each, at least one", f"Try x[:{min(lengths)}]"))


class LoaderFeed:
    """A `DataLoader`, or any iterable that can be run through again, of batches `(x, y)` or `(x, y, weights)`.

    With `weigh`, a function of labels, each batch comes with weights: those of its labels, times its own.
    """

    def __init__(self, loader: Any, dtype: Any = np.float32) -> None:
        self.loader, self._dtype = loader, np.dtype(dtype)
        self.weigh: Callable[[np.ndarray], np.ndarray] | None = None
        if iter(loader) is loader:
            got = f"got {type(loader).__name__}, which can be run through only once"
            raise DataError(complain(got, _FORMS, "Try list(batches), or a DataLoader"))
        self.size = getattr(loader, "batch_size", None) or 1
        self._began: tuple[dict[str, Any], list[Any]] = {}, []
        self._first: str | None = None  # the fingerprint of the latest pass's first batch

    def __len__(self) -> int:
        """How many batches a pass has; 0 where that is not known beforehand."""
        try:
            return len(self.loader)
        except TypeError:
            return 0

    @property
    def examples(self) -> int:
        """How many examples a pass has; 0 where that is not known."""
        data = getattr(self.loader, "dataset", None)
        try:
            return len(data)  # type: ignore[arg-type]
        except TypeError:
            return 0

    @property
    def in_order(self) -> bool:
        """Whether it is known that the examples come as they lie there, at every pass."""
        return isinstance(getattr(self.loader, "sampler", None), SequentialSampler)

    def sources(self) -> tuple[np.ndarray, ...] | None:
        """The arrays that the loader takes its examples from; None where they are made one by one."""
        data = getattr(self.loader, "dataset", self.loader)
        return arrays_of(data) if isinstance(data, TensorDataset) else None

    def passing(self) -> Iterator[Batch]:
        """A pass; where it began is remembered, because going back there is the only way to its middle."""
        from glassnet.train.rng_state import rng_state

        self._began, self._first = (rng_state(), [g.get_state() for g in self.generators()]), None
        return self._noted(iter(self.loader))

    def _noted(self, batches: Iterator[Any]) -> Iterator[Batch]:
        for batch in batches:
            if self._first is None:
                self._first = self._fingerprint(batch)
            yield self._batch(batch)

    def _fingerprint(self, batch: Any) -> str:
        return fingerprint([part.array for part in self._tensors(self._checked(batch))])

    def comes_again(self) -> bool:
        """Whether the latest pass begins with the same batch if it is dealt anew; the streams stay where they are.

        If not, a training that goes on is not the one that was stopped: the examples are others, or they are drawn by
        something whose state nobody knows, and which a second look finds at another place than the first.
        """
        return self._first is None or all(self._dealt_anew() == self._first for _ in range(2))

    def _dealt_anew(self) -> str | None:
        with self._streams_kept():
            self._set(*self._began)
            batch = next(iter(self.loader), None)
        return None if batch is None else self._fingerprint(batch)

    @contextmanager
    def _streams_kept(self) -> Iterator[None]:
        from glassnet.train.rng_state import rng_state

        now = rng_state(), [g.get_state() for g in self.generators()]
        try:
            yield
        finally:
            self._set(*now)

    def rest(self, skip: int) -> Iterator[Batch]:
        """The latest pass without its first `skip` batches, which are dealt once more and left aside."""
        from glassnet.train.rng_state import rng_state

        now = rng_state(), [g.get_state() for g in self.generators()]
        self._set(*self._began)
        batches = iter(self.loader)
        for _ in itertools.islice(batches, skip):
            pass
        if skip:  # dealing them again has moved the streams; they belong where they were
            self._set(*now)
        return (self._batch(batch) for batch in batches)

    def _set(self, streams: dict[str, Any], own: list[Any]) -> None:
        from glassnet.train.rng_state import set_rng_state

        set_rng_state(streams)
        for generator, state in zip(self.generators(), own, strict=True):
            generator.set_state(state)

    def __iter__(self) -> Iterator[Batch]:
        return self.passing()

    def _batch(self, batch: Any) -> Batch:
        tensors = self._tensors(self._checked(batch))
        return tensors if self.weigh is None else self._weighed(*tensors)

    def _checked(self, batch: Any) -> Any:
        if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
            got = f"got a batch of {type(batch).__name__}"
            expected = "expected (x, y) or (x, y, weights)"
            raise DataError(complain(got, expected, "Try a collate_fn that returns such a tuple"))
        return batch

    def _weighed(self, x: Tensor, y: Tensor, own: Tensor | None = None) -> Batch:
        weights = self.weigh(y.array)  # type: ignore[misc]
        return x, y, self._tensor(weights if own is None else weights * own.array.reshape(-1))

    def _tensors(self, batch: Any) -> Batch:
        return tuple(part if isinstance(part, Tensor) else self._tensor(part) for part in batch)

    def _tensor(self, part: Any) -> Tensor:
        array = as_array(part)
        kind = self._dtype if array.dtype.kind == "f" else array.dtype
        return wrap(np.ascontiguousarray(array, kind))

    def looked_through(self) -> Iterator[Batch]:
        """All batches once, before anything is learnt from them; the streams of random numbers stay where they are."""
        with self._streams_kept():
            yield from (self._tensors(batch) for batch in iter(self.loader))

    def generators(self) -> list[Any]:
        """The streams of random numbers that belong to the loader alone."""
        owners = (self.loader, getattr(self.loader, "sampler", None))
        found = {id(g): g for owner in owners if (g := getattr(owner, "generator", None)) is not None}
        return list(found.values())

    def state_dict(self) -> dict[str, Any]:
        """Where the streams stood when the latest pass began, and with what; where the loader's own stand now."""
        own = [g.get_state() for g in self.generators()]
        return {"began": list(self._began), "first": self._first, "generators": own}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        streams, own = state["began"]
        self._began, self._first = (streams, own), state.get("first")
        for generator, values in zip(self.generators(), state["generators"], strict=True):
            generator.set_state(values)


Feed = Batches | LoaderFeed


def feed_of(
    data: Any,
    batch_size: int,
    *,
    prepare: Preparation | None = None,
    weights: np.ndarray | None = None,
    shuffle: bool = True,
    augment: Any = None,
    dtype: Any = np.float32,
) -> Feed:
    """The feed for data in any of the forms that a training takes; `weights` take the place of the data's own.

    Raises `DataError` for anything else.

    >>> feed = feed_of((np.ones((5, 2)), np.zeros(5)), batch_size=2)
    >>> len(feed), next(iter(feed))[0].shape
    (3, torch.Size([2, 2]))
    """
    if isinstance(data, Batches | LoaderFeed):
        return data
    arrays = arrays_of(data)
    if arrays is None:
        if not hasattr(data, "__iter__") or isinstance(data, str | bytes | dict):
            raise DataError(complain(f"got {type(data).__name__} to learn from", _FORMS, "Try fit((x, y))"))
        return LoaderFeed(data, dtype)
    x, y, *own = arrays
    weights = own[0] if own and weights is None else weights
    targets = as_targets(y, dtype)
    return Batches(x, targets, prepare, batch_size, weights, shuffle=shuffle, augment=augment, dtype=dtype)
