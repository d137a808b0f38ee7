"""The workshop: two moons."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import matched, numbers
from glassnet.lessons.exercises import exercise


@exercise(
    "0.1",
    "how many of XOR's four points a line can have right",
    hints=("Two of them are easy. A line that leaves one corner alone does better.",),
    solution=(3,),
    wrong=((2,), (4,)),
)
def corners(answer: Any) -> str | None:
    """Three."""
    return numbers("the best line", answer, 3, "Try drawing a line that cuts off one corner", 1)


@exercise(
    "0.2",
    "into how many pieces three lines cut the plane",
    hints=("Draw two that cross: four pieces. The third crosses both.",),
    solution=(7,),
    wrong=((6,), (8,)),
)
def pieces(answer: Any) -> str | None:
    """Seven."""
    return numbers("three lines", answer, 7, "Try a drawing in which no two are parallel", 1)


@exercise(
    "0.3",
    "which line of the program is which formula",
    hints=("The layer multiplies, the ReLU folds, the loss has logarithms, the optimiser changes W.",),
    solution=("dabc",),
    wrong=(("abcd",), ("dacb",), ("d",)),
)
def match(answer: Any) -> str | None:
    """Four letters."""
    lines = ("model.layer_1(x)", "nn.ReLU()", "nn.BCELoss()", "optimizer.step()")
    return matched("0.3", answer, "dabc", lines)


_MOVES = [2.0] * 10 + [1.0] * 30 + [0.1] * 10


@exercise(
    "0.4",
    "how much smaller the steps have become",
    hints=("np.mean(moves[:10]) / np.mean(moves[-10:])",),
    solution=(20.0, _MOVES),
    wrong=((0.05, _MOVES), (2.0, _MOVES)),
)
def rest(ratio: Any, moves: Any) -> str | None:
    """The mean of the first ten over that of the last ten."""
    truth = float(np.mean(moves[:10]) / np.mean(moves[-10:]))
    if abs(float(ratio) / truth - 1) < 0.02:
        return None
    way = "larger" if truth > float(ratio) else "smaller"
    return complain(f"got {float(ratio):g}", f"expected another number, which is {way}", 'Try hint("0.4")')
