"""Binary frames: what is sent many times a second, for typed arrays. `docs/play-protocol.md` says the same in words.

A frame is a header of fixed size, then arrays at the places that the latest `layout` message lists, then the part of
the curve that is new. Numbers are little-endian. A NaN loss is a NaN here: no reader chokes on it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from glassnet.server.reports import Block

HEADER_BYTES = 128
# name, NumPy's type, what it is
HEADER: tuple[tuple[str, str, str], ...] = (
    ("magic", "<u4", "the kind of the frame: one of the numbers below"),
    ("layout", "<u4", "the layout message that says how to read it"),
    ("sequence", "<u4", "counts frames; a gap is a frame that was dropped"),
    ("flags", "<u4", "1 running, 2 the loss is not a number, 4 the curve begins anew"),
    ("epoch", "<f8", "how often the training points have been seen, with its fraction"),
    ("step", "<f8", "updates so far"),
    ("train_loss", "<f8", "mean loss over the training points, without penalties"),
    ("test_loss", "<f8", "the same over the test points; NaN without any"),
    ("train_score", "<f8", "accuracy, or R² for heights"),
    ("test_score", "<f8", "the same over the test points; NaN without any"),
    ("learning_rate", "<f8", "the rate of the last step"),
    ("epochs_per_second", "<f8", "how fast it trains"),
    ("penalty", "<f8", "what L1 and L2 add to the loss"),
    ("curve", "<u4", "how many rows of CURVE follow the arrays"),
    ("reserved", "<u4", "0"),
)
HEADER_TYPE = np.dtype([(name, kind) for name, kind, _ in HEADER])
_HEADER = struct.Struct("<" + "".join({"<u4": "I", "<f8": "d"}[kind] for _, kind, _ in HEADER))
CURVE = ("epoch", "train_loss", "test_loss", "train_score", "test_score")  # float64 each
FRAME, POINTS, FILTERS = 0x31464E47, 0x31504E47, 0x31444E47  # "GNF1", "GNP1", "GND1" as bytes
RUNNING, NOT_A_NUMBER, CURVE_ANEW = 1, 2, 4
DTYPES = {
    "i8": np.dtype("i1"),
    "u8": np.dtype("u1"),
    "u32": np.dtype("<u4"),
    "f32": np.dtype("<f4"),
    "f64": np.dtype("<f8"),
}


class Numbers(NamedTuple):
    """The numbers of a frame's header, in its order, between the magic and the curve."""

    layout: int = 0
    sequence: int = 0
    flags: int = 0
    epoch: float = 0.0
    step: float = 0.0
    train_loss: float = float("nan")
    test_loss: float = float("nan")
    train_score: float = float("nan")
    test_score: float = float("nan")
    learning_rate: float = 0.0
    epochs_per_second: float = 0.0
    penalty: float = 0.0


def place(arrays: Sequence[tuple[str, str, Sequence[int]]]) -> tuple[list[Block], int]:
    """Where arrays of these names, types and shapes lie in a frame, each at a multiple of 8, and where the last ends.

    >>> place([("scales", "f32", (3,)), ("grids", "i8", (3, 10, 10))])[1]
    448
    """
    blocks, at = [], HEADER_BYTES
    for name, dtype, shape in arrays:
        blocks.append(Block(name, dtype, list(shape), at))  # type: ignore[arg-type]
        at += -(-DTYPES[dtype].itemsize * math.prod(shape) // 8) * 8
    return blocks, at


class Canvas:
    """The memory of one frame after another: `arrays` are windows on it, filled anew each time.

    >>> blocks, size = place([("weights", "f32", (2,))])
    >>> canvas = Canvas(blocks, size)
    >>> canvas.arrays["weights"][...] = 1, 2
    >>> len(canvas.packed(Numbers(), np.zeros((1, 5)))) == size + 40
    True
    """

    def __init__(self, blocks: Sequence[Block], size: int) -> None:
        self._memory = bytearray(size)
        self.arrays = {
            b.name: np.frombuffer(self._memory, DTYPES[b.dtype], math.prod(b.shape), b.offset).reshape(b.shape)
            for b in blocks
        }

    def packed(self, numbers: Numbers, curve: np.ndarray) -> bytes:
        """What it holds now, with its header. `curve` is `(rows, 5)`."""
        _HEADER.pack_into(self._memory, 0, FRAME, *numbers, len(curve), 0)
        if not len(curve):
            return bytes(self._memory)
        return b"".join((self._memory, curve.astype("<f8", copy=False).tobytes()))


def pack(
    numbers: Numbers, blocks: Sequence[Block], size: int, arrays: Mapping[str, np.ndarray], curve: np.ndarray
) -> bytes:
    """One frame. `curve` is `(rows, 5)`."""
    canvas = Canvas(blocks, size)
    for name, array in canvas.arrays.items():
        array[...] = arrays[name]
    return canvas.packed(numbers, curve)


def pack_points(train: np.ndarray, test: np.ndarray) -> bytes:
    """The points: u32 magic, u32 training points, u32 test points, u32 0, then float32 rows x1, x2, target."""
    head = np.array([POINTS, len(train), len(test), 0], "<u4").tobytes()
    return head + np.concatenate((train, test)).astype("<f4").tobytes()


def pack_filters(weights: np.ndarray, width: int, height: int, epoch: float) -> bytes:
    """Weights of a first layer as images.

    u32 magic, u32 units, u32 width, u32 height, f64 epoch, float32 scale of each unit (padded to 8 bytes), then int8
    rows: weight = number * scale / 127.
    """
    scale, small = quantised(weights)
    head = np.array([FILTERS, len(weights), width, height], "<u4").tobytes() + np.array([epoch], "<f8").tobytes()
    padding = b"\0" * (-scale.nbytes % 8)
    return head + scale.astype("<f4").tobytes() + padding + small.tobytes()


_NOTHING = 1e-36  # a largest number below this is shown as 0: 127 divided by it would be infinite in float32


def quantised(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest size in each row, and the row in steps of 1/127 of it; a number that is none becomes -128.

    >>> scale, small = quantised(np.array([[0.5, -1.0], [0.0, 0.0]]))
    >>> scale.tolist(), small.tolist()
    ([1.0, 0.0], [[64, -127], [0, 0]])
    """
    steps = np.array(rows.reshape(len(rows), -1))
    scale = in_steps(steps)
    return scale, steps.astype(np.int8).reshape(rows.shape)


def in_steps(rows: np.ndarray) -> np.ndarray:
    """Put whole steps, as `quantised` has them, in the place of the numbers of rows, `(n, cells)`; the largest sizes.

    >>> rows = np.array([[0.5, -1.0], [np.nan, 3.0]])
    >>> in_steps(rows).tolist(), rows.tolist()
    ([1.0, 3.0], [[64.0, -127.0], [-128.0, 127.0]])
    """
    # two passes that make nothing: quicker than abs, which makes an array as large as the rows
    scale = np.maximum(np.maximum.reduce(rows, axis=1), -np.minimum.reduce(rows, axis=1))
    sizes = scale.tolist()  # few: plain numbers are looked at sooner than arrays
    if sizes and math.isfinite(sum(sizes)) and min(sizes) > _NOTHING:
        rows *= (127.0 / scale)[:, None]
        np.rint(rows, out=rows)
        return scale
    nothing = ~np.isfinite(rows)
    rows[nothing] = 0
    scale = abs(rows).max(axis=1)
    rows *= (127.0 / np.where(scale > _NOTHING, scale, 1.0))[:, None]
    np.rint(rows, out=rows)
    rows[nothing] = -128
    return scale
