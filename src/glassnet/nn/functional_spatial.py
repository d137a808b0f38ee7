"""Functions of images and sequences: padding, convolution, pooling.

Images are (N, C, H, W), sequences (N, C, L); the batch axis may be left out. A convolution is one matrix product with
every window of the image; sequences are images of height 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.core import layout, ops
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain
from glassnet.nn.checks import need_float, need_tensors, shape_of

Pair = tuple[int, int]


def pair(value: Any) -> Pair:
    """One number for both directions, or two."""
    if isinstance(value, Sequence):
        return (int(value[0]), int(value[-1]))
    return (int(value), int(value))


def _single(value: Any, height: int) -> Any:
    """The setting of a sequence as that of an image of height 1."""
    if isinstance(value, str) or value is None:
        return value
    return (height, int(value[0]) if isinstance(value, Sequence) else int(value))


def _batched(name: str, x: Tensor, axes: int) -> tuple[Tensor, bool]:
    """The input with a batch axis, and whether it had to be added."""
    need_tensors(name, input=x)
    if x.array.ndim not in (axes, axes - 1):
        sizes = ("channels", "height", "width") if axes == 4 else ("channels", "length")
        expected = f"expected (batch, {', '.join(sizes)}), the batch axis optional"
        hint = "Try x.unsqueeze(0), for one channel" if x.array.ndim == axes - 2 else "Try x.reshape(...)"
        raise ShapeError(complain(f"{name}: got input of shape {shape_of(x)}", expected, hint))
    return (layout.unsqueeze(x, 0), True) if x.array.ndim == axes - 1 else (x, False)


# ---- padding --------------------------------------------------------------------------------------------------------


@shown_as("ConstantPadNdBackward0")
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """A margin around the last axes: pad is (left, right, top, bottom, ...), negative to cut away.

    mode: "constant" (filled with value), "reflect" (mirrored without the edge), "replicate" (the edge itself),
    "circular" (the other end).

    >>> import glassnet as torch
    >>> pad(torch.tensor([[1, 2, 3]]), (2, 1), mode="reflect")
    tensor([[3, 2, 1, 2, 3, 2]])
    """
    need_tensors("pad", input=input)
    n = input.array.ndim
    if len(pad) % 2 or len(pad) > 2 * n:
        got = f"pad: got {len(pad)} widths for {n} {'axis' if n == 1 else 'axes'}"
        raise ShapeError(complain(got, f"expected two per axis, at most {2 * n}", "Try (left, right)"))
    ends = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]  # of the last axis first
    widths = tuple([(0, 0)] * (n - len(ends)) + ends[::-1])
    if mode == "constant":
        return _with_margin(input, widths, 0.0 if value is None else value)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            places = _mirrored(mode, input.array.shape[axis], before, after)
            input = ops.pick(input, wrap(places), at=(*[slice(None)] * axis, [0]))
    return input


def _with_margin(x: Tensor, widths: tuple[Pair, ...], value: float) -> Tensor:
    if any(min(w) < 0 for w in widths):
        cut = [(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(widths, x.array.shape, strict=True)]
        x = ops.window(x, index=tuple(slice(a, max(a, b)) for a, b in cut))
    widths = tuple((max(a, 0), max(b, 0)) for a, b in widths)
    return ops.pad(x, widths=widths, value=value) if any(map(any, widths)) else x


def _mirrored(mode: str, n: int, before: int, after: int) -> np.ndarray:
    """Which place of an axis each place of the padded axis shows."""
    at = np.arange(-before, n + after)
    if mode == "replicate":
        return at.clip(0, n - 1)
    most = n - 1 if mode == "reflect" else n
    if mode not in ("reflect", "circular"):
        expected = "expected 'constant', 'reflect', 'replicate' or 'circular'"
        raise ValueRangeError(complain(f"pad: got mode={mode!r}", expected, "Try mode='constant'"))
    if max(before, after) > most:
        got = f"pad: got widths ({before}, {after}) for an axis of length {n}"
        raise ShapeError(complain(got, f"expected at most {most} with mode={mode!r}", "Try mode='replicate'"))
    return n - 1 - np.abs(n - 1 - np.abs(at)) if mode == "reflect" else at % n


# ---- convolution ----------------------------------------------------------------------------------------------------


@shown_as("ConvolutionBackward0")
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Every window of the image weighed and added up, for each output channel.

    input (N, C, H, W), weight (out, C / groups, kh, kw), bias (out,). padding: a margin of zeros, "valid" (none) or
    "same" (as much as keeps the size).

    >>> import glassnet as torch
    >>> conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])

    Y. LeCun and others, Backpropagation applied to handwritten zip code recognition, 1989.
    """
    x, lone = _batched("conv2d", input, 4)
    _check_convolution(x, weight, groups)
    stride, dilation = pair(stride), pair(dilation)
    size = (weight.array.shape[2], weight.array.shape[3])
    x = _with_margin(x, ((0, 0), (0, 0), *_margins(padding, size, stride, dilation)), 0.0)
    _check_fits("conv2d", shape_of(x)[2:], size, dilation)
    cols = ops.unfold(x, size=size, stride=stride, dilation=dilation)  # (N, C, kh, kw, oh, ow)
    y = _weigh_windows(cols, weight, groups)
    y = y if bias is None else y + ops.reshape(bias, shape=(-1, 1, 1))
    return layout.squeeze(y, 0) if lone else y


