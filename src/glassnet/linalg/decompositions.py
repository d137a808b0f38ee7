"""Matrices taken apart: singular values, eigenvalues, triangles, orthogonal columns."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from glassnet.autograd import Function
from glassnet.core.layout import cat, where
from glassnet.core.mode import mode
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import GradientError, ValueRangeError, complain
from glassnet.linalg.checks import LinAlgError, matrices, square
from glassnet.linalg.inverses import solve_triangular


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


class CholeskyAndInfo(NamedTuple):
    """A triangle, and 0 for every matrix that has one."""

    L: Tensor
    info: Tensor


def _apart(values: Tensor) -> Tensor:
    """v_j - v_i for every pair, and inf on the diagonal, so that what is divided by it is 0 there."""
    gaps = values.unsqueeze(-2) - values.unsqueeze(-1)
    itself = wrap(np.eye(values.array.shape[-1], dtype=bool))
    return where(itself, math.inf, gaps)


class _Singular(Function):
    """The slopes of A = U diag(S) Vh (J. Townsend, Differentiating the singular value decomposition, 2016)."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, full_matrices: bool) -> tuple[Tensor, ...]:
        made = tuple(map(wrap, np.linalg.svd(matrices("svd", A), full_matrices)))
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


class _Orthogonal(Function):
    """The slopes of A = Q R (S. Walter and L. Lehmann, Algorithmic differentiation of linear algebra functions, 2010).

    dA = (dQ + Q C) R^-T, where C is symmetric and has the lower triangle of R dR^T - dQ^T Q. A wide A = [X Y] is
    Q [U V]: its dY is Q dV, and dX is that of X = Q U with Y dV^T added to dQ.
    """

    @staticmethod
    def forward(ctx: Any, A: Tensor, kind: str) -> tuple[Tensor, Tensor]:
        array = matrices("qr", A)
        q, r = map(wrap, np.linalg.qr(array, kind))  # type: ignore[call-overload]
        rows, columns = array.shape[-2:]
        ctx.unknown = kind == "complete" and rows > columns
        ctx.save_for_backward(A, q, r)
        return q, r

    @staticmethod
    def backward(ctx: Any, gq: Tensor, gr: Tensor) -> tuple[Tensor, None]:
        if ctx.unknown:
            got = "qr: got mode='complete' for a matrix with more rows than columns, and a gradient to follow"
            raise GradientError(complain(got, "expected mode='reduced', which has a slope", "Try torch.linalg.qr(A)"))
        a, q, r = ctx.saved_tensors
        rows, columns = a.array.shape[-2:]
        if rows >= columns:
            return _of_tall(q, r, gq, gr), None
        rest, g_rest = a[..., rows:], gr[..., rows:]
        first = _of_tall(q, r[..., :rows], gq + rest @ g_rest.mT, gr[..., :rows])
        return cat([first, q @ g_rest], -1), None


def _of_tall(q: Tensor, r: Tensor, gq: Tensor, gr: Tensor) -> Tensor:
    m = r @ gr.mT - gq.mT @ q
    below = m.tril(-1)
    symmetric = below + below.mT + m.tril() - below
    return solve_triangular(r, (gq + q @ symmetric).mT, upper=True).mT


@shown_as("LinalgQrBackward0")
def qr(A: Tensor, mode: str = "reduced") -> QR:
    """Q with orthonormal columns and the upper triangle R; mode "complete" makes Q square, "r" leaves it out."""
    if mode == "r":
        r: Any = np.linalg.qr(matrices("qr", A.detach()), "r")
        return QR(wrap(np.empty(0, r.dtype)), wrap(r))
    if mode not in ("reduced", "complete"):
        got, hint = f"qr: got mode={mode!r}", "Try mode='reduced'"
        raise ValueRangeError(complain(got, "expected 'reduced', 'complete' or 'r'", hint))
    return QR(*_Orthogonal.apply(A, mode))


class _Eigen(Function):
    """dA = (M + M^T) / 2 for M = V (diag(dL) + (V^T dV) / (L_j - L_i)) V^T."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, triangle: str) -> tuple[Tensor, ...]:
        made = tuple(map(wrap, np.linalg.eigh(square("eigh", A), triangle)))  # type: ignore[arg-type]
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
            lower = wrap(np.linalg.cholesky(square("cholesky", A)))
        except np.linalg.LinAlgError:
            got = "cholesky: got a matrix that is not positive definite"
            hint = "Try A + 1e-6 * torch.eye(len(A))"
            raise LinAlgError(complain(got, "expected one like X.T @ X", hint)) from None
        ctx.save_for_backward(lower)
        return lower

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        (lower,) = ctx.saved_tensors
        inner = lower.mT @ g
        inner = (inner.tril() + inner.tril(-1)) * 0.5
        across = solve_triangular(lower.mT, inner.mT, upper=True).mT
        slope = solve_triangular(lower.mT, across, upper=True)
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


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> CholeskyAndInfo:
    """`cholesky`, with 0 for each matrix; one that has no triangle is refused, as with `check_errors=True`."""
    return CholeskyAndInfo(cholesky(A, upper=upper), wrap(np.zeros(A.array.shape[:-2], np.int32)))
