"""The methods and operators of Tensor: the functions of the same names.

An in-place method `f_` writes the result of `f` into the tensor's own memory (see `inplace.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import (
    arranging,
    dtypes,
    elementwise,
    factories,
    functions,
    layout,
    ops,
    placing,
    products,
    reductions,
    statistics,
    tape,
)
from glassnet.core.dtypes import DType, Size
from glassnet.core.inplace import (
    bernoulli_,
    copy_,
    exponential_,
    fill_,
    in_place,
    index_add,
    normal_,
    random_,
    setitem,
    uniform_,
    zero_,
)
from glassnet.core.kinds import Kinds
from glassnet.core.mode import World, mode
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor, as_tensor_like, wrap
from glassnet.errors import NotSupportedError, ShapeError, complain

# ---- names that are the same as a function or a row ---------------------------------------------------------------

_ROWS = """
    neg abs square sqrt exp expm1 log log1p sin cos asin acos atan sinh cosh erf sign floor ceil round sigmoid tanh
    relu eq ne lt le gt ge logical_and logical_or logical_xor logical_not isnan isinf isfinite maximum minimum
    floor_divide remainder atan2 erfc erfinv lgamma
""".split()

_FUNCTIONS = """
    add sub mul div pow trunc reciprocal rsqrt tan log2 log10 exp2 clamp lerp addcmul addcdiv masked_fill nan_to_num
    allclose isclose equal matmul mm mv bmm dot outer trace
""".split()

_LAYOUT = """
    nonzero reshape flatten squeeze unsqueeze permute transpose t expand broadcast_to repeat split chunk unbind flip
    roll tril triu diag gather scatter_add scatter index_select masked_select take
""".split()

_MORE = {
    reductions: """
        sum mean var std prod max min amax amin argmax argmin median any all cumsum norm logsumexp softmax log_softmax
        argsort sort topk unique bincount
    """.split(),
    elementwise: elementwise.__all__,
    statistics: """
        aminmax corrcoef count_nonzero cov cummax cummin cumprod diff histc kthvalue logcumsumexp mode msort nanmean
        nansum quantile unique_consecutive
    """.split(),
    arranging: """
        argwhere diag_embed diagonal fliplr flipud index_copy index_fill index_put movedim narrow ravel
        repeat_interleave rot90 select take_along_dim tensor_split tile unflatten unfold
    """.split(),
    placing: """
        diagflat diagonal_scatter dsplit hsplit masked_scatter scatter_reduce select_scatter slice_scatter
        split_with_sizes vsplit
    """.split(),
    products: "addbmm addmm addmv addr baddbmm cross dist inner kron vdot".split(),
}

_SYNONYMS = {
    "view": "reshape",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "subtract": "sub",
    "negative": "neg",
    "absolute": "abs",
    "clip": "clamp",
    "arctan": "atan",
    "swapaxes": "transpose",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan2": "atan2",
    "fix": "trunc",
    "moveaxis": "movedim",
    "swapdims": "transpose",
    "not_equal": "ne",
    "greater_equal": "ge",
    "less_equal": "le",
    "greater": "gt",
    "less": "lt",
    "ger": "outer",
    "arccosh": "acosh",
    "arcsinh": "asinh",
    "arctanh": "atanh",
}

_IN_PLACE = """
    add sub mul div pow neg abs square sqrt exp log sigmoid tanh relu clamp floor ceil round trunc reciprocal rsqrt
    acos asin atan tan sinh cosh log2 log10 log1p exp2 expm1 sign fmod frac hypot copysign xlogy logit cumsum cumprod
    index_fill index_copy index_put addmm addmv addr baddbmm clamp_min clamp_max
    lerp addcmul addcdiv masked_fill scatter_add scatter erf sin cos clip remainder floor_divide nan_to_num tril
    triu acosh asinh atanh atan2 multiply subtract divide true_divide negative absolute fix eq ne lt le gt ge
    not_equal greater greater_equal less less_equal logical_and logical_or logical_xor logical_not float_power
    heaviside deg2rad rad2deg sgn sinc erfc masked_scatter scatter_reduce bitwise_and bitwise_or bitwise_xor
    bitwise_not bitwise_left_shift bitwise_right_shift gcd lcm ldexp erfinv lgamma digamma polygamma mvlgamma
