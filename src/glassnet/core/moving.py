"""How NumPy moves numbers from place to place: picking and placing, windows, ends joined, fresh memory.

These are kernels like those of `kernels.py`, under the same convention.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.core.kernels import Array, Call
from glassnet.core.kinds import ARRAYS
from glassnet.errors import ValueRangeError, complain

# ---- picking and placing ------------------------------------------------------------------------------------------


def check_labels(labels: Array, classes: int, wider: str = "a last layer with {} outputs") -> None:
    """Labels must lie in 0..classes-1; seen as unsigned, one comparison finds negative ones as well."""
    if labels.size and int(labels.view(np.uint64).max()) >= classes:
        row = int(np.flatnonzero((labels < 0) | (labels >= classes))[0])
        label = int(labels.reshape(-1)[row])
        expected = f"expected labels from 0 to {classes - 1}, because there are {classes} classes"
        hint = f"{wider.format(int(labels.max()) + 1)}, or check the labels"
        if label < 0:
            hint = f"labels from 0, or ignore_index={label} in the loss for rows without one"
        elif label == classes and labels.min() == 1:
            hint = "labels - 1: they seem to count from 1"
        raise ValueRangeError(complain(f"got label {label} at row {row}", expected, f"Try {hint}"))


NO_LABEL = -100  # PyTorch's mark of a row that is to be left out
_NO_LABEL = np.array(NO_LABEL)  # the same as a 0-d array, which NumPy compares with faster
_UNSIGNED = np.dtype(np.uint64)


def settle(y: Array, labels: Array, classes: int) -> None:
    """Check the labels by which y was chosen, and put 0 where there is none."""
    if labels.size and np.maximum.reduce(labels.view(_UNSIGNED), None) >= classes:
        none = labels == NO_LABEL
        check_labels(np.where(none, 0, labels), classes)
        y[none] = np.nan if none.all() else 0  # a mean over nothing is no number


def label_weights(labels: Array, out: Array | None = None, *, dtype: np.dtype[Any]) -> Array:
    """-1 / n for each of the n rows that have a label, 0 for the others: what turns scores into their mean loss."""
    out = np.empty(labels.shape, dtype) if out is None else out
    none = labels == _NO_LABEL
    missing = int(np.count_nonzero(none))
    out.fill(-1 / max(labels.size - missing, 1))
    if missing:
        out[none] = 0
    return out


def choose(a: Array, labels: Array, out: Array | None = None) -> Array:
    """y[i] = a[i, labels[i]], and 0 where labels[i] is NO_LABEL."""
    y = a[np.arange(len(labels)), np.minimum(np.maximum(labels, 0), a.shape[1] - 1)]
    settle(y, labels, a.shape[1])
    if out is None:
        return y
    np.copyto(out, y)
    return out


def choose_calls(out: Array, a: Array, labels: Array) -> list[Call] | None:
    """The calls that make up `choose`."""
    flat, first, step = _flat(a)
    if flat is None:
        return None
    at, spots = _spots(labels, first, step)
    return [*spots, (flat.take, (at, None, out, "clip"), None), (settle, (out, labels, a.shape[1]), None)]


def _spots(labels: Array, first: Array, step: int) -> tuple[Array, list[Call]]:
    """Where each label's number lies on the line of all numbers."""
    at = np.empty(labels.shape, np.int64)
    if step == 1:
        return at, [(np.add, (labels, first), at)]
    return at, [(np.multiply, (labels, np.asarray(step)), at), (np.add, (at, first), at)]


def _flat(a: Array) -> tuple[Array | None, Array, int]:
    """A matrix as one line of numbers: where each row starts, and how far apart its columns are."""
    rows, columns = a.shape
    first = np.arange(rows, dtype=np.int64)
    if a.flags.c_contiguous:
        return a.reshape(-1), first * columns, 1
    if a.flags.f_contiguous:
        return a.T.reshape(-1), first, rows
    return None, first, 0


def place(g: Array, labels: Array, out: Array | None = None, *, classes: int) -> Array:
    """y[i, labels[i]] = g[i], the rest 0; where labels[i] is NO_LABEL, g[i] must be 0."""
    if out is None:
        out = np.zeros((len(labels), classes), g.dtype)
    else:
        out.fill(0)
    out[np.arange(len(labels)), np.maximum(labels, 0)] = g
    return out


def place_calls(out: Array, g: Array, labels: Array, *, classes: int) -> list[Call] | None:
    """The calls that make up `place`."""
    flat, first, step = _flat(out)
    if flat is None:
        return None
    at, spots = _spots(labels, first, step)
    spots.append((np.maximum, (at, first), at))  # a row without a label puts its 0 in its own first place
    number = np.lib.stride_tricks.as_strided(g, (), ()) if g.size and not any(g.strides) else g
    return [(out.fill, (0,), None), *spots, (flat.put, (at, number), None)]


def build_index(at: Sequence[Any], indices: Sequence[Array]) -> tuple[Any, ...]:
    """Put the index arrays where the template has their numbers."""
    return tuple(_entry(i, indices) for i in at)


