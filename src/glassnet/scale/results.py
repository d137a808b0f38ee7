"""What a search found: the best, the table, and what each value of each setting did on the whole."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet.scale.space import Range, Space, Trial

COLUMNS = ("status", "score", "validation_loss", "train_loss", "parameters", "epochs", "seconds", "seconds_per_epoch")


class Effect(NamedTuple):
    """How the trials with one value of a setting did."""

    value: Any
    trials: int
    best: float  # score
    mean: float
    spread: float  # standard deviation of the scores: how much depends on the rest
    failed: int
    seconds_per_epoch: float


@dataclass(frozen=True, eq=False)
class Results:
    """The results of a search by trial number, as far as it has come."""

    space: Space
    trials: Sequence[Trial]
    by_number: Mapping[int, dict[str, Any]]
    task: str = "classification"

    @property
    def done(self) -> list[dict[str, Any]]:
        """All results, best first, those that failed last; equals in the order of their numbers."""
        return sorted(self.by_number.values(), key=_rank)

    @property
    def best(self) -> dict[str, Any] | None:
        """The result with the highest score, if there is any with a score."""
        best = min(self.by_number.values(), key=_rank, default=None)
        return best if best is not None and math.isfinite(score(best)) else None

    @property
    def complete(self) -> bool:
        """Whether every trial has its result."""
        return len(self.by_number) == len(self.trials)

    def effects(self, name: str) -> list[Effect]:
        """What each value of a setting did, over everything else; for a range, what each fifth of it did."""
        groups = self._groups(name)
        values = self.space[name]
        order = sorted(groups) if isinstance(values, Range) else [value for value in values if value in groups]
        return [_effect(value, groups[value]) for value in order]

    def scores_with(self, name: str, value: Any) -> dict[int, float]:
        """The scores behind an `Effect`, by the numbers of their trials; those that failed have none."""
        found = self._groups(name).get(value, [])
        return {result["trial"]: score(result) for result in found if math.isfinite(score(result))}

    def _groups(self, name: str) -> dict[Any, list[dict[str, Any]]]:
        groups: dict[Any, list[dict[str, Any]]] = {}
        for result in sorted(self.by_number.values(), key=lambda result: result["trial"]):
            groups.setdefault(self._group(name, result["choices"][name]), []).append(result)
        return groups

    def _group(self, name: str, value: Any) -> Any:
        values = self.space[name]
        if not isinstance(values, Range):
            return value
        ends = np.quantile([r["choices"][name] for r in self.by_number.values()], [0, 0.2, 0.4, 0.6, 0.8, 1]).tolist()
        fifth = min(int(np.searchsorted(ends[1:-1], value, side="right")), 4)
        return ends[fifth], ends[fifth + 1]

    def influence(self, name: str) -> float:
        """How far the mean scores of a setting's values lie apart."""
        means = [effect.mean for effect in self.effects(name) if math.isfinite(effect.mean)]
        return max(means) - min(means) if means else 0.0

    def scores_on(self, rows: Sequence[str], columns: Sequence[str]) -> np.ndarray:
        """The best score for each combination of the values of `rows` and of `columns`, NaN where there is none."""
        places = [_places(self.space, names) for names in (rows, columns)]
        table = np.full([len(place) for place in places], -math.inf)
        for result in self.by_number.values():
            at = tuple(
                place[tuple(result["choices"][name] for name in names)]
                for place, names in zip(places, (rows, columns), strict=True)
            )
            table[at] = max(table[at], score(result))
        return np.where(np.isfinite(table), table, math.nan)

    def csv(self) -> str:
        """All trials as a table with a heading, best first, for a spreadsheet."""
        names = list(self.space)
        lines = [",".join(["trial", *names, *COLUMNS])]
        for result in self.done:
            choices = [_cell(result["choices"].get(name)) for name in names]
            lines.append(",".join([str(result["trial"]), *choices, *(_cell(result.get(name)) for name in COLUMNS)]))
        return "\n".join(lines) + "\n"


def score(result: Mapping[str, Any]) -> float:
    """The score of a result, minus infinity for one that failed."""
    value = result.get("score")
    return float(value) if value is not None and math.isfinite(value) else -math.inf


def _rank(result: Mapping[str, Any]) -> tuple[float, int]:
    return -score(result), result["trial"]


def shown_value(value: Any) -> str:
    """A value as it is typed on a command line.

    >>> [shown_value(value) for value in ((64, 32), 0.001, "relu", (0.01, 0.1))]
    ['64x32', '0.001', 'relu', '0.01..0.1']
    """
    if isinstance(value, tuple) and any(isinstance(part, float) for part in value):
        return "..".join(f"{part:.2g}" for part in value)
    if isinstance(value, tuple | list):
        return "x".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else shown_value(value)
    if isinstance(value, float):
        text = repr(value)
    return f'"{text}"' if set(text) & set(',"\n') else text


def _places(space: Space, names: Sequence[str]) -> dict[tuple[Any, ...], int]:
    from itertools import product

    return {values: place for place, values in enumerate(product(*(space[name] for name in names)))}  # type: ignore[arg-type]


def _effect(value: Any, results: Sequence[dict[str, Any]]) -> Effect:
    scores = [score(result) for result in results if math.isfinite(score(result))]
    speeds = [result["seconds_per_epoch"] for result in results if result.get("seconds_per_epoch")]
    return Effect(
        value,
        len(results),
        max(scores, default=math.nan),
        statistics.fmean(scores) if scores else math.nan,
        statistics.pstdev(scores) if scores else math.nan,
        len(results) - len(scores),
        statistics.median(speeds) if speeds else math.nan,
    )
