"""Losses of numbers and of probabilities: how far outputs are from their targets, as one number to be made small.

`reduction` is "mean" (the mean over all numbers or rows), "sum" or "none". A target whose shape would have to be
broadcast is an error, not a mean over every pair.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.core import layout, ops
from glassnet.core.mode import no_grad
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain
from glassnet.nn.checks import (
    Flag,
    chosen_reduction,
    need_float,
    need_same_shape,
    need_tensors,
    reduced,
    shape_of,
    weighted,
)

# ---- regression -----------------------------------------------------------------------------------------------------


def _pair(name: str, input: Tensor, target: Tensor) -> None:
    need_tensors(name, input=input, target=target)
    need_same_shape(name, input, target)


@shown_as("MseLossBackward0")
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target) squared.

    >>> import glassnet as torch
    >>> mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
    tensor(4.5000)
    """
    _pair("mse_loss", input, target)
    losses = ops.square(input - target)
    return weighted("mse_loss", losses, weight, chosen_reduction(size_average, reduce, reduction))


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|input - target|.

    >>> import glassnet as torch
    >>> l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
    tensor(1.5000)
    """
    _pair("l1_loss", input, target)
    losses = ops.abs(input - target)
    return weighted("l1_loss", losses, weight, chosen_reduction(size_average, reduce, reduction))


def _rounded_corner(away: Tensor, size: float) -> Tensor:
    """d^2 / 2 where |d| <= size, else size |d| - size^2 / 2; finite slopes even where d is infinite."""
    distance = ops.abs(away)
    inner = ops.clamp(distance, low=None, high=size)
    return ops.square(inner) * 0.5 + (distance - inner) * size


@shown_as("HuberLossBackward0")
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d^2 / 2 where d = |input - target| is at most delta, else delta (d - delta / 2).

    Weights multiply the losses; as in PyTorch the mean divides by their count here, not by the sum of the weights.

    >>> import glassnet as torch
    >>> huber_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 5.0]), reduction="none")
    tensor([0.1250, 2.5000])

    P. Huber, Robust estimation of a location parameter, 1964.
    """
    _pair("huber_loss", input, target)
    if delta <= 0:
        raise ValueRangeError(complain(f"huber_loss: got delta={delta}", "expected more than 0", "Try delta=1.0"))
    losses = _rounded_corner(input - target, delta)
    if weight is not None:
        need_same_shape("huber_loss", losses, weight)
        losses = losses * weight
    return reduced("huber_loss", losses, reduction)


@shown_as("SmoothL1LossBackward0")
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d^2 / (2 beta) where d = |input - target| is below beta, else d - beta / 2.

    R. Girshick, Fast R-CNN, 2015.
    """
    _pair("smooth_l1_loss", input, target)
    if beta < 0:
        raise ValueRangeError(complain(f"smooth_l1_loss: got beta={beta}", "expected 0 or more", f"Try beta={-beta}"))
    away = input - target
    losses = ops.abs(away) if beta == 0 else _rounded_corner(away, beta)
    losses = losses if beta in (0, 1) else losses / beta
    return reduced("smooth_l1_loss", losses, chosen_reduction(size_average, reduce, reduction))


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: Flag = None,
    eps: float = 1e-8,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of counts: exp(x) - t x, where x is the logarithm of the expected count.

    With log_input=False, x is the expected count itself: x - t log(x + eps). `full` adds Stirling's approximation of
    log(t!) where t > 1.
    """
    _pair("poisson_nll_loss", input, target)
    losses = ops.exp(input) - target * input if log_input else input - target * ops.log(input + eps)
    if full:
        count = ops.maximum(target, 1.0)
        stirling = count * ops.log(count) - count + ops.log(count * (2 * math.pi)) * 0.5
        losses = losses + layout.where(ops.gt(target, 1.0), stirling, 0.0)
    return reduced("poisson_nll_loss", losses, chosen_reduction(size_average, reduce, reduction))


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """The negative log-likelihood of a normal distribution: (log(var) + (input - target)^2 / var) / 2.

    `var` is held above eps. It may be a number, have the shape of input, or lack (or have 1 as) its last size. `full`
    adds log(2 pi) / 2.

    D. Nix and A. Weigend, Estimating the mean and variance of the target probability distribution, 1994.
    """
    _pair("gaussian_nll_loss", input, target)
    if eps <= 0:
        raise ValueRangeError(complain(f"gaussian_nll_loss: got eps={eps}", "expected more than 0", "Try eps=1e-6"))
    var = _variance(input, var)
    with no_grad():
        lift = ops.maximum(var, eps) - var
    var = var + lift  # the slope passes as if nothing had been held
    losses = (ops.log(var) + ops.square(input - target) / var) * 0.5
    losses = losses + 0.5 * math.log(2 * math.pi) if full else losses
    return reduced("gaussian_nll_loss", losses, reduction)


