"""What to say when arrays do not fit together."""

from __future__ import annotations

import itertools
import math
import operator
import re
from collections.abc import Sequence
from typing import Any

from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


def mismatch(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> ShapeError:
    """The error for a primitive that NumPy refused, in terms of the user's own shapes."""
    teller = _TELLERS.get(op, _broadcast if len(shapes) > 1 else _plain)
    return ShapeError(teller(op, shapes, attrs, problem))


def out_of_range(op: str, shapes: Sequence[tuple[int, ...]], problem: Exception) -> ValueRangeError:
    """The error for an index beyond the end of an axis, or for one index too many."""
    shape = shapes[0]
    told = _BEYOND.search(str(problem))
    if told:
        index, axis, size = told.groups()
        got = f"{_spelled(op)}: got index {index} for axis {axis} of a tensor of shape {shape}"
        if size == "0":
            return ValueRangeError(
                complain(got, "expected none, since that axis is empty", "Try checking numel() first")
            )
        last = int(size) - 1
        return ValueRangeError(complain(got, f"expected -{size} to {last}", f"Try {last} or -1 for the last entry"))
    many = _TOO_MANY.search(str(problem))
    indices = many[1] if many else "more"
    got = f"{_spelled(op)}: got {indices} indices for a tensor of shape {shape}"
    hint = "Try x[0]" if len(shape) == 1 else "Try .shape, to see the axes"
    return ValueRangeError(complain(got, f"expected at most {len(shape)}, one for every axis", hint))


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
    got, expected = f"{_spelled(op)}: got shape {_list(shapes)}{with_}", f"expected sizes that fit ({problem})"
    return complain(got, expected, "Try printing .shape before the call")


def _broadcast(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    for a, b in itertools.combinations(shapes, 2):
        for back in range(1, min(len(a), len(b)) + 1):
            if a[-back] != b[-back] and 1 not in (a[-back], b[-back]):
                got = f"{op}: got shapes {a} and {b}, which differ at axis -{back} ({a[-back]} against {b[-back]})"
                expected = "expected equal sizes, or 1, on every axis counted from the right"
                return complain(got, expected, "Try .reshape or .unsqueeze on one of them")
    return _plain(op, shapes, attrs, problem)


def _concat(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    axis, first = attrs["dim"], shapes[0]
    other = next(shape for shape in shapes if not _agree(first, shape, but=axis))
    got = f"cat: got shapes {first} and {other} to join along axis {axis}"
    if len(first) != len(other):
        return complain(got, "expected as many axes in all", "Try .unsqueeze on the one that has fewer")
    fitting = [d for d in range(len(first)) if _agree(first, other, but=d)]
    hint = f"Try cat(…, dim={fitting[0]})" if fitting else "Try tensors that come from the same rows"
    return complain(got, "expected equal sizes on all other axes", hint)


def _agree(a: tuple[int, ...], b: tuple[int, ...], but: int) -> bool:
    """Whether two shapes are the same on all axes but one."""
    axis = but % max(len(a), 1)
    return len(a) == len(b) and all(i == axis or m == n for i, (m, n) in enumerate(zip(a, b, strict=True)))


def _expand(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    a, to = shapes[0], tuple(attrs["shape"])
    got = f"got numbers of shape {a} for places of shape {to}"
    expected = "expected the same sizes, or 1 to be repeated, on every axis counted from the right"
    if len(a) == 1 and to and a[0] == to[0]:
        return complain(got, expected, f"Try .unsqueeze(1), which makes them {(a[0], 1)}")
    return complain(got, expected, "Try .reshape on the numbers, or places as many as they are")


def _permute(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    a, dims = shapes[0], tuple(attrs["dims"])
    got, order = (
        f"permute: got the order {dims} for the axes of shape {a}",
        ", ".join(map(str, reversed(range(len(a))))),
    )
    return complain(got, "expected each axis once", f"Try permute({order})")


def _full(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    shape = tuple(attrs["shape"])
    got, fitting = f"got the sizes {shape}", ", ".join(str(abs(n)) for n in shape)
    return complain(got, "expected each of them 0 or more", f"Try ({fitting})")


def _matmul(op: str, shapes: Sequence[tuple[int, ...]], attrs: dict[str, Any], problem: Exception) -> str:
    a, b = shapes[0], shapes[1]
    if len(a) == 0 or len(b) == 0:
        expected = "expected at least one axis on each side"
        return complain(f"matmul: got shapes {a} and {b}", expected, "Try * for a plain product")
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] == inner:
        got = f"matmul: got {a} @ {b}, batches of {a[:-2]} and {b[:-2]} matrices"
        return complain(got, "expected as many on both sides, or 1", "Try .unsqueeze, or the same number of both")
    turned = len(b) > 1 and a[-1] == b[-1]
    hint = "Try the transpose of one side (.T)" if turned else "Try .reshape, or check the layer sizes"
    got = f"matmul: got {a} @ {b}, whose inner sizes are {a[-1]} and {inner}"
    return complain(got, "expected them to be equal", hint)


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
    images = len(x) > 2 and math.prod(x[1:]) == weight[1]
    hint = "x.flatten(1), or nn.Flatten() as the layer before" if images else f"Linear({got}, {weight[0]})"
    return ShapeError(
        f"linear: x has {got} features but weight expects {weight[1]} (x is {x}, weight is {weight}). Try {hint}."
    )


def _spelled(op: str) -> str:
    """The name of a primitive as users know it."""
    return _NAMES.get(op, op)


def _list(shapes: Sequence[Any]) -> str:
    return " and ".join(map(str, shapes))


_BEYOND = re.compile(r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)")  # as NumPy says it
_TOO_MANY = re.compile(r"but (\d+) were indexed")
_NAMES = {"window": "indexing", "pick": "indexing", "concat": "cat"}
_TELLERS = {
    "matmul": _matmul, "reshape": _reshape, "concat": _concat, "expand": _expand, "permute": _permute, "full": _full,
}  # fmt: skip
