"""Lesson 6: the chain rule, and backpropagation by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import numbers
from glassnet.lessons.exercises import exercise

_W1, _B1 = np.array([[0.4, 0.6], [0.3, 0.5]]), np.array([0.1, 0.2])
_W2, _B2 = np.array([[0.7, 0.8]]), np.array([0.3])
_X = np.array([0.5, 1.0])


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


_A1 = _sigmoid(_W1 @ _X + _B1)
_Y = _sigmoid(_W2 @ _A1 + _B2)
_SLOPE = _Y * (1 - _Y)
_DELTA2 = (_Y - 1) * _SLOPE
_DELTA1 = (_W2.T @ _DELTA2) * _A1 * (1 - _A1)
_DW1 = np.outer(_DELTA1, _X)


@exercise(
    "6.1",
    "the output's slope and delta",
    hints=("ŷ = 0.795454: ŷ (1 - ŷ).", "Then times ŷ - y, which is negative: the output is too small."),
    solution=(0.1627, -0.0333),
    wrong=((0.1627, 0.0333), (0.2045, -0.0333), (0.1627, -0.0666)),
)
def output(slope: Any, delta: Any) -> str | None:
    """σ'(z2) and δ2."""
    return numbers("the slope", slope, float(_SLOPE[0]), "Try ŷ (1 - ŷ)", 4) or numbers(
        "δ2", delta, float(_DELTA2[0]), "Try (ŷ - y) times the slope", 4
    )


@exercise(
    "6.2",
    "the gradients of both layers",
    hints=(
        "dW2 is δ2 times a1, db2 is δ2 itself.",
        "δ1 is the weight that leads out, times δ2, times a1 (1 - a1).",
        "dW1 is every δ1 times every x: an outer product.",
    ),
    solution=([-0.0237, -0.0233], -0.0333, [-0.0048, -0.0056], [[-0.0024, -0.0048], [-0.0028, -0.0056]]),
    wrong=(
        ([-0.0237, -0.0233], -0.0333, [-0.0233, -0.0266], [[-0.0024, -0.0048], [-0.0028, -0.0056]]),
        ([-0.0237, -0.0233], -0.0333, [-0.0048, -0.0056], [[-0.0024, -0.0028], [-0.0048, -0.0056]]),
        ([0.0237, 0.0233], -0.0333, [-0.0048, -0.0056], [[-0.0024, -0.0048], [-0.0028, -0.0056]]),
    ),
)
def gradients(dW2: Any, db2: Any, delta1: Any, dW1: Any) -> str | None:
    """All in turn; the first that is off is named."""
    return (
        numbers("dW2", np.asarray(dW2, float).reshape(-1), _DELTA2[0] * _A1, "Try δ2 times a1", 4)
        or numbers("db2", float(np.asarray(db2).reshape(-1)[0]), float(_DELTA2[0]), "Try δ2", 4)
        or numbers("δ1", delta1, _DELTA1, "Try W2 times δ2 times a1 (1 - a1), each", 4)
        or numbers("dW1", np.asarray(dW1, float), _DW1, "Try row i, column j: δ1[i] times x[j]", 4)
    )


@exercise(
    "6.3",
    "one step with rate 0.5",
    hints=("Old minus 0.5 times the gradient; the gradients are negative, so the weights grow.",),
    solution=([0.7118, 0.8117], True),
    wrong=(([0.6882, 0.7883], True), ([0.7118, 0.8117], False), ([0.7237, 0.8233], True)),
)
def step(W2: Any, smaller: Any) -> str | None:
    """W2 - 0.5 dW2."""
    found = numbers(
        "W2", np.asarray(W2, float).reshape(-1), (_W2 - 0.5 * _DELTA2[0] * _A1)[0], "Try old - 0.5 * gradient", 4
    )
    if found is None and not smaller:
        return complain(
            "you say that the loss did not fall", "expected it to", "Try computing it again: 0.0198 after 0.0209"
        )
    return found


def _off(name: str, got: Any, wanted: Any) -> str:
    """Says so when all numbers are off by the same factor: a mean for a sum, or a sign."""
    factor = float((got / wanted).flat[0])
    if np.allclose(got, factor * wanted):
        said = f"{name}: your numbers are {factor:.3g} times those of the chain rule"
        return complain(said, "expected them as they are", "Try a sum over the samples, not a mean")
    return complain(f"{name}: got other numbers", "expected those of the chain rule", 'Try hint("6.4")')


def _layer(dZ: Any, A: Any, W: Any) -> Any:
    return dZ @ A.T, dZ.sum(axis=1, keepdims=True), W.T @ dZ


@exercise(
    "6.4",
    "the backward pass of one layer",
    hints=("Shapes lead: dW is (out, in) = (out, m) @ (m, in).", "db sums dZ over the samples; dA is W.T @ dZ."),
    solution=(_layer,),
    wrong=(
        (lambda dZ, A, W: (dZ @ A.T / A.shape[1], dZ.sum(axis=1, keepdims=True), W.T @ dZ),),
        (lambda dZ, A, W: (dZ @ A.T, dZ.sum(axis=1), W.T @ dZ),),
        (lambda dZ, A, W: (A @ dZ.T, dZ.sum(axis=1, keepdims=True), W @ dZ),),
        (lambda dZ, A, W: dZ @ A.T,),
    ),
)
def layer(function: Any) -> str | None:
    """Against the exact answer for random numbers."""
    rng = np.random.default_rng(6)
    dZ, A, W = rng.normal(size=(3, 5)), rng.normal(size=(4, 5)), rng.normal(size=(3, 4))
    said = function(dZ, A, W)
    if not isinstance(said, tuple) or len(said) != 3:
        return complain(f"got {type(said).__name__}", "expected three arrays", "Try return dW, db, dA")
    for name, got, wanted in zip(("dW", "db", "dA"), said, _layer(dZ, A, W), strict=True):
        got = np.asarray(got)
        if got.shape != wanted.shape:
            return complain(f"{name}: got shape {got.shape}", f"expected {wanted.shape}", 'Try hint("6.4")')
        if not np.allclose(got, wanted):
            return _off(name, got, wanted)
    return None
