"""One step of learning as scikit-learn takes it: its losses, its penalty, its rules; and the network it works on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.compiler import compile
from glassnet.core.elementwise import xlogy
from glassnet.core.tensor import Tensor, wrap
from glassnet.faces.keras import optimizers
from glassnet.nn import functional as F
from glassnet.random import fork_rng

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}

# ---- losses: one number for each example (and label), from targets y and the scores z of the last layer -------------


def squared_error(y: Tensor, z: Tensor) -> Tensor:
    """Half the square of z - y."""
    return 0.5 * ops.square(z - y)


def poisson(y: Tensor, z: Tensor) -> Tensor:
    """Half of Poisson's deviance, the rates being exp(z)."""
    return ops.exp(z) - y * z + (xlogy(y, y) - y)


def binary_log_loss(y: Tensor, z: Tensor) -> Tensor:
    """-log of what sigmoid(z) gives to the truth, label by label."""
    return F.binary_cross_entropy_with_logits(z, y, reduction="none")


def log_loss(y: Tensor, z: Tensor) -> Tensor:
    """-log of what softmax(z) gives to the class of which y is the one-hot row."""
    return -(y * F.log_softmax(z, -1)).sum(-1, keepdim=True)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # by the activation that is to come after the scores
    "identity": squared_error,
    "exp": poisson,
    "logistic": binary_log_loss,
    "softmax": log_loss,
}
OUTPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "exp": ops.exp,
    "logistic": ops.sigmoid,
    "softmax": lambda z: F.softmax(z, -1),
}

# ---- the network -----------------------------------------------------------------------------------------------------


def network(sizes: Sequence[int], activation: str, random: np.random.RandomState, dtype: Any) -> nn.Sequential:
    """Linear layers of these sizes with the activation between them, begun as in scikit-learn.

    Each layer draws its kernel (inputs, outputs), then its bias, uniformly between ±sqrt(6 / (inputs + outputs)), or
    with a 2 in the place of the 6 for the logistic function (X. Glorot and Y. Bengio, 2010).
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        bound = math.sqrt((2.0 if activation == "logistic" else 6.0) / (inputs + outputs))
        kernel = random.uniform(-bound, bound, (inputs, outputs)).T  # (outputs, inputs), as a Linear has it
        bias = random.uniform(-bound, bound, outputs)
        layers += [linear(np.ascontiguousarray(kernel, dtype), bias.astype(dtype)), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


def linear(weight: np.ndarray, bias: np.ndarray) -> nn.Linear:
    """A Linear module with these numbers; the default stream of random numbers stays where it is."""
    with fork_rng():
        layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data, layer.bias.data = wrap(weight), wrap(bias)  # type: ignore[union-attr]
    return layer


# ---- a step ----------------------------------------------------------------------------------------------------------


class Learner:
    """Takes steps on a network: the mean loss of a batch plus alpha / 2 · Σ kernel² over the weight of its examples."""

    def __init__(self, net: nn.Sequential, output: str, alpha: float, optimizer: optimizers.Flat | None) -> None:
        self.net, self.output, self.alpha, self.optimizer = net, output, alpha, optimizer
        self.params = list(net.parameters())
        self.step = compile(self._step)

    def _step(self, x: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
        for p in self.params:
            p.grad = None
        z = self.net(x)
        each = LOSSES[self.output](y, z)
        share = 1.0 / len(x) if weights is None else 1.0 / weights.sum()
        total = each.sum() if weights is None else (each.sum(-1) * weights).sum()
        decay = (0.5 * self.alpha) * sum(ops.square(p).sum() for p in self.params if p.ndim == 2) if self.alpha else 0.0
        ((total + decay) * share).backward()
        if self.optimizer is not None:
            self.optimizer.step()
        return (self._told(each.detach(), weights) + decay) * share

    def _told(self, each: Tensor, weights: Tensor | None) -> Tensor:
        """The sum of the losses as scikit-learn tells it: probabilities kept off 0 and 1, squares averaged."""
        if self.output in ("logistic", "softmax"):
            eps = float(np.finfo(each.array.dtype).eps)
            each = ops.clamp(each, low=-math.log1p(-eps), high=-math.log(eps))
        if self.output == "identity" and each.shape[-1] > 1:
            each = each * (1.0 / each.shape[-1])
        return each.sum() if weights is None else (each.sum(-1) * weights).sum()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the recorded step, which is recorded anew where the learner is unpickled."""
        return {name: value for name, value in vars(self).items() if name != "step"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.step = compile(self._step)


def sgd(params: Sequence[Tensor], rate: float, momentum: float, nesterov: bool) -> optimizers.Flat:
    """w ← w + v with v ← μ·v − rate·g, or Nesterov's."""
    options = {"lr": rate, "momentum": momentum, "nesterov": nesterov, "weight_decay": 0.0}
    return optimizers.Flat(params, optimizers.sgd, options, {"momentum_buffer": 0.0} if momentum else {})


def adam(params: Sequence[Tensor], rate: float, betas: tuple[float, float], epsilon: float) -> optimizers.Flat:
    """Adam with its epsilon beside the uncorrected root, as scikit-learn and Keras have it."""
    options = {"lr": rate, "betas": betas, "eps": epsilon, "amsgrad": False, "weight_decay": 0.0}
    return optimizers.Flat(params, optimizers.adam, options, {"exp_avg": 0.0, "exp_avg_sq": 0.0})
