"""Lesson 8: gradient descent and its relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import numbers
from glassnet.lessons.exercises import exercise


@exercise(
    "8.1",
    "the largest and the best rate for 5 w²",
    hints=("The slope is 10 w: a step makes w (1 - 10 η).", "Between -1 and 1 for the first; 0 for the second."),
    solution=(0.2, 0.1),
    wrong=((1.0, 0.5), (0.1, 0.2), (0.4, 0.1)),
)
def rates(largest: Any, perfect: Any) -> str | None:
    """2/10 and 1/10."""
    return numbers("the largest", largest, 0.2, 'Try hint("8.1")') or numbers(
        "the best", perfect, 0.1, "Try 1 - 10 η = 0"
    )


def _momentum(w: Any, v: Any, g: Any, lr: float = 0.1, mu: float = 0.9) -> Any:
    v = mu * v + g
    return w - lr * v, v


@exercise(
    "8.2",
    "a step of momentum",
    hints=("First the new velocity, mu * v + g; then w - lr times the new velocity.",),
    solution=(_momentum,),
    wrong=(
        (lambda w, v, g, lr=0.1, mu=0.9: (w - lr * v, mu * v + g),),
        (lambda w, v, g, lr=0.1, mu=0.9: (w - lr * g, v),),
        (lambda w, v, g, lr=0.1, mu=0.9: (w - lr * (mu * v + (1 - mu) * g), mu * v + (1 - mu) * g),),
        (lambda w, v, g, lr=0.1, mu=0.9: w,),
    ),
)
def momentum(step: Any) -> str | None:
    """Three steps in a row, with arrays."""
    mine = yours = (np.array([1.0, -2.0]), np.zeros(2))
    for k, g in enumerate(([1.0, 0.5], [0.5, 0.5], [-1.0, 2.0]), 1):
        mine = _momentum(mine[0], mine[1], np.array(g), 0.2, 0.8)
        yours = step(yours[0], yours[1], np.array(g), 0.2, 0.8)
        if not isinstance(yours, tuple) or len(yours) != 2:
            return complain(f"got {yours!r:.40}", "expected a pair", "Try return w, v")
        for name, got, wanted in zip("wv", yours, mine, strict=True):
            found = numbers(f"step {k}, {name}", got, wanted, 'Try hint("8.2")', 6)
            if found:
                return found
    return None


@exercise(
    "8.3",
    "how many updates an epoch and a training take",
    hints=("48,000 examples are left.", "Divided by 32, times 10."),
    solution=(1500, 15_000),
    wrong=((1875, 18_750), (1500, 1500), (48_000, 480_000)),
)
def updates(per_epoch: Any, in_all: Any) -> str | None:
    """48,000 / 32."""
    hint = 'Try taking the fifth away first, or hint("8.3")'
    return numbers("per epoch", per_epoch, 1500.0, hint) or numbers("in all", in_all, 15_000.0, "Try times the epochs")


@exercise(
    "8.4",
    "a gradient clipped to a norm of 5",
    hints=("Its norm is 10: the square root of 36 + 64.", "Multiply by 5 / 10: the direction stays."),
    solution=((3, 4),),
    wrong=(((5, 5),), ((6, 8),), ((0.6, 0.8),)),
)
def clip(clipped: Any) -> str | None:
    """(3, 4)."""
    return numbers("the gradient", clipped, [3.0, 4.0], 'Try hint("8.4")')
