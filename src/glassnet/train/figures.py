"""What a training reports: a look at it while it runs, and its history when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from glassnet.errors import DataError, complain


class Look(NamedTuple):
    """How a training stands. `figures` are there at the end of an epoch."""

    epoch: int  # the one that runs, or has just ended; from 1
    epochs: int
    done: float  # the share of all steps; 0 where their number is not known
    loss: float  # mean over the steps of the epoch so far
    seconds: float  # spent on training
    figures: dict[str, Any] | None = None


class History:
    """The figures of every epoch: `history["loss"]` is a list with one number for each that has it.

    `entries` are the epochs as dictionaries, `stopped` says what ended the training before its last epoch (None:
    nothing did), `seconds` how long it took.

    >>> history = History()
    >>> history.add({"epoch": 1, "loss": 0.7}), history.add({"epoch": 2, "loss": 0.5})
    (None, None)
    >>> history["loss"], history.last["epoch"], history.best("loss")["epoch"]
    ([0.7, 0.5], 2, 2)
    """

    def __init__(self, entries: list[dict[str, Any]] | None = None) -> None:
        self.entries = entries or []
        self.stopped: str | None = None
        self.seconds = 0.0

    def add(self, figures: dict[str, Any]) -> None:
        """One epoch more."""
        self.entries.append(figures)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.entries)

    def __getitem__(self, name: str) -> list[Any]:
        if not any(name in entry for entry in self.entries):
            known = ", ".join(self.names) or "nothing yet"
            got = f"history: got the name {name!r}"
            raise DataError(complain(got, f"expected one of {known}", "Try history['loss']"))
        return [entry[name] for entry in self.entries if name in entry]

    @property
    def names(self) -> list[str]:
        """The figures that there are."""
        return list(dict.fromkeys(name for entry in self.entries for name in entry))

    @property
    def last(self) -> dict[str, Any]:
        """The latest epoch."""
        return self.entries[-1] if self.entries else {}

    def best(self, name: str, mode: str = "auto") -> dict[str, Any]:
        """The epoch with the best figure of that name; which way is up is known from the name, or said by `mode`."""
        from glassnet.train.callbacks import Watch

        self[name]  # an error for a name that is not there
        watch, best = Watch(name, mode=mode), self.entries[0]
        for entry in self.entries:
            if name in entry and watch.better(float(entry[name])):
                best = entry
        return best

    def _repr_html_(self) -> str:
        """What a notebook shows: the curves, and the figures of the last epoch."""
        from glassnet.train.notebook import history_html

        return history_html(self)

    def __repr__(self) -> str:
        stopped = f", stopped: {self.stopped}" if self.stopped else ""
        numbers = ", ".join(f"{k} {v:.4g}" for k, v in self.last.items() if isinstance(v, float) and k != "seconds")
        plural = "s" if len(self) != 1 else ""
        return f"History of {len(self)} epoch{plural} in {self.seconds:.1f} s: {numbers or 'nothing'}{stopped}"
