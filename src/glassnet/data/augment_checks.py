"""What the transforms of images refuse: amounts of the wrong kind or size, and arrays that are no images."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


def require(owner: str, name: str, value: Any, holds: Callable[[Any], bool], expected: str, hint: str) -> None:
    """Raise `ValueRangeError` unless `holds(value)`; a value of which that cannot even be asked is refused, too.

    >>> require("RandomShift", "p", "x", lambda p: 0 <= p <= 1, "expected a share from 0 to 1", "Try p=0.5")
    Traceback (most recent call last):
        ...
    glassnet.errors.ValueRangeError: RandomShift: got p='x'; expected a share from 0 to 1. Try p=0.5.
    """
    try:
        right = bool(holds(value))
    except (TypeError, ValueError, IndexError, KeyError):
        right = False
    if not right:
        raise ValueRangeError(complain(f"{owner}: got {name}={value!r:.60}", expected, hint))


def is_share(value: Any) -> bool:
    """Whether a number is from 0 to 1."""
    return 0 <= value <= 1


def is_pair(value: Any) -> bool:
    """Whether a value is two finite numbers."""
    return len(value) == 2 and all(math.isfinite(number) for number in value)


def is_range(value: Any) -> bool:
    """Whether a value is two finite numbers, the smaller first."""
    return is_pair(value) and value[0] <= value[1]


def is_amount(value: Any) -> bool:
    """Whether a value is one number of at least 0, or a range of numbers."""
    return is_range((-value, value)) if np.ndim(value) == 0 else is_range(value)


def as_images(owner: str, images: Any) -> np.ndarray:
    """Images as an array `(n, H, W)` or `(n, H, W, C)` of numbers.

    Raises `ShapeError` for another shape, `DTypeError` for what are no numbers.

    >>> as_images("Compose", [[[0, 1], [2, 3]]]).shape
    (1, 2, 2)
    """
    try:
        array = np.asarray(images)
    except ValueError:  # lists of different length
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        of = f"an array of {array.dtype}" if isinstance(images, np.ndarray) else f"a {type(images).__name__}"
        got = f"{owner}: got {of}"
        raise DTypeError(complain(got, "expected images: arrays of bytes or floats", "Try np.stack(images)"))
    if array.ndim not in (3, 4):
        got = f"{owner}: got images of shape {array.shape}"
        hint = "Try images.reshape(-1, 28, 28)" if array.shape[1:] == (784,) else "Try images[None]"
        raise ShapeError(complain(got, "expected (n, height, width) or (n, height, width, channels)", hint))
    return array
