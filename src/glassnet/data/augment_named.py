"""Augmentation by name: `shift+rotate+elastic` at a strength, for those who do not want to compose their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.data.augment import (
    Compose,
    ElasticTransform,
    GaussianNoise,
    RandomAffine,
    RandomErasing,
    RandomHorizontalFlip,
    RandomShift,
    Transform,
)
from glassnet.errors import DataError, complain

_SIDE = 28  # pixels of the images for which the amounts were found


def augmentation(
    kinds: Sequence[str], images: np.ndarray, strength: float = 1.0, seed: int = 0, fill: float = 0.0
) -> Compose:
    """The transforms of these names, in amounts that suit digits of 28 by 28 pixels at strength 1.

    Up to 2 pixels either way, 10 degrees, a tenth larger or smaller, 8 degrees slanted; bent by 1 pixel (standard
    deviation) over 5; noise of a tenth of the range; a quarter of the images with a hole. Lengths grow with the images.
    A shift alone is one by whole pixels. The names are flip, shift, rotate, scale, shear, elastic, noise
    and erase.

    Raises `DataError` for examples that are not images.

    >>> digits = np.zeros((5, 28, 28), np.uint8)
    >>> augmentation(["rotate", "noise"], digits, strength=0.5).transforms
    (RandomAffine(degrees=5.0, translate=(0.0, 0.0), scale=(1.0, 1.0), shear=0.0), GaussianNoise(sigma=12.75))
    """
    if images.ndim not in (3, 4):
        got = f"got augmentation {'+'.join(kinds)} for examples of shape {images.shape[1:]}"
        expected = "expected images (height, width) or (height, width, channels)"
        raise DataError(complain(got, expected, "Try augment='none' (--augment none)"))
    return Compose(list(_transforms(frozenset(kinds), images, strength)), seed, fill)


def _transforms(kinds: frozenset[str], images: np.ndarray, strength: float) -> list[Transform]:
    side = min(images.shape[1:3])
    found: list[Transform] = [RandomHorizontalFlip()] if "flip" in kinds else []
    if kinds >= {"shift"} and not kinds & {"rotate", "scale", "shear"}:
        found.append(RandomShift(round(2 * strength * side / _SIDE)))
    elif kinds & {"rotate", "scale", "shear"}:
        found.append(_affine(kinds, strength))
    if "elastic" in kinds:
        sigma = max(1.0, 5 * side / _SIDE)
        found.append(ElasticTransform(30 * strength * (side / _SIDE) * sigma / 5, sigma))
    if "noise" in kinds:
        found.append(GaussianNoise(0.1 * strength * _range(images)))
    if "erase" in kinds:
        found.append(RandomErasing(min(1.0, 0.25 * strength), (0.02, 0.15)))
    return found


def _affine(kinds: frozenset[str], strength: float) -> RandomAffine:
    share = min(1.0, 0.07 * strength) if "shift" in kinds else 0.0
    grow = min(0.9, 0.1 * strength) if "scale" in kinds else 0.0
    degrees = 10 * strength if "rotate" in kinds else 0.0
    slant = min(80.0, 8 * strength) if "shear" in kinds else 0.0
    return RandomAffine(degrees, (share, share), (1 - grow, 1 + grow), slant)


def _range(images: np.ndarray) -> float:
    """From the least to the largest number that a pixel has."""
    if images.dtype == np.uint8:
        return 255.0
    return float(np.ptp(images)) if images.size else 1.0
