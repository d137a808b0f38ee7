"""Figures that are told from counts and sums: of rows in files a piece at a time, to the same story."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassnet import nn
from glassnet.data.mapped import temporary
from glassnet.data.registry import DataSet
from glassnet.read.formula import evaluate
from glassnet.train import in_pieces
from glassnet.train.preparation import Preparation
from glassnet.train.stories import FIGURES
from glassnet.train.stories.lines import largest, largest_of
from glassnet.train.stories.scores import COUNTED, SUMMED, scores_of
from glassnet.train.stories.subject import Subject
from glassnet.train.tabular import TableCode, Target
from glassnet.train.trained import Trained

N = 3456


@pytest.fixture(autouse=True)
def small_pieces(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(in_pieces, "_NUMBERS", 1)  # so that a piece has a thousand rows


def on_disk(array):
    out = temporary(array.shape, array.dtype)
    out[...] = array
    return out


def subject(task, place):
    """A network of a table, asked about test rows that lie at some place."""
    rng = np.random.default_rng(0)
    x, names = rng.normal(size=(N, 3)).astype(np.float32), ("a", "b", "c")
    target = {
        "classification": Target(task, ("y",), names),
        "multilabel": Target(task, names),
        "regression": Target(task, names, (), (100.0, -3.0, 0.0), (5.0, 0.2, 1.0)),
    }[task]
    y = rng.integers(0, 3, N) if task == "classification" else (rng.random((N, 3)) < 0.3).astype(np.float32)
    model = nn.Sequential(nn.Linear(3, 3))
    model[0].weight.array[...], model[0].bias.array[...] = rng.normal(size=(3, 3)), 0.1
    prepare = Preparation((3,), np.ones((), np.float32), np.zeros((), np.float32), TableCode((), target))
    classes = names if task != "regression" else ()
    data = DataSet("t", task, "", "", classes, ("p", "q", "r"), x[:1], y[:1], place(x), place(y))
    return Subject(Trained(model, prepare, task, names, {}), "run", lambda: data)


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_the_story_is_the_same(task):
    here, there = subject(task, np.array), subject(task, on_disk)
    told = [name for name in scores_of(here.test[0]) if name in COUNTED]
    assert len(told) >= 5
    for name in told:
        assert FIGURES[name].tell(there).text() == FIGURES[name].tell(here).text(), name


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_a_sum_of_pieces_is_told_as_that_of_the_whole(task):
    here, there = subject(task, np.array), subject(task, on_disk)
    told = [name for name in scores_of(here.test[0]) if name in SUMMED]
    assert told == (["rmse", "mae", "loss"] if task == "regression" else ["loss"])
    for name in told:
        whole, pieces = FIGURES[name].tell(here), FIGURES[name].tell(there)
        assert [step.words for step in pieces.steps] == [step.words for step in whole.steps]
        for equation, other in zip(pieces.equations(), whole.equations(), strict=True):
            assert float(evaluate(equation.formula)) == pytest.approx(float(equation.value), rel=1e-9)
            assert float(equation.value) == pytest.approx(float(other.value), rel=1e-6)
        assert "test" not in vars(there)  # nobody judged all rows at once


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(-9, 9), max_size=6), max_size=5), st.integers(1, 8))
def test_the_largest_of_parts_are_those_of_the_whole(parts, most):
    whole = np.array([number for part in parts for number in part], float)
    found, count = largest_of([np.array(part, float) for part in parts], most)
    assert count == len(whole)
    assert found == {int(i): whole[i] for i in largest(whole, most)}


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_no_more_than_the_worst_rows_are_at_hand(task):
    counts, of = subject(task, on_disk).counts
    assert (counts.n, of) == (N, "test")
    assert len(counts.probabilities) <= 3
    assert len(subject(task, np.array).counts[0].probabilities) == N