def _weigh_windows(cols: Tensor, weight: Tensor, groups: int) -> Tensor:
    n, c, kh, kw, oh, ow = cols.array.shape
    out, k = weight.array.shape[0], c // groups * kh * kw
    if groups == 1:
        rows = ops.reshape(weight, shape=(out, k))
        y = ops.matmul(rows, ops.reshape(cols, shape=(n, k, oh * ow)))  # (N, out, places) = (out, k) @ (N, k, places)
    else:
        rows = ops.reshape(weight, shape=(groups, out // groups, k))
        y = ops.matmul(rows, ops.reshape(cols, shape=(n, groups, k, oh * ow)))  # (N, groups, out / groups, places)
    return ops.reshape(y, shape=(n, out, oh, ow))


def _check_convolution(x: Tensor, weight: Tensor, groups: int) -> None:
    if x.array.dtype != weight.array.dtype:
        got = f"conv2d: got input of {x.dtype} and weight of {weight.dtype}"
        raise DTypeError(complain(got, "expected the same dtype", f"Try input.to({weight.dtype})"))
    channels, (out, part, kh, kw) = x.array.shape[1], weight.array.shape
    if channels != part * groups:
        got = f"conv2d: x has {channels} channels but weight expects {part * groups}"
        shapes = f"(x is {shape_of(x)}, weight is {shape_of(weight)})"
        images = f", or x.unsqueeze(1) for {channels} grey images" if x.array.shape[0] == 1 == part * groups else ""
        raise ShapeError(f"{got} {shapes}. Try Conv2d({channels}, {out}, kernel_size=({kh}, {kw})){images}.")


def _margins(padding: Any, size: Pair, stride: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if stride != (1, 1):
            got = f"conv2d: got padding='same' with stride={stride}"
            raise ValueRangeError(complain(got, "expected stride 1", f"Try padding={size[0] // 2}"))
        spare = [d * (k - 1) for d, k in zip(dilation, size, strict=True)]
        return (spare[0] // 2, spare[0] - spare[0] // 2), (spare[1] // 2, spare[1] - spare[1] // 2)
    if isinstance(padding, str):
        got = f"conv2d: got padding={padding!r}"
        raise ValueRangeError(complain(got, "expected a number, 'same' or 'valid'", "Try padding='same'"))
    top, left = pair(padding)
    return (top, top), (left, left)


def _check_fits(name: str, room: tuple[int, ...], size: Pair, dilation: Pair = (1, 1)) -> None:
    span = tuple(d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True))
    if span[0] > room[0] or span[1] > room[1]:
        got = f"{name}: got an image of {room[0]} x {room[1]} (padding included) for a window of {span[0]} x {span[1]}"
        raise ShapeError(complain(got, "expected a window that fits in", f"Try padding={max(span) // 2}"))


@shown_as("ConvolutionBackward0")
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Every window of the sequence weighed and added up: input (N, C, L), weight (out, C / groups, k), bias (out,)."""
    x, lone = _batched("conv1d", input, 3)
    image, kernel = layout.unsqueeze(x, 2), layout.unsqueeze(weight, 2)
    settings = (_single(stride, 1), _single(padding, 0), _single(dilation, 1))
    y = layout.squeeze(conv2d(image, kernel, bias, *settings, groups), 2)
    return layout.squeeze(y, 0) if lone else y


# ---- pooling --------------------------------------------------------------------------------------------------------


def _pool_margins(
    name: str, room: tuple[int, ...], size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[Pair, Pair]:
    """The margins of both directions; with ceil_mode the far one grows until the last started window is complete."""
    margins: list[Pair] = []
    for n, k, s, p, d in zip(room, size, stride, padding, dilation, strict=True):
        span = d * (k - 1) + 1
        if 2 * p > span:
            got = f"{name}: got padding={p} for a window of {span}"
            raise ValueRangeError(complain(got, "expected at most half of it", f"Try padding={span // 2}"))
        steps = (n + 2 * p - span) / s
        last = math.ceil(steps) if ceil_mode else math.floor(steps)
        if ceil_mode and last * s >= n + p:
            last -= 1  # a window must start inside the image or its near margin
        margins.append((p, max(last * s + span - n - p, p if not ceil_mode else 0)))
    return margins[0], margins[1]


@shown_as("MaxPool2DWithIndicesBackward0")
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number in every window; the stride is the window's size unless told.

    Of equal numbers the first is taken, and takes the gradient. With return_indices the places in the image, counted
    row by row, come second.

    >>> import glassnet as torch
    >>> max_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """
    x, lone = _batched("max_pool2d", input, 4)
    need_float("max_pool2d", input=x)
    size, dilation, padding = pair(kernel_size), pair(dilation), pair(padding)
    step = size if stride is None or stride == [] else pair(stride)
    margins = _pool_margins("max_pool2d", shape_of(x)[2:], size, step, padding, dilation, ceil_mode)
    room = _with_margin(x, ((0, 0), (0, 0), *margins), -math.inf)
    _check_fits("max_pool2d", shape_of(room)[2:], size, dilation)
    cols = ops.unfold(room, size=size, stride=step, dilation=dilation)  # (N, C, kh, kw, oh, ow)
    n, c, kh, kw, oh, ow = cols.array.shape
    flat = ops.reshape(cols, shape=(n, c, kh * kw, oh, ow))
    best = ops.argmax(flat, dim=2, keepdim=True)
    y = layout.squeeze(ops.gather(flat, best, dim=2), 2)
    y = layout.squeeze(y, 0) if lone else y
    if not return_indices:
        return y
    places = _places(layout.squeeze(best, 2), x.array.shape[3], size, step, padding, dilation)
    return y, layout.squeeze(places, 0) if lone else places


def _places(best: Tensor, width: int, size: Pair, step: Pair, padding: Pair, dilation: Pair) -> Tensor:
    """Winners within their windows as places in the image."""
    oh, ow = best.array.shape[2:]
    top = wrap(np.arange(oh).reshape(-1, 1) * step[0] - padding[0])
    left = wrap(np.arange(ow) * step[1] - padding[1])
    row = ops.floor_divide(best, size[1]) * dilation[0] + top
    column = ops.remainder(best, size[1]) * dilation[1] + left
    return row * width + column


@shown_as("SqueezeBackward1")
def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number in every window of a sequence (N, C, L)."""
    x, lone = _batched("max_pool1d", input, 3)
    settings = (_single(kernel_size, 1), _single(stride, 1), _single(padding, 0), _single(dilation, 1))
    found = max_pool2d(layout.unsqueeze(x, 2), *settings, ceil_mode, return_indices)
    parts = [layout.squeeze(t, 2) for t in (found if return_indices else (found,))]
    parts = [layout.squeeze(t, 0) for t in parts] if lone else parts
    return tuple(parts) if return_indices else parts[0]


@shown_as("AvgPool2DBackward0")
def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window; the stride is the window's size unless told.

    The margin counts as zeros, or not at all without count_include_pad.

    >>> import glassnet as torch
    >>> avg_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    x, lone = _batched("avg_pool2d", input, 4)
    need_float("avg_pool2d", input=x)
    size, padding = pair(kernel_size), pair(padding)
    step = size if stride is None or stride == [] else pair(stride)
    margins = _pool_margins("avg_pool2d", shape_of(x)[2:], size, step, padding, (1, 1), ceil_mode)
    room = _with_margin(x, ((0, 0), (0, 0), *margins), 0.0)
    _check_fits("avg_pool2d", shape_of(room)[2:], size)
    cols = ops.unfold(room, size=size, stride=step, dilation=(1, 1))  # (N, C, kh, kw, oh, ow)
    total = ops.sum(cols, dim=(2, 3), keepdim=False)
    counts = _counts(shape_of(x)[2:], margins, size, step, padding if count_include_pad else (0, 0), x.array.dtype)
    y = total / (counts if divisor_override is None else float(divisor_override))
    return layout.squeeze(y, 0) if lone else y


def _counts(room: tuple[int, ...], margins: Any, size: Pair, step: Pair, counted: Pair, kind: Any) -> Tensor:
    """How many places of every window count: those of the image, and of the margin as far as it is counted."""
    sides: list[np.ndarray] = []
    for n, (near, far), k, s, p in zip(room, margins, size, step, counted, strict=True):
        start = np.arange((near + n + far - k) // s + 1) * s - near
        sides.append(np.minimum(start + k, n + p) - np.maximum(start, -p))
    return wrap((sides[0].reshape(-1, 1) * sides[1]).astype(kind))


@shown_as("SqueezeBackward1")
def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window of a sequence (N, C, L)."""
    x, lone = _batched("avg_pool1d", input, 3)
    settings = (_single(kernel_size, 1), _single(stride, 1), _single(padding, 0))
    y = layout.squeeze(avg_pool2d(layout.unsqueeze(x, 2), *settings, ceil_mode, count_include_pad), 2)
    return layout.squeeze(y, 0) if lone else y


@shown_as("AdaptiveAvgPool2DBackward0")
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of as many windows as the output has places; None keeps a size.

    The image is multiplied from both sides by a matrix of averages.

    >>> import glassnet as torch
    >>> adaptive_avg_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 1)
    tensor([[[[7.5000]]]])
    """
    x, lone = _batched("adaptive_avg_pool2d", input, 4)
    need_float("adaptive_avg_pool2d", input=x)
    wanted = output_size if isinstance(output_size, Sequence) else (output_size, output_size)
    h, w = (n if want is None else want for n, want in zip(shape_of(x)[2:], wanted, strict=True))
    rows, columns = (_averages(n, m, x.array.dtype) for n, m in zip(shape_of(x)[2:], (h, w), strict=True))
    y = ops.matmul(ops.matmul(rows, x), ops.permute(columns, dims=(1, 0)))  # (N, C, h, w)
    return layout.squeeze(y, 0) if lone else y


def _averages(n: int, windows: int, kind: Any) -> Tensor:
    """The matrix (windows, n) that averages the places floor(i n / windows) to ceil((i + 1) n / windows)."""
    start = np.arange(windows) * n // windows
    stop = -(-np.arange(1, windows + 1) * n // windows)
    place = np.arange(n)
    inside = (place >= start[:, None]) & (place < stop[:, None])
    return wrap((inside / inside.sum(1, keepdims=True)).astype(kind))