""".split()

_CASTS = {
    "float": dtypes.float32,
    "double": dtypes.float64,
    "half": dtypes.float16,
    "long": dtypes.int64,
    "int": dtypes.int32,
    "short": dtypes.int16,
    "byte": dtypes.uint8,
    "bool": dtypes.bool,
}
_DTYPES: Kinds = (DType, np.dtype, type)


# ---- kinds, copies, sizes -----------------------------------------------------------------------------------------


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


def _caster(dtype: DType) -> Callable[[Tensor], Tensor]:
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


def _new(name: str) -> Callable[..., Tensor]:
    make = getattr(factories, name)

    def new(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
        return make(*size, **{"dtype": self.dtype, **kwargs})

    return new


def view(self: Tensor, *shape: Any) -> Tensor:
    """The same memory in another shape, or (view(dtype)) with numbers of another kind."""
    if len(shape) == 1 and isinstance(shape[0], DType | np.dtype):
        return to(self, shape[0])
    y = layout.reshape(self, *shape)
    if y.array.size and not np.may_share_memory(y.array, self.array):
        got = f"view: got {tuple(y.array.shape)} for a tensor of shape {tuple(self.array.shape)} that is not contiguous"
        expected = "expected numbers that lie in that order in memory, since a view moves none"
        raise ShapeError(complain(got, expected, "Try .reshape(...), or .contiguous().view(...)"))
    return y


def numel(self: Tensor) -> int:
    """How many numbers it holds."""
    return self.array.size


def _reverse(function: Callable[..., Any]) -> Callable[..., Any]:
    name = _REVERSED.get(function.__name__)

    def reverse(self: Tensor, other: Any) -> Any:
        y = function(as_tensor_like(other, self), self)
        return y if name is None else called(y, name, self)

    return reverse


# What PyTorch prints for a number before the operator: 1 - x, 1 / x (which it computes as x.reciprocal() * 1), 2**x
_REVERSED = {"sub": "RsubBackward1", "div": "MulBackward0", "pow": "PowBackward2"}


def _comparison(function: Callable[..., Tensor]) -> Callable[..., Any]:
    def compare(self: Tensor, other: Any) -> Any:
        if not isinstance(other, Tensor | int | float | np.ndarray | np.generic):
            return NotImplemented
        return function(self, other)

    return compare


def _itself(self: Tensor) -> Tensor:
    return self


def _logic(on_bits: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def operate(self: Tensor, other: Any) -> Tensor:
        return on_bits(self, other)

    return operate


def _polygamma(self: Tensor, n: int) -> Tensor:
    """The function of that name, whose first argument is the order."""
    return elementwise.polygamma(n, self)


def install() -> None:
    """Give Tensor its methods and operators."""
    for name in _ROWS:
        setattr(Tensor, name, getattr(ops, name))
    for name in _FUNCTIONS:
        setattr(Tensor, name, getattr(functions, name))
    for name in _LAYOUT:
        setattr(Tensor, name, getattr(layout, name))
    for module, names in _MORE.items():
        for name in names:
            setattr(Tensor, name, getattr(module, name))
    setattr(Tensor, "polygamma", _polygamma)  # noqa: B010 - PyTorch's methods are not declared one by one
    for synonym, name in _SYNONYMS.items():
        setattr(Tensor, synonym, getattr(Tensor, name))
    for name in _IN_PLACE:
        setattr(Tensor, name + "_", in_place(getattr(Tensor, name)))
    for function in (
        copy_,
        fill_,
        zero_,
        uniform_,
        normal_,
        bernoulli_,
        exponential_,
        random_,
        to,
        clone,
        contiguous,
        size,
        view,
        numel,
    ):
        setattr(Tensor, function.__name__, function)
    for name in ("unsqueeze", "squeeze", "t", "transpose", "swapaxes", "swapdims"):
        setattr(Tensor, name + "_", _in_another_shape(getattr(Tensor, name)))
    for function in (tape.backward, tape.register_hook, tape.register_post_accumulate_grad_hook, tape.retain_grad):
        setattr(Tensor, function.__name__, function)
    for name, dtype in _CASTS.items():
        setattr(Tensor, name, _caster(dtype))
    for name in ("zeros", "ones", "empty", "full", "tensor"):
        setattr(Tensor, "new_" + name, _new(name))
    _install_operators()
    _install_properties()


def _install_operators() -> None:
    arithmetic = {
        "add": functions.add,
        "sub": functions.sub,
        "mul": functions.mul,
        "truediv": functions.div,
        "pow": functions.pow,
        "matmul": functions.matmul,
        "mod": ops.remainder,
        "floordiv": ops.floor_divide,
    }
    for name, function in arithmetic.items():
        setattr(Tensor, f"__{name}__", function)
        setattr(Tensor, f"__r{name}__", _reverse(function))
        setattr(Tensor, f"__i{name}__", in_place(function))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Tensor, f"__{name}__", _comparison(getattr(ops, name)))
    for name, bits in {"and": ops.bit_and, "or": ops.bit_or, "xor": ops.bit_xor}.items():
        setattr(Tensor, f"__{name}__", _logic(bits))
    operators: dict[str, Any] = {
        "__lshift__": elementwise.bitwise_left_shift,
        "__rshift__": elementwise.bitwise_right_shift,
        "__neg__": ops.neg,
        "__abs__": ops.abs,
        "__pos__": _itself,
        "__invert__": ops.bit_not,
        "__getitem__": layout.getitem,
        "__setitem__": setitem,
    }
    for name, function in operators.items():
        setattr(Tensor, name, function)


def _install_properties() -> None:
    properties: dict[str, Callable[[Tensor], Any]] = {
        "T": lambda self: ops.permute(self, dims=tuple(range(self.array.ndim))[::-1]),
        "mT": lambda self: layout.transpose(self, -2, -1),
        "H": lambda self: layout.t(self),
        "mH": lambda self: layout.transpose(self, -2, -1),
        "is_cpu": lambda self: True,
        "retains_grad": lambda self: self.keeps_grad,
        "device": lambda self: Device("cpu"),
        "is_cuda": lambda self: False,
        "itemsize": lambda self: self.array.itemsize,
        "nbytes": lambda self: self.array.nbytes,
        "layout": lambda self: "torch.strided",
    }
    for name, get in properties.items():
        setattr(Tensor, name, property(get))
    Tensor.dim = Tensor.ndimension = lambda self: self.array.ndim  # type: ignore[attr-defined]
    Tensor.nelement = numel  # type: ignore[attr-defined]
    Tensor.is_floating_point = lambda self: self.array.dtype.kind == "f"  # type: ignore[attr-defined]
    Tensor.is_contiguous = lambda self: self.array.flags.c_contiguous  # type: ignore[attr-defined]
    Tensor.element_size = lambda self: self.array.itemsize  # type: ignore[attr-defined]
    Tensor.stride = lambda self: tuple(s // self.array.itemsize for s in self.array.strides)  # type: ignore[attr-defined]
    Tensor.data_ptr = lambda self: self.array.__array_interface__["data"][0]  # type: ignore[attr-defined]
    Tensor.cpu = lambda self: self  # type: ignore[attr-defined]
    Tensor.detach_ = lambda self: _detach_in_place(self)  # type: ignore[attr-defined]
    Tensor.type_as = lambda self, other: to(self, other.dtype)  # type: ignore[attr-defined]
    Tensor.view_as = Tensor.reshape_as = lambda self, other: layout.reshape(self, other.array.shape)  # type: ignore[attr-defined]
    Tensor.expand_as = lambda self, other: layout.expand(self, other.array.shape)  # type: ignore[attr-defined]
    Tensor.index_add, Tensor.index_add_ = index_add, in_place(index_add)  # type: ignore[attr-defined]
    Tensor.type = _type  # type: ignore[attr-defined]
    Tensor.fill_diagonal_ = _fill_diagonal  # type: ignore[attr-defined]
    Tensor.is_nonzero = lambda self: bool(self)  # type: ignore[attr-defined]
    Tensor.is_signed = lambda self: self.array.dtype.kind in "fi"  # type: ignore[attr-defined]
    Tensor.storage_offset = _storage_offset  # type: ignore[attr-defined]
    Tensor.bernoulli = factories.bernoulli  # type: ignore[attr-defined]
    Tensor.multinomial = factories.multinomial  # type: ignore[attr-defined]
    Tensor.cuda = _no_cuda  # type: ignore[attr-defined]
    Tensor.is_complex = lambda self: False  # type: ignore[attr-defined]
    Tensor.get_device = lambda self: -1  # type: ignore[attr-defined]
    Tensor.char = _caster(dtypes.int8)  # type: ignore[attr-defined]
    Tensor.where = lambda self, condition, other: layout.where(condition, self, other)  # type: ignore[attr-defined]
    Tensor.apply_, Tensor.map_ = _apply_in_place, _map_in_place  # type: ignore[attr-defined]


def _in_another_shape(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
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


def _type(self: Tensor, dtype: Any = None) -> Any:
    if dtype is not None:
        return to(self, dtype)
    return f"torch.{_TYPES[self.dtype.name]}Tensor"


_TYPES = {
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


def _fill_diagonal(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Set the numbers on the diagonal."""
    i = np.arange(int(min(self.array.shape)))
    setitem(self, (i,) * self.array.ndim, fill_value)
    return self


