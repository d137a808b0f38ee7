"""One training of a search, as a function that any process can run: data and settings in, plain numbers out."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import GlassnetError
from glassnet.scale.space import Trial
from glassnet.train.evaluation import Evaluation, Regression
from glassnet.train.settings import Settings
from glassnet.train.training import Training

_one_at_a_time = threading.Lock()  # within a process: the default stream of random numbers belongs to one training


def run_trial(data: DataSet, settings: Settings, trial: Trial) -> dict[str, Any]:
    """Train, and judge on the examples that the data set keeps for testing: a search puts its validation part there.

    A training that goes wrong is a result too, with status "failed" and the reason; its score is None.

    >>> from glassnet.data.datasets import load_dataset
    >>> result = run_trial(load_dataset("moons"), Settings(hidden=(4,), epochs=1), Trial(7, {"width": 4}))
    >>> result["trial"], result["status"], result["parameters"]
    (7, 'done', 22)
    """
    with _one_at_a_time:
        began = time.perf_counter()
        try:
            found = _trained(data, settings)
        except (GlassnetError, MemoryError) as problem:
            found = {"status": "failed", "score": None, "reason": str(problem) or type(problem).__name__}
        seconds = time.perf_counter() - began
        return {"trial": trial.number, "choices": trial.choices, **found, "seconds": seconds, "worker": os.getpid()}


def _trained(data: DataSet, settings: Settings) -> dict[str, Any]:
    training, loss = Training(data, settings), None
    for moment in training:
        loss = moment.loss
    judged = training.test()
    return {
        "status": "done",
        "score": score_of(judged),
        "validation_loss": judged.loss,
        "train_loss": loss,
        "parameters": training.parameters,
        "epochs": training.epochs_done,
        "seconds_per_epoch": training.seconds / max(training.epochs_done, 1e-9),
    }


def score_of(judged: Evaluation) -> float:
    """What a search wants to be high: the accuracy of a classifier, R² of a regression."""
    return judged.r2 if isinstance(judged, Regression) else judged.accuracy


def limited(data: DataSet, most: int | None, seed: int) -> DataSet:
    """The data with at most that many training examples, drawn at random; the test set is left as it is.

    >>> from glassnet.data.datasets import load_dataset
    >>> limited(load_dataset("moons", n=500), 100, seed=0)
    DataSet 'moons': classification, 100 to train, 100 to test, 2 features, classes upper, lower
    """
    if most is None or most >= len(data.x_train):
        return data
    from numpy.random import default_rng

    rows = np.sort(default_rng(seed).permutation(len(data.x_train))[:most])
    return replace(data, **_learnt(data, rows))


def held_out(data: DataSet, share: float, seed: int) -> DataSet:
    """The training examples alone: most of them to learn from, that share of each class to choose by.

    The examples for testing are not in it: where they are expected stand those to choose by.

    >>> from glassnet.data.datasets import load_dataset
    >>> data = held_out(load_dataset("gauss", n=500), share=0.25, seed=0)
    >>> len(data.x_train), np.bincount(data.y_train).tolist(), np.bincount(data.y_test).tolist()
    (300, [151, 149], [50, 50])
    """
    from numpy.random import default_rng

    order = default_rng(seed).permutation(len(data.x_train))
    if data.task == "classification":
        order = order[np.argsort(data.y_train[order], kind="stable")]  # every stretch of it is one of a class
    kept = min(max(1, round(len(order) * share)), len(order) - 1)
    chosen = np.zeros(len(order), bool)
    chosen[((np.arange(kept) + 0.5) * len(order) / max(1, kept)).astype(int)] = True
    rest, validation = np.sort(order[~chosen]), np.sort(order[chosen])
    x, y = data.x_train, data.y_train
    return replace(data, **_learnt(data, rest, validation), x_test=x[validation], y_test=y[validation])


def _learnt(data: DataSet, rows: np.ndarray, tested: np.ndarray | None = None) -> dict[str, Any]:
    """Some of the training examples, with their weights if they have any; others of them may be for testing."""
    found = {"x_train": data.x_train[rows], "y_train": data.y_train[rows]}
    weights = getattr(data, "weights", None)
    if weights is None:
        return found
    learnt, valid, test = weights
    return {**found, "weights": (learnt[rows], valid, test if tested is None else learnt[tested])}
