"""Reading images between their pixels: bilinear interpolation of a whole batch, in fixed-point arithmetic.

Places are rounded to 1/256 of a pixel. The four pixels around a place are gathered by one `take`: they were packed into
one word of 32 bits before, and two multiplications mix them, two bytes to a multiplication. That is why bytes go in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_ONE = 256  # a pixel in fixed-point numbers
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
        self.height, self.width, channels = shape
        self._bytes = np.dtype(dtype) == np.uint8
        word: Any = np.uint32 if self._bytes else np.float32
        pixels = self.height * self.width
        # One row and column of background before the image, two after it: the farthest place has four pixels too.
        self._padded = np.full((most, self.height + 3, self.width + 3, channels), fill, word)
        self._starts = np.arange(most, dtype=np.int32)[:, None] * ((self.height + 3) * (self.width + 3))
        # Memory that is asked for anew at every call is fetched page by page, which takes as long as the work itself.
        self._words, self._beside = np.empty_like(self._padded), np.empty_like(self._padded)
        self._places = np.empty((2, most, pixels), np.float32)
        self._whole, self._share = np.empty((2, 2, most, pixels), np.int32)
        self._first = np.empty((most, pixels), np.intp)
        halves: np.ndarray = np.empty((2, most, pixels, channels), word)
        self._left, self._right = halves

    def __call__(self, images: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Images `(n, H, W, C)` at places `(n, 2, P)`, y before x, P = H W, as float32 `(n, P, C)` in their units."""
        n = len(images)
        self._padded[:n, 1 : self.height + 1, 1 : self.width + 1] = images
        shares = self._split(n, places)[..., None]
        mix = self._mixed_bytes if self._bytes else self._mixed_floats
        return mix(n, *shares)

    def _split(self, n: int, places: np.ndarray) -> np.ndarray:
        """How many 1/256 of a pixel the places lie behind a pixel, `(2, n, P)`; that pixel goes to `_first`."""
        fixed, whole, share = self._places[:, :n], self._whole[:, :n], self._share[:, :n]
        np.multiply(places.swapaxes(0, 1), np.float32(_ONE), out=fixed)
        fixed += np.float32(_ONE + 0.5)
        for axis, length in zip(fixed, (self.height, self.width), strict=True):
            np.clip(axis, np.float32(0), np.float32(_ONE * (length + 1)), out=axis)
        np.copyto(share, fixed, casting="unsafe")
        np.right_shift(share, 8, out=whole)
        share &= np.int32(_ONE - 1)
        y, x = whole
        y *= np.int32(self.width + 3)
        y += x
        np.add(y, self._starts[:n], out=self._first[:n])
        return share

    def _mixed_bytes(self, n: int, fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
        left, right = self._left[:n], self._right[:n]
        self._packed(n).take(self._first[:n], axis=0, mode="clip", out=left)  # words of four pixels
        np.right_shift(left, _BYTE, out=right)
        left &= _EVEN_BYTES  # the upper pixel in the low half, the lower one in the high half
        right &= _EVEN_BYTES
        columns = _between(left, right, fx.view(np.uint32))  # halves of at most 255 * 256: neither spills over
        np.right_shift(columns, _HALF, out=right)
        columns &= _LOW_HALF
        both = _between(columns, right, fy.view(np.uint32))  # at most 255 * 256 * 256: exact in float32
        return np.multiply(both.view(np.int32), _TO_BYTES, dtype=np.float32, casting="unsafe")

    def _packed(self, n: int) -> np.ndarray:
        """Each pixel and its right, lower and lower right neighbours in a word; the last row and column lack them."""
        padded, words, beside = (array[:n].reshape(-1) for array in (self._padded, self._words, self._beside))
        right = self._padded.shape[-1]
        below = right * (self.width + 3)
        np.left_shift(padded[right:], _BYTE, out=beside[:-right])
        np.bitwise_or(padded, beside, out=beside)
        np.left_shift(beside[below:], _HALF, out=words[:-below])
        words |= beside
        return words.reshape(-1, right)

    def _mixed_floats(self, n: int, fy: np.ndarray, fx: np.ndarray) -> np.ndarray:
        flat = self._padded.reshape(-1, self._padded.shape[-1])
        first, below = self._first[:n], self.width + 3
        corner = [flat.take(first + step, axis=0, mode="clip") for step in (0, 1, below, below + 1)]
        fx, fy = fx * np.float32(1 / _ONE), fy * np.float32(1 / _ONE)
        above, beneath = (corner[i] + (corner[i + 1] - corner[i]) * fx for i in (0, 2))
        return above + (beneath - above) * fy


def _between(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """256 a + (b - a) share, written over a; a difference below 0 wraps around, and the sum wraps it back."""
    b -= a
    b *= share
    a <<= _BYTE
    a += b
    return a
