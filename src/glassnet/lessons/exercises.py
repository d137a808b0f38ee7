"""What the lessons ask, and how an answer is checked: by running it."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from glassnet.errors import GlassnetError, ValueRangeError, complain
from glassnet.lessons.forms import StoppedError, UnansweredError, Watched, misfit, prepared, shown

Judge = Callable[..., str | None]
State = Literal["right", "wrong", "open"]


@dataclass(frozen=True)
class Exercise:
    """One exercise: `judge` is called with the answer and says what is wrong with it, or None."""

    id: str
    asks: str
    judge: Judge
    hints: tuple[str, ...]
    solution: tuple[Any, ...]  # an answer that is right, as the arguments of `check`
    wrong: tuple[tuple[Any, ...], ...]  # answers that are not


class Verdict(NamedTuple):
    """What came of checking one answer."""

    id: str
    state: State
    message: str


EXERCISES: dict[str, Exercise] = {}
_VERDICTS: ContextVar[list[Verdict] | None] = ContextVar("verdicts", default=None)
_HINTS_GIVEN: dict[str, int] = {}
_ALONE = "Try your answer on one example, in a cell of its own"


def exercise(
    id: str, asks: str, *, hints: tuple[str, ...], solution: tuple[Any, ...], wrong: tuple[tuple[Any, ...], ...]
) -> Callable[[Judge], Judge]:
    """Enter the function that judges answers to the exercise `id`, such as "3.2": lesson 3, the second."""

    def enter(judge: Judge) -> Judge:
        EXERCISES[id] = Exercise(id, asks, judge, hints, solution, wrong)
        return judge

    return enter


def find_exercise(id: str) -> Exercise:
    """The exercise of that name.

    Raises `ValueRangeError` for a name that no lesson has.

    >>> find_exercise("1.1").asks
    'weights and a bias that make NAND'
    """
    lesson = id.partition(".")[0]
    if lesson.isdigit():
        try:
            importlib.import_module(f"glassnet.lessons.answers.lesson_{int(lesson):02d}")
        except ModuleNotFoundError as problem:
            if problem.name is None or not problem.name.startswith("glassnet.lessons"):
                raise
    if id not in EXERCISES:
        known = [name for name in EXERCISES if name.startswith(f"{lesson}.")] or ["1.1"]
        got = f"check: got the exercise {id!r}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(known)}", f"Try check({known[0]!r}, …)"))
    return EXERCISES[id]


def judge(id: str, *answer: Any) -> Verdict:
    """What is to be said about an answer; `...` in it means that it has not been given yet.

    >>> judge("1.1", (-1, -1), 1.5).state, judge("1.1", ..., ...).state
    ('right', 'open')
    """
    task = find_exercise(id)
    still_open = Verdict(id, "open", f"still open: {task.asks}. Put your answer in place of the dots.")
    if not answer or any(part is ... for part in answer):
        return still_open
    problem = misfit(id, [*inspect.signature(task.judge).parameters], answer, task.solution)
    if problem is None:
        parts = list(map(prepared, answer, task.solution))
        try:
            problem = task.judge(*parts)
        except UnansweredError:
            return still_open
        except GlassnetError as error:
            problem = str(error)
        except Exception as error:  # the student's own function is run here, and what it gives is worked with
            problem = complain(_stopped(error, parts), f"expected {task.asks}", _ALONE)
    return Verdict(id, "right", f"right: {task.asks}.") if problem is None else Verdict(id, "wrong", problem)


def _stopped(error: Exception, parts: list[Any]) -> str:
    """What kept an answer from being judged: a mistake in the student's function, or what it gave."""
    if isinstance(error, StoppedError):
        return str(error)
    gave = [part.gave for part in parts if isinstance(part, Watched)]
    if gave:
        return f"your function gives {shown(gave[-1])}, which cannot be compared"
    return f"got {', '.join(map(shown, parts))}, which cannot be compared"


def check(id: str, *answer: Any) -> None:
    """Check an answer by running it, and print what came of it.

    >>> check("1.1", (1, 1), -1.5)
    1.1  not yet: at (0, 0) your neuron gives 0 (z = -1.5); expected 1. Try hint("1.1").
    """
    verdict = judge(id, *answer)
    kept = _VERDICTS.get()
    if kept is not None:
        kept.append(verdict)
    print(f"{id}  {'not yet: ' if verdict.state == 'wrong' else ''}{verdict.message}")


@contextmanager
def collecting() -> Iterator[list[Verdict]]:
    """Within it, the verdicts of all checks are gathered in the list."""
    verdicts: list[Verdict] = []
    token = _VERDICTS.set(verdicts)
    try:
        yield verdicts
    finally:
        _VERDICTS.reset(token)


def hint(id: str) -> None:
    """Print the next hint for an exercise; after the last one, an answer.

    >>> hint("1.1")
    NAND is AND with every answer turned round: which signs turn with it?
    """
    task = find_exercise(id)
    given = _HINTS_GIVEN.get(id, 0)
    _HINTS_GIVEN[id] = given + 1
    if given < len(task.hints):
        print(task.hints[given])
    elif any(callable(part) for part in task.solution):
        print("No more hints: the answer is a function, and each line of it stands in the lesson above.")
    else:
        print("An answer:", ", ".join(map(str, task.solution)))


def reveal(guess: Any, truth: Any, because: str = "") -> None:
    """Set a guess beside what came out; `...` means that nothing was guessed.

    Numbers agree within five per cent: a guess is not a calculation.

    >>> reveal(3, 4, "each of two lines cuts the plane in two")
    You said 3, it is 4: each of two lines cuts the plane in two.
    """
    end = f": {because}." if because else "."
    truth_text = _spelled(truth)
    if guess is ...:
        print(f"It is {truth_text}{end} (A guess before you look is worth more than the answer.)")
    elif _agree(guess, truth):
        print(f"You said {_spelled(guess)}, and it is {truth_text}{end}")
    else:
        print(f"You said {_spelled(guess)}, it is {truth_text}{end}")


def _agree(guess: Any, truth: Any) -> bool:
    if isinstance(guess, bool) or isinstance(truth, bool | str):
        return guess == truth if not isinstance(guess, str) else guess.strip().lower() == str(truth).lower()
    if isinstance(guess, str):
        guess = guess.strip().replace(",", "")
        percent = guess.endswith("%")
        guess = guess.removesuffix("%")
    else:
        percent = False
    try:
        return math.isclose(float(guess) / (100 if percent else 1), float(truth), rel_tol=0.05, abs_tol=1e-12)
    except (TypeError, ValueError):
        return False


def _spelled(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return str(value)
