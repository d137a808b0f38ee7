"""In which order examples are visited. The same seed gives PyTorch's order.

The samplers here deal their order in blocks of indices (`blocks`, arrays): whole permutations rather than one number
at a time. A loop over a sampler unpacks the blocks; the `DataLoader` cuts its batches straight from them. Blocks are
made when they are asked for, and not before, because a generator that the user shares moves on with every block.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from glassnet.core import factories, random
from glassnet.core.generator import Generator
from glassnet.core.tensor import Tensor
from glassnet.errors import ValueRangeError, complain

T_co = TypeVar("T_co", covariant=True)

BLOCK = 32  # how many draws with replacement PyTorch takes from the generator at a time


class Sampler(Generic[T_co]):
    """The order of a pass over the data; subclasses write `__iter__`, and `__len__` if they know it.

    >>> class Backwards(Sampler):
    ...     def __init__(self, n):
    ...         self.n = n
    ...
    ...     def __iter__(self):
    ...         return iter(range(self.n - 1, -1, -1))
    >>> list(BatchSampler(Backwards(5), batch_size=2, drop_last=False))
    [[4, 3], [2, 1], [0]]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            f"{type(self).__name__}: got a loop over the sampler; expected an __iter__ method. "
            "Try def __iter__(self): yield indices."
        )


class BlockSampler(Sampler[int]):
    """A sampler that deals its order in blocks."""

    def blocks(self) -> Iterator[np.ndarray]:
        """The order of one pass, in arrays of int64."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        return itertools.chain.from_iterable(block.tolist() for block in self.blocks())


class SequentialSampler(BlockSampler):
    """0, 1, 2, … to the end of the data.

    >>> list(SequentialSampler(["a", "b", "c"]))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def blocks(self) -> Iterator[np.ndarray]:
        """One block: everything."""
        yield np.arange(len(self.data_source))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(BlockSampler):
    """A random order: every example once, or `num_samples` draws from them with replacement.

    With a generator, the order is drawn from it. Without, one number from the default generator seeds a generator for
    this pass alone, so that `manual_seed` fixes the orders of all later passes.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> list(RandomSampler(range(5)))
    [1, 3, 4, 2, 0]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self._num_samples = num_samples
        _check_flag("RandomSampler", "replacement", replacement)
        _check_count("RandomSampler", "num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices a pass draws."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def blocks(self) -> Iterator[np.ndarray]:
        """With replacement blocks of 32; without, permutations of all examples until there are enough."""
        n, wanted = len(self.data_source), self.num_samples
        source = self.generator or Generator().manual_seed(random.random_int64())
        if self.replacement:
            for start in range(0, wanted, BLOCK):
                yield random.randint(0, n, min(BLOCK, wanted - start), source)
            return
        for _ in range(wanted // n):
            yield random.permutation(n, source)
        if (
            wanted % n or self.generator is not None
        ):  # PyTorch draws one more even for nothing: a shared stream moves on
            yield random.permutation(n, source)[: wanted % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(BlockSampler):
    """The given indices in random order, each once.

    >>> import glassnet as torch
    >>> list(SubsetRandomSampler([10, 20, 30], generator=torch.Generator().manual_seed(0)))
    [30, 10, 20]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def blocks(self) -> Iterator[np.ndarray]:
        """One block: the indices, permuted."""
        order = random.permutation(len(self.indices), self.generator)
        yield np.asarray(self.indices, np.int64).reshape(-1)[order]

    def __iter__(self) -> Iterator[Any]:
        for i in random.permutation(len(self.indices), self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(BlockSampler):
    """Indices drawn in proportion to weights, which need not add up to 1.

    >>> import glassnet as torch
    >>> list(WeightedRandomSampler([0.0, 3.0, 1.0], 5, generator=torch.Generator().manual_seed(0)))
    [2, 1, 1, 2, 1]
    """

    def __init__(
        self,
        weights: Sequence[float] | Tensor,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count("WeightedRandomSampler", "num_samples", num_samples)
        _check_flag("WeightedRandomSampler", "replacement", replacement)
        self.weights = factories.as_tensor(weights, dtype=np.float64)
        if self.weights.ndim != 1:
            got = f"WeightedRandomSampler: got weights of shape {tuple(self.weights.shape)}"
            raise ValueRangeError(
                complain(got, "expected one weight per example, shape (n,)", "Try weights.reshape(-1)")
            )
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def blocks(self) -> Iterator[np.ndarray]:
        """One block: all the draws."""
        yield random.multinomial(self.weights.array, self.num_samples, self.replacement, self.generator)

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The order of another sampler, cut into lists of `batch_size`; `drop_last` leaves a short last one out.

    >>> list(BatchSampler(range(7), batch_size=3, drop_last=False))
    [[0, 1, 2], [3, 4, 5], [6]]
    >>> list(BatchSampler(range(7), batch_size=3, drop_last=True))
    [[0, 1, 2], [3, 4, 5]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        _check_count("BatchSampler", "batch_size", batch_size)
        _check_flag("BatchSampler", "drop_last", drop_last)
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        order = iter(self.sampler)
        while batch := list(itertools.islice(order, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


def batches_of(batch_sampler: Any) -> Iterator[Any]:
    """The batches of indices that a batch sampler deals: arrays if they can be cut from blocks, else its own lists."""
    own = type(batch_sampler).__iter__ is BatchSampler.__iter__
    if own and type(batch_sampler.sampler) in _IN_BLOCKS:
        return rebatched(batch_sampler.sampler.blocks(), batch_sampler.batch_size, batch_sampler.drop_last)
    return iter(batch_sampler)


# a subclass of these may have changed `__iter__`, so it is asked for its indices one by one
_IN_BLOCKS = (SequentialSampler, RandomSampler, SubsetRandomSampler, WeightedRandomSampler)


def rebatched(blocks: Iterator[np.ndarray], size: int, drop_last: bool) -> Iterator[np.ndarray]:
    """Blocks of any lengths cut anew into batches; no block is asked for before it is needed."""
    held = np.empty(0, np.int64)
    for block in blocks:
        held = np.concatenate([held, block]) if held.size else block
        full = held.size - held.size % size
        for start in range(0, full, size):
            yield held[start : start + size]
        held = held[full:]
    if held.size and not drop_last:
        yield held


def _check_count(name: str, argument: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        got = f"{name}: got {argument}={value!r}"
        near = int(value) if isinstance(value, float) and value >= 1 else 32
        raise ValueRangeError(complain(got, "expected a whole number above 0", f"Try {argument}={near}"))


def _check_flag(name: str, argument: str, value: Any) -> None:
    if not isinstance(value, bool):
        got = f"{name}: got {argument}={value!r}"
        raise TypeError(complain(got, "expected True or False", f"Try {argument}={bool(value)}"))
