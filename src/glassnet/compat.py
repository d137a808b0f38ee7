"""PyTorch's names for kinds of tensors, threads and machines, as far as they mean something here."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from glassnet.core import dtypes
from glassnet.core.dtypes import DType, dtype_of, numpy_dtype
from glassnet.core.factories import check_device, tensor, zeros
from glassnet.core.tensor import Tensor
from glassnet.core.tensor_methods import Device


def _constructor(dtype: DType) -> Callable[..., Tensor]:
    def make(*data: Any) -> Tensor:
        if data and not all(isinstance(d, int) for d in data):
            return tensor(*data, dtype=dtype)
        return zeros(*data, dtype=dtype) if data else zeros(0, dtype=dtype)

    make.__doc__ = f"PyTorch's old constructor: numbers as {dtype.name}, or (sizes given) zeros of that shape."
    return make


FloatTensor, DoubleTensor, HalfTensor = map(_constructor, (dtypes.float32, dtypes.float64, dtypes.float16))
LongTensor, IntTensor, ShortTensor = map(_constructor, (dtypes.int64, dtypes.int32, dtypes.int16))
CharTensor, ByteTensor, BoolTensor = map(_constructor, (dtypes.int8, dtypes.uint8, dtypes.bool))


# ---- kinds ----------------------------------------------------------------------------------------------------------


def is_floating_point(input: Tensor) -> bool:
    """Whether its numbers are floating point."""
    return input.array.dtype.kind == "f"


def is_complex(input: Tensor) -> bool:
    """Whether its numbers are complex: never, here."""
    return False


def is_nonzero(input: Tensor) -> bool:
    """Whether its one number is not 0."""
    return bool(input)


def promote_types(type1: Any, type2: Any) -> DType:
    """The dtype that holds what two tensors of these dtypes give together.

    >>> import glassnet as torch
    >>> torch.promote_types(torch.int64, torch.float32)
    torch.float32
    """
    return dtype_of(dtypes.promote([np.empty(1, numpy_dtype(t)) for t in (type1, type2)]))


def result_type(tensor1: Any, tensor2: Any) -> DType:
    """The dtype of tensor1 + tensor2; a plain number only decides if its kind is higher."""
    arrays = [t.array if isinstance(t, Tensor) else tensor(t).array for t in (tensor1, tensor2)]
    return dtype_of(dtypes.promote(arrays))


def can_cast(from_: Any, to: Any) -> bool:
    """Whether numbers of one dtype may be stored in another without changing their kind downwards."""
    rank = {"b": 0, "u": 1, "i": 2, "f": 3}
    return rank[numpy_dtype(from_).kind] <= rank[numpy_dtype(to).kind]


# ---- the machine ----------------------------------------------------------------------------------------------------


@functools.cache
def _blas() -> Any:
    from glassnet.train.machine import Blas  # looks for the library, which costs a little

    return Blas()


def get_num_threads() -> int:
    """How many threads a product of matrices may use."""
    return _blas().threads or os.cpu_count() or 1


def set_num_threads(count: int) -> None:
    """Let products of matrices use so many threads."""
    _blas().threads = count


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Everything here is deterministic: the same seed gives the same numbers on the same machine."""


def set_float32_matmul_precision(precision: str) -> None:
    """Products of float32 numbers are float32 here, always."""


def set_default_device(device: Any) -> None:
    """Make new tensors on this device: the CPU, the only one there is.

    Raises `NotSupportedError` for another.
    """
    check_device(device)


def get_default_device() -> Device:
    """Where new tensors are made: on the CPU.

    >>> get_default_device()
    device(type='cpu')
    """
    return Device("cpu")


def _no() -> bool:
    return False


def _none() -> None:
    return None


accelerator = SimpleNamespace(is_available=_no, current_accelerator=_none, device_count=int)

backends = SimpleNamespace(
    cudnn=SimpleNamespace(deterministic=True, benchmark=False, enabled=False, is_available=_no),
    mps=SimpleNamespace(is_available=_no, is_built=_no),
    cuda=SimpleNamespace(is_built=_no, matmul=SimpleNamespace(allow_tf32=False)),
)
