"""PyTorch's `linalg`: norms, inverses, solutions, and decompositions of matrices.

Gradients flow through all but `qr`, `pinv` and `lstsq`, which give numbers only.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from glassnet.autograd import Function
from glassnet.core import ops, reductions
from glassnet.core.layout import axis, where
from glassnet.core.mode import mode
from glassnet.core.naming import shown_as
from glassnet.core.products import chain_matmul
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DTypeError, GradientError, ShapeError, ValueRangeError, complain

__all__ = [
    "cholesky",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "logdet",
    "lstsq",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "vector_norm",
]


# ---- norms and products ---------------------------------------------------------------------------------------------


def vector_norm(x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^ord)^(1/ord), over all axes or the given ones."""
    return reductions.norm(x, ord, dim, keepdim)


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The length of a vector or of all numbers together; with `ord` and two axes, a norm of matrices.

    >>> import glassnet as torch
    >>> torch.linalg.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if ord is not None and ((dim is None and A.ndim == 2) or (isinstance(dim, tuple | list) and len(dim) == 2)):
        return matrix_norm(A, ord, dim or (-2, -1), keepdim)
    return reductions.norm(A, 2 if ord is None else ord, dim, keepdim)


def matrix_norm(A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The norm of matrices: "fro", "nuc", 1, -1, 2, -2, inf or -inf."""
    if ord == "fro":
        return reductions.norm(A, 2, dim, keepdim)
    if ord in ("nuc", 2, -2):
        rows, columns = (axis(d, A.ndim) for d in dim)
        values = svdvals(A.permute(*[d for d in range(A.ndim) if d not in (rows, columns)], rows, columns))
        y = values.sum(-1) if ord == "nuc" else values[..., 0 if ord == 2 else -1]
        return y.unsqueeze(rows).unsqueeze(columns) if keepdim and rows < columns else y
    sums = A.abs().sum(dim[0] if abs(ord) == 1 else dim[1], keepdim=True)
    y = (reductions.amax if ord > 0 else reductions.amin)(sums, tuple(dim), True)
    return y if keepdim else y.squeeze(tuple(dim))


def multi_dot(tensors: Any) -> Tensor:
    """All matrices multiplied, in the order that costs the fewest multiplications."""
    return chain_matmul(*tensors)


def matrix_power(A: Tensor, n: int) -> Tensor:
    """A multiplied n times with itself; a negative n takes the inverse first."""
    if n < 0:
        return matrix_power(inv(A), -n)
    y = wrap(np.broadcast_to(np.eye(A.array.shape[-1], dtype=A.array.dtype), A.array.shape).copy())
    for _ in range(n):
        y = y @ A
    return y


# ---- inverses -------------------------------------------------------------------------------------------------------


def _square(call: str, A: Tensor) -> np.ndarray:
    array = _floats(call, A)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        got = f"{call}: got a tensor of shape {tuple(array.shape)}"
        raise ShapeError(complain(got, "expected square matrices", "Try torch.linalg.pinv, or A.T @ A"))
    return array


def _floats(call: str, A: Tensor) -> np.ndarray:
    array = A.read(call)
    if array.dtype.kind != "f":
        raise DTypeError(complain(f"{call}: got {A.dtype} numbers", "expected floating point", "Try A.float()"))
    return array


def _solved(call: str, array: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
    try:
        return np.linalg.inv(array) if other is None else np.linalg.solve(array, other)
    except np.linalg.LinAlgError:
        got = f"{call}: got a singular matrix"
        raise ValueRangeError(complain(got, "expected one with an inverse", "Try torch.linalg.pinv")) from None


class _Inverse(Function):
    """dA = -Y^T dY Y^T for Y = A^-1."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> Tensor:
        y = wrap(_solved("inv", _square("inv", A)))
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


class _Solution(Function):
    """dB = A^-T dX and dA = -dB X^T for A X = B."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, B: Tensor) -> Tensor:
        x = wrap(_solved("solve", _square("solve", A), _floats("solve", B)))
        ctx.save_for_backward(A, x)
        return x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
        a, x = ctx.saved_tensors
        db = solve(a.mT, g)
        return -(db @ x.mT), db


@shown_as("LinalgSolveExBackward0")
def solve(A: Tensor, B: Tensor) -> Tensor:
    """X with A @ X = B; B may be a vector."""
    if B.ndim == 1:
        return _Solution.apply(A, B.reshape(-1, 1)).reshape(-1)
    return _Solution.apply(A, B)


class _Determinant(Function):
    """dA = det(A) A^-T."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> Tensor:
        y = wrap(np.asarray(np.linalg.det(_square("det", A))))
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


class _LogDeterminant(Function):
    """d log|det A| = A^-T."""

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> tuple[Tensor, Tensor]:
        sign, size = (wrap(np.asarray(v)) for v in np.linalg.slogdet(_square("slogdet", A)))
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


# ---- decompositions -------------------------------------------------------------------------------------------------


class SVD(NamedTuple):
    """A = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class QR(NamedTuple):
    """A = Q R."""

    Q: Tensor
    R: Tensor


class Eigen(NamedTuple):
    """A = V diag(L) V^T."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class LeastSquares(NamedTuple):
    """What `lstsq` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def _plain(call: str, A: Tensor) -> np.ndarray:
    if A.needs_grad and mode.grad:
        got = f"{call}: got a matrix that gradients flow through"
        raise GradientError(
            complain(got, "expected one without, because glassnet has no derivative here", "Try A.detach()")
        )
    return _floats(call, A)


def _apart(values: Tensor) -> Tensor:
    """v_j - v_i for every pair, and inf on the diagonal, so that what is divided by it is 0 there."""
    gaps = values.unsqueeze(-2) - values.unsqueeze(-1)
    itself = wrap(np.eye(values.array.shape[-1], dtype=bool))
    return where(itself, math.inf, gaps)


class _Singular(Function):
    """The slopes of A = U diag(S) Vh (J. Townsend, Differentiating the singular value decomposition, 2016)."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, full_matrices: bool) -> tuple[Tensor, ...]:
        made = tuple(map(wrap, np.linalg.svd(_floats("svd", A), full_matrices)))
        ctx.save_for_backward(A, *made)
        ctx.full = full_matrices
        return made

    @staticmethod
    def backward(ctx: Any, gu: Tensor, gs: Tensor, gvh: Tensor) -> tuple[Tensor, None]:
        a, u, s, vh = ctx.saved_tensors
        if mode.grad:  # the slope is followed on to A
            u, s, vh = _Singular.apply(a, ctx.full)
        k = s.array.shape[-1]
        u, gu, v, gv = u[..., :k], gu[..., :k], vh.mT[..., :k], gvh.mT[..., :k]
        row, column = s.unsqueeze(-2), s.unsqueeze(-1)
        squares = _apart(s * s)
        turned_u, turned_v = u.mT @ gu, v.mT @ gv
        inner = (turned_u - turned_u.mT) / squares * row + column * ((turned_v - turned_v.mT) / squares)
        inner = inner + gs.unsqueeze(-1) * wrap(np.eye(k, dtype=s.array.dtype))
        beside_u, beside_v = gu / row, gv / row  # what the other directions of a matrix that is not square add
        beyond = (beside_u - u @ (u.mT @ beside_u)) @ v.mT + u @ (beside_v - v @ (v.mT @ beside_v)).mT
        return u @ inner @ v.mT + beyond, None


@shown_as("LinalgSvdBackward0")
def svd(A: Tensor, full_matrices: bool = True) -> SVD:
    """The singular values S, largest first, and the matrices U and Vh beside them.

    The slopes are those for singular values that differ from each other and from 0.
    """
    return SVD(*_Singular.apply(A, full_matrices))


@shown_as("LinalgSvdBackward0")
def svdvals(A: Tensor) -> Tensor:
    """The singular values, largest first.

    >>> import glassnet as torch
    >>> torch.linalg.svdvals(torch.tensor([[0.0, 3.0], [2.0, 0.0]]))
    tensor([3., 2.])
    """
    return _Singular.apply(A, False)[1]


def qr(A: Tensor, mode: str = "reduced") -> QR:
    """Q with orthonormal columns and the upper triangle R."""
    return QR(*map(wrap, np.linalg.qr(_plain("qr", A), "complete" if mode == "complete" else "reduced")))


class _Eigen(Function):
    """dA = (M + M^T) / 2 for M = V (diag(dL) + (V^T dV) / (L_j - L_i)) V^T."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, triangle: str) -> tuple[Tensor, ...]:
        made = tuple(map(wrap, np.linalg.eigh(_square("eigh", A), triangle)))  # type: ignore[arg-type]
        ctx.save_for_backward(A, *made)
        ctx.triangle = triangle
        return made

    @staticmethod
    def backward(ctx: Any, gl: Tensor, gv: Tensor) -> tuple[Tensor, None]:
        a, values, v = ctx.saved_tensors
        if mode.grad:  # the slope is followed on to A
            values, v = _Eigen.apply(a, ctx.triangle)
        inner = (v.mT @ gv) / _apart(values)
        diagonal = gl.unsqueeze(-1) * wrap(np.eye(values.array.shape[-1], dtype=values.array.dtype))
        slope = v @ (inner + diagonal) @ v.mT
        return (slope + slope.mT) * 0.5, None


@shown_as("LinalgEighBackward0")
def eigh(A: Tensor, UPLO: str = "L") -> Eigen:
    """The eigenvalues of a symmetric matrix, smallest first, and its eigenvectors in the columns.

    The slopes are those for eigenvalues that differ from each other.
    """
    return Eigen(*_Eigen.apply(A, UPLO))


@shown_as("LinalgEighBackward0")
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, smallest first."""
    return _Eigen.apply(A, UPLO)[0]


class _Cholesky(Function):
    """dA = (M + M^T) / 2 for M = L^-T P L^-1, where P is the lower triangle of L^T dL, its diagonal halved.

    I. Murray, Differentiation of the Cholesky decomposition, 2016.
    """

    @staticmethod
    def forward(ctx: Any, A: Tensor) -> Tensor:
        try:
            lower = wrap(np.linalg.cholesky(_square("cholesky", A)))
        except np.linalg.LinAlgError:
            got = "cholesky: got a matrix that is not positive definite"
            hint = "Try A + 1e-6 * torch.eye(len(A))"
            raise ValueRangeError(complain(got, "expected one like X.T @ X", hint)) from None
        ctx.save_for_backward(lower)
        return lower

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (lower,) = ctx.saved_tensors
        inner = lower.mT @ g
        inner = (inner.tril() + inner.tril(-1)) * 0.5
        slope = solve(lower.mT, solve(lower.mT, inner.mT).mT)
        return (slope + slope.mT) * 0.5


@shown_as("LinalgCholeskyExBackward0")
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangle L with L @ L.T = A, for a positive definite A.

    >>> import glassnet as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    lower = _Cholesky.apply(A)
    return lower.mT.contiguous() if upper else lower


def pinv(A: Tensor, rtol: float | None = None) -> Tensor:
    """The pseudo-inverse (R. Penrose, 1955)."""
    array = _plain("pinv", A)
    cut = max(array.shape[-2:]) * np.finfo(array.dtype).eps if rtol is None else rtol
    return wrap(np.linalg.pinv(array, cut))


def matrix_rank(A: Tensor) -> Tensor:
    """How many singular values are not zero, to rounding."""
    return wrap(np.asarray(np.linalg.matrix_rank(_plain("matrix_rank", A)), np.int64))


def lstsq(A: Tensor, B: Tensor) -> LeastSquares:
    """The X for which |A @ X - B| is smallest."""
    a, b = _plain("lstsq", A), _plain("lstsq", B)
    x, residuals, rank, values = np.linalg.lstsq(a, b, rcond=None)
    return LeastSquares(wrap(x), wrap(np.asarray(residuals)), wrap(np.asarray(rank, np.int64)), wrap(values))


# The methods of Tensor that are functions of this file.
for _name, _function in {
    "inverse": inv,
    "det": det,
    "logdet": logdet,
    "slogdet": slogdet,
    "pinverse": pinv,
    "matrix_power": matrix_power,
    "cholesky": cholesky,
}.items():
    setattr(Tensor, _name, _function)
