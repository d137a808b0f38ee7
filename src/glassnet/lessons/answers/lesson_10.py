"""Lesson 10: MNIST from scratch."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import numbers
from glassnet.lessons.exercises import exercise


@exercise(
    "10.1",
    "what 97.5 % means for digits and for forms",
    hints=("2.5 % of 10,000.", "All ten must be right: 0.975 to the 10th."),
    solution=(250, 0.776),
    wrong=((25, 0.776), (250, 0.975), (250, 0.75)),
)
def forms(wrong: Any, share: Any) -> str | None:
    """250, and 0.975 ** 10."""
    return numbers("wrong digits", wrong, 250.0, "Try 2.5 % of 10,000") or numbers(
        "forms", share, 0.975**10, "Try 0.975 multiplied by itself, ten factors", 2
    )


def _both(table: Any) -> Any:
    right = np.diag(table)
    return right / table.sum(axis=1), right / table.sum(axis=0)


@exercise(
    "10.2",
    "recall and precision from a confusion table",
    hints=(
        "np.diag(table) is what was right.",
        "Recall divides by the sums of the rows, precision by those of the columns.",
    ),
    solution=(_both,),
    wrong=(
        (lambda table: _both(table)[::-1],),
        (lambda table: (np.diag(table) / table.sum(), np.diag(table) / table.sum()),),
        (lambda table: _both(table)[0],),
    ),
)
def metrics(function: Any) -> str | None:
    """A table that is not symmetric."""
    table = np.array([[8, 2, 0], [1, 4, 5], [0, 0, 10]])
    said = function(table)
    if not isinstance(said, tuple) or len(said) != 2:
        return complain(f"got {type(said).__name__}", "expected two arrays", "Try return recall, precision")
    truth = _both(table)
    return numbers("recall", said[0], truth[0], "Try the sums of the rows") or numbers(
        "precision", said[1], truth[1], "Try the sums of the columns"
    )


def _moved(images: Any, dx: int, dy: int) -> Any:
    out = np.zeros_like(images)
    h, w = images.shape[1:]
    out[:, max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = images[
        :, max(-dy, 0) : h + min(-dy, 0), max(-dx, 0) : w + min(-dx, 0)
    ]
    return out


@exercise(
    "10.3",
    "images moved, with nothing coming round the edge",
    hints=("Start from np.zeros_like(images) and fill a window of it.", "Or np.roll, then set what came round to 0."),
    solution=(_moved,),
    wrong=(
        (lambda images, dx, dy: np.roll(images, (dy, dx), axis=(1, 2)),),
        (lambda images, dx, dy: _moved(images, dy, dx),),
        (lambda images, dx, dy: images,),
    ),
)
def moved(function: Any) -> str | None:
    """In all four directions, and not at all."""
    images = np.random.default_rng(0).random((3, 28, 28))
    for dx, dy in ((0, 0), (2, 0), (-3, 0), (0, 1), (0, -4), (2, -3)):
        got = np.asarray(function(images.copy(), dx, dy))
        if got.shape != images.shape:
            return complain(f"dx={dx}, dy={dy}: got shape {got.shape}", f"expected {images.shape}", "Try zeros_like")
        if not np.array_equal(got, _moved(images, dx, dy)):
            if np.array_equal(got, np.roll(images, (dy, dx), axis=(1, 2))):
                return complain(f"dx={dx}, dy={dy}: pixels come round the edge", "expected 0 there", 'Try hint("10.3")')
            return complain(f"dx={dx}, dy={dy}: other pixels", "expected them moved right and down", 'Try hint("10.3")')
    return None
