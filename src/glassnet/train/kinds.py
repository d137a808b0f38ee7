"""Kinds of settings: how a value is checked, how it is read from the words of a command line, and what it is called.

A kind knows three things about its values: `expected` says in words what they are, `example` is one of them as one
would type it, and `read` makes a value of what was typed. Whoever asks puts these into a message of three beats.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from glassnet.errors import ValueRangeError, complain


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a slip of the keyboard was most likely meant to be, if any is close.

    >>> nearest("adma", ["sgd", "adam", "adamax"]), nearest("cos", ["step", "cosine"]), nearest("what", ["sgd"])
    ('adam', 'cosine', None)
    >>> nearest("subset", ["quiet"]), nearest("x", ["n"])  # half a word, or one letter for another, is no slip
    (None, None)
    """
    slips = {other: 0 if word and other.startswith(word) else _slips(word, other) for other in known}
    best = min(slips, key=slips.__getitem__, default=None)
    if best is None:
        return None
    allowed = min(max(1, len(word) // 2), max(2, len(word) // 3))
    if len(word) <= 2:  # of so few letters the first at least must be right: f2 is f1
        allowed = int(word[:1] == best[:1] and len(word) == 2)
    return best if slips[best] <= allowed else None


def _slips(a: str, b: str) -> int:
    """How many letters were left out, added, exchanged or swapped with a neighbour (Damerau, 1964)."""
    before, row = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        two_before, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y)))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], two_before[j - 2] + 1)
    return row[-1]


def shown(word: str) -> str:
    """A word as it may stand in a message: as it is, or in quotes if it is odd; never long.

    >>> print(shown("moons"), shown("two words"), shown(""))
    moons 'two words' ''
    """
    plain = word.isprintable() and word and " " not in word
    return (word if plain else repr(word))[:60]


class Kind:
    """What all kinds share; `read` and `holds` are their own. `placeholder` stands for a value in a page of help."""

    def __init__(self, expected: str, example: str, placeholder: str) -> None:
        self.expected, self.example, self.placeholder = expected, example, placeholder

    def read(self, word: str) -> Any:
        """The value that a word stands for; ValueError if it stands for none."""
        raise NotImplementedError

    def holds(self, value: Any) -> bool:
        """Whether a value is of this kind."""
        raise NotImplementedError

    def suggestion(self, word: str) -> str:
        """What to type instead."""
        return self.example

    def parse(self, name: str, word: str) -> Any:
        """The value that a word after the option `name` stands for.

        Raises `ValueRangeError` in three beats that name the option.

        >>> Whole(least=1, example="20").parse("--epochs", "many")
        Traceback (most recent call last):
            ...
        glassnet.errors.ValueRangeError: got --epochs many; expected a whole number of at least 1. Try --epochs 20.
        """
        try:
            value = self.read(word)
            if self.holds(value):
                return value
        except ValueError:
            pass
        hint = f"Try {name} {self.suggestion(word)}"
        raise ValueRangeError(complain(f"got {name} {shown(word)}", f"expected {self.expected}", hint))

    def check(self, name: str, value: Any) -> None:
        """Raise `ValueRangeError` unless the value is of this kind."""
        if not self.holds(value):
            hint = f"Try {name}={self.read(self.suggestion(str(value)))!r}"
            raise ValueRangeError(complain(f"got {name}={value!r}", f"expected {self.expected}", hint))


class Whole(Kind):
    """Whole numbers from `least` to `most`."""

    def __init__(self, least: int = 0, most: int | None = None, example: str = "1") -> None:
        bounds = f"of at least {least}" if most is None else f"from {least:,} to {most:,}"
        super().__init__(f"a whole number {bounds}", example, "N")
        self.least, self.most = least, most

    def read(self, word: str) -> int:
        """20, 1_000 and 1e3 are whole numbers; 0.5 is not."""
        try:
            return int(word)
        except ValueError:
            number = float(word)
            if not number.is_integer():  # also true of inf and nan
                raise ValueError(word) from None
            return int(number)

    def holds(self, value: Any) -> bool:
        """Whether it is an int within the bounds."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and self.least <= value and (self.most is None or value <= self.most)


class WholeOrAll(Whole):
    """A whole number from `least`, or `all`, which is 0 inside."""

    def __init__(self, least: int = 1, example: str = "1") -> None:
        super().__init__(least, None, example)
        self.expected += ", or all"

    def read(self, word: str) -> int:
        """A number, or `all`."""
        return 0 if _plain(word) == "all" else super().read(word) or -1  # "0" is not how all is spelled

    def holds(self, value: Any) -> bool:
        """Whether it is 0, for all, or a whole number within the bounds."""
        return super().holds(value) or (type(value) is int and value == 0)


class Real(Kind):
    """Numbers from `least` up to, but not with, `below`; `open` leaves `least` itself out."""

    def __init__(self, least: float = 0.0, below: float = math.inf, open: bool = False, example: str = "0.1") -> None:
        bounds = f"above {least:g}" if open else f"of at least {least:g}"
        bounds += f" and below {below:g}" if below < math.inf else ""
        super().__init__(f"a number {bounds}", example, "X")
        self.least, self.below, self.open = least, below, open

    def read(self, word: str) -> float:
        """Any spelling of a number that Python knows."""
        return float(word)

    def holds(self, value: Any) -> bool:
        """Whether it is a finite number within the bounds; NaN fails every comparison."""
        real = isinstance(value, int | float) and not isinstance(value, bool)
        return real and (self.least < value if self.open else self.least <= value) and value < self.below


class Choice(Kind):
    """One of a few names; case, hyphens and underscores do not matter."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"one of {', '.join(names)}", names[0], "NAME")
        self.names = names

    def read(self, word: str) -> str:
        """The name as it is spelled here."""
        return next((name for name in self.names if _plain(name) == _plain(word)), word)

    def holds(self, value: Any) -> bool:
        """Whether it is one of the names."""
        return value in self.names

    def suggestion(self, word: str) -> str:
        """The name that was most likely meant."""
        return nearest(_plain(word), self.names) or self.example


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_")


