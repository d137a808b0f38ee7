"""What a finding is, and what a row of the table of findings is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from glassnet.train.doctor.case import Case

Level = Literal["problem", "hint", "good"]


class Seen(NamedTuple):
    """What a test has seen: a headline, the numbers in a sentence, and the figures for programs."""

    headline: str
    text: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor has to say, in three beats: what was seen, why it matters, what to change."""

    name: str
    level: Level
    headline: str
    seen: str
    why: str
    change: str
    code: str = ""  # what to paste into a program
    option: str = ""  # what to add to `glassnet train …`
    figures: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [self.headline, f"  seen: {self.seen}", f"  why:  {self.why}", f"  try:  {self.change}"]
        return "\n".join([*lines, *(f"        {line}" for line in self.code.splitlines())])


@dataclass(frozen=True)
class Row:
    """One row of the table: `needs` names the parts of a case without which the test cannot be made.

    `arrays`: its code is about rows of arrays, which nobody has whose rows are in a file.
    """

    name: str
    level: Level
    needs: tuple[str, ...]
    test: Callable[[Case], Seen | None]
    why: str
    change: str
    code: str = ""
    option: str = ""
    arrays: bool = False

    def finding(self, case: Case) -> Finding | None:
        """What this row has to say to a case."""
        if any(getattr(case, need) is None for need in self.needs):
            return None
        seen = self.test(case)
        if seen is None:
            return None
        return Finding(
            self.name,
            self.level,
            seen.headline,
            seen.text,
            self.why,
            self.change.format(**seen.figures),
            self.code.format(**seen.figures) if not (self.arrays and case.tell is not None) else "",
            "" if "{rate" in self.option and not case.rate else self.option.format(**seen.figures),
            seen.figures,
        )
