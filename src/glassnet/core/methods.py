"""The methods and operators of Tensor: the functions of the same names, and PyTorch's changes in place.

An in-place method `f_` writes the result of `f` into the tensor's own memory. Inside a followed computation the tensor
takes on the new story; what it was before lives on as an alias that later rules refer to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import dtypes, factories, functions, layout, ops, random, tape
from glassnet.core.dtypes import DType, Size
from glassnet.core.tensor import Tensor, alias, as_tensor_like, mode, touched, wrap
from glassnet.errors import DTypeError, GradientError, NotSupportedError, ShapeError

# ---- names that are the same as a function or a row ---------------------------------------------------------------

_ROWS = [
    "neg",
    "abs",
    "square",
    "sqrt",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "erf",
    "sign",
    "floor",
    "ceil",
    "round",
    "sigmoid",
    "tanh",
    "relu",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "isnan",
    "isinf",
    "isfinite",
    "maximum",
    "minimum",
    "floor_divide",
    "remainder",
    "atan2",
]

_FUNCTIONS = [
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "trunc",
    "reciprocal",
    "rsqrt",
    "tan",
    "log2",
    "log10",
    "exp2",
    "clamp",
    "lerp",
    "addcmul",
    "addcdiv",
    "masked_fill",
    "nan_to_num",
    "allclose",
    "isclose",
    "equal",
    "sum",
    "mean",
    "var",
    "std",
    "prod",
    "max",
    "min",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "median",
    "any",
    "all",
    "cumsum",
    "norm",
    "logsumexp",
    "softmax",
    "log_softmax",
    "argsort",
    "sort",
    "topk",
    "unique",
    "bincount",
    "matmul",
    "dot",
    "outer",
    "trace",
]

_LAYOUT = [
    "nonzero",
    "reshape",
    "flatten",
    "squeeze",
    "unsqueeze",
    "permute",
    "transpose",
    "t",
    "expand",
    "broadcast_to",
    "repeat",
    "split",
    "chunk",
    "unbind",
    "flip",
    "roll",
    "tril",
    "triu",
    "diag",
    "gather",
    "scatter_add",
    "scatter",
    "index_select",
    "masked_select",
    "take",
]

_SYNONYMS = {
    "view": "reshape",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "subtract": "sub",
    "negative": "neg",
    "mm": "matmul",
    "mv": "matmul",
    "bmm": "matmul",
    "absolute": "abs",
    "clip": "clamp",
    "arctan": "atan",
    "swapaxes": "transpose",
    "greater": "gt",
    "less": "lt",
    "ger": "outer",
}

_IN_PLACE = [
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "neg",
    "abs",
    "square",
    "sqrt",
    "exp",
    "log",
    "sigmoid",
    "tanh",
    "relu",
    "clamp",
    "floor",
    "ceil",
    "round",
    "trunc",
    "reciprocal",
    "rsqrt",
    "lerp",
    "addcmul",
    "addcdiv",
    "masked_fill",
    "scatter_add",
    "scatter",
    "erf",
    "sin",
    "cos",
    "clip",
    "remainder",
    "floor_divide",
    "nan_to_num",
    "tril",
    "triu",
]


def become(x: Tensor, result: Tensor, past: Tensor) -> Tensor:
    """x, changed in place into the result; `past` is what `past_of(x)` gave before the result was computed."""
    if result.array.shape != x.array.shape:
        raise ShapeError(
            f"in place: got a result of shape {tuple(result.array.shape)} for a tensor of shape {tuple(x.array.shape)}; expected "
            "the same shape, since memory cannot grow. Try the out-of-place form (x = x + y)."
        )
    if result.array.dtype.kind == "f" and x.array.dtype.kind != "f":
        raise DTypeError(
            f"in place: got a result of {result.dtype} for a tensor of {x.dtype}; expected the same kind. Try x = x.float() first."
        )
    if not (mode.grad and (result.needs_grad or x.needs_grad)):
        ops.assign(x, result)
        touched(x)
        return x
    if x.op is not None and x.op.view and x.inputs and x.inputs[0].needs_grad:
        raise NotSupportedError(
            "in place: got a window (a slice or a reshape) of a tensor that gradients flow through; glassnet expects the "
            "whole tensor there. Try torch.where, torch.cat, or y = x.clone() and a change of y."
        )
    if result.op is None or result.op.view:
        result = ops.copy(result)  # x takes on a story of its own, on memory of its own
    past = alias(x) if past is x else past
    if mode.trace is not None:
        mode.trace.supersede(x, past, result)
    np.copyto(x.array, result.array, casting="same_kind")
    x.past = past
    x.needs_grad, x.op, x.inputs, x.attrs, x.serial = (
        result.needs_grad,
        result.op,
        result.inputs,
        result.attrs,
        result.serial,
    )
    x.written[0] = x.serial
    return x


def past_of(x: Tensor) -> Tensor:
    """What x was before a change in place; a leaf that requires grad may not be changed while gradients are followed."""
    if not (mode.grad and x.needs_grad):
        return x
    if x.op is None:
        raise GradientError(
            f"in place: got a leaf of shape {tuple(x.array.shape)} that requires grad; expected the change inside no_grad(), "
            "because its gradient belongs to the value it had. Try with torch.no_grad(): …"
        )
    return alias(x)


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def changed(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        past = past_of(self)
        return become(self, function(past, *args, **kwargs), past)

    return changed


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Take over the numbers of src."""
    past = past_of(self)
    source = as_tensor_like(src, self)
    value = ops.expand(source, shape=tuple(self.array.shape)) if source.array.shape != self.array.shape else source
    return become(
        self, value if value.array.dtype == self.array.dtype else ops.cast(value, dtype=self.array.dtype), past
    )


