"""Rows in files are judged piece by piece, to the figures of one judgement of all of them."""

import csv
import tracemalloc

import numpy as np
import pytest

from glassnet import nn
from glassnet.data.mapped import temporary
from glassnet.errors import ValueRangeError
from glassnet.train import in_pieces, predictions
from glassnet.train.evaluation import evaluate, figures_of
from glassnet.train.in_pieces import judged
from glassnet.train.predictions import Predictions, read_predictions, write_predictions
from glassnet.train.preparation import Preparation
from glassnet.train.run_folder import MISTAKES
from glassnet.train.tabular import TableCode, Target

INPUTS = 3


@pytest.fixture(autouse=True)
def small_pieces(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(in_pieces, "_NUMBERS", 1)  # so that a piece has a thousand rows


def made(task, n, seed=0):
    """A network, how its rows are prepared, and rows with targets for it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, INPUTS)).astype(np.float32)
    if task == "classification":
        target, y = Target(task, ("y",), ("a", "b", "c", "d")), rng.integers(0, 4, n)
    elif task == "multilabel":
        target, y = Target(task, ("p", "q")), (rng.random((n, 2)) < 0.3).astype(np.float32)
    else:
        target = Target(task, ("p", "q"), (), (100.0, -3.0), (5.0, 0.2))
        y = rng.normal(size=(n, 2)).astype(np.float32)
    model = nn.Sequential(nn.Linear(INPUTS, target.outputs))
    model[0].weight.array[...] = rng.normal(size=model[0].weight.array.shape)
    code = TableCode((), target)
    return model, Preparation((INPUTS,), np.ones((), np.float32), np.zeros((), np.float32), code), x, y


def on_disk(array):
    out = temporary(array.shape, array.dtype)
    out[...] = array
    return out


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert np.asarray(found[name], float) == pytest.approx(np.asarray(value, float), rel=1e-6), name


@pytest.mark.parametrize("n", [1, 999, 1000, 3456])
@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_figures_are_those_of_the_whole(task, n):
    model, prepare, x, y = made(task, n)
    whole = evaluate(model, prepare, x, y)
    found = judged(model, prepare, on_disk(x), on_disk(y))
    assert found.test.n == n
    if n > 1:
        same(found.test.as_dict(), whole.as_dict())
        same(found.figures, figures_of(whole))
    assert found.said is not None
    assert judged(model, prepare, x, y).said is None


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_rows_count_by_their_weights(task):
    model, prepare, x, y = made(task, 2500)
    weights = np.random.default_rng(1).integers(0, 4, 2500).astype(np.float32)
    weights[1000:2000] = 0  # a piece that counts nothing
    expected = figures_of(evaluate(model, prepare, x, y), weights)
    same(judged(model, prepare, on_disk(x), on_disk(y), weights=on_disk(weights)).figures, expected)


def test_the_worst_rows_are_told_by_their_numbers_in_the_whole():
    model, prepare, x, y = made("classification", 3000)
    whole = evaluate(model, prepare, x, y)
    found = judged(model, prepare, on_disk(x), on_disk(y), say="row {}".format)
    assert [found.say(i) for i in found.test.worst(3)] == [f"row {i}" for i in whole.worst(3)]


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_the_files_are_those_of_the_whole(task, tmp_path):
    model, prepare, x, y = made(task, 2345)
    classes = ["a", "b", "c", "d"] if task == "classification" else ["p", "q"]
    whole, pieced = tmp_path / "whole", tmp_path / "pieced"
    for folder in (whole, pieced):
        folder.mkdir()
    write_predictions(whole, evaluate(model, prepare, x, y), classes)
    keep = Predictions(2345, classes)
    judged(model, prepare, on_disk(x), on_disk(y), keep=keep)
    keep.write(pieced)
    assert (pieced / MISTAKES).read_bytes() == (whole / MISTAKES).read_bytes()
    one, other = (read_predictions(folder)[0] for folder in (whole, pieced))
    same(one.as_dict(), other.as_dict())
    for name in ("said", "labels", "predictions", "scores", "targets", "scale"):
        if hasattr(one, name):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_of_too_many_examples_some_are_kept_at_even_distances(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions, "_MOST_RESTORED", 4000)  # 4 classes: a thousand rows
    model, prepare, x, y = made("classification", 3500)
    whole = evaluate(model, prepare, x, y)
    keep = Predictions(3500, ["a", "b", "c", "d"])
    judged(model, prepare, on_disk(x), on_disk(y), keep=keep)
    assert keep.every == 4
    keep.write(tmp_path)
    read, _ = read_predictions(tmp_path)
    np.testing.assert_array_equal(read.said, whole.said[::4])
    np.testing.assert_array_equal(read.labels, y[::4])
    assert read.loss == pytest.approx(whole.loss)  # of all
    with open(tmp_path / MISTAKES, encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 1 + int((whole.said != y).sum())  # of all too


def test_a_number_that_is_not_finite_is_named_by_its_place_in_the_whole():
    model, prepare, x, y = made("regression", 2500)
    x[2100, 1] = np.inf
    with pytest.raises(ValueRangeError, match="for example 2100; expected finite"):
        judged(model, prepare, on_disk(x), on_disk(y))


def peak_of_judging(n, tmp_path):
    """The most memory that NumPy and Python ask for, to judge so many rows and to write what was said."""
    model, prepare, x, y = made("classification", n)
    rows, labels = on_disk(x), on_disk(y)
    del x, y
    tracemalloc.start()
    try:
        keep = Predictions(n, ["a", "b", "c", "d"])
        judged(model, prepare, rows, labels, keep=keep)
        keep.write(tmp_path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("glassnet.train.mistakes._MOST", 100)
    few, many = (peak_of_judging(n, tmp_path) for n in (4_000, 100_000))
    assert many - few < 1.0 * 96_000  # not even a byte a row
