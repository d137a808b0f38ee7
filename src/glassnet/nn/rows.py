"""Rows of the table of primitives that only the losses use.

In scope of a derivative rule: g = gradient of the result, y = the result, then the inputs in order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glassnet.core import kernels, ops
from glassnet.core.ops import fit, primitive, sample
from glassnet.core.tensor import Tensor

Array = np.ndarray
_LOWEST_LOG = -100.0  # where PyTorch stops the logarithm of a probability


def _by_calls(spell: Callable[..., list[kernels.Call]]) -> Callable[..., Array]:
    """A kernel that runs replay's own spelling, so that both give the same bits."""

    def run(*arrays: Array, out: Array | None = None) -> Array:
        result = np.empty(np.broadcast_shapes(*[a.shape for a in arrays]), arrays[0].dtype) if out is None else out
        for function, arguments, to in spell(result, *arrays):
            function(*arguments, out=to)
        return result

    return run


def _bce_calls(out: Array, p: Array, t: Array) -> list[kernels.Call]:
    """(t - 1) max(log(1 - p), -100) - t max(log p, -100)."""
    low, one = kernels.constant(_LOWEST_LOG, p), kernels.constant(1, p)
    wrong, right, away = np.empty_like(out), np.empty_like(out), np.empty_like(out)
    return [
        (np.negative, (p,), wrong),
        (np.log1p, (wrong,), wrong),
        (np.maximum, (wrong, low), wrong),
        (np.subtract, (t, one), away),
        (np.multiply, (away, wrong), wrong),
        (np.log, (p,), right),
        (np.maximum, (right, low), right),
        (np.multiply, (right, t), right),
        (np.subtract, (wrong, right), out),
    ]


def _bce_slope(p: Tensor, t: Tensor) -> Tensor:
    """(p - t) / (p (1 - p)), the denominator held above 1e-12; spelled so that sigmoid's own p (1 - p) is shared."""
    return (p - t) / ops.maximum(p * (1.0 - p), 1e-12)


def _log_odds(p: Tensor) -> Tensor:
    return ops.maximum(ops.log(p), _LOWEST_LOG) - ops.maximum(ops.log1p(-p), _LOWEST_LOG)


bce = primitive("bce", _by_calls(_bce_calls),
                lambda g, y, p, t: fit(g * _bce_slope(p, t), p.shape),
                lambda g, y, p, t: fit(-g * _log_odds(p), t.shape),
                lower=_bce_calls, say="the cross-entropy of the probability {0} against {1}",
                tex=r"-{1} \ln {0} - (1 - {1}) \ln(1 - {0})", elementwise=True,
                samples=(sample((3, 4), (3, 4), low=0.1, high=0.9),))  # fmt: skip


def _bce_with_logits_calls(out: Array, z: Array, t: Array) -> list[kernels.Call]:
    """max(z, 0) - z t + log(1 + exp(-|z|)): nothing overflows, nothing cancels."""
    tail, straight, share = np.empty_like(out), np.empty_like(out), np.empty_like(out)
    return [
        (np.abs, (z,), tail),
        (np.negative, (tail,), tail),
        (np.exp, (tail,), tail),
        (np.log1p, (tail,), tail),
        (np.maximum, (z, kernels.constant(0, z)), straight),
        (np.multiply, (z, t), share),
        (np.subtract, (straight, share), straight),
        (np.add, (straight, tail), out),
    ]


bce_with_logits = primitive("bce_with_logits", _by_calls(_bce_with_logits_calls),
                            lambda g, y, z, t: fit(g * (ops.sigmoid(z) - t), z.shape),
                            lambda g, y, z, t: fit(-g * z, t.shape),
                            lower=_bce_with_logits_calls, say="the cross-entropy of the score {0} against {1}",
                            tex=r"\ln(1 + e^{{{0}}}) - {1} {0}", elementwise=True,
                            samples=(sample((3, 4), (3, 4)),))  # fmt: skip
