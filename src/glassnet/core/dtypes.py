"""Kinds of numbers and shapes, named as PyTorch names them.

Integers and booleans take part in arithmetic without widening floats: float64 comes only from float64.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import DTypeError

_BY_NUMPY: dict[np.dtype[Any], DType] = {}


class DType:
    """A kind of number; it compares equal to the NumPy dtype it stands for.

    >>> float32, float32 == np.float32, float32.itemsize
    (torch.float32, True, 4)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.numpy: np.dtype[Any] = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = self.numpy.kind == "f"
        _BY_NUMPY[self.numpy] = self

    is_complex = False

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __eq__(self, other: object) -> builtins.bool:
        if isinstance(other, DType):
            return self is other
        try:
            return self.numpy == np.dtype(other)  # type: ignore[call-overload]
        except TypeError:
            return NotImplemented

    def __hash__(self) -> builtins.int:
        return hash(self.numpy)

    def __reduce__(self) -> tuple[Any, ...]:
        return (dtype_of, (self.numpy,))


float64 = double = DType("float64")
float32 = float = DType("float32")
float16 = half = DType("float16")
int64 = long = DType("int64")
int32 = int = DType("int32")
int16 = short = DType("int16")
int8 = DType("int8")
uint8 = DType("uint8")
bool = DType("bool")

_BOOL, _LONG, _DOUBLE = bool.numpy, int64.numpy, float64.numpy
_default = [float32.numpy]


def dtype_of(kind: np.dtype[Any]) -> DType:
    """The DType that stands for a NumPy dtype."""
    try:
        return _BY_NUMPY[kind]
    except KeyError:
        known = ", ".join(d.name for d in _BY_NUMPY.values())
        raise DTypeError(
            f"got numbers of NumPy dtype {kind}; expected one of {known}. Try array.astype('float32')."
        ) from None


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype that a user means: a DType, a NumPy dtype or a Python type (float is float64)."""
    if isinstance(dtype, DType):
        return dtype.numpy
    try:
        kind = np.dtype(dtype)
    except TypeError:
        known = ", ".join(d.name for d in _BY_NUMPY.values())
        raise DTypeError(f"got the dtype {dtype!r}; expected one of {known}. Try torch.float32.") from None
    dtype_of(kind)
    return kind


def get_default_dtype() -> DType:
    """The dtype of new tensors made of Python floats."""
    return dtype_of(_default[0])


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype of new tensors made of Python floats: float32 (the default) or float64."""
    kind = numpy_dtype(dtype)
    if kind.kind != "f":
        raise DTypeError(
            f"got {dtype!r} as default dtype; expected float32 or float64. Try set_default_dtype(float64)."
        )
    _default[0] = kind


def default_float() -> np.dtype[Any]:
    """The NumPy dtype of new tensors made of Python floats."""
    return _default[0]


def of_scalar(value: Any, like: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype a Python number takes beside a tensor of dtype `like`: it never widens within a kind."""
    kind = like.kind
    if isinstance(value, builtins.bool):
        return like
    if isinstance(value, builtins.float):
        return like if kind == "f" else _default[0]
    return _LONG if kind == "b" else like


def promote(arrays: Sequence[np.ndarray]) -> np.dtype[Any]:
    """The common dtype of several arrays: a kind (bool < integer < float) decides, and 0-d arrays only by their kind.

    >>> str(promote([np.zeros(2, "float32"), np.zeros((), "float64")]))
    'float32'
    >>> str(promote([np.zeros(2, "int64"), np.zeros(2, "float32")]))
    'float32'
    """
    rank = {"b": 0, "u": 1, "i": 1, "f": 2}
    top = max(rank[a.dtype.kind] for a in arrays)
    kin = [a for a in arrays if rank[a.dtype.kind] == top]
    deciding = [a.dtype for a in kin if a.ndim] or [a.dtype for a in kin]
    common = np.result_type(*deciding)
    return common if common.kind != "f" or top == 2 else _default[0]


class Size(tuple[Any, ...]):
    """The shape of a tensor.

    >>> Size((2, 3)), Size((2, 3)).numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self) -> Any:
        """How many numbers an array of this shape holds."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        part: Any = super().__getitem__(index)
        return Size(part) if isinstance(index, slice) else part

    def __add__(self, other: Any) -> Any:
        return Size(super().__add__(tuple(other)))

    def __radd__(self, other: Any) -> Any:
        return Size((*other, *self))

    def __mul__(self, times: Any) -> Any:
        return Size(super().__mul__(times))

    __rmul__ = __mul__


class finfo:  # noqa: N801 - PyTorch's name
    """The limits of a floating point dtype.

    >>> finfo(float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: Any = None) -> None:
        limits = np.finfo(_default[0] if type is None else numpy_dtype(type))
        self.bits, self.dtype = limits.bits, str(limits.dtype)
        self.eps, self.min, self.max = limits.eps.item(), limits.min.item(), limits.max.item()
        self.tiny = self.smallest_normal = limits.tiny.item()
        self.resolution = limits.resolution.item()

    def __repr__(self) -> str:
        said = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{k}={getattr(self, k):g}' for k in said)}, dtype={self.dtype})"


class iinfo:  # noqa: N801 - PyTorch's name
    """The limits of an integer dtype.

    >>> iinfo(int8).min, iinfo(int8).max
    (-128, 127)
    """

    def __init__(self, type: Any) -> None:
        limits = np.iinfo(numpy_dtype(type))
        self.bits, self.dtype, self.min, self.max = limits.bits, str(limits.dtype), limits.min, limits.max

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
