"""Collections of examples: anything with `len()` and `[i]`, and the few shapes that collections take.

A data set of tensors can also hand out many rows in one gather per tensor (`rows`), which is what makes the
`DataLoader` fast; the values are those that `[i]`, one by one, would give.
"""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from glassnet.core import random
from glassnet.core.generator import Generator
from glassnet.core.mode import mode
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, ShapeError, ValueRangeError, complain

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """Examples that can be counted and looked up; subclasses write `__getitem__` and `__len__`.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...
    ...     def __getitem__(self, i):
    ...         return i, i**2
    >>> (Squares() + Squares())[7]
    (2, 4)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(
            f"{type(self).__name__}: got a look-up of example {index!r}; expected a __getitem__ method. "
            "Try def __getitem__(self, index): return the example."
        )

    def __add__(self, other: Dataset[Any]) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """Examples that come one after another, such as lines of a log; subclasses write `__iter__`."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            f"{type(self).__name__}: got a loop over the examples; expected an __iter__ method. "
            "Try def __iter__(self): yield the examples."
        )

    def __add__(self, other: Dataset[Any]) -> Any:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Rows of one or more tensors: example i is `(x[i], y[i], …)`.

    All tensors have the same length along their first axis, else a `ShapeError` says which differs.

    >>> import glassnet as torch
    >>> data = TensorDataset(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([0, 1]))
    >>> len(data), data[1]
    (2, (tensor([3., 4.]), tensor(1)))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        _check_tensors(tensors)
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def rows(self, places: np.ndarray) -> list[Tensor]:
        """The examples at those places, already side by side: one tensor of shape (places, …) per tensor held."""
        return [_take(t, places) for t in self.tensors]


def _check_tensors(tensors: tuple[Any, ...]) -> None:
    wrong = [type(t).__name__ for t in tensors if not isinstance(t, Tensor)]
    if wrong or not tensors:
        got = f"TensorDataset: got {', '.join(wrong) or 'nothing'}"
        raise DataError(complain(got, "expected one or more tensors", "Try torch.from_numpy(array) on arrays"))
    lengths = [t.array.shape[0] if t.array.ndim else 0 for t in tensors]
    if any(t.array.ndim == 0 for t in tensors) or len(set(lengths)) > 1:
        shapes = ", ".join(str(tuple(t.array.shape)) for t in tensors)
        raise ShapeError(
            complain(
                f"TensorDataset: got tensors of shapes {shapes}",
                "expected the same number of rows in each, one per example",
                f"Try cutting them to the shortest: x[:{min(lengths)}]",
            )
        )


def _take(t: Tensor, places: np.ndarray) -> Tensor:
    if t.needs_grad and mode.grad:
        return t[wrap(places)]
    try:
        return wrap(t.array.take(places, axis=0))
    except IndexError:
        n, worst = len(t.array), int(max(places, key=abs))
        got = f"TensorDataset: got index {worst} from the sampler"
        raise ValueRangeError(complain(got, f"expected {-n} to {n - 1}", f"Try a sampler over range({n})")) from None


