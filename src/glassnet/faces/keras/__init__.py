"""A Keras-style face: `from glassnet import keras`, then Sequential, compile, fit, evaluate, predict.

It covers what a course on multilayer perceptrons uses, with Keras's defaults (Glorot kernels, zero biases, Adam's
epsilon of 1e-7, batches of 32, the last part of the data for validation), at work on glassnet's own modules.
"""

from glassnet.faces.keras import (
    activations,
    backend,
    callbacks,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    saving,
    utils,
)
from glassnet.faces.keras.layer import Input, Layer
from glassnet.faces.keras.model import Model
from glassnet.faces.keras.sequential import Sequential

__all__ = [
    "Input",
    "Layer",
    "Model",
    "Sequential",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
]