class PerClass(Kind):
    """One of a few names, or a number of at least 0 for each of some classes: `yes=5,no=1`."""

    def __init__(self, names: tuple[str, ...], example: str = "yes=5,no=1") -> None:
        super().__init__(f"{', '.join(names)}, or numbers of at least 0 such as {example}", names[-1], "CLASS=N")
        self.names = names

    def read(self, word: str) -> str:
        """The name as it is spelled here, or the text itself."""
        return _plain(word) if _plain(word) in self.names else word.strip()

    def holds(self, value: Any) -> bool:
        """Whether it is a name, or each part of it a class and a number."""
        return isinstance(value, str) and (value in self.names or self.numbers(value) is not None)

    @staticmethod
    def numbers(text: str) -> dict[str, float] | None:
        """The numbers by class; None for a text that is none.

        >>> PerClass.numbers("yes=5, no=0.5"), PerClass.numbers("yes"), PerClass.numbers("yes=1,yes=2")
        ({'yes': 5.0, 'no': 0.5}, None, None)
        """
        pairs = [part.rpartition("=") for part in text.split(",")]
        try:
            found = {name.strip(): float(number) for name, _, number in pairs}
        except ValueError:
            return None
        sound = all(name and 0 <= number < math.inf for name, number in found.items())
        return found if sound and len(found) == len(pairs) else None


class Several(Kind):
    """Some of a few names with plus signs between, `shift+rotate`; `none` for none of them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"some of {', '.join(names)} with + between, or none", "+".join(names[1:3]), "NAME+NAME")
        self.names = names

    def read(self, word: str) -> str:
        """The names as they are spelled here, in the order of the list."""
        typed = [_plain(part) for part in word.split("+")]
        if typed == ["none"] or not set(typed) <= set(self.names):
            return word.strip().lower()
        return "+".join(name for name in self.names if name in typed)

    def holds(self, value: Any) -> bool:
        """Whether each is one of the names."""
        return value == "none" or (isinstance(value, str) and set(value.split("+")) <= set(self.names))

    def suggestion(self, word: str) -> str:
        """The names that were most likely meant."""
        near = [nearest(_plain(part), self.names) for part in str(word).split("+")]
        return "+".join(dict.fromkeys(name for name in near if name)) or self.example


class Sizes(Kind):
    """Sizes of layers, `128,64`; `none` for no layer at all."""

    def __init__(self, most: int = 1_000_000, example: str = "128,64") -> None:
        super().__init__(f"whole numbers from 1 to {most:,} with commas between, or none", example, "SIZES")
        self._size = Whole(1, most)

    def suggestion(self, word: str) -> str:
        """The sizes among what was typed, with commas between.

        >>> Sizes().suggestion("16 8"), Sizes().suggestion("wide")
        ('16,8', '128,64')
        """
        typed = [digits for digits in re.findall(r"\d{1,9}", word) if self._size.holds(int(digits))]
        return ",".join(typed) or self.example

    def read(self, word: str) -> tuple[int, ...]:
        """Numbers between commas (or the letter x)."""
        if _plain(word) == "none":
            return ()
        return tuple(self._size.read(part) for part in word.replace("x", ",").split(","))

    def holds(self, value: Any) -> bool:
        """Whether it is a tuple of sizes."""
        return isinstance(value, tuple) and all(map(self._size.holds, value))


class Numbers(Kind):
    """Numbers with commas between, such as the features of one example."""

    def __init__(self, example: str = "0.5,1.2") -> None:
        super().__init__("numbers with commas between", example, "X,X")

    def read(self, word: str) -> tuple[float, ...]:
        """Numbers between commas."""
        return tuple(float(part) for part in word.split(","))

    def holds(self, value: Any) -> bool:
        """Whether all of them are finite."""
        return isinstance(value, tuple) and all(map(math.isfinite, value))


class Text(Kind):
    """Any words, such as a path; not empty."""

    def __init__(self, example: str = "runs/first", placeholder: str = "TEXT", expected: str = "a name") -> None:
        super().__init__(expected, example, placeholder)

    def read(self, word: str) -> str:
        """The word itself."""
        return word

    def holds(self, value: Any) -> bool:
        """Whether there is anything."""
        return isinstance(value, str) and bool(value)
