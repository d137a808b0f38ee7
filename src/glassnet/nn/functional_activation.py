"""Activation functions: the bends between the linear layers.

Each keeps the shape of its input. Those with a slope that jumps take PyTorch's side at the jump.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import factories, layout, ops, random
from glassnet.core import reductions as core
from glassnet.core.inplace import become, past_of
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.nn.checks import need_float, shape_of

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def _applied(name: str, function: Callable[[Tensor], Tensor], x: Tensor, inplace: bool = False) -> Tensor:
    """function(x); in place, the result goes into the memory of x while a copy keeps what the derivative reads."""
    need_float(name, input=x)
    if not inplace:
        return function(x)
    past = past_of(x)
    return become(x, function(ops.copy(past)), past)


def _no_more_than(x: Tensor, high: float) -> Tensor:
    return ops.clamp(x, low=None, high=high)


# ---- rectifiers -----------------------------------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); its slope at 0 is 0.

    >>> import glassnet as torch
    >>> relu(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])

    V. Nair and G. Hinton, Rectified linear units improve restricted Boltzmann machines, 2010.
    """
    return input.relu_() if inplace else ops.relu(input)


def relu_(input: Tensor) -> Tensor:
    """relu in place."""
    return relu(input, inplace=True)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


@shown_as("HardtanhBackward0")
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x held between min_val and max_val; the slope is 0 on both ends and beyond.

    >>> import glassnet as torch
    >>> hardtanh(torch.tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """

    def bend(x: Tensor) -> Tensor:
        held = ops.clamp(x.detach(), low=min_val, high=max_val)
        inside = ops.logical_and(ops.gt(x, min_val), ops.lt(x, max_val))
        return ops.where(inside, x, held)

    return _applied("hardtanh", bend, input, inplace)


@shown_as("LeakyReluBackward0")
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x.

    >>> import glassnet as torch
    >>> leaky_relu(torch.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])

    A. Maas, A. Hannun and A. Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
    """

    def bend(x: Tensor) -> Tensor:
        positive = ops.cast(ops.gt(x, 0.0), dtype=x.array.dtype)
        if 0 <= negative_slope <= 1:  # 1 or the slope, exactly, in one call
            return x * ops.maximum(positive, negative_slope)
        return ops.relu(x) + _no_more_than(x, 0.0) * negative_slope

    return _applied("leaky_relu", bend, input, inplace)


@shown_as("PreluKernelBackward0")
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x; weight holds one number, or one per channel (axis 1).

    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, 2015.
    """
    need_float("prelu", input=input)
    channels = input.array.shape[1] if input.array.ndim > 1 else 1
    if weight.array.size not in (1, channels):
        got = f"prelu: got {weight.array.size} slopes for {channels} channels (input is {shape_of(input)})"
        raise ShapeError(complain(got, "expected 1, or one per channel", f"Try PReLU({channels})"))
    if weight.array.size > 1:
        weight = layout.reshape(weight, 1, -1, *[1] * (input.array.ndim - 2))
    return ops.relu(input) + weight * _no_more_than(input, 0.0)


@shown_as("EluBackward0")
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1).

    >>> import glassnet as torch
    >>> elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])

    D.-A. Clevert, T. Unterthiner and S. Hochreiter, Fast and accurate deep network learning by ELUs, 2016.
    """
    return _applied("elu", lambda x: _with_tail(x, alpha), input, inplace)


def _with_tail(x: Tensor, alpha: float, decay: float = 1.0) -> Tensor:
    """max(x, 0) + alpha * (exp(min(x, 0) * decay) - 1)."""
    low = _no_more_than(x, 0.0)
    return ops.relu(x) + ops.expm1(low if decay == 1 else low * decay) * alpha


@shown_as("EluBackward0")
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * elu(x, alpha) with the two constants that keep mean 0 and variance 1 from layer to layer.

    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks, 2017.
    """
    return _applied("selu", lambda x: _with_tail(x, _SELU_ALPHA) * _SELU_SCALE, input, inplace)


@shown_as("CeluBackward0")
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x / alpha) - 1).

    J. Barron, Continuously differentiable exponential linear units, 2017.
    """
    if alpha == 0:
        raise ValueRangeError(complain("celu: got alpha=0", "expected another number", "Try alpha=1.0"))
    return _applied("celu", lambda x: _with_tail(x, alpha, 1 / alpha), input, inplace)


@shown_as("ThresholdBackward0")
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value."""
    return _applied("threshold", lambda x: layout.where(ops.le(x, threshold), value, x), input, inplace)


@shown_as("SoftshrinkBackward0")
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by lambd, and 0 where |x| <= lambd."""
    if lambd < 0:
        got = f"softshrink: got lambd={lambd}"
        raise ValueRangeError(complain(got, "expected 0 or more", f"Try lambd={-lambd}"))
    return _applied("softshrink", lambda x: x - ops.clamp(x, low=-lambd, high=lambd), input)


@shown_as("HardshrinkBackward0")
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, else 0."""
    return _applied("hardshrink", lambda x: layout.where(ops.le(ops.abs(x), lambd), 0.0, x), input)


# ---- smooth ---------------------------------------------------------------------------------------------------------


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x)).

    >>> import glassnet as torch
    >>> sigmoid(torch.tensor([-100.0, 0.0, 100.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    return input.tanh()


@shown_as("LogSigmoidBackward0")
def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), without loss for very negative x.

    >>> import glassnet as torch
    >>> logsigmoid(torch.tensor([-200.0, 0.0]))
    tensor([-200.0000,   -0.6931])
    """
    return _applied("logsigmoid", lambda x: -ops.softplus(-x), input)


@shown_as("SoftplusBackward0")
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.

    Above the usual threshold of 20 both agree to float32's last digit, and the exact form is used for all x.
    """

    def bend(x: Tensor) -> Tensor:
        y = ops.softplus(x) if beta == 1 else ops.softplus(x * beta) * (1 / beta)
        return y if threshold >= 20 else ops.where(ops.gt(x * beta, threshold), x, y)

    return _applied("softplus", bend, input)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return _applied("softsign", lambda x: x / (ops.abs(x) + 1.0), input)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return _applied("tanhshrink", lambda x: x - ops.tanh(x), input)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the share of a normal distribution below x; approximate="tanh" is the older, rougher formula.

    >>> import glassnet as torch
    >>> gelu(torch.tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])

    D. Hendrycks and K. Gimpel, Gaussian error linear units, 2016.
    """
    if approximate not in ("none", "tanh"):
        got = f"gelu: got approximate={approximate!r}"
        raise ValueRangeError(complain(got, "expected 'none' or 'tanh'", "Try approximate='tanh'"))
    need_float("gelu", input=input)
    return ops.gelu(input, approximate=approximate)


@shown_as("SiluBackward0")
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x).

    >>> import glassnet as torch
    >>> silu(torch.tensor([-1.0, 1.0]))
    tensor([-0.2689,  0.7311])

    S. Elfwing, E. Uchibe and K. Doya, Sigmoid-weighted linear units, 2017.
    """
    return _applied("silu", lambda x: x * ops.sigmoid(x), input, inplace)


@shown_as("MishBackward0")
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)).

    D. Misra, Mish: a self regularized non-monotonic activation function, 2019.
    """
    return _applied("mish", lambda x: x * ops.tanh(ops.softplus(x)), input, inplace)


