"""Keras's small functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.errors import ValueRangeError, complain


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Class numbers (n,) or (n, 1) as one-hot rows (n, classes).

    >>> to_categorical([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = np.asarray(x, np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    classes = num_classes or int(labels.max(initial=-1)) + 1
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        got = f"to_categorical: got labels from {labels.min()} to {labels.max()}"
        raise ValueRangeError(complain(got, f"expected 0 to {classes - 1}", f"Try num_classes={labels.max() + 1}"))
    return np.eye(classes, dtype=np.float32)[labels]


def set_random_seed(seed: int) -> None:
    """Fix all that glassnet draws from its default stream from now on."""
    random.manual_seed(seed)