def _entry(spot: Any, indices: Sequence[Array]) -> Any:
    return indices[spot[0]] if isinstance(spot, list) else spot  # pyright: ignore[reportUnknownVariableType]


def slide(a: Array, *, dim: int, size: int, step: int) -> Array:
    """Every window of that size along one axis, step apart; the windows lie along a new last axis."""
    windows = np.lib.stride_tricks.sliding_window_view(a, size, dim, writeable=True)
    return windows[(slice(None),) * dim + (slice(None, None, step),)]


def strided(a: Array, *, size: tuple[int, ...], stride: tuple[int, ...], start: int) -> Array:
    """Of all numbers on one line, those at start + i * stride[0] + j * stride[1] + …: the same memory."""
    steps = [s * a.itemsize for s in stride]
    line = np.ascontiguousarray(a).reshape(-1)  # a itself where it is laid out row by row
    return np.lib.stride_tricks.as_strided(line[start:], size, steps)


def diagonal(a: Array, *, offset: int) -> Array:
    """The numbers whose column is their row plus offset, of the matrices in the last two axes: the same memory."""
    found = a.diagonal(offset, -2, -1)
    found.flags.writeable = a.flags.writeable
    return found


def pick(a: Array, *indices: Array, out: Array | None = None, at: Sequence[Any]) -> Array:
    """a[at], with arrays of integers among the indices: a copy."""
    y = a[build_index(at, indices)]
    if out is None:
        return y
    np.copyto(out, y)
    return out


def pick_calls(out: Array, a: Array, *indices: Array, at: Sequence[Any]) -> list[Call] | None:
    """The calls that make up `pick`."""
    if len(at) == 1 and len(indices) == 1 and out.flags.c_contiguous:
        return [(np.take, (a, indices[0], 0, out), None)]
    return None


def check_rows(indices: Array, entries: int) -> None:
    """Indices must lie in 0..entries-1; seen as unsigned, one comparison finds negative ones as well."""
    if indices.size and np.maximum.reduce(indices.view(_UNSIGNED), None) >= entries:
        wrong = [int(i) for i in np.argwhere((indices < 0) | (indices >= entries))[0]]
        got = f"embedding: got index {indices[tuple(wrong)]} at position {wrong}"
        wider = f"Try Embedding({int(indices.max()) + 1}, …), or check the indices"
        hint = "Try numbers from 0: none is counted from the end" if indices[tuple(wrong)] < 0 else wider
        raise ValueRangeError(complain(got, f"expected 0 to {entries - 1}, the entries of the table", hint))


def embedding(table: Array, indices: Array, out: Array | None = None) -> Array:
    """The rows of a table that whole numbers from 0 name."""
    check_rows(indices, len(table))
    return table.take(indices, 0, out, "clip")


def embedding_calls(out: Array, table: Array, indices: Array) -> list[Call]:
    """The calls that make up `embedding`."""
    return [(check_rows, (indices, len(table)), None), (np.take, (table, indices, 0, out, "clip"), None)]


