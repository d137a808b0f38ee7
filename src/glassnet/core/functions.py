"""PyTorch's functions of tensors, by their names and with their arguments, made of the primitives in `ops.py`.

Arithmetic, comparisons of whole tensors, and products; `reductions.py` holds what shortens axes.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from glassnet.core import dtypes, ops, shapes
from glassnet.core.into import into, takes_out
from glassnet.core.layout import diag, where
from glassnet.core.naming import called, shown_as
from glassnet.core.tensor import Tensor, as_tensor_like, constant, wrap
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain

# ---- arithmetic ---------------------------------------------------------------------------------------------------


def add(input: Any, other: Any, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """input + alpha * other."""
    y = ops.add(input, other if alpha == 1 else ops.mul(other, alpha))
    return y if out is None else into(out, y)


def sub(input: Any, other: Any, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """input - alpha * other."""
    y = ops.sub(input, other if alpha == 1 else ops.mul(other, alpha))
    return y if out is None else into(out, y)


def mul(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """input * other, number by number."""
    y = ops.mul(input, other)
    return y if out is None else into(out, y)


def _whole(x: Any) -> bool:
    return as_tensor_like(x, None).array.dtype.kind in "iu"


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """input / other, number by number; rounding_mode is None, "floor" or "trunc"."""
    if out is not None:
        return into(out, div(input, other, rounding_mode=rounding_mode))
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode == "trunc" and builtins.all(_whole(v) for v in (input, other)):
        return ops.floor_divide(ops.sub(input, ops.fmod(input, other)), other)
    quotient = ops.div(input, other)
    return trunc(quotient) if rounding_mode == "trunc" else quotient


def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """input ** exponent, number by number."""
    if out is not None:
        return into(out, pow(input, exponent))
    if isinstance(exponent, int | float) and isinstance(input, Tensor):
        if input.array.dtype.kind == "f":
            return ops.power(input, exponent=exponent)
        if isinstance(exponent, int):
            return ops.pow(input, exponent)
        return ops.power(input.to(dtypes.get_default_dtype()), exponent=exponent)
    if isinstance(input, Tensor):
        return called(ops.pow(input, exponent), "PowBackward1", input, exponent)
    return called(ops.pow(input, exponent), "PowBackward2", exponent)


@shown_as("RsubBackward1")
def rsub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """other - alpha * input: the subtraction with its sides exchanged."""
    return ops.sub(other, input if alpha == 1 else input * alpha)


@takes_out
def trunc(input: Tensor) -> Tensor:
    """Round towards zero."""
    return ops.trunc(input)


@takes_out
@shown_as("ReciprocalBackward0")
def reciprocal(input: Tensor) -> Tensor:
    """1 / input."""
    return ops.div(1.0, input)


@takes_out
@shown_as("RsqrtBackward0")
def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input)."""
    return pow(input, -0.5)


@takes_out
def tan(input: Tensor) -> Tensor:
    """Tangent."""
    return ops.tan(input)


@takes_out
def log2(input: Tensor) -> Tensor:
    """Logarithm to base 2."""
    return ops.log2(input)


@takes_out
def log10(input: Tensor) -> Tensor:
    """Logarithm to base 10."""
    return ops.log10(input)


@takes_out
def exp2(input: Tensor) -> Tensor:
    """2 ** input."""
    return ops.exp2(input)


def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Hold every number between min and max; either may be left out, or be a tensor."""
    if out is not None:
        return into(out, clamp(input, min, max))
    if min is None and max is None:
        raise ValueRangeError(complain("clamp: got no bound", "expected min, max or both", "Try clamp(min=0)"))
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        y = input if min is None else where(ops.lt(input, min), min, input)
        return y if max is None else where(ops.gt(y, max), max, y)
    return ops.clamp(input, low=min, high=max)


@takes_out
@shown_as("LerpBackward0")
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input)."""
    kind = input.array.dtype if input.array.dtype.kind == "f" else dtypes.default_float()
    share = weight if isinstance(weight, Tensor) else constant(np.asarray(weight, kind))
    return input + (end - input) * share


