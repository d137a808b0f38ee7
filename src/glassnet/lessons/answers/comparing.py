"""Comparing an answer with what it should be, in words that help."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import complain


def numbers(name: str, answer: Any, truth: Any, hint: str, digits: int = 3) -> str | None:
    """What is wrong with numbers, or None; `digits` after the point have to be right, or three significant ones.

    >>> numbers("z", 0.7, 0.8, "Try adding the bias")
    'z: got 0.7; expected another number, which is larger. Try adding the bias.'
    >>> numbers("z", 0.8001, 0.8, "Try adding the bias") is None
    True
    """
    try:
        got, wanted = np.asarray(answer, np.float64), np.asarray(truth, np.float64)
    except (TypeError, ValueError):
        return complain(f"{name}: got {answer!r:.60}", "expected numbers", hint)
    if got.size != wanted.size:
        return complain(f"{name}: got {_counted(got)}", f"expected {_counted(wanted)}", hint)
    if not np.isfinite(got).all():
        return complain(f"{name}: got {answer}", "expected numbers, none of them NaN or infinite", hint)
    got = got.reshape(wanted.shape)
    with np.errstate(invalid="ignore"):
        near = np.abs(got - wanted) <= 0.6 * 10.0**-digits
    if near.all():
        return None
    if wanted.ndim == 0:
        way = "larger" if wanted > got else "smaller"
        return complain(f"{name}: got {got:g}", f"expected another number, which is {way}", hint)
    place = [int(i) for i in np.argwhere(~near)[0]]
    at = "".join(f"[{i}]" for i in place)
    return complain(f"{name}{at}: got {got[tuple(place)]:g}", "expected another number there", hint)


def _counted(array: np.ndarray) -> str:
    """How many numbers there are, and how they stand."""
    if array.ndim < 2:
        return f"{array.size} number{'' if array.size == 1 else 's'}"
    return f"{' x '.join(map(str, array.shape))} numbers"


def letters(answer: Any) -> str:
    """The letters of an answer such as "a, c, d" or ("a", "c", "d"), small ones, one after the other.

    >>> letters("A, c d"), letters(["t", "F"])
    ('acd', 'tf')
    """
    text = answer if isinstance(answer, str) else "".join(map(str, answer))
    return "".join(sign for sign in text.lower() if sign.isalpha())


def matched(id: str, answer: Any, right: str, things: tuple[str, ...]) -> str | None:
    """What is wrong with a letter for each of some things, or None; `id` is the exercise.

    >>> matched("0.3", "ab", "ba", ("the line", "the fold"))
    'for the line you chose a; expected another. Try hint("0.3").'
    """
    said = letters(answer)
    if len(said) != len(right):
        example = "abcdefgh"[: len(right)]
        return complain(f"got {said!r:.20}", f"expected {len(right)} letters", f'Try check("{id}", "{example}")')
    for thing, letter, truth in zip(things, said, right, strict=True):
        if letter != truth:
            return complain(f"for {thing} you chose {letter}", "expected another", f'Try hint("{id}")')
    return None


def choice(answer: Any, right: str, options: str, why: str) -> str | None:
    """What is wrong with a letter, or None.

    >>> choice("b", "a", "abc", "count the folds again")
    "got 'b'; expected another of a, b, c. Try again: count the folds again."
    """
    said = letters(answer)
    if said == right:
        return None
    return complain(f"got {said!r:.20}", f"expected another of {', '.join(options)}", f"Try again: {why}")
