"""Why a network gives a score to an image: the score taken apart into what each pixel adds.

For one image, every activation multiplies its sum by some number: `a(z) = a(0) + gate · z`, and the gate is
`(a(z) - a(0)) / z`. With the gates of this image held, the whole network is linear in the pixels, so

    score = constant + Σ contribution,   contribution = pixel · (path weights through the gates)

exactly, for every activation. With ReLU the gates are 0 and 1 and the contribution is gradient × input.

Reference: Shrikumar et al. (2017), "Learning Important Features Through Propagating Activation Differences": this is
their rescale rule, with zero as the reference of every activation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet import nn
from glassnet.core.mode import enable_grad, no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.train.preparation import Preparation

_STRAIGHT = (nn.ReLU, nn.LeakyReLU, nn.Identity, nn.Dropout, nn.Flatten)  # straight lines around almost every place


class Apart(NamedTuple):
    """A score in parts: `score = constant + contributions.sum()` up to `residue`; `slopes` are its derivatives."""

    score: float
    constant: float
    contributions: np.ndarray
    slopes: np.ndarray
    residue: float
    exact: bool


def layers_of(model: nn.Module, x: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """What each layer that has a say of its own says to prepared examples `(n, features)`: activations, last scores."""
    said: list[tuple[str, np.ndarray]] = []
    with no_grad():
        value = wrap(x)
        children = list(model.children())
        for i, layer in enumerate(children):
            value = layer(value)
            follows = children[i + 1] if i + 1 < len(children) else None
            speaks = isinstance(layer, nn.Linear | nn.Conv2d) and (follows is None or isinstance(follows, nn.Linear))
            if speaks or not isinstance(layer, nn.Linear | nn.Conv2d | nn.Dropout | nn.Flatten | nn.BatchNorm1d):
                said.append((type(layer).__name__, value.array))
    return said


def take_apart(model: nn.Module, prepare: Preparation, image: np.ndarray, target: int) -> Apart:
    """What every pixel of one image adds to the score of class `target`, in float64."""
    pixels = image.reshape(-1).astype(np.float64)
    scale, offset = (np.asarray(a, np.float64) for a in (prepare.scale, prepare.offset))
    x = pixels * scale + offset
    slopes = _slopes(model, x, target) * scale
    path = _path(model, x, target)
    if path is None:
        score = _score(model, x, target)
        contributions = slopes * pixels
        return Apart(score, score - float(contributions.sum()), contributions, slopes, 0.0, False)
    weights, constant, score = path
    contributions = weights * scale * pixels
    constant += float(np.sum(weights * np.broadcast_to(offset, x.shape)))
    residue = score - (constant + float(contributions.sum()))
    exact = all(isinstance(layer, (nn.Linear, *_STRAIGHT)) for layer in model.children())
    return Apart(score, constant, contributions, slopes, residue, exact)


def _path(model: nn.Module, x: np.ndarray, target: int) -> tuple[np.ndarray, float, float] | None:
    """The weights of all paths from the pixels to a score, what is added on the way, and the score.

    None for a network with other layers than Linear and activations.
    """
    steps: list[tuple[np.ndarray, np.ndarray]] = []  # y = m * y + c for activations, m @ y + c for layers
    value = x
    for layer in model.children():
        if isinstance(layer, nn.Linear):
            m = layer.weight.array.astype(np.float64)
            c = np.zeros(len(m)) if layer.bias is None else layer.bias.array.astype(np.float64)
            value = m @ value + c
        elif isinstance(layer, nn.Dropout | nn.Flatten | nn.Identity):
            continue
        elif not list(layer.parameters()) and not isinstance(layer, nn.Softmax | nn.LogSoftmax | nn.MaxPool2d):
            zero, out = _applied(layer, np.zeros_like(value)), _applied(layer, value)
            safe = np.where(value == 0, 1.0, value)
            m, c = np.where(value == 0, 0.0, (out - zero) / safe), zero
            value = out
        else:
            return None
        steps.append((m, c))
    return (*_back(steps, target), float(value[target]))


def _applied(layer: nn.Module, values: np.ndarray) -> np.ndarray:
    with no_grad():
        return layer(wrap(values[None])).array[0]


def _back(steps: list[tuple[np.ndarray, np.ndarray]], target: int) -> tuple[np.ndarray, float]:
    """From the score back to the pixels."""
    last, c = steps[-1]
    row, constant = (last[target], float(c[target])) if last.ndim == 2 else (np.eye(len(last))[target] * last, 0.0)
    for m, c in reversed(steps[:-1]):
        constant += float(row @ c)
        row = row @ m if m.ndim == 2 else row * m
    return row, constant


def _slopes(model: nn.Module, x: np.ndarray, target: int) -> np.ndarray:
    """The derivative of the score by each prepared pixel, by the tape."""
    example = wrap(x[None].astype(np.float32))
    example.requires_grad_(True)
    kept = [(p, p.grad) for p in model.parameters()]
    with enable_grad():
        scores: Tensor = model(example)
        scores[0, target].backward()
    for p, grad in kept:
        p.grad = grad
    return np.zeros_like(x) if example.grad is None else example.grad.array[0].astype(np.float64)


def _score(model: nn.Module, x: np.ndarray, target: int) -> float:
    with no_grad():
        return float(model(wrap(x[None].astype(np.float32))).array[0, target])