@takes_out
@shown_as("AddcmulBackward0")
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 * tensor2."""
    return input + tensor1 * tensor2 * value


@takes_out
@shown_as("AddcdivBackward0")
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 / tensor2."""
    return input + tensor1 / tensor2 * value


@shown_as("MaskedFillBackward0")
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """input with value where the mask holds."""
    return where(mask, as_tensor_like(value, input), input)


@takes_out
@shown_as("NanToNumBackward0")
def nan_to_num(
    input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """input with NaN replaced, and infinities (by the largest and smallest finite numbers unless told)."""
    if input.array.dtype.kind != "f":
        return ops.copy(input)
    limits = dtypes.finfo(input.dtype)
    y = where(ops.isnan(input), 0.0 if nan is None else nan, input)
    y = where(ops.eq(input, math.inf), limits.max if posinf is None else posinf, y)
    return where(ops.eq(input, -math.inf), limits.min if neginf is None else neginf, y)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol |other| everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol |other|."""
    a, b = input.read("isclose"), other.read("isclose")
    try:
        return wrap(np.asarray(np.isclose(a, b, rtol, atol, equal_nan)))
    except ValueError as problem:
        raise shapes.mismatch("isclose", [a.shape, b.shape], {}, problem) from None


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same numbers."""
    return bool(np.array_equal(input.read("equal"), other.read("equal")))


# ---- products -----------------------------------------------------------------------------------------------------


def matmul(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The matrix product; vectors and batches of matrices as in NumPy."""
    if out is not None:
        return into(out, matmul(input, other))
    if not isinstance(other, Tensor):
        got = f"matmul: got {type(other).__name__} on the right"
        raise TypeError(complain(got, "expected a tensor", "Try * for a number, or torch.tensor(...) of an array"))
    if input.array.dtype != other.array.dtype:
        raise DTypeError(
            f"matmul: got {input.dtype} @ {other.dtype}; expected the same dtype on both sides. Try "
            f".to({input.dtype}) on the right one."
        )
    left, right = input.array.ndim == 1, other.array.ndim == 1
    a = input.reshape(1, -1) if left else input
    b = other.reshape(-1, 1) if right else other
    if (left or right) and a.array.shape[-1:] != b.array.shape[-2:-1]:  # told in the shapes that were given
        raise shapes.mismatch("matmul", [input.array.shape, other.array.shape], {}, ValueError())
    y = ops.matmul(a, b)
    n = y.array.ndim
    if not (left or right):
        return y if n == 2 else called(y, "UnsafeViewBackward0", input, other)
    gone = {n - 2 if left else n, n - 1 if right else n}
    y = y.reshape(tuple(size for i, size in enumerate(y.array.shape) if i not in gone))
    return called(y, _PRODUCTS.get((input.array.ndim, other.array.ndim), "UnsafeViewBackward0"), input, other)


_PRODUCTS = {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (1, 2): "SqueezeBackward4"}


def _of_axes(name: str, *given: tuple[Tensor, int]) -> None:
    """Refuse tensors with another number of axes than the product is defined for."""
    for x, axes_wanted in given:
        if x.array.ndim != axes_wanted:
            got = f"{name}: got a tensor of shape {x.array.shape}, with {x.array.ndim} axes"
            hint = "Try torch.matmul, which takes any number of axes"
            raise ShapeError(complain(got, f"expected {axes_wanted}", hint))


def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices."""
    _of_axes("mm", (input, 2), (mat2, 2))
    return matmul(input, mat2, out=out)


@shown_as("MvBackward0")
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector."""
    _of_axes("mv", (input, 2), (vec, 1))
    return matmul(input, vec, out=out)


@shown_as("BmmBackward0")
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of matrices, pair by pair."""
    _of_axes("bmm", (input, 3), (mat2, 3))
    return matmul(input, mat2, out=out)


@shown_as("DotBackward0")
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inner product of two vectors."""
    _of_axes("dot", (input, 1), (tensor, 1))
    return matmul(input, tensor, out=out)


@takes_out
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every product of a number of the first with one of the second."""
    _of_axes("outer", (input, 1), (vec2, 1))
    return input.reshape(-1, 1) * vec2.reshape(1, -1)


@shown_as("TraceBackward0")
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal."""
    return ops.sum(diag(input), dim=None, keepdim=False)