def fill_(self: Tensor, value: Any) -> Tensor:
    """Set every number to the value."""
    past = past_of(self)
    number = value.item() if isinstance(value, Tensor) else value
    return become(self, ops.full(shape=tuple(self.array.shape), value=number, dtype=self.array.dtype), past)


def zero_(self: Tensor) -> Tensor:
    """Set every number to 0."""
    return fill_(self, 0)


def _drawn(self: Tensor, sampler: Any, **options: Any) -> Tensor:
    past = past_of(self)
    return become(self, factories.draw(sampler, shape=tuple(self.array.shape), dtype=self.array.dtype, **options), past)


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with uniform random numbers."""
    return _drawn(self, random.uniform, low=from_, high=to, generator=generator)


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with normal random numbers."""
    return _drawn(self, random.normal, mean=mean, std=std, generator=generator)


def bernoulli_(self: Tensor, p: float = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with 1 (probability p) and 0."""
    return _drawn(self, random.bernoulli, p=p, generator=generator)


def random_(self: Tensor, from_: int = 0, to: int | None = None, *, generator: Any = None) -> Tensor:
    """Fill with random whole numbers from from_ to to - 1; without bounds, as many as the dtype can tell apart."""
    shape = tuple(self.array.shape)
    if to is None and not from_:
        return copy_(self, factories.draw(random.integers, shape=shape, dtype=self.array.dtype, generator=generator))
    if to is None:
        from_, to = 0, from_
    return copy_(self, factories.draw(random.randint, shape=shape, low=from_, high=to, generator=generator))


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """self[index] = value."""
    past = past_of(self)
    source = as_tensor_like(value, self)
    if not (mode.grad and (self.needs_grad or source.needs_grad)):
        _write_window(self, index, source)
        return
    places = layout.getitem(wrap(np.arange(self.array.size).reshape(self.array.shape)), index)
    flat = places.reshape(-1)
    spread = source.expand(places.array.shape).reshape(-1)
    ones = wrap(np.ones(flat.array.shape, self.array.dtype))
    put, hits = (ops.unpick(v, flat, at=([0],), shape=(self.array.size,)).reshape(self.shape) for v in (spread, ones))
    become(self, layout.where(ops.gt(hits, 0), put / ops.maximum(hits, 1), past), past)


def _write_window(self: Tensor, index: Any, source: Tensor) -> None:
    target = layout.getitem(self, index)
    if (target.op is not None and target.op.view) or np.shares_memory(target.array, self.array):
        copy_(target, source)
        touched(self)
        return
    if mode.trace is not None:
        mode.trace.stop("writing to the places that a tensor of indices names")
    parts = index if isinstance(index, tuple) else (index,)
    self.array[tuple(i.array if isinstance(i, Tensor) else i for i in parts)] = source.array
    touched(self)


# ---- kinds, copies, sizes -----------------------------------------------------------------------------------------


def to(
    self: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False
) -> Tensor:
    """The tensor with another dtype; the only device is the CPU."""
    for a in args:
        if isinstance(a, Tensor):
            dtype = a.dtype
        elif isinstance(a, DType | np.dtype | type):
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


def clone(self: Tensor) -> Tensor:
    """A copy with memory of its own, still part of the story."""
    return ops.copy(self)


def contiguous(self: Tensor) -> Tensor:
    """The tensor laid out row by row."""
    return self if self.array.flags.c_contiguous else ops.copy(self)


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
    return layout.reshape(self, *shape)


def numel(self: Tensor) -> int:
    """How many numbers it holds."""
    return self.array.size


def _reverse(function: Callable[..., Any]) -> Callable[..., Any]:
    def reverse(self: Tensor, other: Any) -> Any:
        return function(as_tensor_like(other, self), self)

    return reverse


def _comparison(function: Callable[..., Tensor]) -> Callable[..., Any]:
    def compare(self: Tensor, other: Any) -> Any:
        if not isinstance(other, Tensor | int | float | np.ndarray | np.generic):
            return NotImplemented
        return function(self, other)

    return compare


def _logic(on_bits: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def operate(self: Tensor, other: Any) -> Tensor:
        return on_bits(self, other)

    return operate


def install() -> None:
    """Give Tensor its methods and operators."""
    for name in _ROWS:
        setattr(Tensor, name, getattr(ops, name))
    for name in _FUNCTIONS:
        setattr(Tensor, name, getattr(functions, name))
    for name in _LAYOUT:
        setattr(Tensor, name, getattr(layout, name))
    for synonym, name in _SYNONYMS.items():
        setattr(Tensor, synonym, getattr(Tensor, name))
    for name in _IN_PLACE:
        setattr(Tensor, name + "_", _in_place(getattr(Tensor, name)))
    for function in (
        copy_,
        fill_,
        zero_,
        uniform_,
        normal_,
        bernoulli_,
        random_,
        to,
        clone,
        contiguous,
        size,
        view,
        numel,
    ):
        setattr(Tensor, function.__name__, function)
    for function in (tape.backward, tape.register_hook, tape.retain_grad):
        setattr(Tensor, function.__name__, function)
    for name, dtype in {"float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16, "long": dtypes.int64,
                        "int": dtypes.int32, "bool": dtypes.bool, "short": dtypes.int16, "byte": dtypes.uint8}.items():  # fmt: skip
        setattr(Tensor, name, _caster(dtype))
    for name in ("zeros", "ones", "empty", "full", "tensor"):
        setattr(Tensor, "new_" + name, _new(name))
    _install_operators()
    _install_properties()


def _install_operators() -> None:
    arithmetic = {"add": functions.add, "sub": functions.sub, "mul": functions.mul, "truediv": functions.div, "pow": functions.pow,
                  "matmul": functions.matmul, "mod": ops.remainder, "floordiv": ops.floor_divide}  # fmt: skip
    for name, function in arithmetic.items():
        setattr(Tensor, f"__{name}__", function)
        setattr(Tensor, f"__r{name}__", _reverse(function))
        setattr(Tensor, f"__i{name}__", _in_place(function))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Tensor, f"__{name}__", _comparison(getattr(ops, name)))
    for name, bits in {"and": ops.bit_and, "or": ops.bit_or, "xor": ops.bit_xor}.items():
        setattr(Tensor, f"__{name}__", _logic(bits))
    operators: dict[str, Any] = {"__neg__": ops.neg, "__abs__": ops.abs, "__invert__": ops.bit_not, "__getitem__": layout.getitem,
                                 "__setitem__": setitem, "__pos__": lambda self: self}  # fmt: skip
    for name, function in operators.items():
        setattr(Tensor, name, function)


def _install_properties() -> None:
    properties: dict[str, Callable[[Tensor], Any]] = {
        "T": lambda self: ops.permute(self, dims=tuple(range(self.array.ndim))[::-1]),
        "mT": lambda self: layout.transpose(self, -2, -1),
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
    Tensor.index_add_ = _in_place(_index_add)  # type: ignore[attr-defined]
    Tensor.clamp_min = lambda self, min: functions.clamp(self, min=min)  # type: ignore[attr-defined]
    Tensor.clamp_max = lambda self, max: functions.clamp(self, max=max)  # type: ignore[attr-defined]
    Tensor.cuda = _no_cuda  # type: ignore[attr-defined]


def _index_add(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    lead = (slice(None),) * layout.axis(dim, self.array.ndim)
    return self + ops.unpick(source, index, at=(*lead, [0]), shape=tuple(self.array.shape))


def _detach_in_place(self: Tensor) -> Tensor:
    self.needs_grad = False
    if mode.trace is None:  # a recording still has to know how it is made
        self.op, self.inputs, self.attrs = None, (), {}
    return self


def _no_cuda(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    raise NotSupportedError(
        "cuda(): got a request for a GPU; glassnet computes on the CPU. Try leaving .cuda() out, or .to('cpu')."
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

__all__ = ["Device", "Size", "become"]
