"""The pictures of the plane over the epochs: what is kept, when, and what a spoilt file costs."""

import numpy as np
import pytest

from glassnet.data.datasets import load_dataset
from glassnet.data.registry import DataSet
from glassnet.errors import FormatError
from glassnet.files import safetensors
from glassnet.train import ground as g
from glassnet.train.ground import Ground, GroundRecorder
from glassnet.train.report_ground import heights_of, largest, past
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained
from glassnet.train.training import Training


def moons() -> DataSet:
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = (rng.normal(0, 0.3, (120, 2)) + np.where(y[:, None], 1.0, -1.0)).astype(np.float32)
    return DataSet("two", "classification", "", "", ("a", "b"), ("u", "v"), x[:80], y[:80], x[80:], y[80:])


def slope() -> DataSet:
    x = np.random.default_rng(1).uniform(-1, 1, (60, 2)).astype(np.float32)
    y = (x[:, :1] * 5 - x[:, 1:]).astype(np.float32)
    return DataSet("slope", "regression", "", "", (), ("u", "v"), x[:40], y[:40], x[40:], y[40:])


def trained_into(folder, data: DataSet, epochs: int = 6) -> tuple[Ground, Training]:
    recorder = GroundRecorder(folder, data, write_seconds=0.0)
    training = Training(data, Settings(hidden=(5,), epochs=epochs, batch_size=20), callbacks=[recorder])
    list(training)
    found = Ground.read(folder)
    assert found is not None
    return found, training


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch):
    """Which epochs are kept is no matter of how quick the machine is."""
    monkeypatch.setattr(g, "_SHARE", float("inf"))


def test_every_early_epoch_is_kept_and_the_last_is_what_the_network_says(tmp_path):
    data = moons()
    ground, training = trained_into(tmp_path, data)
    assert ground.epochs == [0, 1, 2, 3, 4, 5, 6]
    assert ground.kept[0].shape == (2, g.HEIGHT, g.WIDTH)
    left, right, bottom, top = ground.ends
    trained = Trained(training.model, training.prepare, data.task, data.classes)
    for row, column in ((0, 0), (g.HEIGHT - 1, 3), (17, g.WIDTH - 1)):
        place = [left + (right - left) * column / (g.WIDTH - 1), bottom + (top - bottom) * row / (g.HEIGHT - 1)]
        said = trained.predict(np.array([place], np.float32))[0]
        assert ground.kept[-1][0, row, column] == said.argmax()
        assert ground.kept[-1][1, row, column] == pytest.approx(255 * (2 * said.max() - 1), abs=1)
    assert not np.array_equal(ground.kept[0], ground.kept[-1])
    assert ground.points[:, 2].tolist() == data.y_test.tolist()


def test_heights_are_kept_and_told_on_one_scale(tmp_path):
    ground, _ = trained_into(tmp_path, slope())
    assert ground.kept[0].shape == (1, g.HEIGHT, g.WIDTH)
    most = largest(ground)
    again = np.stack([heights_of(ground, i) for i in range(len(ground.kept))]) * most / 127
    np.testing.assert_allclose(again, np.stack(ground.kept)[:, 0], atol=most / 250)
    assert set(past(ground)) == {"epochs", "width", "height", "levels", "most"}


def test_what_is_no_plane_is_left_alone(tmp_path):
    assert Ground.of(load_dataset("xor_gate")) is not None
    curve = load_dataset("sine")
    assert Ground.of(curve) is None
    recorder = GroundRecorder(tmp_path, curve, 0.0)
    list(Training(curve, Settings(hidden=(3,), epochs=1), callbacks=[recorder]))
    assert Ground.read(tmp_path) is None


def test_a_long_training_keeps_a_bounded_number_of_pictures(monkeypatch):
    monkeypatch.setattr(g, "_MOST_KEPT", 8)
    data = moons()
    training, ground = Training(data, Settings(hidden=(2,), epochs=1)), Ground.of(data)
    trained = Trained(training.model, training.prepare, data.task, data.classes)
    for epoch in range(40):
        ground.keep(trained, epoch)
    assert len(ground.kept) == len(ground.epochs) <= 8
    assert ground.epochs[0] == 0
    assert ground.epochs == sorted(set(ground.epochs))


def test_a_resumed_training_goes_on_with_the_pictures_of_before(tmp_path):
    data = moons()
    trained_into(tmp_path, data, epochs=3)
    recorder = GroundRecorder(tmp_path, data, 0.0)

    class Later:  # a trainer that has come as far as epoch 2
        step, epoch = 8, 2

    recorder.on_fit_start(Later())
    assert recorder.ground.epochs == [0, 1, 2]


def test_pictures_leave_the_training_as_it_is(tmp_path):
    data = moons()
    settings = Settings(hidden=(5,), epochs=4, batch_size=20, dropout=0.3)
    plain = Training(data, settings)
    list(plain)
    watched = Training(data, settings, callbacks=[GroundRecorder(tmp_path, data, 0.0)])
    list(watched)
    for a, b in zip(plain.model.parameters(), watched.model.parameters(), strict=True):
        np.testing.assert_array_equal(a.array, b.array)


@pytest.mark.parametrize(
    "change",
    [
        {"pictures": np.zeros((1, 3, 4, 4), np.uint8)}, {"pictures": np.zeros((1, 2, 4, 4), np.float32)},
        {"epochs": np.array([1, 2])}, {"epochs": np.array([0.5])}, {"ends": np.array([0.0, np.nan, 0.0, 1.0])},
        {"ends": np.array([1.0, 0.0, 0.0, 1.0])}, {"points": np.zeros((3, 2), np.float32)},
        {"points": np.full((3, 3), np.inf, np.float32)}, {"pictures": np.zeros((1, 2, 400, 4), np.uint8)},
        {"other": np.zeros(1)},
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_is_something_else_is_refused(tmp_path, change):
    sound = {
        "pictures": np.zeros((1, 2, 4, 4), np.uint8), "epochs": np.array([3]),
        "ends": np.array([0.0, 1.0, 0.0, 1.0]), "points": np.zeros((3, 3), np.float32),
    }  # fmt: skip
    path = str(tmp_path / "ground.safetensors")
    safetensors.write(path, sound, {"task": "classification"}, checksum=True)
    assert Ground.read(tmp_path).epochs == [3]
    safetensors.write(path, {**sound, **change}, {"task": "classification"}, checksum=True)
    with pytest.raises(FormatError, match="pictures of the plane"):
        Ground.read(tmp_path)
