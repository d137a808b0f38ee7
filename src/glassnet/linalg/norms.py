"""Norms of vectors and of matrices."""

from __future__ import annotations

from typing import Any

from glassnet.core import reductions
from glassnet.core.dtypes import numpy_dtype
from glassnet.core.layout import axis
from glassnet.core.tensor import Tensor
from glassnet.linalg.decompositions import svdvals
from glassnet.linalg.inverses import inv


def vector_norm(x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(sum |x|^ord)^(1/ord), over all axes or the given ones."""
    return reductions.norm(_as(x, dtype), ord, dim, keepdim)


def _as(x: Tensor, dtype: Any) -> Tensor:
    return x if dtype is None or numpy_dtype(dtype) == x.array.dtype else x.to(dtype)


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The length of a vector or of all numbers together; with `ord` and two axes, a norm of matrices.

    >>> import glassnet as torch
    >>> torch.linalg.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    A = _as(A, dtype)
    if ord is not None and ((dim is None and A.ndim == 2) or (isinstance(dim, tuple | list) and len(dim) == 2)):
        return matrix_norm(A, ord, dim or (-2, -1), keepdim)
    return reductions.norm(A, 2 if ord is None else ord, dim, keepdim)


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The norm of matrices: "fro", "nuc", 1, -1, 2, -2, inf or -inf."""
    A = _as(A, dtype)
    if ord == "fro":
        return reductions.norm(A, 2, dim, keepdim)
    if ord in ("nuc", 2, -2):
        rows, columns = (axis(d, A.ndim) for d in dim)
        values = svdvals(A.permute(*[d for d in range(A.ndim) if d not in (rows, columns)], rows, columns))
        y = values.sum(-1) if ord == "nuc" else values[..., 0 if ord == 2 else -1]
        for d in sorted((rows, columns)) if keepdim else ():
            y = y.unsqueeze(d)
        return y
    sums = A.abs().sum(dim[0] if abs(ord) == 1 else dim[1], keepdim=True)
    y = (reductions.amax if ord > 0 else reductions.amin)(sums, tuple(dim), True)
    return y if keepdim else y.squeeze(tuple(dim))


def cond(A: Tensor, p: Any = None) -> Tensor:
    """How much a solution of A X = B may change with B: |A| |A^-1| in the norm p, 2 unless told.

    >>> import glassnet as torch
    >>> torch.linalg.cond(torch.tensor([[4.0, 0.0], [0.0, 2.0]]))
    tensor(2.)
    """
    if p in (None, 2, -2):
        values = svdvals(A)
        ratio = values[..., 0] / values[..., -1]
        return 1 / ratio if p == -2 else ratio
    return matrix_norm(A, p) * matrix_norm(inv(A), p)
