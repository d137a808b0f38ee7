"""Data sets, samplers, the loader: PyTorch 2.13's orders, the short way against the long one, mistakes."""

import itertools
import math
import warnings
from collections import UserDict, namedtuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.core import random
from glassnet.errors import DataError, DTypeError, ReplayWarning, ShapeError, ValueRangeError
from glassnet.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    random_split,
)

Pair = namedtuple("Pair", "x y")


def seven():
    return torch.Generator().manual_seed(7)


def numbered(n):
    return TensorDataset(torch.arange(n))


def orders(loader):
    return [batch[0].tolist() for batch in loader]


def joined(lists):
    return list(itertools.chain.from_iterable(lists))


class Slow(Dataset):
    """The same examples as a TensorDataset's, in a form that can only be asked for one by one."""

    def __init__(self, *tensors):
        self.tensors = tensors

    def __len__(self):
        return len(self.tensors[0])

    def __getitem__(self, i):
        return tuple(t[i] for t in self.tensors)


class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.n


# ---- PyTorch's orders -----------------------------------------------------------------------------------------------


def test_a_seed_gives_pytorchs_batches_pass_after_pass():
    torch.manual_seed(7)
    loader = DataLoader(numbered(10), batch_size=4, shuffle=True)
    assert orders(loader) == [[3, 2, 7, 8], [6, 1, 5, 9], [0, 4]]
    assert orders(loader) == [[1, 3, 5, 2], [8, 9, 6, 7], [4, 0]]
    assert torch.rand(1).item() == 0.36531615257263184  # the default stream, four draws later


def test_a_generator_gives_pytorchs_batches_and_moves_as_far():
    generator = seven()
    loader = DataLoader(numbered(6), batch_size=4, shuffle=True, generator=generator)
    assert orders(loader) == [[1, 2, 5, 3], [0, 4]]
    assert orders(loader) == [[2, 1, 4, 0], [5, 3]]
    assert torch.rand(1, generator=generator).item() == 0.5209300518035889


SAMPLED = [
    (lambda: RandomSampler(range(5), replacement=True, num_samples=9, generator=seven()), [0, 2, 1, 1, 3, 2, 2, 4, 3]),
    (lambda: RandomSampler(range(4), num_samples=10, generator=seven()), [3, 2, 0, 1, 2, 0, 3, 1, 3, 0]),
    (lambda: SubsetRandomSampler([2, 3, 5, 7, 11, 13], generator=seven()), [7, 2, 3, 13, 5, 11]),
    (lambda: WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 8, generator=seven()), [3, 3, 4, 4, 5, 4, 3, 4]),
    (lambda: WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, False, seven()), [0, 1, 3, 4, 5]),
    (lambda: SequentialSampler("abc"), [0, 1, 2]),
]


@pytest.mark.parametrize(("make", "expected"), SAMPLED)
def test_samplers_give_pytorchs_order_alone_and_in_a_loader(make, expected):
    assert list(make()) == expected
    assert len(make()) == len(expected)
    assert joined(orders(DataLoader(numbered(20), batch_size=3, sampler=make()))) == expected


def test_random_split_gives_pytorchs_parts():
    by_length = random_split(range(9), [4, 3, 2], generator=seven())
    assert [p.indices for p in by_length] == [[0, 5, 8, 1], [7, 2, 3], [6, 4]]
    by_fraction = random_split(range(9), [0.5, 0.25, 0.25], generator=seven())
    assert [p.indices for p in by_fraction] == [[0, 5, 8, 1, 7], [2, 3], [6, 4]]
    assert [list(p) for p in random_split("abc", [1, 2], seven())] == [["a"], ["b", "c"]]


# ---- properties -----------------------------------------------------------------------------------------------------

sizes = st.integers(1, 40)


