"""A small network made of the engine's tensors: layers, what their units do, and what the outputs mean."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.generator import Generator
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.nn import init

Act = Callable[[Tensor], Tensor]


def _same(z: Tensor) -> Tensor:
    return z


ACTIVATIONS: dict[str, Act] = {
    "tanh": F.tanh, "relu": F.relu, "sigmoid": F.sigmoid, "linear": _same, "leaky_relu": F.leaky_relu, "elu": F.elu,
    "selu": F.selu, "gelu": F.gelu, "silu": F.silu, "softplus": F.softplus, "softsign": F.softsign,
    "sine": ops.sin, "hardtanh": F.hardtanh,
}  # fmt: skip


@dataclass
class Layer:
    """Weights `(units, sources)` and biases `(units,)`, as leaves of the tape."""

    weight: Tensor
    bias: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """Units and sources."""
        units, sources = self.weight.array.shape
        return units, sources


def made(sizes: Sequence[int], start: str, bias: float, seed: int, dtype: Any = np.float64) -> list[Layer]:
    """Layers of these sizes, inputs and outputs included, with weights drawn from a seed.

    Each layer has a stream of its own, so a layer keeps its start when another one changes.

    >>> [layer.shape for layer in made([2, 4, 1], "xavier_uniform", 0.0, 0)]
    [(4, 2), (1, 4)]
    """
    layers = []
    for i, (before, size) in enumerate(itertools.pairwise(sizes)):
        generator = Generator().manual_seed(seed * 1000 + i)
        weight = wrap(np.zeros((size, before), dtype))
        if before:
            _START[start](weight, generator)
        layers.append(Layer(_leaf(weight.array), _leaf(np.full(size, bias, dtype))))
    return layers


def check_affordable(sizes: Sequence[int], points: int, most: int) -> None:
    """Refuse a network with more outputs for all points than this server's memory is for."""
    units = sum(sizes[1:])
    if units * points > most:
        got = f"got {units:,} units and {points:,} points"
        expected = f"expected at most {most:,}, one times the other, for a page of a class"
        raise ValueRangeError(complain(got, expected, "Try fewer points, or smaller layers"))


def _leaf(array: np.ndarray) -> Tensor:
    tensor = wrap(array)
    tensor.requires_grad_(True)
    return tensor


_START: dict[str, Callable[[Tensor, Any], Any]] = {
    "uniform": lambda w, g: init.uniform_(w, -0.5, 0.5, generator=g),
    "xavier_uniform": lambda w, g: init.xavier_uniform_(w, generator=g),
    "xavier_normal": lambda w, g: init.xavier_normal_(w, generator=g),
    "kaiming_uniform": lambda w, g: init.kaiming_uniform_(w, nonlinearity="relu", generator=g),
    "kaiming_normal": lambda w, g: init.kaiming_normal_(w, nonlinearity="relu", generator=g),
    "normal": lambda w, g: init.normal_(w, std=0.1, generator=g),
    "zeros": lambda w, g: None,
}


def parameters(layers: Sequence[Layer]) -> list[Tensor]:
    """Weights and biases, layer by layer."""
    return [p for layer in layers for p in (layer.weight, layer.bias)]


def numbers(layers: Sequence[Layer]) -> list[np.ndarray]:
    """Copies of them all, to come back to."""
    return [p.array.copy() for p in parameters(layers)]


def restore(layers: Sequence[Layer], kept: Sequence[np.ndarray]) -> None:
    """Put numbers back where they were, without making arrays anew."""
    for p, array in zip(parameters(layers), kept, strict=True):
        p.array[...] = array


def flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """All numbers end to end."""
    return np.concatenate([a.reshape(-1) for a in arrays]) if arrays else np.zeros(0)


def inherit(new: Sequence[Layer], old: Sequence[Layer], names: Sequence[str], old_names: Sequence[str]) -> None:
    """Give new layers the weights that still have a place: inputs by name, hidden layers by number, outputs last."""
    for i, layer in enumerate(new):
        last = i == len(new) - 1
        if last:
            before = old[-1]
        elif i < len(old) - 1:
            before = old[i]
        else:
            continue
        rows = min(layer.shape[0], before.shape[0])
        columns = _columns(i, last, layer, before, names, old_names, same_place=len(new) == len(old))
        for here, there in columns:
            layer.weight.array[:rows, here] = before.weight.array[:rows, there]
        layer.bias.array[:rows] = before.bias.array[:rows]


def _columns(
    i: int, last: bool, layer: Layer, before: Layer, names: Sequence[str], old_names: Sequence[str], same_place: bool
) -> list[tuple[int, int]]:
    """Which source of a layer was which one before."""
    if i == 0 and (not last or same_place):
        return [(k, old_names.index(name)) for k, name in enumerate(names) if name in old_names]
    return [(k, k) for k in range(min(layer.shape[1], before.shape[1]))] if i or same_place else []


