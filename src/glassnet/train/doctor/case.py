"""A case: everything that is known of a training when the doctor comes. What is not known is None."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from glassnet.train.activity import Activity, Look

_SAMPLE = 4_000  # rows are enough to know a range, a mean, a leak


class Part(NamedTuple):
    """Examples `(n, features)` as they come, and their targets."""

    x: np.ndarray
    y: np.ndarray


class Epoch(NamedTuple):
    """The figures at the end of an epoch; `held` are those of the examples that were not learnt from."""

    epoch: float
    loss: float
    held_loss: float = math.nan
    held_accuracy: float = math.nan


class Twins(NamedTuple):
    """A layer whose units all start alike: its weights' name, how many units, and the gradients of two of them."""

    name: str
    units: int
    first: tuple[float, ...]
    second: tuple[float, ...]


class Rival(NamedTuple):
    """What needs no network, beside the network, on `n` examples: the accuracy or R² of both, and the standard error
    of the difference, taken example by example."""

    name: str  # "logistic regression"
    measure: str
    own: float
    theirs: float
    error: float
    n: int


@dataclass
class Case:
    """What there is to look at.

    >>> Case(history=epochs_of([{"epoch": 1, "loss": 0.5, "test_loss": 0.6}])).history
    [Epoch(epoch=1.0, loss=0.5, held_loss=0.6, held_accuracy=nan)]
    """

    task: str | None = None  # "classification" or "regression"
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()  # of a table: the column that each feature was made of
    images: bool = False  # neighbouring features are pixels: a dark corner is no mistake
    train: Part | None = None
    validation: Part | None = None
    test: Part | None = None
    prepare: Callable[[np.ndarray], np.ndarray] | None = None  # from examples as they come to what the network sees
    plain: int | None = None  # so many of these are numbers; the rest are places of words, which have no scale
    shuffled: bool | None = None  # whether every pass takes the examples in a new order
    activity: Activity | None = None
    history: list[Epoch] | None = None
    rate: float | None = None
    scores: np.ndarray | None = field(default=None, repr=False)  # what the network says to `train`, before any softmax
    last_layer: str | None = None
    loss: str | None = None  # "cross_entropy", "bce_with_logits", "mse", …
    twins: list[Twins] | None = None
    leftover: tuple[float, float] | None = None  # gradient norms: what a step left behind, what its batch asks for
    trial: list[float] | None = None  # losses of a few steps on one batch
    tell: Callable[[int, int], str] | None = None  # row i of a part (0 training, 1 validation, 2 test) of a table
    rivals: list[Rival] | None = None  # a guess and a linear model, on the test examples
    complete: bool = True  # whether train, validation and test are all the examples that there are

    @property
    def last(self) -> Look | None:
        """The latest look into the layers."""
        return self.activity.looks[-1] if self.activity else None

    @property
    def first(self) -> Look | None:
        """The look before the first step, if there was one."""
        looks = self.activity.looks if self.activity else []
        return looks[0] if looks and looks[0].step == 0 else None

    @property
    def looks(self) -> list[Look] | None:
        """All looks; None if there are none."""
        return self.activity.looks if self.activity else None

    @property
    def held(self) -> list[Epoch] | None:
        """The epochs after which examples were judged that were not learnt from; None if there are fewer than two."""
        judged = [e for e in self.history or () if math.isfinite(e.held_loss)]
        return judged if len(judged) > 1 else None

    @property
    def learning(self) -> list[Epoch] | None:
        """The epochs, if there are at least two."""
        return self.history if self.history and len(self.history) > 1 else None

    @property
    def labels(self) -> np.ndarray | None:
        """The training labels of a classification; None for anything else."""
        return self.train.y if self.train is not None and self.task == "classification" else None

    @property
    def inputs(self) -> np.ndarray | None:
        """What the network sees of the training examples; of many, an evenly spaced sample."""
        if self.train is None:
            return None
        x = sample(self.train.x)
        return (x if self.prepare is None else self.prepare(x))[:, : self.plain]

    def class_name(self, i: int) -> str:
        """What class i is called."""
        return self.classes[i] if i < len(self.classes) else str(i)

    def row_name(self, part: int, i: int) -> str:
        """Row i of a part in words: as it stands in the table, where there is one."""
        return self.tell(part, i) if self.tell is not None else f"row {i}"

    def feature_name(self, i: int) -> str:
        """What feature i is called."""
        return self.features[i] if i < len(self.features) else f"feature {i}"

    def without(self, features: Sequence[int]) -> str:
        """What `glassnet train` is told to leave a table's columns out; nothing where features have no columns.

        >>> Case(columns=("size", "tax", "no. of rooms")).without([1, 2])
        "--drop 'tax,no. of rooms'"
        """
        names = list(dict.fromkeys(self.columns[i] for i in features if i < len(self.columns)))
        return f"--drop {shlex.quote(','.join(names))}" if names and not any("," in name for name in names) else ""


def sample(rows: np.ndarray) -> np.ndarray:
    """Evenly spaced rows, a few thousand at most."""
    return rows[:: max(1, len(rows) // _SAMPLE)]


def epochs_of(history: Sequence[Mapping[str, Any]]) -> list[Epoch]:
    """The figures of epochs as a training writes them: "loss" beside "validation_loss" or "test_loss"."""
    epochs: list[Epoch] = []
    for i, figures in enumerate(history, 1):
        held = "validation" if "validation_loss" in figures else "test"
        loss, accuracy = _number(figures, f"{held}_loss"), _number(figures, f"{held}_accuracy")
        epochs.append(Epoch(_number(figures, "epoch", float(i)), _number(figures, "loss"), loss, accuracy))
    return epochs


def _number(figures: Mapping[str, Any], name: str, otherwise: float = math.nan) -> float:
    value = figures.get(name)
    return float(value) if isinstance(value, int | float) else otherwise
