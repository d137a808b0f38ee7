"""A picture of any size and colour as an image of the kind that a network was trained on.

MNIST's digits were made by one rule (LeCun et al., 1998): light ink on a dark ground, scaled so that the longer side is
20 pixels, and placed so that the centre of mass lies in the middle of 28 by 28 pixels. The same is done to pictures.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from glassnet.errors import DataError, complain

_LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue look (ITU-R BT.601)
_FAINT = 0.1  # of the brightest ink: below it is paper, shadow or noise
_BOX = 20 / 28  # the share of the side that MNIST's digits fill


class Prepared(NamedTuple):
    """The image `(height, width)` in bytes, and what was done to the picture, in words."""

    image: np.ndarray
    done: tuple[str, ...]


def prepared(pixels: np.ndarray, shape: tuple[int, int]) -> Prepared:
    """Grey, light on dark, as large as the network's images, and centred.

    `pixels` is `(height, width)` or `(height, width, channels)` of bytes. A picture that has the right size already is
    only made grey and light on dark.

    Raises `DataError` for a picture without anything on it.

    >>> picture = np.full((60, 60), 255, np.uint8)
    >>> picture[10:50, 25:35] = 0
    >>> image, done = prepared(picture, (28, 28))
    >>> image.shape, int(image.max()), done
    ((28, 28), 255, ('inverted: dark on light', 'scaled from 60 × 60 and centred'))
    """
    grey, done = _grey(pixels)
    if grey.size and grey.max() == grey.min():
        raise _blank(grey)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) > 127:
        grey = 255.0 - grey
        done.append("inverted: dark on light")
    if grey.shape != shape:
        height, width = pixels.shape[:2]
        grey = _centred(_ink(grey), shape)
        done.append(f"scaled from {width} × {height} and centred")
    return Prepared(np.rint(grey).clip(0, 255).astype(np.uint8), tuple(done))


def _grey(pixels: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """One channel; what is transparent lies on white paper."""
    values = pixels.astype(np.float64)
    if values.ndim == 2:
        return values, []
    channels = values.shape[2]
    done = ["made grey"] if channels > 2 else []
    grey = values[..., :3] @ _LUMA if channels > 2 else values[..., 0]
    if channels in (2, 4):
        alpha = values[..., -1] / 255
        if alpha.min() < 1:
            grey = grey * alpha + 255.0 * (1 - alpha)
            done.append("laid on white")
    return grey, done


def _ink(grey: np.ndarray) -> np.ndarray:
    """The part of the picture that holds ink, the ground taken down to 0 and the brightest ink up to 255."""
    ground = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    ink = np.maximum(grey - ground, 0.0)
    if ink.max() < 16:
        raise _blank(grey)
    ink = np.where(ink >= _FAINT * ink.max(), ink * (255 / ink.max()), 0.0)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _blank(grey: np.ndarray) -> DataError:
    got = f"got a picture of {grey.shape[1]} × {grey.shape[0]} pixels that are all alike"
    return DataError(complain(got, "expected something drawn on it", "Try another picture"))


def _centred(ink: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The ink scaled into its box, its centre of mass in the middle of an empty image (as far as it fits)."""
    height, width = ink.shape
    factor = _BOX * min(shape) / max(height, width)
    sizes = [min(max(1, round(side * factor)), room) for side, room in zip(ink.shape, shape, strict=True)]
    small = area_weights(height, sizes[0]) @ ink @ area_weights(width, sizes[1]).T  # (rows, columns)
    small *= 255 / small.max()
    image = np.zeros(shape)
    top, left = (
        _start(small.sum(axis=1 - axis), room, size)
        for axis, (room, size) in enumerate(zip(shape, sizes, strict=True))
    )  # fmt: skip
    image[top : top + sizes[0], left : left + sizes[1]] = small
    return image


def _start(mass: np.ndarray, room: int, size: int) -> int:
    """Where `size` pixels begin so that their centre of mass lies in the pixel that begins at the middle of `room`.

    It is so in every image of MNIST: in pixels from the edge, the centre is at least 14 and below 15.
    """
    centre = float(mass @ (np.arange(size) + 0.5) / mass.sum())
    return min(max(math.ceil(room / 2 - centre), 0), room - size)


def area_weights(old: int, new: int) -> np.ndarray:
    """The matrix `(new, old)` that averages `old` pixels into `new` ones by the area they share.

    >>> area_weights(4, 2)
    array([[0.5, 0.5, 0. , 0. ],
           [0. , 0. , 0.5, 0.5]])
    """
    edges = np.arange(new + 1) * (old / new)
    starts, ends = np.maximum(edges[:-1, None], np.arange(old)), np.minimum(edges[1:, None], np.arange(old) + 1)
    return np.maximum(ends - starts, 0.0) * (new / old)
