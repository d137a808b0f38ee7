"""Data sets by Keras's names: `keras.datasets.mnist.load_data()`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]


def _load(name: str) -> tuple[Pair, Pair]:
    from glassnet.data.datasets import load_dataset  # unpacks images: only when they are asked for

    data = load_dataset(name)
    images = (np.asarray(a).reshape(-1, 28, 28) for a in (data.x_train, data.x_test))
    labels = (np.asarray(a).astype(np.uint8) for a in (data.y_train, data.y_test))
    train, test = zip(images, labels, strict=True)
    return train, test


mnist = SimpleNamespace(load_data=lambda: _load("mnist"))
fashion_mnist = SimpleNamespace(load_data=lambda: _load("fashion_mnist"))
