"""What a matrix must be before it is taken apart."""

from __future__ import annotations

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


class LinAlgError(ValueRangeError):
    """A matrix without an inverse, or without the decomposition that was asked for."""


def floats(call: str, A: Tensor) -> np.ndarray:
    """The numbers of stacked matrices, which must be floating point."""
    array = A.read(call)
    if array.dtype.kind != "f":
        raise DTypeError(complain(f"{call}: got {A.dtype} numbers", "expected floating point", "Try A.float()"))
    return array


def matrices(call: str, A: Tensor) -> np.ndarray:
    """The numbers of matrices of any shape."""
    array = floats(call, A)
    if array.ndim < 2:
        got = f"{call}: got a tensor of shape {tuple(array.shape)}"
        raise ShapeError(complain(got, "expected two axes or more", "Try A.unsqueeze(0)"))
    return array


def square(call: str, A: Tensor) -> np.ndarray:
    """The numbers of square matrices."""
    array = floats(call, A)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        got = f"{call}: got a tensor of shape {tuple(array.shape)}"
        raise ShapeError(complain(got, "expected square matrices", "Try torch.linalg.pinv, or A.T @ A"))
    return array


def singular(call: str) -> LinAlgError:
    """What to say of a matrix without an inverse."""
    return LinAlgError(
        complain(f"{call}: got a singular matrix", "expected one with an inverse", "Try torch.linalg.pinv")
    )
