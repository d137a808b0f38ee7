"""PyTorch's `linalg`: norms, inverses, solutions, and decompositions of matrices, with their slopes.

>>> import glassnet as torch
>>> A = torch.tensor([[2.0, 0.0], [1.0, 4.0]], requires_grad=True)
>>> torch.linalg.solve(A, torch.tensor([2.0, 9.0])).sum().backward()
>>> A.grad
tensor([[-0.3750, -0.7500],
        [-0.2500, -0.5000]])
"""

from __future__ import annotations

from typing import NoReturn

from glassnet.core.tensor import Tensor
from glassnet.left_out import refuse
from glassnet.linalg.checks import LinAlgError
from glassnet.linalg.decompositions import cholesky, cholesky_ex, eigh, eigvalsh, qr, svd, svdvals
from glassnet.linalg.inverses import (
    det,
    inv,
    inv_ex,
    logdet,
    slogdet,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)
from glassnet.linalg.least_squares import lstsq, matrix_rank, pinv
from glassnet.linalg.norms import cond, matrix_norm, norm, vector_norm
from glassnet.linalg.products import cross, diagonal, matmul, matrix_power, multi_dot, vander, vecdot

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "inv_ex",
    "logdet",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

_LEFT_OUT = {
    "eigh or eigvalsh, for symmetric matrices: the others' eigenvalues are complex": "eig eigvals",
    "solve, or cholesky for positive definite matrices": (
        "lu lu_factor lu_factor_ex lu_solve ldl_factor ldl_factor_ex ldl_solve"
    ),
    "qr, which gives Q itself": "householder_product",
    "eigh: V @ diag(exp(L)) @ V.T for symmetric matrices": "matrix_exp",
}


def __getattr__(name: str) -> NoReturn:
    """Only for names that are not there: for those that PyTorch has, say what to use instead."""
    refuse(name, "glassnet.linalg", _LEFT_OUT)


# The methods of Tensor that are functions of this room.
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
