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
    tensor_methods,
)
from glassnet.core.inplace import (
    bernoulli_,
    copy_,
    exponential_,
    fill_,
    geometric_,
    in_place,
    index_add,
    normal_,
    random_,
    setitem,
    uniform_,
    zero_,
)
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor, as_tensor_like

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
        as_strided diagflat diagonal_scatter dsplit hsplit index_reduce masked_scatter scatter_reduce select_scatter
        slice_scatter split_with_sizes vsplit
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
    index_add index_fill index_copy index_put addmm addmv addr baddbmm clamp_min clamp_max
    lerp addcmul addcdiv masked_fill scatter_add scatter erf sin cos clip remainder floor_divide nan_to_num tril
    triu acosh asinh atanh atan2 multiply subtract divide true_divide negative absolute fix eq ne lt le gt ge
    not_equal greater greater_equal less less_equal logical_and logical_or logical_xor logical_not float_power
    heaviside deg2rad rad2deg sgn sinc erfc index_reduce masked_scatter scatter_reduce bitwise_and bitwise_or
    bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift gcd lcm ldexp erfinv lgamma digamma polygamma
    mvlgamma
""".split()

_CASTS = {
    "float": dtypes.float32,
    "double": dtypes.float64,
    "half": dtypes.float16,
    "long": dtypes.int64,
    "int": dtypes.int32,
    "short": dtypes.int16,
    "byte": dtypes.uint8,
    "char": dtypes.int8,
    "bool": dtypes.bool,
}

_TURNED_IN_PLACE = ("unsqueeze", "squeeze", "t", "transpose", "swapaxes", "swapdims")

# ---- methods that are functions of their own name -------------------------------------------------------------------

_OTHERS: tuple[Callable[..., Any], ...] = (
    *(bernoulli_, copy_, exponential_, fill_, geometric_, index_add, normal_, random_, uniform_, zero_),
    *(factories.bernoulli, factories.multinomial),
    *(tape.backward, tape.register_hook, tape.register_post_accumulate_grad_hook, tape.retain_grad),
    *(
        tensor_methods.apply_,
        tensor_methods.bfloat16,
        tensor_methods.clone,
        tensor_methods.contiguous,
        tensor_methods.cpu,
        tensor_methods.cuda,
    ),
    *(tensor_methods.detach_, tensor_methods.expand_as, tensor_methods.fill_diagonal_, tensor_methods.map_),
    *(tensor_methods.numel, tensor_methods.polygamma, tensor_methods.size, tensor_methods.storage_offset),
    *(tensor_methods.stride,),
    *(tensor_methods.to, tensor_methods.type_as, tensor_methods.view, tensor_methods.view_as, tensor_methods.where),
)

# ---- methods and properties of one line -----------------------------------------------------------------------------

_OTHER_NAMES: dict[str, Callable[..., Any]] = {
    "nelement": tensor_methods.numel,
    "reshape_as": tensor_methods.view_as,
    "type": tensor_methods.type_,
}

_TOLD: dict[str, Callable[[Tensor], Any]] = {
    "dim": lambda self: self.array.ndim,
    "ndimension": lambda self: self.array.ndim,
    "element_size": lambda self: self.array.itemsize,
    "data_ptr": lambda self: self.array.__array_interface__["data"][0],
    "get_device": lambda self: -1,
    "is_complex": lambda self: False,
    "is_contiguous": lambda self: self.array.flags.c_contiguous,
    "is_floating_point": lambda self: self.array.dtype.kind == "f",
    "is_inference": lambda self: False,
    "is_nonzero": bool,
    "is_signed": lambda self: self.array.dtype.kind in "fi",
}

_PROPERTIES: dict[str, Callable[[Tensor], Any]] = {
    "T": lambda self: ops.permute(self, dims=tuple(range(self.array.ndim))[::-1]),
    "mT": lambda self: layout.transpose(self, -2, -1),
    "H": layout.t,
    "mH": lambda self: layout.transpose(self, -2, -1),
    "is_cpu": lambda self: True,
    "is_cuda": lambda self: False,
    "device": lambda self: tensor_methods.Device("cpu"),
    "itemsize": lambda self: self.array.itemsize,
    "layout": lambda self: "torch.strided",
    "nbytes": lambda self: self.array.nbytes,
    "retains_grad": lambda self: self.keeps_grad,
}


# ---- operators -----------------------------------------------------------------------------------------------------


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
    for synonym, name in _SYNONYMS.items():
        setattr(Tensor, synonym, getattr(Tensor, name))
    for function in _OTHERS:
        setattr(Tensor, function.__name__, function)
    for name, method in {**_OTHER_NAMES, **_TOLD}.items():
        setattr(Tensor, name, method)
    for name in _IN_PLACE:
        setattr(Tensor, name + "_", in_place(getattr(Tensor, name)))
    for name in _TURNED_IN_PLACE:
        setattr(Tensor, name + "_", tensor_methods.in_another_shape(getattr(Tensor, name)))
    for name, dtype in _CASTS.items():
        setattr(Tensor, name, tensor_methods.caster(dtype))
    for name in ("zeros", "ones", "empty", "full", "tensor"):
        setattr(Tensor, "new_" + name, tensor_methods.maker_of(name))
    for name, get in _PROPERTIES.items():
        setattr(Tensor, name, property(get))
    _install_operators()


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


install()