Keep = Sequence[Tensor | None]


def forward(
    weights: Sequence[Tensor], acts: Sequence[Act], x: Tensor, keep: Keep = (), masks: Keep = ()
) -> tuple[list[Tensor], list[Tensor]]:
    """The sums and outputs of every layer; the last layer's sums are its scores, whatever it does to them.

    `keep[i]` is 0 for the units of layer i (0: the inputs) that are left out, `masks[i]` is dropout's for hidden i.
    """
    sums, outputs = [], []
    if keep and keep[0] is not None:
        x = x * keep[0]
    for i, act in enumerate(acts):
        z = F.linear(x, weights[2 * i], weights[2 * i + 1])  # (n, units)
        x = act(z)
        if i < len(acts) - 1:
            if masks and masks[i] is not None:
                x = x * masks[i]
            if keep and keep[i + 1] is not None:
                x = x * keep[i + 1]
        sums.append(z)
        outputs.append(x)
    return sums, outputs


@dataclass(frozen=True)
class Head:
    """What the outputs mean: how many there are, what they do to their sums, which loss makes them right.

    For two classes there is one output, whose target is 0 and 1 (sigmoid) or -1 and 1.
    """

    task: str
    classes: int
    loss: str
    output: str

    @property
    def units(self) -> int:
        """How many outputs there are."""
        return self.classes if self.task == "classification" and self.classes > 2 else 1

    @property
    def act(self) -> Act:
        """What the outputs do to their sums."""
        return (lambda z: F.softmax(z, dim=-1)) if self.output == "softmax" else ACTIVATIONS[self.output]

    @property
    def act_of_rows(self) -> Act:
        """The same where each unit is a row, `(units, n)`."""
        return (lambda z: F.softmax(z, dim=0)) if self.output == "softmax" else ACTIVATIONS[self.output]

    def targets(self, t: np.ndarray) -> np.ndarray:
        """What the outputs should be, `(n, units)`; class numbers `(n,)` for cross-entropy."""
        if self.task == "regression":
            return t.reshape(-1, 1)
        if self.loss == "ce" and self.units > 1:
            return t.astype(np.int64)
        low = 0.0 if self.output in ("sigmoid", "softmax") or self.loss in ("bce", "ce") else -1.0
        hit = t.reshape(-1, 1) == (np.arange(self.units) if self.units > 1 else 1)
        return np.where(hit, 1.0, low)

    def value(self, z: Tensor, o: Tensor, t: Tensor) -> Tensor:
        """The mean loss of sums z and outputs o against targets t."""
        if self.loss == "mse":
            return F.mse_loss(o, t)
        if self.loss == "huber":
            return F.huber_loss(o, t)
        if self.loss == "ce" and self.units > 1:
            return F.cross_entropy(z, t)
        score = z * 2.0 if self.output == "tanh" else z  # (1 + tanh z) / 2 is sigmoid(2 z)
        return F.binary_cross_entropy_with_logits(score, t)

    def said(self, o: np.ndarray) -> np.ndarray:
        """The class that each row of outputs names; -1 where a number is none."""
        if self.units > 1:
            classes = o.argmax(axis=1)
        else:
            classes = (o[:, 0] > (0.5 if self.output in ("sigmoid", "softmax") else 0.0)).astype(np.int64)
        return np.where(np.isfinite(o).all(axis=1), classes, -1)

    def draw(self, o: np.ndarray) -> None:
        """Make of outputs what heat maps show: for two classes -1 is surely the first, 1 surely the second."""
        if self.units == 1 and self.task != "regression" and self.output == "sigmoid":
            o *= 2
            o -= 1


def head(task: str, classes: int, loss: str, output: str) -> tuple[Head, list[str]]:
    """The head that settings ask for, with notes on what of them does not fit the task and was left aside.

    >>> head("regression", 0, "bce", "auto")
    (Head(task='regression', classes=0, loss='mse', output='linear'), ['The loss bce needs classes: mse is used.'])
    """
    notes = []
    many = task == "classification" and classes > 2
    if task == "regression" and loss in ("bce", "ce"):
        notes.append(f"The loss {loss} needs classes: mse is used.")
        loss = "mse"
    if loss == "auto":
        loss = "mse" if task == "regression" else "ce" if many else "bce"
    if output == "softmax" and not many:
        notes.append("Softmax needs three classes or more: the usual output is used.")
        output = "auto"
    if output == "auto":
        output = _usual_output(task, loss, many)
    if loss == "ce" and many and output != "softmax":
        notes.append("Cross-entropy over classes belongs to softmax, which is used.")
        output = "softmax"
    return Head(task, classes, loss, output), notes


def _usual_output(task: str, loss: str, many: bool) -> str:
    if task == "regression":
        return "linear"
    if many:
        return "sigmoid" if loss == "bce" else "softmax"
    return "sigmoid" if loss in ("bce", "ce") else "tanh"
