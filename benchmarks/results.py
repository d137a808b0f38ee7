"""What was measured, in the shape that JSON keeps."""

import math
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal

Status = Literal["measured", "absent", "failed", "did not learn"]


@dataclass
class Entry:
    """One peer, with one number of threads (None: as the library chooses), on one workload.

    >>> entry = Entry("floor", threads=1, status="measured", values=[3.0, 1.0, 2.0])
    >>> entry.minimum, entry.median
    (1.0, 2.0)
    """

    peer: str
    title: str = ""
    threads: int | None = None
    status: Status = "absent"
    reason: str = ""
    recipe: str = ""
    tried: dict[str, float] = field(default_factory=dict[str, float])
    before: float | None = None
    after: float | None = None
    error: float | None = None
    values: list[float] = field(default_factory=list[float])

    @property
    def counts(self) -> bool:
        """Whether ratios may be taken with it."""
        return self.status == "measured" and bool(self.values)

    @property
    def minimum(self) -> float:
        return min(self.values)

    @property
    def median(self) -> float:
        return median(self.values)


@dataclass
class Measurement:
    """All entries of one workload; `scale` turns a stored value into the shown one."""

    name: str
    summary: str
    shown_as: str
    scale: float
    entries: list[Entry]

    def best(self, peers: tuple[str, ...], threads: int | None = None) -> Entry | None:
        """The fastest of these peers, with `threads` threads if given."""
        chosen = [
            entry
            for entry in self.entries
            if entry.counts and entry.peer in peers and (threads is None or entry.threads == threads)
        ]
        return min(chosen, key=lambda entry: entry.minimum, default=None)


def to_json(measurement: Measurement) -> dict[str, Any]:
    return asdict(measurement)


def from_json(stored: dict[str, Any]) -> Measurement:
    return Measurement(**{**stored, "entries": [Entry(**entry) for entry in stored["entries"]]})


def mark_those_that_did_not_learn(entries: list[Entry], spread: float) -> None:
    """Set aside each peer whose loss did not fall, or is above `spread` times the median of the peers'.

    >>> losses = {"a": 0.2, "b": 0.21, "c": 0.5}
    >>> entries = [Entry(name, status="measured", before=1.0, after=loss) for name, loss in losses.items()]
    >>> mark_those_that_did_not_learn(entries, spread=1.3)
    >>> [entry.status for entry in entries]
    ['measured', 'measured', 'did not learn']
    """
    usual = median(_losses_that_fell(entries).values() or [math.inf])
    for entry in entries:
        if entry.status != "measured" or entry.after is None or entry.before is None:
            continue
        if not entry.after < min(entry.before, spread * usual):  # written so that NaN is caught too
            entry.status = "did not learn"
            entry.reason = f"loss {entry.before:.3g} → {entry.after:.3g}, others reach {usual:.3g}"


def _losses_that_fell(entries: list[Entry]) -> dict[str, float]:
    """One vote a peer: those measured with two thread counts must not outvote the others."""
    return {
        entry.peer: entry.after
        for entry in entries
        if entry.status == "measured"
        and entry.before is not None
        and entry.after is not None
        and entry.after < entry.before
    }


def mark_those_that_are_wrong(entries: list[Entry], tolerance: float = 1e-3) -> None:
    """Set aside each peer whose predictions are not NumPy's."""
    for entry in entries:
        if entry.status == "measured" and entry.error is not None and not entry.error <= tolerance:
            entry.status, entry.reason = "failed", f"scores are off by {entry.error:.3g}"