def _variance(input: Tensor, var: Any) -> Tensor:
    if not isinstance(var, Tensor):
        var = ops.full(shape=shape_of(input), value=float(var), dtype=input.array.dtype)
    if (var.array < 0).any():
        got = f"gaussian_nll_loss: got the variance {var.array.min()}"
        raise ValueRangeError(complain(got, "expected 0 or more", "Try torch.exp(output) or F.softplus(output)"))
    a, b = shape_of(input), shape_of(var)
    if b == a[:-1]:
        return layout.unsqueeze(var, -1)
    if b != a and not (len(a) == len(b) and sum(n for m, n in zip(a, b, strict=True) if m != n) == 1):
        got = f"gaussian_nll_loss: got input of shape {a} and var of shape {b}"
        raise ShapeError(complain(got, f"expected {a}, {a[:-1]} or {(*a[:-1], 1)}", "Try var.expand_as(input)"))
    return var


# ---- two classes ----------------------------------------------------------------------------------------------------


@shown_as("BinaryCrossEntropyBackward0")
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t log(p) + (1 - t) log(1 - p)), the logarithms held above -100.

    >>> import glassnet as torch
    >>> binary_cross_entropy(torch.tensor([0.5, 1.0]), torch.tensor([1.0, 1.0]))
    tensor(0.3466)
    """
    _pair("binary_cross_entropy", input, target)
    need_float("binary_cross_entropy", input=input, target=target)
    if input.array.dtype != target.array.dtype:
        got = f"binary_cross_entropy: got input of {input.dtype} and target of {target.dtype}"
        raise DTypeError(complain(got, "expected the same dtype", f"Try target.to({input.dtype})"))
    _need_probabilities(input.array)
    losses = ops.bce(input, target)
    if weight is not None:
        losses = losses * layout.expand(weight, *shape_of(input))
    return reduced("binary_cross_entropy", losses, chosen_reduction(size_average, reduce, reduction))


def _need_probabilities(p: np.ndarray) -> None:
    if p.size and not (p.min() >= 0 and p.max() <= 1):  # spelled so that NaN is refused too
        place = np.argwhere(~((p >= 0) & (p <= 1)))[0].tolist()
        got = f"binary_cross_entropy: got {p[tuple(place)]} at position {place} of input"
        expected = "expected all elements of input between 0 and 1"
        hint = "Try torch.sigmoid(output), or nn.BCEWithLogitsLoss() on scores"
        if np.isnan(p[tuple(place)]):
            hint = "Try a smaller learning rate, and x.isnan().any() on the data"
        raise ValueRangeError(complain(got, expected, hint))


@shown_as("BinaryCrossEntropyWithLogitsBackward0")
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy(sigmoid(z), t), computed as max(z, 0) - z t + log(1 + exp(-|z|)): nothing overflows.

    `pos_weight` multiplies the part of the positive examples. Its slope is sigmoid(z) - t.

    >>> import glassnet as torch
    >>> binary_cross_entropy_with_logits(torch.tensor([0.0, 200.0]), torch.tensor([1.0, 1.0]))
    tensor(0.3466)
    """
    name = "binary_cross_entropy_with_logits"
    _pair(name, input, target)
    need_float(name, input=input)
    if pos_weight is None:
        losses = ops.bce_with_logits(input, target)
    else:
        losses = (1.0 - target) * input + ((pos_weight - 1.0) * target + 1.0) * ops.softplus(-input)
    losses = losses if weight is None else losses * weight
    return reduced(name, losses, chosen_reduction(size_average, reduce, reduction))
