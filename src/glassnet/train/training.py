"""Training a multilayer perceptron on a data set: the loop, and what it tells while it runs.

The step (forward, backward, update) is compiled, so after two runs it is replayed; Python only hands over batches and
sets the rate. The loss is added up inside the step and read ten times a second, not at every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.compiler import compile as compiled
from glassnet.core.mode import no_grad
from glassnet.core.random import manual_seed
from glassnet.core.tensor import Tensor, wrap
from glassnet.data.registry import DataSet
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.train.batches import Batches
from glassnet.train.evaluation import Classification, Evaluation, evaluate
from glassnet.train.parts import OPTIMIZERS, network
from glassnet.train.preparation import Preparation
from glassnet.train.schedule import rate_at
from glassnet.train.settings import Settings

_LOOK_SECONDS = 0.1  # between two looks at the loss
_MOST_TESTS = 50  # tests in a training of many epochs


@dataclass(frozen=True)
class Moment:
    """How a training stands. `test` is there at the end of those epochs after which the network was tested."""

    epoch: int  # the one that runs, or has just ended; from 1
    epochs: int
    done: float  # the share of all steps
    loss: float  # mean over the steps of the epoch so far
    accuracy: float | None  # of the latest batches; None for regression
    seconds: float  # spent on training
    examples_per_second: float
    test: Evaluation | None = None

    @property
    def seconds_left(self) -> float:
        """How long the rest takes if it goes on like this."""
        return self.seconds * (1 - self.done) / self.done if self.done else math.inf


@dataclass(eq=False)
class Training:
    """A network, and the data and settings it is trained with.

    Iterating trains it, and gives a `Moment` about ten times a second and after every epoch; when the iteration ends,
    `model` is trained. `stop()` ends it after the step that runs.

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
    model: nn.Sequential = field(init=False)
    prepare: Preparation = field(init=False)
    history: list[dict[str, Any]] = field(init=False, default_factory=list)
    epochs_done: float = field(init=False, default=0.0)
    seconds: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        check_data(self.data)
        manual_seed(self.settings.seed)
        self.prepare = Preparation.fitted(self.data.x_train)
        self.model = network(self.data.n_features, self.data.n_outputs, self.settings)
        self._optimizer = OPTIMIZERS[self.settings.optimizer](self.model.parameters(), self.settings)
        self._batches = Batches(self.data.x_train, self.data.y_train, self.prepare, self.settings.batch_size)
        self._total = wrap(np.zeros((), np.float32))  # the losses since the last look
        self._step = self._make_step()
        self._stopped = False

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(p.array.size for p in self.model.parameters())

    @property
    def steps(self) -> int:
        """How many updates the whole training has."""
        return self.settings.epochs * len(self._batches)

    def stop(self) -> None:
        """End the training after the present step."""
        self._stopped = True

    def __iter__(self) -> Iterator[Moment]:
        watch = _Watch(self)
        tests = max(1, math.ceil(self.settings.epochs / _MOST_TESTS))
        for epoch in range(1, self.settings.epochs + 1):
            yield from self._pass(epoch, watch)
            if self._stopped:
                return
            tested = epoch % tests == 0 or epoch == self.settings.epochs
            yield self._ended(epoch, watch, self.test() if tested else None)

    def _pass(self, epoch: int, watch: _Watch) -> Iterator[Moment]:
        group, steps, settings = self._optimizer.param_groups[0], self.steps, self.settings
        watch.start_epoch()
        for x, y in self._batches:
            group["lr"] = rate_at(settings.schedule, settings.learning_rate, watch.step / steps, settings.warm_up)
            scores = self._step(x, y)
            watch.step += 1
            if self._stopped:
                break
            if perf_counter() >= watch.next_look:
                yield watch.look(epoch, scores, y)
                watch.resume()
        watch.collect()
        self.seconds = watch.seconds
        self.epochs_done = watch.step / len(self._batches)

    def _ended(self, epoch: int, watch: _Watch, test: Evaluation | None) -> Moment:
        if test is not None:
            figures = {"epoch": epoch, "seconds": watch.seconds, "loss": watch.loss, "test_loss": test.loss}
            if isinstance(test, Classification):
                figures["test_accuracy"] = test.accuracy
            self.history.append(figures)
        return watch.moment(epoch, test)

    def test(self) -> Evaluation:
        """How the network does on the examples kept for testing, or on those it learns from where there are none."""
        return evaluate(self.model, self.prepare, *self.tested)

    @property
    def tested(self) -> tuple[np.ndarray, np.ndarray]:
        """The examples and targets that the network is tested on."""
        data = self.data
        return (data.x_test, data.y_test) if len(data.x_test) else (data.x_train, data.y_train)

    def _make_step(self) -> Callable[[Tensor, Tensor], Tensor]:
        model, optimizer, total = self.model, self._optimizer, self._total
        loss_of = self._loss()

        def learn(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            optimizer.zero_grad()
            scores = model(x)
            loss = loss_of(scores, y)
            loss.backward()
            return loss, scores

        def step(x: Tensor, y: Tensor) -> Tensor:
            loss, scores = learn(x, y)
            optimizer.step()
            with no_grad():
                total.add_(loss.detach())
            return scores.detach()

        def search(x: Tensor, y: Tensor) -> Tensor:
            loss = optimizer.step(lambda: learn(x, y)[0])
            with no_grad():
                total.add_(loss.detach())
                return model(x)

        return search if self.settings.optimizer == "lbfgs" else compiled(step)

    def _loss(self) -> Callable[[Tensor, Tensor], Tensor]:
        smoothing = self.settings.label_smoothing
        if self.data.task == "classification":
            return lambda scores, y: F.cross_entropy(scores, y, label_smoothing=smoothing)
        return F.mse_loss


class _Watch:
    """The clock and the loss of a training: what its moments are made of."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.step = 0
        self.seconds = 0.0
        self.accuracy: float | None = None
        self._resumed = perf_counter()
        self.next_look = self._resumed + _LOOK_SECONDS
        self._sum, self._steps_before, self._seen = 0.0, 0, 0

    def start_epoch(self) -> None:
        """Begin the mean of the losses anew."""
        self._sum, self._steps_before, self._seen = 0.0, self.step, self.step
        self.resume()

    def resume(self) -> None:
        """Go on counting time: testing and showing are not the training's."""
        self._resumed = perf_counter()

    @property
    def loss(self) -> float:
        """The mean over the epoch's steps so far."""
        return self._sum / max(1, self.step - self._steps_before)

    def collect(self) -> None:
        """Take the losses that the steps have added up, and the time."""
        now = perf_counter()
        self.seconds += now - self._resumed
        self._resumed = now
        total = self.training._total.array
        sum_now = float(total)
        total[...] = 0
        if not math.isfinite(sum_now):
            raise _diverged(self.training.settings, self._seen, self.step)
        self._sum, self._seen = self._sum + sum_now, self.step

    def look(self, epoch: int, scores: Tensor, y: Tensor) -> Moment:
        """Read what there is to read in the middle of an epoch."""
        self.collect()
        if self.training.data.task == "classification":
            now = float((scores.array.argmax(axis=1) == y.array).mean())
            self.accuracy = now if self.accuracy is None else 0.8 * self.accuracy + 0.2 * now
        self.next_look = self._resumed + _LOOK_SECONDS
        return self.moment(epoch, None)

    def moment(self, epoch: int, test: Evaluation | None) -> Moment:
        """How it stands now."""
        training = self.training
        speed = self.step * training._batches.size / self.seconds if self.seconds else 0.0
        done = self.step / training.steps
        return Moment(epoch, training.settings.epochs, done, self.loss, self.accuracy, self.seconds, speed, test)


def _diverged(settings: Settings, first: int, last: int) -> ValueRangeError:
    rate = f"{min(settings.learning_rate / 10, OPTIMIZERS[settings.optimizer].rate):.2g}"
    got = (
        f"got a loss that is not a number between steps {first} and {last}, at learning rate {settings.learning_rate:g}"
    )
    return ValueRangeError(complain(got, "expected a finite one", f"Try --learning-rate {rate}"))


def check_data(data: DataSet) -> None:
    """Raise `DataError` for data that a network cannot learn from: none, or numbers that are not finite.

    The row and the feature are named.
    """
    if not len(data.x_train) or not data.n_features:
        got = f"data set `{data.name}`: got {len(data.x_train)} examples of {data.n_features} features"
        raise DataError(complain(got, "expected at least one of each", "Try another data set"))
    targets = (("targets", data.y_train), ("test targets", data.y_test))
    for part, x in (("train", data.x_train), ("test", data.x_test), *targets):
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            row = int(np.argwhere(~np.isfinite(x.reshape(len(x), -1)))[0][0])
            got = f"data set `{data.name}`, {part}: got {x[row]!r:.60} in row {row}"
            raise DataError(complain(got, "expected finite numbers", "Try leaving that row out"))
