"""What a run writes down about itself while it learns, and that it learns the same with it and without."""

import json

import numpy as np
import pytest

import glassnet as torch
from glassnet.errors import FormatError
from glassnet.files import safetensors
from glassnet.train import first_layer, recording
from glassnet.train.activity import Activity, Histogram
from glassnet.train.callbacks import Callback
from glassnet.train.first_layer import FirstLayer
from glassnet.train.history import read_history
from glassnet.train.recording import Recorder
from glassnet.train.run_folder import WEIGHTS
from glassnet.train.runs import Run
from glassnet.train.trainer import Trainer


def trainer(callbacks=(), **how):
    torch.manual_seed(3)
    layers = torch.nn.Linear(2, 6), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(6, 2)
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    return Trainer(model, "cross_entropy", optimizer, callbacks=list(callbacks), **how)


def examples(n=64):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int64)


def test_a_training_is_the_same_with_a_recorder_and_without(tmp_path):
    found = []
    for callbacks in ([], [Recorder(tmp_path)]):
        learner = trainer(callbacks)
        learner.fit(examples(), epochs=4, batch_size=8)
        found.append(learner.weights())
    for name, w in found[0].items():
        assert np.array_equal(w, found[1][name]), name


def test_all_that_is_written_can_be_read_again(tmp_path):
    recorder = Recorder(tmp_path, {"seed": 3, "rate": float("nan")})
    learner = trainer([recorder], metrics=["accuracy"])
    learner.fit(examples(), examples(16), epochs=5, batch_size=16)
    assert json.loads((tmp_path / "config.json").read_text()) == {"seed": 3, "rate": None}
    assert json.loads((tmp_path / "environment.json").read_text())["numpy"] == np.__version__
    kept = read_history(tmp_path)
    assert len(kept) == 5
    for line, entry in zip(kept, learner.history, strict=True):
        assert {name: line[name] for name in entry} == entry
        assert {"loss", "validation_accuracy", "rate", "gradient_norm", "batch_accuracy"} <= set(line)
    looks = Activity.read(tmp_path).looks
    assert looks[0].step == 0
    assert looks[-1].step == 20
    assert looks[0].loss == pytest.approx(np.log(2), abs=0.4)
    first = FirstLayer.read(tmp_path)
    assert (first.name, first.epochs) == ("0.weight", [0, 1, 2, 3, 4, 5])
    np.testing.assert_allclose(first.weights[-1], learner.model[0].weight.array, atol=1e-3)


def test_the_length_of_the_gradient_is_that_of_the_last_batch(tmp_path):
    learner = trainer([Recorder(tmp_path)])
    learner.fit(examples(), epochs=2, batch_size=16)
    squares = sum(float((p.grad.array.astype(np.float64) ** 2).sum()) for p in learner.model.parameters())
    assert read_history(tmp_path).last["gradient_norm"] == pytest.approx(squares**0.5, rel=1e-5)


def test_a_resumed_run_goes_on_in_the_same_files(tmp_path):
    run, saved = tmp_path / "run", tmp_path / "checkpoints"
    run.mkdir()

    class StopAfter(Callback):
        def on_epoch_end(self, trainer, figures):
            if trainer.epoch == self.last:
                trainer.stop("enough")

    first, stopping = Recorder(run, {"seed": 3}), StopAfter()
    stopping.last = 3
    trainer([first, stopping], checkpoints=saved).fit(examples(), epochs=6, batch_size=16)
    before = (run / "config.json").stat().st_mtime_ns
    assert len(read_history(run)) == 3
    again = StopAfter()
    again.last = 99
    unbroken = trainer([Recorder(tmp_path / "run"), again], checkpoints=saved)
    unbroken.fit(examples(), epochs=6, batch_size=16, resume=saved)
    assert [e["epoch"] for e in read_history(run)] == [1, 2, 3, 4, 5, 6]
    assert (run / "config.json").stat().st_mtime_ns == before
    assert FirstLayer.read(run).epochs == [0, 1, 2, 3, 4, 5, 6]
    steps = [look.step for look in Activity.read(run)]
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, 24)


def test_what_a_killed_process_left_half_written_goes_when_the_run_goes_on(tmp_path):
    saved = tmp_path / "saved"
    trainer([Recorder(tmp_path)], checkpoints=saved).fit(examples(), epochs=2, batch_size=16)
    (tmp_path / ".glassnet-0123456789abcdef.tmp").write_bytes(b"half")
    trainer([Recorder(tmp_path)], checkpoints=saved).fit(examples(), epochs=3, batch_size=16, resume=saved)
    assert not list(tmp_path.glob("*.tmp"))


def test_files_that_were_spoilt_meanwhile_do_not_end_a_resumed_training(tmp_path):
    saved = tmp_path / "checkpoints"
    trainer([Recorder(tmp_path)], checkpoints=saved).fit(examples(), epochs=2, batch_size=16)
    (tmp_path / WEIGHTS).write_bytes(b"?")
    (tmp_path / "activity.jsonl").write_bytes(b"?\n")
    trainer([Recorder(tmp_path)], checkpoints=saved).fit(examples(), epochs=3, batch_size=16, resume=saved)
    assert FirstLayer.read(tmp_path).epochs == [3]


