"""The child process of one peer: reads a command a line on standard input, answers a line of JSON.

    python -m benchmarks.worker MODULE WORKLOAD FOLDER

`prepare` picks a recipe and checks that the peer learns, `run` times one unit, `peak` tells the memory used so far.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from benchmarks.memory import peak_megabytes
from benchmarks.peers import PeerModule, Runner, import_peer
from benchmarks.problem import Problem, read_problem
from benchmarks.reference import JUDGED_ROWS, judge, scores
from benchmarks.workloads import WORKLOADS

Reply = dict[str, Any]

# Recipes within this factor of the fastest take turns, so that a busy moment of the machine chooses none of them.
CLOSE = 1.3
TURNS = 3


class Worker:
    """One peer and one workload."""

    def __init__(self, module: PeerModule, problem: Problem) -> None:
        self._module, self._problem = module, problem
        self._runner: Runner | None = None

    def prepare(self, tune: bool) -> Reply:
        """Get ready to be timed: the fastest recipe, from the first weights, warmed up by one unit and judged."""
        recipes = self._module.recipes(self._problem.workload)
        if not recipes:
            return {"status": "absent", "reason": "has no such mode"}
        tried = self._try_all(recipes) if tune and len(recipes) > 1 else {}
        chosen = min(tried, key=tried.__getitem__, default=recipes[0])
        self._runner = self._module.prepare(self._problem, chosen)
        self._runner.unit()
        return {"status": "ready", "recipe": chosen, "tried": tried, **self._verdict(), **self.run()}

    def run(self) -> Reply:
        """The seconds of one unit."""
        if self._runner is None:
            raise RuntimeError("got run; expected prepare first. Try preparing the worker.")
        return {"seconds": seconds_of(self._runner.unit)}

    def peak(self, recipe: str) -> Reply:
        """Memory after preparing and running one unit, with nothing else ever done in this process."""
        self._runner = self._module.prepare(self._problem, recipe)
        self._runner.unit()
        return {"megabytes": peak_megabytes()}

    def _try_all(self, recipes: tuple[str, ...]) -> dict[str, float]:
        tried: dict[str, float] = {}
        units: dict[str, Callable[[], object]] = {}
        for recipe in recipes:
            units[recipe] = self._module.prepare(self._problem, recipe).unit
            units[recipe]()
            tried[recipe] = seconds_of(units[recipe])
        for recipe in TURNS * [recipe for recipe in recipes if tried[recipe] < CLOSE * min(tried.values())]:
            tried[recipe] = min(tried[recipe], seconds_of(units[recipe]))
        units.clear()
        gc.collect()
        return tried

    def _verdict(self) -> Reply:
        """The loss before and after training, or the largest error of a prediction."""
        result: Any = self._runner.result() if self._runner else None
        if result is None:
            return {}
        if self._problem.workload.task == "train":
            return {"before": judge(self._problem, self._problem.layers), "after": judge(self._problem, result)}
        return {"error": _score_error(self._problem, np.asarray(result))}


def _score_error(problem: Problem, got: np.ndarray) -> float:
    """How far centred scores are from NumPy's own; centring forgives a peer that gives log-probabilities."""
    rows = slice(0, JUDGED_ROWS)
    want = scores(problem.features(rows), problem.layers, problem.workload.activation)
    got = got[rows].astype(np.float64)
    return float(np.abs((got - got.mean(1, keepdims=True)) - (want - want.mean(1, keepdims=True))).max())


def seconds_of(unit: Callable[[], object]) -> float:
    """Wall time of one call, without a garbage collection in the middle of it."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        unit()
        return time.perf_counter() - start
    finally:
        gc.enable()


def _take_standard_output() -> TextIO:
    """Keep the real standard output for answers; whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def answer(command: Reply, worker: Worker) -> Reply:
    """Do one command."""
    if command["do"] == "prepare":
        return worker.prepare(command["tune"])
    if command["do"] == "peak":
        return worker.peak(command["recipe"])
    return worker.run()


def start(module: str, workload: str, folder: str) -> Worker | Reply:
    """A worker, or the reason why there is none."""
    try:
        return Worker(import_peer(module), read_problem(WORKLOADS[workload], Path(folder)))
    except ImportError as error:
        return {"status": "absent", "reason": str(error)}


def main() -> None:
    answers = _take_standard_output()
    started = start(*sys.argv[1:4])
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), started) if isinstance(started, Worker) else started
        except Exception as error:  # whatever a peer raises is a result to report, not a reason to stop the others
            reply = {"status": "failed", "reason": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main()
