"""Several questions of yes or no: the figures by hand, and at the edges."""

import math

import numpy as np
import pytest

from glassnet.train.multilabel import Multilabel


def test_every_figure_by_hand():
    """Answers yes/no: (1 0), (1 1), (0 1); true: (1 0), (0 1), (1 1)."""
    judged = Multilabel(np.array([[2.0, -1.0], [0.5, 3.0], [-1.0, 0.2]]), np.array([[1.0, 0], [0, 1], [1, 1]]))
    assert judged.accuracy == pytest.approx(4 / 6)
    assert judged.exact == pytest.approx(1 / 3)
    assert judged.precision == [1 / 2, 1.0]
    assert judged.recall == [1 / 2, 1.0]
    assert judged.f1 == [1 / 2, 1.0]
    likely = 1 / (1 + np.exp(-judged.scores))
    chosen = np.where(judged.targets > 0, likely, 1 - likely)
    assert judged.loss == pytest.approx(-np.log(chosen).mean())


def test_a_label_that_nobody_has_or_gets():
    judged = Multilabel(np.array([[-1.0], [-2.0]]), np.array([[0.0], [0.0]]))
    assert (judged.precision, judged.recall, judged.f1) == ([None], [None], [None])
    assert judged.accuracy == 1.0


def test_extreme_scores_have_a_finite_loss():
    judged = Multilabel(np.array([[1e4, -1e4]]), np.array([[0.0, 0.0]]))
    assert judged.loss == pytest.approx(5000)
    assert judged.probabilities.tolist() == [[1.0, 0.0]]


def test_no_examples():
    judged = Multilabel(np.empty((0, 2)), np.empty((0, 2)))
    assert math.isnan(judged.loss)
    assert math.isnan(judged.accuracy)


def test_the_worst_have_the_most_wrong_answers():
    targets = np.array([[1, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 0]], float)
    judged = Multilabel(np.where(targets > 0.5, 1.0, -1.0) * [[1, -1, 1], [-1, -1, -1], [1, 1, 1], [-1, 1, 1]], targets)
    assert judged.worst(9) == [1, 0, 3]
    assert judged.worst(1) == [1]
