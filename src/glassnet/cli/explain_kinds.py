"""What may stand after options of `explain` and `draw`: classes, digits, sizes of layers, loose numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.cli.options import UsageError
from glassnet.errors import complain
from glassnet.train.kinds import Kind, Numbers, nearest, shown

_MOST_NAMES = 20


class ClassKind(Kind):
    """The name of a class, or its number from 0."""

    def __init__(self) -> None:
        super().__init__("the name of a class, or its number from 0", "3", "CLASS")

    def read(self, word: str) -> int | str:
        """The number, or the name."""
        return int(word) if word.isdecimal() else word

    def holds(self, value: Any) -> bool:
        """Whether it may be one of them."""
        return isinstance(value, int) or (isinstance(value, str) and bool(value) and not value.startswith("-"))


def number_of_class(given: int | str, names: Sequence[str]) -> int:
    """The class that was meant, from 0; its name may be typed in small letters.

    Raises `UsageError` for a name that no class has.

    >>> number_of_class("Dog", ["cat", "dog"]), number_of_class(1, ["cat", "dog"])
    (1, 1)
    """
    if isinstance(given, int):
        return given
    known = [str(name) for name in names]
    for names_ in (known, [name.lower() for name in known]):
        word = given if names_ is known else given.lower()
        if word in names_:
            return names_.index(word)
    expected = f"expected one of {', '.join(known[:_MOST_NAMES])}" if known else "expected its number: it has no name"
    near = nearest(given, known[:_MOST_NAMES]) or (known[0] if known else "0")
    raise UsageError(complain(f"got --class {shown(given)}", expected, f"Try --class {near}"))


class DigitsKind(Kind):
    """A whole number from 1 to 15, or exact."""

    def __init__(self) -> None:
        super().__init__("a whole number from 1 to 15, or exact", "3", "N")

    def read(self, word: str) -> int | str:
        """The number, or the word."""
        return word.lower() if word.lower() == "exact" else int(word)

    def holds(self, value: Any) -> bool:
        """Whether it is one of them."""
        return value == "exact" or (isinstance(value, int) and 1 <= value <= 15)


class LayersKind(Kind):
    """Sizes of layers with hyphens between, 2-2-1; the first counts the inputs."""

    def __init__(self) -> None:
        super().__init__("at least two sizes with hyphens between", "2-2-1", "SIZES")

    def read(self, word: str) -> tuple[int, ...]:
        """The sizes."""
        return tuple(int(part) for part in word.replace(",", "-").split("-"))

    def holds(self, value: Any) -> bool:
        """Whether there are at least two, none of them too small or too large."""
        return isinstance(value, tuple) and len(value) > 1 and all(0 < n <= 100_000 for n in value)


class LooseNumbers(Numbers):
    """Numbers with commas, semicolons or spaces between."""

    def read(self, word: str) -> tuple[float, ...]:
        """The numbers in order."""
        return tuple(float(part) for part in word.replace(";", ",").replace(" ", ",").split(",") if part)