@shown_as("HardsigmoidBackward0")
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x + 3, 0), 6) / 6: three straight lines near sigmoid."""
    return _applied("hardsigmoid", lambda x: relu6(x + 3.0) / 6.0, input, inplace)


@shown_as("HardswishBackward0")
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * min(max(x + 3, 0), 6) / 6.

    A. Howard and others, Searching for MobileNetV3, 2019.
    """
    return _applied("hardswish", lambda x: x * relu6(x + 3.0) / 6.0, input, inplace)


@shown_as("GluBackward0")
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the two halves of x along one axis.

    Y. Dauphin, A. Fan, M. Auli and D. Grangier, Language modeling with gated convolutional networks, 2017.
    """
    need_float("glu", input=input)
    size = input.array.shape[layout.axis(dim, input.array.ndim)] if input.array.ndim else 0
    if not size or size % 2:
        got = f"glu: got {size} numbers along axis {dim} (input is {shape_of(input)})"
        raise ShapeError(complain(got, "expected an even count to halve", "Try twice the outputs before it"))
    a, b = layout.chunk(input, 2, dim)
    return a * ops.sigmoid(b)


# ---- probabilities --------------------------------------------------------------------------------------------------


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) / sum(exp(x)) along one axis, without overflow: numbers above 0 that add up to 1.

    >>> import glassnet as torch
    >>> softmax(torch.tensor([1000.0, 1000.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return core.softmax(input, _axis_of("softmax", input, dim), dtype=dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-x) along one axis."""
    return core.softmax(-input, _axis_of("softmin", input, dim), dtype=dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along one axis, without loss for small probabilities."""
    return core.log_softmax(input, _axis_of("log_softmax", input, dim), dtype=dtype)


def _axis_of(name: str, x: Tensor, dim: int | None) -> int:
    if dim is not None:
        return dim
    chosen = 0 if x.array.ndim in (0, 1, 3) else 1
    warnings.warn(f"{name}: dim was left out; dim={chosen} is taken. Say dim={chosen}, or -1 for classes", stacklevel=4)
    return chosen


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A random choice among classes through which gradients flow: softmax((logits + Gumbel noise) / tau).

    With `hard` the result is one-hot, and its gradient is that of the soft choice.

    E. Jang, S. Gu and B. Poole, Categorical reparameterization with Gumbel-softmax, 2017.
    """
    need_float("gumbel_softmax", logits=logits)
    waits = factories.draw(random.exponential, shape=shape_of(logits), dtype=logits.array.dtype)
    soft = core.softmax((logits - ops.log(waits)) / tau, dim)
    if not hard:
        return soft
    axis = layout.axis(dim, soft.array.ndim)
    winner = ops.argmax(soft.detach(), dim=axis, keepdim=True)
    classes = factories.arange(soft.array.shape[axis]).reshape(-1, *[1] * (soft.array.ndim - 1 - axis))
    one_hot = ops.cast(ops.eq(winner, classes), dtype=np.dtype(soft.array.dtype))
    return one_hot - soft.detach() + soft
