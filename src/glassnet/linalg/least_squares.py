"""What comes nearest where no matrix has an inverse."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.autograd import Function
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, complain
from glassnet.linalg.checks import floats, matrices


class LeastSquares(NamedTuple):
    """What `lstsq` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


class _Pseudoinverse(Function):
    """dA = -Y^T dY Y^T + (I - A Y) dY^T Y Y^T + Y^T Y dY^T (I - Y A) (G. Golub and V. Pereyra, 1973)."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, rtol: Any, hermitian: bool) -> Tensor:
        y = wrap(np.linalg.pinv(matrices("pinv", A), rcond=rtol, hermitian=hermitian))
        ctx.save_for_backward(A, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None, None]:
        a, y = ctx.saved_tensors
        return _slope_of_pinv(a, y, g), None, None


def _slope_of_pinv(a: Tensor, y: Tensor, g: Tensor) -> Tensor:
    left, right = g.mT @ (y @ y.mT), (y.mT @ y) @ g.mT
    return -(y.mT @ g @ y.mT) + left - a @ (y @ left) + right - (right @ y) @ a


@shown_as("LinalgPinvBackward0")
def pinv(A: Tensor, rtol: float | None = None, hermitian: bool = False) -> Tensor:
    """The pseudo-inverse (R. Penrose, 1955); singular values below `rtol` times the largest count as 0.

    >>> import glassnet as torch
    >>> torch.linalg.pinv(torch.tensor([[2.0, 0.0], [0.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000, 0.0000],
            [0.0000, 0.0000, 0.2500]])
    """
    array = matrices("pinv", A)
    cut = max(array.shape[-2:]) * np.finfo(array.dtype).eps if rtol is None else rtol
    return _Pseudoinverse.apply(A, cut, hermitian)


def matrix_rank(A: Tensor, *, tol: Any = None, hermitian: bool = False) -> Tensor:
    """How many singular values are not zero, to rounding, or larger than `tol`."""
    with_numbers = matrices("matrix_rank", A.detach())
    return wrap(np.asarray(np.linalg.matrix_rank(with_numbers, tol, hermitian), np.int64))


class _LeastSquares(Function):
    """X = A^+ B: dB = A^+T dX, and dA as of A^+ with the slope dX B^T."""

    @staticmethod
    def forward(ctx: Any, A: Tensor, B: Tensor, rcond: Any) -> Tensor:
        ctx.save_for_backward(A, B)
        return wrap(_each(floats("lstsq", A), floats("lstsq", B), rcond)[0])

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, None]:
        a, b = ctx.saved_tensors
        y = pinv(a)
        return _slope_of_pinv(a, y, g @ b.mT), y.mT @ g, None


def _each(a: np.ndarray, b: np.ndarray, rcond: Any) -> tuple[np.ndarray, ...]:
    """Solution, squared residuals, rank and singular values, for every matrix of a stack."""
    batch = a.shape[:-2]
    flat_a, flat_b = a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:])
    found = [np.linalg.lstsq(m, n, rcond) for m, n in zip(flat_a, flat_b, strict=True)]
    return tuple(np.reshape([part[i] for part in found], (*batch, *np.shape(found[0][i]))) for i in range(4))


@shown_as("LinalgLstsqBackward0")
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """The X for which |A @ X - B| is smallest; B may be a vector for each matrix.

    What PyTorch's drivers ("gelsy" unless told) tell beside it is told here: residuals by all but "gelsy", the rank by
    all but "gels", singular values by "gelsd" and "gelss".

    >>> import glassnet as torch
    >>> A, B = torch.tensor([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]), torch.tensor([[1.0], [2.0], [3.0]])
    >>> torch.linalg.lstsq(A, B).solution.abs().round(decimals=4).T
    tensor([[0., 1.]])
    """
    a = matrices("lstsq", A)
    vectors = B.ndim == 1 or B.array.shape == a.shape[:-1]
    columns = B.unsqueeze(-1) if vectors else B
    if columns.array.shape[:-1] != a.shape[:-1]:
        got = f"lstsq: got A of shape {tuple(a.shape)} and B of shape {tuple(B.array.shape)}"
        raise ShapeError(complain(got, "expected as many rows in both", f"Try B with {a.shape[-2]} rows"))
    x = _LeastSquares.apply(A, columns, rcond)
    found = _each(a, columns.detach().array, rcond)
    rank, values = np.asarray(found[2], np.int64), found[3]
    told = driver not in (None, "gelsy") and a.shape[-2] > a.shape[-1] and bool((rank == a.shape[-1]).all())
    residuals = (A @ x - columns).square().sum(-2) if told else wrap(np.empty(0, a.dtype))
    return LeastSquares(
        x.squeeze(-1) if vectors else x,
        residuals,
        wrap(np.empty(0, np.int64) if driver == "gels" else rank),
        wrap(values if driver in ("gelsd", "gelss") else np.empty(0, a.dtype)),
    )
