"""Lesson 5: softmax, and how wrong is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import matched, numbers
from glassnet.lessons.exercises import exercise


def _softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _naive(z: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


@exercise(
    "5.1",
    "softmax over the last axis, safe for large scores",
    hints=(
        "Take away the largest first: z - z.max(axis=-1, keepdims=True).",
        "Then exp, and divide by the sum over axis -1.",
    ),
    solution=(_softmax,),
    wrong=((_naive,), (lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),), (lambda z: z / z.sum(),)),
)
def softmax(function: Any) -> str | None:
    """One row, a batch, and scores of a thousand."""
    for z in (
        np.array([2.0, 1.0, 0.1]),
        np.array([[1.0, 2.0, 3.0], [3.0, 0.0, 0.0]]),
        np.array([1000.0, 1001.0, 1002.0]),
    ):
        got = np.asarray(function(z.copy()), float)
        if got.shape != z.shape:
            return complain(f"for shape {z.shape} you give {got.shape}", "expected the same shape", "Try keepdims=True")
        if not np.isfinite(got).all():
            return complain(
                f"for {z.tolist()} you give {got.tolist()}", "expected numbers", "Try taking the largest away first"
            )
        found = numbers(f"for {z.tolist()}", got, _softmax(z), 'Try hint("5.1")', digits=6)
        if found:
            return found
    return None


@exercise(
    "5.2",
    "the loss of a classifier that knows nothing",
    hints=("The true class got 1/10: the loss is -ln 0.1.", "ln 10 = 2.303, and ln 1000 is three times that."),
    solution=(2.3026, 6.9078),
    wrong=((0.1, 0.001), (2.3026, 23.026), (1.0, 3.0)),
)
def knowing_nothing(ten: Any, thousand: Any) -> str | None:
    """ln 10 and ln 1000."""
    hint = 'Try -ln of the probability of the true class, or hint("5.2")'
    return numbers("ten classes", ten, np.log(10), hint, 2) or numbers("1000 classes", thousand, np.log(1000), hint, 2)


@exercise(
    "5.3",
    "a loss and a last layer for each of four tasks",
    hints=(
        "One of many is softmax; any number of many is a sigmoid for each.",
        "Temperature is a number without bounds.",
    ),
    solution=("cabd",),
    wrong=(("abcd",), ("cabc",), ("dabc",), ("cab",)),
)
def choose(answer: Any) -> str | None:
    """Four letters."""
    tasks = ("one of ten digits", "a temperature", "spam or not", "any number of ten objects")
    return matched("5.3", answer, "cabd", tasks)


@exercise(
    "5.4",
    "the slopes along the score of two losses",
    hints=("Cross-entropy: ŷ - y.", "The half square: (ŷ - y) times the sigmoid's slope ŷ (1 - ŷ)."),
    solution=(-0.2047, -0.0333),
    wrong=((0.2047, -0.0333), (-0.2047, -0.2047), (-0.2047, -0.0666)),
)
def slopes(bce: Any, square: Any) -> str | None:
    """ŷ - y, and that times ŷ (1 - ŷ)."""
    y = 0.7953
    return numbers("cross-entropy", bce, y - 1, 'Try hint("5.4")') or numbers(
        "half the square", square, (y - 1) * y * (1 - y), "Try (ŷ - y) times the sigmoid's slope"
    )
