"""Fitting a small network to a curve, for measurements of what networks can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.compiler import compile
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.nn import functional as F


def fitted(
    model: nn.Module, x: np.ndarray, y: np.ndarray, optimizer: Callable[[Iterable[Any]], Any], steps: int
) -> nn.Module:
    """Train on all examples at once, for the mean square error; the model itself."""
    rule = optimizer(model.parameters())
    inputs, target = wrap(x), wrap(y)

    def loss() -> Tensor:
        rule.zero_grad()
        total = F.mse_loss(model(inputs), target)
        total.backward()
        return total

    def step() -> None:
        loss()
        rule.step()

    once = compile(step) if getattr(rule, "replayable", False) else lambda: rule.step(loss)
    for _ in range(steps):
        once()
    return model


def rms(model: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    """The root mean square of what is between output and truth."""
    with no_grad():
        return float(np.sqrt(np.mean((model(wrap(x)).array - y) ** 2)))
