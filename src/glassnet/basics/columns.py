"""A network of any depth in plain NumPy, written to be read: one function for each step of the training loop.

The convention is the one of hand calculation: `X` is `(features, samples)`, every sample a column, and a layer computes
`Z = W @ A + b` with `W` of shape `(outputs, inputs)`. (The engine, like PyTorch, has samples in rows: `x @ W.T + b`,
with the same weights.) Hidden layers are ReLU, the output is a sigmoid, the cost is the mean binary cross-entropy.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from glassnet.errors import ShapeError, ValueRangeError, complain

Array = np.ndarray[Any, np.dtype[Any]]
Parameters = dict[str, Array]  # W1, b1, W2, b2, …
Cache = tuple[Array, Array, Array, Array]  # A of the layer before, W, b, Z

SCALES = {  # the standard deviation of a weight of a neuron with n inputs
    "he": lambda n: np.sqrt(2 / n),  # He et al. 2015, for ReLU
    "xavier": lambda n: np.sqrt(1 / n),  # Glorot and Bengio 2010, its common short form
    "large": lambda n: 100.0,  # explodes: here to be tried
    "zeros": lambda n: 0.0,  # all neurons of a layer stay equal: here to be tried
}


def initialize_parameters(layer_dims: Sequence[int], scheme: str = "he", seed: int = 0) -> Parameters:
    """Normal random weights W1 `(n1, n0)`, W2 `(n2, n1)`, … and biases of zeros `(n, 1)`.

    >>> {name: p.shape for name, p in initialize_parameters([2, 4, 1]).items()}
    {'W1': (4, 2), 'b1': (4, 1), 'W2': (1, 4), 'b2': (1, 1)}
    """
    if len(layer_dims) < 2 or min(layer_dims) < 1:
        got = f"initialize_parameters: got layer_dims={list(layer_dims)}"
        raise ValueRangeError(complain(got, "expected two or more sizes of at least 1", "Try [2, 4, 1]"))
    if scheme not in SCALES:
        got = f"initialize_parameters: got scheme={scheme!r}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(SCALES)}", "Try 'he'"))
    rng = np.random.default_rng(seed)
    parameters: Parameters = {}
    for layer, (n_in, n_out) in enumerate(pairwise(layer_dims), 1):
        parameters[f"W{layer}"] = rng.standard_normal((n_out, n_in)) * SCALES[scheme](n_in)
        parameters[f"b{layer}"] = np.zeros((n_out, 1))
    return parameters


def relu(Z: Array) -> Array:
    """max(0, Z), number by number."""
    return np.maximum(0, Z)


def sigmoid(Z: Array) -> Array:
    """1 / (1 + e^-Z), with the exponential of a negative number only, which cannot overflow in any precision."""
    e = np.exp(-np.abs(Z))
    return np.where(Z >= 0, 1, e) / (1 + e)


def forward(X: Array, parameters: Parameters) -> tuple[Array, list[Cache]]:
    """The output AL `(outputs, samples)`, and what each layer saw: backpropagation will need it."""
    layers = len(parameters) // 2
    if X.ndim != 2 or len(X) != parameters["W1"].shape[1]:
        got = f"forward: got X of shape {X.shape} for W1 of shape {parameters['W1'].shape}"
        expected = f"expected ({parameters['W1'].shape[1]}, samples), a sample in each column"
        raise ShapeError(complain(got, expected, "Try X.T"))
    A, caches = X, []
    for layer in range(1, layers + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = W @ A + b  # (n_l, m) = (n_l, n_(l-1)) @ (n_(l-1), m) + (n_l, 1)
        caches.append((A, W, b, Z))
        A = relu(Z) if layer < layers else sigmoid(Z)
    return A, caches


def compute_cost(AL: Array, Y: Array) -> float:
    """The mean over the samples of -(y log a + (1 - y) log(1 - a)); each logarithm stops at -100, as PyTorch's does."""
    if AL.shape != Y.shape:
        got = f"compute_cost: got Y of shape {Y.shape} for outputs of shape {AL.shape}"
        raise ShapeError(complain(got, "expected the same shape", f"Try Y.reshape({AL.shape})"))
    with np.errstate(divide="ignore"):
        right, wrong = np.maximum(np.log(AL), -100), np.maximum(np.log1p(-AL), -100)
    return float(-(Y * right + (1 - Y) * wrong).sum() / AL.shape[1])


def backward(AL: Array, Y: Array, caches: list[Cache]) -> Parameters:
    """The gradients dW1, db1, dW2, … by the chain rule, from the last layer to the first."""
    m = AL.shape[1]
    gradients: Parameters = {}
    dZ = AL - Y  # a sigmoid under cross-entropy: both derivatives together
    for layer in range(len(caches), 0, -1):
        A_before, W, _, _ = caches[layer - 1]
        gradients[f"dW{layer}"] = dZ @ A_before.T / m  # (n_l, n_(l-1)) = (n_l, m) @ (m, n_(l-1))
        gradients[f"db{layer}"] = dZ.sum(axis=1, keepdims=True) / m
        if layer > 1:
            Z_before = caches[layer - 2][3]
            dZ = (W.T @ dZ) * (Z_before > 0)  # the ReLU lets through where it was positive
    return gradients


def update_parameters(parameters: Parameters, gradients: Parameters, learning_rate: float) -> Parameters:
    """One step downhill, p - learning_rate dp, as new arrays: the caller's stay as they are."""
    return {name: p - learning_rate * gradients[f"d{name}"] for name, p in parameters.items()}


def train(
    X: Array,
    Y: Array,
    layer_dims: Sequence[int],
    learning_rate: float = 0.01,
    num_iterations: int = 1000,
    *,
    seed: int = 0,
    print_every: int = 100,
) -> tuple[Parameters, list[float]]:
    """Full-batch gradient descent; the trained parameters and the cost before every update.

    >>> X = np.array([[0.0, 0, 1, 1], [0, 1, 0, 1]])
    >>> parameters, costs = train(X, np.array([[0.0, 1, 1, 0]]), [2, 8, 1], 1.0, 501, print_every=250)
    Iteration 0: cost = 0.7374
    Iteration 250: cost = 0.0040
    Iteration 500: cost = 0.0014
    >>> forward(X, parameters)[0].round().astype(int)
    array([[0, 1, 1, 0]])
    """
    parameters = initialize_parameters(layer_dims, seed=seed)
    costs: list[float] = []
    for i in range(num_iterations):
        AL, caches = forward(X, parameters)
        costs.append(compute_cost(AL, Y))
        gradients = backward(AL, Y, caches)
        parameters = update_parameters(parameters, gradients, learning_rate)
        if print_every and i % print_every == 0:
            print(f"Iteration {i}: cost = {costs[-1]:.4f}")
    return parameters, costs