def unpick(g: Array, *indices: Array, out: Array | None = None, at: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """Zeros of that shape, with g added at the places that were picked (twice where picked twice)."""
    if out is None:
        out = np.zeros(shape, g.dtype)
    else:
        out.fill(0)
    np.add.at(out, build_index(at, indices), g)
    return out


def window_of(a: Array, *, index: Any) -> Array:
    """a[index] for slices and whole numbers: the same memory."""
    y: Any = a[index]  # a NumPy number where every axis is picked from
    return y if isinstance(y, ARRAYS) else a[(*index, ...)]  # a single number stays a window on the memory


def put_window(g: Array, out: Array | None = None, *, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of that shape, with g in the window."""
    if out is None:
        out = np.zeros(shape, g.dtype)
    else:
        out.fill(0)
    out[index] = g
    return out


def gather(a: Array, index: Array, out: Array | None = None, *, dim: int) -> Array:
    """y[i][j][k] = a[i][index[i][j][k]][k] for dim = 1."""
    if index.size and (int(index.min()) < 0 or int(index.max()) >= a.shape[dim]):
        raise ValueRangeError(
            f"gather: got indices from {index.min()} to {index.max()}; expected 0 to {a.shape[dim] - 1} along axis "
            f"{dim}. "
            f"Try index.clamp(0, {a.shape[dim] - 1}) after checking where they come from."
        )
    a = a[tuple(slice(None) if i == dim else slice(n) for i, n in enumerate(index.shape))]
    y = np.take_along_axis(a, index, dim)
    if out is None:
        return y
    np.copyto(out, y)
    return out


def scatter_add(g: Array, index: Array, out: Array | None = None, *, dim: int, shape: tuple[int, ...]) -> Array:
    """Zeros of that shape, with g added where gather would read it."""
    if out is None:
        out = np.zeros(shape, g.dtype)
    else:
        out.fill(0)
    np.add.at(out, _spots_along(index, dim), g)
    return out


def _spots_along(index: Array, dim: int) -> tuple[Array, ...]:
    """The places that index names along one axis; along the others each entry stays where it is."""
    spots: list[Array] = [*np.ix_(*map(np.arange, index.shape))]
    spots[dim] = index
    return tuple(spots)


_REDUCTIONS = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def scatter_reduce(
    a: Array, src: Array, index: Array, out: Array | None = None, *, dim: int, reduce: str, include_self: bool
) -> Array:
    """a, with the numbers of src that index sends to a place multiplied there, or the largest or least of them kept."""
    spots = _spots_along(index, dim)
    if out is None:
        out = a.copy()
    else:
        np.copyto(out, a)
    if not include_self:
        out[spots] = 1 if reduce == "prod" else _weakest(out.dtype, reduce)
    _REDUCTIONS[reduce].at(out, spots, src)
    return out


def _weakest(dtype: np.dtype[Any], reduce: str) -> Any:
    """The number that every other beats."""
    if dtype.kind == "f":
        return -np.inf if reduce == "amax" else np.inf
    return np.iinfo(dtype).min if reduce == "amax" else np.iinfo(dtype).max


def one_hot(labels: Array, *, classes: int) -> Array:
    """Rows of zeros with a 1 at the label."""
    check_labels(labels, classes, "num_classes={}")
    return np.eye(classes, dtype=np.int64)[labels]


# ---- shape and memory ---------------------------------------------------------------------------------------------


def concat(*parts: Array, out: Array | None = None, dim: int) -> Array:
    """The parts end to end along an axis."""
    return np.concatenate(parts, axis=dim, out=out)


def concat_calls(out: Array, *parts: Array, dim: int) -> list[Call]:
    """The calls that make up `concat`."""
    calls: list[Call] = []
    start = 0
    for p in parts:
        window = out[tuple(slice(start, start + p.shape[dim]) if i == dim else slice(None) for i in range(out.ndim))]
        calls.append((np.copyto, (window, p), None))
        start += p.shape[dim]
    return calls


def pack(*parts: Array, out: Array | None = None) -> Array:
    """All numbers end to end on one line."""
    return np.concatenate([p.reshape(-1) for p in parts], out=out)


def copy(a: Array, out: Array | None = None) -> Array:
    """The same numbers in memory of their own."""
    return np.logical_or(a, a, out=out) if a.dtype.kind == "b" else np.positive(a, out=out)


def copy_calls(out: Array, a: Array) -> list[Call] | None:
    """The call that makes a copy."""
    return None if a.dtype.kind == "b" else [(np.positive, (a,), out)]


def assign(target: Array, value: Array, out: Array | None = None) -> Array:
    """target, overwritten with value."""
    np.copyto(target, value, casting="same_kind")
    return target


def full(*, shape: tuple[int, ...], value: float, dtype: np.dtype[Any], out: Array | None = None) -> Array:
    """One value everywhere."""
    if out is None:
        return np.full(shape, value, dtype)
    out.fill(value)
    return out


def random(*, draw: Callable[..., Array], out: Array | None = None, **options: Any) -> Array:
    """Fresh random numbers from one of PyTorch's streams."""
    y = draw(**options)
    if out is None:
        return y
    np.copyto(out, y)
    return out


def pad(a: Array, out: Array | None = None, *, widths: tuple[tuple[int, int], ...], value: float) -> Array:
    """a with a margin of one value around it."""
    y = np.pad(a, widths, constant_values=value)
    if out is None:
        return y
    np.copyto(out, y)
    return out


def expand(a: Array, *, shape: tuple[int, ...]) -> Array:
    """a repeated to a shape: the same memory."""
    return np.broadcast_to(a, shape)


def unfold(
    a: Array, out: Array | None = None, *, size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Array:
    """Every kernel-sized window of (n, c, h, w) as (n, c, kh, kw, oh, ow)."""
    (kh, kw), (sh, sw), (dh, dw) = size, stride, dilation
    span = ((kh - 1) * dh + 1, (kw - 1) * dw + 1)
    windows = np.lib.stride_tricks.sliding_window_view(a, span, (2, 3))[:, :, ::sh, ::sw, ::dh, ::dw]
    y = windows.transpose(0, 1, 4, 5, 2, 3)  # (n, c, kh, kw, oh, ow)
    if out is None:
        return y.copy()
    np.copyto(out, y)
    return out


def fold(
    g: Array,
    out: Array | None = None,
    *,
    shape: tuple[int, ...],
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Array:
    """Add every window of unfold back at its place."""
    if out is None:
        out = np.zeros(shape, g.dtype)
    else:
        out.fill(0)
    (kh, kw), (sh, sw), (dh, dw) = size, stride, dilation
    oh, ow = g.shape[4:]
    for i in range(kh):
        for j in range(kw):
            out[:, :, i * dh : i * dh + sh * oh : sh, j * dw : j * dw + sw * ow : sw] += g[:, :, i, j]
    return out
