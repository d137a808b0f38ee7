"""Windows on a tensor (slices, transposes, reshapes) whose memory changes in place while gradients are followed.

A change through a window is a change of the whole: the base takes on the story "what it was, with new numbers in these
places". Every other window on it is told anew when it is next used: it is now a choice of places from the new base.
"""

from __future__ import annotations

import numpy as np

from glassnet.core import layout, ops
from glassnet.core.mode import mode
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor, alias, wrap
from glassnet.errors import GradientError, complain


def base_of(window: Tensor) -> Tensor | None:
    """The tensor that the window looks at, unless one of them has been given other memory since (.data = …)."""
    if window.base is not None and not np.may_share_memory(window.array, window.base.array):
        window.base = None
    return window.base


def places_of(window: Tensor, base: Tensor) -> np.ndarray:
    """Which numbers of the base, counted row by row, the window shows: whole numbers of the window's shape."""
    whole, part = base.array, window.array
    start = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    spots = _offsets(whole).reshape(-1)
    order = np.argsort(spots)
    return order[np.searchsorted(spots, _offsets(part) + start, sorter=order)]


def _offsets(a: np.ndarray) -> np.ndarray:
    """How far each number lies from the first, in bytes."""
    offsets: np.ndarray = np.zeros(a.shape, np.int64)
    for axis, (length, step) in enumerate(zip(a.shape, a.strides, strict=True)):
        along: tuple[int, ...] = (-1, *[1] * (a.ndim - axis - 1))
        steps = np.arange(int(length), dtype=np.int64) * step
        np.add(offsets, steps.reshape(along), out=offsets)
    return offsets


def check_apart(window: Tensor, places: np.ndarray) -> None:
    """Refuse to change a window that shows a number twice, as `expand` does."""
    if np.unique(places).size < places.size:
        got = f"in place: got a window of shape {tuple(window.shape)} that shows some numbers several times"
        raise GradientError(complain(got, "expected each of them once", "Try .clone() before the change"))


def stored(before: Tensor, places: Tensor, values: Tensor) -> Tensor:
    """What the base was, with values in these places; the gradient of a place goes to what stands there.

    A place that is named several times takes the mean, as its gradient is shared.
    """
    flat, shape = places.reshape(-1), tuple(before.array.shape)
    spread = values.expand(places.array.shape).reshape(-1)
    ones = wrap(np.ones(int(flat.array.size), before.array.dtype))
    put, hits = (ops.unpick(v, flat, at=([0],), shape=(before.array.size,)).reshape(shape) for v in (spread, ones))
    result = layout.where(ops.gt(hits, 0), put / ops.maximum(hits, 1), before)
    return called(result, "CopySlices", before, values)


def look_again(window: Tensor) -> None:
    """Make the window a choice of places from its base as that is now; its own past lives on as an alias."""
    base = base_of(window)
    if base is None:
        return
    if mode.trace is not None:
        mode.trace.stop("a window on a tensor that was changed in place is used again")
    past, places = alias(window), wrap(places_of(window, base))
    seen = ops.pick(ops.reshape(base, shape=(-1,)), places, at=([0],))
    called(seen, "AsStridedBackward0", base)
    window.past = past
    window.needs_grad, window.op, window.inputs, window.attrs = seen.needs_grad, seen.op, seen.inputs, seen.attrs
    window.serial, window.label, window.spent = seen.serial, seen.label, False
