"""Training a multilayer perceptron on a data set by settings: what `glassnet train` does.

The loop is `Trainer`'s. Here the settings are put into its words, and what it looks at is put into the user's: examples
per second, accuracy, an `Evaluation` at the end of each epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.random import manual_seed
from glassnet.data.registry import DataSet
from glassnet.errors import DataError, NonFiniteError, ValueRangeError, complain
from glassnet.train.bad_rows import first_not_finite
from glassnet.train.batches import Batches
from glassnet.train.callbacks import BestWeights, Callback, EarlyStopping, RateCut, ReduceOnPlateau
from glassnet.train.evaluation import Evaluation, figures_of
from glassnet.train.figures import Look
from glassnet.train.in_pieces import Judged, judged
from glassnet.train.judging import held_out
from glassnet.train.parts import OPTIMIZERS, network
from glassnet.train.predictions import Predictions
from glassnet.train.preparation import Preparation
from glassnet.train.saving import Reluctant
from glassnet.train.schedule import PLATEAU
from glassnet.train.settings import Settings
from glassnet.train.trainer import Trainer
from glassnet.train.weighting import class_weight_named, example_weights

_MOST_TESTS = 50  # tests in a training of many epochs
_MOST_COMPARED = 10_000  # examples that were learnt from, judged at the end: a few would be a matter of luck
_MOST_AT_START = 1000  # examples by which the loss before the first step is measured: nobody has learnt them yet
_WORTH_SAVING = 2.0  # seconds: a shorter training is quicker run again than resumed
_GOALS = {
    "classification": "cross-entropy",
    "multilabel": "binary cross-entropy",
    "regression": "squared error",
}
_LOSSES = {"classification": "cross_entropy", "multilabel": "bce", "regression": "mse"}


@dataclass(frozen=True)
class Moment:
    """How a training stands. `test` is there at the end of those epochs after which the network was judged."""

    epoch: int  # the one that runs, or has just ended; from 1 (0: before the first step)
    epochs: int
    done: float  # the share of all steps
    loss: float  # mean over the steps of the epoch so far
    accuracy: float | None  # of the latest batches; None for regression
    seconds: float  # spent on training
    examples_per_second: float
    test: Evaluation | None = None
    part: str = "test"  # the examples that it was judged by: test or validation
    cut: RateCut | None = None  # of the rate, after this epoch

    @property
    def seconds_left(self) -> float:
        """How long the rest takes if it goes on like this."""
        return self.seconds * (1 - self.done) / self.done if self.done else math.inf

    def figures(self) -> dict[str, float]:
        """Its loss and its judgement, by the names that they have in the history."""
        judged = figures_of(self.test) if self.test is not None else {}
        return {"loss": self.loss, **{f"{self.part}_{name}": value for name, value in judged.items()}}


@dataclass(eq=False)
class Training:
    """A network, and the data and settings it is trained with.

    Iterating trains it, and gives a `Moment` about ten times a second and after every epoch; when the iteration ends,
    `model` is trained. `stop()` ends it after the step that runs. With a folder for `checkpoints`, a training that
    takes long or is stopped is saved there; `resume` goes on from such a state.

    Raises `DataError` for data that cannot be trained on, `ValueRangeError` when the loss is no longer a finite number.

    >>> from glassnet.data.datasets import load_dataset
    >>> settings = Settings(hidden=(8,), activation="tanh", epochs=200, batch_size=4)
    >>> training = Training(load_dataset("xor_gate"), settings)
    >>> moments = list(training)
    >>> moments[-1].epoch, moments[-1].test.accuracy
    (200, 1.0)
    """

    data: DataSet
    settings: Settings
    checkpoints: str | None = None
    resume: dict[str, Any] | None = None
    about: dict[str, Any] = field(default_factory=dict)  # goes into the checkpoints
    callbacks: list[Callback] = field(default_factory=list)
    nan_guard: bool = False  # say which operation made a NaN, before it reaches a weight
    model: nn.Sequential = field(init=False)
    prepare: Preparation = field(init=False)
    trainer: Trainer = field(init=False)
    judgement: Judged = field(init=False, repr=False)  # of the latest epoch that was judged
    accuracy: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        check_data(self.data)
        settings = self.settings
        manual_seed(settings.seed)
        self.prepare = Preparation.of(self.data)
        self.learned, self.validation, rows = _parts(self.data, settings)
        embedded = getattr(self.data, "embedded", None)
        self.model = network(self.data.n_features, self.data.n_outputs, settings, embedded)
        self.watcher = _watcher(settings) if self.validation is not None else None
        self.plateau = self._plateau() if settings.schedule == PLATEAU else None
        self.trainer = self._trainer()
        self.trainer.judged_on = self.validation
        x, y = self.learned
        own = getattr(self.data, "weights", None)
        balance = class_weight_named(settings.class_weight, self.data.classes)
        learnt = own[0][rows] if own is not None else None
        self._counting = own[1] if own is not None and len(own[1]) else None  # how much a validation example counts
        weights = example_weights(self.learned, balance, learnt)
        self.batches = Batches(x, y, self.prepare, settings.batch_size, weights, augment=self._augment())

    def _trainer(self) -> Trainer:
        s = self.settings
        listeners = [listener for listener in (self.watcher, self.plateau) if listener is not None]
        return Trainer(
            self.model,
            _LOSSES[self.data.task],
            OPTIMIZERS[s.optimizer](self.model.parameters(), s),
            schedule="constant" if self.plateau is not None else s.schedule,
            warm_up=s.warm_up,
            label_smoothing=s.label_smoothing if self.data.task == "classification" else 0.0,
            callbacks=[*listeners, *self.callbacks],
            ema=s.ema or None,
            time_budget=s.time_budget or None,
            nan_guard=self.nan_guard,
            checkpoints=Reluctant(self.checkpoints, _WORTH_SAVING) if self.checkpoints else None,
            configuration=self.about,
            clip_norm=s.clip_norm or None,
            clip_value=s.clip_value or None,
            l1=s.l1,
            l2=s.l2,
            max_norm=s.max_norm or None,
            mixup=s.mixup,
            accumulate=s.accumulate,
        )

    def _plateau(self) -> ReduceOnPlateau:
        s = self.settings
        figure = f"validation_{s.monitor}" if self.validation is not None else "loss"
        return ReduceOnPlateau(figure, s.plateau_factor, s.plateau_patience, s.min_delta)

    def _augment(self) -> Any:
        s = self.settings
        if s.augment == "none":
            return None
        from glassnet.data.augment_named import augmentation  # which only those wait for who augment

        return augmentation(s.augment.split("+"), self.data.x_train, s.augment_strength, s.seed)

    # ---- what may be asked ----------------------------------------------------------------------------------

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(p.array.size for p in self.model.parameters())

    @property
    def steps(self) -> int:
        """How many batches the whole training has."""
        return self.settings.epochs * len(self.batches)

    @property
    def updates(self) -> int:
        """How many updates of the weights an epoch has."""
        return math.ceil(len(self.batches) / self.settings.accumulate)

    @property
    def examples(self) -> int:
        """How many examples it learns from."""
        return len(self.learned[0])

    @property
    def history(self) -> list[dict[str, Any]]:
        """The figures of the judged epochs."""
        return self.trainer.history.entries

    @property
    def goal(self) -> str:
        """What the training makes as small as it can, in words."""
        s = self.settings
        words = f"the smallest {_GOALS[self.data.task]}, on average over the examples"
        if s.label_smoothing and self.data.task == "classification":
            words += ", of smoothed labels"
        added = [f"{s.l1:g} · Σ|w|"] * bool(s.l1) + [f"{s.l2:g} · Σw²"] * bool(s.l2)
        return " + ".join([words, *added])

    @property
    def epochs_done(self) -> float:
        """How often each example was seen."""
        return self.trainer.step / len(self.batches)

    @property
    def seconds(self) -> float:
        """The time spent on training."""
        return self.trainer.seconds

    @property
    def stopped(self) -> str | None:
        """What ended the training before its last epoch."""
        return self.trainer.stopped

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights were kept, where validation examples decided."""
        return self.watcher.best_epoch if self.watcher is not None and self.watcher.best_epoch else None

    @property
    def plateau_figure(self) -> str:
        """What a rate with the schedule plateau waits for, in words."""
        return f"validation {self.settings.monitor}" if self.validation is not None else "loss in training"

    def stop(self, reason: str = "asked to stop") -> None:
        """End the training after the present step."""
        self.trainer.stop(reason)

    # ---- the training ---------------------------------------------------------------------------------------

    @property
    def looked_at(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the examples to learn from, evenly spaced, on which the loss before the first step is taken."""
        x, y = self.learned
        some = slice(None, None, max(1, len(x) // _MOST_AT_START))
        return x[some], y[some]

    def before(self) -> Moment:
        """Epoch 0: how the network does before its first step; asked for before the iteration, it changes nothing.

        >>> from glassnet.data.datasets import load_dataset
        >>> start = Training(load_dataset("xor_gate"), Settings(hidden=(4,), epochs=5, batch_size=4)).before()
        >>> start.epoch, start.done, 0.5 < start.loss < 1  # ln(2) is as good as chance
        (0, 0.0, True)
        """
        loss = self._judge(*self.looked_at).test.loss
        test = self._judge(*(self.validation or self.tested)).test
        return Moment(0, self.settings.epochs, 0.0, loss, None, 0.0, 0.0, test, self.part)

    def __iter__(self) -> Iterator[Moment]:
        trainer, settings = self.trainer, self.settings
        waiting = settings.patience or self.plateau is not None  # for a figure of every epoch
        every = 1 if waiting else max(1, math.ceil(settings.epochs / _MOST_TESTS))
        looks = trainer.moments(
            self.batches, self._judged, settings.epochs, prepare=self.prepare, validate_every=every, resume=self.resume
        )
        try:
            for look in looks:
                yield self._moment(look)
        except NonFiniteError as problem:
            if problem.birth is not None:
                raise
            raise self._diverged() from problem

    def _moment(self, look: Look) -> Moment:
        trainer = self.trainer
        judged_now = look.figures is not None and f"{self.part}_loss" in look.figures
        if look.figures is None and trainer.scores is not None and self.data.task == "classification":
            self.accuracy = self._smoothed(trainer.scores.array, trainer.batch[1].array)
        speed = trainer.step * self.batches.size / look.seconds if look.seconds else 0.0
        return Moment(
            look.epoch, look.epochs, look.done, look.loss, self.accuracy, look.seconds, speed,
            self.judgement.test if judged_now else None, self.part,
            self.plateau.cut if self.plateau is not None and look.figures is not None else None,
        )  # fmt: skip

    def _smoothed(self, scores: np.ndarray, y: np.ndarray) -> float:
        now = float((scores.argmax(axis=1) == y).mean())
        return now if self.accuracy is None else 0.8 * self.accuracy + 0.2 * now

    def _diverged(self) -> ValueRangeError:
        s, step = self.settings, self.trainer.step
        rate = f"{min(s.learning_rate / 10, OPTIMIZERS[s.optimizer].rate):.2g}"
        got = f"got a loss that is not a number by step {step}, at learning rate {s.learning_rate:g}"
        return ValueRangeError(complain(got, "expected a finite one", f"Try --learning-rate {rate}"))

    # ---- judging --------------------------------------------------------------------------------------------

    @property
    def part(self) -> str:
        """What is judged after an epoch: the validation examples, or else those for testing."""
        return "validation" if self.validation is not None else "test"

    def _judge(self, x: np.ndarray, y: np.ndarray, **how: Any) -> Judged:
        return judged(self.model, self.prepare, x, y, **how)

    def _judged(self, trainer: Trainer) -> dict[str, Any]:
        """The figures of an epoch; the whole judgement is kept for those who want to see it."""
        weights = self._counting if self.validation is not None else None
        found = self._judge(*(self.validation or self.tested), weights=weights)
        self.judgement = found
        return {f"{self.part}_{name}": value for name, value in found.figures.items()}

    def test(self) -> Evaluation:
        """How the network does on the examples kept for testing, or on those it learns from where there are none."""
        return self._judge(*self.tested).test

    def tell_test(self, keep: Predictions) -> Judged:
        """The same, every answer kept, and of very many examples the worst in words."""
        part = 2 if len(self.data.x_test) else 0
        tell = getattr(self.data, "example", None)
        return self._judge(*self.tested, keep=keep, say=partial(tell, part) if tell is not None else None)

    @property
    def tested(self) -> tuple[np.ndarray, np.ndarray]:
        """The examples and targets that the network is tested on."""
        data = self.data
        return (data.x_test, data.y_test) if len(data.x_test) else (data.x_train, data.y_train)

    def gap(self) -> tuple[str, float, float] | None:
        """A figure on examples that were learnt from and on those that were not: its name and both numbers.

        None where nothing was held out.
        """
        if self.validation is None and not len(self.data.x_test):
            return None
        pair = [self._judge(*part).figures for part in self.compared()]
        name = "accuracy" if "accuracy" in pair[0] else "rmse"
        return name, pair[0][name], pair[1][name]

    def compared(self) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """The examples behind `gap`: those learnt from (of very many, evenly spaced ones), and those that were not."""
        x, y = self.learned
        some = slice(None, None, max(1, len(x) // _MOST_COMPARED))
        return (x[some], y[some]), self.validation or self.tested


def _parts(data: DataSet, settings: Settings) -> tuple[tuple[np.ndarray, np.ndarray], Any, Any]:
    """What is learnt from, and what the best epoch is chosen by: the data's own, or a share held out from the first.

    At last which of the data's training examples are learnt from.
    """
    x, y = data.x_train, data.y_train
    own = getattr(data, "x_valid", None)
    if own is not None and len(own):
        return (x, y), (own, data.y_valid), slice(None)  # type: ignore[attr-defined]
    if not settings.validation:
        return (x, y), None, slice(None)
    kept, held = held_out(y, settings.validation)
    return (x[kept], y[kept]), (x[held], y[held]), kept


def _watcher(settings: Settings) -> BestWeights:
    monitor = f"validation_{settings.monitor}"
    if settings.patience:
        return EarlyStopping(monitor, settings.patience, settings.min_delta)
    return BestWeights(monitor, settings.min_delta)


def check_data(data: DataSet) -> None:
    """Raise `DataError` for data that a network cannot learn from: none, or numbers that are not finite.

    The row and the feature are named.
    """
    if not len(data.x_train) or not data.n_features:
        got = f"data set `{data.name}`: got {len(data.x_train)} examples of {data.n_features} features"
        raise DataError(complain(got, "expected at least one of each", "Try another data set"))
    targets = (("targets", data.y_train), ("test targets", data.y_test))
    for part, x in (("train", data.x_train), ("test", data.x_test), *targets):
        place = None if isinstance(x, np.memmap) else first_not_finite(x)  # what is on disk was checked on the way
        if place is not None:
            row = place[0]
            got = f"data set `{data.name}`, {part}: got {x[row]!r:.60} in row {row}"
            raise DataError(complain(got, "expected finite numbers", "Try leaving that row out"))
