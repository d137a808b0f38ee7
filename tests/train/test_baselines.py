"""What is reached without a network."""

import numpy as np
import pytest

import glassnet as torch
from glassnet.data.datasets import DataSet, load_dataset
from glassnet.train.baselines import baselines, guessed, headline


def data_set(x, y, task="classification", classes=("a", "b")):
    half = len(x) // 2
    return DataSet("d", task, "", "", classes, tuple("abc"[: x.shape[1]]), x[:half], y[:half], x[half:], y[half:])


def test_the_most_frequent_class_is_that_of_training_not_of_the_test():
    x = np.zeros((8, 1), np.float32)
    data = data_set(x, np.array([0, 0, 0, 1, 1, 1, 1, 0]))
    test = guessed(data, data.y_test)
    assert test.accuracy == 0.25
    assert test.loss == pytest.approx(-(np.log(0.75) + 3 * np.log(0.25)) / 4)


def test_the_mean_explains_nothing():
    x = np.zeros((200, 1), np.float32)
    y = np.random.default_rng(0).normal(3.0, 2.0, (200, 1)).astype(np.float32)
    test = guessed(data_set(x, y, "regression", ()), y[100:])
    assert test.r2 == pytest.approx(0, abs=0.05)
    assert test.rmse == pytest.approx(2.0, rel=0.2)


def test_the_most_frequent_answer_to_each_question():
    x = np.zeros((8, 1), np.float32)
    y = np.array([[1, 0], [1, 0], [1, 1], [0, 0]] * 2, np.float32)
    test = guessed(data_set(x, y, "multilabel"), y[4:])
    assert test.accuracy == 0.75
    assert test.probabilities[0] == pytest.approx([0.75, 0.25])


def test_a_line_is_found_by_the_linear_model_and_a_ring_is_not():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)).astype(np.float32)
    line = baselines(data_set(x, (x[:, 0] > x[:, 1]).astype(np.int64)))
    ring = baselines(data_set(x, ((x**2).sum(axis=1) > 1.4).astype(np.int64)))
    assert [found.name for found in line] == ["most frequent class", "logistic regression"]
    assert line[1].test.accuracy > 0.97
    assert ring[1].test.accuracy < 0.7


def test_linear_regression_is_the_least_squares_solution():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 3)).astype(np.float32)
    y = (x @ [1.0, -2.0, 0.5] + 3 + 0.3 * rng.normal(size=300)).astype(np.float32)[:, None]
    data = data_set(x, y, "regression", ())
    solution, *_ = np.linalg.lstsq(np.c_[data.x_train, np.ones(150)], data.y_train, rcond=None)
    said = np.c_[data.x_test, np.ones(150)] @ solution
    rmse = float(np.sqrt(((said - data.y_test) ** 2).mean()))
    found = baselines(data)[1]
    assert found.name == "linear regression"
    assert headline(found.test)["rmse"] == pytest.approx(rmse, rel=0.03)


def test_random_numbers_are_left_as_they_were_and_the_answer_is_always_the_same():
    torch.manual_seed(5)
    expected = torch.rand(3).tolist()
    torch.manual_seed(5)
    found = [baselines(load_dataset("xor_gate"))[1].test.loss for _ in range(2)]
    assert torch.rand(3).tolist() == expected
    assert found[0] == found[1]
    assert found[0] == pytest.approx(np.log(2), abs=0.02)  # no line helps with exclusive or
