"""The loss of a network in plain NumPy: the one judge of whether a peer has learned."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.problem import Array, Layers, Problem

JUDGED_ROWS = 4096


def scores(x: NDArray[np.float32], layers: Layers, activation: str) -> NDArray[np.float64]:
    """The last layer's sums before softmax or sigmoid: (rows, outputs), in float64."""
    a: NDArray[np.float64] = x.astype(np.float64)
    for depth, (W, b) in enumerate(layers):
        a = a @ W + b  # (rows, out) = (rows, in) @ (in, out)
        if depth < len(layers) - 1:
            a = np.maximum(a, 0) if activation == "relu" else np.tanh(a)
    return a


def mean_loss(z: NDArray[np.float64], y: Array, loss: str) -> float:
    """Cross-entropy or binary cross-entropy of scores, or the mean squared error, averaged over rows.

    >>> z = np.zeros((1, 2))
    >>> round(mean_loss(z, np.array([1]), "cross_entropy"), 4)  # ln 2
    0.6931
    """
    if loss == "cross_entropy":
        picked = z[np.arange(len(z)), y]
        return float(np.mean(np.logaddexp.reduce(z, axis=1) - picked))
    if loss == "bce":
        return float(np.mean(np.logaddexp(0, z) - y * z))
    return float(np.mean((z - y) ** 2))


def judge(problem: Problem, layers: Layers) -> float:
    """The loss of these weights on the first rows of the problem's own data."""
    rows = slice(0, JUDGED_ROWS)
    z = scores(problem.features(rows), layers, problem.workload.activation)
    return mean_loss(z, problem.y[rows], problem.workload.loss)
