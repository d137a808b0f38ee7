"""The rows of a PNG: undoing the filters that make them compress well, and unpacking samples of a few bits.

Rows live on a canvas (height + 1, width + 1, step), `step` bytes to a pixel: a row of zeros above and a column of zeros
on the left stand in for the neighbours that the edges lack.

Reference: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", 2025, sections 7 and 9.
"""

import numpy as np

FILTERS = 5  # none, left, up, average, Paeth

# Weights of the left and the upper neighbour, and the shift that follows, for each filter but Paeth's.
_LEFT = np.array([0, 1, 0, 1, 0], np.int16)
_UP = np.array([0, 0, 1, 1, 0], np.int16)
_SHIFT = np.array([0, 0, 0, 1, 0], np.int16)
_PAETH = 4


def unfilter(canvas: np.ndarray, filters: np.ndarray) -> None:
    """Undo each row's filter in place: a byte is the stored one plus a prediction from three neighbours, modulo 256.

    A byte waits for those on its left, above, and between the two, so all bytes of an anti-diagonal are had at once:
    width + height rounds of array arithmetic instead of width · height rounds of Python.

    >>> left, up = 1, 2
    >>> canvas = np.zeros((3, 4, 1), np.uint8)
    >>> canvas[1:, 1:, 0] = [5, 1, 1], [1, 1, 1]
    >>> unfilter(canvas, np.array([left, up]))
    >>> canvas[1:, 1:, 0]
    array([[5, 6, 7],
           [6, 7, 8]], dtype=uint8)
    """
    height, width, step = canvas.shape[0] - 1, canvas.shape[1] - 1, canvas.shape[2]
    pixels = canvas.reshape(-1, step)  # one pixel down and one to the left is `width` pixels on
    left, up, shift = (table[filters][:, None] for table in (_LEFT, _UP, _SHIFT))  # (height, 1)
    paeth = (filters == _PAETH)[:, None]
    for diagonal in range(width + height - 1):
        first, last = max(0, diagonal - width + 1), min(height, diagonal + 1)
        start = (first + 1) * (width + 1) + diagonal - first + 1
        stop = start + (last - first) * width
        rows = slice(first, last)
        a, b, c = (pixels[start - n : stop - n : width].astype(np.int16) for n in (1, width + 1, width + 2))
        guess = (left[rows] * a + up[rows] * b) >> shift[rows]
        guess = np.where(paeth[rows], _nearest(a, b, c), guess)
        pixels[start:stop:width] += guess.astype(np.uint8)


def _nearest(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Paeth's predictor: whichever of left, up, up and left is nearest to a + b - c; the first wins a tie."""
    far_a, far_b, far_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    return np.where((far_a <= far_b) & (far_a <= far_c), a, np.where(far_b <= far_c, b, c))


def samples(canvas: np.ndarray, width: int, depth: int) -> np.ndarray:
    """(height, width, channels) numbers of `depth` bits each: uint8, or uint16 for a depth of 16.

    >>> canvas = np.array([[[0], [0]], [[0], [0b10110000]]], np.uint8)
    >>> samples(canvas, width=3, depth=1)[:, :, 0]
    array([[1, 0, 1]], dtype=uint8)
    """
    inside = canvas[1:, 1:]
    if depth == 16:
        return inside.view(">u2").astype(np.uint16)
    if depth == 8:
        return inside
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)  # the leftmost sample sits in the highest bits
    spread = (inside >> shifts) & np.uint8((1 << depth) - 1)  # (height, bytes, samples in a byte)
    return spread.reshape(len(inside), -1, 1)[:, :width]
