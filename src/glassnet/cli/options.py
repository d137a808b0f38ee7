"""Reading a command line: a table of options in, a dictionary of values out, every mistake answered in one line.

    glassnet train moons --epochs 50 --hidden=32,16 --quiet

An option is `--name value` or `--name=value`, a flag is `--name`, `--` ends the options, and all other words, a single
`-` too, are arguments. Case, hyphens and underscores inside a name do not matter. An option given twice counts as given
last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from glassnet.errors import GlassnetError, complain
from glassnet.train.kinds import Kind, nearest, shown


class UsageError(GlassnetError):
    """A command line that cannot be followed; the program ends with status 2."""


@dataclass(frozen=True)
class Option:
    """One option: `kind` says what its value may be, None makes it a flag."""

    name: str
    kind: Kind | None
    says: str
    aliases: tuple[str, ...] = ()
    group: str = "Options"
    usual: str = ""  # what counts when it is not given, for the page of help

    @property
    def spelled(self) -> str:
        """How it is typed.

        >>> Option("batch_size", None, "").spelled
        '--batch-size'
        """
        return "--" + self.name.replace("_", "-")

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and other names."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Parsed:
    """What a command line says: arguments in order, and values of the options that were given."""

    arguments: list[str]
    values: dict[str, Any]

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return bool(self.values.get(name))


def parse(words: Sequence[str], options: Sequence[Option]) -> Parsed:
    """Read the words of a command line.

    Raises `UsageError` for an unknown option, a missing value, or one that its kind refuses.

    >>> from glassnet.train.kinds import Whole
    >>> parse(["moons", "--epochs=5", "--quiet"], [Option("epochs", Whole(1), ""), Option("quiet", None, "")])
    Parsed(arguments=['moons'], values={'epochs': 5, 'quiet': True})
    """
    table = {name: option for option in options for name in option.names}
    arguments: list[str] = []
    values: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            arguments += rest
        elif not word.startswith("-") or word == "-" or _is_number(word):
            arguments.append(word)
        else:
            option, value = _read(word, rest, table)
            values[option.name] = value
    return Parsed(arguments, values)


def _read(word: str, rest: Iterator[str], table: dict[str, Option]) -> tuple[Option, Any]:
    typed, equals, value = word.partition("=")
    option = table.get(_plain(typed)) if typed.startswith("--") else None
    if option is None:
        raise _unknown(typed, table)
    if option.kind is None:
        if equals:
            raise UsageError(
                complain(f"got {shown(word)}", f"expected {option.spelled} alone", f"Try {option.spelled}")
            )
        return option, True
    if not equals:
        following = next(rest, None)
        if following is None or (following.startswith("--") and _plain(following.partition("=")[0]) in table):
            got, expected = f"got {option.spelled} without a value", f"expected {option.kind.expected}"
            raise UsageError(complain(got, expected, f"Try {option.spelled} {option.kind.example}"))
        value = following
    try:
        return option, option.kind.parse(option.spelled, value)
    except ValueError as problem:
        raise UsageError(str(problem)) from None


def _plain(word: str) -> str:
    return word.lstrip("-").lower().replace("-", "_")


def _is_number(word: str) -> bool:
    """-0.5 is an argument, not an option."""
    return word[1:2].isdigit() or word[1:2] == "."


def _unknown(typed: str, table: dict[str, Option]) -> UsageError:
    near = nearest(_plain(typed), table)
    hint = f"Try {table[near].spelled}" if near else "Try --help, which lists them"
    return UsageError(complain(f"got the option {shown(typed)}", "expected one that this command has", hint))