class StackDataset(Dataset[Any]):
    """Several data sets of equal length side by side: a tuple of their examples, or a dict when they are named.

    >>> StackDataset(image=[10, 20], label=[0, 1])[1]
    {'image': 20, 'label': 1}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *datasets: Any, **named: Any) -> None:
        if bool(datasets) == bool(named):
            got = "StackDataset: got " + ("both plain and named data sets" if datasets else "nothing")
            raise DataError(complain(got, "expected one kind of them", "Try StackDataset(x=images, y=labels)"))
        self.datasets = datasets or named
        parts = datasets or tuple(named.values())
        if len({len(d) for d in parts}) > 1:
            got = f"StackDataset: got data sets of lengths {', '.join(str(len(d)) for d in parts)}"
            raise DataError(complain(got, "expected equal lengths", "Try Subset to cut the longer ones"))
        self._length = len(parts[0])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: d[index] for name, d in self.datasets.items()}
        return tuple(d[index] for d in self.datasets)

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[Any]):
    """Several data sets one after the other, as one.

    >>> ConcatDataset([[1, 2], [30]])[2]
    30
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise DataError(complain("ConcatDataset: got no data sets", "expected at least one", "Try [first, second]"))
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            got = "ConcatDataset: got an IterableDataset, which cannot be looked up by number"
            raise DataError(complain(got, "expected data sets with __getitem__", "Try ChainDataset instead"))
        self.cumulative_sizes = list(itertools.accumulate(len(d) for d in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        n = len(self)
        if not -n <= index < n:
            got = f"ConcatDataset: got index {index}"
            raise ValueRangeError(complain(got, f"expected {-n} to {n - 1}", "Try checking len(dataset) first"))
        place = index % n
        part = bisect.bisect_right(self.cumulative_sizes, place)
        return self.datasets[part][place - (self.cumulative_sizes[part - 1] if part else 0)]


class ChainDataset(IterableDataset[Any]):
    """Several iterable data sets, one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(len(d) for d in self.datasets)


class Subset(Dataset[T_co]):
    """Some examples of a data set: those that the indices name, in their order.

    >>> Subset(["a", "b", "c"], [2, 0])[0]
    'c'
    """

    dataset: Any
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def rows_of(dataset: Any) -> Any:
    """How to gather many examples at once: a function of places, or None where each must be looked up by itself.

    A class that looks examples up in its own way (`__getitem__` or `__getitems__` of a subclass) is always asked.
    """
    kind = type(dataset)
    if hasattr(kind, "__getitems__"):
        return None
    if isinstance(dataset, TensorDataset) and kind.__getitem__ is TensorDataset.__getitem__:
        return dataset.rows
    if isinstance(dataset, Subset) and kind.__getitem__ is Subset.__getitem__:
        whole = rows_of(dataset.dataset)
        if whole is not None:
            indices = np.asarray(dataset.indices, np.int64)
            return lambda places: whole(indices.take(places))
    return None


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset[Any]]:
    """Split a data set at random into parts of the given lengths, or fractions that add up to 1.

    Fractions are rounded down; what is left over goes to the first parts, one each. As in PyTorch.

    >>> import glassnet as torch
    >>> parts = random_split(range(10), [0.75, 0.25], generator=torch.Generator().manual_seed(0))
    >>> [len(p) for p in parts]
    [8, 2]
    """
    n = len(dataset)
    sizes = _sizes_of_fractions(n, lengths) if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 else list(lengths)
    if sum(sizes) != n or any(s < 0 or s != int(s) for s in sizes):
        raise DataError(
            complain(
                f"random_split: got lengths {sizes}, together {sum(sizes):g}",
                f"expected whole numbers that add up to {n}, the length of the data set",
                f"Try [{n - n // 5}, {n // 5}], or fractions: [0.8, 0.2]",
            )
        )
    order = random.permutation(n, generator).tolist()
    ends = list(itertools.accumulate(int(s) for s in sizes))
    return [Subset(dataset, order[a:b]) for a, b in zip([0, *ends], ends, strict=False)]


def _sizes_of_fractions(n: int, fractions: Sequence[float]) -> list[int]:
    if any(not 0 <= f <= 1 for f in fractions):
        got = f"random_split: got fractions {list(fractions)}"
        raise DataError(complain(got, "expected each between 0 and 1", "Try [0.8, 0.2]"))
    sizes = [math.floor(n * f) for f in fractions]
    for i in range(n - sum(sizes)):
        sizes[i % len(sizes)] += 1
    for i, size in enumerate(sizes):
        if size == 0:
            warnings.warn(f"random_split: part {i} of {n} examples is empty ({fractions[i]} of them)", stacklevel=3)
    return sizes
