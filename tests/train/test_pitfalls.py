"""What is warned of before the first step."""

import warnings

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.data.dataset import TensorDataset
from glassnet.data.loader import DataLoader
from glassnet.train.pitfalls import PitfallWarning
from glassnet.train.trainer import Trainer

X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
SORTED, MIXED = np.repeat([2, 0, 1], 20), np.arange(60) % 3


def fit(data, **how):
    model = nn.Linear(3, 3)
    return Trainer(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1)).fit(data, epochs=1, **how)


def loader(y, **how):
    return DataLoader(TensorDataset(torch.tensor(X), torch.tensor(y)), batch_size=10, **how)


def test_labels_in_blocks_that_nobody_shuffles_are_warned_of():
    with pytest.warns(PitfallWarning, match="got labels that come class after class, and shuffle=False") as told:
        fit((X, SORTED), batch_size=10, shuffle=False)
    assert told[0].filename == __file__  # where `fit` was called
    with pytest.warns(PitfallWarning, match=r"Try shuffle=True\."):
        fit(loader(SORTED))


@pytest.mark.parametrize(
    ("data", "how"),
    [
        ((X, SORTED), {"batch_size": 10}),
        ((X, MIXED), {"batch_size": 10, "shuffle": False}),
        ((X, SORTED), {"batch_size": 0, "shuffle": False}),  # all at once: there is no order
        ((X, X), {"batch_size": 10, "shuffle": False}),
        (loader(MIXED), {}),
        (loader(SORTED, shuffle=True), {}),
        ([(X[:30], SORTED[:30]), (X[30:], SORTED[30:])], {}),  # nobody knows
    ],
)
def test_other_data_are_not(data, how):
    loss = "mse" if data is not None and isinstance(data, tuple) and data[1] is X else "cross_entropy"
    model = nn.Linear(3, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Trainer(model, loss, optim.SGD(model.parameters(), lr=0.1)).fit(data, epochs=1, **how)


def test_raw_pixels_are_warned_of_before_the_first_epoch():
    pixels = np.random.default_rng(1).integers(0, 256, (60, 3), dtype=np.uint8)
    with pytest.warns(PitfallWarning, match=r"got inputs from 0 to 25\d; expected numbers about 0") as told:
        fit((pixels, MIXED))
    assert "Try fit((x / 255, y))." in str(told[0].message)
    assert told[0].filename == __file__
    with pytest.warns(PitfallWarning, match=r"Try fit\(\(\(x - x.mean\(0\)\) / x.std\(0\), y\)\)"):
        fit((X * 1000, MIXED))


@pytest.mark.parametrize("x", [X, np.float32([[0], [255]] * 30) / 255 * np.ones(3, np.float32)])
def test_scaled_inputs_are_not(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit((x, MIXED))
