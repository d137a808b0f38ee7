"""Pieces judged one after another say what one judgement of all rows says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import DataError
from glassnet.train.evaluation import Regression, classification
from glassnet.train.multilabel import Multilabel
from glassnet.train.tally import Tally

SIZES = st.integers(1, 60)
CUTS = st.lists(st.integers(0, 60), max_size=4)
SEEDS = st.integers(0, 2**32 - 1)


def tallied(judge, cuts, n):
    """The tally of `judge(rows)` over the pieces between the cuts."""
    tally = Tally()
    for rows in np.split(np.arange(n), sorted(min(cut, n) for cut in cuts)):
        if len(rows):
            tally.add(judge(rows), lambda i, rows=rows: f"row {rows[i]}")
    return tally


def same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        if value is None or isinstance(value, list):
            assert other[name] == (value if value is None else pytest.approx(value, nan_ok=True)), name
        else:
            assert other[name] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), name


@given(SIZES, CUTS, SEEDS)
def test_classes(n, cuts, seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(n, 3)).round(1), rng.integers(0, 3, n)
    whole, tally = (
        classification(scores, labels),
        tallied(lambda rows: classification(scores[rows], labels[rows]), cuts, n),
    )
    test = tally.evaluation
    np.testing.assert_array_equal(test.confusion, whole.confusion)
    assert (test.n, test.accuracy, test.per_class) == (n, whole.accuracy, whole.per_class)
    assert test.loss == pytest.approx(whole.loss)
    worst = whole.worst(3)
    assert [tally.said[i] for i in test.worst(3)] == [f"row {i}" for i in worst]
    assert test.said.tolist() == whole.said[worst].tolist()


@given(SIZES, CUTS, SEEDS, st.integers(1, 3))
def test_heights(n, cuts, seed, outputs):
    rng = np.random.default_rng(seed)
    scale, targets = rng.uniform(0.1, 9, outputs), 1e3 + rng.normal(size=(n, outputs))
    said = targets + rng.normal(size=targets.shape).round(1)
    whole = Regression(said, targets, scale)
    tally = tallied(lambda rows: Regression(said[rows], targets[rows], scale), cuts, n)
    test = tally.evaluation
    assert test.n == n
    assert test.as_dict() == pytest.approx(whole.as_dict(), rel=1e-6, nan_ok=True)
    worst = np.argsort(-np.abs(said - targets).max(axis=1), kind="stable")[:3]
    assert tally.said == [f"row {i}" for i in worst]
    np.testing.assert_array_equal(test.targets, targets[worst])


@given(SIZES, CUTS, SEEDS)
def test_labels(n, cuts, seed):
    rng = np.random.default_rng(seed)
    scores, targets = rng.normal(size=(n, 4)), (rng.random((n, 4)) < [0.5, 0.1, 0.0, 1.0]).astype(np.float32)
    whole = Multilabel(scores, targets)
    tally = tallied(lambda rows: Multilabel(scores[rows], targets[rows]), cuts, n)
    test = tally.evaluation
    assert test.n == n
    worst = whole.worst(3)
    assert tally.said == [f"row {i}" for i in worst]
    np.testing.assert_array_equal(test.targets, targets[worst])
    same(whole.as_dict(), test.as_dict())
    assert test.there == pytest.approx(targets.mean(axis=0).tolist())


def test_nothing_at_all_is_an_error():
    with pytest.raises(DataError, match="got no rows to judge by"):
        _ = Tally().evaluation
    assert Tally().said == []
