"""`keras.ops`: functions of tensors by NumPy's names (`axis`, `keepdims`), for layers and losses of one's own.

They take tensors, arrays and numbers, give tensors, and are recorded like any other operation.

>>> mean(square([[1.0, 2.0], [3.0, 4.0]]), axis=-1)
tensor([ 2.5000, 12.5000])
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import glassnet as _torch
from glassnet import nn as _nn
from glassnet.core.tensor import Tensor, wrap
from glassnet.faces.keras.layer import Layer
from glassnet.faces.keras.symbols import KerasTensor
from glassnet.nn import functional as _F


def convert_to_tensor(x: Any, dtype: Any = None) -> Tensor:
    """Numbers as a tensor; those with a point as float32 unless told otherwise."""
    t = x if isinstance(x, Tensor) else wrap(_as_array(x))
    return t if dtype is None else cast(t, dtype)


def _as_array(x: Any) -> np.ndarray:
    array = np.asarray(x)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def convert_to_numpy(x: Any) -> np.ndarray:
    """The numbers of a tensor as an array."""
    return np.array(x.detach().array) if isinstance(x, Tensor) else np.array(x)


def cast(x: Any, dtype: Any) -> Tensor:
    """Numbers of another kind, by name: "float32", "int64", "bool"."""
    return convert_to_tensor(x).to(getattr(_torch, dtype) if isinstance(dtype, str) else dtype)


def shape(x: Any) -> tuple[int, ...]:
    """The sizes of the axes."""
    return tuple(x.shape)


def _of_one(name: str, function: Callable[..., Any]) -> Callable[..., Tensor]:
    def call(x: Any) -> Tensor:
        return function(convert_to_tensor(x))

    return _named(call, name, "of every number of x")


def _of_two(name: str, function: Callable[..., Any]) -> Callable[..., Tensor]:
    def call(x1: Any, x2: Any) -> Tensor:
        a, b = (x if isinstance(x, Tensor | int | float) else convert_to_tensor(x) for x in (x1, x2))
        return function(a if isinstance(a, Tensor) else convert_to_tensor(float(a)), b)

    return _named(call, name, "of the numbers of x1 and x2, place by place")


def _over_axes(name: str, method: str) -> Callable[..., Tensor]:
    def call(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
        t = convert_to_tensor(x)
        if axis is None:
            axis = tuple(range(t.ndim))
        return getattr(t, method)(tuple(axis) if isinstance(axis, list) else axis, keepdim=keepdims)

    return _named(call, name, "of x along an axis, several, or all")


def _at(name: str, method: str) -> Callable[..., Tensor]:
    def call(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return getattr(convert_to_tensor(x), method)(axis, keepdims)

    return _named(call, name, "of x along an axis")


def _named(call: Callable[..., Tensor], name: str, words: str) -> Callable[..., Tensor]:
    call.__name__, call.__doc__ = name, f"`{name}` {words}."
    return call


abs, sign, negative, reciprocal = (_of_one(n, getattr(_torch, n)) for n in ("abs", "sign", "negative", "reciprocal"))
exp, expm1, log, log1p = (_of_one(n, getattr(_torch, n)) for n in ("exp", "expm1", "log", "log1p"))
sqrt, rsqrt, square, erf = (_of_one(n, getattr(_torch, n)) for n in ("sqrt", "rsqrt", "square", "erf"))
sin, cos, tan, tanh = (_of_one(n, getattr(_torch, n)) for n in ("sin", "cos", "tan", "tanh"))
arcsin, arccos, arctan = (_of_one(n, getattr(_torch, n)) for n in ("arcsin", "arccos", "arctan"))
floor, ceil, round = (_of_one(n, getattr(_torch, n)) for n in ("floor", "ceil", "round"))
sigmoid, relu, softplus = _of_one("sigmoid", _torch.sigmoid), _of_one("relu", _F.relu), _of_one("softplus", _F.softplus)
isnan, isfinite, logical_not = (_of_one(n, getattr(_torch, n)) for n in ("isnan", "isfinite", "logical_not"))

add, subtract, multiply, divide = (_of_two(n, getattr(_torch, n)) for n in ("add", "subtract", "multiply", "divide"))
maximum, minimum = (
    _of_two("maximum", lambda a, b: _pair(_torch.maximum, a, b)),
    _of_two("minimum", lambda a, b: _pair(_torch.minimum, a, b)),
)
power = _of_two("power", _torch.pow)
equal, not_equal = _of_two("equal", _torch.eq), _of_two("not_equal", _torch.ne)
greater, greater_equal = _of_two("greater", _torch.gt), _of_two("greater_equal", _torch.ge)
less, less_equal = _of_two("less", _torch.lt), _of_two("less_equal", _torch.le)
matmul, dot = _of_two("matmul", _torch.matmul), _of_two("dot", _torch.matmul)
logical_and, logical_or = _of_two("logical_and", _torch.logical_and), _of_two("logical_or", _torch.logical_or)

sum, mean, any, all = (_over_axes(n, n) for n in ("sum", "mean", "any", "all"))
max, min, logsumexp = (_over_axes(n, m) for n, m in (("max", "amax"), ("min", "amin"), ("logsumexp", "logsumexp")))
argmax, argmin = _at("argmax", "argmax"), _at("argmin", "argmin")


def _pair(function: Callable[..., Tensor], a: Tensor, b: Any) -> Tensor:
    return function(a, b if isinstance(b, Tensor) else a.new_tensor(b))


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The variance of x (divided by n) along an axis, several, or all."""
    t = convert_to_tensor(x)
    return mean(square(t - mean(t, axis, True)), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The root of the variance."""
    return sqrt(var(x, axis, keepdims))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The length of x along an axis, or of all of it."""
    return sqrt(sum(square(x), axis, keepdims)) if ord in (None, 2) else sum(abs(x), axis, keepdims)


def clip(x: Any, x_min: float, x_max: float) -> Tensor:
    """x, held between two bounds."""
    return convert_to_tensor(x).clamp(x_min, x_max)


def where(condition: Any, x1: Any, x2: Any) -> Tensor:
    """x1 where the condition holds, x2 elsewhere."""
    a, b = (x if isinstance(x, int | float) else convert_to_tensor(x) for x in (x1, x2))
    return _torch.where(convert_to_tensor(condition), a, b)


def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis."""
    return _F.softmax(convert_to_tensor(x), axis)


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """The logarithm of softmax."""
    return _F.log_softmax(convert_to_tensor(x), axis)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None) -> Tensor:
    """Class numbers as rows of 0 and 1."""
    return _F.one_hot(convert_to_tensor(x).long(), num_classes).float()


def reshape(x: Any, newshape: Sequence[int]) -> Tensor:
    """x in another shape; one size may be -1."""
    return convert_to_tensor(x).reshape(tuple(newshape))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """x with its axes in another order, or turned round."""
    t = convert_to_tensor(x)
    return t.permute(tuple(axes) if axes is not None else tuple(range(t.ndim))[::-1])


def expand_dims(x: Any, axis: int) -> Tensor:
    """One axis more, of size 1."""
    return convert_to_tensor(x).unsqueeze(axis)


def squeeze(x: Any, axis: int | None = None) -> Tensor:
    """Axes of size 1 taken away."""
    t = convert_to_tensor(x)
    return t.squeeze() if axis is None else t.squeeze(axis)


def concatenate(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Side by side along an axis."""
    return _torch.cat([convert_to_tensor(x) for x in xs], axis)


def stack(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Along a new axis."""
    return _torch.stack([convert_to_tensor(x) for x in xs], axis)


def zeros(shape: Sequence[int], dtype: Any = "float32") -> Tensor:
    """0 everywhere."""
    return _torch.zeros(*shape, dtype=getattr(_torch, dtype))


def ones(shape: Sequence[int], dtype: Any = "float32") -> Tensor:
    """1 everywhere."""
    return _torch.ones(*shape, dtype=getattr(_torch, dtype))


def zeros_like(x: Any) -> Tensor:
    """0 everywhere, in the shape of x."""
    return _torch.zeros_like(convert_to_tensor(x))


def ones_like(x: Any) -> Tensor:
    """1 everywhere, in the shape of x."""
    return _torch.ones_like(convert_to_tensor(x))


def stop_gradient(x: Any) -> Tensor:
    """x, through which no gradient flows."""
    return convert_to_tensor(x).detach()


# ---- symbols: an operation on them is a layer -----------------------------------------------------------------------


class Operation(Layer):
    """One of these functions as a layer, with those of its arguments that are no symbols."""

    def __init__(self, function: Callable[..., Any], arrange: Callable[[list[Any]], Any], **options: Any) -> None:
        super().__init__(**options)
        self.function, self.arrange = function, arrange

    def make(self, shape: Any) -> list[_nn.Module]:
        """The function."""
        return [_Applied(self.arrange)]

    def shape_after(self, shape: Any) -> Any:
        """What the function makes of one example of zeros."""
        several = shape if isinstance(shape, list) else [shape]
        return tuple(self.arrange([wrap(np.zeros((1, *s), np.float32)) for s in several]).shape)[1:]


class _Applied(_nn.Module):
    def __init__(self, arrange: Callable[[list[Any]], Any]) -> None:
        super().__init__()
        self.arrange = arrange

    def forward(self, *xs: Tensor) -> Any:
        """The function of the tensors in the symbols' places."""
        return self.arrange(list(xs))


def _for_symbols(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        parts = [p for a in (*args, *kwargs.values()) for p in (a if isinstance(a, list | tuple) else [a])]
        symbols = [p for p in parts if isinstance(p, KerasTensor)]
        if not symbols:
            return function(*args, **kwargs)

        def arrange(tensors: list[Any]) -> Any:
            left = iter(tensors)

            def put(a: Any) -> Any:
                if isinstance(a, list | tuple):
                    return [put(p) for p in a]
                return next(left) if isinstance(a, KerasTensor) else a

            return function(*[put(a) for a in args], **{k: put(v) for k, v in kwargs.items()})

        return Operation(function, arrange)(symbols if len(symbols) > 1 else symbols[0])

    return call


def _is_operation(name: str, value: Any) -> bool:
    mine = getattr(value, "__module__", "") == __name__ and not isinstance(value, type)
    return callable(value) and mine and not name.startswith("_")


for _name, _function in list(globals().items()):
    if _is_operation(_name, _function):
        globals()[_name] = _for_symbols(_function)
