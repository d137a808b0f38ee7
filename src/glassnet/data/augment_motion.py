"""Moving images: affine maps and elastic bending, drawn for a whole batch at once.

A motion says for every pixel of the result where it comes from. Places are counted from the middle of the image, y
downwards before x to the right, in pixels.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.augment_checks import is_amount, is_pair, is_range, is_share, require

if TYPE_CHECKING:
    from numpy.random import Generator

Range = tuple[float, float]

_DEGREES = "expected degrees of at least 0, or a range (least, most)"
_TENTHS = "(0.1, 0.1)"


@dataclass(frozen=True)
class RandomAffine:
    """Turn, move, scale and shear every image by its own random amounts, drawn evenly.

    `degrees` turns by up to that much either way, or within `(least, most)`; `translate` moves by up to these shares of
    height and width; `scale` is a range of factors; `shear` slants by up to that many degrees, or within a range.
    None leaves out one of the last three.

    Raises `ValueRangeError` for amounts that make no sense.

    >>> RandomAffine(degrees=10, translate=(0.1, 0.1), scale=(0.9, 1.1), shear=5).degrees
    10
    """

    degrees: float | Range = 0.0
    translate: Range = (0.0, 0.0)
    scale: Range = (1.0, 1.0)
    shear: float | Range = 0.0

    def __post_init__(self) -> None:
        for name, none in (("translate", (0.0, 0.0)), ("scale", (1.0, 1.0)), ("shear", 0.0)):
            if getattr(self, name) is None:  # as other libraries say it
                object.__setattr__(self, name, none)
        expected = "expected two factors above 0, the smaller first"
        _require("scale", self.scale, lambda scale: is_range(scale) and scale[0] > 0, expected, "(0.9, 1.1)")
        expected = "expected shares of height and width from 0 to 1"
        _require("translate", self.translate, lambda two: is_pair(two) and all(map(is_share, two)), expected, _TENTHS)
        for name in ("degrees", "shear"):
            _require(name, getattr(self, name), is_amount, _DEGREES, "10")

    def draw(self, rng: Generator, n: int, size: tuple[int, int]) -> np.ndarray:
        """Maps for n images of that height and width, `(n, 2, 3)`."""
        shares = rng.random((5, n), np.float32)
        turn, slant, grow = (
            low + (high - low) * share
            for (low, high), share in zip(
                (_range(self.degrees), _range(self.shear), self.scale), shares[:3], strict=True
            )
        )
        most = np.multiply(self.translate, size)[:, None]
        return affine_maps(turn, (2 * shares[3:] - 1) * most, grow, slant)


def _require(name: str, value: object, holds: Callable[[Any], bool], expected: str, right: str) -> None:
    require("RandomAffine", name, value, holds, expected, f"Try {name}={right}")


@dataclass(frozen=True)
class RandomShift:
    """Move every image by a whole number of pixels, up to so many in each direction: no pixel changes its colour.

    It takes a tenth of the time of `RandomAffine(translate=...)`, which moves by fractions of a pixel.

    Raises `ValueRangeError` for a negative number of pixels.

    >>> RandomShift()
    RandomShift(pixels=2)
    """

    pixels: int = 2

    def __post_init__(self) -> None:
        expected = "expected a whole number of at least 0"
        require("RandomShift", "pixels", self.pixels, lambda n: operator.index(n) >= 0, expected, "Try pixels=2")
        object.__setattr__(self, "pixels", int(self.pixels))

    def moved(self, rng: Generator, images: np.ndarray, fill: float) -> np.ndarray:
        """Images `(n, H, W, C)`, moved."""
        n, height, width, channels = images.shape
        room, ways = self.pixels, 2 * self.pixels + 1
        padded = np.full((n, height + 2 * room, width + 2 * room, channels), fill, images.dtype)
        padded[:, room : room + height, room : room + width] = images
        of_image, of_row, of_pixel, of_channel = padded.strides
        windows = np.lib.stride_tricks.as_strided(
            padded,
            (n, ways, ways, height, width, channels),
            (of_image, of_row, of_pixel, of_row, of_pixel, of_channel),
            writeable=False,
        )
        down, right = rng.integers(0, ways, (2, n))
        return windows[np.arange(n), down, right]  # (n, H, W, C)


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Show a share `p` of the images as in a mirror, left for right: for shoes and faces, not for letters.

    Raises `ValueRangeError` for a share outside 0 to 1.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        require("RandomHorizontalFlip", "p", self.p, is_share, "expected a share from 0 to 1", "Try p=0.5")

    def moved(self, rng: Generator, images: np.ndarray, fill: float) -> np.ndarray:
        """Images `(n, H, W, C)`, mirrored or not."""
        chosen = rng.random(len(images)) < self.p
        flipped = images.copy()
        flipped[chosen] = images[chosen, :, ::-1]
        return flipped


def RandomRotation(degrees: float | Range) -> RandomAffine:
    """Turn every image by up to that many degrees, or within `(least, most)`.

    Raises `ValueRangeError` for what are no degrees.

    >>> RandomRotation(15)
    RandomAffine(degrees=15, translate=(0.0, 0.0), scale=(1.0, 1.0), shear=0.0)
    """
    require("RandomRotation", "degrees", degrees, is_amount, _DEGREES, "Try degrees=10")
    return RandomAffine(degrees)


@dataclass(frozen=True)
class ElasticTransform:
    """Bend every image as a hand's small oscillations bend a letter.

    Each pixel is displaced by smoothed noise: even noise from -1 to 1 on a grid, blurred by a Gaussian of `sigma`
    pixels, times `alpha`. A displacement has a standard deviation of alpha / (sigma √(12π)) pixels, 1.4 as it stands.
    Noise so blurred has no detail finer than sigma, so it is drawn at points sigma apart and not at every pixel.

    Raises `ValueRangeError` for a negative alpha and for a sigma below one pixel.

    P. Y. Simard, D. Steinkraus, J. C. Platt, Best practices for convolutional neural networks applied to visual
    document analysis, 2003.

    >>> from numpy.random import default_rng
    >>> ElasticTransform().draw(default_rng(0), 3, (28, 28)).shape
    (3, 2, 28, 28)
    """

    alpha: float = 34.0
    sigma: float = 4.0

    def __post_init__(self) -> None:
        own, expected = "ElasticTransform", "expected a number of at least 0"
        require(own, "alpha", self.alpha, lambda alpha: 0 <= alpha < math.inf, expected, "Try alpha=34")
        require(own, "sigma", self.sigma, lambda s: 1 <= s < math.inf, "expected at least 1 pixel", "Try sigma=4")

    def draw(self, rng: Generator, n: int, size: tuple[int, int]) -> np.ndarray:
        """Displacements for n images of that height and width, `(n, 2, H, W)`."""
        rows, columns = (_bumps(length, self.sigma) for length in size)  # (H, points), (W, points)
        noise = rng.random((n, 2, rows.shape[1], columns.shape[1]), np.float32)
        noise -= np.float32(0.5)
        noise *= np.float32(self.alpha / (self.sigma * math.sqrt(math.pi)))  # √12 times a displacement's deviation
        wide = noise.reshape(-1, columns.shape[1]) @ columns.T  # (n * 2 * points, W) = (n * 2 * points, points) @ ...
        return rows @ wide.reshape(n, 2, rows.shape[1], -1)  # (n, 2, H, W) = (H, points) @ (n, 2, points, W)


def affine_maps(angle: np.ndarray, translate: np.ndarray, scale: np.ndarray, shear: np.ndarray) -> np.ndarray:
    """Where the pixels of moved images come from, `(n, 2, 3)`: source = map @ (y, x, 1).

    An image is slanted by `shear` degrees, scaled, turned counter-clockwise by `angle` degrees and then moved by
    `translate` pixels, `(2, n)`, y before x; the others are `(n,)`.

    >>> quarter = affine_maps(np.array([90.0]), np.zeros((2, 1)), np.ones(1), np.zeros(1))
    >>> print(quarter[0].round(6) + 0.0)  # the top row comes from the right column
    [[ 0.  1.  0.]
     [-1.  0.  0.]]
    """
    angle, slant = np.deg2rad(angle), np.tan(np.deg2rad(shear))
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    # the inverse: back by the translation, then turned and scaled back, then x - slant * y
    matrix = np.array([[cos, sin], [-sin - slant * cos, cos - slant * sin]])  # (2, 2, n)
    shift = -np.einsum("ijn,jn->in", matrix, translate)
    return np.concatenate([matrix, shift[:, None]], axis=1).transpose(2, 0, 1).astype(np.float32)


def chained(first: np.ndarray, then: np.ndarray) -> np.ndarray:
    """One map for two motions `(n, 2, 3)`, the second of which moves what the first has made."""
    joined = first[:, :, :2] @ then
    joined[:, :, 2] += first[:, :, 2]
    return joined


def places(maps: np.ndarray | None, bends: np.ndarray | None, n: int, size: tuple[int, int]) -> np.ndarray:
    """Where each pixel of n results comes from, counted from the upper left corner: `(n, 2, H * W)`.

    What the map has moved is then bent.
    """
    height, width = size
    middle = np.array([[height - 1], [width - 1]], np.float32) / 2
    points = np.broadcast_to(_grid(height, width), (n, 2, height * width))
    if bends is not None:
        points = points + bends.reshape(n, 2, -1)
    if maps is None:
        return points + middle
    found = maps[:, :, :2] @ points  # (n, 2, P) = (n, 2, 2) @ (n, 2, P)
    found += maps[:, :, 2:] + middle
    return found


@cache
def _grid(height: int, width: int) -> np.ndarray:
    """The pixels of an image as (y, x) from its middle, `(2, H * W)`."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([y - (height - 1) / 2, x - (width - 1) / 2]).reshape(2, -1)


@cache
def _bumps(length: int, sigma: float) -> np.ndarray:
    """Gaussians around points sigma apart, `(length, points)`; the squares of a row add up to 1."""
    margin = 3  # a Gaussian ends at three times its width
    points = np.arange(-margin, math.ceil((length - 1) / sigma) + margin + 1)
    away = np.arange(length)[:, None] / sigma - points
    return (np.exp(-(away**2) / 2) / math.pi**0.25).astype(np.float32)


def _range(amount: float | Range) -> Range:
    return amount if isinstance(amount, tuple | list) else (-amount, amount)
