"""A Keras-style face: `from glassnet import keras`, then Sequential, compile, fit, evaluate, predict.

It covers what a course on multilayer perceptrons uses, with Keras's defaults (Glorot kernels, zero biases, Adam's
epsilon of 1e-7, batches of 32, the last part of the data for validation), at work on glassnet's own modules.
"""

from glassnet.faces.keras import (
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
from glassnet.faces.keras.layers import Input, Layer
from glassnet.faces.keras.models import Sequential

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
