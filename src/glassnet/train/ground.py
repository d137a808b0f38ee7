"""What a network of two features says all over the plane, epoch by epoch: how its border came about.

A picture is kept after the first epochs one by one, later ever more seldom: borders move early. It is a small one, and
there are never more than 120 of them; drawing them may take a thirtieth of the training's time.
"""

from __future__ import annotations

import math
import os
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Self

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import GlassnetError
from glassnet.files import safetensors
from glassnet.files.os_errors import StrPath
from glassnet.train.boundary import Surface, surface
from glassnet.train.callbacks import Callback, Figures
from glassnet.train.preparation import Preparation
from glassnet.train.run_folder import GROUND, Arrays, Texts, read_arrays
from glassnet.train.trained import Trained

if TYPE_CHECKING:
    from glassnet.train.trainer import Trainer

WIDTH, HEIGHT = 80, 60
_MOST_KEPT = 120
_MOST_POINTS = 400
_GROWTH = 1.06  # the next picture comes after so many times the epochs
_SHARE, _ALLOWED = 0.03, 0.02  # of the training's time, and seconds besides
_MARGIN = 0.1  # of the points' range, on every side
_LARGEST_FILE = 16 << 20


@dataclass
class Ground:
    """Pictures of the plane at some epochs; 0 is before the first step.

    For classes a picture is two planes of bytes `(2, height, width)`, the class and how sure it is (255 is certain);
    for heights one of float16 `(1, height, width)`. The first row is the lowest y.
    """

    task: str
    ends: tuple[float, float, float, float]  # least and greatest x, least and greatest y
    points: np.ndarray  # (n, 3): x, y and the class or the height of some examples
    epochs: list[int] = field(default_factory=list)
    kept: list[np.ndarray] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, data: DataSet) -> Self | None:
        """The empty one for a data set; None where examples are no points of the plane."""
        plane = data.x_train.ndim == 2 and data.n_features == 2 and data.task in ("classification", "regression")
        if not plane or not len(data.x_train) or getattr(data, "example", None) is not None:
            return None
        x = np.concatenate((data.x_train, data.x_test)).astype(np.float64)
        low, high = x.min(axis=0), x.max(axis=0)
        room = np.where(high > low, (high - low) * _MARGIN, 0.5)
        (left, bottom), (right, top) = (low - room).tolist(), (high + room).tolist()
        if not np.isfinite([left, right, bottom, top]).all():
            return None
        held = len(data.x_test) > 0
        x, y = (data.x_test, data.y_test) if held else (data.x_train, data.y_train)
        if y.size != len(y):
            return None  # several heights at each place
        some = slice(None, None, -(-len(x) // _MOST_POINTS))
        points = np.column_stack((x[some], y[some].reshape(-1))).astype(np.float32)
        return cls(data.task, (left, right, bottom, top), points)

    @property
    def corners(self) -> np.ndarray:
        """The lower left and the upper right one, `(2, 2)`."""
        left, right, bottom, top = self.ends
        return np.array([[left, bottom], [right, top]])

    def keep(self, trained: Trained, epoch: int) -> None:
        """Keep what the network says now; when there are too many pictures, every second one is given up."""
        if self.epochs and epoch <= self.epochs[-1]:
            return
        self.kept.append(_picture(surface(trained, self.corners, WIDTH, HEIGHT, margin=0.0), self.task))
        self.epochs.append(epoch)
        if len(self.kept) > _MOST_KEPT:
            self.kept, self.epochs = self.kept[::2], self.epochs[::2]

    def write(self, folder: StrPath) -> None:
        """Write `ground.safetensors` into a folder, in one stroke."""
        if self.kept:
            tensors = {
                "pictures": np.stack(self.kept),
                "epochs": np.array(self.epochs, np.int64),
                "ends": np.array(self.ends, np.float64),
                "points": self.points,
            }
            path = os.path.join(os.fspath(folder), GROUND)
            safetensors.write(path, tensors, {"task": self.task}, checksum=True)

    @classmethod
    def read(cls, folder: StrPath) -> Self | None:
        """What a folder has; None where there is nothing.

        Raises `FormatError` for a file that is something else.
        """
        found = read_arrays(folder, GROUND, "pictures of the plane at some epochs", _fit, _LARGEST_FILE)
        if found is None:
            return None
        tensors, texts = found
        left, right, bottom, top = tensors["ends"].tolist()
        epochs = [int(e) for e in tensors["epochs"]]
        return cls(texts["task"], (left, right, bottom, top), tensors["points"], epochs, list(tensors["pictures"]))


def _picture(said: Surface, task: str) -> np.ndarray:
    if task == "regression":
        heights = np.nan_to_num(said.values[None, :, :, 0], nan=0.0)
        return heights.clip(-65504.0, 65504.0).astype(np.float16)
    chance = 1 / said.values.shape[2]
    sure = np.nan_to_num((said.sure - chance) / max(1e-9, 1 - chance), nan=0.0).clip(0, 1)
    return np.stack((said.classes.astype(np.uint8), np.rint(sure * 255).astype(np.uint8)))


def _fit(tensors: Arrays, texts: Texts) -> bool:
    """Whether a file that a stranger may have written holds what `write` does."""
    task = texts.get("task")
    if set(tensors) != {"pictures", "epochs", "ends", "points"} or task not in ("classification", "regression"):
        return False
    pictures, epochs, ends, points = (tensors[name] for name in ("pictures", "epochs", "ends", "points"))
    planes, kind = (2, "u") if task == "classification" else (1, "f")
    drawn = pictures.ndim == 4 and pictures.shape[1] == planes and pictures.dtype.kind == kind
    numbered = epochs.shape == (len(pictures),) and epochs.dtype.kind == "i" and bool((np.diff(epochs) > 0).all())
    placed = ends.shape == (4,) and ends.dtype.kind == "f" and bool(np.isfinite(ends).all())
    dotted = points.ndim == 2 and points.shape[1] == 3 and points.dtype.kind == "f" and len(points) <= _MOST_POINTS
    bounded = drawn and 0 < len(pictures) <= _MOST_KEPT and max(pictures.shape[2:]) <= 256
    sound = dotted and bool(np.isfinite(points).all()) and (kind == "u" or bool(np.isfinite(pictures).all()))
    return bounded and numbered and placed and sound and ends[0] < ends[1] and ends[2] < ends[3]


class GroundRecorder(Callback):
    """Keeps the pictures of a training in its run folder; does nothing where examples are no points of the plane."""

    def __init__(self, folder: StrPath, data: DataSet, write_seconds: float) -> None:
        self.folder, self.write_seconds = os.fspath(folder), write_seconds
        self.ground = Ground.of(data)
        self._prepare = Preparation.of(data) if self.ground is not None else None
        self._classes = tuple(data.classes)
        self._due = 1
        self._began = self._spent = self._next_write = 0.0

    def on_fit_start(self, trainer: Trainer) -> None:
        """Begin with the untrained network; after a resume, with the pictures of before."""
        self._began = perf_counter()
        self._next_write = self._began + self.write_seconds
        if self.ground is None:
            return
        if trainer.step:
            with suppress(GlassnetError):  # pictures of the past are no reason to end a training
                self._take_up(Ground.read(self.folder), trainer.epoch)
        else:
            self._look(trainer)

    def _take_up(self, before: Ground | None, until: int) -> None:
        if self.ground is None or before is None or (before.ends, before.task) != (self.ground.ends, self.ground.task):
            return
        pairs = [pair for pair in zip(before.epochs, before.kept, strict=True) if pair[0] <= until]
        self.ground.epochs, self.ground.kept = [e for e, _ in pairs], [k for _, k in pairs]
        self._due = until + 1

    def on_epoch_end(self, trainer: Trainer, figures: Figures) -> None:
        """Keep a picture, if it is time."""
        if self.ground is None or trainer.epoch < self._due:
            return
        now = perf_counter()
        if self._spent > _ALLOWED + _SHARE * (now - self._began):
            self._due = trainer.epoch + max(1, trainer.epoch // 20)  # not yet
            return
        self._look(trainer)
        if now >= self._next_write:
            self.ground.write(self.folder)
            self._next_write = perf_counter() + self.write_seconds
        self._spent += perf_counter() - now

    def _look(self, trainer: Trainer) -> None:
        assert self.ground is not None
        assert self._prepare is not None
        trained = Trained(trainer.model, self._prepare, self.ground.task, self._classes)  # type: ignore[arg-type]
        self.ground.keep(trained, trainer.epoch)
        self._due = max(trainer.epoch + 1, math.ceil(trainer.epoch * _GROWTH))

    def on_fit_end(self, trainer: Trainer) -> None:
        """Keep the last epoch's picture too, and write; a training that came to no epoch leaves nothing behind."""
        entries = trainer.history.entries
        if self.ground is None or not entries:
            return
        if entries[-1].get("epoch") == trainer.epoch:
            self._look(trainer)
        self.ground.write(self.folder)
