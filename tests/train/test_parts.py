"""Networks from settings: every activation, start and optimiser of the tables works."""

import numpy as np
import pytest

from glassnet import nn, ones
from glassnet.core.random import manual_seed
from glassnet.data.datasets import load_dataset
from glassnet.train.layers import LAYERS
from glassnet.train.parts import ACTIVATIONS, INITS, OPTIMIZERS, network
from glassnet.train.recipes import recipe_for
from glassnet.train.settings import Settings
from glassnet.train.training import Training

GAUSS = load_dataset("gauss", n=300)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_makes_a_network(name):
    model = network(3, 2, Settings(hidden=(5, 4), activation=name, dropout=0.5))
    assert [type(layer).__name__ for layer in model][::3] == ["Linear"] * 3
    assert model(ones(7, 3)).shape == (7, 2)


def test_every_activation_can_be_saved():
    assert {type(make()).__name__ for make in ACTIVATIONS.values()} <= set(LAYERS)


def test_no_hidden_layer_is_a_linear_model():
    assert len(network(3, 2, Settings(hidden=()))) == 1


@pytest.mark.parametrize("name", [name for name, start in INITS.items() if start is not None])
def test_starts_with_zero_biases_and_the_right_spread(name):
    manual_seed(0)
    model = network(400, 10, Settings(hidden=(300,), init=name))
    weight, bias = model[0].weight.array, model[0].bias.array
    spread = {
        "kaiming_uniform": np.sqrt(2 / 400), "kaiming_normal": np.sqrt(2 / 400), "xavier_uniform": np.sqrt(2 / 700),
        "xavier_normal": np.sqrt(2 / 700), "orthogonal": np.sqrt(1 / 400), "normal": 0.01, "zeros": 0.0,
    }[name]  # fmt: skip
    assert not bias.any()
    assert weight.std() == pytest.approx(spread, rel=0.02)


def test_the_default_start_is_the_layer_s_own():
    manual_seed(3)
    mine = network(4, 2, Settings(hidden=(3,)))
    manual_seed(3)
    layers = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    assert all(np.array_equal(a.array, b.array) for a, b in zip(mine.parameters(), layers.parameters(), strict=True))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_learns(name):
    training = Training(GAUSS, recipe_for(GAUSS, optimizer=name, hidden=(8,), epochs=60))
    moments = list(training)
    assert moments[-1].test.accuracy >= 0.95


@pytest.mark.parametrize(("name", "option"), [("sgd", "momentum"), ("rmsprop", "momentum"), ("adam", "weight_decay")])
def test_settings_reach_the_optimiser(name, option):
    settings = Settings(optimizer=name, momentum=0.5, weight_decay=0.25, learning_rate=0.125)
    optimizer = OPTIMIZERS[name](network(2, 2, settings).parameters(), settings)
    group = optimizer.param_groups[0]
    assert group[option] == {"momentum": 0.5, "weight_decay": 0.25}[option]
    assert group["lr"] == 0.125


def test_sgd_looks_ahead_only_with_momentum():
    for momentum in (0.0, 0.9):
        settings = Settings(momentum=momentum)
        group = OPTIMIZERS["sgd"](network(2, 2, settings).parameters(), settings).param_groups[0]
        assert group["nesterov"] == (momentum > 0)
