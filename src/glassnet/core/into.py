"""`out=`: a result that is written into a tensor which is there already, as PyTorch's functions offer it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from glassnet.core.kinds import LISTS
from glassnet.core.mode import mode
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, GradientError, ShapeError, complain

R = TypeVar("R")

_RANK = {
    "b": 0,
    "u": 1,
    "i": 1,
    "f": 2,
}  # a result may lose digits on its way into `out`, but not turn from floats into integers


def into(out: Tensor, y: Tensor) -> Tensor:
    """Write y into `out`, and hand that back; an `out` without numbers takes on y's shape.

    Raises `GradientError` where a gradient is to be followed, `ShapeError` for another shape, `DTypeError` for a
    kind of numbers that cannot hold the result.

    >>> import glassnet as torch
    >>> total = torch.zeros(2)
    >>> _ = torch.add(torch.tensor([1.0, 2.0]), 1, out=total)
    >>> total
    tensor([2., 3.])
    """
    if y.needs_grad or (mode.grad and out.needs_grad):
        got = "out=: got a tensor that requires grad among those of the operation"
        hint = "Try with torch.no_grad(), or the result without out="
        raise GradientError(complain(got, "expected none, since what is overwritten has no gradient", hint))
    if _RANK[y.array.dtype.kind] > _RANK[out.array.dtype.kind]:
        got, hint = f"out=: got a result of {y.dtype} for a tensor of {out.dtype}", f"Try out of {y.dtype}"
        raise DTypeError(complain(got, "expected one that can hold it", hint))
    if out.array.shape != y.array.shape and out.array.size == 0:
        out.data = y.to(out.dtype)
        return out
    if out.array.shape != y.array.shape:
        got = f"out=: got a result of shape {y.array.shape} for a tensor of shape {out.array.shape}"
        raise ShapeError(complain(got, "expected the same shape", f"Try out=torch.empty({y.array.shape})"))
    return out.copy_(y)


def takes_out(function: Callable[..., R]) -> Callable[..., R]:
    """Give a function the keyword `out`: a tensor, or one for each of several results.

    A function that makes new numbers makes them of the dtype of `out`, unless told.

    >>> import glassnet as torch
    >>> x = torch.zeros(3, dtype=torch.float64)
    >>> torch.arange(3, out=x)
    tensor([0., 1., 2.], dtype=torch.float64)
    """
    chooses_dtype = "dtype" in inspect.signature(function).parameters

    @functools.wraps(function)
    def written(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is None:
            return function(*args, **kwargs)
        if isinstance(out, LISTS):
            parts: Any = function(*args, **kwargs)
            return type(parts)(*(into(o, p) for o, p in zip(out, parts, strict=True)))
        if chooses_dtype and kwargs.get("dtype") is None:
            kwargs["dtype"] = out.dtype
        y: Any = function(*args, **kwargs)
        return into(out, y)

    return written
