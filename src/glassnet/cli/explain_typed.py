"""`glassnet explain` for what is typed: an expression, or a network by its sizes and weights."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from glassnet.cli.explain_kinds import number_of_class
from glassnet.cli.explain_told import how, tell
from glassnet.cli.options import Parsed, UsageError
from glassnet.cli.typed_network import typed_network
from glassnet.core.tensor import Tensor
from glassnet.errors import complain
from glassnet.files.os_errors import shown
from glassnet.read.document import Document
from glassnet.read.explain import explain
from glassnet.read.expression import evaluate_text, looks_typed

# ---- an expression ---------------------------------------------------------------------------------------------------


def is_expression(word: str, parsed: Parsed) -> bool:
    """Whether a word is an expression, and no file."""
    looks = looks_typed(word, "given" in parsed.values) and not os.path.exists(word)
    named = {"index", "x"} & parsed.values.keys() or len(parsed.arguments) > 1
    return "given" in parsed.values or (looks and not named)


def explain_expression(text: str, parsed: Parsed) -> Document:
    """An expression, worked out step by step."""
    y, names = computed(text, parsed)
    return explain(y, names=names, title=text, **how(parsed))


def computed(text: str, parsed: Parsed) -> tuple[Tensor, dict[str, Tensor]]:
    """What an expression comes to, and the tensors of its names.

    Raises `UsageError` for one in which nothing is computed.
    """
    y, names = evaluate_text(text, values_given(parsed.values.get("given", "")))
    if y.op is None:
        got = f"got {shown(text)}, a value as it stands"
        raise UsageError(complain(got, "expected something that is computed", "Try 'w*x + b' --given w=0.5,x=2,b=1"))
    return y, names


def values_given(text: str) -> dict[str, Any]:
    """Names with values, as they are typed.

    >>> values_given("a=1, b=[1 2]")
    {'a': 1.0, 'b': [1.0, 2.0]}
    """
    values: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.replace(";", ",").split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        try:
            if not equals or not name.isidentifier():
                raise ValueError(part)
            values[name] = [float(v) for v in value.strip("[]").split()] if value.startswith("[") else float(value)
        except ValueError:
            hint = "Try --given w=0.5,x=2 or --given 'x=[1 2]'"
            raise UsageError(complain(f"got --given {shown(part)}", "expected a name and a number", hint)) from None
    return values


def index_beside(parsed: Parsed) -> None:
    """RUN 7 is RUN --index 7, as `predict` takes it."""
    if len(parsed.arguments) != 2 or "index" in parsed.values:
        return
    number = parsed.arguments[1]
    if number.isdecimal() and not os.path.exists(number):
        parsed.values["index"] = int(parsed.arguments.pop())


# ---- a network -------------------------------------------------------------------------------------------------------


def explain_network(parsed: Parsed) -> Document:
    """A network typed in, on an example typed in."""
    values = parsed.values
    if "class" in values:
        values["class"] = number_of_class(values["class"], [])
    loss = values.get("loss")
    last = values.get("last", "sigmoid" if loss == "bce" else "none")
    model = typed_network(values["layers"], values.get("weights"), values.get("activation", "sigmoid"), last,
                          values.get("seed", 0))  # fmt: skip
    inputs = values["layers"][0]
    if "x" not in values or len(values["x"]) != inputs:
        got = f"got {len(values['x'])} numbers in --x" if "x" in values else "got no --x"
        raise UsageError(complain(got, f"expected {inputs}", f"Try --x {','.join(['1'] * min(inputs, 8))}"))
    y = _target(parsed, values["layers"][-1], loss)
    document = tell(model, np.array(values["x"]), y, parsed)
    if "weights" not in values:
        document.notes.append(origin_of_weights(values.get("seed", 0)))
    return document


def origin_of_weights(seed: int) -> str:
    """Where the weights of a network come from whose weights nobody typed."""
    return (
        f"The weights are random numbers, those that PyTorch's layers have after manual_seed({seed}): --seed draws "
        "others, --weights takes your own."
    )


def _target(parsed: Parsed, outputs: int, loss: str | None) -> Any:
    values = parsed.values
    if "y" not in values:
        for name in ("rate", "loss", "optimizer"):
            if name in values:
                hint = f"Try --y {','.join(['1'] * min(outputs, 8))}"
                raise UsageError(complain(f"got --{name} without --y", "expected a target to learn", hint))
        return None
    if loss == "cross-entropy" or (loss is None and outputs > 1 and len(values["y"]) == 1):
        return int(values["y"][0])
    if len(values["y"]) != outputs:
        hint = f"Try --y {','.join(['1'] * min(outputs, 8))}"
        raise UsageError(complain(f"got {len(values['y'])} numbers in --y", f"expected {outputs}", hint))
    return np.array(values["y"])
