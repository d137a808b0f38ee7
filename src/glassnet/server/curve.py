"""The loss curve of a session: one row at the end of an epoch, fewer where there are very many."""

from __future__ import annotations

import numpy as np

from glassnet.server.course import Judgement
from glassnet.server.frames import CURVE

_MOST_ROWS = 2000
_NO_ROWS = np.zeros((0, len(CURVE)))


class Curve:
    """Rows of `frames.CURVE`, of which a page is sent those that it has not seen.

    When there are too many, every second one is dropped, and from then on rows are twice as far apart.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []
        self.apart = 1  # epochs between two rows
        self._sent = 0
        self._anew = True

    def due(self, epoch: int) -> bool:
        """Whether the network is to be judged at the end of this epoch."""
        return epoch % self.apart == 0

    def add(self, judgement: Judgement) -> None:
        """A judgement."""
        if self.rows and self.rows[-1][0] == judgement.epoch:
            self.replace(judgement)
            return
        self.rows.append(judgement.row)
        if len(self.rows) > _MOST_ROWS:
            self.apart *= 2
            self.rows = [row for row in self.rows if row[0] % self.apart == 0]
            self._anew = True

    def replace(self, judgement: Judgement) -> None:
        """The network was changed by hand: the last row is another one, or one is added within the epoch."""
        if self.rows and self.rows[-1][0] == judgement.epoch:
            self.rows[-1] = judgement.row
            self._sent = min(self._sent, len(self.rows) - 1)
        else:
            self.rows.append(judgement.row)

    def cut(self, epoch: float) -> None:
        """The training has gone back: what came after that epoch has not been."""
        self.rows = [row for row in self.rows if row[0] <= epoch]
        self._anew = True

    def take(self, anew: bool) -> tuple[np.ndarray, bool]:
        """The rows that the page has not seen, `(n, 5)`, and whether the curve begins with them."""
        begins = anew or self._anew
        start = 0 if begins else self._sent
        self._sent, self._anew = len(self.rows), False
        if start == len(self.rows):  # as in most frames
            return _NO_ROWS, begins
        return np.array(self.rows[start:], np.float64).reshape(-1, len(CURVE)), begins

    @property
    def place(self) -> tuple[int, int, bool]:
        """Epochs between two rows, how many rows the page has been sent, whether it is to be sent all."""
        return self.apart, self._sent, self._anew

    @place.setter
    def place(self, place: tuple[int, int, bool]) -> None:
        self.apart, self._sent, self._anew = place

    @property
    def losses(self) -> list[float]:
        """The training losses of the latest rows."""
        return [row[1] for row in self.rows[-50:]]
