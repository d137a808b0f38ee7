"""Lesson 14: history, with sources."""

from __future__ import annotations

from typing import Any

from glassnet.errors import complain
from glassnet.lessons.answers.comparing import letters, numbers
from glassnet.lessons.exercises import exercise


@exercise(
    "14.1",
    "six events in order",
    hints=("1943, 1958, 1969, 1974, 1986, 2012.",),
    solution=("befcad",),
    wrong=(("ebfcad",), ("befacd",), ("abc",)),
)
def order(answer: Any) -> str | None:
    """The first that stands wrong is named."""
    said = letters(answer)
    if sorted(said) != list("abcdef"):
        return complain(f"got {said!r:.20}", "expected each of a to f once", 'Try check("14.1", "abcdef")')
    for place, (letter, right) in enumerate(zip(said, "befcad", strict=True), 1):
        if letter != right:
            return complain(f"in place {place} you have {letter}", "expected an earlier one", 'Try hint("14.1")')
    return None


@exercise(
    "14.2",
    "what 2012 gained",
    hints=("26.2 - 15.3; then that over 26.2.",),
    solution=(10.9, 0.416),
    wrong=((10.9, 0.109), (41.6, 0.416), (10.7, 0.712)),
)
def gained(points: Any, share: Any) -> str | None:
    """10.9 points, 42 % of the errors."""
    return numbers("points", points, 10.9, "Try 26.2 - 15.3", 1) or numbers(
        "the share", share, 10.9 / 26.2, "Try the points over 26.2", 2
    )


@exercise(
    "14.3",
    "four stories, true or false",
    hints=("They knew; 2015; seven of them; 1970.",),
    solution=("fftt",),
    wrong=(("ffft",), ("tttt",), ("ft",)),
)
def stories(answer: Any) -> str | None:
    """Four letters."""
    said = letters(answer)
    if len(said) != 4 or set(said) - set("tf"):
        return complain(f"got {said!r:.20}", "expected four of t and f", 'Try check("14.3", "tftf")')
    for number, (letter, right) in enumerate(zip(said, "fftt", strict=True), 1):
        if letter != right:
            return complain(f"for story {number} you chose {letter}", "expected the opposite", 'Try hint("14.3")')
    return None
