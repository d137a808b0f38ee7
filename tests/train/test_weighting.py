"""Weights of classes and examples do the same whether the examples come in arrays or in batches."""

from dataclasses import replace

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.core.random import get_rng_state
from glassnet.data.dataset import IterableDataset, TensorDataset
from glassnet.data.loader import DataLoader
from glassnet.data.table import TableFile
from glassnet.errors import DataError, ValueRangeError
from glassnet.scale.trial import held_out, limited
from glassnet.train.evaluation import Regression, classification, evaluate, figures_of
from glassnet.train.multilabel import Multilabel
from glassnet.train.recipes import recipe_for
from glassnet.train.table_data import table_data
from glassnet.train.table_plan import TableOptions
from glassnet.train.table_stream import streamed_data
from glassnet.train.trainer import Trainer
from glassnet.train.training import Training
from glassnet.train.weighting import BatchWeights, class_weights, column_weights

RNG = np.random.default_rng(8)
X = RNG.normal(size=(90, 3)).astype(np.float32)
Y = (np.arange(90) % 10 == 0).astype(np.int64) + 2 * (np.arange(90) % 3 == 1)
SCORES, TARGETS = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 3))
LABELS = RNG.integers(0, 3, 20)
OWN = RNG.uniform(0.5, 2, 90).astype(np.float32)


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(torch.tensor(x), torch.tensor(y)) for x, y in zip(X, Y, strict=True)])


def trained(data, class_weight, **how):
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 4))
    trainer = Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.2), class_weight=class_weight)
    trainer.fit(data, epochs=3, **how)
    return np.concatenate([a.ravel() for a in trainer.weights().values()])


def pair():
    return TensorDataset(torch.tensor(X), torch.tensor(Y))


@pytest.mark.parametrize("weights", ["balanced", {0: 1.0, 3: 7.0}, [1.0, 2.0, 0.5, 4.0]], ids=str)
@pytest.mark.parametrize(
    "batches",
    [
        lambda: DataLoader(pair(), batch_size=30),
        lambda: DataLoader(Stream(), batch_size=30),
        lambda: [(X[i : i + 30], Y[i : i + 30]) for i in (0, 30, 60)],
    ],
    ids=["loader", "stream", "list"],
)
def test_a_loader_is_weighted_like_arrays(batches, weights):
    in_arrays = trained((X, Y), weights, batch_size=30, shuffle=False)
    np.testing.assert_allclose(trained(batches(), weights), in_arrays, rtol=1e-4, atol=1e-6)
    assert np.abs(trained((X, Y), None, batch_size=30, shuffle=False) - in_arrays).max() > 1e-3


def test_weights_of_the_batches_themselves_count_too():
    batches = [(X[i : i + 30], Y[i : i + 30], OWN[i : i + 30] / OWN.mean()) for i in (0, 30, 60)]
    both = class_weights(Y)[Y] * OWN / OWN.mean()
    expected = trained([(X[i : i + 30], Y[i : i + 30], both[i : i + 30]) for i in (0, 30, 60)], None)
    np.testing.assert_allclose(trained(batches, "balanced"), expected, rtol=1e-4, atol=1e-6)


def test_counting_the_classes_draws_no_random_numbers():
    class Noisy(TensorDataset):
        def __getitem__(self, i):
            x, y = super().__getitem__(i)
            return x + 0.1 * torch.randn(3), y

    def state_after(class_weight):
        loader = DataLoader(Noisy(torch.tensor(X), torch.tensor(Y)), batch_size=30, shuffle=True)
        trained(loader, class_weight)
        return get_rng_state()

    np.testing.assert_array_equal(state_after("balanced"), state_after(None))


def test_the_mean_over_all_examples_is_one():
    batches = [(X[:40], Y[:40]), (X[40:], Y[40:])]
    for weights in ("balanced", {1: 9.0}, [3.0, 1.0, 1.0, 0.0]):
        weigh = BatchWeights(batches, weights)
        assert np.concatenate([weigh(y) for _, y in batches]).mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("data", "weights", "error", "message"),
    [
        ([(X, X[:, :1])], "balanced", DataError, r"got class_weight for targets of shape \(90, 1\)"),
        ([(X, Y)], {0: 0.0, 1: 0.0, 2: 0.0, 3: 0.0}, ValueRangeError, "got weights that are all 0"),
        ([(X, Y)], [1.0, 2.0], ValueRangeError, "got class_weight of 2 numbers for 4 classes"),
        ([(X, Y)], "even", ValueRangeError, "expected balanced, a dictionary or a list"),
    ],
)
def test_weights_that_make_no_sense(data, weights, error, message):
    with pytest.raises(error, match=message):
        trained(data, weights)


def test_a_label_that_came_later_is_named():
    weigh = BatchWeights([(X[:1], np.array([1]))], "balanced")
    with pytest.raises(DataError, match="got label 3, which was not there when the classes were counted"):
        weigh(np.array([0, 3]))


def test_weights_of_examples_cannot_be_laid_over_a_loader():
    with pytest.raises(DataError, match=r"Try batches of \(x, y, weights\)"):
        trained(DataLoader(pair(), batch_size=30), None, sample_weight=OWN)


# ---- a column of a table --------------------------------------------------------------------------------------------


def rows_of(n=400):
    return [(i % 7, round(i / 40 % 3, 2), i % 3 + 0.5 * (i % 2), "ab"[i % 7 > 3]) for i in range(n)]


