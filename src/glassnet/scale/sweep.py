"""A search over settings: its trials, who runs them, and what came of them.

The test set has no part in it. A share of the training examples is set apart, and the trial that does best on them is
the best; only its settings, trained once more on all training examples, ever meet the test set (`Sweep.refit`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from glassnet.data.registry import DataSet
from glassnet.errors import GlassnetError, ValueRangeError, complain
from glassnet.scale import space as spaces
from glassnet.scale.journal import Journal
from glassnet.scale.results import Results
from glassnet.scale.space import Space, Trial, settings_for
from glassnet.scale.trial import held_out, limited, run_trial
from glassnet.scale.workers import TaskTimeoutError, Workers
from glassnet.train.recipes import recipe_for
from glassnet.train.settings import Settings
from glassnet.train.training import Training

JOURNAL = "trials.jsonl"
METHODS = ("grid", "one-at-a-time", "random")


@dataclass(frozen=True)
class Progress:
    """How a search stands when a trial has ended."""

    result: dict[str, Any]
    done: int
    trials: int
    best: dict[str, Any] | None
    seconds_left: float


class Sweep:
    """Train a network with many settings, and find the best.

    `space` names settings and the values to try (see `glassnet.scale.space`); `method` is "grid" for all of them
    together, "one-at-a-time" from the first values, or "random" for `n` draws. `base` has all other settings; without
    it, the recipe for the data. A share `validation` of the training examples decides; `subset` limits how many are
    used. `folder` keeps `trials.jsonl`: a sweep with the same folder goes on where a killed one ended.

    The same arguments give the same trials with the same scores, whatever executor runs them and however often its
    workers die.

    Raises `ValueRangeError` for a space, a method or a share that makes no sense.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from glassnet.data.datasets import load_dataset
    >>> sweep = Sweep(load_dataset("moons"), {"width": (1, 16), "learning_rate": (0.001, 0.1)}, Settings(epochs=10))
    >>> results = sweep.run(ThreadPoolExecutor(1))
    >>> len(results.done), results.best["choices"]
    (4, {'width': 16, 'learning_rate': 0.1})
    """

    def __init__(
        self,
        data: DataSet,
        space: Space,
        base: Settings | None = None,
        *,
        method: str = "grid",
        n: int = 50,
        seed: int = 0,
        validation: float = 0.2,
        subset: int | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        if not 0 < validation < 1:
            got = f"got validation={validation!r}"
            raise ValueRangeError(complain(got, "expected a share above 0 and below 1", "Try validation=0.2"))
        self.seed = seed
        self.whole = limited(data, subset, seed)
        self.data = held_out(self.whole, validation, seed)
        self.space = spaces.checked(space)
        self.base = base if base is not None else recipe_for(self.data)
        self.trials = _trials(self.space, method, n, seed)
        self._settings = [settings_for(self.base, trial.choices) for trial in self.trials]  # all of them make sense
        self._path: str | None = None
        self._found: dict[int, dict[str, Any]] = {}
        if folder is not None:
            self.keep_in(folder)

    def keep_in(self, folder: str | os.PathLike[str]) -> None:
        """Write down there what is done, and go on from what is there already."""
        self._path = os.path.join(os.fspath(folder), JOURNAL)

    def known(self) -> Results:
        """What the runs so far have found, also those that were stopped."""
        return Results(self.space, self.trials, dict(self._found), self.data.task)

    def run(
        self,
        executor: Executor | Callable[[], Executor] | None = None,
        *,
        workers: int | None = None,
        time_budget: float | None = None,
        listen: Callable[[Progress], Any] | None = None,
        deaths: int = 5,
        trial_timeout: float | None = None,
    ) -> Results:
        """Run the trials that are not done, `workers` at a time; without an executor, on as many processes.

        No trial begins after `time_budget` seconds. `listen` hears of every trial that ends. A trial whose worker died
        is run again, up to `deaths` times; one that takes longer than `trial_timeout` seconds is ended with its
        process, and counts as failed. An executor that breaks as a whole when a worker dies is made anew, if a
        function that makes it was given.

        Raises `BrokenExecutor` when the executor broke and cannot be made anew; what was done is kept in the folder.
        Raises `ValueRangeError` for a `trial_timeout` with an executor of one's own, which nobody else can end.
        """
        if trial_timeout is not None and executor is not None:
            got = f"got trial_timeout={trial_timeout:g} with an executor of your own"
            hint = f"Try Workers(2, timeout={trial_timeout:g})"
            raise ValueRangeError(complain(got, "expected processes that can be ended", hint))
        workers = workers or os.cpu_count() or 1
        deadline = None if time_budget is None else time.monotonic() + time_budget
        with Journal(self._path) if self._path else nullcontext() as journal:
            if journal is not None:
                self._found = self._known(journal)
            found = self._found
            run = _Running(self, found, workers, deadline, deaths)
            make = (lambda: Workers(workers, trial_timeout)) if executor is None else executor
            with _Hands(make) as hands:
                for result in run.results(hands):
                    if journal is None or journal.add(result):
                        found[result["trial"]] = result
                    if listen is not None:
                        listen(run.progress(result))
        return self.known()

    def _known(self, journal: Journal) -> dict[int, dict[str, Any]]:
        """The results of an earlier process; those of another search are not for us."""
        for number, result in journal.results.items():
            plain = {name: list(v) if isinstance(v, tuple) else v for name, v in self._choices(number).items()}
            if result.get("choices") != plain:
                got = f"{journal.path}: got trial {number} with {result.get('choices')}"
                hint = "Try the options that this sweep was begun with, or another folder"
                raise ValueRangeError(complain(got, f"expected {plain or 'no such trial'}", hint))
        return {number: {**result, "choices": self._choices(number)} for number, result in journal.results.items()}

    def _choices(self, number: int) -> dict[str, Any]:
        return self.trials[number].choices if 0 <= number < len(self.trials) else {}

    def submit(self, executor: Executor, trial: Trial) -> Future[dict[str, Any]]:
        """Give one trial to an executor."""
        return executor.submit(run_trial, self.data, self._settings[trial.number], trial)

    def again(self, number: int) -> Training:
        """The training of one trial, tested on the examples to choose by; run it by iterating."""
        return Training(self.data, self._settings[number])

    def refit(self, choices: dict[str, Any]) -> Training:
        """A training of these choices on all examples of the search, tested on the test set; run it by iterating."""
        return Training(self.whole, settings_for(self.base, choices))


def _trials(space: Space, method: str, n: int, seed: int) -> list[Trial]:
    if method == "random":
        return spaces.random(space, n, seed)
    if method not in METHODS:
        got = f"got method={method!r}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(METHODS)}", "Try method='grid'"))
    return (spaces.grid if method == "grid" else spaces.one_at_a_time)(space)


class _Hands:
    """The executor of a run: the caller's, or one that a function makes."""

    def __init__(self, given: Executor | Callable[[], Executor]) -> None:
        self._mine = not isinstance(given, Executor)
        self._make: Callable[[], Executor] = (lambda: given) if isinstance(given, Executor) else given
        self.executor = self._make()

    def __enter__(self) -> _Hands:
        return self

    def __exit__(self, kind: Any, *rest: object) -> None:
        if self._mine:
            self.executor.shutdown(wait=True, cancel_futures=kind is not None)

    def broken(self, problem: BrokenExecutor) -> None:
        """See whether the executor takes more tasks; if not, make another one."""
        if isinstance(self.executor, Workers):
            return  # which has replaced the worker already
        if not self._mine:
            raise problem
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self._make()


