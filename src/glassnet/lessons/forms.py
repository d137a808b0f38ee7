"""What form an answer has to have: that of an answer that is right. Told before the answer itself is judged."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.errors import GlassnetError, complain


def misfit(id: str, names: Sequence[str], answer: Sequence[Any], solution: Sequence[Any]) -> str | None:
    """What is wrong with the form of an answer, beside one that is right; None if nothing is.

    `names` are those of its parts. The answer that is right is never told.

    >>> print(misfit("8.1", ("largest", "perfect"), ("fast", 0.1), (0.2, 0.1)))
    largest: got 'fast'; expected one number. Try check("8.1", …, …).
    """
    hint = f'Try check("{id}", {", ".join(map(outline, solution))})'
    if len(answer) != len(solution):
        counted = f"{len(answer)} answer{'' if len(answer) == 1 else 's'}"
        return complain(f"got {counted}", f"expected {len(solution)}: {', '.join(names)}", hint)
    for name, given, right in zip(names, answer, solution, strict=True):
        wanted = _misfit(given, right)
        if wanted is not None:
            which = f"{name}: " if len(solution) > 1 else ""
            return complain(f"{which}got {shown(given)}", f"expected {wanted}", hint)
    return None


def _misfit(given: Any, right: Any) -> str | None:
    """What was expected instead."""
    if is_function(right):
        return None if callable(given) else "a function, by its name and without brackets"
    if isinstance(right, str):
        return None if _is_text(given) else "letters, in quotes"
    if isinstance(right, bool):
        return None if isinstance(given, bool | np.bool_) else "True or False"
    if isinstance(right, int | float):
        return None if is_number(given) else "one number"
    if isinstance(right, list | tuple):
        return _misfit_of_many(given, right)
    return None


def _misfit_of_many(given: Any, right: Sequence[Any]) -> str | None:
    wanted = f"numbers as in {outline(right)}"
    if not isinstance(given, list | tuple) and getattr(given, "ndim", 0) == 0:
        return wanted
    if all(isinstance(part, int | float) for part in right):  # how many there are is told by what judges them
        return None if all(map(is_number, np.asarray(given, object).reshape(-1))) else wanted
    parts = list(given)
    if len(right) == 1 and not isinstance(right[0], int | float) and all(map(is_number, parts)):
        return None  # a matrix of one row may be given as that row
    if len(parts) != len(right):
        return None
    return wanted if any(_misfit(part, one) is not None for part, one in zip(parts, right, strict=True)) else None


def outline(value: Any) -> str:
    """The form of an answer, with dots for what is in it.

    >>> outline([((1, 1), -0.5), ((1, 1), -1.5)]), outline("acd"), outline(True)
    ('[((…, …), …), ((…, …), …)]', '"…"', '…')
    """
    if isinstance(value, str):
        return '"…"'
    if not isinstance(value, list | tuple):
        return "…"
    inside = "…, …, …" if len(value) > 4 else ", ".join(map(outline, value))
    return f"[{inside}]" if isinstance(value, list) else f"({inside})"


def is_number(value: Any) -> bool:
    """Whether that is one number, in whatever it may be wrapped; NaN and infinity are none."""
    if isinstance(value, str | bytes | dict | set) or value is None:
        return False
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        return False
    return array.size == 1 and math.isfinite(array.reshape(-1)[0])


def is_function(value: Any) -> bool:
    """Whether an answer like that is a function that the student writes."""
    return callable(value) and not hasattr(value, "parameters")  # a network can be called, and is not asked to be one


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(part, str) for part in value))


def shown(value: Any) -> str:
    """A value in one line, cut where it gets long."""
    return " ".join(f"{value!r:.60}".split())


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def prepared(given: Any, right: Any) -> Any:
    """A part of an answer as it is judged: functions are watched, a number comes out of what it is wrapped in."""
    if is_function(right):
        return Watched(given)
    alone = isinstance(right, int | float) and not isinstance(given, int | float | np.number | np.bool_)
    return np.asarray(given).reshape(-1)[0].item() if alone else given


class UnansweredError(Exception):
    """A function of the student gave the dots: it has not been written yet."""


class StoppedError(Exception):
    """A function of the student gave nothing, or ended in a mistake; the message says so."""


class Watched:
    """The student's function: what goes wrong inside it is told as its own mistake; `gave` is what it gave last."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.gave: Any = None

    def __call__(self, *args: Any, **names: Any) -> Any:
        try:
            self.gave = self.function(*args, **names)
        except GlassnetError:
            raise
        except Exception as problem:
            raise StoppedError(_told(problem)) from problem
        if self.gave is ...:
            raise UnansweredError
        if self.gave is None:
            raise StoppedError("your function gives None")
        return self.gave


def _told(problem: Exception) -> str:
    said = " ".join(str(problem).split()) or "no message"
    kind = type(problem).__name__.lstrip("_")
    trace = problem.__traceback__.tb_next if problem.__traceback__ else None  # the first frame is the call above
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip() if trace else ""
    return f"your function ends in {kind}{f' at {line!r:.70}' if line else ''}: {said}"
