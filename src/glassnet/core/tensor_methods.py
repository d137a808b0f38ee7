"""What only methods do: other kinds, copies, sizes, memory, and the device.

`methods.py` gives them to Tensor beside the functions of the other files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import dtypes, elementwise, factories, layout, ops
from glassnet.core.dtypes import DType
from glassnet.core.inplace import copy_, setitem
from glassnet.core.kinds import Kinds
from glassnet.core.mode import World, mode
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import NotSupportedError, ShapeError, complain

_DTYPES: Kinds = (DType, np.dtype, type)


def to(
    self: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False
) -> Tensor:
    """The tensor with another dtype; the only device is the CPU."""
    for a in args:
        if isinstance(a, Tensor):
            dtype = a.dtype
        elif isinstance(a, _DTYPES):
            dtype = a
        elif not isinstance(a, bool):
            device = a
    factories.check_device(device)
    if dtype is None or dtypes.numpy_dtype(dtype) == self.array.dtype:
        return ops.copy(self) if copy else self
    return ops.cast(self, dtype=dtypes.numpy_dtype(dtype))


def caster(dtype: DType) -> Callable[[Tensor], Tensor]:
    """The method that gives the tensor as one dtype."""

    def cast(self: Tensor) -> Tensor:
        return to(self, dtype=dtype)

    cast.__doc__ = f"The tensor as {dtype.name}."
    return cast


def clone(input: Tensor) -> Tensor:
    """A copy with memory of its own, still part of the story."""
    return ops.copy(input)


def contiguous(self: Tensor) -> Tensor:
    """The tensor laid out row by row."""
    if self.array.flags.c_contiguous:
        return self
    line = ops.reshape(self, shape=(-1,))  # a copy in the order of the rows; `ops.copy` keeps the order in memory
    return called(ops.reshape(line, shape=tuple(self.array.shape)), "CloneBackward0", self)


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or one length."""
    return self.shape if dim is None else self.array.shape[dim]


