"""The way through the points: epochs, batches, and how well the network does on all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet.core.tensor import Tensor, wrap
from glassnet.server import points as drawn
from glassnet.server.formula import Formula
from glassnet.server.learner import Learner
from glassnet.server.network import Head
from glassnet.server.points import Points

NAN = math.nan


@dataclass(frozen=True)
class Judgement:
    """How the network does on the training points and on the test points, at one moment."""

    epoch: float = 0.0
    train_loss: float = NAN
    test_loss: float = NAN
    train_score: float = NAN
    test_score: float = NAN
    confusion: np.ndarray | None = None
    test_confusion: np.ndarray | None = None

    @property
    def row(self) -> tuple[float, float, float, float, float]:
        """A row of the curve."""
        return self.epoch, self.train_loss, self.test_loss, self.train_score, self.test_score


class Course:
    """Batches of the training points in a new order at every epoch (always the same one with `shuffled=False`).

    Every batch is a window on one array that is filled anew at each epoch, so nothing is made during training.
    """

    def __init__(
        self, points: Points, formulas: Sequence[Formula], head: Head, batch: int, seed: int, parity: bool = False
    ) -> None:
        self.points, self.head, self.shuffled, self.seed = points, head, not parity, seed
        x = drawn.features_of(formulas, points.x) if len(points.x) else np.zeros((0, len(formulas)))
        t = points.t if not parity else np.where(points.t > 0, 1.0, -1.0) if points.classes else points.t
        t = t if parity else head.targets(points.t)
        self.x, self.t = np.ascontiguousarray(x[: points.train]), np.ascontiguousarray(t[: points.train])
        self.train, self.test = self._pair(x, t, slice(0, points.train)), self._pair(x, t, slice(points.train, None))
        self.epoch, self.at = 0, 0
        self.restart(batch)

    @staticmethod
    def _pair(x: np.ndarray, t: np.ndarray, rows: slice) -> tuple[Tensor, Tensor]:
        return wrap(np.ascontiguousarray(x[rows])), wrap(np.ascontiguousarray(t[rows]))

    def restart(self, batch: int) -> None:
        """Cut the epoch into batches of another size; the present epoch begins again."""
        n = len(self.x)
        self.batch = max(1, min(batch, n))
        self._x, self._t = self.x.copy(), self.t.copy()
        self.batches = [
            (wrap(self._x[i : i + self.batch]), wrap(self._t[i : i + self.batch])) for i in range(0, n, self.batch)
        ]
        self.at = 0
        self._order = np.arange(n)

    @property
    def now(self) -> float:
        """The epoch with its fraction."""
        return self.epoch + self.at / max(len(self.batches), 1)

    def next(self) -> tuple[Tensor, Tensor]:
        """The batch that comes next."""
        if self.at == 0:
            self.shuffle()
        return self.batches[self.at]

    def shuffle(self) -> None:
        """The order of this epoch, which follows from the seed and its number alone: a reset repeats it."""
        if self.shuffled:
            self._order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.x))
            np.take(self.x, self._order, axis=0, out=self._x, mode="clip")
            np.take(self.t, self._order, axis=0, out=self._t, mode="clip")

    def done(self) -> bool:
        """The batch was used; whether that was the last one of its epoch."""
        self.at += 1
        if self.at < len(self.batches):
            return False
        self.at = 0
        self.epoch += 1
        return True

    def go_to(self, epoch: int, at: int) -> None:
        """Another place of the way: in that epoch, after so many of its batches."""
        self.epoch, self.at = epoch, 0
        if self.batches and at:
            self.shuffle()
            self.at = min(at, len(self.batches) - 1)

    def samples(self) -> list[int]:
        """Which points the next batch holds."""
        self.next()
        return self._order[self.at * self.batch : (self.at + 1) * self.batch].tolist()

    def judge(self, learner: Learner) -> Judgement:
        """Losses, scores and confusions over all points."""
        train, test = self._judge(learner, self.train, True), self._judge(learner, self.test, False)
        return Judgement(self.now, train[0], test[0], train[1], test[1], train[2], test[2])

    def _judge(
        self, learner: Learner, pair: tuple[Tensor, Tensor], training: bool
    ) -> tuple[float, float, np.ndarray | None]:
        if not len(pair[0].array):
            classes = max(2, len(self.points.classes))
            return NAN, NAN, np.zeros((classes, classes), np.int64) if self.points.classes else None
        loss, outputs = learner.judge(*pair)
        t = self.points.t[: self.points.train] if training else self.points.t[self.points.train :]
        if self.points.task == "regression":
            return loss, _r2(outputs[:, 0], t), None
        said, classes = self.head.said(outputs), max(2, len(self.points.classes))
        known = said >= 0
        counts = np.bincount(t[known].astype(np.int64) * classes + said[known], minlength=classes * classes)
        return loss, int(np.count_nonzero(said == t)) / len(t), counts.reshape(classes, classes)


def _r2(y: np.ndarray, t: np.ndarray) -> float:
    """The share of the targets' variance that is explained; NaN where they do not vary."""
    with np.errstate(all="ignore"):
        spread = float(np.mean((t - t.mean()) ** 2))
        return 1 - float(np.mean((y - t) ** 2)) / spread if spread else NAN
