"""The arithmetic that update rules are written in.

A rule runs in two ways. While a step is being recorded, w, g and the state are tensors and every line goes on the tape.
Otherwise they are plain arrays and the options plain numbers, which is several times faster for small networks. Both
give the same bits: a Python number beside a float32 array is rounded to float32, as a 0-d float64 tensor is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.tensor import Tensor

_DOUBLE = np.dtype(np.float64)


def _both(on_tensors: Callable[..., Tensor], on_arrays: Callable[..., Any]) -> Callable[..., Any]:
    def function(*inputs: Any) -> Any:
        for x in inputs:
            if isinstance(x, Tensor):
                return on_tensors(*inputs)
        return plain(on_arrays(*inputs))

    return function


def plain(value: Any) -> Any:
    """An array as it is, and one number as a Python number: NumPy's own float64 would widen float32 arrays."""
    return value if value.ndim else value.item()


abs = _both(ops.abs, np.abs)
sign = _both(ops.sign, np.sign)
sqrt = _both(ops.sqrt, np.sqrt)
square = _both(ops.square, np.square)
pow = _both(ops.pow, np.power)
maximum = _both(ops.maximum, np.maximum)
minimum = _both(ops.minimum, np.minimum)
gt = _both(ops.gt, np.greater)
lt = _both(ops.lt, np.less)
eq = _both(ops.eq, np.equal)
where = _both(ops.where, np.where)


def number(x: Any) -> Any:
    """A single number of the state, to be reckoned with in double precision."""
    if isinstance(x, Tensor):
        return x if x.array.dtype == _DOUBLE else ops.cast(x, dtype=_DOUBLE)
    return x.item() if isinstance(x, np.ndarray) else x


def assign(target: Any, value: Any) -> Any:
    """Store a value for good, and read it back."""
    if isinstance(target, Tensor):
        return ops.assign(target, value)
    np.copyto(target, value, casting="same_kind")
    return plain(target)
