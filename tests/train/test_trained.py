"""A trained network in a file with what is needed to use it, and files that only look like one."""

import json

import numpy as np
import pytest

from glassnet import nn
from glassnet.data.datasets import load_dataset
from glassnet.errors import FormatError
from glassnet.files import safetensors
from glassnet.train.model_file import save_model
from glassnet.train.preparation import Preparation
from glassnet.train.recipes import recipe_for
from glassnet.train.trained import Trained
from glassnet.train.training import Training

PLAIN = {"shape": [2], "scale": 1.0, "offset": 0.0}


@pytest.fixture(scope="module", params=["moons", "plane"])
def learned(request):
    data = load_dataset(request.param)
    run = Training(data, recipe_for(data, epochs=3, dropout=0.1))
    list(run)
    return Trained(run.model, run.prepare, data.task, data.classes, {"data": {"name": data.name}}), run, data


def test_it_answers_the_same_from_a_file_to_the_last_bit(learned, tmp_path):
    trained, _, data = learned
    trained.save(tmp_path / "m.safetensors")
    again = Trained.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict(data.x_test), trained.predict(data.x_test))
    assert (again.task, again.classes, again.about) == (trained.task, trained.classes, trained.about)
    assert again.image_shape is None


def test_it_judges_as_the_training_did(learned):
    trained, run, data = learned
    assert trained.evaluate(data.x_test, data.y_test).as_dict() == run.test().as_dict()


def test_classes_get_probabilities(learned):
    trained, _, data = learned
    answers = trained.predict(data.x_test)
    if trained.task == "classification":
        np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert answers.shape == (len(data.x_test), data.n_outputs)


def test_images_have_a_shape():
    prepare = Preparation((28, 20), np.float32(1), np.float32(0))
    assert Trained(nn.Sequential(nn.Linear(560, 2)), prepare, "classification", ("a", "b")).image_shape == (28, 20)


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"task": "classification", "classes": ["a", "b"]},
        {"task": "magic", "classes": ["a", "b"], "preparation": PLAIN},
        {"task": "classification", "classes": "ab", "preparation": PLAIN},
        {"task": "classification", "classes": ["a", 2], "preparation": PLAIN},
        {"task": "classification", "classes": ["a"], "preparation": PLAIN},
        {"task": "classification", "classes": ["a", "b"], "preparation": {**PLAIN, "shape": [3]}},
        {"task": ["classification"], "classes": ["a", "b"], "preparation": PLAIN},
    ],
)
def test_a_model_whose_meaning_is_not_right_is_named(about, tmp_path):
    save_model(tmp_path / "m.safetensors", nn.Sequential(nn.Linear(2, 2)), about)
    with pytest.raises(FormatError, match=r"m\.safetensors.*: got"):
        Trained.load(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    "layers",
    [
        nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 2)),
        nn.Sequential(nn.Linear(2, 2), nn.Embedding(4, 2)),
        nn.Sequential(nn.Linear(2, 2), nn.Conv2d(1, 1, 1)),
        nn.Sequential(nn.Linear(2, 2), nn.Unflatten(1, (5, 5))),
        nn.Sequential(nn.Linear(2, 2), nn.Softmax(7)),
        nn.Sequential(),
    ],
    ids=str,
)
def test_layers_that_do_not_fit_together_are_found_when_the_file_is_read(layers, tmp_path):
    about = {"task": "classification", "classes": ["a", "b", "c"], "preparation": PLAIN}
    save_model(tmp_path / "m.safetensors", layers, about)
    with pytest.raises(FormatError, match=r"m\.safetensors.*: got"):
        Trained.load(tmp_path / "m.safetensors")


def test_numbers_that_are_not_finite_are_found_when_the_file_is_read(tmp_path):
    about = {"task": "regression", "classes": [], "preparation": PLAIN}
    text = json.dumps(
        {
            "format": 1,
            "layers": [{"type": "Linear", "in_features": 2, "out_features": 1, "bias": False}],
            "about": about,
        }
    )
    weight = np.array([[np.nan, 0]], np.float32)
    safetensors.save(tmp_path / "m.safetensors", {"0.weight": weight}, {"glassnet": text})
    with pytest.raises(FormatError, match=r"expected finite numbers|cannot be used"):
        Trained.load(tmp_path / "m.safetensors")
