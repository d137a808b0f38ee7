"""Settings, schedules and recipes."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.datasets import DATASETS, load_dataset
from glassnet.errors import ValueRangeError
from glassnet.files import strict_json
from glassnet.train.parts import OPTIMIZERS
from glassnet.train.recipes import CURVES, IMAGES, POINTS, RECIPES, recipe_for
from glassnet.train.schedule import SCHEDULES, rate_at
from glassnet.train.settings import Settings

MOONS = load_dataset("moons")


def test_every_setting_says_what_it_is():
    listed = Settings.all()
    assert len({setting.name for setting in listed}) == len(listed)
    assert all(setting.says and setting.kind.expected and setting.kind.example for setting in listed)


@pytest.mark.parametrize("setting", Settings.all(), ids=lambda setting: setting.name)
def test_every_setting_refuses_nonsense(setting):
    with pytest.raises(ValueRangeError, match=f"^got {setting.name}="):
        Settings(**{setting.name: object()})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hidden": (128, 0)}, "expected whole numbers from 1 to 1,000,000"),
        ({"hidden": [128]}, "expected whole numbers from 1 to 1,000,000"),
        ({"learning_rate": 0.0}, "expected a number above 0"),
        ({"learning_rate": math.inf}, "expected a number above 0"),
        ({"momentum": 1.0}, "of at least 0 and below 1"),
        ({"epochs": 2.0}, "expected a whole number"),
        ({"optimizer": "Adam"}, "expected one of sgd, adam"),
        ({"optimizer": "lbfgs"}, "all examples at once and no dropout"),
    ],
)
def test_values_outside_their_range(wrong, message):
    with pytest.raises(ValueRangeError, match=message):
        Settings(**wrong)


def test_settings_can_be_written_into_a_file():
    text = strict_json.dumps(Settings(optimizer="adam").as_dict())
    kept = strict_json.loads(text)
    assert kept["hidden"] == [128, 64]
    assert kept["momentum"] is None  # Adam has none
    assert Settings().as_dict()["momentum"] == 0.9


# ---- schedules ----------------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(SCHEDULES)), st.floats(0, 1), st.floats(0, 0.9))
def test_no_rate_is_negative_or_above_the_highest(name, t, warm_up):
    assert -1e-12 <= rate_at(name, 0.5, t, warm_up) <= 0.5 + 1e-12


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0.25, 0]),
        ("cosine", [1, 0.853553, 0.5, 0.146447, 0]),
        ("exponential", [1, 0.316228, 0.1, 0.031623, 0.01]),
        ("step", [1, 1, 0.1, 0.01, 0.001]),
        ("one-cycle", [0.04, 0.935692, 0.811745, 0.283058, 0]),
    ],
)
def test_schedules_at_the_quarters(name, rates):
    assert [rate_at(name, 1.0, t / 4) for t in range(5)] == pytest.approx(rates, abs=1e-6)


def test_one_cycle_is_highest_after_three_tenths():
    assert rate_at("one-cycle", 0.01, 0.3) == pytest.approx(0.01)


@given(st.sampled_from(sorted(SCHEDULES)), st.floats(0.01, 0.9))
def test_the_rise_starts_at_nothing_and_the_schedule_follows_it(name, warm_up):
    assert rate_at(name, 1.0, 0.0, warm_up) == 0
    assert rate_at(name, 1.0, warm_up / 2, warm_up) == pytest.approx(0.5)
    assert rate_at(name, 1.0, warm_up, warm_up) == pytest.approx(SCHEDULES[name](0.0))
    assert rate_at(name, 1.0, (1 + warm_up) / 2, warm_up) == pytest.approx(SCHEDULES[name](0.5))
    assert rate_at(name, 1.0, 1.0, warm_up) == pytest.approx(SCHEDULES[name](1.0))


# ---- recipes ------------------------------------------------------------------------------------------------------


def test_every_kind_of_data_has_every_recipe():
    assert set(IMAGES) == set(POINTS) == set(CURVES) == set(RECIPES)


@pytest.mark.parametrize("name", [name for name in DATASETS if not name.endswith("mnist")])
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_small_data_set_has_fitting_settings(name, recipe):
    data = load_dataset(name)
    settings = recipe_for(data, recipe)
    seen = settings.epochs * len(data.x_train)
    assert 700 <= seen <= 200_000


def test_what_is_chosen_goes_before_the_recipe():
    settings = recipe_for(MOONS, epochs=7, hidden=(3,), seed=5)
    assert (settings.epochs, settings.hidden, settings.seed) == (7, (3,), 5)
    assert settings == replace(recipe_for(MOONS), epochs=7, hidden=(3,), seed=5)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_another_optimiser_brings_its_own_rate(name):
    usual = recipe_for(MOONS)
    settings = recipe_for(MOONS, optimizer=name)
    assert settings.learning_rate == (usual.learning_rate if name == usual.optimizer else OPTIMIZERS[name].rate)
    assert recipe_for(MOONS, optimizer=name, learning_rate=0.5).learning_rate == 0.5
    assert (settings.batch_size == 0) == OPTIMIZERS[name].whole


def test_with_less_data_each_example_is_seen_more_often():
    few, many = load_dataset("moons", n=50), load_dataset("moons", n=5000)
    assert recipe_for(few).epochs > recipe_for(MOONS).epochs > recipe_for(many).epochs >= 5
