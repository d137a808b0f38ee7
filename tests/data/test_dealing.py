"""Rows dealt into parts as they come: every class by its shares, and the same in every pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.dealing import Dealer
from glassnet.errors import ValueRangeError

SHARES = st.sampled_from([(0.7, 0.15, 0.15), (0.8, 0.1, 0.1), (1.0, 0.0, 0.0), (0.5, 0.5), (1 / 3, 1 / 3, 1 / 3)])
CODES = st.lists(st.integers(-1, 3), max_size=300).map(np.array)


def dealt(shares, codes, cuts=(), seed=0):
    dealer = Dealer(shares, seed)
    pieces = np.split(codes.astype(int), sorted(cuts))
    return np.concatenate([dealer.deal("abcd", piece) for piece in pieces])


@given(SHARES, CODES, st.lists(st.integers(0, 300), max_size=5), st.integers(0, 3))
def test_how_the_rows_come_in_pieces_makes_no_difference(shares, codes, cuts, seed):
    cuts = [min(cut, len(codes)) for cut in cuts]
    np.testing.assert_array_equal(dealt(shares, codes, cuts, seed), dealt(shares, codes, (), seed))


@given(SHARES, CODES, st.integers(0, 3))
def test_every_class_has_its_shares(shares, codes, seed):
    parts = dealt(shares, codes, seed=seed)
    assert set(parts.tolist()) <= set(range(len(shares)))
    hand = next(
        n for n in (10, 20, 1000) if np.allclose(np.array(shares) * n, np.round(np.array(shares) * n)) or n > 99
    )
    for code in set(codes.tolist()):
        own = parts[codes == code]
        counts, wanted = np.bincount(own, minlength=len(shares)), np.array(shares) * len(own)
        most = 1 if len(own) <= hand else hand  # behind or ahead
        assert (np.abs(counts - wanted) <= most).all()
        assert (counts[np.array(shares) == 0] == 0).all()


@given(st.integers(1, 200), st.integers(0, 5))
def test_a_class_does_not_feel_the_others(n, seed):
    alone = dealt((0.7, 0.15, 0.15), np.full(n, 2), seed=seed)
    among = dealt((0.7, 0.15, 0.15), np.tile([0, 2, -1], n), seed=seed)[1::3]
    np.testing.assert_array_equal(alone, among)


def test_rows_are_not_dealt_in_turns():
    """After the first hand there is no pattern that a file with a rhythm of its own could fall in with."""
    parts = dealt((0.7, 0.15, 0.15), np.zeros(20_000))[20:].reshape(-1, 20)
    assert (np.abs((parts == 0).mean(axis=0) - 0.7) < 0.05).all()
    assert len(np.unique(parts, axis=0)) > 900


def test_few_rows_are_learnt_from_first():
    assert dealt((0.7, 0.15, 0.15), np.arange(4)).tolist() == [0, 0, 0, 0]


def test_more_classes_than_are_kept_apart_still_have_their_shares():
    names = [f"{i}" for i in range(5000)]
    parts = Dealer((0.5, 0.5)).deal(names, np.arange(5000).repeat(2))
    assert np.bincount(parts).tolist() == [5000, 5000]


def test_shares_must_add_up():
    with pytest.raises(ValueRangeError, match="expected shares from 0 to 1 that add up to 1"):
        Dealer((0.7, 0.7))
