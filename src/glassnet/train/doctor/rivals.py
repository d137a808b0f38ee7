"""A network beside what needs none: a guess and a linear model, judged on the same examples."""

from __future__ import annotations

import math

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.train.baselines import baselines
from glassnet.train.doctor.case import Rival
from glassnet.train.evaluation import Classification, Evaluation
from glassnet.train.multilabel import Multilabel

_FEWEST = 10  # examples, below which nothing is compared


def rivals_of(network: Evaluation, data: DataSet, seed: int = 0) -> list[Rival]:
    """How a guess and a linear model do on the test examples that a network was judged on.

    >>> from glassnet.data.datasets import load_dataset
    >>> from glassnet.train.baselines import guessed
    >>> moons = load_dataset("moons")
    >>> [(rival.name, rival.own, rival.theirs > 0.8) for rival in rivals_of(guessed(moons, moons.y_test), moons)]
    [('most frequent class', 0.49, False), ('logistic regression', 0.49, True)]
    """
    if len(data.x_test) < _FEWEST:
        return []
    compared = (beside(found.name, network, found.test) for found in baselines(data, seed))
    return [rival for rival in compared if math.isfinite(rival.own)]


def beside(name: str, network: Evaluation, other: Evaluation) -> Rival:
    """Two judgements of the same examples: their figures, and the standard error of the difference.

    >>> from glassnet.train.evaluation import classification
    >>> right, wrong = (classification(np.array([scores] * 4), np.zeros(4, int)) for scores in ([1.0, 0.0], [0.0, 1.0]))
    >>> beside("guess", wrong, right)
    Rival(name='guess', measure='accuracy', own=0.0, theirs=1.0, error=0.0, n=4)
    """
    own, theirs = points(network), points(other)
    measure = "accuracy" if isinstance(network, Classification | Multilabel) else "R²"
    error = float((theirs - own).std(ddof=1)) / math.sqrt(len(own))
    return Rival(name, measure, float(own.mean()), float(theirs.mean()), error, len(own))


def points(judged: Evaluation) -> np.ndarray:
    """What each example adds to the figure that a judgement is compared by: the mean is the accuracy, or R²."""
    if isinstance(judged, Classification):
        return (judged.said == judged.labels).astype(np.float64)
    if isinstance(judged, Multilabel):
        return judged.right.mean(axis=1, dtype=np.float64)
    errors = ((judged.predictions - judged.targets) / judged.scale) ** 2
    distances = ((judged.targets - judged.targets.mean(axis=0)) / judged.scale) ** 2
    spread = float(np.mean(distances, dtype=np.float64))
    return 1 - errors.mean(axis=1, dtype=np.float64) / (spread if spread else math.nan)
