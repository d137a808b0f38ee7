"""What a training writes down between its epochs: bounded, whole lines, and nothing that could end it."""

import json
import os
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.datasets import load_dataset
from glassnet.train import moments
from glassnet.train.evaluation import Classification
from glassnet.train.moments import CONFUSION, STEPS, GrowingFile, MomentsFile, is_learning
from glassnet.train.settings import Settings
from glassnet.train.training import Moment, Training


def trained(folder, **settings):
    training = Training(load_dataset("moons", n=60), Settings(hidden=(4,), **settings))
    with MomentsFile(folder, training) as file:
        for moment in training:
            file.keep(moment)
    return training


def test_a_training_tells_its_steps_and_its_confusions(tmp_path):
    training = trained(tmp_path, epochs=6, batch_size=10)
    steps, confusions = GrowingFile(tmp_path, STEPS).rows(), GrowingFile(tmp_path, CONFUSION).rows()
    assert steps[-1]["step"] == training.trainer.step == 6 * 5
    assert steps[-1]["epoch"] == 6
    assert steps[-1]["rate"] == training.trainer.optimizer.param_groups[0]["lr"]
    assert [row["epoch"] for row in confusions] == [1, 2, 3, 4, 5, 6]
    assert confusions[-1]["confusion"] == training.test().confusion.tolist()
    assert {row["of"] for row in confusions} == {"test"}


def test_regression_has_steps_and_no_confusions(tmp_path):
    training = Training(load_dataset("sine", n=40), Settings(hidden=(4,), epochs=2))
    with MomentsFile(tmp_path, training) as file:
        for moment in training:
            file.keep(moment)
    assert GrowingFile(tmp_path, STEPS).rows()[-1]["accuracy"] is None
    assert not (tmp_path / CONFUSION).exists()


def fake(epoch, taken, loss, test=None, seconds=1.0, step=0):
    """A moment, and the training that it is of."""
    group = {"lr": 0.5}
    trainer = SimpleNamespace(step=step, taken=taken, optimizer=SimpleNamespace(param_groups=[group]))
    return Moment(epoch, 1000, epoch / 1000, loss, None, seconds, 10.0, test), SimpleNamespace(trainer=trainer)


