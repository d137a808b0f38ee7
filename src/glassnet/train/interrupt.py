"""Ctrl-C that finishes the step: the first signal asks, the second insists."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # a terminal that closed; Windows' Ctrl-Break. Not all have all
_HANG_UP = getattr(signal, "SIGHUP", None)


class Interrupt:
    """Within the block the first signal is noted and `ask` is called; a second one ends the program at once.

    >>> with Interrupt(ask=lambda: print("after this step")) as interrupt:
    ...     signal.raise_signal(signal.SIGINT)
    after this step
    >>> interrupt.name, interrupt.status
    ('SIGINT', 130)
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        self.signal: int | None = None
        self._ask = ask
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and not _ignored(number):
                try:
                    self._before[number] = signal.signal(number, self._received)
                except ValueError:  # not the main thread: signals are somebody else's business
                    return self
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: not Python's own

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            raise SystemExit(self.status)
        self.signal = number
        self._ask()

    @property
    def status(self) -> int:
        """The exit status that tells a shell which signal it was: 130 for Ctrl-C, 143 for a request to end, 129 where
        the terminal closed."""
        return 128 + self.signal if self.signal is not None else 0

    @property
    def name(self) -> str | None:
        """The name of the signal that came, such as SIGINT."""
        return signal.Signals(self.signal).name if self.signal is not None else None


def _ignored(number: int) -> bool:
    """`nohup` says that a closed terminal is to be ignored. What a shell's script says of Ctrl-C counts less."""
    return number == _HANG_UP and signal.getsignal(number) is signal.SIG_IGN
