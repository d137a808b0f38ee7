"""What pixels speak for each neuron of any layer: the slope of its sum by every pixel, on average over some images.

For the first layer that is its weights; deeper the slopes go through the gates that the images open. It is what can be
shown of a dense network's "features", and no more: an average of slopes is no list of what a neuron looks for.
"""

from __future__ import annotations

import copy

import numpy as np

from glassnet import nn
from glassnet.core.mode import enable_grad
from glassnet.core.tensor import wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.server.digit_step import said_by
from glassnet.train.preparation import Preparation

MOST_UNITS = 128


def features_of(model: nn.Module, prepare: Preparation, images: np.ndarray, layer: int) -> np.ndarray:
    """The mean slopes `(units, pixels)` of the sums of a layer, counted from 1, the scores last.

    Raises `ValueRangeError` for a layer that there is not.
    """
    model = copy.deepcopy(model)
    model.eval()
    for p in model.parameters():
        p.requires_grad_(False)
    x = wrap(prepare(images))
    x.requires_grad_(True)
    with enable_grad():
        sums = next((said.value for said in said_by(model, x) if said.place == layer), None)
        if sums is None:
            layers = max(said.place for said in said_by(model, x))
            raise ValueRangeError(complain(f"got layer {layer}", f"expected 1 to {layers}", "Try layer 1"))
        units = sums.reshape(len(images), -1).array.shape[1]
        rows = [_slopes(model, prepare, images, layer, unit) for unit in range(min(units, MOST_UNITS))]
    return np.stack(rows) * np.asarray(prepare.scale, np.float32).reshape(-1)


def _slopes(model: nn.Module, prepare: Preparation, images: np.ndarray, layer: int, unit: int) -> np.ndarray:
    x = wrap(prepare(images))
    x.requires_grad_(True)
    sums = next(said.value for said in said_by(model, x) if said.place == layer)
    sums.reshape(len(images), -1)[:, unit].sum().backward()
    assert x.grad is not None
    return x.grad.array.mean(axis=0)
