"""What is reached without a network: by guessing, and by a linear model. A result means little without them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from glassnet.core.generator import fork_rng
from glassnet.data.registry import DataSet
from glassnet.train.evaluation import Classification, Evaluation, Regression, classification
from glassnet.train.multilabel import Multilabel
from glassnet.train.preparation import Preparation
from glassnet.train.settings import Settings
from glassnet.train.training import Training

_LINEAR = Settings(
    hidden=(), optimizer="adamw", learning_rate=0.02, schedule="cosine", warm_up=0.0, batch_size=100, epochs=20
)  # fmt: skip
_STEPS = 2_000  # that the linear model takes at least, unless it is through with its epochs
_MOST_FEATURES = 2_000  # for which least squares are solved exactly
_ROWS = 10_000  # at a time: data may be larger than memory
_CERTAIN = 30.0  # a score far enough from 0 for a probability of all but 1


class Baseline(NamedTuple):
    """What it is called, and how it does on the examples kept for testing."""

    name: str
    test: Evaluation


def baselines(data: DataSet, seed: int = 0) -> list[Baseline]:
    """Guessing from the targets alone, and a linear model, on the split that a network is tested on.

    Classes: always the most frequent one, and logistic regression. Values: always their mean, and linear regression.
    Several labels: for each whether most examples have it, and a logistic regression each. Random numbers are left
    as they were.

    >>> from glassnet.data.datasets import load_dataset
    >>> [(b.name, b.test.accuracy > 0.7) for b in baselines(load_dataset("moons"))]
    [('most frequent class', False), ('logistic regression', True)]
    """
    y = data.y_test if len(data.x_test) else data.y_train
    name = {"classification": "most frequent class", "multilabel": "most frequent answers"}.get(data.task, "mean")
    return [Baseline(name, guessed(data, y)), Baseline(_linear_name(data), linear(data, seed))]


def _linear_name(data: DataSet) -> str:
    return "linear regression" if data.task == "regression" else "logistic regression"


def guessed(data: DataSet, y: np.ndarray) -> Evaluation:
    """The judgement of whoever knows how often each target occurs in training, and nothing about examples.

    >>> from glassnet.data.datasets import load_dataset
    >>> and_gate = load_dataset("and")
    >>> guessed(and_gate, and_gate.y_test).accuracy
    0.75
    """
    learnt = data.y_train
    if data.task == "classification":
        shares = np.bincount(learnt, minlength=len(data.classes)) / max(1, len(learnt))
        scores = np.log(np.maximum(shares, 1e-12))
        return classification(np.tile(scores, (len(y), 1)), y)
    if data.task == "multilabel":
        share = np.clip(learnt.mean(axis=0, dtype=np.float64), 1e-12, 1 - 1e-12)
        scores = np.clip(np.log(share / (1 - share)), -_CERTAIN, _CERTAIN)
        return Multilabel(np.tile(scores, (len(y), 1)), y)
    restored = Preparation.of(data).restored
    means = np.tile(learnt.mean(axis=0, dtype=np.float64), (len(y), 1))
    return Regression(restored(means), restored(y), _scale(data))


def linear(data: DataSet, seed: int = 0) -> Evaluation:
    """The judgement of a linear model: exact least squares, or a network without a hidden layer, trained to its end."""
    embedded = getattr(data, "embedded", None)
    if data.task == "regression" and data.n_features <= _MOST_FEATURES and not (embedded and embedded[1]):
        return _least_squares(data)
    size = min(_LINEAR.batch_size, max(1, len(data.x_train) // 4))
    enough = -(-_STEPS * size // max(1, len(data.x_train)))
    settings = replace(_LINEAR, seed=seed, batch_size=size, epochs=max(5, min(500, enough)))
    with fork_rng():
        training = Training(data, settings)
        for _ in training:
            pass
        return training.test()


def _least_squares(data: DataSet) -> Regression:
    """Σ(x·w − y)² at its minimum, by the normal equations, which blocks of rows can be added to."""
    prepare = Preparation.of(data)
    n, outputs = prepare.features + 1, data.n_outputs
    square, product = np.zeros((n, n)), np.zeros((n, outputs))
    for start in range(0, len(data.x_train), _ROWS):
        rows = _with_ones(prepare(data.x_train[start : start + _ROWS]))
        square += rows.T @ rows
        product += rows.T @ np.asarray(data.y_train[start : start + _ROWS], np.float64)
    w = np.linalg.lstsq(square, product)[0]  # (features + 1, outputs)
    x, y = (data.x_test, data.y_test) if len(data.x_test) else (data.x_train, data.y_train)
    said = np.concatenate([_with_ones(prepare(x[i : i + _ROWS])) @ w for i in range(0, max(1, len(x)), _ROWS)])
    return Regression(prepare.restored(said), prepare.restored(y), _scale(data))


def _with_ones(x: np.ndarray) -> np.ndarray:
    return np.column_stack([x.astype(np.float64), np.ones(len(x))])


def _scale(data: DataSet) -> Any:
    table = getattr(getattr(data, "preparation", None), "table", None)
    return np.array(table.target.spreads) if table is not None else 1.0


def headline(test: Evaluation) -> dict[str, float]:
    """The figures by which baselines and networks are compared.

    >>> headline(classification(np.eye(2), np.array([0, 1])))["accuracy"]
    1.0
    """
    if isinstance(test, Classification):
        return {"accuracy": test.accuracy, "loss": test.loss}
    if isinstance(test, Multilabel):
        return {"accuracy": test.accuracy, "exact": test.exact, "loss": test.loss}
    return {"r2": test.r2, "rmse": test.rmse}
