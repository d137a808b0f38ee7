"""PyTorch's streams: its golden numbers, and what must hold for any seed."""

import copy
import json
import math
import pathlib
import pickle
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.core import random
from glassnet.core.random import Generator
from glassnet.errors import DTypeError, GlassnetError, NotSupportedError, ShapeError, ValueRangeError

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "random.json").read_text(encoding="utf-8"))

seeds = st.integers(-(2**63), 2**64 - 1)
lengths = st.integers(0, 700)  # the engine turns over every 624 words


def started(seed):
    return Generator().manual_seed(seed)


# ---- PyTorch's own numbers ------------------------------------------------------------------------------------------


def draw(name, arguments, generator):
    if name == "multinomial":
        arguments = {**arguments, "probs": np.array(arguments["probs"])}
    return getattr(random, name)(**arguments, generator=generator)


def exact(name, arguments):
    """Whether the numbers come without the C library's logarithm and sine, which differ between systems."""
    few = math.prod(arguments.get("shape", [0])) < 16
    if name in ("normal", "trunc_normal"):
        return arguments["dtype"] == "float32" and not few
    return name != "exponential"


@pytest.mark.parametrize("stream", GOLDEN["streams"], ids=lambda stream: str(stream["seed"]))
def test_a_program_of_every_draw_gives_pytorchs_numbers(stream):
    generator = started(stream["seed"])
    for (name, arguments), wanted in zip(GOLDEN["program"], stream["values"], strict=True):
        got = draw(name, arguments, generator)
        if exact(name, arguments):
            assert got.tolist() == wanted, (name, arguments)
        else:
            np.testing.assert_allclose(got, wanted, rtol=2e-7 if got.dtype == np.float32 else 1e-14)
    assert zlib.crc32(generator.state_bytes().tobytes()) == stream["state_crc32"]


@pytest.mark.parametrize("case", GOLDEN["long"])
def test_long_draws_have_pytorchs_checksums(case):
    generator = started(5)
    values = {
        "permutation 70000": lambda: random.permutation(70000, generator),
        "uniform 10007": lambda: random.uniform(10007, -0.1, 0.3, generator=generator),
        "normal 10007": lambda: random.normal(10007, generator=generator),
    }
    draws = {name: zlib.crc32(values[name]().tobytes()) for name in GOLDEN["long"]}  # in the order they were made
    assert draws[case] == GOLDEN["long"][case]


# ---- the stream -----------------------------------------------------------------------------------------------------


def loop_of_words(seed, n):
    """The Mersenne Twister straight from its definition."""
    x = [seed & 0xFFFFFFFF]
    for i in range(1, 624):
        x.append((1812433253 * (x[-1] ^ x[-1] >> 30) + i) & 0xFFFFFFFF)
    for k in range(n):
        y = (x[k] & 0x80000000) | (x[k + 1] & 0x7FFFFFFF)
        x.append(x[k + 397] ^ y >> 1 ^ (0x9908B0DF if y & 1 else 0))
    for y in x[624:]:
        y ^= y >> 11
        y ^= y << 7 & 0x9D2C5680
        y ^= y << 15 & 0xEFC60000
        yield y ^ y >> 18


@settings(max_examples=10)
@given(seeds)
def test_words_are_the_mersenne_twisters(seed):
    assert started(seed).words(1300).tolist() == list(loop_of_words(seed, 1300))


@given(seeds, lengths)
def test_a_long_word_is_two_words_the_first_on_top(seed, n):
    words = started(seed).words(2 * n).astype(np.uint64)
    assert (started(seed).long_words(n) == (words[::2] << np.uint64(32) | words[1::2])).all()


@given(seeds, lengths, lengths)
def test_two_draws_make_one(seed, n, m):
    whole, parts = started(seed), started(seed)
    together = random.uniform(n + m, generator=whole)
    apart = np.concatenate([random.uniform(n, generator=parts), random.uniform(m, generator=parts)])
    assert (together == apart).all()
    assert (whole.state_bytes() == parts.state_bytes()).all()


