"""Why a network gives a score to an image: the score taken apart into what each pixel adds.

For one image, the network is linear in the pixels once what bends each number is held (`glassnet.read.apart` says how):

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
from glassnet.errors import NotSupportedError
from glassnet.read.apart import Shares, parts_of
from glassnet.train.preparation import Preparation

# straight lines around almost every place
_STRAIGHT = (nn.Linear, nn.Conv2d, nn.ReLU, nn.LeakyReLU, nn.Identity, nn.Dropout, nn.Flatten)


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
    """What every pixel of one image adds to the score of class `target`, in float64.

    A network with an operation that cannot be taken apart gets slope times pixel, and the rest as its constant.
    """
    x = prepare(image[None])
    black = np.broadcast_to(np.asarray(prepare.offset, x.dtype).reshape(-1), x[0].reshape(-1).shape)
    slopes = _slopes(model, x, target) * np.asarray(prepare.scale, np.float64).reshape(-1)
    try:
        parts, start, output = parts_of(model, wrap(x))
        shares = Shares(parts, output, target)
    except NotSupportedError:
        score, contributions = _score(model, x, target), slopes * image.reshape(-1)
        return Apart(score, score - float(contributions.sum()), contributions, slopes, 0.0, False)
    weights = shares.factors.get(id(start), np.zeros(start.value.shape)).reshape(-1)
    contributions = weights * (start.value.reshape(-1) - black)  # a black pixel says nothing: it is the offset
    constant = shares.constant + float(np.sum(weights * black))
    score = float(output.value.reshape(-1)[target])
    residue = score - (constant + float(contributions.sum()))
    exact = all(isinstance(layer, _STRAIGHT) for layer in model.children())
    return Apart(score, constant, contributions, slopes, residue, exact)


def _slopes(model: nn.Module, x: np.ndarray, target: int) -> np.ndarray:
    """The derivative of the score by each prepared pixel, by the tape, end to end."""
    example = wrap(x)
    example.requires_grad_(True)
    kept = [(p, p.grad) for p in model.parameters()]
    with enable_grad():
        scores: Tensor = model(example)
        scores[0, target].backward()
    for p, grad in kept:
        p.grad = grad
    return np.zeros(x.size) if example.grad is None else example.grad.array.reshape(-1).astype(np.float64)


def _score(model: nn.Module, x: np.ndarray, target: int) -> float:
    with no_grad():
        return float(model(wrap(x)).array[0, target])
