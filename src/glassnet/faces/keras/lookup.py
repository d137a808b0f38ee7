"""Finding what a Keras name stands for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

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
