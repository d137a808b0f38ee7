"""Inverses, solutions of equations, and determinants."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from glassnet.autograd import Function
from glassnet.core import ops
from glassnet.core.layout import where
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, complain
from glassnet.linalg.checks import floats, singular, square


class _Inverse(Function):
    """dA = -Y^T dY Y^T for Y = A^-1."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> Tensor:
        try:
            y = wrap(np.linalg.inv(square("inv", A)))
        except np.linalg.LinAlgError:
            raise singular("inv") from None
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return -(y.mT @ g @ y.mT)


@shown_as("LinalgInvExBackward0")
def inv(A: Tensor) -> Tensor:
    """The inverse of every matrix.

    >>> import glassnet as torch
    >>> torch.linalg.inv(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _Inverse.apply(A)


class InverseAndInfo(NamedTuple):
    """An inverse, and 0 for every matrix that has one."""

    inverse: Tensor
    info: Tensor


def inv_ex(A: Tensor, *, check_errors: bool = False) -> InverseAndInfo:
    """The inverse of every matrix, with 0 for each; a singular one is refused, as with `check_errors=True`."""
    return InverseAndInfo(inv(A), _no_errors(A))


def _no_errors(A: Tensor) -> Tensor:
    return wrap(np.zeros(A.array.shape[:-2], np.int32))


class _Solution(Function):
    """dB = A^-T dX and dA = -dB X^T for A X = B."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, B: Tensor) -> Tensor:
        try:
            x = wrap(np.linalg.solve(square("solve", A), floats("solve", B)))
        except np.linalg.LinAlgError:
            raise singular("solve") from None
        ctx.save_for_backward(A, x)
        return x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
        a, x = ctx.saved_tensors
        db = _Solution.apply(a.mT, g)
        return -(db @ x.mT), db


@shown_as("LinalgSolveExBackward0")
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A @ X = B, or X @ A = B where `left` is False; B may be a vector, or one for each matrix.

    >>> import glassnet as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([1.0, 1.0]))
    tensor([0.5000, 0.2500])
    """
    if not left:
        return solve(A.mT, B.mT).mT
    a, b = square("solve", A).shape, B.array.shape
    vectors = len(b) == 1 or b == a[:-1]
    rows = (b[-1:] if vectors else b[-2:-1]) or (0,)
    if rows != a[-1:]:
        got = f"solve: got A of shape {tuple(a)} and B of shape {tuple(b)}"
        raise ShapeError(complain(got, "expected as many rows in both", f"Try B with {a[-1]} rows"))
    batch = np.broadcast_shapes(a[:-2], b[:-1] if vectors else b[:-2])
    A = A.expand(*batch, *a[-2:]) if batch != a[:-2] else A
    if vectors:
        return _Solution.apply(A, B.expand(*batch, *rows).unsqueeze(-1)).squeeze(-1)
    return _Solution.apply(A, B.expand(*batch, *b[-2:]) if batch != b[:-2] else B)


class SolutionAndInfo(NamedTuple):
    """A solution, and 0 for every matrix that has one."""

    result: Tensor
    info: Tensor


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> SolutionAndInfo:
    """`solve`, with 0 for each matrix; a singular one is refused, as with `check_errors=True`."""
    return SolutionAndInfo(solve(A, B, left=left), _no_errors(A))


@shown_as("LinalgSolveTriangularBackward0")
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """X with A @ X = B for a triangular A, the other half of which is not looked at.

    >>> import glassnet as torch
    >>> A, B = torch.tensor([[2.0, 9.0], [1.0, 4.0]]), torch.tensor([[2.0], [9.0]])
    >>> torch.linalg.solve_triangular(A, B, upper=False).T
    tensor([[1., 2.]])
    """
    square("solve_triangular", A)
    half = A.triu(1 if unitriangular else 0) if upper else A.tril(-1 if unitriangular else 0)
    if unitriangular:
        half = half + wrap(np.eye(A.array.shape[-1], dtype=A.array.dtype))
    return solve(half, B, left=left)


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of A as a matrix whose rows are its first `ind` axes, with its axes swapped."""
    first, rest = A.array.shape[:ind], A.array.shape[ind:]
    if math.prod(first) != math.prod(rest):
        got = f"tensorinv: got a tensor of shape {tuple(A.array.shape)} with ind={ind}"
        raise ShapeError(complain(got, "expected as many numbers before that axis as after", "Try another ind"))
    return inv(A.reshape(math.prod(first), -1)).reshape(*rest, *first)


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:
    """X with tensordot(A, X, X.ndim) = B; the axes in `dims` of A are moved to its end first."""
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.ndim - len(dims), A.ndim)))
    shape = A.array.shape[B.ndim :]
    if math.prod(shape) != B.array.size:
        got = f"tensorsolve: got A of shape {tuple(A.array.shape)} and B of shape {tuple(B.array.shape)}"
        raise ShapeError(complain(got, "expected as many unknowns as equations", "Try torch.linalg.lstsq"))
    return solve(A.reshape(B.array.size, -1), B.reshape(-1)).reshape(shape)


# ---- determinants ---------------------------------------------------------------------------------------------------


class _Determinant(Function):
    """dA = det(A) A^-T."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> Tensor:
        y = wrap(np.asarray(np.linalg.det(square("det", A))))
        ctx.save_for_backward(A, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        a, y = ctx.saved_tensors
        return (g * y).unsqueeze(-1).unsqueeze(-1) * inv(a).mT


@shown_as("LinalgDetBackward0")
def det(A: Tensor) -> Tensor:
    """The determinant of every matrix."""
    return _Determinant.apply(A)


class _LogDeterminant(Function):
    """d log|det A| = A^-T."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> tuple[Tensor, Tensor]:
        sign, size = (wrap(np.asarray(v)) for v in np.linalg.slogdet(square("slogdet", A)))
        ctx.save_for_backward(A)
        ctx.mark_non_differentiable(sign)
        return sign, size

    @staticmethod
    def backward(ctx: Any, _: Tensor, g: Tensor) -> Tensor:
        (a,) = ctx.saved_tensors
        return g.unsqueeze(-1).unsqueeze(-1) * inv(a).mT


class SignAndLogarithm(NamedTuple):
    """The determinant as sign * exp(logabsdet)."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return f"torch.return_types.linalg_slogdet(\nsign={self.sign!r},\nlogabsdet={self.logabsdet!r})"


def slogdet(A: Tensor) -> SignAndLogarithm:
    """The sign of the determinant of every matrix, and the logarithm of its size, which does not overflow.

    >>> import glassnet as torch
    >>> torch.linalg.slogdet(torch.tensor([[2.0, 0.0], [0.0, -3.0]]))
    torch.return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(1.7918))
    """
    return SignAndLogarithm(*_LogDeterminant.apply(A))


def logdet(A: Tensor) -> Tensor:
    """The logarithm of the determinant of every matrix: NaN where it is negative.

    >>> import glassnet as torch
    >>> torch.logdet(torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    tensor(1.7918)
    """
    sign, size = slogdet(A)
    return where(ops.lt(sign, 0.0), math.nan, size)
