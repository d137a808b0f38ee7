"""Judging a network: the confusion matrix and its relatives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from glassnet import nn
from glassnet.errors import ValueRangeError
from glassnet.files import strict_json
from glassnet.train.evaluation import Classification, Regression, classification, evaluate, outputs_of, softmax
from glassnet.train.preparation import Preparation

PLAIN = Preparation((2,), np.float32(1), np.float32(0))


@st.composite
def judged(draw):
    n, classes = draw(st.integers(1, 40)), draw(st.integers(1, 6))
    scores = draw(arrays(np.float64, (n, classes), elements=st.floats(-20, 20)))
    labels = draw(arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    return scores, labels, classification(scores, labels)


@given(judged())
def test_the_confusion_matrix_counts_every_example_once(case):
    scores, labels, test = case
    counted = np.zeros_like(test.confusion)
    for said, label in zip(scores.argmax(axis=1), labels, strict=True):
        counted[label, said] += 1
    np.testing.assert_array_equal(test.confusion, counted)
    assert test.confusion.sum() == len(labels) == test.n


@given(judged())
def test_accuracy_overall_is_the_weighted_mean_over_the_classes(case):
    scores, labels, test = case
    assert test.accuracy == pytest.approx(np.mean(scores.argmax(axis=1) == labels))
    weighted = sum(share * (labels == i).sum() for i, share in enumerate(test.per_class) if share is not None)
    assert weighted / test.n == pytest.approx(test.accuracy)
    assert all((share is None) == (not (labels == i).any()) for i, share in enumerate(test.per_class))


@given(judged(), st.integers(0, 50))
def test_the_worst_mistakes_are_mistakes_and_the_surest_come_first(case, count):
    scores, labels, test = case
    worst = test.worst(count)
    sure = [test.probabilities[i].max() for i in worst]
    assert all(scores[i].argmax() != labels[i] for i in worst)
    assert sure == sorted(sure, reverse=True)
    assert len(worst) == min(count, test.n - np.trace(test.confusion))


@given(arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4)))
def test_probabilities_add_up_to_one_however_large_the_scores(scores):
    p = softmax(scores)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert ((p >= 0) & (p <= 1)).all()


def test_loss_is_the_mean_of_minus_log_probability():
    test = classification(np.array([[0.0, 0.0], [math.log(3), 0.0]]), np.array([0, 1]))
    assert test.loss == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_a_sure_mistake_costs_much_but_not_infinitely_much():
    assert 600 < classification(np.array([[0.0, 1e6]]), np.array([0])).loss < 1000


def test_a_perfect_and_a_hopeless_regression():
    y = np.array([[1.0], [2.0], [6.0]], np.float32)
    assert (Regression(y, y).r2, Regression(y, y).rmse) == (1.0, 0.0)
    mean = np.full_like(y, 3.0)
    assert Regression(mean, y).r2 == pytest.approx(0)
    assert Regression(mean, y).rmse == pytest.approx(math.sqrt((4 + 1 + 9) / 3))
    assert (Regression(y, y).mae, Regression(mean, y).mae) == (0.0, pytest.approx((2 + 1 + 3) / 3))
    assert Regression(mean, y).as_dict() == {
        "test_loss": pytest.approx(14 / 3), "test_rmse": pytest.approx(math.sqrt(14 / 3)), "test_mae": pytest.approx(2),
        "test_r2": pytest.approx(0),
    }  # fmt: skip


def test_a_target_that_never_changes_has_no_r2():
    y = np.ones((3, 1), np.float32)
    assert math.isnan(Regression(y, y).r2)


@pytest.mark.parametrize("test", [classification(np.eye(3), np.arange(3)), Regression(np.eye(2), np.eye(2) + 1)])
def test_figures_can_be_written_down(test):
    figures = strict_json.loads(strict_json.dumps(test.as_dict()))
    assert set(figures) >= {"test_loss"}
    assert {key.removeprefix("test_") for key in figures} == set(test.as_dict(""))


def test_the_network_is_asked_in_evaluation_mode_and_left_as_it_was():
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.9))
    x = np.random.default_rng(0).normal(size=(2500, 2)).astype(np.float32)
    outputs = outputs_of(model, PLAIN, x)
    np.testing.assert_allclose(outputs, x @ model[0].weight.array.T + model[0].bias.array, rtol=1e-5, atol=1e-6)
    assert model.training
    assert model[1].training


def test_an_output_that_is_not_a_number_is_not_taken_for_class_0():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].weight.array[...] = np.nan
    with pytest.raises(ValueRangeError, match="for example 0; expected finite numbers"):
        evaluate(model, PLAIN, np.ones((3, 2), np.float32), np.zeros(3, np.int64))


def test_the_kind_of_target_decides_how_it_is_judged():
    model, x = nn.Sequential(nn.Linear(2, 1)), np.ones((3, 2), np.float32)
    assert isinstance(evaluate(model, PLAIN, x, np.zeros(3, np.int64)), Classification)
    assert isinstance(evaluate(model, PLAIN, x, np.zeros((3, 1), np.float32)), Regression)
