"""What can be taken back: edits of weights, of points, of what is frozen or left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_MOST = 200


@dataclass
class Edit:
    """A change and its opposite. Edits of one `stroke` (a drag) count as one."""

    undo: Callable[[], None]
    redo: Callable[[], None]
    stroke: object = None


class History:
    """Edits in order, and those that were taken back.

    >>> numbers = [1]
    >>> history = History()
    >>> history.add(Edit(lambda: numbers.clear(), lambda: numbers.append(1)))
    >>> history.undo(), numbers, history.undo()
    (True, [], False)
    """

    def __init__(self) -> None:
        self.done: list[Edit] = []
        self.undone: list[Edit] = []

    def add(self, edit: Edit) -> None:
        """An edit that has been made."""
        self.undone.clear()
        last = self.done[-1] if self.done else None
        if last is not None and edit.stroke is not None and last.stroke == edit.stroke:
            last.redo = edit.redo  # the drag began there and ends here
        else:
            self.done.append(edit)
            del self.done[:-_MOST]

    def undo(self) -> bool:
        """Take the last one back, if there is one."""
        if not self.done:
            return False
        edit = self.done.pop()
        edit.undo()
        self.undone.append(edit)
        return True

    def redo(self) -> bool:
        """Make the last one again that was taken back, if there is one."""
        if not self.undone:
            return False
        edit = self.undone.pop()
        edit.redo()
        self.done.append(edit)
        return True

    def clear(self) -> None:
        """Forget them all: the things that they changed are gone."""
        self.done.clear()
        self.undone.clear()
