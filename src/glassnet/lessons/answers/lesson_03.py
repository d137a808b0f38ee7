"""Lesson 3: activations, and folding space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import numbers
from glassnet.lessons.exercises import exercise

_Z = np.array([-5.0, -1.0, -0.1, 0.1, 1.0, 5.0])


def _compared(function: Callable[[Any], Any], truth: Callable[[Any], Any], z: Any, hint: str) -> str | None:
    got = np.asarray(function(z.copy()))
    if got.shape != z.shape:
        return complain(f"for {len(z)} numbers you give shape {got.shape}", f"expected {z.shape}", "Try np.where")
    off = np.flatnonzero(~np.isclose(got, truth(z), rtol=0, atol=1e-6))
    if not off.size:
        return None
    return complain(f"at z = {z[off[0]]:g} you give {got[off[0]]:g}", "expected another number there", hint)


@exercise(
    "3.1",
    "leaky ReLU for arrays",
    hints=("Above 0 it is z, below it is slope * z.", "np.where(condition, this, otherwise) takes arrays."),
    solution=(lambda z, slope=0.01: np.where(z > 0, z, slope * z),),
    wrong=((lambda z, slope=0.01: np.maximum(0, z),), (lambda z, slope=0.01: slope * z,), (lambda z: max(0, z),)),
)
def leaky(function: Any) -> str | None:
    """Six numbers on both sides of 0, and the size of the slope."""
    found = _compared(function, lambda z: np.where(z > 0, z, 0.01 * z), _Z, 'Try hint("3.1")')
    if found is None and not np.allclose(function(_Z, 0.2), np.where(_Z > 0, _Z, 0.2 * _Z)):
        return complain(
            "slope=0.2 changes nothing as it should", "expected 0.2 z below 0", "Try using the argument slope"
        )
    return found


@exercise(
    "3.2",
    "the one layer that two linear layers are",
    hints=("W = W2 @ W1.", "b = W2 @ b1 + b2: the first bias goes through the second layer."),
    solution=([[0.44, 0.46]], 0.5),
    wrong=(([[0.44, 0.46]], 0.6), ([[0.3, 0.21]], 0.5), ([[0.46, 0.44]], 0.5), ([0.44], 0.5)),
)
def collapse(W: Any, b: Any) -> str | None:
    """W' = W2 W1 and b' = W2 b1 + b2."""
    return numbers("W", np.asarray(W, float).reshape(-1), [0.44, 0.46], 'Try hint("3.2")') or numbers(
        "b", float(np.asarray(b, float).reshape(-1)[0]), 0.5, "Try sending b1 through W2, then adding b2"
    )


@exercise(
    "3.3",
    "the most pieces into which n lines cut a plane",
    hints=("Draw 1, 2, 3 and 4 lines: 2, 4, 7, 11.", "1 + n + the number of pairs of lines, n (n - 1) / 2."),
    solution=(lambda n: 1 + n + n * (n - 1) // 2,),
    wrong=((lambda n: 2**n,), (lambda n: 2 * n,), (lambda n: n + 1,)),
)
def pieces(function: Any) -> str | None:
    """1, 2, 4, 7, 11, … for n = 0, 1, 2, 3, 4, …"""
    for n in (0, 1, 2, 3, 4, 10):
        wanted = 1 + n + n * (n - 1) // 2
        if function(n) != wanted:
            return complain(
                f"for n = {n} you give {function(n)}", f"expected {wanted}", 'Try drawing it, or hint("3.3")'
            )
    return None


@exercise(
    "3.4",
    "the derivative of ELU",
    hints=("Above 0 the function is z: its slope is 1.", "Below 0 the derivative of e^z - 1 is e^z."),
    solution=(lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))),),
    wrong=((lambda z: np.where(z > 0, 1.0, np.exp(z) - 1),), (lambda z: np.ones_like(z),), (lambda z: 1.0,)),
)
def elu_slope(function: Any) -> str | None:
    """Six numbers on both sides of 0."""
    return _compared(function, lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))), _Z, 'Try hint("3.4")')