class _Running:
    """The trials of a run on their way through the executor."""

    def __init__(
        self, sweep: Sweep, found: dict[int, dict[str, Any]], workers: int, deadline: float | None, deaths: int
    ) -> None:
        self._sweep, self._found, self._workers = sweep, found, workers
        self._deadline, self._most_deaths = deadline, deaths
        self._waiting = [trial for trial in reversed(sweep.trials) if trial.number not in found]
        self._deaths: dict[int, int] = {}
        self._broken = 0  # times since the last result
        self._at: dict[Future[dict[str, Any]], Trial] = {}
        self._began, self._ended = time.monotonic(), 0

    def results(self, hands: _Hands) -> Iterator[dict[str, Any]]:
        """Hand out trials, as many at a time as there are workers, and give what comes back."""
        while self._hand_out(hands) or self._at:
            ended, _ = wait(self._at, return_when=FIRST_COMPLETED)
            for future in ended:
                trial = self._at.pop(future, None)
                result = None if trial is None else self._outcome(future, trial, hands)
                if result is not None:
                    self._ended, self._broken = self._ended + 1, 0
                    yield result

    def _hand_out(self, hands: _Hands) -> bool:
        on_time = self._deadline is None or time.monotonic() < self._deadline
        while on_time and self._waiting and len(self._at) < self._workers:
            trial = self._waiting.pop()
            try:
                self._at[self._sweep.submit(hands.executor, trial)] = trial
            except BrokenExecutor as problem:  # it broke after the last task had come back
                self._waiting.append(trial)
                self._mend(hands, problem)
        return bool(self._at)

    def _outcome(self, future: Future[dict[str, Any]], trial: Trial, hands: _Hands) -> dict[str, Any] | None:
        """What a trial came to; None for one that has to be run again."""
        try:
            return future.result()
        except BrokenExecutor as problem:
            if not isinstance(hands.executor, Workers):
                self._call_back()  # all of its tasks are lost with it
            self._mend(hands, problem)
        except (GlassnetError, TaskTimeoutError) as problem:
            return self._failed(trial, str(problem))
        deaths = self._deaths[trial.number] = self._deaths.get(trial.number, 0) + 1
        if deaths > self._most_deaths:
            return self._failed(trial, f"its worker died {deaths} times")
        self._waiting.append(trial)
        return None

    def _mend(self, hands: _Hands, problem: BrokenExecutor) -> None:
        """Have the executor made anew, unless it breaks more often than trials can be the reason."""
        self._broken += 1
        if self._broken > self._workers * (self._most_deaths + 1):
            raise problem
        hands.broken(problem)

    def _call_back(self) -> None:
        self._waiting += self._at.values()
        self._at.clear()

    @staticmethod
    def _failed(trial: Trial, reason: str) -> dict[str, Any]:
        failed = {"status": "failed", "score": None, "reason": reason, "seconds": 0.0, "worker": 0}
        return {"trial": trial.number, "choices": trial.choices, **failed}

    def progress(self, result: dict[str, Any]) -> Progress:
        """How it stands now."""
        results = self._sweep.known()
        each = (time.monotonic() - self._began) / max(1, self._ended)
        left = len(self._sweep.trials) - len(self._found)
        return Progress(result, len(self._found), len(self._sweep.trials), results.best, each * left)
