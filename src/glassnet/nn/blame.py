"""Naming the layer in which a call went wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glassnet.errors import GlassnetError

if TYPE_CHECKING:
    from glassnet.nn.module import Module

_OPENING = re.compile(r"\w+(?=: )")


def name_the_layer(problem: GlassnetError, module: Module) -> None:
    """Write into the message which layer complained, by its dotted name inside `module`.

    Every module that the error passes on its way out calls this, so the name grows until the outermost one has spoken.
    """
    if not problem.args:
        return
    layer, message = vars(problem).setdefault("_raised_in", (module, str(problem.args[0])))
    path = next((name for name, m in module.named_modules() if m is layer), "")
    if path:
        problem.args = (_with_name(message, path), *problem.args[1:])


def _with_name(message: str, path: str) -> str:
    """The message with the layer's name after the word that opens it.

    >>> _with_name("linear: x has 3 features", "fc1")
    'linear `fc1`: x has 3 features'
    >>> _with_name("got label 7", "loss")
    '`loss`: got label 7'
    """
    opening = _OPENING.match(message)
    if opening is None:
        return f"`{path}`: {message}"
    return f"{opening.group()} `{path}`{message[opening.end() :]}"
