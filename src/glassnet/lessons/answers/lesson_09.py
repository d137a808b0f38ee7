"""Lesson 9: training in practice, and what goes wrong."""

from __future__ import annotations

from typing import Any

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import matched, numbers
from glassnet.lessons.exercises import exercise


@exercise(
    "9.1",
    "the size of weights by He's rule",
    hints=("The square root of 2 over the number of inputs.",),
    solution=(0.0505,),
    wrong=((0.0357,), (0.125,), (2 / 784,)),
)
def deviation(value: Any) -> str | None:
    """√(2/784)."""
    return numbers("the deviation", value, (2 / 784) ** 0.5, 'Try hint("9.1")', 4)


def _kept(losses: Any, patience: int) -> int:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


@exercise(
    "9.2",
    "the epoch that early stopping keeps",
    hints=(
        "Remember the best epoch so far.",
        "Leave the loop when epoch - best >= patience: a later best is never seen.",
    ),
    solution=(_kept,),
    wrong=(
        (lambda losses, patience: min(range(len(losses)), key=lambda i: losses[i]),),
        (lambda losses, patience: len(losses) - 1,),
        (lambda losses, patience: _kept(losses, patience) + patience,),
    ),
)
def early(function: Any) -> str | None:
    """Losses that fall, that rise, and that would fall again too late."""
    for losses, patience in (
        ([3.0, 2.0, 1.0], 2),
        ([1.0, 2.0, 3.0, 0.5], 2),
        ([3.0, 2.0, 2.5, 1.0, 1.5, 1.6, 0.1], 2),
        ([3.0, 2.0, 2.5, 2.6, 2.7, 0.1], 5),
        ([1.0, 1.0, 1.0], 1),
    ):
        got, wanted = function(list(losses), patience), _kept(losses, patience)
        if got != wanted:
            got = f"for losses {losses} and patience {patience} you keep epoch {got}"
            return complain(got, f"expected epoch {wanted}", 'Try hint("9.2")')
    return None


@exercise(
    "9.3",
    "which trouble each log shows",
    hints=("A gap between the two parts, or none? Numbers that explode, or that never move?",),
    solution=("bcdae",),
    wrong=(("bcdaa",), ("abcde",), ("bcda",)),
)
def troubles(answer: Any) -> str | None:
    """Five letters."""
    return matched("9.3", answer, "bcdae", tuple(f"log {number}" for number in range(1, 6)))


@exercise(
    "9.4",
    "three parts of 70,000, and how often to look at the last",
    hints=("80 %, 10 %, 10 %. The test part is for the very end.",),
    solution=((56_000, 7_000, 7_000), 0),
    wrong=(((60_000, 5_000, 5_000), 0), ((56_000, 7_000, 7_000), 1), ((56_000, 14_000), 0)),
)
def parts(sizes: Any, looks: Any) -> str | None:
    """56,000, 7,000, 7,000; never."""
    return numbers("the parts", sizes, [56_000.0, 7_000.0, 7_000.0], "Try 0.8, 0.1 and 0.1 times 70,000") or numbers(
        "looks at the test part", looks, 0.0, "Try the validation part for choosing"
    )
