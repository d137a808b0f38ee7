"""Data sets by Keras's names: `keras.datasets.mnist.load_data()`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NoReturn

import numpy as np

from glassnet.errors import LeftOutError, complain

Pair = tuple[np.ndarray, np.ndarray]


def _load(name: str) -> tuple[Pair, Pair]:
    from glassnet.data.datasets import load_dataset  # unpacks images: only when they are asked for

    data = load_dataset(name)
    images = (np.asarray(a).reshape(-1, 28, 28) for a in (data.x_train, data.x_test))
    labels = (np.asarray(a).astype(np.uint8) for a in (data.y_train, data.y_test))
    train, test = zip(images, labels, strict=True)
    return train, test


def __getattr__(name: str) -> NoReturn:
    """Only for names that are not there: for Keras's other data sets, say what to use instead."""
    if name not in ("boston_housing", "california_housing", "cifar10", "cifar100", "imdb", "reuters"):
        raise AttributeError(f"module 'keras.datasets' has no attribute {name!r}")
    got = f"keras.datasets.{name}: got a data set of Keras's that glassnet leaves out"
    hint = "Try glassnet.data.datasets.load_dataset with a name or a file of yours"
    raise LeftOutError(complain(got, "expected mnist or fashion_mnist", hint))


mnist = SimpleNamespace(load_data=lambda: _load("mnist"))
fashion_mnist = SimpleNamespace(load_data=lambda: _load("fashion_mnist"))
