"""Parts of a data set: complete, disjoint, of the right sizes, fair to classes, with groups whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.data.split import folds, split
from glassnet.errors import DataError, ShapeError, ValueRangeError

SHARES = st.sampled_from([(0.8, 0.2), (0.7, 0.15, 0.15), (0.8, 0.1, 0.1), (0.5, 0.5), (1 / 3, 1 / 3, 1 / 3), (1.0,)])


def whole(parts, n):
    return sorted(int(i) for part in parts for i in part) == list(range(n))


@given(st.integers(20, 300), SHARES, st.integers(0, 5))
def test_every_example_is_in_one_part_of_the_right_size(n, shares, seed):
    parts = split(n, shares, seed=seed)
    assert whole(parts, n)
    assert all(abs(len(part) - n * share) < 1 for part, share in zip(parts, shares, strict=True))


@given(st.lists(st.integers(0, 3), min_size=40, max_size=300), SHARES, st.integers(0, 5))
def test_every_part_has_its_share_of_every_class(labels, shares, seed):
    y = np.array(labels)
    parts = split(len(y), shares, labels=y, seed=seed)
    assert whole(parts, len(y))
    for part, share in zip(parts, shares, strict=True):
        assert abs(len(part) - len(y) * share) < len(shares) + 1
        for label in np.unique(y):
            assert abs((y[part] == label).sum() - share * (y == label).sum()) <= 1 + 1e-6


@given(st.lists(st.integers(0, 20), min_size=60, max_size=200), st.integers(0, 5))
@settings(max_examples=50)
def test_groups_stay_together(groups, seed):
    g = np.array(groups)
    if len(np.unique(g)) < 6:
        return
    parts = split(len(g), (0.6, 0.2, 0.2), groups=g, seed=seed)
    assert whole(parts, len(g))
    owners = [set(g[part].tolist()) for part in parts]
    assert not owners[0] & owners[1]
    assert not owners[0] & owners[2]
    assert not owners[1] & owners[2]
    largest = np.bincount(g).max()
    assert all(abs(len(p) - len(g) * s) <= largest for p, s in zip(parts, (0.6, 0.2, 0.2), strict=True))


def test_the_same_seed_gives_the_same_parts_and_another_one_others():
    first, again, other = (split(50, (0.8, 0.2), seed=seed)[1].tolist() for seed in (3, 3, 4))
    assert first == again != other


def test_parts_come_in_random_order():
    part = split(100, (0.8, 0.2), labels=np.arange(100) // 50)[0]
    assert part.tolist() != sorted(part.tolist())


def test_the_default_stream_is_left_alone():
    from glassnet.core.random import get_rng_state

    before = get_rng_state().tobytes()
    split(30, (0.5, 0.5), labels=np.arange(30) % 2)
    assert get_rng_state().tobytes() == before


@given(st.integers(10, 80), st.integers(2, 5))
def test_folds_hold_everything_out_once(n, k):
    found = folds(n, k, labels=np.arange(n) % 2)
    assert whole([held for _, held in found], n)
    assert all(whole(pair, n) for pair in found)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: split(10, (0.5, 0.6)), ValueRangeError, r"got shares 0.5, 0.6; expected .* Try \(0.8, 0.1, 0.1\)"),
        (lambda: split(10, ()), ValueRangeError, "got shares none"),
        (lambda: split(2, (0.4, 0.3, 0.3)), DataError, "got 2 examples for shares 0.4, 0.3, 0.3"),
        (lambda: split(6, (0.5, 0.5), groups=[1] * 6), DataError, "got 1 groups"),
        (lambda: split(4, (0.5, 0.5), labels=[0, 1]), ShapeError, r"got labels of shape \(2,\); expected \(4,\)"),
        (lambda: folds(5, 6), ValueRangeError, "got k=6 for 5 examples; expected from 2 to 5"),
    ],
)
def test_what_cannot_be_split(call, error, message):
    with pytest.raises(error, match=message):
        call()