@given(n=sizes, size=sizes, drop=st.booleans(), seed=st.integers(0, 2**32))
def test_a_shuffled_pass_shows_everything_once(n, size, drop, seed):
    torch.manual_seed(seed)
    loader = DataLoader(numbered(n), batch_size=size, shuffle=True, drop_last=drop)
    batches = orders(loader)
    assert len(batches) == len(loader) == len(iter(loader))
    shown = joined(batches)
    assert len(set(shown)) == len(shown) == (n - n % size if drop else n)
    assert all(len(b) == size for b in batches[: n // size])


@given(n=sizes, size=sizes, drop=st.booleans(), seed=st.integers(0, 2**32), subset=st.booleans())
def test_gathering_whole_batches_gives_what_looking_up_one_by_one_gives(n, size, drop, seed, subset):
    tensors = (torch.arange(n * 4).reshape(n, 2, 2).to(torch.uint8), torch.arange(n).float() / 3, torch.arange(n) > 3)
    told = []
    for kind in (TensorDataset, Slow):
        data = kind(*tensors)
        data = Subset(Subset(data, range(n)), list(range(0, n, 2))) if subset else data
        torch.manual_seed(seed)
        batches = list(DataLoader(data, batch_size=size, shuffle=True, drop_last=drop))
        told.append([(type(b), [(t.dtype, t.shape, t.tolist()) for t in b]) for b in batches])
    assert told[0] == told[1]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4).filter(lambda lengths: sum(lengths) > 1))
def test_a_split_loses_nothing(lengths):
    parts = random_split(range(sum(lengths)), lengths)
    assert [len(p) for p in parts] == lengths
    assert sorted(i for p in parts for i in p) == list(range(sum(lengths)))


