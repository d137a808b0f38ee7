"""Every figure that is told comes out of its formula, and is the figure of the report."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet import nn
from glassnet.errors import ValueRangeError
from glassnet.read.formula import evaluate
from glassnet.train.evaluation import Regression, classification
from glassnet.train.multilabel import Multilabel
from glassnet.train.stories.counts import tell_parameters
from glassnet.train.stories.scores import SCORES, scores_of, tell_score


def judged(seed, n, classes):
    rng = np.random.default_rng(seed)
    return classification(rng.normal(size=(n, classes)) * 3, rng.integers(0, classes, n))


def last(document):
    return float(document.steps[-1].result)


def check(document):
    for line in document.equations():
        assert float(evaluate(line.formula)) == pytest.approx(float(line.value), rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 40), st.integers(2, 25), st.integers(1, 8))
def test_figures_of_classes(seed, n, classes, most):
    test = judged(seed, n, classes)
    names = [f"c{i}" for i in range(classes)]
    right = test.said == test.labels
    for name, value in (("accuracy", right.mean()), ("loss", test.loss)):
        document = tell_score(name, test, names, most=most)
        check(document)
        assert last(document) == pytest.approx(value)
    for k in range(classes):
        said, true = test.said == k, test.labels == k
        both = (said & true).sum()
        wanted = {
            "recall": (both, true.sum()),
            "precision": (both, said.sum()),
            "f1": (2 * both, said.sum() + true.sum()),
        }
        for name, (part, whole) in wanted.items():
            document = tell_score(name, test, names, k)
            check(document)
            assert document.notes if not whole else last(document) == pytest.approx(part / whole)
        assert test.per_class[k] is None or last(tell_score("recall", test, names, k)) == test.per_class[k]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 30), st.integers(1, 3), st.integers(1, 8))
def test_figures_of_numbers(seed, n, columns, most):
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(n, columns)) * 7
    test = Regression(targets + rng.normal(size=(n, columns)), targets, rng.uniform(1, 5, columns))
    for name, value in (("loss", test.loss), ("rmse", test.rmse), ("r2", test.r2)):
        document = tell_score(name, test, most=most)
        check(document)
        assert last(document) == pytest.approx(value, rel=1e-9)


def test_figures_of_labels():
    rng = np.random.default_rng(1)
    test = Multilabel(rng.normal(size=(30, 3)), (rng.random((30, 3)) > 0.6).astype(np.float32))
    names = ["a", "b", "c"]
    for name in ("accuracy", "loss", "exact"):
        document = tell_score(name, test, names)
        check(document)
        assert last(document) == pytest.approx(getattr(test, name), rel=1e-6)
    for name in ("precision", "recall", "f1", "there"):
        document = tell_score(name, test, names)
        check(document)
        assert [float(step.result) for step in document.steps] == pytest.approx(getattr(test, name))


def test_a_class_that_never_comes_has_no_share():
    test = classification(np.array([[2.0, 0.0, 0.0]] * 3), np.array([0, 0, 1]))
    document = tell_score("recall", test, ["a", "b", "c"])
    assert [float(step.result) for step in document.steps] == [1.0, 0.0]
    assert document.notes == ["c: none to take a share of."]


def test_parameters_are_counted_layer_by_layer():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3, bias=False))
    document = tell_parameters(model)
    check(document)
    assert [float(step.result) for step in document.steps] == [40, 8, 48, 96]
    assert document.summary == ["96 parameters."]
    assert "weight (4×1×3×3), bias (4)" in document.text(90)


@pytest.mark.parametrize(
    ("name", "klass", "said"),
    [
        ("rmse", None, "expected one of accuracy"),
        ("recall", 5, "expected 0 to 1"),
        ("parameters", None, "got the figure"),
    ],
)
def test_what_there_is_not_is_refused(name, klass, said):
    with pytest.raises(ValueRangeError, match=said):
        tell_score(name, judged(0, 5, 2), ["a", "b"], klass)


def test_degenerate_examples():
    same = Regression(np.ones((3, 1)), np.full((3, 1), 2.0))
    with pytest.raises(ValueRangeError, match="targets that are all the same"):
        tell_score("r2", same)
    with pytest.raises(ValueRangeError, match="got no examples"):
        tell_score("rmse", Regression(np.zeros((0, 1)), np.zeros((0, 1))))
    exact = Regression(np.arange(3.0)[:, None], np.arange(3.0)[:, None])
    assert last(tell_score("r2", exact)) == 1.0
    assert not math.isnan(last(tell_score("rmse", exact)))
    assert last(tell_score("mae", same)) == 1.0


def test_every_score_is_told_of_something():
    kinds = [judged(0, 5, 2), Regression(np.eye(2), np.arange(4.0).reshape(2, 2)), Multilabel(np.eye(2), np.eye(2))]
    assert set(SCORES) == {name for test in kinds for name in scores_of(test)}
    for test in kinds:
        for name in scores_of(test):
            document = tell_score(name, test, ["a", "b"])
            check(document)
            assert document.steps


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 40), st.integers(2, 25))
def test_counts_of_classes(seed, n, classes):
    test = judged(seed, n, classes)
    names = [f"c{i}" for i in range(classes)]
    assert last(tell_score("mistakes", test, names)) == (test.said != test.labels).sum()
    for k in range(classes):
        document = tell_score("confusion", test, names, k)
        check(document)
        assert last(document) == (test.labels == k).sum()
        for j in range(classes):
            count = ((test.labels == k) & (test.said == j)).sum()
            assert not count or f"{count} for c{j}" in document.steps[-1].words or classes > 20


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 30), st.integers(0, 2))
def test_one_output_alone(seed, n, column):
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(n, 3)) * 7
    test = Regression(targets + rng.normal(size=(n, 3)), targets, rng.uniform(1, 5, 3))
    errors = test.predictions[:, column] - targets[:, column]
    names = ["x", "y", "z"]
    assert last(tell_score("mae", test, names, column)) == pytest.approx(np.abs(errors).mean())
    assert last(tell_score("rmse", test, names, column)) == pytest.approx(np.sqrt((errors**2).mean()))
    wanted = 1 - (errors**2).mean() / targets[:, column].var()
    assert last(tell_score("r2", test, names, column)) == pytest.approx(wanted)
