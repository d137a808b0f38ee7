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
