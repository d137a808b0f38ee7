"""Trainer: the training loop, with everything that practitioners hang on it, at the speed of a replayed step.

The loop is `moments`, `_pass` and `_ended`: they fit on one screen. All else is what happens before the first step,
what is asked for by name, and what must survive a kill.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from time import perf_counter
from typing import Any

import numpy as np

from glassnet import nn, optim
from glassnet.core.tensor import Tensor
from glassnet.errors import NonFiniteError, ValueRangeError, complain
from glassnet.train import saving
from glassnet.train.bad_rows import refuse_bad_rows
from glassnet.train.callbacks import Callback, Figures, hears_batches
from glassnet.train.feeds import arrays_of, feed_of
from glassnet.train.figures import History, Look
from glassnet.train.fingerprint import of_examples
from glassnet.train.judging import Judge, loss_named, outputs_of
from glassnet.train.metrics import Metric, named
from glassnet.train.pitfalls import warn_of_order, warn_of_scale
from glassnet.train.regularise import Average
from glassnet.train.schedule import Pace
from glassnet.train.steps import Step, StepOptions, put
from glassnet.train.weighting import weighted

_LOOK_SECONDS = 0.1  # between two looks at the loss


class Trainer:
    """Trains a model, and can be asked for all that belongs to it.

    - `loss`: a function `(scores, y) -> loss`, a module of `glassnet.nn`, or "cross_entropy", "bce", "mse", "mae".
    - `optimizer`: any of `glassnet.optim`. `schedule`: how its rates change. A name of `SCHEDULES` or a function of the
      time from 0 to 1, with a rise over the first `warm_up` of all steps; or a scheduler of `lr_scheduler`, stepped
      after every epoch (`schedule_per="step"`: after every step; `ReduceLROnPlateau` gets the figure `monitor`).
    - `metrics`: names or functions `(scores, y) -> number`, worked out on the validation examples.
    - `callbacks`: such as `EarlyStopping`, `ReduceOnPlateau`, `StopOnSpike`, or your own `Callback`.
    - in every step: `clip_norm`, `clip_value`, `l1`, `l2`, `max_norm`, `mixup`, `accumulate` (see `StepOptions`).
    - `ema`: the decay of a running average of the weights, which is what is judged and kept. `swa`: the share of the
      epochs, at the end, whose weights are averaged; the average is kept if no single epoch was better.
    - `label_smoothing`, `class_weight` ("balanced", a dictionary or one number per class; for a loader, too, whose
      labels are counted first).
    - `time_budget`: seconds after which the training stops. `nan_guard`: name the operation that made a NaN.
    - `checkpoints`: a folder, or a `Checkpoints`, to which the whole training is saved as it goes.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> x = torch.randn(200, 2)
    >>> y = (x[:, 0] * x[:, 1] > 0).long()
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    >>> trainer = Trainer(model, "cross_entropy", optimizer, metrics=["accuracy"], schedule="cosine")
    >>> history = trainer.fit((x[:160], y[:160]), (x[160:], y[160:]), epochs=40, batch_size=20)
    >>> len(history), history.last["validation_accuracy"] > 0.9
    (40, True)
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Any,
        optimizer: optim.Optimizer,
        *,
        metrics: Sequence[str | Metric] | dict[str, Metric] = (),
        schedule: Any = None,
        warm_up: float = 0.0,
        schedule_per: str = "epoch",
        monitor: str = "validation_loss",
        callbacks: Sequence[Callback] = (),
        ema: float | None = None,
        swa: float | None = None,
        label_smoothing: float = 0.0,
        class_weight: Any = None,
        time_budget: float | None = None,
        nan_guard: bool = False,
        checkpoints: Any = None,
        configuration: dict[str, Any] | None = None,
        **step_options: Any,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.loss = loss_named(loss, label_smoothing)
        self.judge = Judge(self.loss, named(metrics))
        self.callbacks = list(callbacks)
        self.class_weight, self.time_budget, self.swa = class_weight, time_budget, _share_of_epochs(swa)
        self.configuration = dict(configuration or {})
        average = Average(model.parameters(), ema) if ema is not None else None
        self.learn = Step(model, self.loss, optimizer, StepOptions(**step_options), average, self._guard(nan_guard))
        self.mean = Average(model.parameters()) if swa else None
        self.pace = Pace(optimizer, schedule, warm_up, schedule_per, monitor)
        self.checkpoints = saving.checkpoints_of(checkpoints)
        self.saved_at = -math.inf
        self.prepare: Any = None  # from raw examples to what the model sees, where fit was given a DataSet
        self.feed: Any = None  # what is learnt from: a `Feed`, once a training has begun
        self.judged_on: Any = None  # the arrays behind a function that judges, for the fingerprint
        self._finite: dict[str, np.ndarray] = {}
        self._start_anew()

    def _guard(self, wanted: bool) -> Any:
        if not wanted:
            return None
        from glassnet.core.nan_guard import NanGuard

        return NanGuard(self.model, self.optimizer)

    def _start_anew(self) -> None:
        self.history = History()
        self.epoch = self.epochs = self.step = 0
        self.taken = 0  # batches of the present epoch that have been learnt from
        self.seconds = 0.0
        self.stopped: str | None = None
        self.batch: tuple[Tensor, ...] = ()
        self.scores: Tensor | None = None
        self.inside = False  # an epoch is under way
        self.pace.share = 1.0
        self._validation: Any = None
        self._fingerprint: dict[str, str] | None = None  # worked out when somebody asks

    # ---- the loop -------------------------------------------------------------------------------------------

    def fit(self, train: Any, validation: Any = None, epochs: int = 10, **how: Any) -> History:
        """Train for so many epochs, and return their history.

        - `train`: `(x, y)` or `(x, y, weights)` of arrays or tensors, a `TensorDataset`, a `DataLoader`, a `DataSet`.
        - `validation`: the same; or a share of the examples of `train`, such as 0.1; or a function of the trainer that
          returns figures. They are judged after every epoch, or every `validate_every`, and those enter the history.
        - `batch_size` (32; 0: all at once), `shuffle`, `sample_weight`, `augment`, `prepare`: for examples in arrays.
        - `resume`: a folder of checkpoints, one such file, or a state, to go on from, to the last bit; the examples
          must be the same.

        Ctrl-C ends it after the present step; after seeing to best weights and checkpoint, `KeyboardInterrupt` goes on.

        Raises `DataError` for data that cannot be trained on, `ValueRangeError` when the loss is no longer a number;
        then, too, the best weights are back, or else the last that were finite.
        """
        from glassnet.train.interrupt import Interrupt

        with Interrupt(ask=lambda: self.stop("interrupted")) as interrupt:
            for _ in self.moments(train, validation, epochs, **how):
                pass
        if interrupt.name == "SIGINT":
            raise KeyboardInterrupt
        if interrupt.signal is not None:
            raise SystemExit(interrupt.status)
        return self.history

    def moments(self, train: Any, validation: Any = None, epochs: int = 10, **how: Any) -> Generator[Look]:
        """`fit` in slow motion: gives a `Look` about ten times a second and after every epoch, for a live display."""
        self._begin(train, validation, epochs, **how)
        try:
            while not self.stopped and (self.inside or self.epoch < self.epochs):
                yield from self._pass()
                if not self.inside:
                    yield self._ended()
            saving.save_end(self)
            self._judge_mean()
        except NonFiniteError as problem:
            if problem.birth is None:  # seen too late; the guard speaks before the update, so nothing needs undoing
                self.set_weights(self._finite)
            raise
        except GeneratorExit:  # the onlooker has gone, between two steps
            saving.save_end(self)
            raise
        finally:
            self._end()

    def _pass(self) -> Iterator[Look]:
        """One run through the batches, or the rest of one that was interrupted."""
        heard = self._heard
        learn, before, after = self.learn.entry, self.pace.turn, self.pace.after
        for batch in self._batches():
            if before is not None:
                before(self.step)
            self.batch = batch
            self.scores = learn(*batch)
            self.step += 1
            self.taken += 1
            if after is not None:
                after()
            for listener in heard:
                listener.on_batch_end(self)
            if self.stopped:
                self._collect()
                return
            if perf_counter() >= self._next_look:
                yield self._look()
                self._resumed = perf_counter()  # the time that the onlooker took is not the training's
        self.learn.finish()
        self.inside = False

    def _ended(self) -> Look:
        """Close the epoch: judge, tell, remember, save."""
        self._collect()
        figures: Figures = {"epoch": self.epoch, "seconds": self.seconds, "loss": self.epoch_loss}
        figures["rate"] = float(self.optimizer.param_groups[0]["lr"])
        if self.mean is not None and self.epoch > self._mean_begins:
            self.mean.update()
        judged = self.epoch % self._every == 0 or self.epoch >= self.epochs
        if judged:
            with self.judged_weights():
                figures |= self._validate()
                self._tell("on_validation_end", figures)
        self.pace.after_epoch(figures)
        self._tell("on_epoch_end", figures)
        if judged:
            self.history.add(figures)
        self._keep_finite()
        saving.save_epoch(self, figures)
        self._resumed = perf_counter()
        return self._now(figures)

    # ---- what the loop consists of --------------------------------------------------------------------------

    def _begin(
        self,
        train: Any,
        validation: Any,
        epochs: int,
        *,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        augment: Any = None,
        prepare: Any = None,
        validate_every: int = 1,
        resume: Any = None,
    ) -> None:
        self._start_anew()
        self.epochs, self._every = epochs, max(1, validate_every)
        self.prepare = prepare if prepare is not None else self.judge.preparation(train)
        dtype = next((p.array.dtype for p in self.model.parameters()), np.dtype(np.float32))
        train, self._validation = self.judge.split(train, validation)
        how = {"prepare": self.prepare, "shuffle": shuffle, "augment": augment, "dtype": dtype}
        self.feed = weighted(train, batch_size, self.class_weight, sample_weight, **how)
        refuse_bad_rows(self.model, self.loss, self.feed.sources(), self.prepare, "to learn from")
        refuse_bad_rows(self.model, self.loss, arrays_of(self._validation), self.prepare, "to validate on")
        warn_of_order(self.feed)
        warn_of_scale(self.feed)
        self.pace.begin(self.steps)
        self._mean_begins = self.epochs * (1 - self.swa) if self.swa else math.inf
        self._heard = [c for c in self.callbacks if hears_batches(c)]
        self._next_keep = 0.0
        put(self.learn.total, 0.0)
        if resume is not None:
            saving.resume(self, resume)
        if self.learn.guard is not None:
            self.learn.guard.steps = self.step
        self.model.train()
        self._keep_finite()
        self._tell("on_fit_start")
        self._resumed = perf_counter()
        self._next_look = self._resumed + _LOOK_SECONDS

    def _batches(self) -> Iterator[tuple[Tensor, ...]]:
        if self.inside:
            return self.feed.rest(self.taken)
        self.epoch += 1
        self.taken = 0
        put(self.learn.total, 0.0)
        batches = self.feed.passing()
        self.inside = True
        self._tell("on_epoch_start")
        return batches

    def _look(self) -> Look:
        """Look at the loss and the clock in the middle of an epoch."""
        self._collect()
        if self.time_budget is not None and self.seconds >= self.time_budget:
            self.stop(f"the time budget of {self.time_budget:g} s is spent")
        if self.checkpoints is not None and self.checkpoints.due(self.step):
            self.save()
        self._next_look = perf_counter() + _LOOK_SECONDS
        return self._now()

    def _collect(self) -> None:
        """Count the time, and see that the loss is a number."""
        now = perf_counter()
        self.seconds += now - self._resumed
        self._resumed = now
        self.history.seconds = self.seconds
        if not math.isfinite(self.learn.total.array):
            self.set_weights(self._finite)
            raise self._diverged()

    def _diverged(self) -> NonFiniteError:
        rate = float(self.optimizer.param_groups[0]["lr"])
        got = f"got a loss that is not a number by step {self.step}, in epoch {self.epoch}, at learning rate {rate:g}"
        return NonFiniteError(complain(got, "expected a finite one", f"Try a rate of {self.pace.highest / 10:.2g}"))

    def _keep_finite(self) -> None:
        """Remember weights that are good, now and then: they come back if the loss goes astray."""
        now = perf_counter()
        if now >= self._next_keep:
            self._finite = self.weights()
            self._next_keep = now + max(_LOOK_SECONDS, 50 * (perf_counter() - now))

    def _now(self, figures: Figures | None = None) -> Look:
        done = self.step / self.steps if self.steps else 0.0
        return Look(self.epoch, self.epochs, done, self.epoch_loss, self.seconds, figures)

    def _validate(self) -> Figures:
        if self._validation is None:
            return {}
        if callable(self._validation):
            return self._validation(self)  # type: ignore[return-value]
        return {f"validation_{k}": v for k, v in self.judge(self.model, self._validation, self.prepare).items()}

    def judged_weights(self) -> Any:
        """Within the block the model has the weights that are judged and kept: the running average, if there is one."""
        return self.learn.average.in_place() if self.learn.average is not None else nullcontext()

    def _judge_mean(self) -> None:
        """Let the mean of the last epochs' weights compete with each of them."""
        if self.mean is None or not float(self.mean.updates.array):
            return
        self.mean.apply()
        optim.swa_utils.update_bn(self.feed, self.model)
        figures: Figures = {"epoch": self.epoch, "averaged": True, "seconds": self.seconds, "loss": self.epoch_loss}
        figures |= self._validate()
        self._tell("on_validation_end", figures)
        self.history.add(figures)

    def _tell(self, moment: str, *figures: Figures) -> None:
        for listener in self.callbacks:
            getattr(listener, moment)(self, *figures)

    def _end(self) -> None:
        """However it ended: let the weights be the best."""
        self.history.stopped, self.history.seconds = self.stopped, self.seconds
        if self.learn.average is not None:
            self.learn.average.apply()
        self._tell("on_fit_end")

    # ---- what may be asked and told -------------------------------------------------------------------------

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has; 0 where the loader does not know."""
        return len(self.feed) if self.feed is not None else 0

    @property
    def steps(self) -> int:
        """How many batches the whole training has; 0 where that is not known."""
        return self.epochs * self.steps_per_epoch

    @property
    def fingerprint(self) -> dict[str, str]:
        """What the examples are, so that a training that goes on can tell whether they are the same."""
        if self._fingerprint is None:
            self._fingerprint = of_examples(self.feed, self.judged_on or arrays_of(self._validation))
        return self._fingerprint

    @property
    def epoch_loss(self) -> float:
        """The mean loss over the epoch's steps so far."""
        return float(self.learn.total.array) / max(1, self.taken)

    @property
    def rate_share(self) -> float:
        """What of the scheduled rate is used; `ReduceOnPlateau` lowers it."""
        return self.pace.share

    @rate_share.setter
    def rate_share(self, share: float) -> None:
        self.pace.reduce(share)

    def stop(self, reason: str = "asked to stop") -> None:
        """End the training after the present step."""
        self.stopped = self.stopped or reason

    def evaluate(self, data: Any) -> dict[str, float]:
        """The loss and the metrics on other examples, in any of the forms that `fit` takes."""
        return self.judge(self.model, data, self.prepare)

    def predict(self, x: Any) -> np.ndarray:
        """What the model says to examples, `(n, outputs)`, in evaluation mode."""
        return outputs_of(self.model, x, self.prepare)

    def train_on_batch(self, x: Any, y: Any, weights: Any = None) -> float:
        """One step on one batch; its loss."""
        feed = feed_of((x, y) if weights is None else (x, y, weights), 0, shuffle=False)
        before = float(self.learn.total.array)
        put(self.learn.total, 0.0)
        self.model.train()
        self.scores = self.learn(*next(iter(feed)))
        loss = float(self.learn.total.array)
        put(self.learn.total, before + loss)
        self.step += 1
        return loss

    def weights(self) -> dict[str, np.ndarray]:
        """A copy of all numbers of the model: weights and buffers."""
        return {name: t.array.copy() for name, t in self.model.state_dict().items()}

    def set_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Put a copy back, into the memory that is there: the recorded step goes on with it."""
        for name, t in self.model.state_dict().items():
            if name in weights:
                put(t, weights[name])

    def state_dict(self) -> dict[str, Any]:
        """Everything that decides how the training goes on: see `glassnet.train.saving`."""
        return saving.state_of(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state; the next `fit(..., resume=state)` does this by itself."""
        saving.load(self, state)

    def save(self, score: float | None = None, higher_is_better: bool = False) -> str:
        """Save the whole training among its checkpoints."""
        return self.checkpoints.save(self.state_dict(), score, higher_is_better)


def _share_of_epochs(swa: float | None) -> float | None:
    if swa is None or 0 <= swa <= 1:
        return swa
    raise ValueRangeError(complain(f"got swa={swa}", "expected a share of the epochs, 0 to 1", "Try swa=0.25"))
