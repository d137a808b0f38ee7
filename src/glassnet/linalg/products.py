"""Products of matrices and vectors, as PyTorch's `linalg` calls them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.core import arranging, functions, products
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, complain
from glassnet.linalg.checks import square
from glassnet.linalg.inverses import inv

matmul = functions.matmul


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product in three dimensions.

    >>> import glassnet as torch
    >>> torch.linalg.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    return products.cross(input, other, dim)


@shown_as("SumBackward1")
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products of the vectors along one axis."""
    return (x * y).sum(dim)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonal of every matrix."""
    return arranging.diagonal(A, offset, dim1, dim2)


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Each number's powers from 0 to N - 1, a row each."""
    return arranging.vander(x, x.array.shape[-1] if N is None else N, increasing=True)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """All matrices multiplied, in the order that costs the fewest multiplications; the ends may be vectors.

    >>> import glassnet as torch
    >>> torch.linalg.multi_dot([torch.ones(4), torch.ones(4, 2), torch.ones(2, 3)])
    tensor([8., 8., 8.])
    """
    if len(tensors) < 2:
        got = f"multi_dot: got {len(tensors)} matrices"
        raise ShapeError(complain(got, "expected two or more", "Try the matrix itself"))
    first, *_, last = tensors
    chain = list(tensors)
    chain[0] = first.unsqueeze(0) if first.ndim == 1 else first
    chain[-1] = last.unsqueeze(1) if last.ndim == 1 else last
    y = products.chain_matmul(*chain)
    y = y.squeeze(-1) if last.ndim == 1 else y
    return y.squeeze(0) if first.ndim == 1 else y


def matrix_power(A: Tensor, n: int) -> Tensor:
    """A multiplied n times with itself, by repeated squaring; a negative n takes the inverse first.

    >>> import glassnet as torch
    >>> torch.linalg.matrix_power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 10)
    tensor([[ 1., 10.],
            [ 0.,  1.]])
    """
    array = square("matrix_power", A)
    if n == 0:
        return wrap(np.broadcast_to(np.eye(array.shape[-1], dtype=array.dtype), array.shape).copy())
    power, rest = (inv(A), -n) if n < 0 else (A, n)
    y = None
    while rest:
        if rest % 2:
            y = power if y is None else y @ power
        rest //= 2
        power = power @ power if rest else power
    return y if y is not A and y is not None else A.clone()