@given(n=st.integers(1, 200), cuts=st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_fractions_are_rounded_down_and_the_rest_dealt_out_from_the_first(n, cuts):
    fractions = [c / sum(cuts) for c in cuts]
    assume(sum(fractions) <= 1)  # rounding may take the sum past 1, and then they are no fractions any more
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about empty parts
        got = [len(p) for p in random_split(range(n), fractions)]
    left_over = [size - math.floor(n * f) for size, f in zip(got, fractions, strict=True)]
    assert sum(got) == n
    assert max(left_over) <= 1
    assert left_over == sorted(left_over, reverse=True)


@given(n=sizes, size=sizes, drop=st.booleans())
def test_batches_of_any_iterable(n, size, drop):
    sampler = BatchSampler(range(n), size, drop)
    lists = list(sampler)
    assert len(lists) == len(sampler)
    assert joined(lists) == list(range(n - n % size if drop else n))


# ---- making batches -------------------------------------------------------------------------------------------------


def test_collating_keeps_the_form_of_the_examples():
    assert default_collate([1, 2]).tolist() == [1, 2]
    assert default_collate([0.1, 0.2]).dtype == torch.float64  # as PyTorch does
    assert default_collate([True, False]).dtype == torch.bool
    assert default_collate([np.float32(1), np.float32(2)]).dtype == torch.float32
    assert default_collate(["a", "b"]) == ["a", "b"]
    x, y = default_collate([(np.ones(2), 3), (np.zeros(2), 4)])
    assert (x.tolist(), y.tolist()) == ([[1, 1], [0, 0]], [3, 4])
    pair = default_collate([Pair(1, {"k": [1.0]}), Pair(2, {"k": [2.0]})])
    assert type(pair) is Pair
    assert pair.y["k"][0].tolist() == [1.0, 2.0]
    assert default_convert([np.array([1]), "a", 2])[0].tolist() == [1]
    assert default_convert(Pair(np.float32(2), None)).x.item() == 2


def test_collating_makes_containers_of_the_same_kind():
    class Record(UserDict):
        pass

    class Fixed(tuple):
        def __new__(cls, *entries):  # cannot be made from a list of entries
            return super().__new__(cls, entries)

    record = default_collate([Record(a=1), Record(a=2)])
    assert type(record) is Record
    assert record["a"].tolist() == [1, 2]
    assert [part.tolist() for part in default_collate([Fixed(1, 2), Fixed(3, 4)])[0]] == [[1, 3], [2, 4]]
    assert default_collate([range(2), range(1, 3)])[1].tolist() == [1, 2]


def test_a_batch_is_a_copy():
    x = torch.zeros(4)
    for shuffle in (False, True):
        for (batch,) in DataLoader(TensorDataset(x), batch_size=2, shuffle=shuffle):
            batch += 1
    assert x.tolist() == [0, 0, 0, 0]


def test_gradients_flow_through_gathered_batches():
    w = torch.arange(3.0).requires_grad_()
    (batch,) = next(iter(DataLoader(TensorDataset(w), batch_size=3, sampler=[2, 2, 0])))
    (batch * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert w.grad.tolist() == [100, 0, 11]


def test_a_class_that_looks_examples_up_in_its_own_way_is_asked():
    class Doubled(TensorDataset):
        def __getitem__(self, i):
            return tuple(2 * t for t in super().__getitem__(i))

    class Shifted(Subset):
        def __getitem__(self, i):
            return super().__getitem__(i + 1)

    class AtOnce(TensorDataset):
        def __getitems__(self, indices):
            return [(i * 100,) for i in indices]

    class Backwards(SequentialSampler):
        def __iter__(self):
            return iter(range(len(self) - 1, -1, -1))

    class Pairs(BatchSampler):
        def __iter__(self):
            yield from ([i, i] for i in self.sampler)

    x = torch.arange(4)
    assert orders(DataLoader(Doubled(x), batch_size=4)) == [[0, 2, 4, 6]]
    assert orders(DataLoader(Shifted(TensorDataset(x), range(3)), batch_size=2, sampler=[0, 1])) == [[1, 2]]
    assert orders(DataLoader(AtOnce(x), batch_size=2)) == [[0, 100], [200, 300]]
    assert orders(DataLoader(numbered(4), batch_size=3, sampler=Backwards(range(4)))) == [[3, 2, 1], [0]]
    assert orders(DataLoader(numbered(4), batch_sampler=Pairs(range(2), 2, False))) == [[0, 0], [1, 1]]
    assert DataLoader(numbered(4), batch_size=4, collate_fn=len).__iter__().__next__() == 4


def test_a_block_is_drawn_only_when_it_is_needed():
    generator, twin = seven(), seven()
    passing = iter(DataLoader(numbered(4), batch_size=2, shuffle=True, generator=generator))
    random.random_int64(twin)
    assert torch.rand(1, generator=generator).item() == torch.rand(1, generator=twin).item()
    first = next(passing)[0].tolist()
    assert first == random.permutation(4, twin)[:2].tolist()
    assert torch.rand(1, generator=generator).item() == torch.rand(1, generator=twin).item()


def test_streams_and_single_examples():
    assert [b.tolist() for b in DataLoader(Stream(5), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Stream(5), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]
    assert [
        len(DataLoader(Stream(5), batch_size=s, drop_last=d)) for s, d in ((2, False), (2, True), (None, False))
    ] == [3, 2, 5]
    assert [len(e) for e in DataLoader(numbered(3), batch_size=None)] == [1, 1, 1]
    assert list(ChainDataset([Stream(2), Stream(1)])) == list(Stream(2) + Stream(1)) == [0, 1, 0]
    assert len(ChainDataset([Stream(2), Stream(1)])) == 3


def test_joined_data_sets():
    both = numbered(3) + numbered(2)
    assert [e[0].item() for e in (both[i] for i in (0, 2, 3, -1))] == [0, 2, 0, 1]
    assert len(ConcatDataset([[1], [2, 3]])) == 3
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    assert StackDataset(x=[1, 2], y="ab")[0] == {"x": 1, "y": "a"}
    assert Subset("abcd", [3, 1])[0] == "d"


def test_a_loader_stops_a_recording():
    loader = DataLoader(numbered(4), batch_size=2)

    @torch.compile
    def step():
        return sum(batch[0].sum() for batch in loader)

    with pytest.warns(ReplayWarning, match="DataLoader"):
        assert [step().item() for _ in range(3)] == [6, 6, 6]


def test_workers_are_accepted_and_change_nothing():
    told = []
    for options in ({}, {"num_workers": 2, "pin_memory": True, "persistent_workers": False, "prefetch_factor": 4}):
        torch.manual_seed(3)
        told.append(orders(DataLoader(numbered(9), batch_size=4, shuffle=True, **options)))
    assert told[0] == told[1]
    assert get_worker_info() is None


# ---- mistakes -------------------------------------------------------------------------------------------------------

x = torch.zeros(4, 2)
MISTAKES = [
    (lambda: TensorDataset(x, torch.zeros(3)), ShapeError, r"got tensors of shapes \(4, 2\), \(3,\).*Try.*x\[:3\]"),
    (lambda: TensorDataset(np.zeros(3)), DataError, "ndarray.*from_numpy"),
    (lambda: TensorDataset(), DataError, "nothing"),
    (lambda: DataLoader(x, batch_size=0), ValueRangeError, "batch_size=0"),
    (lambda: DataLoader(x, batch_size=2.5), ValueRangeError, "2.5"),
    (lambda: DataLoader(x, shuffle=True, sampler=[0]), ValueRangeError, "both shuffle and sampler"),
    (lambda: DataLoader(x, batch_sampler=[[0]], drop_last=True), ValueRangeError, "batch_sampler alone"),
    (lambda: DataLoader(x, batch_size=None, drop_last=True), ValueRangeError, "batch_size=None"),
    (lambda: DataLoader(Stream(3), shuffle=True), ValueRangeError, "IterableDataset"),
    (lambda: DataLoader(x, num_workers=-1), ValueRangeError, "num_workers=-1"),
    (lambda: DataLoader(x, persistent_workers=True), ValueRangeError, "persistent_workers without workers"),
    (lambda: setattr(DataLoader(x), "batch_size", 3), ValueRangeError, "Try a new loader"),
    (lambda: list(DataLoader(numbered(3), sampler=[0, 3])), ValueRangeError, r"got index 3.*expected -3 to 2"),
    (lambda: RandomSampler([]), ValueRangeError, "num_samples=0"),
    (lambda: RandomSampler(x, replacement=1), TypeError, "replacement=1"),
    (lambda: WeightedRandomSampler([[1.0]], 1), ValueRangeError, r"\(1, 1\)"),
    (lambda: list(WeightedRandomSampler([1.0, -1.0], 1)), ValueRangeError, "negative"),
    (lambda: random_split(x, [1, 1]), DataError, r"together 2.*add up to 4.*\[0.8, 0.2\]"),
    (lambda: random_split(x, [1.5, -0.5]), DataError, "between 0 and 1"),
    (lambda: ConcatDataset([]), DataError, "at least one"),
    (lambda: ConcatDataset([Stream(1)]), DataError, "ChainDataset"),
    (lambda: ConcatDataset([[1]])[1], ValueRangeError, "index 1"),
    (lambda: StackDataset([1], [1, 2]), DataError, "lengths 1, 2"),
    (lambda: StackDataset([1], y=[1]), DataError, "both plain and named"),
    (lambda: default_collate([torch.zeros(2), torch.zeros(3)]), ShapeError, r"\(2,\), \(3,\).*collate_fn"),
    (lambda: default_collate([(1, 2), (1,)]), ShapeError, "lengths 1, 2"),
    (lambda: default_collate([None]), TypeError, "got None.*collate_fn"),
    (lambda: default_collate([np.array(["a"])]), DTypeError, "<U1"),
    (lambda: default_collate([]), DataError, "empty batch"),
    (lambda: Dataset()[0], NotImplementedError, "__getitem__"),
    (lambda: list(Sampler()), NotImplementedError, "__iter__"),
    (lambda: list(IterableDataset()), NotImplementedError, "__iter__"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_answered(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


def test_an_empty_part_is_worth_a_warning():
    with pytest.warns(UserWarning, match=r"part 1 of 3 examples is empty"):
        random_split(range(3), [0.99, 0.01])
