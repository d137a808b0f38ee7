"""How long `fit` takes with `glassnet.sklearn` and with scikit-learn: the same settings, the same numbers learnt.

    python -m benchmarks.estimators                      # about a minute
    python -m benchmarks.estimators --rounds 11 --threads 2

The two take turns; each figure is the median of its rounds, in milliseconds: of the processor's time with one thread,
so that other programs disturb it little, and by the clock on the wall with more. The loss at the end stands beside
them: both have learnt the same. Needs scikit-learn (`pip install glassnet[sklearn]`).
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.report import figure, table

ROUNDS = 5
Data = tuple[np.ndarray, np.ndarray]
Fit = Callable[[], float]  # gives the loss at the end
Clock = Callable[[], float]


@dataclass(frozen=True)
class Task:
    """What is learnt from what, with which settings of the estimator."""

    name: str
    examples: int
    features: int
    classes: int  # 0: a number is learnt
    settings: dict[str, Any]

    def data(self) -> Data:
        """Clusters around random places, or a function of random numbers."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(self.examples, self.features))
        if not self.classes:
            return x, np.sin(x).sum(1)
        y = rng.integers(0, self.classes, self.examples)
        return x + 1.5 * rng.normal(size=(self.classes, self.features))[y], y


_SMALL = {"hidden_layer_sizes": (10,), "max_iter": 200, "learning_rate_init": 0.01}
_DIGITS = {"hidden_layer_sizes": (128, 64), "batch_size": 128, "max_iter": 10}
_SGD = {"solver": "sgd", "activation": "tanh", "batch_size": 10, "learning_rate_init": 0.05, "max_iter": 20}
TASKS = (
    Task("200 points, 10 units, 200 epochs", 200, 2, 2, _SMALL),
    Task("500 points, 4-2 tanh, batches of 10, SGD, 20 epochs", 500, 2, 2, {**_SGD, "hidden_layer_sizes": (4, 2)}),
    Task("1,800 digits of 64, 128-64 units, 10 epochs", 1800, 64, 10, _DIGITS),
    Task("2,000 rows of 20, a number, 100 units, 20 epochs", 2000, 20, 0, {"max_iter": 20}),
    Task("2,000 rows of 20, L-BFGS, 50 steps", 2000, 20, 0, {"solver": "lbfgs", "max_iter": 50}),
)


def makers() -> dict[str, tuple[Any, Any]]:
    """The classifier and the regressor of each library."""
    import sklearn.neural_network as theirs

    import glassnet.sklearn as ours

    return {
        "scikit-learn": (theirs.MLPClassifier, theirs.MLPRegressor),
        "glassnet.sklearn": (ours.MLPClassifier, ours.MLPRegressor),
    }


def fits(task: Task) -> dict[str, Fit]:
    """A fit from the start with each library."""
    x, y = task.data()

    def fit(kind: Any) -> float:
        model = kind(random_state=0, tol=0.0, n_iter_no_change=10_000, **task.settings)
        return float(model.fit(x, y).loss_)

    return {
        name: lambda kind=kinds[0 if task.classes else 1]: fit(kind)  # type: ignore[misc]
        for name, kinds in makers().items()
    }


def measure(task: Task, rounds: int, clock: Clock = time.process_time) -> dict[str, tuple[float, float]]:
    """Seconds (the median of the rounds, in which the libraries take turns) and the loss at the end, by library."""
    chosen = fits(task)
    losses = {name: fit() for name, fit in chosen.items()}  # a first time that does not count
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    for turn in range(rounds):
        for name in sorted(chosen, reverse=bool(turn % 2)):
            began = clock()
            chosen[name]()
            seconds[name].append(clock() - began)
    return {name: (statistics.median(times), losses[name]) for name, times in seconds.items()}


def rows(tasks: tuple[Task, ...], rounds: int, clock: Clock) -> Iterator[tuple[str, ...]]:
    """A line of the table for each task."""
    for task in tasks:
        found = measure(task, rounds, clock)
        (theirs, a), (ours, b) = found["scikit-learn"], found["glassnet.sklearn"]
        loss = f"{a:.6f}" if f"{a:.6f}" == f"{b:.6f}" else f"{a:.6f}, {b:.6f}"
        yield task.name, figure(1e3 * theirs), figure(1e3 * ours), f"{figure(theirs / ours)}×", loss


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"turns of each library (default {ROUNDS})")
    parser.add_argument("--threads", type=int, default=1, help="threads of the matrix products (default 1)")
    options = parser.parse_args(arguments)
    header = ("fit", "scikit-learn, ms", "glassnet.sklearn, ms", "times as fast", "loss")
    with threadpool_limits(options.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that training stops before it has converged
        clock = time.process_time if options.threads == 1 else time.perf_counter
        print(table(header, rows(TASKS, max(options.rounds, 1), clock)))


if __name__ == "__main__":
    main()
