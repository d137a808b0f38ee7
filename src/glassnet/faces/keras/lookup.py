"""Finding what a Keras name stands for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from glassnet.errors import ValueRangeError, complain

T = TypeVar("T")


def found(kind: str, name: str, table: Mapping[str, T]) -> T:
    """The entry of that name; a name that is not there is answered with those that are.

    >>> found("fan", "in", {"in": 1})
    1
    """
    try:
        return table[name]
    except KeyError:
        near = difflib.get_close_matches(name, table, 1)
        hint = f"Try {near[0]!r}" if near else f"Try {next(iter(table))!r}"
        known = ", ".join(map(repr, table))
        raise ValueRangeError(complain(f"keras: got {kind} {name!r}", f"expected one of {known}", hint)) from None


def made_by(kind: str, identifier: Any, table: Mapping[str, Callable[[], Any]]) -> Any:
    """What a name, a class's name, a class or a configuration stands for; anything else is taken as it is."""
    if isinstance(identifier, str):
        known = by_class(table)
        return known[identifier]() if identifier in known else found(kind, identifier, table)()
    if isinstance(identifier, dict) and "class_name" in identifier:
        return found(kind, identifier["class_name"], by_class(table)).from_config(identifier["config"])
    return identifier() if isinstance(identifier, type) else identifier


def by_class(table: Mapping[str, Any]) -> dict[str, Any]:
    """The classes of a table by their own names."""
    return {entry.__name__: entry for entry in table.values() if isinstance(entry, type)}