def test_a_loss_that_goes_astray_leaves_its_history(tmp_path):
    learner = trainer([Recorder(tmp_path)])
    data = examples()
    learner.fit(data, epochs=1, batch_size=16)
    learner.optimizer.param_groups[0]["lr"] = 1e38
    with pytest.raises(ValueError, match="not a number"):
        learner.fit(data, epochs=9, batch_size=16)
    assert read_history(tmp_path).last["epoch"] == 1


# ---- the first layer ------------------------------------------------------------------------------------------------


def test_many_epochs_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(first_layer, "_MOST_BYTES", 10 * 2 * 3 * 2)  # room for ten
    model = torch.nn.Linear(3, 2)
    kept = FirstLayer.of(model)
    for epoch in range(100):
        kept.keep(model, epoch)
    assert len(kept.epochs) <= 10
    assert kept.epochs[0] == 0
    assert set(np.diff(kept.epochs)) == {kept.every}
    assert kept.epochs[-1] >= 99 - kept.every


def test_a_wide_layer_and_large_weights_are_cut_to_size(tmp_path):
    model = torch.nn.Linear(3, 100)
    torch.nn.init.constant_(model.weight, 1e9)
    kept = FirstLayer.of(model)
    kept.keep(model, 0)
    kept.write(tmp_path)
    read = FirstLayer.read(tmp_path).weights
    assert read.shape == (1, 64, 3)
    assert read.max() == 65504


def test_a_model_without_a_matrix_has_no_first_layer():
    assert FirstLayer.of(torch.nn.Sequential(torch.nn.ReLU())) is None


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"weights": np.zeros((2, 3, 4), np.float16)},
        {"weights": np.zeros((2, 3, 4), np.float16), "epochs": np.zeros(3, np.int64)},
        {"weights": np.zeros((2, 3), np.float16), "epochs": np.zeros(2, np.int64)},
        {"weights": np.zeros((0, 3, 4), np.float16), "epochs": np.zeros(0, np.int64)},
        {"weights": np.full((2, 3, 4), np.nan, np.float16), "epochs": np.arange(2)},
        {"weights": np.zeros((2, 3, 4), np.int64), "epochs": np.zeros(2, np.int64)},
    ],
)
def test_weights_of_another_form_are_refused(tmp_path, tensors):
    safetensors.save(tmp_path / WEIGHTS, tensors)
    with pytest.raises(FormatError, match=r"weights\.safetensors: got .* expected weights of some epochs"):
        FirstLayer.read(tmp_path)


@pytest.mark.parametrize("numbers", [[1e35] * 3, [-1e38, 3e38], [1e-45, 2e-45], [0.0], [1.0, 1.0 + 1e-12]])
def test_a_look_survives_whatever_numbers_layers_say(numbers):
    histogram = Histogram.of(np.array(numbers))
    assert sum(histogram.counts) == len(numbers)
    assert histogram.low <= min(numbers) <= max(numbers) <= histogram.high


def test_a_training_of_one_s_own_is_a_run_like_any_other(tmp_path):
    folder = tmp_path / "runs" / "mine"
    learner = trainer([Recorder(folder, {"settings": {"seed": 3}})], metrics=["accuracy"])
    history = learner.fit(examples(), examples(16), epochs=4, batch_size=16)
    run = Run(str(folder))
    assert (run.status, run.seed, run.metric("epochs"), run.metric("parameters")) == ("done", 3, 4, 32)
    assert run.metric("accuracy") == history.last["validation_accuracy"]
    learner.optimizer.param_groups[0]["lr"] = 1e38
    with pytest.raises(ValueError, match="not a number"):
        learner.fit(examples(), epochs=9, batch_size=16)
    assert Run(str(folder)).status == "done"  # nothing was learnt the second time


def test_within_an_epoch_the_weights_are_there_for_who_watches(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "_WRITE_SHARE", float("inf"))  # however long a writing takes
    seen = []

    class Watch(Callback):
        def on_batch_end(self, trainer):
            layer = FirstLayer.read(tmp_path)
            if layer is not None and layer.latest is not None:
                seen.append((trainer.step, *layer.latest, trainer.model[0].weight.detach().numpy().copy()))

    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
    recorder = Recorder(tmp_path, {}, write_seconds=0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer = Trainer(model, "mse", optimizer, callbacks=[recorder, Watch()])
    trainer.fit((torch.ones(40, 3), torch.ones(40, 1)), epochs=2, batch_size=4)
    assert seen
    for step, epoch, kept, weights in seen:
        assert 0 < epoch <= step / 10
        if epoch == step / 10:
            np.testing.assert_allclose(kept, weights, rtol=1e-3, atol=1e-6)
    assert FirstLayer.read(tmp_path).latest is None  # an epoch that is over has its own picture
