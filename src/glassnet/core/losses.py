"""How NumPy carries out the losses that must not overflow or cancel, spelled as the calls that a replay runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core.kernels import Call, constant

Array = np.ndarray[Any, np.dtype[Any]]
LOWEST_LOG = -100.0  # where PyTorch stops the logarithm of a probability


def by_calls(spell: Callable[..., list[Call]]) -> Callable[..., Array]:
    """A kernel that runs replay's own spelling, so that both give the same bits."""

    def run(*arrays: Array, out: Array | None = None) -> Array:
        result = np.empty(np.broadcast_shapes(*[a.shape for a in arrays]), arrays[0].dtype) if out is None else out
        for function, arguments, to in spell(result, *arrays):
            function(*arguments, out=to)
        return result

    return run


def bce_calls(out: Array, p: Array, t: Array) -> list[Call]:
    """(t - 1) max(log(1 - p), -100) - t max(log p, -100)."""
    low, one = constant(LOWEST_LOG, p), constant(1, p)
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


def bce_with_logits_calls(out: Array, z: Array, t: Array) -> list[Call]:
    """max(z, 0) - z t + log(1 + exp(-|z|)): nothing overflows, nothing cancels."""
    tail, straight, share = np.empty_like(out), np.empty_like(out), np.empty_like(out)
    return [
        (np.abs, (z,), tail),
        (np.negative, (tail,), tail),
        (np.exp, (tail,), tail),
        (np.log1p, (tail,), tail),
        (np.maximum, (z, constant(0, z)), straight),
        (np.multiply, (z, t), share),
        (np.subtract, (straight, share), straight),
        (np.add, (straight, tail), out),
    ]


bce = by_calls(bce_calls)
bce_with_logits = by_calls(bce_with_logits_calls)