CONSUMPTION = [
    (1, lambda g, n: random.uniform(n, generator=g)),
    (2, lambda g, n: random.uniform(n, dtype=np.float64, generator=g)),
    (2, lambda g, n: random.bernoulli(n, 0.5, generator=g)),
    (1, lambda g, n: random.bernoulli(n, np.full(n, 0.5, np.float32), generator=g)),
    (2, lambda g, n: random.bernoulli(n, np.full(n, 0.5), generator=g)),
    (2, lambda g, n: random.exponential(n, generator=g)),
    (1, lambda g, n: random.randint(0, 2**28 - 1, n, g)),
    (2, lambda g, n: random.randint(0, 2**28, n, g)),
    (1, lambda g, n: random.permutation(n + 1, g)),
    (16, lambda g, n: random.normal(16 * n, generator=g)),
    (32, lambda g, n: random.normal(16 * n, dtype=np.float64, generator=g)),
    (2, lambda g, n: random.multinomial(np.ones(3), n, True, g)),
    (2, lambda g, n: random.multinomial(np.ones(n), 1, True, g)),
    (2, lambda g, n: random.multinomial(np.ones(n), n, False, g)),
    (1, lambda g, n: random.integers(n, np.int32, g)),
    (2, lambda g, n: random.integers(n, np.int64, g)),
]


@pytest.mark.parametrize("row", range(len(CONSUMPTION)))
@given(st.integers(2, 40))
def test_words_per_value(row, n):
    per_value, take = CONSUMPTION[row]
    drawn, counted = started(3), started(3)
    take(drawn, n)
    counted.words(n * per_value)
    assert drawn.words(4).tolist() == counted.words(4).tolist()


@given(seeds, st.lists(st.integers(0, 40), max_size=5))
def test_a_state_brings_back_all_that_follows(seed, draws):
    generator = started(seed)
    for n in draws:
        random.normal(n, generator=generator)
    state = generator.get_state()
    twins = [
        Generator().set_state(state),
        generator.clone_state(),
        copy.deepcopy(generator),
        pickle.loads(pickle.dumps(generator)),
    ]
    wanted = [random.normal(3, generator=generator), random.uniform(700, generator=generator)]
    for twin in twins:
        assert twin.initial_seed() == seed % 2**64
        assert (random.normal(3, generator=twin) == wanted[0]).all()
        assert (random.uniform(700, generator=twin) == wanted[1]).all()


def test_the_second_of_a_pair_waits():
    together, apart = started(0), started(0)
    six = random.normal(6, generator=together)
    pieces = [random.normal(n, generator=apart) for n in (1, 0, 2, 3)]
    assert (np.concatenate(pieces) == six).all()
    random.normal(1, generator=apart)
    apart.manual_seed(0)  # and seeding forgets it
    assert random.normal(1, generator=apart) == six[0]


def test_blocks_leave_the_waiting_number_alone():
    generator, plain = started(0), started(0)
    pair = random.normal(2, generator=plain)
    first = random.normal(1, generator=generator)
    random.normal(32, generator=generator)
    assert [first[0], random.normal(1, generator=generator)[0]] == pair.tolist()


def test_a_last_uneven_block_is_drawn_again():
    """Of 20 numbers the last 16 come from a block of their own: words 20 to 35."""
    first, second = started(1), started(1)
    values = random.normal(20, generator=first)
    assert (values[:4] == random.normal(16, generator=second)[:4]).all()
    second.words(4)
    assert (values[4:] == random.normal(16, generator=second)).all()


@given(seeds)
def test_negative_seeds_wrap(seed):
    assert started(seed).initial_seed() == seed % 2**64
    assert (started(seed).words(3) == started(seed % 2**64).words(3)).all()


def test_the_default_stream():
    with random.fork_rng():
        assert random.manual_seed(7) is random.default_generator
        assert random.initial_seed() == 7
        state = random.get_rng_state()
        first = random.uniform(5)
        with pytest.raises(ShapeError), random.fork_rng():  # an error, too, leaves the stream as it was
            random.uniform((random.uniform(1).size, -1))
        second = random.uniform(5)
        random.set_rng_state(state)
        assert (random.uniform(10) == np.concatenate([first, second])).all()
        with random.fork_rng(enabled=False):
            random.manual_seed(8)
        assert random.initial_seed() == 8
        assert random.seed() == random.initial_seed() != random.seed()
        assert random.manual_seed(3.0).initial_seed() == 3


