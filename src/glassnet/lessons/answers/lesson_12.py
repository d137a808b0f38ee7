"""Lesson 12: capacity, depth, and what the theorem promises."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import choice
from glassnet.lessons.exercises import exercise


@exercise(
    "12.1",
    "a tent of two ReLUs",
    hints=(
        "Before 1/2 only the first is awake: its slope is 2.",
        "After 1/2 the slopes add up to -2: the second has -4.",
    ),
    solution=((2, 0), (-4, 0.5)),
    wrong=(((2, 0), (-2, 0.5)), ((1, 0), (-4, 0.5)), ((2, 0), (-4, 1))),
)
def tent(first: Any, second: Any) -> str | None:
    """Five places."""
    x = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    got = first[0] * np.maximum(0, x - first[1]) + second[0] * np.maximum(0, x - second[1])
    wanted = np.array([0, 0.5, 1, 0.5, 0])
    off = np.flatnonzero(np.abs(got - wanted) > 1e-6)
    if not off.size:
        return None
    i = int(off[0])
    return complain(f"at x = {x[i]:g} your tent is {got[i]:g} high", f"expected {wanted[i]:g}", 'Try hint("12.1")')


@exercise(
    "12.2",
    "the number of parameters of a dense network",
    hints=("For each pair of neighbouring sizes a, b: a * b weights and b biases.",),
    solution=(lambda sizes: sum((a + 1) * b for a, b in pairwise(sizes)),),
    wrong=(
        (lambda sizes: sum(a * b for a, b in pairwise(sizes)),),
        (lambda sizes: sum((b + 1) * a for a, b in pairwise(sizes)),),
        (lambda sizes: sizes[0] * sizes[-1],),
    ),
)
def parameters(function: Any) -> str | None:
    """Those that the lectures print."""
    for sizes, wanted in (([2, 2, 1], 9), ([4, 3, 2], 23), ([784, 128, 64, 10], 109_386), ([784, 10], 7850)):
        got = function(list(sizes))
        if got != wanted:
            return complain(
                f"for {'-'.join(map(str, sizes))} you give {got}", f"expected {wanted:,}", 'Try hint("12.2")'
            )
    return None


@exercise(
    "12.3",
    "what the theorem says",
    hints=("It is about existence; and mind 'continuous' and 'compact'.",),
    solution=("b",),
    wrong=(("a",), ("c",), ("d",)),
)
def theorem(letter: Any) -> str | None:
    """Existence."""
    return choice(letter, "b", "abcd", "it speaks of existence, not of training")
