"""Lesson 7: autograd: the tape, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import letters, numbers
from glassnet.lessons.exercises import exercise


@exercise(
    "7.1",
    "the three slopes of (a + b) c",
    hints=("A sum passes the slope on unchanged; a product passes on the other factor.",),
    solution=(-4, -4, 3),
    wrong=((-4, -4, -4), (1, 1, 3), (-4, 3, -4)),
)
def product(da: Any, db: Any, dc: Any) -> str | None:
    """c, c, a + b."""
    hint = 'Try hint("7.1")'
    return numbers("da", da, -4.0, hint) or numbers("db", db, -4.0, hint) or numbers("dc", dc, 3.0, hint)


@exercise(
    "7.2",
    "the slope of z σ(z) at 0",
    hints=("σ(z) + z σ'(z): the second term is 0 at 0.",),
    solution=(0.5,),
    wrong=((0.25,), (0,), (1,)),
)
def swish(slope: Any) -> str | None:
    """One half."""
    return numbers("the slope", slope, 0.5, 'Try the product rule, or hint("7.2")')


def _numeric(f: Any, x: Any, h: float = 1e-5) -> Any:
    g = np.zeros_like(x, float)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        up = f(x)
        x[i] = old - h
        g[i] = (up - f(x)) / (2 * h)
        x[i] = old
    return g


def _one_sided(f: Any, x: Any) -> Any:
    return np.array([(f(x + 0.1 * row) - f(x)) / 0.1 for row in np.eye(x.size).reshape(-1, *x.shape)]).reshape(x.shape)


def _forgetful(f: Any, x: Any) -> Any:
    g = _numeric(f, x)
    x += 1e-5
    return g


@exercise(
    "7.3",
    "a gradient by differences",
    hints=(
        "Go through all places: for i in np.ndindex(x.shape).",
        "(f(x with x[i] + h) - f(x with x[i] - h)) / (2 h), then put x[i] back.",
    ),
    solution=(_numeric,),
    wrong=((_one_sided,), (_forgetful,), (lambda f, x: f(x),)),
)
def by_differences(function: Any) -> str | None:
    """A vector and a matrix, whose gradients are known."""
    A = np.array([[1.0, 2.0], [3.0, -1.0]])
    tasks = (
        ("sum of squares", lambda x: float((x**2).sum()), np.array([1.0, -2.0, 3.0]), lambda x: 2 * x),
        (
            "sum of A x",
            lambda x: float((A @ x).sum()),
            np.array([[1.0, 2.0], [0.0, 1.0]]),
            lambda x: A.T @ np.ones((2, 2)),
        ),
        ("sum of e^x", lambda x: float(np.exp(x).sum()), np.array([0.0, 1.0]), np.exp),
    )
    for name, f, x, truth in tasks:
        before = x.copy()
        got = np.asarray(function(f, x))
        if not np.array_equal(x, before):
            return complain(f"{name}: x was changed to {x.tolist()}", "expected it as it was", "Try putting x[i] back")
        if got.shape != x.shape:
            return complain(f"{name}: got shape {got.shape}", f"expected {x.shape}", "Try np.zeros_like(x)")
        found = numbers(name, got, truth(before), "Try (f(x + h) - f(x - h)) / (2 h), in each place", 6)
        if found:
            return found
    return None


@exercise(
    "7.4",
    "which losses leave a gradient in w",
    hints=("Ask of each: does a path lead from the loss to w that no detach cuts?",),
    solution=("acd",),
    wrong=(("ab",), ("ac",), ("abcd",)),
)
def cut(answer: Any) -> str | None:
    """A set of letters."""
    said = set(letters(answer))
    if not said or said - set("abcd"):
        return complain(f"got {answer!r:.20}", "expected some of a, b, c, d", 'Try check("7.4", "ab")')
    for letter in "abcd":
        if (letter in said) != (letter in "acd"):
            what = "you count" if letter in said else "you leave out"
            return complain(f"{what} {letter}", "expected the opposite", "Try it in a cell of its own")
    return None
