"""What a session has to say and a page has not taken yet: every report, and of the frames only the latest."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

MOST_CREDITS = 3  # a page gives two back at a time, and so always has one left
_MOST_REPORTS = 500


class Outbox:
    """Between the thread in which a session works and the loop in which its connection sends.

    Frames cost credits, which the page gives back; without one, no frame is made. A page that takes no reports either
    is too slow to talk to: `overflow` is then set.

    >>> outbox = Outbox(lambda: None)
    >>> outbox.report("one")
    >>> outbox.frame(b"a"), outbox.frame(b"b"), outbox.wants_frame
    (True, True, True)
    >>> outbox.frame(b"c"), outbox.wants_frame
    (True, False)
    >>> outbox.take()
    ['one', b'a', b'b', b'c']
    """

    def __init__(self, wake: Callable[[], None], guest: bool = False, credits: int = MOST_CREDITS) -> None:
        self._wake = wake
        self.guest = guest  # whether the page is one of a class, whom the machine's own runs do not concern
        self._lock = threading.Lock()
        self._items: deque[str | bytes] = deque()
        self.credits = credits
        self.overflow = False
        self.closed = False
        self.lost = False  # whether the session has gone from under the page
        self.away = False  # whether it was put away, for others wanted its place

    @property
    def wants_frame(self) -> bool:
        """Whether there is a credit."""
        return self.credits > 0 and not self.closed

    @property
    def pending(self) -> int:
        """How many messages wait to be sent."""
        return len(self._items)

    def credit(self, frames: int) -> None:
        """The page has drawn so many frames."""
        with self._lock:
            self.credits = min(MOST_CREDITS, self.credits + max(0, frames))

    def report(self, message: str | bytes) -> None:
        """Something that must not be lost."""
        with self._lock:
            if self.closed:
                return
            if len(self._items) >= _MOST_REPORTS:
                self.overflow = True
            else:
                self._items.append(message)
        self._wake()

    def frame(self, message: bytes) -> bool:
        """A frame, for one credit; False if there was none."""
        with self._lock:
            if self.credits <= 0 or self.closed:
                return False
            self.credits -= 1
            self._items.append(message)
        self._wake()
        return True

    def take(self) -> list[str | bytes]:
        """All that is to be sent, in order."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
        return items

    def next(self) -> str | bytes | None:
        """What is to be sent now; None if there is nothing."""
        try:
            return self._items.popleft()
        except IndexError:
            return None

    def lose(self) -> None:
        """The session is not there any more; it may come back."""
        self.lost = True
        self._wake()

    def put_away(self) -> None:
        """The page has been silent, and its session's place is wanted."""
        self.away = True
        self._wake()

    def close(self) -> None:
        """Nobody takes anything any more."""
        with self._lock:
            self.closed = True
            self._items.clear()
        self._wake()