def maker_of(name: str) -> Callable[..., Tensor]:
    """The method that makes a new tensor, of this dtype unless told."""
    make = getattr(factories, name)

    def new(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
        return make(*size, **{"dtype": self.dtype, **kwargs})

    return new


def view(self: Tensor, *shape: Any) -> Tensor:
    """The same memory in another shape, or (view(dtype)) with numbers of another kind."""
    if len(shape) == 1 and isinstance(shape[0], DType | np.dtype):
        return _as_kind(self, dtypes.numpy_dtype(shape[0]))
    y = layout.reshape(self, *shape)
    if y.array.size and not np.may_share_memory(y.array, self.array):
        got = f"view: got {tuple(y.array.shape)} for a tensor of shape {tuple(self.array.shape)} that is not contiguous"
        expected = "expected numbers that lie in that order in memory, since a view moves none"
        raise ShapeError(complain(got, expected, "Try .reshape(...), or .contiguous().view(...)"))
    return y


def _as_kind(self: Tensor, kind: np.dtype[Any]) -> Tensor:
    """The same bits read as numbers of another kind; the last axis grows or shrinks with their size."""
    if mode.trace is not None:
        mode.trace.stop("view(dtype) reads the bits of numbers while the step runs")
    try:
        return self if kind == self.array.dtype else wrap(self.array.view(kind))
    except ValueError:
        got = f"view: got {dtypes.dtype_of(kind)} for {self.dtype} numbers of shape {tuple(self.array.shape)}"
        expected = "expected a last axis that lies in one piece and divides into numbers of that size"
        raise ShapeError(complain(got, expected, "Try .contiguous() first, or .to(dtype) for the values")) from None


def view_as(self: Tensor, other: Tensor) -> Tensor:
    """The numbers in the shape of another tensor."""
    return layout.reshape(self, other.array.shape)


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Repeated to the shape of another tensor."""
    return layout.expand(self, other.array.shape)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor with the dtype of another."""
    return to(self, other.dtype)


def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """self where the condition holds, else other."""
    return layout.where(condition, self, other)


def polygamma(self: Tensor, n: int) -> Tensor:
    """The function of that name, whose first argument is the order."""
    return elementwise.polygamma(n, self)


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: it is there already."""
    return self


def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many numbers of memory lie between neighbours along every axis, or along one."""
    steps = tuple(s // self.array.itemsize for s in self.array.strides)
    return steps if dim is None else steps[dim]


def numel(self: Tensor) -> int:
    """How many numbers it holds."""
    return self.array.size


def in_another_shape(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that changes the shape of the tensor itself."""

    def changed(self: Tensor, *args: Any) -> Tensor:
        if self.needs_grad and mode.grad:
            raise NotSupportedError(
                f"{function.__name__}_: got a tensor that gradients flow through; expected one without. "
                f"Try y = x.{function.__name__}(...)."
            )
        if mode.trace is not None:
            mode.trace.stop(f"{function.__name__}_ changes a shape in place")
        self.array = function(wrap(self.array), *args).array
        World.changed()
        return self

    return changed


def type_(self: Tensor, dtype: Any = None) -> Any:
    """The old name of the kind of tensor, or the tensor as another kind."""
    if dtype is not None:
        return to(self, dtype)
    return f"torch.{_OLD_NAMES[self.dtype.name]}Tensor"


_OLD_NAMES = {
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "uint8": "Byte",
    "bool": "Bool",
}


def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Set the numbers on the diagonal."""
    i = np.arange(int(min(self.array.shape)))
    setitem(self, (i,) * self.array.ndim, fill_value)
    return self


def apply_(self: Tensor, function: Callable[[Any], Any]) -> Tensor:
    """Put function(x) in place of every number x."""
    values = [function(x) for x in self.read("apply_").reshape(-1).tolist()]
    return copy_(self, wrap(np.array(values, self.array.dtype).reshape(self.array.shape)))


def map_(self: Tensor, other: Tensor, function: Callable[[Any, Any], Any]) -> Tensor:
    """Put function(x, y) in place of every number x, with y from the other tensor."""
    pairs = np.broadcast_to(other.read("map_"), self.array.shape).reshape(-1).tolist()
    values = [function(x, y) for x, y in zip(self.read("map_").reshape(-1).tolist(), pairs, strict=True)]
    return copy_(self, wrap(np.array(values, self.array.dtype).reshape(self.array.shape)))


def storage_offset(self: Tensor) -> int:
    """How many numbers of its memory lie before the first."""
    base = self.array.base
    if not isinstance(base, np.ndarray):
        return 0
    return (self.array.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // self.array.itemsize


def detach_(self: Tensor) -> Tensor:
    """The tensor itself, cut off from its story."""
    self.needs_grad = False
    if mode.trace is None:  # a recording still has to know how it is made
        self.op, self.inputs, self.attrs = None, (), {}
    return self


def cuda(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Refuse: there is no GPU."""
    raise NotSupportedError(
        "cuda(): got a request for a GPU; expected the CPU, the only device glassnet has. Try leaving .cuda() out, or "
        ".to('cpu')."
    )


def bfloat16(self: Tensor) -> Tensor:
    """Refuse: NumPy has no such numbers."""
    got = "bfloat16(): got a request for numbers of 16 bits with a wide range"
    raise NotSupportedError(complain(got, "expected a kind that NumPy has", "Try .float(), or .half()"))


class Device:
    """Where a tensor lives: the CPU, always.

    >>> Device("cpu")
    device(type='cpu')
    """

    def __init__(self, type: str) -> None:
        factories.check_device(type)
        self.type, self.index = "cpu", None

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __str__(self) -> str:
        return "cpu"

    def __eq__(self, other: object) -> bool:
        return str(other) == "cpu"

    def __hash__(self) -> int:
        return hash("cpu")
