"""Recipes with names, and what they ask for that a plain training does not: normalization and augmentation."""

import numpy as np
import pytest

from glassnet.data.datasets import load_dataset
from glassnet.data.registry import DataSet
from glassnet.errors import DataError, ValueRangeError
from glassnet.train.kinds import Several
from glassnet.train.parts import AUGMENTATIONS, NORMALIZATIONS, network
from glassnet.train.recipes import CURVES, IMAGES, NAMED, POINTS, RECIPES, TABLES, recipe_for
from glassnet.train.settings import Settings
from glassnet.train.trained import Trained
from glassnet.train.training import Training


def images(n=60, size=8, classes=3):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (n, size, size), np.uint8), np.arange(n) % classes
    names = tuple(map(str, range(classes)))
    return DataSet("patches", "classification", "", "", names, (), x[:-10], y[:-10], x[-10:], y[-10:])


def test_every_kind_of_data_knows_every_recipe():
    for table in (IMAGES, POINTS, CURVES, TABLES):
        assert set(table) == set(RECIPES)


@pytest.mark.parametrize("name", NAMED)
def test_a_named_recipe_is_one_of_a_data_set(name):
    data, recipe = NAMED[name]
    assert recipe in RECIPES
    assert recipe_for(images(), recipe).epochs > 0
    if not data.endswith("mnist"):
        assert load_dataset(data).name == data


@pytest.mark.parametrize("recipe", RECIPES)
def test_images_can_be_trained_by_every_recipe(recipe):
    settings = recipe_for(images(), recipe, epochs=2, hidden=(6, 5))
    training = Training(images(), settings)
    *_, last = training
    assert last.test.n == (5 if recipe == "patient" else 10)  # which is judged by a tenth of the 50 others
    assert np.isfinite(last.loss)


def test_the_patient_recipe_begins_with_many_epochs_and_stops_by_itself():
    moons = load_dataset("moons", n=120, noise=0.3)
    settings = recipe_for(moons, "patient")
    assert settings.epochs > 3 * recipe_for(moons).epochs
    assert recipe_for(images(n=60_010), "patient").epochs == 30
    training = Training(moons, settings)
    for _ in training:
        pass
    assert len(training.validation[0]) == 10
    assert training.epochs_done < settings.epochs
    assert training.epochs_done - training.best_epoch == settings.patience == 15
    assert recipe_for(moons, "patient", validation=0.25).validation == 0.25
    assert recipe_for(moons).patience == recipe_for(moons).validation == 0


def test_the_best_recipe_normalizes_and_augments():
    best = recipe_for(images(), "best")
    assert best.normalization == "batch"
    assert set(best.augment.split("+")) == {"shift", "rotate", "scale", "shear", "elastic"}


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_normalization_stands_between_the_sums_and_the_activation(name):
    layers = [type(layer).__name__ for layer in network(4, 2, Settings(hidden=(3, 5), normalization=name))]
    between = {"none": [], "batch": ["BatchNorm1d"], "layer": ["LayerNorm"]}[name]
    assert layers == ["Linear", *between, "ReLU", "Linear", *between, "ReLU", "Linear"]


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_normalized_network_is_saved_and_read_again(name, tmp_path):
    data = images()
    training = Training(data, Settings(hidden=(6,), epochs=2, batch_size=25, normalization=name))
    list(training)
    trained = Trained(training.model, training.prepare, data.task, data.classes)
    trained.save(tmp_path / "model.safetensors")
    again = Trained.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(data.x_test), trained.predict(data.x_test))


def test_the_same_seed_augments_alike_and_another_does_not():
    weights = {}
    for run, seed in (("a", 1), ("b", 1), ("c", 2)):
        settings = Settings(hidden=(), epochs=2, seed=seed, augment="+".join(AUGMENTATIONS), init="zeros", batch_size=0)
        training = Training(images(), settings)
        list(training)
        weights[run] = training.model[0].weight.array.copy()
    np.testing.assert_array_equal(weights["a"], weights["b"])
    assert not np.array_equal(weights["a"], weights["c"])


def test_points_cannot_be_augmented():
    with pytest.raises(DataError, match="got augmentation shift for examples of shape"):
        Training(load_dataset("moons"), Settings(augment="shift"))


KIND = Several(("flip", "shift", "rotate"))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("shift", "shift"),
        ("Rotate+shift", "shift+rotate"),
        ("none", "none"),
        ("NONE", "none"),
        ("shift+shift", "shift"),
    ],
)
def test_names_are_read_in_their_order(word, value):
    assert KIND.parse("--augment", word) == value


@pytest.mark.parametrize(
    ("word", "hint"),
    [("shft", "shift"), ("shift+rotat", "shift+rotate"), ("none+shift", "shift"), ("", "shift+rotate")],
)
def test_other_names_are_refused_with_the_nearest(word, hint):
    with pytest.raises(ValueRangeError) as problem:
        KIND.parse("--augment", word)
    assert str(problem.value).endswith(f"Try --augment {hint}.")


def test_settings_refuse_what_is_no_augmentation():
    with pytest.raises(ValueRangeError, match="got augment='spin'"):
        Settings(augment="spin")
    assert Settings(augment="shift+noise").as_dict()["augment"] == "shift+noise"
    assert Settings.from_dict(Settings(augment="shift+noise").as_dict()).augment == "shift+noise"
