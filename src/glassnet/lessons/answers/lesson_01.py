"""Lesson 1: a neuron, and gates made of it."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from glassnet.basics import Neuron, check_gate
from glassnet.errors import complain
from glassnet.lessons.exercises import exercise


@exercise(
    "1.1",
    "weights and a bias that make NAND",
    hints=(
        "NAND is AND with every answer turned round: which signs turn with it?",
        "AND has weights 1, 1 and bias -1.5. Multiply all three by the same number.",
    ),
    solution=((-1, -1), 1.5),
    wrong=(((1, 1), -1.5), ((-1, -1), 0.5), ((0, 0), 1)),
)
def nand(weight: Any, bias: float) -> str | None:
    """All four rows, with a step at z >= 0."""
    for row in check_gate("NAND", weight, bias):
        if not row.right:
            got = f"at {row.x} your neuron gives {row.got} (z = {row.z:g})"
            return complain(got, f"expected {row.expected}", 'Try hint("1.1")')
    return None


@exercise(
    "1.2",
    "a neuron that fires when at least two of three inputs are 1",
    hints=("The three votes count alike: give them the same weight.", "One vote must stay below 0, two must not."),
    solution=((1, 1, 1), -1.5),
    wrong=(((1, 1, 1), -0.5), ((1, 1, 1), -2.5), ((2, 1, 1), -1.5)),
)
def majority(weight: Any, bias: float) -> str | None:
    """All eight rows."""
    neuron = Neuron(tuple(weight), bias)
    for x in product((0, 1), repeat=3):
        got, wanted = int(neuron(x)), int(sum(x) >= 2)
        if got != wanted:
            return complain(
                f"at {x} your neuron gives {got} (z = {neuron.z(x):g})", f"expected {wanted}", 'Try hint("1.2")'
            )
    return None


@exercise(
    "1.3",
    "a NOT, to stand behind an AND",
    hints=(
        "Its input is 0 or 1, its answer the other one.",
        "With a negative weight, and a bias between 0 and minus it.",
    ),
    solution=(-1, 0.5),
    wrong=((1, -0.5), (-1, 1.5), (-1, -0.5)),
)
def chain(weight: Any, bias: float) -> str | None:
    """AND, then this neuron, over all four inputs."""
    conjunction = Neuron((1.0, 1.0), -1.5)
    last = Neuron((float(np.asarray(weight).reshape(-1)[0]),), bias)
    for x in product((0, 1), repeat=2):
        between = conjunction(x)
        got = int(last((between,)))
        if got != int(x != (1, 1)):
            said = f"at {x} AND gives {between:g} and your neuron makes {got} of it"
            return complain(said, f"expected {1 - got}", 'Try hint("1.3")')
    return None


def _rule(w: Any, b: float, x: Any, t: int) -> tuple[Any, float]:
    error = t - (1 if w @ x + b >= 0 else 0)
    return w + error * x, b + error


@exercise(
    "1.4",
    "one step of the perceptron's rule",
    hints=(
        "First the answer y: 1 if w @ x + b >= 0 else 0.",
        "Then w + (t - y) * x, and the same for b with an input of 1.",
    ),
    solution=(_rule,),
    wrong=(
        (lambda w, b, x, t: (w + t * x, b + t),),
        (lambda w, b, x, t: (w - (t - (w @ x + b >= 0)) * x, b),),
        (lambda w, b, x, t: w,),
    ),
)
def rule(step: Any) -> str | None:
    """A few steps from a few places, one of them with z = 0 and one without a mistake."""
    for w, b, x, t in (
        ([0, 0], 0, [1, 1], 0),
        ([1, -1], 0.5, [0, 1], 1),
        ([2, 1], -3, [1, 1], 1),
        ([0, 0], 0, [0, 0], 0),
    ):
        start = np.array(w, float), float(b), np.array(x, float), t
        wanted, said = _rule(*start), step(*start)
        if not isinstance(said, tuple) or len(said) != 2:
            return complain(f"got {said!r:.60}", "expected a pair, the new w and the new b", "Try return w, b")
        if not np.allclose(said[0], wanted[0]) or not np.allclose(said[1], wanted[1]):
            got = (
                f"from w = {w}, b = {b}, x = {x}, t = {t} you make w = {np.asarray(said[0]).tolist()}, b = {said[1]:g}"
            )
            return complain(got, "expected another step", 'Try working that one by hand, then hint("1.4")')
    return None
