"""Reading images between their pixels: bilinear interpolation of a whole batch, in fixed-point arithmetic.

Places are rounded to 1/256 of a pixel. The four pixels around a place are gathered by one `take`: they were packed into
one word of 32 bits before, and two multiplications mix them, two bytes to a multiplication. That is why bytes go in.
"""

from __future__ import annotations

import numpy as np

_ONE = 256  # a pixel in fixed-point numbers
_FRACTION = np.uint32(_ONE - 1)
_EVEN_BYTES = np.uint32(0x00FF00FF)
_LOW_HALF = np.uint32(0xFFFF)
_BYTE, _HALF = np.uint32(8), np.uint32(16)
_TO_BYTES = np.float32(1 / _ONE**2)


class Sampler:
    """Reads batches of at most `most` images of one shape `(H, W, C)`; the room it works in is made once.

    `fill` is what lies around an image. It shades off into it within one pixel, as `scipy.ndimage` does with
    mode="grid-constant", order=1.

    >>> image = np.array([[[[0], [100]], [[200], [40]]]], np.uint8)  # (1, 2, 2, 1)
    >>> places = np.array([[[0.0, 0.0, 0.5, 9.0], [0.0, 0.5, 0.5, 9.0]]], np.float32)  # y above, x below
    >>> Sampler((2, 2, 1), most=1)(image, places).ravel()
    array([ 0., 50., 85.,  0.], dtype=float32)
    """

    def __init__(self, shape: tuple[int, int, int], most: int, fill: float = 0.0, dtype: type = np.uint8) -> None:
        self.height, self.width, _ = shape
        self._bytes = np.dtype(dtype) == np.uint8
        # One row and column of background before the image, two after it: the farthest place has four pixels too.
        padded = (most, self.height + 3, self.width + 3, shape[2])
        self._padded = np.full(padded, fill, np.uint32 if self._bytes else np.float32)
        self._starts = np.arange(most, dtype=np.int32)[:, None] * ((self.height + 3) * (self.width + 3))

    def __call__(self, images: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Images `(n, H, W, C)` at places `(n, 2, P)`, y before x, as float32 `(n, P, C)` in their own units."""
        fixed = self._fixed(places)
        y, x = fixed[:, 0], fixed[:, 1]
        first = (y >> 8) * np.int32(self.width + 3)
        first += x >> 8
        first += self._starts[: len(images)]
        padded = self._padded[: len(images)]
        padded[:, 1 : self.height + 1, 1 : self.width + 1] = images
        mix = self._mixed_bytes if self._bytes else self._mixed_floats
        return mix(padded, first.astype(np.intp), *(_fraction(axis) for axis in (y, x)))

    def _fixed(self, places: np.ndarray) -> np.ndarray:
        """The places on the padded images, in 1/256 of a pixel, `(n, 2, P)`."""
        fixed = places * np.float32(_ONE)
        fixed += np.float32(_ONE + 0.5)
        limits = np.array([[self.height + 1], [self.width + 1]], np.float32) * np.float32(_ONE)  # (2, 1)
        np.maximum(fixed, np.float32(0), out=fixed)
        np.minimum(fixed, limits, out=fixed)
        return fixed.astype(np.int32)

    def _mixed_bytes(self, padded: np.ndarray, first: np.ndarray, fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
        words = _packed(padded)
        got = words.reshape(-1, words.shape[-1]).take(first, axis=0, mode="clip")  # (n, P, C) words of four pixels
        left = got & _EVEN_BYTES  # the upper pixel in the low half, the lower one in the high half
        right = (got >> _BYTE) & _EVEN_BYTES
        columns = _between(left, right, fx)  # halves of at most 255 * 256: neither spills over
        both = _between(columns & _LOW_HALF, columns >> _HALF, fy)  # at most 255 * 256 * 256: exact in float32
        return np.multiply(both, _TO_BYTES, dtype=np.float32, casting="unsafe")

    def _mixed_floats(self, padded: np.ndarray, first: np.ndarray, fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
        flat = padded.reshape(-1, padded.shape[-1])
        below = self.width + 3
        corner = [flat.take(first + step, axis=0, mode="clip") for step in (0, 1, below, below + 1)]
        fx, fy = fx * np.float32(1 / _ONE), fy * np.float32(1 / _ONE)
        above, beneath = (corner[i] + (corner[i + 1] - corner[i]) * fx for i in (0, 2))
        return above + (beneath - above) * fy


def _packed(padded: np.ndarray) -> np.ndarray:
    """Each pixel with its right, lower and lower right neighbours in one word; the last row and column have none."""
    words = padded.copy()
    words[:, :-1] |= padded[:, 1:] << _HALF
    right = words[:, :, 1:] << _BYTE
    words[:, :, :-1] |= right
    return words


def _between(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """256 a + (b - a) share, overwriting b; a difference below 0 wraps around, and the sum wraps it back."""
    b -= a
    b *= share
    a <<= _BYTE
    a += b
    return a


def _fraction(axis: np.ndarray) -> np.ndarray:
    """How far places lie behind their pixels, `(n, P, 1)`."""
    return (axis.view(np.uint32) & _FRACTION)[..., None]
