"""Metrics by hand, at their edges, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import DataError, ShapeError, ValueRangeError
from glassnet.train import metrics

# Six examples of three classes: 0 0 1 1 1 2, taken for 0 1 1 1 2 2.
SAID, TRUE = np.array([0, 1, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 1, 2])


def test_a_table_worked_out_by_hand():
    assert metrics.confusion_matrix(SAID, TRUE).tolist() == [[1, 1, 0], [0, 2, 1], [0, 0, 1]]
    assert metrics.accuracy(SAID, TRUE) == 4 / 6
    assert metrics.precision(SAID, TRUE) == pytest.approx((1 / 1 + 2 / 3 + 1 / 2) / 3)
    assert metrics.recall(SAID, TRUE) == pytest.approx((1 / 2 + 2 / 3 + 1 / 1) / 3)
    assert metrics.f1(SAID, TRUE) == pytest.approx((2 / 3 + 4 / 6 + 2 / 3) / 3)
    assert metrics.f1(SAID, TRUE, "micro") == 4 / 6
    assert metrics.recall(SAID, TRUE, "weighted") == pytest.approx(4 / 6)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_micro_averages_are_the_accuracy(pairs):
    said, true = (np.array(column) for column in zip(*pairs, strict=True))
    right = metrics.accuracy(said, true)
    for measure in (metrics.precision, metrics.recall, metrics.f1):
        assert measure(said, true, "micro") == pytest.approx(right)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=40), st.integers(0, 100))
def test_the_area_counts_pairs(scores, seed):
    s, y = np.array(scores), np.random.default_rng(seed).integers(0, 2, len(scores))
    y[:2] = 0, 1
    above = [(a > b) + 0.5 * (a == b) for a in s[y == 1] for b in s[y == 0]]
    assert metrics.roc_auc(s, y) == pytest.approx(np.mean(above))
    assert metrics.roc_auc(-s, y) == pytest.approx(1 - np.mean(above))


def test_tensors_are_welcome():
    assert metrics.accuracy(torch.tensor([[1.0, 2.0]]), torch.tensor([1])) == 1.0
    assert metrics.mse(torch.tensor([1.0]), torch.tensor([3.0])) == 4.0


def test_logits_beyond_the_range_of_exp():
    assert metrics.log_loss(np.array([[1e5, -1e5]]), np.array([0])) == pytest.approx(0, abs=1e-9)
    assert np.isfinite(metrics.log_loss(np.array([[1e5, -1e5]]), np.array([1])))


def test_a_perfectly_calibrated_network_has_no_error():
    p = np.repeat([[0.75, 0.25]], 4, axis=0)
    assert metrics.ece(p, np.array([0, 0, 0, 1]), probabilities=True) == 0
    assert metrics.ece(p, np.array([0, 0, 0, 0]), probabilities=True) == 0.25


def test_one_output_is_a_score_of_class_1():
    scores, y = np.array([[-1.0], [2.0], [0.5]]), np.array([0, 1, 0])
    assert metrics.accuracy(scores, y) == 2 / 3
    assert metrics.accuracy(scores, y, threshold=1.0) == 1.0


@pytest.mark.parametrize("name", metrics.METRICS)
def test_every_metric_refuses_lengths_that_differ(name):
    with pytest.raises(ShapeError, match="expected equally many rows"):
        metrics.METRICS[name](np.zeros((3, 6)), np.zeros(4))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: metrics.top_k(np.zeros((2, 3)), np.zeros(2), 4),
            ValueRangeError,
            r"got k=4 of scores of shape \(2, 3\)",
        ),
        (lambda: metrics.f1(SAID, TRUE, "mean"), ValueRangeError, "expected binary, macro, micro or weighted"),
        (lambda: metrics.f1(SAID, TRUE, "binary"), ValueRangeError, "for 3 classes; expected two"),
        (lambda: metrics.roc_auc(np.zeros(3), np.ones(3)), DataError, "got a class with 3 of 3 examples"),
        (lambda: metrics.mse(np.zeros((3, 1)), np.zeros((3, 2))), ShapeError, "Try a last layer with 2 outputs"),
        (lambda: metrics.ece(np.zeros((2, 2)), np.zeros(2), bins=0), ValueRangeError, "got bins=0"),
        (lambda: metrics.named(["f2"]), ValueRangeError, "got the metric 'f2'; .* Try f1."),
    ],
)
def test_what_cannot_be_measured(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_score_at_the_threshold_is_not_above_it():
    assert metrics.predicted(np.array([-1e-9, 0.0, 1e-9])).tolist() == [0, 0, 1]
    assert metrics.predicted(np.array([[0.5], [0.6]]), threshold=0.5).tolist() == [0, 1]
