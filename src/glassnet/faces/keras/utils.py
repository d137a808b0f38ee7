"""Keras's small functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.errors import LeftOutError, ValueRangeError, complain


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


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Rows of length 1.

    >>> normalize([[3.0, 4.0]])
    array([[0.6, 0.8]])
    """
    x = np.asarray(x, float)
    length = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(length == 0, 1, length)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Any:
    """Let `load_model` find a layer of your own."""
    from glassnet.faces.keras import saving  # which knows the models, and those the functions here

    return saving.register


class PyDataset:
    """Batches by number: a subclass has `__len__` and `__getitem__(index)`, which gives (x, y) or (x, y, weights)."""

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: expected a method __len__(self). Try writing one.")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}: expected a method __getitem__(self, index). Try writing one."
        )

    def on_epoch_end(self) -> None:
        """Called after every epoch: the place to shuffle."""


Sequence = PyDataset  # an older name


def __getattr__(name: str) -> Any:
    """Only for functions that Keras has and this face leaves out: say what to use instead."""
    if name in ("plot_model", "model_to_dot"):
        got = f"keras.utils.{name}: got a function that glassnet's Keras face leaves out"
        raise LeftOutError(complain(got, "expected model.summary()", "Try glassnet.draw(model.network)"))
    raise AttributeError(f"module 'glassnet.keras.utils' has no attribute {name!r}")
