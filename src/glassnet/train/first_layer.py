"""The first layer's weights from epoch to epoch: small enough to keep them, for pictures of how they came about."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from glassnet import nn
from glassnet.errors import GlassnetError
from glassnet.files import safetensors
from glassnet.files.os_errors import StrPath
from glassnet.train.run_folder import WEIGHTS, Arrays, Texts, read_arrays

_MOST_BYTES = 4 << 20  # of all epochs together
_MOST_UNITS = 64
_LARGEST_FILE = 64 << 20
_LARGEST_HALF = 65504.0  # that float16 can hold


@dataclass
class FirstLayer:
    """Weights `(units, features)` of the first layer in float16, at the epochs that were kept; 0 is before the first.

    Of a layer with many units the first 64 are kept. When more than 4 MB would be needed, every second epoch is given
    up, and from then on so many are passed over.

    >>> model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    >>> first = FirstLayer.of(model)
    >>> for epoch in range(3):
    ...     first.keep(model, epoch)
    >>> first.name, first.epochs, first.weights.shape
    ('0.weight', [0, 1, 2], (3, 2, 3))
    """

    name: str  # of the parameter
    epochs: list[int] = field(default_factory=list)
    kept: list[np.ndarray] = field(default_factory=list, repr=False)
    every: int = 1
    latest: tuple[float, np.ndarray] | None = field(default=None, repr=False)  # within an epoch that runs

    @classmethod
    def of(cls, model: nn.Module, folder: StrPath | None = None, until: int = 0) -> Self | None:
        """The first layer of a model, None if it has no matrix; what a folder has of it up to an epoch is taken up."""
        name = next((name for name, p in model.named_parameters() if p.array.ndim > 1), None)
        if name is None:
            return None
        layer = cls(name)
        with suppress(GlassnetError):  # pictures of the past are no reason to end a training
            before = cls.read(folder) if folder is not None else None
            if before is not None and before.name == name:
                pairs = [pair for pair in zip(before.epochs, before.kept, strict=True) if pair[0] <= until]
                layer.epochs, layer.kept = [e for e, _ in pairs], [w for _, w in pairs]
        return layer

    @property
    def weights(self) -> np.ndarray:
        """All that was kept, `(epochs, units, features)`."""
        return np.stack(self.kept)

    @property
    def moments(self) -> tuple[list[float], list[np.ndarray]]:
        """All that there is, the moment within the epoch that runs last: epochs with their fraction, and weights."""
        if self.latest is None or (self.epochs and self.latest[0] <= self.epochs[-1]):
            return [float(epoch) for epoch in self.epochs], list(self.kept)
        return [*map(float, self.epochs), self.latest[0]], [*self.kept, self.latest[1]]

    def _now(self, model: nn.Module) -> np.ndarray:
        w = dict(model.named_parameters())[self.name].array
        rows = w.reshape(len(w), -1)[:_MOST_UNITS].astype(np.float32)  # (units, features)
        return np.nan_to_num(rows).clip(-_LARGEST_HALF, _LARGEST_HALF).astype(np.float16)

    def glance(self, model: nn.Module, epoch: float) -> None:
        """Keep the weights within an epoch, in the place of the last such glance: for who watches a long one."""
        self.latest = epoch, self._now(model)

    def keep(self, model: nn.Module, epoch: int) -> None:
        """Keep the weights as they are after an epoch, if it is one of those that are kept."""
        self.latest = None
        if epoch % self.every or (self.epochs and epoch <= self.epochs[-1]):
            return
        self.kept.append(self._now(model))
        self.epochs.append(epoch)
        while len(self.kept) > 2 and len(self.kept) * self.kept[0].nbytes > _MOST_BYTES:
            self.every *= 2
            places = [i for i, e in enumerate(self.epochs) if e % self.every == 0]
            self.epochs, self.kept = [self.epochs[i] for i in places], [self.kept[i] for i in places]

    def write(self, folder: StrPath) -> None:
        """Write `weights.safetensors` into a folder, in one stroke."""
        if self.kept:
            tensors = {"weights": self.weights, "epochs": np.array(self.epochs, np.int64)}
            if self.latest is not None:
                tensors |= {"latest": self.latest[1], "latest_epoch": np.array([self.latest[0]])}
            path = os.path.join(os.fspath(folder), WEIGHTS)
            safetensors.write(path, tensors, {"parameter": self.name}, checksum=True)

    @classmethod
    def read(cls, folder: StrPath) -> Self | None:
        """What a folder has; None where there is nothing.

        Raises `FormatError` for a file that is something else.
        """
        found = read_arrays(folder, WEIGHTS, "weights of some epochs", _fit, _LARGEST_FILE)
        if found is None:
            return None
        tensors, texts = found
        numbers = [int(e) for e in tensors["epochs"]]
        layer = cls(texts.get("parameter", "?"), numbers, list(tensors["weights"]))
        layer.every = max(1, min(np.diff(numbers).tolist(), default=1))
        layer.latest = _latest(tensors.get("latest"), tensors.get("latest_epoch"), layer.kept[0].shape)
        return layer


def _latest(weights: Any, epoch: Any, shape: tuple[int, ...]) -> tuple[float, np.ndarray] | None:
    """The moment within an epoch, where a file has one that fits."""
    if weights is None or epoch is None or weights.shape != shape or weights.dtype.kind != "f":
        return None
    sound = epoch.shape == (1,) and epoch.dtype.kind == "f" and bool(np.isfinite(epoch).all())
    return (float(epoch[0]), weights) if sound and bool(np.isfinite(weights).all()) else None


def _fit(tensors: Arrays, _: Texts) -> bool:
    weights, epochs = tensors.get("weights"), tensors.get("epochs")
    if weights is None or epochs is None or weights.ndim != 3 or weights.dtype.kind != "f":
        return False
    numbered = epochs.shape == (len(weights),) and epochs.dtype.kind == "i"
    return numbered and 0 not in weights.shape and bool(np.isfinite(weights).all())