@pytest.fixture
def table_file(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "t.csv"
    path.write_text("x,z,times,y\n" + "".join(f"{x},{z},{w},{y}\n" for x, z, w, y in rows_of()), encoding="utf-8")
    return TableFile(path, piece=700)


OPTIONS = TableOptions(("y",), weight="times")


@pytest.mark.parametrize(
    "made", [lambda file: table_data(file.read(), OPTIONS), lambda file: streamed_data(file, OPTIONS)]
)
def test_the_weights_are_those_of_the_rows(table_file, made):
    data = made(table_file)
    assert data.feature_names == ("x", "z")
    for part, weights in zip(data.rows, data.weights, strict=True):
        assert weights.tolist() == [np.float32(rows_of()[i][2]) for i in part]
    notes = [finding.text for finding in data.findings]
    assert any(note.startswith("rows count by 'times': 0 to 2.5, 1.2") for note in notes), notes


def test_a_training_on_disk_is_weighted_like_one_in_memory(table_file):
    on_disk, table = streamed_data(table_file, OPTIONS), table_file.read()
    settings = recipe_for(on_disk, epochs=3)
    x, y, w = on_disk.code.encode(table), on_disk.code.target.encode(table), column_weights(table, "times")
    rows = on_disk.rows[0]
    in_memory = replace(on_disk, x_train=x[rows], y_train=y[rows], weights=(w[rows], *on_disk.weights[1:]))
    ends = []
    for data in (on_disk, in_memory, replace(on_disk, weights=None)):
        training = Training(data, settings)
        list(training)
        ends.append(np.concatenate([a.ravel() for a in training.trainer.weights().values()]))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-4, atol=1e-6)
    assert np.abs(ends[0] - ends[2]).max() > 1e-4


@pytest.mark.parametrize("on_disk", [False, True])
def test_weights_of_rows_and_of_classes_are_multiplied(table_file, on_disk):
    data = streamed_data(table_file, OPTIONS) if on_disk else table_data(table_file.read(), OPTIONS)
    training = Training(data, recipe_for(data, class_weight="balanced", epochs=1))
    both = class_weights(data.y_train)[data.y_train] * data.weights[0]
    np.testing.assert_allclose(training.batches.sources()[2], both / both.mean(), rtol=1e-6)


def test_a_sweep_keeps_each_row_with_its_weight(table_file):
    data = table_data(table_file.read(), OPTIONS)
    for part in (limited(data, 100, seed=3), held_out(data, 0.25, seed=3)):
        known = {(*x.tolist(), y): set() for x, y in zip(data.x_train, data.y_train.tolist(), strict=True)}
        for x, y, w in zip(data.x_train, data.y_train.tolist(), data.weights[0].tolist(), strict=True):
            known[(*x.tolist(), y)].add(w)
        assert len(part.weights[2]) == len(part.x_test)
        for x, y, w in zip(part.x_train, part.y_train.tolist(), part.weights[0].tolist(), strict=True):
            assert w in known[(*x.tolist(), y)]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("cell", "message"), [("", "got no value"), ("-1", "got the weight -1"), ("inf", "got inf")])
def test_a_wrong_weight_is_named_by_its_row(tmp_path, monkeypatch, cell, message, streamed):
    monkeypatch.setenv("GLASSNET_CACHE", str(tmp_path / "cache"))
    rows = [f"{i % 7},{cell if i == 31 else 2},{'ab'[i % 2]}\n" for i in range(60)]
    path = tmp_path / "t.csv"
    path.write_text("x,times,y\n" + "".join(rows), encoding="utf-8")
    with pytest.raises(DataError, match=rf"t\.csv, row 32 \(line 33\), column 'times': {message}"):
        _ = streamed_data(TableFile(path), OPTIONS) if streamed else table_data(TableFile(path).read(), OPTIONS)


def test_the_target_is_no_weight(table_file):
    with pytest.raises(ValueRangeError, match="got the column 'y' as target and as weight"):
        table_data(table_file.read(), TableOptions(("y",), weight="y"))


@pytest.mark.parametrize(
    "judge",
    [
        lambda rows: classification(SCORES[rows], LABELS[rows]),
        lambda rows: Regression(SCORES[rows], TARGETS[rows], np.array([1.0, 2.0, 3.0])),
        lambda rows: Multilabel(SCORES[rows], (TARGETS[rows] > 0).astype(np.float32)),
    ],
    ids=["classes", "heights", "labels"],
)
def test_a_row_of_weight_three_counts_as_three_rows(judge):
    times = np.arange(20) % 4
    weighted = figures_of(judge(np.arange(20)), times.astype(np.float32))
    assert weighted == pytest.approx(figures_of(judge(np.repeat(np.arange(20), times))))


def test_the_best_epoch_is_chosen_by_what_counts(table_file):
    data = table_data(table_file.read(), OPTIONS)
    training = Training(data, recipe_for(data, epochs=2))
    list(training)
    judged = evaluate(training.model, training.prepare, data.x_valid, data.y_valid)
    best = min(training.history, key=lambda figures: figures["validation_loss"])
    assert best["validation_loss"] == pytest.approx(judged.weighted(data.weights[1])["loss"], rel=1e-5)
    assert best["validation_loss"] != pytest.approx(judged.loss, rel=1e-5)


def test_classes_are_weighted_by_name(table_file):
    data = table_data(table_file.read(), TableOptions(("y",), drop=("times",)))
    training = Training(data, recipe_for(data, class_weight="b=4", epochs=1))
    own = np.where(data.y_train == 1, 4.0, 1.0)
    np.testing.assert_allclose(training.batches.sources()[2], own / own.mean(), rtol=1e-6)
    with pytest.raises(ValueRangeError, match=r"got class_weight=B=4 with 'B'; expected a, b\. Try class_weight=b=4"):
        Training(data, recipe_for(data, class_weight="B=4", epochs=1))
