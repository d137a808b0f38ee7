"""How weights begin: every function fills a tensor in place, without following gradients, and returns it.

With the same seed they draw PyTorch's numbers. fan_in is how many numbers meet in one output (the row length of a
linear weight), fan_out how many outputs one number reaches.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.core.factories import draw
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, ValueRangeError, complain

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip

_GAINS: dict[str, float] = {"linear": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 3 / 4}
_GAINS |= {f"conv{t}{n}d": 1 for t in ("", "_transpose") for n in (1, 2, 3)}


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor that makes up for what an activation does to the spread of numbers.

    >>> calculate_gain("relu"), calculate_gain("leaky_relu", 1.0)
    (1.4142135623730951, 1.0)
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            got = f"calculate_gain: got a negative slope of {param!r}"
            raise ValueRangeError(complain(got, "expected a number", "Try calculate_gain('leaky_relu', 0.01)"))
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        got = f"calculate_gain: got {nonlinearity!r}"
        raise ValueRangeError(complain(got, f"expected one of {[*_GAINS, 'leaky_relu']}", "Try 'relu'"))
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor, name: str = "fan_in, fan_out") -> tuple[int, int]:
    """fan_in and fan_out of a weight; PyTorch's own name, which layers of the user's call to scale their biases."""
    shape = tensor.array.shape
    if len(shape) < 2:
        got = f"{name}: got a tensor of shape {tuple(shape)}"
        raise ShapeError(complain(got, "expected two axes or more: outputs, inputs", "Try nn.init.uniform_"))
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


# ---- plain ----------------------------------------------------------------------------------------------------------


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform between a and b."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with that mean and standard deviation."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Normal, with numbers outside [a, b] drawn again."""
    options = {"mean": mean, "std": std, "a": a, "b": b, "generator": generator}
    return tensor.copy_(draw(random.trunc_normal, shape=tuple(tensor.shape), dtype=tensor.array.dtype, **options))


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """The same number everywhere."""
    return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return constant_(tensor, 0.0)


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal of a matrix, 0 elsewhere: a linear layer that passes its input on.

    >>> import glassnet as torch
    >>> eye_(torch.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    _need_axes("eye_", tensor, (2,))
    return tensor.copy_(wrap(np.eye(*tensor.array.shape, dtype=tensor.array.dtype)))


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Kernels with a 1 in the middle of their own channel: a convolution that passes its input on."""
    _need_axes("dirac_", tensor, (3, 4, 5))
    shape = tensor.array.shape
    if shape[0] % groups:
        got = f"dirac_: got {shape[0]} output channels for {groups} groups"
        raise ValueRangeError(complain(got, "expected groups of equal size", "Try groups=1"))
    kernels, middle = np.zeros_like(tensor.array), tuple(n // 2 for n in shape[2:])
    part = shape[0] // groups
    for g in range(groups):
        for channel in range(min(part, shape[1])):
            kernels[(g * part + channel, channel, *middle)] = 1
    return tensor.copy_(wrap(kernels))


def _need_axes(name: str, tensor: Tensor, counts: tuple[int, ...]) -> None:
    if tensor.array.ndim not in counts:
        got = f"{name}: got a tensor of shape {tuple(tensor.array.shape)}"
        counted = " or ".join(map(str, counts))
        raise ShapeError(complain(got, f"expected {counted} axes", "Try nn.init.normal_"))


# ---- scaled to the layer --------------------------------------------------------------------------------------------


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform between -a and a, where a = gain sqrt(6 / (fan_in + fan_out)).

    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain, "xavier_uniform_")
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)).

    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain, "xavier_normal_"), generator)


def _xavier_std(tensor: Tensor, gain: float, name: str) -> float:
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor, name)
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform between -b and b, where b = gain sqrt(3 / fan); `a` is the negative slope of leaky_relu.

    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, 2015.
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity, "kaiming_uniform_")
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan); `a` is the negative slope of leaky_relu.

    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, 2015.
    """
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity, "kaiming_normal_"), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str, name: str) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode, name))


def _calculate_correct_fan(tensor: Tensor, mode: str, name: str = "fan") -> int:
    """fan_in or fan_out, as the mode says; PyTorch's own name, too."""
    fans = dict(zip(("fan_in", "fan_out"), _calculate_fan_in_and_fan_out(tensor, name), strict=True))
    if mode not in fans:
        got = f"{name}: got mode={mode!r}"
        raise ValueRangeError(complain(got, "expected 'fan_in' or 'fan_out'", "Try mode='fan_in'"))
    return fans[mode]


def _is_empty(tensor: Tensor) -> bool:
    if 0 in tensor.array.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Rows (or columns, whichever are fewer) at right angles and of length gain; further axes count as columns.

    A. Saxe, J. McClelland and S. Ganguli, Exact solutions to the nonlinear dynamics of learning, 2013.
    """
    if tensor.array.ndim < 2:
        _need_axes("orthogonal_", tensor, (2, 3, 4, 5))
    if not tensor.array.size:
        return tensor
    rows, kind = tensor.array.shape[0], tensor.array.dtype
    columns = tensor.array.size // rows
    drawn = random.normal((rows, columns), 0.0, 1.0, kind, generator)
    q, r = np.linalg.qr(drawn.T if rows < columns else drawn)
    q = q * np.sign(np.diagonal(r))  # the sign convention that makes the draw uniform
    q = (q.T if rows < columns else q).reshape(tensor.array.shape)
    return tensor.copy_(wrap(q.astype(kind) * kind.type(gain)))


@no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal, with that share of every column set to 0.

    J. Martens, Deep learning via Hessian-free optimization, 2010.
    """
    _need_axes("sparse_", tensor, (2,))
    rows, columns = tensor.array.shape
    zeros = math.ceil(sparsity * rows)
    values = random.normal((rows, columns), 0.0, std, tensor.array.dtype, generator)
    for column in range(columns):
        values[random.permutation(rows)[:zeros], column] = 0
    return tensor.copy_(wrap(values))
