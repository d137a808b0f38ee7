"""Normalisation: mean 0 and variance 1 over a batch, a row, a group of channels.

All are the same two lines, (x - mean) / sqrt(var + eps), over different axes; then a learnt scale and shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.core import layout, ops
from glassnet.core.mode import no_grad
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.nn.checks import need_float, shape_of


def _centred(x: Tensor, axes: tuple[int, ...], eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x - mean, 1 / sqrt(var + eps), mean, var; the last three keep the axes with length 1."""
    mean = ops.mean(x, dim=axes, keepdim=True)
    away = x + -mean  # turns the sign of a few means here, instead of that of the whole gradient on the way back
    var = ops.mean(ops.square(away), dim=axes, keepdim=True)
    return away, 1.0 / ops.sqrt(var + eps), mean, var


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None, channels: bool = False) -> Tensor:
    """x * weight + bias, where either may be absent; for channels both run along axis 1."""
    if weight is not None:
        x = x * (_along_channels(weight, x) if channels else weight)
    return x if bias is None else x + (_along_channels(bias, x) if channels else bias)


def _along_channels(t: Tensor, x: Tensor) -> Tensor:
    """(C,) in the shape in which it meets (N, C, ...)."""
    return t if x.array.ndim == 2 else ops.reshape(t, shape=(-1, *[1] * (x.array.ndim - 2)))


@shown_as("NativeBatchNormBackward0")
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias for every channel (axis 1) of input (N, C, ...).

    In training, mean and variance are those of the batch, and the running ones move towards them by the share
    `momentum` (a number, or a tensor that may change), in place; in evaluation the running ones are used.

    S. Ioffe and C. Szegedy, Batch normalization, 2015.
    """
    need_float("batch_norm", input=input)
    _check_channels(input, {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var})
    if not training:
        return _by_running_statistics(input, running_mean, running_var, weight, bias, eps)
    per_channel = input.array.size // max(input.array.shape[1], 1)
    if per_channel <= 1:
        got = f"batch_norm: got {per_channel} value per channel in training (input is {shape_of(input)})"
        raise ValueRangeError(
            complain(got, "expected more than 1, to have a variance", "Try a larger batch, or model.eval()")
        )
    axes = (0, *range(2, input.array.ndim))
    away, steepness, mean, var = _centred(input, axes, eps)
    with no_grad():
        _move(running_mean, mean, momentum)
        _move(running_var, var * (per_channel / (per_channel - 1)), momentum)
    scale = steepness if weight is None else steepness * _along_channels(weight, input)
    return _scaled(away * scale, None, bias, channels=True)


def _move(running: Tensor | None, now: Tensor, momentum: Any) -> None:
    """running = (1 - momentum) * running + momentum * now, in place."""
    if running is not None:
        now = ops.reshape(now, shape=(-1,))
        running.copy_(running * (1.0 - momentum) + now * momentum)


def _by_running_statistics(
    x: Tensor, mean: Tensor | None, var: Tensor | None, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    if mean is None or var is None:
        got = "batch_norm: got no running statistics in evaluation"
        raise ValueRangeError(complain(got, "expected running_mean and running_var", "Try training=True"))
    scale = 1.0 / ops.sqrt(var + eps)
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return _scaled(x, scale, shift, channels=True)


def _check_channels(x: Tensor, given: dict[str, Tensor | None]) -> None:
    if x.array.ndim < 2:
        got = f"batch_norm: got input of shape {shape_of(x)}"
        raise ShapeError(complain(got, "expected (batch, channels, ...)", "Try x.unsqueeze(0)"))
    channels = x.array.shape[1]
    for role, t in given.items():
        if t is not None and shape_of(t) != (channels,):
            got = f"batch_norm: x has {channels} channels but {role} has {t.array.size} (x is {shape_of(x)})"
            raise ShapeError(complain(got, "expected one per channel", f"Try BatchNorm1d({channels})"))


@shown_as("NativeLayerNormBackward0")
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last axes, those of normalized_shape.

    >>> import glassnet as torch
    >>> layer_norm(torch.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])

    J. Ba, J. Kiros and G. Hinton, Layer normalization, 2016.
    """
    axes = _last_axes("layer_norm", input, normalized_shape, weight)
    away, steepness, _, _ = _centred(input, axes, eps)
    return _scaled(away * steepness, weight, bias)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight over the last axes; eps is the dtype's smallest step above 1 unless told.

    >>> import glassnet as torch
    >>> rms_norm(torch.tensor([[1.0, 7.0]]), (2,))
    tensor([[0.2000, 1.4000]])

    B. Zhang and R. Sennrich, Root mean square layer normalization, 2019.
    """
    axes = _last_axes("rms_norm", input, normalized_shape, weight)
    eps = float(np.finfo(input.array.dtype).eps) if eps is None else eps
    power = ops.mean(ops.square(input), dim=axes, keepdim=True)
    return _scaled(input * (1.0 / ops.sqrt(power + eps)), weight, None)


def _last_axes(name: str, x: Tensor, shape: Sequence[int], weight: Tensor | None) -> tuple[int, ...]:
    need_float(name, input=x)
    wanted, n = tuple(shape), len(shape)
    if not n or shape_of(x)[-n:] != wanted or (weight is not None and shape_of(weight) != wanted):
        got = f"{name}: got input of shape {shape_of(x)} for normalized_shape {wanted}"
        fitting = x.array.shape[-1] if n == 1 and x.array.ndim else shape_of(x)[-n:]
        layer = "LayerNorm" if name == "layer_norm" else "RMSNorm"
        raise ShapeError(complain(got, "expected an input (and a weight) that end so", f"Try {layer}({fitting})"))
    return tuple(range(x.array.ndim - n, x.array.ndim))


@shown_as("NativeGroupNormBackward0")
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(var + eps) over each group of channels of each example; weight and bias are per channel.

    Y. Wu and K. He, Group normalization, 2018.
    """
    need_float("group_norm", input=input)
    channels = input.array.shape[1] if input.array.ndim > 1 else 0
    if not channels or channels % num_groups:
        got = f"group_norm: got {channels} channels for {num_groups} groups (input is {shape_of(input)})"
        raise ShapeError(complain(got, "expected groups of equal size", "Try num_groups=1"))
    grouped = ops.reshape(input, shape=(input.array.shape[0], num_groups, -1))
    away, steepness, _, _ = _centred(grouped, (2,), eps)
    return _scaled(layout.reshape(away * steepness, shape_of(input)), weight, bias, channels=True)
