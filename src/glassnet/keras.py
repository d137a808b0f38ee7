"""The Keras-style face: `from glassnet import keras`, or `from glassnet.keras.layers import Dense`."""

import sys as _sys

from glassnet.faces.keras import (
    Input,
    Layer,
    Sequential,
    activations,
    callbacks,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)

_MODULES = (
    activations,
    callbacks,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
for _module in _MODULES:  # as `os` does with `os.path`: the same module under a second name
    _sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module

__all__ = [
    "Input",
    "Layer",
    "Sequential",
    "activations",
    "callbacks",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "utils",
]
