"""What may be hung on a training: the named moments of its loop, and the listeners that most trainings want.

A listener is a `Callback` that overrides the moments it cares about. In the order in which they come:

    on_fit_start        once, before the first step (after a resume too)
    on_epoch_start      before the first batch of each epoch (not when an epoch is resumed in its middle)
    on_batch_end        after each update; a training that nobody listens to at this place pays nothing for it
    on_validation_end   after the validation examples were judged; the weights are those that were judged
    on_epoch_end        with the figures of the epoch, to read or to add to
    on_fit_end          once, however the training ended

All of them may read the trainer: `model`, `optimizer`, `epoch` (from 1), `epochs`, `step` (batches learnt from so far),
`batch` (the tensors of the latest one), `scores` (what the model said to it), `history`, `stopped`; and may call
`trainer.stop("reason")`, which ends the training after the present step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.train.kinds import nearest

if TYPE_CHECKING:
    from glassnet.train.trainer import Trainer

Figures = dict[str, Any]
LEAST_SHARE = 1e-4  # of a rate, that cuts leave at least
_RISING = ("acc", "f1", "precision", "recall", "auc", "r2", "top_", "score")  # more is better


class Callback:
    """A listener: override the moments you want to hear about.

    >>> class Say(Callback):
    ...     def on_epoch_end(self, trainer, figures):
    ...         print(f"epoch {trainer.epoch}: {sorted(figures)}")
    >>> import glassnet as torch
    >>> from glassnet.train.trainer import Trainer
    >>> model = torch.nn.Linear(1, 1)
    >>> trainer = Trainer(model, "mse", torch.optim.SGD(model.parameters(), lr=0.1), callbacks=[Say()])
    >>> history = trainer.fit((torch.ones(4, 1), torch.ones(4, 1)), epochs=1)
    epoch 1: ['epoch', 'loss', 'rate', 'seconds']
    """

    def on_fit_start(self, trainer: Trainer) -> None:
        """The training begins, or goes on after a resume."""

    def on_epoch_start(self, trainer: Trainer) -> None:
        """An epoch begins."""

    def on_batch_end(self, trainer: Trainer) -> None:
        """An update was made."""

    def on_validation_end(self, trainer: Trainer, figures: Figures) -> None:
        """The validation examples were judged; the figures are those of the epoch so far."""

    def on_epoch_end(self, trainer: Trainer, figures: Figures) -> None:
        """An epoch is over."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """The training is over: all epochs done, stopped, interrupted or failed."""

    def state_dict(self) -> dict[str, Any]:
        """What must survive a kill: plain values, lists, dictionaries and NumPy arrays."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""


def hears_batches(callback: Callback) -> bool:
    """Whether somebody wrote an `on_batch_end` for this callback."""
    return type(callback).on_batch_end is not Callback.on_batch_end or "on_batch_end" in vars(callback)


class Watch:
    """Follows one figure and says when it is better than ever before, by more than `min_delta`.

    `mode` "min" means less is better, "max" more; "auto" knows from the name (accuracy, R², AUC … are to rise).

    >>> watch = Watch("validation_accuracy", min_delta=0.01)
    >>> [watch.better(value) for value in (0.90, 0.95, 0.955, 0.97)]
    [True, True, False, True]
    >>> watch.best
    0.97
    """

    def __init__(self, monitor: str = "validation_loss", min_delta: float = 0.0, mode: str = "auto") -> None:
        if mode not in ("auto", "min", "max"):
            got = f"{type(self).__name__}: got mode={mode!r}"
            raise ValueRangeError(complain(got, "expected auto, min or max", "Try mode='min' for an error"))
        self.monitor, self.min_delta = monitor, abs(min_delta)
        rising = mode == "max" or (mode == "auto" and any(part in monitor for part in _RISING))
        self.sign = 1.0 if rising else -1.0
        self.best: float | None = None

    def better(self, value: float) -> bool:
        """Whether this is the best so far; a value that is not a number never is."""
        if math.isnan(value):
            return False
        if self.best is not None and self.sign * (value - self.best) <= self.min_delta:
            return False
        self.best = value
        return True

    def value_in(self, figures: Figures) -> float:
        """The figure that is followed.

        Raises `DataError` where the training has no such figure.
        """
        if self.monitor in figures:
            return float(figures[self.monitor])
        known = [key for key in figures if key not in ("epoch", "seconds")]
        judged = any(name.startswith("validation") for name in known)
        hint = f"Try monitor={nearest(self.monitor, known) or 'loss'!r}"
        if self.monitor.startswith("validation") and not judged:
            hint = "Try fit(..., validation=(x, y))"
        raise DataError(complain(f"got monitor={self.monitor!r}", f"expected one of {', '.join(known)}", hint))