def _apply_in_place(self: Tensor, function: Callable[[Any], Any]) -> Tensor:
    """Put function(x) in place of every number x."""
    values = [function(x) for x in self.read("apply_").reshape(-1).tolist()]
    return copy_(self, wrap(np.array(values, self.array.dtype).reshape(self.array.shape)))


def _map_in_place(self: Tensor, other: Tensor, function: Callable[[Any, Any], Any]) -> Tensor:
    """Put function(x, y) in place of every number x, with y from the other tensor."""
    pairs = np.broadcast_to(other.read("map_"), self.array.shape).reshape(-1).tolist()
    values = [function(x, y) for x, y in zip(self.read("map_").reshape(-1).tolist(), pairs, strict=True)]
    return copy_(self, wrap(np.array(values, self.array.dtype).reshape(self.array.shape)))


def _storage_offset(self: Tensor) -> int:
    base = self.array.base
    if not isinstance(base, np.ndarray):
        return 0
    return (self.array.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // self.array.itemsize


def _detach_in_place(self: Tensor) -> Tensor:
    self.needs_grad = False
    if mode.trace is None:  # a recording still has to know how it is made
        self.op, self.inputs, self.attrs = None, (), {}
    return self


def _no_cuda(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    raise NotSupportedError(
        "cuda(): got a request for a GPU; expected the CPU, the only device glassnet has. Try leaving .cuda() out, or "
        ".to('cpu')."
    )


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


install()

__all__ = ["Device", "Size"]
