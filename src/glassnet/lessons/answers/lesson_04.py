"""Lesson 4: forward, by hand."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import numbers
from glassnet.lessons.exercises import exercise


@exercise(
    "4.1",
    "the forward pass of a 2-2-1 network, number by number",
    hints=(
        "z1 = 0.5 * 1 + 0.8 * 0.5 - 0.1, and so on for the second row.",
        "ReLU leaves positive numbers as they are.",
        "the output's sum is 0.7 h1 - 0.5 h2 - 0.1, the output 1 / (1 + e^-sum).",
    ),
    solution=((0.8, 0.2), (0.8, 0.2), 0.36, 0.589),
    wrong=(
        ((0.9, 0.2), (0.8, 0.2), 0.36, 0.589),
        ((0.8, 0.2), (0.8, 0.2), 0.46, 0.589),
        ((0.8, 0.2), (0.8, 0.2), 0.36, 0.36),
    ),
)
def by_hand(z: Any, h: Any, z_out: Any, y: Any) -> str | None:
    """Two sums, two ReLUs, a sum, a sigmoid; the first that is off is named."""
    score = 0.36
    return (
        numbers("z", z, [0.8, 0.2], "Try row times input plus bias")
        or numbers("h", h, [0.8, 0.2], "Try max(0, z)")
        or numbers("the output's sum", z_out, score, "Try 0.7 h1 - 0.5 h2 - 0.1")
        or numbers("the output", y, 1 / (1 + np.exp(-score)), "Try the sigmoid of the sum")
    )


@exercise(
    "4.2",
    "the four shapes of a batch on its way through 784-256-10",
    hints=("A weight is (out, in), whatever the data do.", "In rows the batch comes first everywhere."),
    solution=([(64, 784), (256, 784), (64, 256), (64, 10)],),
    wrong=(
        ([(784, 64), (256, 784), (256, 64), (10, 64)],),
        ([(64, 784), (784, 256), (64, 256), (64, 10)],),
        ([(64, 784)],),
    ),
)
def shapes(answer: Any) -> str | None:
    """Input, weight, hidden, output."""
    names = ("the input", "the first weight", "the hidden layer", "the output")
    wanted = ((64, 784), (256, 784), (64, 256), (64, 10))
    if len(answer) != 4:
        return complain(f"got {len(answer)} shapes", "expected four", "Try [(64, 784), …]")
    for name, got, right in zip(names, answer, wanted, strict=True):
        if tuple(got) != right:
            turned = " (that one turned round)" if tuple(got)[::-1] == right else ""
            return complain(f"{name}: got {tuple(got)}", f"expected another shape{turned}", 'Try hint("4.2")')
    return None


@exercise(
    "4.3",
    "how many hidden units 10-?-1 has with 121 parameters",
    hints=("Each hidden unit has 10 weights, a bias, and one weight to the output.", "12 n + 1 = 121."),
    solution=(10,),
    wrong=((11,), (12,), (0,)),
)
def units(n: Any) -> str | None:
    """(10 + 1) n + n + 1 = 121."""
    total = (10 + 1) * n + n + 1
    if total == 121:
        return None
    return complain(f"10-{n}-1 has {total} parameters", "expected 121", 'Try another number, or hint("4.3")')


def _forward_rows(X: Any, W: Any, b: Any) -> Any:
    for l, (Wl, bl) in enumerate(zip(W, b, strict=True)):
        X = X @ Wl.T + bl
        X = np.maximum(0, X) if l < len(W) - 1 else X
    return X


@exercise(
    "4.4",
    "a forward pass with samples in rows",
    hints=("X @ W.T + b, layer by layer.", "ReLU after every layer but the last: if l < len(W) - 1."),
    solution=(_forward_rows,),
    wrong=(
        (lambda X, W, b: X @ W[0].T + b[0],),
        (lambda X, W, b: np.maximum(0, _forward_rows(X, W, b)),),
        (lambda X, W, b: _forward_rows(X, W, [0 * v for v in b]),),
        (lambda X, W, b: W[0] @ X + b[0],),
    ),
)
def rows(function: Any) -> str | None:
    """A network of one layer and one of three, with sums below 0."""
    rng = np.random.default_rng(4)
    for sizes in ([2, 3], [3, 5, 4, 2]):
        W = [rng.normal(size=(n_out, n_in)) for n_in, n_out in itertools.pairwise(sizes)]
        b = [rng.normal(size=len(w)) for w in W]
        X = rng.normal(size=(6, sizes[0]))
        got, wanted = np.asarray(function(X, W, b)), _forward_rows(X, W, b)
        name = "-".join(map(str, sizes))
        if got.shape != wanted.shape:
            return complain(f"{name}: got shape {got.shape} for X {X.shape}", f"expected {wanted.shape}", "Try X @ W.T")
        if not np.allclose(got, wanted):
            hint = "Try ReLU between the layers only, and the biases" if len(W) > 1 else "Try no activation at the end"
            return complain(
                f"{name}: your numbers differ by up to {np.abs(got - wanted).max():.3g}", "expected 0", hint
            )
    return None
