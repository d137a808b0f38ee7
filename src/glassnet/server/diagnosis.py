"""Why a number is none: where it began, which setting drove it there, and what would mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from glassnet.server.learner import Learner


class Finding(NamedTuple):
    """What is wrong: where, in words, and settings that would mend it."""

    where: str
    text: str
    hint: str
    fixes: dict[str, Any]


def diagnose(learner: Learner, state: Mapping[str, Any], losses: Sequence[float], epoch: float) -> Finding:
    """Look at a network whose loss is not a finite number."""
    where = _where(learner)
    rate = float(state["learning_rate"])
    pull = rate * float(state["l2"])
    if pull >= 2:
        text = f"learning rate × L2 is {pull:g}: each step throws the weights past zero to a larger size"
        better = _rounded(0.1 / rate)
        return Finding(where, text, f"Try L2 = {better:g}", {"l2": better})
    better = _rounded(rate / 10)
    fixes = {"learning_rate": better}
    growth = _growth(losses)
    if state["loss"] in ("auto", "mse") and learner.head.loss == "mse" and "relu" in " ".join(learner.names):
        cause = "the units of relu have no upper limit, so steps that are too long make them larger and larger"
    elif growth:
        cause = f"the loss had grown {growth:.3g}-fold before"
    else:
        cause = "a step was so long that the numbers ran out of range"
    text = f"at learning rate {rate:g} {cause}"
    return Finding(where, text, f"Try a learning rate of {better:g}", fixes)


def _where(learner: Learner) -> str:
    """The first layer with a weight that is not finite."""
    last = len(learner.layers) - 1
    for i, layer in enumerate(learner.layers):
        if not (np.isfinite(layer.weight.array).all() and np.isfinite(layer.bias.array).all()):
            return "the weights of the output" if i == last else f"the weights of hidden layer {i + 1}"
    return "the loss"


def _growth(losses: Sequence[float]) -> float:
    finite = [loss for loss in losses if np.isfinite(loss) and loss > 0]
    if len(finite) < 2:
        return 0.0
    growth = finite[-1] / min(finite)
    return growth if growth > 2 else 0.0


def _rounded(value: float) -> float:
    return float(f"{value:.1g}")
