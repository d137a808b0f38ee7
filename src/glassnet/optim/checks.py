"""Checks of the options of optimisers and schedules: got, expected, try."""

from __future__ import annotations

from typing import Any

from glassnet.core.tensor import Tensor
from glassnet.errors import NotSupportedError, ShapeError, ValueRangeError


def number(owner: str, name: str, value: Any) -> float:
    """The option as a Python number, if it is one (a tensor with one number counts)."""
    if isinstance(value, Tensor):
        if value.array.size != 1:
            raise ShapeError(
                f"{owner}: got {name} as a tensor of shape {tuple(value.array.shape)}; expected one number. "
                f"Try {name}=tensor(0.01)."
            )
        return float(value.array.item())
    try:
        return float(value) if not isinstance(value, str) else _refuse(owner, name, value)
    except TypeError:
        return _refuse(owner, name, value)


def _refuse(owner: str, name: str, value: Any) -> float:
    raise TypeError(f"{owner}: got {name}={value!r}; expected a number. Try {name}=0.01.")


def not_negative(owner: str, **options: Any) -> None:
    """Every option is a number of at least 0 (NaN is not)."""
    for name, value in options.items():
        if not number(owner, name, value) >= 0:
            hint = abs(number(owner, name, value))
            raise ValueRangeError(
                f"{owner}: got {name}={value}; expected at least 0. Try {name}={hint if hint >= 0 else 0.001}."
            )


def at_least(owner: str, least: int, **options: Any) -> None:
    """Every option is a whole number of at least that size."""
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueRangeError(
                f"{owner}: got {name}={value!r}; expected a whole number of at least {least}. Try "
                f"{name}={max(least, 10)}."
            )


def fractions(owner: str, name: str, values: Any) -> tuple[float, float]:
    """Two numbers from 0 up to, but without, 1."""
    try:
        first, second = (number(owner, name, v) for v in values)
    except (TypeError, ValueError):
        raise ValueRangeError(
            f"{owner}: got {name}={values!r}; expected two numbers. Try {name}=(0.9, 0.999)."
        ) from None
    for i, b in enumerate((first, second)):
        if not 0 <= b < 1:
            raise ValueRangeError(
                f"{owner}: got {name}[{i}]={b}; expected at least 0 and less than 1, the share of the past that is "
                f"kept. Try {name}=(0.9, 0.999)."
            )
    return first, second


def between(owner: str, name: str, value: Any, low: float, high: float) -> None:
    """The option lies between low and high, both included."""
    if not low <= number(owner, name, value) <= high:
        raise ValueRangeError(f"{owner}: got {name}={value}; expected {low} to {high}. Try {name}={high}.")


def plain_update(owner: str, differentiable: bool) -> None:
    """Updates are made in place: no gradient flows through them."""
    if differentiable:
        raise NotSupportedError(
            f"{owner}: got differentiable=True; glassnet updates weights in place and follows no gradient through the "
            "update. Try writing the update out of place (w = w - lr * g) with autograd.grad(create_graph=True)."
        )
