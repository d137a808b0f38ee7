"""`out=`: a result that is written into a tensor which is there already, as PyTorch's functions offer it."""

from __future__ import annotations

from glassnet.core.mode import mode
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, GradientError, ShapeError, complain

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
