"""One step of descent on one image: its slopes are those of differences, its update is the one that is told."""

import base64
import itertools
import json

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.data.registry import DataSet
from glassnet.nn import functional as F
from glassnet.server import commands as c
from glassnet.server import digits
from glassnet.server.digit_step import step_on
from glassnet.server.features import features_of
from glassnet.server.outbox import Outbox
from glassnet.server.properties import defaults
from glassnet.train.preparation import Preparation

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (30, 4, 5)).astype(np.uint8)
PREPARE = Preparation.fitted(IMAGES)
CLASSES = ("a", "b", "c")


def network(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers) if layers else nn.Sequential(nn.Linear(20, 7), nn.ReLU(), nn.Linear(7, 3))


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def loss_at(model: nn.Module, pixels: np.ndarray, label: int) -> float:
    x = pixels.reshape(1, -1) * PREPARE.scale + PREPARE.offset
    return float(F.cross_entropy(model(torch.tensor(x, dtype=torch.float64)), torch.tensor([label])).item())


def test_it_goes_forward_to_the_loss_and_back_to_the_pixels():
    step = step_on(network(), PREPARE, IMAGES[0], 2, 0.1, CLASSES)
    phases = [moment.phase for moment in step.moments]
    assert [phase for phase, _ in itertools.groupby(phases)] == ["forward", "loss", "backward", "update"]
    places = [(m.phase, m.place, m.picture) for m in step.moments if m.phase in ("forward", "backward")]
    assert places == [
        ("forward", 0, "pixels"), ("forward", 1, "units"), ("forward", 1, "units"), ("forward", 2, "classes"),
        ("backward", 2, "classes"), ("backward", 1, "units"), ("backward", 1, "units"), ("backward", 0, "pixels"),
    ]  # fmt: skip
    assert all("-" not in moment.says for moment in step.moments)


def test_the_numbers_are_those_of_the_network():
    model, label = network(), 1
    step = step_on(model, PREPARE, IMAGES[1], label, 0.1, CLASSES)
    x = PREPARE(IMAGES[1][None])[0]
    w1, b1, w2, b2 = (p.array for p in model.parameters())
    z = w1 @ x + b1
    scores = w2 @ np.maximum(z, 0) + b2
    p = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    told = [floats(moment.values) for moment in step.moments]
    for mine, theirs in zip([z, np.maximum(z, 0), scores, p], told[1:5], strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(step.before, p, rtol=1e-5)
    assert step.loss == pytest.approx(-np.log(p[label]), rel=1e-5)
    slopes = p - np.eye(3)[label]
    back = w2.T @ slopes
    for mine, theirs in zip([slopes, back, back * (z > 0)], told[6:9], strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU])
def test_the_slopes_of_the_pixels_are_those_of_differences(activation):
    model = network(nn.Linear(20, 6), activation(), nn.Dropout(0.4), nn.Linear(6, 5), activation(), nn.Linear(5, 3))
    step = step_on(model, PREPARE, IMAGES[2], 0, 0.1, CLASSES)
    last = next(m for m in step.moments if m.phase == "backward" and m.place == 0)
    exact = model.double()
    exact.eval()
    pixels = IMAGES[2].reshape(-1).astype(np.float64)
    for i in range(0, 20, 3):
        up, down = pixels.copy(), pixels.copy()
        up[i] += 1e-3
        down[i] -= 1e-3
        slope = (loss_at(exact, up, 0) - loss_at(exact, down, 0)) / 2e-3
        assert floats(last.values)[i] == pytest.approx(slope, rel=2e-3, abs=1e-7)


