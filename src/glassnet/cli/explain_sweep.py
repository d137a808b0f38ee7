"""`glassnet explain SWEEP --figure NAME`: where the figures of a sweep come from."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from glassnet.cli.sweep import PLAN, planned
from glassnet.errors import DataError, FileError, ValueRangeError, complain
from glassnet.files import strict_json
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import shown
from glassnet.read.document import Document
from glassnet.read.formula import Call, Formula, Number, Power, Rest, Symbol, minus, over, plus
from glassnet.scale.results import Results, shown_value
from glassnet.scale.sweep import JOURNAL, Sweep
from glassnet.scale.trial import score_of
from glassnet.train.evaluation import Regression
from glassnet.train.machine import threads_at
from glassnet.train.stories import Figure
from glassnet.train.stories.lines import told, value
from glassnet.train.stories.scores import tell_score
from glassnet.train.training import Training

_LARGEST = 64 << 20  # bytes of a journal
_MOST_TRIALS = 12  # that are told one by one


def is_sweep(path: str) -> bool:
    """Whether a folder is one that a sweep wrote."""
    return os.path.isfile(os.path.join(path, PLAN))


@dataclass(frozen=True, eq=False)
class AskedSweep:
    """The folder of a sweep, and what was asked of it: the number of a trial, how many terms to show.

    Raises `FileError` for a folder that no sweep wrote.
    """

    path: str
    index: int | None = None
    most: int = 6

    def __post_init__(self) -> None:
        if not is_sweep(self.path):
            got = f"got {shown(self.path)}, which holds no {PLAN}"
            hint = "Try glassnet sweep moons --grid width=2,8"
            raise FileError(complain(got, "expected the folder of a sweep", hint))

    @cached_property
    def sweep(self) -> Sweep:
        """The search, as its own command line described it."""
        return planned(self.path).sweep

    @cached_property
    def results(self) -> Results:
        """What was found so far.

        Raises `DataError` where no trial has a score.
        """
        sweep = self.sweep
        found = Results(sweep.space, sweep.trials, _results(self.path, sweep), sweep.data.task)
        if found.best is None:
            got = f"got {shown(self.path)} without a score"
            raise DataError(complain(got, "expected a trial that is done", "Try glassnet sweep --resume"))
        return found

    @property
    def best(self) -> dict[str, Any]:
        """The result with the highest score."""
        assert self.results.best is not None
        return self.results.best


def _results(path: str, sweep: Sweep) -> dict[int, dict[str, Any]]:
    """What the journal says of each trial; its last line may be cut off."""
    lines = bytes(read_bounded(os.path.join(path, JOURNAL), _LARGEST)).split(b"\n")
    found = [strict_json.loads(line, source=JOURNAL) for line in lines[:-1] if line]
    kept = {r["trial"]: r for r in found if isinstance(r, dict) and r.get("trial") in range(len(sweep.trials))}
    return {number: {**result, "choices": sweep.trials[number].choices} for number, result in kept.items()}


def _best(subject: AskedSweep) -> Document:
    """The trial with the highest score."""
    results = subject.results
    scored = [r for r in results.done if r["score"] is not None and math.isfinite(r["score"])]
    best, shown_ones = scored[0], scored[:_MOST_TRIALS]
    values: list[Formula] = [value("v", r["score"], r["trial"]) for r in shown_ones]
    words = f"the largest score of {len(scored)} trials, that of trial {best['trial']} ({_choices(best)})"
    if len(scored) > len(shown_ones):
        words += f"; of the others none is above {scored[len(shown_ones)]['score']:.4g}"
    step = told(words, "v", Call("max", tuple(values)), best["score"])
    document = Document("The best trial", [step], [f"Trial {best['trial']}: {_choices(best)}."])
    same = [str(r["trial"]) for r in scored[1:] if r["score"] == best["score"]]
    if same:
        document.notes.append(f"As good: trial {', '.join(same)}; of equals the first is taken.")
    document.notes.append("Where such a score comes from: --figure trial --index N.")
    return document


def _choices(result: dict[str, Any]) -> str:
    return ", ".join(f"{name} {shown_value(chosen)}" for name, chosen in result["choices"].items())


def _trial(subject: AskedSweep) -> Document:
    """The score of one trial: it runs again."""
    sweep, results = subject.sweep, subject.results
    number = int(subject.best["trial"]) if subject.index is None else subject.index
    if number not in results.by_number:
        known = sorted(results.by_number)
        got, near = f"got index {number}", min(known, key=lambda other: abs(other - number))
        raise ValueRangeError(complain(got, f"expected a trial that is done, {known[0]} to {known[-1]}", f"Try {near}"))
    result = results.by_number[number]
    if result["score"] is None:
        raise DataError(complain(f"got trial {number}, which failed", "expected one with a score", "Try another"))
    training: Training = sweep.again(number)
    with threads_at(1):  # as each of a sweep's workers has
        for _ in training:
            pass
        judged = training.test()
    name = "r2" if isinstance(judged, Regression) else "accuracy"
    document = tell_score(name, judged, list(sweep.data.classes), of="validation", most=subject.most)
    document.title = f"Trial {number} ({_choices(result)}): {document.title}"
    document.notes.append(f"The trial ran again, from seed {training.settings.seed}.")
    if not math.isclose(score_of(judged), result["score"], rel_tol=1e-9):
        document.notes.append(f"The sweep says {result['score']:.5f}: another machine.")
    return document


def _effects(subject: AskedSweep) -> Document:
    """The mean and the spread of the scores with each value of each setting."""
    results = subject.results
    document = Document("What each setting does")
    for name in sorted(results.space, key=results.influence, reverse=True):
        for i, effect in enumerate(results.effects(name)):
            scores = results.scores_with(name, effect.value)
            if not scores:
                document.notes.append(f"{name} {shown_value(effect.value)}: all its trials failed.")
                continue
            said = f"{name} {shown_value(effect.value)}"
            listed = [value("v", score, number) for number, score in list(scores.items())[:_MOST_TRIALS]]
            rest = list(scores.values())[_MOST_TRIALS:]
            others: list[Formula] = [Rest(len(rest), math.fsum(rest))] if rest else []
            n, mean = value("n", len(scores)), value("m", effect.mean, i)
            words = f"{said}: the mean score of its trials (v, by their numbers)"
            document.steps.append(told(words, mean.symbol, over(plus(*listed, *others), n), effect.mean))
            squares: list[Formula] = [Power(minus(v, mean), Number(2.0)) for v in listed]
            others = [Rest(len(rest), math.fsum((v - effect.mean) ** 2 for v in rest))] if rest else []
            words = f"{said}: how far they lie from it, typically"
            spread = Call("sqrt", (over(plus(*squares, *others), n),))
            document.steps.append(told(words, Symbol("s", "", (i,)), spread, effect.spread))
    return document


_ROWS = (
    Figure("best-trial", "sweep", "which trial is the best", _best),
    Figure("trial", "sweep", "the score of a trial, or of the best", _trial, ("index",)),
    Figure("settings", "sweep", "mean and spread of each setting's values", _effects),
)
SWEEP_FIGURES: dict[str, Figure] = {row.name: row for row in _ROWS}
