"""When Python looks for what nobody holds any more, in a process that is the server's own.

Python's collector of cycles stops every thread while it looks at all that lives, which is 100 ms for the sessions of a
class: a stumble that every page sees. Sessions, and programs that are recorded anew, undo their cycles themselves; what
escapes that is looked for once a minute.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
from time import monotonic

_BETWEEN_SECONDS = 60.0
_YOUNG = (700, 10)  # as Python has it: what is new is looked at often, which takes a millisecond
_NEVER = 1_000_000_000


class Collector:
    """Looks at everything now and then, when it is asked to. What is there at the start is never looked at again."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_YOUNG, _NEVER)
        self._next = monotonic() + _BETWEEN_SECONDS

    def tidy(self) -> bool:
        """Look for what nobody holds, and give it back, unless that was done a short while ago."""
        now = monotonic()
        if now < self._next:
            return False
        gc.collect()
        give_back()
        self._next = monotonic() + _BETWEEN_SECONDS
        return True


def give_back() -> None:
    """Give memory that nobody uses back to the system, where the C library has a way (glibc, which is Linux's)."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
