"""The orders that samplers and loaders deal, against PyTorch's with the same seed, and the draws they leave over."""

import warnings
from collections import namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils import data as theirs

import glassnet
from glassnet.utils import data as ours

pytestmark = pytest.mark.peers

BOTH = [(torch, theirs), (glassnet, ours)]
Pair = namedtuple("Pair", "x y")


def plain(batch):
    """A batch as nested Python numbers and strings, with the kinds of its containers and numbers."""
    if isinstance(batch, torch.Tensor | glassnet.Tensor):
        return repr(batch.dtype), tuple(batch.shape), batch.tolist()
    if isinstance(batch, dict):
        return {key: plain(value) for key, value in batch.items()}
    if isinstance(batch, list | tuple):
        return type(batch).__name__, [plain(value) for value in batch]
    return batch


def same(story):
    """story(library, its utils.data) gives the same in both libraries; afterwards both default streams agree, too."""
    told = []
    for library, data in BOTH:
        library.manual_seed(1234)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # PyTorch warns of too many workers and empty splits
            told.append((story(library, data), library.rand(3).tolist()))
    assert told[0] == told[1]


def seeded(library, seed):
    return None if seed is None else library.Generator().manual_seed(seed)


def rows(library, n):
    x = library.arange(n * 3).reshape(n, 3).float() / 7
    return x, library.arange(n) % 5


counts = st.integers(1, 70)
seeds = st.none() | st.integers(0, 2**40)


@given(n=counts, size=st.integers(1, 40), shuffle=st.booleans(), drop=st.booleans(), seed=seeds, subset=st.booleans())
@settings(max_examples=60, deadline=None)
def test_two_passes_of_a_loader(n, size, shuffle, drop, seed, subset):
    def story(library, data):
        whole = data.TensorDataset(*rows(library, n))
        part = data.Subset(whole, list(range(n - 1, -1, -2))) if subset else whole
        generator = seeded(library, seed)
        loader = data.DataLoader(part, batch_size=size, shuffle=shuffle, drop_last=drop, generator=generator)
        batches = [plain(batch) for _ in range(2) for batch in loader]
        return len(loader), batches, generator and library.rand(2, generator=generator).tolist()

    same(story)


@given(n=counts, size=st.integers(1, 9), seed=seeds, taken=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_a_pass_that_stops_early_leaves_the_streams_where_pytorch_does(n, size, seed, taken):
    def story(library, data):
        generator = seeded(library, seed)
        loader = data.DataLoader(data.TensorDataset(*rows(library, n)), size, shuffle=True, generator=generator)
        seen = []
        for _, batch in zip(range(taken), loader, strict=False):
            seen += [plain(batch), library.rand(1).item(), generator and library.rand(1, generator=generator).item()]
        return seen

    same(story)


@given(n=counts, wanted=st.none() | st.integers(1, 150), replacement=st.booleans(), seed=seeds)
@settings(max_examples=60, deadline=None)
def test_random_sampler(n, wanted, replacement, seed):
    def story(library, data):
        generator = seeded(library, seed)
        sampler = data.RandomSampler(range(n), replacement, wanted, generator)
        order = list(sampler), list(sampler)
        loader = data.DataLoader(data.TensorDataset(*rows(library, n)), batch_size=32, sampler=sampler)
        return (
            order,
            [plain(batch) for batch in loader],
            len(sampler),
            generator and library.rand(1, generator=generator).item(),
        )

    same(story)


@given(n=counts, wanted=st.integers(1, 40), replacement=st.booleans(), seed=seeds)
@settings(max_examples=40, deadline=None)
def test_weighted_random_sampler(n, wanted, replacement, seed):
    wanted = wanted if replacement else min(n, wanted)

    def story(library, data):
        weights = [((i * 7) % 11 + 1) / 3 for i in range(n)]
        sampler = data.WeightedRandomSampler(weights, wanted, replacement, seeded(library, seed))
        loader = data.DataLoader(data.TensorDataset(*rows(library, n)), batch_size=4, sampler=sampler)
        return list(sampler), [plain(batch) for batch in loader]

    same(story)


@given(n=counts, seed=seeds)
@settings(max_examples=30, deadline=None)
def test_subset_random_sampler(n, seed):
    def story(library, data):
        sampler = data.SubsetRandomSampler([3 * i for i in range(n)], seeded(library, seed))
        loader = data.DataLoader(data.TensorDataset(*rows(library, 3 * n)), batch_size=8, sampler=sampler)
        return list(sampler), [plain(batch) for batch in loader]

    same(story)


@given(
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=5).filter(lambda lengths: sum(lengths) > 1), seed=seeds
)
@settings(max_examples=40, deadline=None)
def test_random_split_by_lengths(lengths, seed):
    def story(library, data):
        chosen = {} if seed is None else {"generator": seeded(library, seed)}
        parts = data.random_split(range(sum(lengths)), lengths, **chosen)
        return [list(part.indices) for part in parts]

    same(story)


@pytest.mark.parametrize("fractions", [[0.8, 0.2], [0.7, 0.15, 0.15], [0.333, 0.333, 0.334], [1.0], [0.999, 0.001]])
@pytest.mark.parametrize("n", [10, 23, 101])
def test_random_split_by_fractions(fractions, n):
    same(lambda library, data: [list(part.indices) for part in data.random_split(range(n), fractions)])