def test_a_generator_that_nobody_seeded_starts_where_pytorchs_does():
    assert Generator().initial_seed() == Generator("cpu").initial_seed() == 67280421310721
    assert repr(Generator()) == "Generator(seed=67280421310721)"


def test_nothing_imports_numpy_random_before_the_first_draw():
    code = "import sys, glassnet.core.random as r; r.manual_seed(0); sys.exit('numpy.random' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- uniform, bernoulli, whole numbers ------------------------------------------------------------------------------


@given(seeds, st.floats(-1e6, 1e6, width=32), st.floats(0, 1e6, width=32), st.sampled_from([np.float32, np.float64]))
def test_uniform_stays_below_high(seed, low, width, dtype):
    low, high = dtype(low), dtype(low) + dtype(width)
    y = random.uniform(100, low, high, dtype, started(seed))
    assert y.dtype == dtype
    assert (y >= low).all()
    assert (y < high).all() or low == high


def test_rounding_up_to_high_gives_low():
    """Between 1 and the next float32 there is nothing: half of the numbers round up, and must not stay there."""
    assert (random.uniform(50, 1, np.nextafter(np.float32(1), 2), generator=started(0)) == 1).all()


@given(seeds, st.floats(0, 1))
def test_bernoulli_compares_53_bits(seed, p):
    fractions = random.uniform(50, dtype=np.float64, generator=started(seed))
    for dtype in (np.float32, np.float64, np.int64, np.bool):
        y = random.bernoulli(50, p, dtype, started(seed))
        assert y.dtype == dtype
        assert ((y != 0) == (fractions < p)).all()
    assert (random.bernoulli(50, np.full(50, p), generator=started(seed)) == (fractions < p)).all()


def test_bernoulli_of_single_precision_chances_compares_24_bits():
    p = np.linspace(0, 1, 500, dtype=np.float32).reshape(5, 100)
    fractions = random.uniform(p.shape, generator=started(2))
    assert (random.bernoulli(p.shape, p, generator=started(2)) == (fractions < p)).all()


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (2, 1, 0), (1, 0, 2)])
def test_a_mask_is_drawn_in_the_order_of_its_memory(axes):
    stored = np.empty((3, 4, 5), np.float32)
    mask = random.bernoulli((), 0.5, out=stored.transpose(axes), generator=started(4))
    assert mask.base is stored
    assert (stored == random.bernoulli((3, 4, 5), 0.5, generator=started(4))).all()


@given(seeds, st.integers(-(2**63), 2**63 - 2), st.data())
def test_whole_numbers_are_words_modulo_the_range(seed, low, data):
    high = data.draw(st.integers(low + 1, min(2**63 - 1, low + 2 ** data.draw(st.integers(0, 64)))))
    source = started(seed)
    words = source.words(20) if high - low < 2**28 else source.long_words(20)
    got = random.randint(low, high, (4, 5), started(seed))
    assert got.dtype == np.int64
    wrapped = [(low + word % (high - low) + 2**63) % 2**64 - 2**63 for word in words.tolist()]
    assert got.ravel().tolist() == wrapped


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"])
def test_the_whole_range_of_a_dtype(dtype):
    y = random.integers(4000, dtype, started(0))
    top = {"b": 1, "f": 2 ** (np.finfo(dtype).nmant + 1) if dtype[0] == "f" else 0}.get(
        y.dtype.kind, np.iinfo(dtype).max if dtype[0] in "ui" else 0
    )
    assert y.dtype == dtype
    assert y.min() >= 0
    assert 0.99 * top <= float(y.max()) <= top


def test_the_seed_of_an_epoch():
    upper, lower = started(5).words(2).tolist()
    assert random.random_int64(started(5)) == ((upper << 32) + lower) % 2**63


# ---- permutations ---------------------------------------------------------------------------------------------------


def swapped_one_by_one(partner):
    items = list(range(len(partner)))
    for i, j in enumerate(partner):
        items[i], items[j] = items[j], items[i]
    return items