def test_a_line_tells_the_loss_of_the_steps_since_the_one_before(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(moments.time, "monotonic", lambda: now[0])
    _, training = fake(1, 0, 0.0)
    file = MomentsFile(tmp_path, training)
    # losses 4, 2 in the first two steps of an epoch, then 1, 1; then the first two of the next epoch: 3, 1
    for epoch, taken, mean, step in [(1, 2, 3.0, 2), (1, 4, 2.0, 4), (2, 2, 2.0, 6)]:
        now[0] += 1.0
        training.trainer.taken, training.trainer.step = taken, step
        file.keep(fake(epoch, taken, mean)[0])
    file.close()
    assert [row["loss"] for row in GrowingFile(tmp_path, STEPS).rows()] == [3.0, 1.0, 2.0]


def test_ten_hours_are_some_thousand_lines_and_the_file_is_touched_meanwhile(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(moments.time, "monotonic", lambda: now[0])
    touched = []
    monkeypatch.setattr(moments.os, "utime", touched.append)
    _, training = fake(1, 1, 1.0)
    file = MomentsFile(tmp_path, training)
    for _ in range(36_000):
        now[0] += 1.0
        training.trainer.step += 1
        file.keep(fake(1, 1, 1.0, seconds=now[0])[0])
    file.close()
    lines = len(GrowingFile(tmp_path, STEPS).rows())
    assert 2000 < lines < 12_000
    assert lines + len(touched) == 36_000


@pytest.mark.parametrize(("judgements", "apart", "most"), [(64, 1, 64), (1000, 1, 200), (5000, 999, 320)])
def test_confusions_of_many_judgements_are_few(tmp_path, judgements, apart, most):
    test = Classification(0.0, np.eye(2, dtype=int), np.eye(2), np.arange(2), np.arange(2))
    _, training = fake(1, 1, 1.0)
    with MomentsFile(tmp_path, training) as file:
        for i in range(1, judgements + 1):
            training.trainer.step = i
            file.keep(Moment(i * apart, 10**7, 0.5, 1.0, None, 1.0, 1.0, test))
        file.keep(Moment(10**7, 10**7, 1.0, 1.0, None, 1.0, 1.0, test))
    kept = [row["epoch"] for row in GrowingFile(tmp_path, CONFUSION).rows()]
    assert kept[:5] == [apart * i for i in (1, 2, 3, 4, 5)]
    assert kept[-1] == 10**7
    assert 50 < len(kept) <= most + 1


def test_classes_that_no_page_could_show_are_left_out(tmp_path):
    labels = np.arange(50)
    test = Classification(0.0, np.eye(50, dtype=int), np.eye(50), labels, labels)
    moment, training = fake(1000, 1, 1.0, test)
    with MomentsFile(tmp_path, training) as file:
        file.keep(moment)
    assert not (tmp_path / CONFUSION).exists()


def test_a_folder_that_takes_nothing_costs_the_training_nothing(tmp_path):
    training = trained(tmp_path / "missing" / "folder", epochs=2)
    assert training.epochs_done == 2
    assert not (tmp_path / "missing").exists()


# ---- reading --------------------------------------------------------------------------------------------------------


def test_a_file_is_read_while_it_grows_each_line_once(tmp_path, monkeypatch):
    file, read = GrowingFile(tmp_path, STEPS), []
    loads = moments.strict_json.loads
    monkeypatch.setattr(moments.strict_json, "loads", lambda *a, **k: read.append(1) or loads(*a, **k))
    assert file.rows() == []
    with open(tmp_path / STEPS, "ab", buffering=0) as grows:
        grows.write(b'{"step": 1}\n{"step": 2}\n{"st')
        assert [row["step"] for row in file.rows()] == [1, 2]
        grows.write(b'ep": 3}\n')
        assert [row["step"] for row in file.rows()] == [1, 2, 3]
    assert len(read) == 3


def test_what_a_resumed_training_ran_again_takes_the_place_of_its_first_run(tmp_path):
    lines = [{"step": 1, "loss": 3}, {"step": 5, "loss": 2}, {"step": 9, "loss": 1}, {"step": 4, "loss": 7}]
    (tmp_path / STEPS).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert GrowingFile(tmp_path, STEPS).rows() == [lines[0], lines[3]]


def test_another_file_in_its_place_is_read_from_its_start(tmp_path):
    path, file = tmp_path / STEPS, GrowingFile(tmp_path, STEPS)
    path.write_text('{"step": 7}\n' * 3, encoding="utf-8")
    assert file.rows() == [{"step": 7}]
    os.replace(tmp_path / STEPS, tmp_path / "old")
    path.write_text('{"step": 1}\n', encoding="utf-8")
    assert file.rows() == [{"step": 1}]


lines = st.one_of(
    st.binary(max_size=20),
    st.fixed_dictionaries({"step": st.one_of(st.integers(-5, 50), st.none(), st.booleans(), st.text(max_size=3))}).map(
        lambda row: json.dumps(row).encode()
    ),
)


@given(st.lists(lines, max_size=12))
def test_whatever_a_file_holds_its_rows_rise(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("rows")
    (folder / STEPS).write_bytes(b"\n".join(parts))
    steps = [row["step"] for row in GrowingFile(folder, STEPS).rows()]
    assert steps == sorted(set(steps))
    assert all(type(step) is int for step in steps)


def test_a_run_learns_as_long_as_its_file_is_fresh(tmp_path):
    assert not is_learning(tmp_path)
    path = tmp_path / STEPS
    path.write_text("", encoding="utf-8")
    assert is_learning(tmp_path)
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert not is_learning(tmp_path)