class BestWeights(Callback):
    """Keeps the weights of the epoch with the best figure, and brings them back whatever ends the training.

    That is so after the last epoch, a stop for lack of patience or time, Ctrl-C, and a loss that is no number.
    `best`, `best_epoch` tell the figure and its epoch.
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        min_delta: float = 0.0,
        mode: str = "auto",
        restore: bool = True,
    ) -> None:
        self.watch = Watch(monitor, min_delta, mode)
        self.restore, self.best_epoch = restore, 0
        self.weights: dict[str, Any] | None = None

    @property
    def best(self) -> float | None:
        """The best figure so far."""
        return self.watch.best

    def on_validation_end(self, trainer: Trainer, figures: Figures) -> None:
        """Keep the weights that were judged, if they are the best."""
        if self.watch.better(self.watch.value_in(figures)):
            self.best_epoch = trainer.epoch
            if self.restore:
                self.weights = trainer.weights()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Bring the best weights back."""
        if self.restore and self.weights is not None:
            trainer.set_weights(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """The best figure, its epoch and its weights."""
        return {"best": self.watch.best, "best_epoch": self.best_epoch, "weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from them."""
        self.watch.best, self.best_epoch, self.weights = state["best"], state["best_epoch"], state["weights"]


class EarlyStopping(BestWeights):
    """Stops when a figure has not got better, by more than `min_delta`, for `patience` judged epochs.

    The best weights come back (`restore=False` leaves the last). Epochs before `start_from` do not count.

    Raises `ValueRangeError` for a patience below 1.

    >>> import glassnet as torch
    >>> from glassnet.train.trainer import Trainer
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> stopping = EarlyStopping("loss", patience=2, min_delta=0.1)
    >>> trainer = Trainer(model, "mse", torch.optim.SGD(model.parameters(), lr=0.5), callbacks=[stopping])
    >>> history = trainer.fit((torch.ones(4, 1), torch.ones(4, 1)), epochs=100)
    >>> history.stopped
    'no better loss for 2 epochs'

    Reference: Prechelt (1998).
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore: bool = True,
        start_from: int = 1,
    ) -> None:
        super().__init__(monitor, min_delta, mode, restore)
        if patience < 1:
            got = f"EarlyStopping: got patience={patience}"
            raise ValueRangeError(complain(got, "expected at least 1 epoch", "Try patience=10"))
        self.patience, self.start_from, self.waited = patience, start_from, 0

    def on_validation_end(self, trainer: Trainer, figures: Figures) -> None:
        """Count the epochs without a better figure."""
        if trainer.epoch < self.start_from:
            return
        super().on_validation_end(trainer, figures)
        self.waited = 0 if self.best_epoch == trainer.epoch else self.waited + 1
        if self.waited >= self.patience:
            plural = "s" if self.patience > 1 else ""
            trainer.stop(f"no better {self.watch.monitor} for {self.patience} epoch{plural}")

    def state_dict(self) -> dict[str, Any]:
        """The best, and how long it has been waited for a better one."""
        return {**super().state_dict(), "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on waiting."""
        super().load_state_dict(state)
        self.waited = state["waited"]


@dataclass(frozen=True)
class RateCut:
    """A learning rate that was cut after an epoch: the rates before and after it, and the figure that got no better."""

    epoch: int
    before: float
    after: float
    monitor: str
    best: float
    epochs: int  # without a better figure


class ReduceOnPlateau(Callback):
    """Multiplies the learning rate by `factor` when a figure has not got better for `patience` judged epochs.

    It acts on top of any schedule and its warm-up; `least` is the smallest share of the rate that is left. `cut` tells
    what happened after the latest judged epoch; the figures of an epoch with a cut have the new rate as `rate_cut_to`.
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        factor: float = 0.5,
        patience: int = 5,
        min_delta: float = 1e-4,
        mode: str = "auto",
        cooldown: int = 0,
        least: float = LEAST_SHARE,
    ) -> None:
        if not 0 < factor < 1:
            got = f"ReduceOnPlateau: got factor={factor}"
            raise ValueRangeError(complain(got, "expected a number between 0 and 1", "Try factor=0.5"))
        self.watch = Watch(monitor, min_delta, mode)
        self.factor, self.patience, self.cooldown, self.least = factor, patience, cooldown, least
        self.waited = self.resting = 0
        self.share = 1.0
        self.cut: RateCut | None = None

    def on_fit_start(self, trainer: Trainer) -> None:
        """Apply the cuts made so far: after a resume there may be some."""
        trainer.rate_share = self.share

    def on_validation_end(self, trainer: Trainer, figures: Figures) -> None:
        """Cut the rate when it has been long enough."""
        better = self.watch.better(self.watch.value_in(figures))
        self.cut = None
        if self.resting:
            self.resting, self.waited = self.resting - 1, 0
            return
        self.waited = 0 if better else self.waited + 1
        if self.waited >= self.patience and self.share > self.least:
            self._cut(trainer, figures)
            self.waited, self.resting = 0, self.cooldown

    def _cut(self, trainer: Trainer, figures: Figures) -> None:
        share = max(self.share * self.factor, self.least)
        before = float(trainer.optimizer.param_groups[0]["lr"])
        figures["rate_cut_to"] = after = before * share / self.share
        best = self.watch.best if self.watch.best is not None else math.nan
        self.cut = RateCut(trainer.epoch, before, after, self.watch.monitor, best, self.waited)
        self.share = trainer.rate_share = share

    def state_dict(self) -> dict[str, Any]:
        """The cuts so far, and what is waited for."""
        return {"best": self.watch.best, "waited": self.waited, "resting": self.resting, "share": self.share}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from them."""
        self.watch.best = state["best"]
        self.waited, self.resting, self.share = state["waited"], state["resting"], state["share"]


class StopOnSpike(Callback):
    """Stops when the loss of an epoch is more than `factor` times the best so far: the training is falling apart.

    Losses are taken as distances from 0, so this is for losses that are not negative.
    """

    def __init__(self, factor: float = 10.0, monitor: str = "loss") -> None:
        if not factor > 1:
            got = f"StopOnSpike: got factor={factor}"
            raise ValueRangeError(complain(got, "expected a number above 1", "Try factor=10"))
        self.factor, self.watch = factor, Watch(monitor, mode="min")
        self._floor = 1e-3  # a loss that was almost nothing may be several times that

    def on_epoch_end(self, trainer: Trainer, figures: Figures) -> None:
        """Compare the epoch with the best."""
        value, best = self.watch.value_in(figures), self.watch.best
        if best is not None and value > self.factor * max(best, self._floor):
            name = self.watch.monitor
            trainer.stop(f"{name} rose from {best:.4g} to {value:.4g}; a smaller learning rate may help")
        self.watch.better(value)

    def state_dict(self) -> dict[str, Any]:
        """The best loss so far."""
        return {"best": self.watch.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from it."""
        self.watch.best = state["best"]