@given(st.lists(st.integers(0, 10**6), max_size=60), st.integers(1, 60))
def test_swaps_all_at_once_are_swaps_one_by_one(numbers, narrow):
    """Any partners do, crowded ones too: few slots chosen again and again make long chains."""
    n = len(numbers)
    partner = [min(n - 1, i + number % min(n - i, narrow)) for i, number in enumerate(numbers)]
    assert random._after_swaps(np.array(partner, np.int64)).tolist() == swapped_one_by_one(partner)


@pytest.mark.parametrize("n", [65535, 65536, 65537, 131100])
def test_swaps_with_more_slots_than_16_bits_can_name(n):
    partner = np.arange(n) + started(1).words(n) % np.arange(n, 0, -1, dtype=np.uint32)
    assert random._after_swaps(partner).tolist() == swapped_one_by_one(partner.tolist())


@given(seeds, lengths)
def test_a_permutation_has_every_item_once(seed, n):
    assert sorted(random.permutation(n, started(seed)).tolist()) == list(range(n))


def test_the_rule_for_very_many_items(monkeypatch):
    monkeypatch.setattr(random, "MANY", 30)
    words = started(6).long_words(40).tolist()
    items = list(range(40))
    for i, word in enumerate(words):
        z = word % (i + 1)
        items[i] = items[z]
        items[z] = i
    assert random.permutation(40, started(6)).tolist() == items


# ---- the other distributions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments(dtype):
    n, g = 20000, started(11)
    for y, mean, std in [
        (random.normal(n, 3.0, 2.0, dtype, g), 3.0, 2.0),
        (random.exponential(n, 4.0, dtype, g), 0.25, 0.25),
        (random.uniform(n, -1.0, 5.0, dtype, g), 2.0, math.sqrt(3)),
        (random.bernoulli(n, 0.2, dtype, g), 0.2, 0.4),
        (random.trunc_normal(n, 0.0, 1.0, -1.0, 1.0, dtype, g), 0.0, 0.5396),
        (random.trunc_normal(n, 0.0, 1.0, 1.0, 2.0, dtype, g), 1.3831, 0.2759),
    ]:
        assert y.dtype == dtype
        assert abs(y.mean() - mean) < 5 * std / math.sqrt(n)
        assert abs(y.std() / std - 1) < 0.06


@settings(max_examples=40)
@given(seeds, st.floats(-3, 3), st.floats(0.1, 2), st.floats(-2, 2), st.floats(0.05, 2))
@pytest.mark.filterwarnings("ignore:trunc_normal")
def test_truncated_numbers_lie_between_the_bounds(seed, mean, std, a, width):
    mean = min(max(mean, a - 3 * std), a + width + 3 * std)
    y = random.trunc_normal((3, 4), mean, std, a, a + width, generator=started(seed))
    assert (y >= np.float32(a)).all()
    assert (y <= np.float32(a + width)).all()


def test_bounds_far_from_the_mean_draw_a_warning():
    with pytest.warns(UserWarning, match="mean=9 is more than 2 std"):
        random.trunc_normal(2, 9, 1.0, -2.0, 2.0, generator=started(0))


@given(seeds, st.integers(2, 30), st.data())
def test_choices_without_replacement_differ(seed, categories, data):
    n = data.draw(st.integers(1, categories))
    picks = random.multinomial(np.ones((2, categories)), n, generator=started(seed))
    assert picks.shape == (2, n)
    assert all(len(set(row)) == n for row in picks.tolist())


@given(seeds, st.lists(st.integers(0, 3), min_size=1, max_size=20).filter(any), st.booleans())
def test_a_weight_of_zero_is_not_chosen_while_others_are_left(seed, weights, replacement):
    weights = np.float32(weights)
    n = 12 if replacement else int((weights > 0).sum())
    assert (weights[random.multinomial(weights, n, replacement, started(seed))] > 0).all()


@pytest.mark.parametrize("replacement", [False, True])
def test_choices_come_in_proportion(replacement):
    weights, g = np.array([1.0, 2.0, 5.0]), started(2)
    picks = random.multinomial(np.tile(weights, (4000, 1)), 2, replacement, g)[:, 0]
    shares = np.bincount(picks, minlength=3) / 4000
    np.testing.assert_allclose(shares, weights / 8, atol=0.03)


