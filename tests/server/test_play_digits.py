"""The room of digits, on a small data set of the same shape; MNIST itself is learnt once."""

import base64
import json
import os

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.data.registry import DataSet
from glassnet.server import commands as c
from glassnet.server import digits, why
from glassnet.server.outbox import Outbox
from glassnet.server.properties import defaults
from glassnet.train.preparation import Preparation
from glassnet.train.trained import Trained

STATE = {**defaults(), "digits_hidden": [16, 8], "digits_epochs": 2, "digits_batch_size": 50}


def strokes() -> DataSet:
    """Bars at ten places: digits enough for a test."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 10
    x = rng.integers(0, 40, (600, 28, 28)).astype(np.uint8)
    for i, label in enumerate(y):
        x[i, 4:24, 2 + 2 * label : 5 + 2 * label] = 220
    names = tuple(map(str, range(10)))
    return DataSet("strokes", "classification", "", "", names, (), x[:500], y[:500], x[500:], y[500:])


DATA = strokes()


class Lab:
    """A lab and its page."""

    def __init__(self, models: str = "runs") -> None:
        self.lab, self.outbox = digits.DigitsLab(models, 60.0, lambda: DATA), Outbox(lambda: None)

    def ask(self, command: object, **changes: object) -> list:
        self.lab.tell(command, {**STATE, **changes}, self.outbox)
        while self.lab.turn() is not None:
            pass
        return [json.loads(i) if isinstance(i, str) else i for i in self.outbox.take()]

    def answer(self, command: object, **changes: object) -> dict:
        return next(m for m in self.ask(command, **changes) if isinstance(m, dict) and m["id"] == command.id)


@pytest.fixture(scope="module")
def lab():
    lab = Lab()
    lab.ask(c.DigitsTrain(1))
    return lab


def array(text: str, dtype: str = "<f4") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def test_training_streams_and_ends():
    lab = Lab()
    said = lab.ask(c.DigitsTrain(1))
    states = [m for m in said if isinstance(m, dict)]
    assert states[-1]["done"]
    assert not states[-1]["running"]
    assert states[-1]["test_accuracy"] > 0.9
    epochs = [row[0] for state in states for row in state["curve"]]
    assert epochs == sorted(epochs)
    filters = [m for m in said if isinstance(m, bytes)]
    assert filters[-1][:4] == b"GND1"
    units, width, height = np.frombuffer(filters[-1], "<u4", 3, 4)
    assert (units, width, height) == (16, 28, 28)
    assert len(filters[-1]) == 24 + 64 + 16 * 784


def test_pausing_keeps_what_was_learnt_and_reset_forgets_it():
    lab = Lab()
    lab.lab.tell(c.DigitsTrain(1), STATE, lab.outbox)
    lab.lab.turn()
    paused = lab.answer(c.DigitsPause(2))
    assert not paused["running"]
    weights = next(lab.lab.trained.model.parameters()).array.copy()
    lab.answer(c.DigitsReset(3))
    first = next(lab.lab.trained.model.parameters()).array.copy()
    assert not np.array_equal(first, weights)
    lab.answer(c.DigitsReset(4))
    np.testing.assert_array_equal(next(lab.lab.trained.model.parameters()).array, first)


def test_an_untrained_network_follows_its_settings_and_a_trained_one_stays():
    lab = Lab()
    first = lab.answer(c.DigitsPause(1))
    assert [layer["units"] for layer in first["layers"]] == [16, 8, 10]
    assert [layer["units"] for layer in lab.answer(c.DigitsPause(2), digits_hidden=[5])["layers"]] == [5, 10]
    lab.ask(c.DigitsTrain(3))
    trained = lab.answer(c.DigitsPause(4), digits_hidden=[7])
    assert [layer["units"] for layer in trained["layers"]] == [16, 8, 10]
    assert trained["test_accuracy"] is not None


def test_a_test_image_is_read_and_explained(lab):
    found = lab.answer(c.DigitsExample(7, id=5))
    assert found["top"][0] == found["label"] == DATA.y_test[7]
    assert sum(found["probabilities"]) == pytest.approx(1)
    assert [layer["units"] for layer in found["layers"]] == [16, 8, 10]
    assert all(len(array(layer["values"])) == layer["units"] for layer in found["layers"])
    total = found["constant"] + array(found["contributions"]).astype(float).sum()
    assert total == pytest.approx(found["score"], abs=1e-4)  # float32 on the way
    assert abs(found["residue"]) < 1e-9
    assert found["exact"]
    assert array(found["image"], "u1").tolist() == DATA.x_test[7].reshape(-1).tolist()


def test_any_class_can_be_explained(lab):
    scores = [lab.answer(c.DigitsExample(0, explain=k, id=5))["score"] for k in range(10)]
    assert int(np.argmax(scores)) == lab.answer(c.DigitsExample(0, id=5))["top"][0]


def drawing(shape=(280, 280), box=(60, 220, 120, 150)) -> c.DigitsPredict:
    pixels = np.zeros(shape, np.uint8)
    pixels[box[0] : box[1], box[2] : box[3]] = 255
    return c.DigitsPredict(base64.b64encode(pixels.tobytes()).decode(), shape[1], shape[0], id=6)


def test_a_drawing_is_centred_as_mnist_is_or_left_where_it_lies(lab):
    centred = array(lab.answer(drawing(box=(10, 170, 10, 40)))["image"], "u1").reshape(28, 28)
    rows, columns = np.nonzero(centred)
    assert rows.mean() == pytest.approx(13.5, abs=1)
    assert columns.mean() == pytest.approx(13.5, abs=1)
    assert np.ptp(rows) + 1 == 20
    left = array(lab.answer(drawing(box=(10, 170, 10, 40)), digits_centre=False)["image"], "u1").reshape(28, 28)
    assert (left[1:17, 1:4] == 255).all()
    assert left.sum() == 255 * 48


def test_ink_at_the_edge_is_not_taken_for_paper(lab):
    image = array(lab.answer(drawing(box=(0, 280, 100, 180)))["image"], "u1").reshape(28, 28)
    assert image[14, 14] > 200
    assert image[:, 0].max() == 0


def test_an_empty_drawing_is_answered(lab):
    assert lab.answer(drawing(box=(0, 0, 0, 0)))["done"] == ["nothing is drawn"]


@pytest.mark.parametrize(
    "command",
    [
        c.DigitsPredict("AA==", 2, 2, id=7), c.DigitsPredict("!!", 1, 1, id=7), c.DigitsPredict("", 0, 0, id=7),
        c.DigitsPredict("AA==", 10**6, 10**6, id=7), c.DigitsExample(-1, id=7), c.DigitsExample(10**6, id=7),
        c.DigitsExample(0, explain=10, id=7), c.DigitsOpen("../../etc/passwd", id=7), c.DigitsOpen("", id=7),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(lab, command):
    refused = lab.answer(command)
    assert refused["type"] == "refusal"
    assert refused["hint"].startswith("Try")


def test_the_gallery_has_the_mistakes_and_only_those(lab):
    untrained = Lab()
    everything = untrained.answer(c.DigitsMistakes(limit=200, id=8))
    assert everything["total"] == len(everything["items"]) > 10
    assert all(item["label"] != item["said"] for item in everything["items"])
    certainty = [item["certainty"] for item in everything["items"]]
    assert certainty == sorted(certainty, reverse=True)
    label = everything["items"][0]["label"]
    some = untrained.answer(c.DigitsMistakes(label=label, limit=3, offset=1, id=8))
    assert len(some["items"]) <= 3
    assert {item["label"] for item in some["items"]} <= {label}
    said = untrained.answer(c.DigitsMistakes(said=everything["items"][0]["said"], limit=200, id=8))
    assert {item["said"] for item in said["items"]} == {everything["items"][0]["said"]}
    doubtful = untrained.answer(c.DigitsMistakes(order="doubtful", limit=200, id=8))
    assert [item["index"] for item in doubtful["items"]] != [item["index"] for item in everything["items"]]


def test_a_saved_model_is_opened_by_its_name(lab, tmp_path):
    folder = tmp_path / "runs"
    os.makedirs(folder / "one")
    os.makedirs(folder / "empty")
    lab.lab.trained.save(folder / "one" / "model.safetensors")
    (folder / "broken").mkdir()
    (folder / "broken" / "model.safetensors").write_bytes(b"junk" * 10)
    other = Lab(str(folder))
    assert {m["name"] for m in other.answer(c.DigitsModels(9))["models"]} == {"one", "broken"}
    opened = other.answer(c.DigitsOpen("one", id=9))
    assert opened["model"] == "one"
    assert opened["test_accuracy"] == lab.answer(c.DigitsPause(1))["test_accuracy"]
    assert other.answer(c.DigitsExample(7, id=9))["top"] == lab.answer(c.DigitsExample(7, id=9))["top"]
    assert other.answer(c.DigitsOpen("broken", id=9))["type"] == "refusal"
    assert other.lab.opened[0] == "one"


def test_a_model_of_points_is_not_one_of_digits():
    lab = Lab()
    model = nn.Sequential(nn.Linear(2, 2))
    trained = Trained(model, Preparation.fitted(np.zeros((3, 2))), "classification", ("a", "b"))
    lab.lab.offer("points", trained, lab.outbox)
    lab.lab.turn()
    assert "28 × 28" in json.loads(lab.outbox.take()[0])["text"]


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.LeakyReLU, nn.Softplus])
def test_scores_are_taken_apart_exactly_for_every_activation(activation):
    rng = np.random.default_rng(1)
    model = nn.Sequential(nn.Linear(12, 9), activation(), nn.Linear(9, 7), activation(), nn.Linear(7, 3))
    image = rng.integers(0, 256, (3, 4)).astype(np.uint8)
    image[0] = 0
    prepare = Preparation.fitted(rng.integers(0, 256, (20, 3, 4)).astype(np.uint8))
    apart = why.take_apart(model, prepare, image, 2)
    assert apart.constant + apart.contributions.sum() == pytest.approx(apart.score, abs=1e-12)
    assert abs(apart.residue) < 1e-12
    score = model(torch.tensor(prepare(image[None]))).detach().numpy()[0, 2]
    assert apart.score == pytest.approx(float(score), abs=1e-5)
    assert (apart.contributions[:4] == 0).all()  # black pixels say nothing
    assert apart.exact == (activation in (nn.ReLU, nn.LeakyReLU))
    if apart.exact:
        np.testing.assert_allclose(apart.slopes * image.reshape(-1), apart.contributions, atol=1e-5)


def test_any_layers_are_taken_apart_or_said_not_to_be_exact():
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (6, 6)).astype(np.uint8)
    prepare = Preparation.fitted(rng.integers(0, 256, (20, 6, 6)).astype(np.uint8))
    unflat = nn.Unflatten(1, (1, 6, 6))
    kinds = {
        "images": (nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 3)),
        "normed": (nn.Flatten(), nn.Linear(36, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 3)),
        "odd": (nn.Flatten(), nn.Linear(36, 3), nn.LogSoftmax(1)),
    }
    for name, layers in kinds.items():
        model = nn.Sequential(unflat, *layers)
        model.eval()
        apart = why.take_apart(model, prepare, image, 1)
        assert apart.constant + apart.contributions.sum() + apart.residue == pytest.approx(apart.score, abs=1e-9), name
        assert abs(apart.residue) < 1e-9, name
        said = model(torch.tensor(prepare(image[None]))).detach().numpy()[0, 1]
        assert apart.score == pytest.approx(float(said), abs=1e-5), name


def test_mnist_is_learnt_in_the_room():
    lab = Lab()
    lab.lab._data = digits.mnist
    done = [m for m in lab.ask(c.DigitsTrain(1), digits_hidden=[64], digits_epochs=1) if isinstance(m, dict)][-1]
    assert done["test_accuracy"] > 0.95
