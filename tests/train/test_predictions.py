"""What a network said to each test example, kept with the run and read back."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import FormatError
from glassnet.files import safetensors
from glassnet.train import predictions
from glassnet.train.evaluation import Regression, classification
from glassnet.train.multilabel import Multilabel
from glassnet.train.predictions import read_predictions, write_predictions
from glassnet.train.run_folder import MISTAKES, PREDICTIONS


def rows(folder):
    with open(folder / MISTAKES, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("predictions")


@settings(max_examples=30)  # each writes two files that reach the disk
@given(st.integers(1, 4), st.integers(0, 12), st.integers(0, 1000))
def test_a_classifier_s_judgement_comes_back(place, classes, n, seed):
    rng = np.random.default_rng(seed)
    test = classification(rng.normal(size=(n, classes)), rng.integers(0, classes, n))
    write_predictions(place, test, [f"c{i}" for i in range(classes)])
    read, of = read_predictions(place)
    assert of == "test"
    assert np.array_equal(read.confusion, test.confusion)
    assert np.array_equal(read.said, test.said)
    np.testing.assert_allclose(read.probabilities, test.probabilities, rtol=1e-6)
    assert read.loss == test.loss or (np.isnan(read.loss) and np.isnan(test.loss))
    assert len(rows(place)) == 1 + int((test.said != test.labels).sum())


def test_mistakes_are_listed_worst_first_with_any_name(tmp_path):
    names = ['a "quoted", name', "ünïcode\nline"]
    test = classification(np.array([[0.0, 1.0], [0.0, 3.0], [2.0, 0.0], [5.0, 0.0]]), np.array([0, 0, 1, 0]))
    write_predictions(tmp_path, test, names)
    heading, *listed = rows(tmp_path)
    assert heading == ["example", "true", "said", "confidence", "confidence in true"]
    assert [row[0] for row in listed] == ["1", "2", "0"]
    assert listed[0][1:3] == names
    assert float(listed[0][3]) == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-5)
    assert float(listed[0][3]) + float(listed[0][4]) == pytest.approx(1)


def test_of_very_many_classes_the_one_named_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions, "_MOST_PROBABILITIES", 5)
    test = classification(np.array([[0.0, 1.0, 0.5], [3.0, 0.0, 0.0]]), np.array([0, 0]))
    write_predictions(tmp_path, test, "abc")
    read, _ = read_predictions(tmp_path)
    assert read.worst(3) == [0]
    assert read.probabilities[0, 1] == pytest.approx(test.probabilities[0, 1])
    assert read.accuracy == 0.5


def test_a_regression_comes_back_with_its_largest_errors_first(tmp_path):
    test = Regression(np.array([[1.0], [2.0], [9.0]]), np.array([[1.0], [2.5], [3.0]]), np.array([2.0]))
    write_predictions(tmp_path, test, of="training")
    read, of = read_predictions(tmp_path)
    assert of == "training"
    assert (read.loss, read.rmse, read.r2) == (test.loss, test.rmse, test.r2)
    assert rows(tmp_path) == [
        ["example", "true", "said", "error"],
        ["2", "3", "9", "6"],
        ["1", "2.5", "2", "0.5"],
        ["0", "1", "1", "0"],
    ]


def test_several_labels_come_back_with_what_was_missed_and_invented(tmp_path):
    test = Multilabel(np.array([[2.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    write_predictions(tmp_path, test, ["loud", "late"])
    read, _ = read_predictions(tmp_path)
    assert read.f1 == test.f1
    assert rows(tmp_path) == [
        ["example", "missed", "invented"],
        ["1", "late", "loud"],
        ["2", "loud", ""],
    ]


def test_no_file_is_no_judgement(tmp_path):
    assert read_predictions(tmp_path) is None


@pytest.mark.parametrize(
    "change",
    [
        {"said": np.zeros(3, np.int64)},
        {"said": np.array([0, -1])},
        {"said": np.array([0, 2])},
        {"labels": np.array([0, 7])},
        {"labels": np.array([0.0, 1.0])},
        {"probabilities": np.zeros((2, 3), np.float32)},
        {"probabilities": None},
        {"labels": None},
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(tmp_path, change):
    good = {"said": np.array([0, 1]), "labels": np.array([0, 0]), "probabilities": np.full((2, 2), 0.5, np.float32)}
    tensors = {name: a for name, a in {**good, **change}.items() if a is not None}
    about = {"of": "test", "task": "classification", "classes": '["a", "b"]', "loss": "0.5"}
    safetensors.save(tmp_path / PREDICTIONS, tensors, about)
    with pytest.raises(FormatError, match=r"predictions\.safetensors: got .*; expected predictions that belong"):
        read_predictions(tmp_path)


@pytest.mark.parametrize("about", [{}, {"task": "?"}, {"task": "classification"}, {"task": "regression"}])
def test_a_description_that_is_something_else_is_refused(tmp_path, about):
    safetensors.save(tmp_path / PREDICTIONS, {"said": np.zeros(2, np.int64), "labels": np.zeros(2, np.int64)}, about)
    with pytest.raises(FormatError, match="predictions"):
        read_predictions(tmp_path)


@pytest.mark.parametrize(("classes", "n"), [(150_000, 100), (3_000, 100_000)])
def test_a_small_file_cannot_ask_for_a_huge_table(tmp_path, classes, n):
    """Without the guard the first asks for 168 GiB, the second takes 4."""
    tensors = {"labels": np.zeros(n, np.int64), "said": np.zeros(n, np.int64), "confidence": np.ones(n, np.float32)}
    about = {"task": "classification", "loss": "0.5", "classes": f"[{','.join(map(str, range(classes)))}]"}
    safetensors.write(tmp_path / PREDICTIONS, tensors, about, checksum=True)
    with pytest.raises(FormatError, match=r"got .*; expected predictions that belong together\. Try "):
        read_predictions(tmp_path)