# ---- wrong arguments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Generator("cuda"), NotSupportedError, "got device='cuda'; expected 'cpu'"),
        (lambda: started("a"), DTypeError, "got 'a' of type str"),
        (lambda: random.manual_seed(None), DTypeError, "got None of type NoneType"),
        (lambda: started(2**64), ValueRangeError, r"got 18446744073709551616; .*manual_seed\(0\)"),
        (lambda: started(-(2**63) - 1), ValueRangeError, r"expected -2\*\*63 to 2\*\*64 - 1"),
        (lambda: Generator().set_state(np.zeros(5056)), DTypeError, "got 5056 numbers of float64"),
        (lambda: Generator().set_state(np.zeros(7, np.uint8)), DTypeError, "got 7 numbers of uint8; expected 5056"),
        (lambda: Generator().set_state(np.zeros(5056, np.uint8)), ValueRangeError, "got left=0, next=0"),
        (lambda: random.uniform((2, -1)), ShapeError, r"uniform: got shape \(2, -1\)"),
        (lambda: random.uniform(2, 1, 0), ValueRangeError, "got low=1, high=0; .*. Try low=0, high=1"),
        (lambda: random.uniform(2, 0, 1e300), ValueRangeError, "expected bounds and a width up to 3.40282e"),
        (lambda: random.uniform(2, 1e39, 1e39), ValueRangeError, "got 1e\\+39 to 1e\\+39"),
        (lambda: random.uniform(2, dtype=np.float16), DTypeError, "uniform: got float16"),
        (lambda: random.normal(2, 0, -1), ValueRangeError, "got std=-1; expected 0 or more. Try std=1"),
        (lambda: random.exponential(2, 0), ValueRangeError, "got rate=0; expected more than 0"),
        (lambda: random.bernoulli(2, 1.5), ValueRangeError, "got p=1.5; expected 0 to 1"),
        (lambda: random.bernoulli(2, math.nan), ValueRangeError, "got p=nan"),
        (lambda: random.bernoulli(2, np.array([0.5, -1])), ValueRangeError, r"got \[-1.\] in p"),
        (lambda: random.bernoulli(1, np.array([1])), DTypeError, "bernoulli: got int64"),
        (lambda: random.randint(3, 3, 2), ValueRangeError, "got low=3, high=3; expected low < high. Try high=4"),
        (lambda: random.randint(0, 2**63, 2), ValueRangeError, "expected int64"),
        (lambda: random.permutation(-1), ValueRangeError, r"got n=-1; expected 0 or more. Try permutation\(1\)"),
        (lambda: random.multinomial(np.ones((2, 2, 2)), 1), ShapeError, r"got weights of shape \(2, 2, 2\)"),
        (lambda: random.multinomial(np.array([1, 2]), 1), DTypeError, "multinomial: got int64"),
        (lambda: random.multinomial(np.array([1.0, -2]), 1), ValueRangeError, "negative, infinite or NaN"),
        (lambda: random.multinomial(np.array([1.0, math.inf]), 1, True), ValueRangeError, "negative, infinite or NaN"),
        (lambda: random.multinomial(np.zeros(3), 1), ValueRangeError, "all 0"),
        (lambda: random.multinomial(np.ones(3), 4), ValueRangeError, "got n=4 with replacement=False; expected 1 to 3"),
        (lambda: random.multinomial(np.ones(3), 0), ValueRangeError, "got n=0"),
        (lambda: random.trunc_normal(2, std=0), ValueRangeError, "got std=0"),
        (lambda: random.trunc_normal(2, a=1, b=0), ValueRangeError, "got a=1, b=0; expected a <= b. Try a=0, b=1"),
    ],
)
def test_wrong_arguments_are_explained(call, error, message):
    with random.fork_rng():
        before = random.get_rng_state()
        with pytest.raises(error, match=message) as caught:
            call()
        assert isinstance(caught.value, GlassnetError)
        assert ". Try " in str(caught.value)
        assert (random.get_rng_state() == before).all()  # a refused draw takes no word
