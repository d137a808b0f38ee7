"""Where in a class a session belongs: in an engine while it learns in short turns, in an annex if its turns are long.

Nothing that takes long is done in an engine, for every page there would wait for it: a command that would is put off
until the session is in an annex, and one whose turns have become long is sent after it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from time import monotonic, perf_counter, thread_time
from typing import TYPE_CHECKING, Any

from glassnet.server import commands as c

if TYPE_CHECKING:
    from glassnet.server.session import Session

ENTRANCE, ENGINE, ANNEX = "entrance", "engine", "annex"  # where pages come in and look; learn; take long over it
_LONG = 0.004  # seconds of work in a turn, again and again; a frame of a class takes a tenth of that
_LONG_ONCE = {ENTRANCE: 0.25, ENGINE: 0.02}  # seconds that one command may take
_SETTLED_SECONDS = 10.0  # in an annex, before a session whose turns have become short asks for an engine
_BETWEEN_SECONDS = 1.0  # two times that it asks
_PATIENCE_SECONDS = 3.0  # for which a command waits until its session is in an annex
_HEAD_START = 0.1  # seconds in which a session that begins to learn may be moved before its first step


def seconds_of_turn(state: Mapping[str, Any], points: int | None = None) -> float:
    """About how long a turn of a Playground takes on one core: what is learnt between two frames, judged and drawn.

    >>> from glassnet.server.properties import defaults
    >>> usual = {**defaults(), "resolution": 50}
    >>> seconds_of_turn(usual) < 0.003 < 0.1 < seconds_of_turn({**usual, "hidden": [128] * 8})
    True
    """
    points = int(state["points"]) if points is None else points
    learnt = points * float(state["train_share"])
    sizes = [len(state["features"]) + len(state["own_features"]), *state["hidden"], 1]
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    batches = float(state["speed"]) * learnt / int(state["batch_size"])
    rows = 3 * float(state["speed"]) * learnt + points + int(state["resolution"]) ** 2  # backward is twice forward
    return rows * (weights * 5e-10 + sum(sizes) * 1e-8) + batches * len(sizes) * 1e-5


class Place:
    """The kind of process that a session is in, how long its turns take there, and its wish to be elsewhere."""

    def __init__(self, kind: str, ask: Callable[[str], None]) -> None:
        self.kind, self._ask = kind, ask
        self.seconds = 0.0  # of work in a turn, of late
        self.stays = False  # whether it cannot be moved
        # what the next turn is measured by: its work, where that matters, else the time, which costs next to nothing
        self.clock = thread_time if kind == ANNEX else perf_counter
        self._since, self._asked, self._waits = monotonic(), 0.0, 0.0
        self._known: tuple[object, float] = (None, 0.0)  # a state, and how long its turns should be

    @property
    def first_tick(self) -> float:
        """When a session that begins to learn has its first step; 0 for at once."""
        return monotonic() + _HEAD_START if self.kind == ENTRANCE else 0.0

    def passed(self, seconds: float, session: Session) -> None:
        """A turn has been, by the `clock`; one that seems long may have been interrupted: the next one's work tells."""
        if self.clock is perf_counter and seconds >= _LONG:
            self.clock = thread_time
            return
        self.took(seconds, session)
        if self.kind != ANNEX and seconds < _LONG:
            self.clock = perf_counter

    def took(self, seconds: float, session: Session) -> None:
        """A turn was so much work; if the session belongs elsewhere, say so."""
        self.seconds += (min(seconds, 2 * _LONG) - self.seconds) / 8  # a few that are recorded do not make them long
        if (kind := self._belongs(session)) != self.kind and not self.stays:
            self._wish(kind)

    def puts_off(self, session: Session, command: c.Command) -> bool:
        """Whether a command is not for this process. It waits until the session is in another, but not for ever."""
        if self.kind == ANNEX or self.stays or not self._takes_long(session, command):
            return False
        now = monotonic()
        self._waits = self._waits or now
        if now > self._waits + _PATIENCE_SECONDS:
            self._waits = 0.0
            return False
        self._wish(ANNEX)
        return True

    def _wish(self, kind: str) -> None:
        now = monotonic()
        if now > self._asked + _BETWEEN_SECONDS:
            self._asked = now
            self._ask(kind)

    def _belongs(self, session: Session) -> str:
        if session.outbox is None or not session.playground.running:
            return self.kind
        likely = self._likely(session)
        if max(self.seconds, likely) > _LONG:
            return ANNEX
        if self.kind == ANNEX and (monotonic() < self._since + _SETTLED_SECONDS or self.seconds > _LONG / 2):
            return ANNEX
        return ENGINE if session.outbox.wants_frame else self.kind  # who does not look can wait

    def _likely(self, session: Session) -> float:
        playground = session.playground
        if self._known[0] is not playground.state:
            self._known = playground.state, seconds_of_turn(playground.state, len(playground.points.x))
        return self._known[1]

    def _takes_long(self, session: Session, command: c.Command) -> bool:
        state, once = session.playground.state, _LONG_ONCE[self.kind]
        if isinstance(command, c.Configure):
            try:
                return seconds_of_turn({**state, **command.changes}) > (_LONG if self.kind == ENGINE else once)
            except (TypeError, ValueError, ZeroDivisionError, OverflowError):
                return False  # it will be refused
        if isinstance(command, c.Step) and command.grain == "epoch":
            return command.count * self._likely(session) / float(state["speed"]) > once
        if isinstance(command, c.DigitsCommand):
            guest = session.outbox is not None and session.outbox.guest
            return not (guest and isinstance(command, c.OwnersCommand))  # which is refused at once
        return self.kind == ENGINE and isinstance(command, c.PasteTable)
