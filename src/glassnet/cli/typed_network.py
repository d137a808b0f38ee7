"""A network as it is typed: sizes, weights in one row, and an activation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from glassnet import nn
from glassnet.cli.options import UsageError
from glassnet.core.generator import fork_rng, manual_seed
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.errors import complain

_LAYERS: dict[str, type[nn.Module] | None] = {
    "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "leaky-relu": nn.LeakyReLU, "elu": nn.ELU,
    "gelu": nn.GELU, "silu": nn.SiLU, "softplus": nn.Softplus, "none": None,
}  # fmt: skip
ACTIVATIONS = tuple(_LAYERS)


def typed_network(
    sizes: Sequence[int], weights: Sequence[float] | None, activation: str, last: str, seed: int = 0
) -> nn.Sequential:
    """Dense layers of these sizes in float64; `weights` has for each layer W row by row, then b.

    Raises `UsageError` for another count of weights.

    >>> model = typed_network([2, 1], [0.5, -1.0, 0.25], "relu", "none")
    >>> model[0].weight.tolist(), model[0].bias.tolist()
    ([[0.5, -1.0]], [0.25])
    """
    needed = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    if weights is not None and len(weights) != needed:
        got = f"got {len(weights)} numbers in --weights for {'-'.join(map(str, sizes))}"
        expected = f"expected {needed}: for each layer the weights, row by row, then the biases"
        raise UsageError(complain(got, expected, f"Try --weights {','.join(['0.5'] * min(needed, 9))}"))
    with fork_rng():
        manual_seed(seed)
        layers = _layers(sizes, activation, last)
    model = nn.Sequential(*layers).double()
    if weights is not None:
        _fill(model, np.array(weights, np.float64))
    return model


def _layers(sizes: Sequence[int], activation: str, last: str) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        layers.append(nn.Linear(a, b))
        bend = _LAYERS[last if i == len(sizes) - 2 else activation]
        layers += [bend()] if bend is not None else []
    return layers


def _fill(model: nn.Sequential, numbers: np.ndarray) -> None:
    start = 0
    with no_grad():
        for p in model.parameters():
            p.copy_(wrap(numbers[start : start + p.array.size].reshape(p.array.shape)))
            start += p.array.size
