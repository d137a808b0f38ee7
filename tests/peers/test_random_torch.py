"""Every draw against live PyTorch: the same numbers, and the same state afterwards."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.core import random
from glassnet.core.random import Generator

pytestmark = pytest.mark.peers

# PyTorch's float32 normals depend on the processor: elsewhere the C library computes them, a rounding or two apart.
VECTORISED = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")

seeds = st.integers(-(2**63), 2**64 - 1)
sizes = st.one_of(st.integers(0, 40), st.sampled_from([623, 624, 625, 1000, 5003]))
dtypes = st.sampled_from(["float32", "float64"])
reals = st.floats(-1e3, 1e3).filter(lambda v: v == 0 or abs(v) > 1e-30)
chances = st.floats(0, 1)


def empty(n, dtype):
    return torch.empty(n, dtype=getattr(torch, dtype))


def spread(values):
    """Weights between 0 and 1 that differ."""
    return np.modf(np.arange(1, values + 1) * 0.6180339887)[0]


def multinomial(rows, categories, n, replacement, dtype):
    weights = spread(rows * categories).astype(dtype).reshape(rows, categories)
    n = min(n, categories)
    return (
        lambda: torch.multinomial(torch.from_numpy(weights), n, replacement),
        lambda: random.multinomial(weights, n, replacement),
    )


# How to draw a few values with each of the two, from arguments that hypothesis chooses.
DRAWS = {
    "uniform": st.builds(
        lambda n, low, width, dtype: (
            lambda: empty(n, dtype).uniform_(low, low + width),
            lambda: random.uniform(n, low, low + width, dtype),
        ),
        sizes, reals, reals.map(abs), dtypes,
    ),
    "rand": st.builds(lambda n: (lambda: torch.rand(n), lambda: random.uniform(n)), sizes),
    "normal": st.builds(
        lambda n, mean, std, dtype: (
            lambda: empty(n, dtype).normal_(mean, std),
            lambda: random.normal(n, mean, std, dtype),
        ),
        sizes, reals, reals.map(abs), dtypes,
    ),
    "randn": st.builds(lambda n: (lambda: torch.randn(n), lambda: random.normal(n)), sizes),
    "exponential": st.builds(
        lambda n, rate, dtype: (
            lambda: empty(n, dtype).exponential_(rate),
            lambda: random.exponential(n, rate, dtype),
        ),
        sizes, st.floats(1e-3, 1e3), dtypes,
    ),
    "bernoulli": st.builds(
        lambda n, p, dtype: (lambda: empty(n, dtype).bernoulli_(p), lambda: random.bernoulli(n, p, dtype)),
        sizes, chances, dtypes,
    ),
    "bernoulli of chances": st.builds(
        lambda n, dtype: (
            lambda: torch.bernoulli(torch.from_numpy(spread(n).astype(dtype))),
            lambda: random.bernoulli(n, spread(n).astype(dtype), dtype),
        ),
        sizes, dtypes,
    ),
    "randint": st.builds(
        lambda n, low, bits: (
            lambda: torch.randint(low, low + 2**bits + 1, (n,)),
            lambda: random.randint(low, low + 2**bits + 1, n),
        ),
        sizes, st.integers(-(2**62), 2**61), st.integers(0, 61),
    ),
    "random_": st.builds(
        lambda n, dtype: (lambda: torch.from_numpy(np.empty(n, dtype)).random_(), lambda: random.integers(n, dtype)),
        sizes, st.sampled_from(["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"]),
    ),
    "randperm": st.builds(lambda n: (lambda: torch.randperm(n), lambda: random.permutation(n)), sizes),
    "multinomial": st.builds(
        multinomial, st.integers(1, 5), st.integers(1, 30), st.integers(1, 9), st.booleans(), dtypes
    ),
}  # fmt: skip


def compare(name, theirs, ours):
    assert (ours.dtype, ours.shape) == (theirs.numpy().dtype, tuple(theirs.shape)), name
    if VECTORISED:
        assert ours.tolist() == theirs.tolist(), name
    else:
        scale = float(theirs.double().abs().max()) if theirs.numel() else 1.0
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=2e-6, atol=2e-6 * scale)


def start_both(seed):
    torch.manual_seed(seed)
    random.manual_seed(seed)


@pytest.fixture(autouse=True)
def _streams_as_they_were():
    with torch.random.fork_rng(), random.fork_rng():
        yield


@pytest.mark.parametrize("name", DRAWS)
@settings(max_examples=60, deadline=None)
@given(st.data(), seeds)
def test_one_draw(name, data, seed):
    theirs, ours = data.draw(DRAWS[name])
    start_both(seed)
    compare(name, theirs(), ours())
    assert (random.get_rng_state() == torch.get_rng_state().numpy()).all()


@settings(max_examples=60, deadline=None)
@given(seeds, st.lists(st.sampled_from(sorted(DRAWS)).flatmap(lambda name: st.tuples(st.just(name), DRAWS[name]))))
def test_a_program_of_draws(seed, program):
    start_both(seed)
    for name, (theirs, ours) in program:
        compare(name, theirs(), ours())
    assert (random.get_rng_state() == torch.get_rng_state().numpy()).all()


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(0, 1300), st.integers(0, 3))
def test_states_pass_from_one_to_the_other(seed, skipped, odd):
    torch.manual_seed(seed)
    torch.rand(skipped)
    torch.randn(odd)
    random.set_rng_state(torch.get_rng_state().numpy())
    compare("randn", torch.randn(7), random.normal(7))
    random.uniform(skipped)
    torch.set_rng_state(torch.from_numpy(random.get_rng_state()))
    compare("randn", torch.randn(7), random.normal(7))
    assert torch.initial_seed() == random.initial_seed()


@pytest.mark.parametrize("n", [60000, 65536, 65537, 200_003])
def test_long_permutations(n):
    start_both(n)
    assert (random.permutation(n) == torch.randperm(n).numpy()).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_draws(dtype):
    start_both(1)
    compare("uniform", empty(300_007, dtype).uniform_(-0.03, 0.05), random.uniform(300_007, -0.03, 0.05, dtype))
    compare("normal", empty(100_007, dtype).normal_(0.01, 0.3), random.normal(100_007, 0.01, 0.3, dtype))


LAYOUTS = {
    "rows": lambda: torch.rand(20, 50),
    "transposed": lambda: torch.rand(20, 50).t(),
    "permuted": lambda: torch.rand(4, 5, 6).permute(1, 2, 0),
    "every other column": lambda: torch.rand(20, 50)[:, ::2],
    "part of a transposed": lambda: torch.rand(20, 50).t()[::2],
    "one number": lambda: torch.rand(()),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_dropout(layout, dtype, p, requires_grad):
    x = (LAYOUTS[layout]() + 0.1).to(getattr(torch, dtype)).requires_grad_(requires_grad)
    start_both(3)
    theirs = torch.nn.functional.dropout(x, p).detach()
    array = x.detach().numpy()
    mask = random.bernoulli(array.shape, 1 - p, dtype, out=np.empty_like(array))
    compare("dropout", theirs, array * (mask * (array.dtype.type(1) / array.dtype.type(1 - p))))
    assert (random.get_rng_state() == torch.get_rng_state().numpy()).all()


BOUNDS = [{}, {"a": -0.5, "b": 0.5}, {"mean": 1, "std": 0.3, "a": -1, "b": 1}, {"std": 0.02}, {"a": 2.0, "b": 3.0}]


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [3, 50, 1000])
def test_truncated_normals(bounds, dtype, n):
    start_both(n)
    theirs = torch.nn.init.trunc_normal_(empty(n, dtype), **bounds)
    ours = random.trunc_normal(n, dtype=dtype, **bounds)
    if VECTORISED or dtype == "float64":
        compare("trunc_normal", theirs, ours)
        assert (random.get_rng_state() == torch.get_rng_state().numpy()).all()
    else:  # a rounding can put a number on the other side of a bound, and only that number is drawn again
        assert np.isclose(theirs.numpy(), ours, rtol=1e-5, atol=1e-6).mean() > 0.99


def test_a_generator_of_ones_own():
    theirs, ours = torch.Generator(), Generator()
    assert (ours.get_state() == theirs.get_state().numpy()).all()
    assert ours.manual_seed(5) is ours
    theirs.manual_seed(5)
    compare("rand", torch.rand(5, generator=theirs), random.uniform(5, generator=ours))
    compare("randn", torch.randn(5, generator=theirs), random.normal(5, generator=ours))
    assert (ours.get_state() == theirs.get_state().numpy()).all()
    assert random.random_int64(ours) == torch.empty((), dtype=torch.int64).random_(generator=theirs).item()


@pytest.mark.parametrize("seed", [-1, -(2**63), 2**64 - 1, 2**32, True, 3.0, 3.7])
def test_seeds(seed):
    torch.manual_seed(seed)
    random.manual_seed(seed)
    assert random.initial_seed() == torch.initial_seed()
    assert (random.get_rng_state() == torch.get_rng_state().numpy()).all()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seeds_that_both_refuse(seed):
    for module in (torch, random):
        with pytest.raises(ValueError):
            module.manual_seed(seed)
