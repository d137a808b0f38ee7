"""The pace of a session: when its frames are due, how many batches are owed for the next one, how fast it trains."""

from __future__ import annotations

import math
from time import monotonic, perf_counter

_LATEST = 0.05  # seconds after which a frame is sent though its epochs are not done
_SPEED_SECONDS = 0.5  # over which the speed is taken


class Pace:
    """Between the clock and a training: so many batches for each frame, so many frames a second.

    >>> pace = Pace(frames_per_second=20.0)
    >>> pace.begin(first_tick=0.0, epoch=0.0)
    >>> pace.look(now=100.0, batches=2.5), pace.look(now=100.01, batches=2.5)
    (2, 2)
    >>> pace.did(2, now=100.01), pace.next(now=100.01)
    (True, 100.05)
    """

    def __init__(self, frames_per_second: float) -> None:
        self.period = 1 / frames_per_second
        self.owed = 0.0  # batches due
        self.tick = 0.0  # when the next frame is due; 0 for at once
        self.due = math.nan  # when the one that is trained for was
        self.speed = 0.0  # epochs a second
        self._drawn_at = 0.0
        self._since, self._from = perf_counter(), 0.0  # the moment and the epoch from which the speed is taken

    def begin(self, first_tick: float, epoch: float) -> None:
        """The training begins, or goes on after a pause."""
        self.owed, self.tick = 0.0, first_tick
        self._since, self._from = perf_counter(), epoch

    def look(self, now: float, batches: float) -> int:
        """How many batches to train now; each frame that is due owes so many."""
        if now >= self.tick:
            self.owed = min(self.owed + batches, 2 * batches + 1)
            self.due = self.tick or now
            # one frame missed is made up for, the rest are left out, and all keep step
            self.tick = self.due + self.period * max(1, (now - self.due) // self.period)
        return int(self.owed)

    def did(self, batches: int, now: float) -> bool:
        """So many are done; whether there is a frame to draw."""
        self.owed -= batches
        return batches > 0 and (self.owed < 1 or now - self._drawn_at > _LATEST)

    def next(self, now: float) -> float:
        """When the next batches are due."""
        return self.tick if self.owed < 1 else now

    def measure(self, epoch: float) -> None:
        """Take the speed, now and then."""
        now = perf_counter()
        if now - self._since >= _SPEED_SECONDS:
            self.speed = max(0.0, (epoch - self._from) / (now - self._since))
            self._since, self._from = now, epoch

    def drawn(self) -> None:
        """A frame was made."""
        self._drawn_at, self.due = monotonic(), math.nan

    @property
    def place(self) -> tuple[float, ...]:
        """Where it is between two frames."""
        return self.owed, self.tick, self.due, self._drawn_at, self.speed

    def go_on(self, place: tuple[float, ...], epoch: float) -> None:
        """Go on from such a place."""
        self.owed, self.tick, self.due, self._drawn_at, self.speed = place
        self._from = epoch
