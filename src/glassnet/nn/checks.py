"""What layers and losses check before they compute, and how they say what is wrong."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


def shape_of(t: Tensor) -> tuple[int, ...]:
    """The shape as messages show it."""
    return tuple(t.array.shape)


def need_tensors(name: str, **given: Any) -> None:
    """Refuse lists and arrays where a tensor belongs."""
    for role, value in given.items():
        if not isinstance(value, Tensor):
            got = f"{name}: got {type(value).__name__} as {role}"
            raise TypeError(complain(got, "expected a tensor", f"Try torch.tensor({role})"))


def need_float(name: str, **given: Tensor) -> None:
    """Refuse integers where a derivative is wanted."""
    for role, t in given.items():
        if t.array.dtype.kind != "f":
            got = f"{name}: got {role} of {t.dtype}"
            raise DTypeError(complain(got, "expected floating point numbers", f"Try {role}.float()"))


def need_same_shape(name: str, input: Tensor, target: Tensor) -> None:
    """Refuse a target that would have to be broadcast: it would compare every output with every target."""
    a, b = shape_of(input), shape_of(target)
    if a == b:
        return
    got = f"{name}: got input of shape {a} and target of shape {b}"
    expected = "expected the same shape, because broadcasting would compare every output with every target"
    raise ShapeError(complain(got, expected, f"Try {_way_to_agree(a, b)}"))


def _way_to_agree(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """An expression that makes both shapes equal, if there is one."""
    for i in range(len(b)):
        if b[i] == 1 and b[:i] + b[i + 1 :] == a:
            return f"target.squeeze({i})"
    for i in range(len(a)):
        if a[i] == 1 and a[:i] + a[i + 1 :] == b:
            return f"output.squeeze({i})"
    if np.prod(a, dtype=int) == np.prod(b, dtype=int):
        return f"target.reshape({', '.join(map(str, a))})"
    if a[1:] == b[1:] and len(a) == len(b):
        return f"a batch of the same length on both sides (input has {a[0]} rows, target has {b[0]})"
    return f"a last layer whose output has the target's shape, {b}"


def need_size(name: str, **given: Any) -> None:
    """Refuse sizes that are no whole numbers, or negative."""
    for role, value in given.items():
        if not isinstance(value, int | np.integer) or isinstance(value, bool):
            got = f"{name}: got {role}={value!r}"
            number = isinstance(value, float) or (isinstance(value, str) and value.isdecimal())
            hint = f"Try {role}={int(value)}" if number else f"Try {role}=10"
            raise TypeError(complain(got, "expected a whole number", hint))
        if value < 0:
            got = f"{name}: got {role}={value}"
            raise ValueRangeError(complain(got, "expected 0 or more", f"Try {role}={-value}"))


def need_probability(name: str, p: Any, role: str = "p") -> None:
    """Refuse a share that is not between 0 and 1."""
    if not 0.0 <= p <= 1.0:
        got = f"{name}: got {role}={p}"
        raise ValueRangeError(complain(got, "expected a number between 0 and 1", f"Try {role}=0.1"))


Flag = bool | None  # the older arguments size_average and reduce
REDUCTIONS = ("none", "mean", "sum")


def need_reduction(name: str, reduction: str, known: tuple[str, ...] = REDUCTIONS) -> None:
    """Refuse the name of a reduction that does not exist."""
    if reduction not in known:
        got = f"{name}: got reduction={reduction!r}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(map(repr, known))}", "Try reduction='mean'"))


def chosen_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction, also from the two older arguments that it took the place of."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is False:
        reduction = "none"
    else:
        reduction = "sum" if size_average is False else "mean"
    warnings.warn(f"size_average and reduce are out of use; reduction={reduction!r} says the same", stacklevel=3)
    return reduction


def reduced(name: str, losses: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of all losses, or the losses as they are."""
    need_reduction(name, reduction)
    if reduction == "none":
        return losses
    return (ops.mean if reduction == "mean" else ops.sum)(losses, dim=None, keepdim=False)


def weighted(name: str, losses: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """As `reduced`, each loss counting as much as its weight says."""
    if weight is None:
        return reduced(name, losses, reduction)
    need_same_shape(name, losses, weight)
    need_reduction(name, reduction)
    losses = losses * weight
    if reduction == "mean":
        return ops.sum(losses, dim=None, keepdim=False) / ops.sum(weight, dim=None, keepdim=False)
    return reduced(name, losses, reduction)
