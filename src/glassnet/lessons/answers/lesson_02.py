"""Lesson 2: XOR, and what a hidden layer is for."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from glassnet import nn, optim
from glassnet.basics import Neuron
from glassnet.core.generator import fork_rng, manual_seed
from glassnet.core.tensor import wrap
from glassnet.errors import complain
from glassnet.lessons.exercises import exercise

_INPUTS = list(product((0, 1), repeat=2))


@exercise(
    "2.1",
    "one neuron of x1, x2 and x1 x2 that makes XNOR",
    hints=("XNOR is XOR turned round.", "XOR has weights 1, 1, -2 and bias -0.5: turn every sign."),
    solution=((-1, -1, 2), 0.5),
    wrong=(((1, 1, -2), -0.5), ((-1, -1, 2), -0.5), ((0, 0, 1), -0.5)),
)
def feature(weight: Any, bias: float) -> str | None:
    """All four rows."""
    neuron = Neuron(tuple(weight), bias)
    for a, b in _INPUTS:
        x = (a, b, a * b)
        if int(neuron(x)) != int(a == b):
            got = f"at x1 = {a}, x2 = {b} your neuron gives {neuron(x):g} (z = {neuron.z(x):g})"
            return complain(got, f"expected {int(a == b)}", 'Try hint("2.1")')
    return None


@exercise(
    "2.2",
    "two hidden neurons and an output that make XNOR",
    hints=("XNOR is 'both, or neither'.", "h1 = AND, h2 = NOR: then the output is OR."),
    solution=([((1, 1), -1.5), ((-1, -1), 0.5)], ((1, 1), -0.5)),
    wrong=(
        ([((1, 1), -0.5), ((1, 1), -1.5)], ((1, -2), -0.5)),
        ([((1, 1), -1.5)], ((1, 1), -0.5)),
        ([((1, 1), -1.5), ((-1, -1), 0.5)], ((1, 1), -1.5)),
    ),
)
def layers(hidden: Any, out: Any) -> str | None:
    """Two step neurons, then one."""
    if len(hidden) != 2:
        return complain(f"got {len(hidden)} hidden neurons", "expected two", "Try [((1, 1), -1.5), ((…, …), …)]")
    units, last = [Neuron(tuple(w), b) for w, b in hidden], Neuron(tuple(out[0]), out[1])
    for x in _INPUTS:
        inside = tuple(unit(x) for unit in units)
        if int(last(inside)) != int(x[0] == x[1]):
            got = f"at {x} the hidden units say {tuple(map(int, inside))} and the output {last(inside):g}"
            return complain(got, f"expected {int(x[0] == x[1])}", 'Try hint("2.2")')
    return None


@exercise(
    "2.3",
    "a network that learns XOR from every one of ten seeds",
    hints=("Two ReLU units rarely make it; look at the table of shares.", "Eight tanh units with a rate of 0.5 do."),
    solution=(lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), 0.5),
    wrong=(
        (lambda: nn.Sequential(nn.Linear(2, 1)), 0.5),
        (lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), 1e-4),
        (lambda: 3, 0.5),
    ),
)
def learns(build: Any, rate: float) -> str | None:
    """Ten seeds, 1000 steps each, stopping at the first that fails."""
    x, y = np.array(_INPUTS, np.float32), np.array([[0], [1], [1], [0]], np.float32)
    with fork_rng():
        for seed in range(10):
            manual_seed(seed)
            model = build()
            if not isinstance(model, nn.Module):
                return complain(f"got {model!r:.40}", "expected a network", "Try nn.Sequential(nn.Linear(2, 8), …)")
            right = _train(model, rate, x, y)
            if right < 4:
                got = f"seed {seed} ends with {right} of 4 rows right after 1000 steps"
                return complain(got, "expected 4", "Try more units, another activation, or another rate")
    return None


def _train(model: nn.Module, rate: float, x: Any, y: Any) -> int:
    optimizer = optim.SGD(model.parameters(), lr=rate)
    inputs, targets = wrap(x), wrap(y)
    for step in range(1000):
        optimizer.zero_grad()
        scores = model(inputs)
        if (
            step % 100 == 99
            and np.array_equal(scores.array > 1, y > 0.5)
            and np.array_equal(scores.array < -1, y < 0.5)
        ):
            break
        nn.functional.binary_cross_entropy_with_logits(scores, targets).backward()
        optimizer.step()
    return int(((model(inputs).array > 0) == (y > 0.5)).sum())
