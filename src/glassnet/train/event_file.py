"""TensorBoard's event files, written from scratch: records with checksums around protocol buffers.

    record      length (8 bytes), its checksum (4), the event, the event's checksum (4), all little-endian
    checksum    CRC-32C, rotated by 15 bits and shifted by a constant, so that a checksum of checksums is none
    event       time, step, and a summary of named values: a number, a histogram, an image, or a tensor of text

Only the handful of fields that TensorBoard shows are written.

Reference: TensorFlow, `event.proto`, `summary.proto`, `record_writer.cc` (2015–2024); RFC 3720, B.4 (2004): CRC-32C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from glassnet.train.activity import span_of

_POLYNOMIAL = 0x82F63B78  # CRC-32C's, its bits reversed
_DELTA = 0xA282EAD8
_LARGEST = 1e150  # whose square is a number
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5  # protocol buffers' kinds of fields


def _table() -> list[int]:
    values = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        values.append(value)
    return values


_CRC = _table()


def crc32c(data: bytes) -> int:
    """The checksum that iSCSI and TensorFlow use.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    value, table = 0xFFFFFFFF, _CRC
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """One record of an event file."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, _masked(length), data, _masked(data)))


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + _DELTA) & 0xFFFFFFFF)


# ---- protocol buffers -----------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    """A whole number, seven bits at a time, the lowest first.

    >>> varint(300).hex()
    'ac02'
    """
    value &= (1 << 64) - 1  # a negative number is its two's complement
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _key(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)


def whole(number: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return _key(number, _VARINT) + varint(value)


def double(number: int, value: float) -> bytes:
    """A field that holds a number of 64 bits."""
    return _key(number, _DOUBLE) + struct.pack("<d", value)


def single(number: int, value: float) -> bytes:
    """A field that holds a number of 32 bits."""
    return _key(number, _FLOAT) + np.float32(value).astype("<f4").tobytes()


def inside(number: int, data: bytes | str) -> bytes:
    """A field that holds bytes, a text or another message."""
    data = data.encode() if isinstance(data, str) else data
    return _key(number, _BYTES) + varint(len(data)) + data


def doubles(number: int, values: Iterable[float]) -> bytes:
    """A field that holds many numbers of 64 bits."""
    return inside(number, np.asarray(list(values), "<f8").tobytes())


# ---- events ---------------------------------------------------------------------------------------------------------


def event(wall_time: float, step: int = 0, *, summary: bytes | None = None, version: str | None = None) -> bytes:
    """`Event`: something that happened at a time, at a step of the training."""
    parts = [double(1, wall_time), whole(2, step)]
    parts += [inside(3, version)] if version is not None else []
    parts += [inside(5, summary)] if summary is not None else []
    return b"".join(parts)


def scalar(tag: str, value: float) -> bytes:
    """`Summary` of one number."""
    return _summary(tag, single(2, value))


def image(tag: str, png: bytes, height: int, width: int, channels: int) -> bytes:
    """`Summary` of one image, as the bytes of a PNG."""
    encoded = b"".join((whole(1, height), whole(2, width), whole(3, channels), inside(4, png)))
    return _summary(tag, inside(4, encoded))


def histogram(tag: str, found: Histogram) -> bytes:
    """`Summary` of a histogram."""
    numbers = (found.low, found.high, found.count, found.total, found.squares)
    parts = [double(i, float(value)) for i, value in enumerate(numbers, 1)]
    return _summary(tag, inside(5, b"".join([*parts, doubles(6, found.limits), doubles(7, found.counts)])))


def text(tag: str, words: str) -> bytes:
    """`Summary` of a text, as a tensor of one string for the plug-in that shows texts."""
    dtype, shape = whole(1, 7), inside(2, inside(2, whole(1, 1)))  # DT_STRING; one dimension of size 1
    tensor = dtype + shape + inside(8, words)
    metadata = inside(1, inside(1, "text"))
    return _summary(f"{tag}/text_summary", inside(9, metadata), inside(8, tensor))


def _summary(tag: str, *parts: bytes) -> bytes:
    return inside(1, b"".join((inside(1, tag), *parts)))


class Histogram(NamedTuple):
    """What TensorBoard wants to know of many numbers; bucket i ends at `limits[i]`."""

    low: float
    high: float
    count: float
    total: float
    squares: float
    limits: Sequence[float]
    counts: Sequence[float]

    @classmethod
    def of(cls, numbers: np.ndarray, bins: int = 64) -> Histogram:
        """Of the finite ones among the numbers, in buckets of equal width.

        >>> Histogram.of(np.array([0.0, 1.0, 1.0, np.nan]), bins=2)[:4]
        (0.0, 1.0, 3, 2.0)
        """
        flat = np.asarray(numbers, np.float64).reshape(-1)
        flat = flat[np.isfinite(flat)].clip(-_LARGEST, _LARGEST)
        if not flat.size:
            return cls(0.0, 0.0, 0, 0.0, 0.0, [0.0], [0])
        counts, edges = np.histogram(flat, bins, span_of(flat))
        low, high = float(flat.min()), float(flat.max())
        # TensorBoard takes the first bucket to begin at the last limit before it: an empty one ends where it begins.
        limits, full = [float(edges[0]), *edges[1:].tolist()], [0, *counts.tolist()]
        return cls(low, high, flat.size, float(flat.sum()), float(flat.dot(flat)), limits, full)
