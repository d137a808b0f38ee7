"""What can be taken back: edits of weights, of points, of what is frozen or left out.

An edit is data, not code: a session that goes on in another process takes its edits along.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from glassnet.server.points import Points

_MOST = 200
Kind = Literal["parameters", "held", "keep"]  # of a learner's arrays: numbers, what is frozen, what is left out


class Spot(NamedTuple):
    """Some numbers of one array of the learner: which ones, what they were, what they became."""

    kind: Kind
    number: int  # of the array among its kind
    at: np.ndarray  # places, as if the array were flat
    before: np.ndarray
    after: np.ndarray


class Chosen(NamedTuple):
    """The points that are learnt, and what they are called; the user's own are kept for when they are asked for."""

    points: Points
    dataset: str
    own: Points | None


@dataclass
class Edit:
    """A change of numbers at some spots, or of the points. Edits of one `stroke` (a drag) count as one."""

    spots: list[Spot] = field(default_factory=list)
    before: Chosen | None = None
    after: Chosen | None = None
    stroke: object = None

    @property
    def of_marks(self) -> bool:
        """Whether it freezes something, or leaves it out."""
        return any(spot.kind != "parameters" for spot in self.spots)

    def ends_as(self, last: Edit) -> None:
        """The drag that began here ended there."""
        self.after = last.after
        self.spots = [a._replace(after=b.after) for a, b in zip(self.spots, last.spots, strict=True)]


class History:
    """Edits in order, and those that were taken back.

    >>> history = History()
    >>> history.add(Edit(stroke="a drag")), history.add(Edit(stroke="a drag")), len(history.done)
    (None, None, 1)
    >>> history.back() is history.done, history.back()
    (False, None)
    """

    def __init__(self) -> None:
        self.done: list[Edit] = []
        self.undone: list[Edit] = []

    def add(self, edit: Edit) -> None:
        """An edit that has been made."""
        self.undone.clear()
        last = self.done[-1] if self.done else None
        if last is not None and edit.stroke is not None and last.stroke == edit.stroke:
            last.ends_as(edit)
        else:
            self.done.append(edit)
            del self.done[:-_MOST]

    def back(self) -> Edit | None:
        """The last edit, which is to be taken back, if there is one."""
        if self.done:
            self.undone.append(self.done.pop())
            return self.undone[-1]
        return None

    def again(self) -> Edit | None:
        """The last edit that was taken back, which is to be made again, if there is one."""
        if self.undone:
            self.done.append(self.undone.pop())
            return self.done[-1]
        return None

    def clear(self) -> None:
        """Forget them all: the things that they changed are gone."""
        self.done.clear()
        self.undone.clear()