def test_the_step_is_plain_descent_and_leaves_the_network_alone():
    model, rate = network(), 0.5
    before = [p.array.copy() for p in model.parameters()]
    step = step_on(model, PREPARE, IMAGES[3], 2, rate, CLASSES)
    for p, kept in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.array, kept)
    F.cross_entropy(model(torch.tensor(PREPARE(IMAGES[3][None]))), torch.tensor([2])).backward()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p - rate * p.grad)
    scores = model(torch.tensor(PREPARE(IMAGES[3][None])))
    assert step.loss_after == pytest.approx(F.cross_entropy(scores, torch.tensor([2])).item(), rel=1e-4)
    assert step.loss_after < step.loss
    np.testing.assert_allclose(step.after, torch.softmax(scores, 1).detach().numpy()[0], rtol=1e-4, atol=1e-7)
    assert sum(step.after) == pytest.approx(1)


def test_a_model_of_images_is_stepped_through_too():
    model = network(nn.Unflatten(1, (1, 4, 5)), nn.Conv2d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3))
    step = step_on(model, PREPARE, IMAGES[4], 0, 0.1, CLASSES)
    assert [m.place for m in step.moments if m.phase == "backward"] == [2, 1, 1, 0]


def answer(command: object, **changes: object) -> dict:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (60, 28, 28)).astype(np.uint8), np.arange(60) % 10
    names = tuple(map(str, range(10)))
    data = DataSet("d", "classification", "", "", names, (), x[:50], y[:50], x[50:], y[50:])
    lab, outbox = digits.DigitsLab("runs", 60.0, lambda: data), Outbox(lambda: None)
    lab.tell(command, {**defaults(), "digits_hidden": [8], **changes}, outbox)
    lab.turn()
    return json.loads(outbox.take()[-1])


def ask(**changes: object) -> c.DigitsDescend:
    image = base64.b64encode(bytes(range(196)) * 4).decode()
    return c.DigitsDescend(**{"image": image, "width": 28, "height": 28, "label": 3, "rate": 0.1, "id": 5, **changes})


def test_the_room_answers_with_a_step():
    step = answer(ask())
    assert (step["type"], step["id"], step["label"], step["rate"]) == ("digits_step", 5, 3, 0.1)
    assert len(step["moments"]) == 6 + 2 + 6 + 3  # the usual network has two hidden layers


def test_a_rate_that_breaks_everything_is_answered_with_null():
    step = answer(ask(rate=100.0))
    assert step["type"] == "digits_step"
    assert len(step["after"]) == 10


@pytest.mark.parametrize(
    "change", [{"label": 10}, {"label": -1}, {"rate": 0.0}, {"rate": float("nan")}, {"rate": 1e9}, {"image": "AA=="},
               {"width": 14, "height": 56}, {"image": "!"}], ids=str,
)  # fmt: skip
def test_what_cannot_be_stepped_is_refused(change):
    refused = answer(ask(**change))
    assert (refused["type"], refused["id"]) == ("refusal", 5)
    assert refused["hint"].startswith("Try")


def test_features_of_the_first_layer_are_its_weights_and_deeper_ones_go_through_the_gates():
    model = network(nn.Linear(20, 7), nn.ReLU(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 3))
    w1, b1, w2 = (p.array for p in list(model.parameters())[:3])
    scale = np.asarray(PREPARE.scale).reshape(-1)
    np.testing.assert_allclose(features_of(model, PREPARE, IMAGES[:9], 1), w1 * scale, rtol=1e-5)
    gates = (PREPARE(IMAGES[:9]) @ w1.T + b1 > 0).mean(axis=0)
    np.testing.assert_allclose(
        features_of(model, PREPARE, IMAGES[:9], 2), (w2 * gates) @ w1 * scale, rtol=1e-4, atol=1e-7
    )
    assert features_of(model, PREPARE, IMAGES[:9], 3).shape == (3, 20)
    assert all(p.requires_grad for p in model.parameters())


def test_features_of_a_layer_are_answered_and_others_refused():
    told = answer(c.DigitsFeatures(2, id=4))
    assert (told["type"], told["layer"], told["units"]) == ("digits_feature_report", 2, 64)
    assert (told["width"], told["height"], len(told["scales"])) == (28, 28, 64)
    assert len(base64.b64decode(told["pixels"])) == 64 * 784
    for layer in (0, 4):
        assert "expected 1 to 3" in answer(c.DigitsFeatures(layer, id=4))["text"]