EXAMPLES = {
    "floats": lambda library: [0.5, 1.25, 3.0],
    "whole numbers": lambda library: [1, 2, 3],
    "truths": lambda library: [True, False, True],
    "strings": lambda library: ["a", "b", "c"],
    "bytes": lambda library: [b"a", b"b"],
    "float32 scalars": lambda library: [np.float32(1.5), np.float32(2)],
    "float64 scalars": lambda library: [np.float64(1.5), np.float64(2)],
    "int64 scalars": lambda library: [np.int64(1), np.int64(2)],
    "uint8 arrays": lambda library: [np.array([1, 2], np.uint8), np.array([3, 4], np.uint8)],
    "float64 arrays": lambda library: [np.array([[1.0]]), np.array([[2.0]])],
    "tensors": lambda library: [library.tensor([1.0, 2.0]), library.tensor([3.0, 4.0])],
    "tensors of two kinds": lambda library: [library.tensor([1, 2]), library.tensor([3.5, 4.5])],
    "pairs": lambda library: [(library.tensor(1.0), 0), (library.tensor(2.0), 1)],
    "lists": lambda library: [[1, 2.0], [3, 4.0]],
    "named": lambda library: [Pair(1, "u"), Pair(2, "v")],
    "dicts": lambda library: [{"x": np.zeros(2), "n": (1, [2])}, {"x": np.ones(2), "n": (3, [4])}],
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_default_collate_and_convert(kind):
    same(lambda library, data: plain(data.default_collate(EXAMPLES[kind](library))))
    same(lambda library, data: [plain(data.default_convert(example)) for example in EXAMPLES[kind](library)])


def test_gradients_flow_through_a_collated_batch():
    def story(library, data):
        w = library.arange(6.0).reshape(3, 2).requires_grad_()
        (batch,) = next(iter(data.DataLoader(data.TensorDataset(w), batch_size=2, sampler=[2, 2])))
        (batch**2).sum().backward()
        return plain(w.grad)

    same(story)


def test_loaders_of_every_make():
    class Stream(ours.IterableDataset, theirs.IterableDataset):
        def __iter__(self):
            return iter(range(7))

        def __len__(self):
            return 7

    class Lookup:
        def __len__(self):
            return 6

        def __getitem__(self, i):
            return {"i": i, "square": float(i * i)}

    class AtOnce(Lookup):
        def __getitems__(self, indices):
            return [self[i + 100] for i in indices]

    def story(library, data):
        x, y = rows(library, 6)
        tensors = data.TensorDataset(x, y)
        together = data.StackDataset(a=tensors, b=range(6))
        loaders = [
            data.DataLoader(Stream(), batch_size=3),
            data.DataLoader(Stream(), batch_size=3, drop_last=True),
            data.DataLoader(Stream(), batch_size=None),
            data.DataLoader(Lookup(), batch_size=4, shuffle=True),
            data.DataLoader(AtOnce(), batch_size=4, shuffle=True),
            data.DataLoader(data.Subset(Lookup(), [5, 3, 1]), batch_size=2),
            data.DataLoader(tensors, batch_size=None, shuffle=True),
            data.DataLoader(tensors, batch_size=None, sampler=data.SubsetRandomSampler(range(4))),
            data.DataLoader(tensors, batch_sampler=[[0, 1, 5], [2], [-1]]),
            data.DataLoader(tensors, batch_sampler=data.BatchSampler(data.RandomSampler(tensors), 4, True)),
            data.DataLoader(tensors, batch_size=4, shuffle=True, collate_fn=lambda examples: examples[0]),
            data.DataLoader(tensors + tensors, batch_size=5, shuffle=True),
            data.DataLoader(together, batch_size=4, shuffle=True),
            data.DataLoader(data.ConcatDataset([tensors, together.datasets["a"]]), batch_size=7),
            data.DataLoader([(1, "a"), (2, "b")], batch_size=2, shuffle=True),
        ]
        return [
            (len(loader), [plain(batch) for batch in loader], [plain(batch) for batch in loader]) for loader in loaders
        ]

    same(story)


def test_workers_change_no_number():
    """PyTorch with two worker processes deals the batches that glassnet deals with none, pass after pass."""

    def story(library, data):
        tensors = data.TensorDataset(*rows(library, 23))
        fleeting = data.DataLoader(tensors, batch_size=4, shuffle=True, num_workers=2)
        lasting = data.DataLoader(tensors, batch_size=4, shuffle=True, num_workers=1, persistent_workers=True)
        return [plain(batch) for loader in (fleeting, lasting, fleeting, lasting) for batch in loader]

    same(story)


REFUSED = {
    "a batch of none": lambda data, x: data.DataLoader(x, batch_size=0),
    "shuffle and sampler": lambda data, x: data.DataLoader(x, shuffle=True, sampler=[0]),
    "batch_sampler and batch_size": lambda data, x: data.DataLoader(x, batch_size=3, batch_sampler=[[0]]),
    "batch_sampler and shuffle": lambda data, x: data.DataLoader(x, shuffle=True, batch_sampler=[[0]]),
    "drop_last without batches": lambda data, x: data.DataLoader(x, batch_size=None, drop_last=True),
    "fewer than no workers": lambda data, x: data.DataLoader(x, num_workers=-1),
    "prefetch without workers": lambda data, x: data.DataLoader(x, prefetch_factor=2),
    "lasting workers, but none": lambda data, x: data.DataLoader(x, persistent_workers=True),
    "no data to shuffle": lambda data, x: data.DataLoader([], shuffle=True),
    "no draws": lambda data, x: data.RandomSampler(x, num_samples=0),
    "weights of two axes": lambda data, x: data.WeightedRandomSampler([[1.0]], 1),
    "lengths that do not add up": lambda data, x: data.random_split(x, [1, 1]),
    "a new batch size": lambda data, x: setattr(data.DataLoader(x), "batch_size", 3),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_pytorch_refuses_with_a_value_error_glassnet_does_too(mistake):
    for _, data in BOTH:
        with pytest.raises(ValueError):
            REFUSED[mistake](data, [10, 20, 30])
