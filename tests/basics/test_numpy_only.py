"""The engine stands on NumPy and Python alone, and its networks have any number of layers."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.basics import columns
from glassnet.data.datasets import load_dataset

PROGRAM = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {"numpy", "glassnet"}:
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
import glassnet as torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1), torch.nn.Sigmoid())
optimizer = torch.optim.Adam(model.parameters())

@torch.compile
def step(x, t):
    optimizer.zero_grad()
    loss = torch.nn.functional.binary_cross_entropy(model(x), t)
    loss.backward()
    optimizer.step()
    return loss

x, t = torch.randn(8, 2), torch.ones(8, 1)
losses = [step(x, t).item() for _ in range(5)]
assert losses[-1] < losses[0]
print(round(losses[0] - losses[-1], 3) > 0)
"""


def test_it_trains_where_nothing_but_numpy_can_be_imported():
    done = subprocess.run([sys.executable, "-I", "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True"]


@pytest.mark.parametrize("hidden", [0, 1, 3, 10])
def test_any_number_of_hidden_layers_learns(hidden):
    """By the engine, and by the functions for columns: from about ln 2 to below what a constant answer costs."""
    moons = load_dataset("moons", n=120, noise=0.1, seed=0, test_fraction=0.2)
    sizes = [2, *[12] * hidden, 1]
    torch.manual_seed(0)
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        linear = nn.Linear(n_in, n_out)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    X, t = torch.tensor(moons.x_train), torch.tensor(moons.y_train).float().unsqueeze(1)
    for _ in range(150):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(X), t)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.45
    _, costs = columns.train(
        moons.x_train.T.astype(np.float64), moons.y_train[None].astype(np.float64), sizes, 0.1, 200, print_every=1000
    )
    assert costs[-1] < 0.5 * max(costs[0], 0.9)
