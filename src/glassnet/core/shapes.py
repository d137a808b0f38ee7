"""What to say when arrays do not fit together."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


def mismatch(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> ShapeError:
    """The error for a primitive that NumPy refused, in terms of the user's own shapes."""
    teller = _TELLERS.get(op, _broadcast if len(shapes) > 1 else _plain)
    return ShapeError(teller(op, shapes, attrs, problem))


def out_of_range(op: str, shapes: Sequence[tuple[int, ...]], problem: Exception) -> ValueRangeError:
    """The error for an index beyond the end of an axis."""
    where = str(problem).replace(" is out of bounds for", " for")
    a = shapes[0]
    return ValueRangeError(
        f"{op}: got {where} of a tensor of shape {a}; expected an index from {-a[0] if a else 0} to "
        f"{a[0] - 1 if a else 0} on its first axis, and likewise on the others. Try tensor[-1] for the last entry."
    )


def sizes(given: Sequence[Any]) -> tuple[int, ...]:
    """The lengths of the axes, which must be whole numbers."""
    try:
        return tuple(map(operator.index, given))
    except TypeError:
        got = f"got the sizes {tuple(given)}"
        raise DTypeError(complain(got, "expected whole numbers", "Try int(), or // for a division")) from None


def unsuitable(op: str, kinds: Sequence[Any]) -> DTypeError:
    """The error for a primitive that is not defined for numbers of these kinds."""
    got = f"{op}: got numbers of {_list(kinds)}"
    if any(k.is_floating_point for k in kinds):
        return DTypeError(complain(got, "expected whole numbers or bool, since it works bit by bit", "Try .long()"))
    return DTypeError(complain(got, "expected numbers that can be subtracted", "Try .long(), or ~ and ^ for bool"))


def _plain(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    with_ = "".join(f", {k}={v!r}" for k, v in attrs.items())
    got, expected = f"{op}: got shape {_list(shapes)}{with_}", f"expected sizes that fit ({problem})"
    return f"{got}; {expected}. Try printing .shape before the call."


def _broadcast(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    a, b = shapes[0], shapes[1]
    for back in range(1, min(len(a), len(b)) + 1):
        if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
            return (
                f"{op}: got shapes {a} and {b}, which differ at axis -{back} ({a[-back]} against {b[-back]}); expected "
                f"equal sizes, or 1, on every axis counted from the right. Try .reshape or .unsqueeze on one of them."
            )
    return _plain(op, shapes, attrs, problem)


def _matmul(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    a, b = shapes[0], shapes[1]
    if len(a) == 0 or len(b) == 0:
        return f"matmul: got shapes {a} and {b}; expected at least one axis on each side. Try * for a plain product."
    inner = b[-2] if len(b) > 1 else b[0]
    fix = (
        "Try the transpose of one side (.T)"
        if len(b) > 1 and a[-1] == b[-1]
        else "Try .reshape, or check the layer sizes"
    )
    return f"matmul: got {a} @ {b}, whose inner sizes are {a[-1]} and {inner}; expected them to be equal. {fix}."


def _reshape(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    a, to = shapes[0], tuple(attrs["shape"])
    count = 1
    for n in a:
        count *= n
    return (
        f"reshape: got shape {a} ({count} numbers) to lay out as {to}; expected a shape with {count} numbers. "
        f"Try reshape(-1), or -1 for the one size to be worked out."
    )


def linear(x: tuple[int, ...], weight: tuple[int, ...]) -> ShapeError:
    """The error for a linear layer that is fed rows of another length."""
    got = x[-1] if x else 0
    return ShapeError(
        f"linear: x has {got} features but weight expects {weight[1]} (x is {x}, weight is {weight}). "
        f"Try Linear({got}, {weight[0]})."
    )


def _list(shapes: Sequence[Any]) -> str:
    return " and ".join(map(str, shapes))


_TELLERS = {"matmul": _matmul, "reshape": _reshape}
