"""What may happen between the epochs of a fit, by Keras's names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from glassnet.errors import DataError, complain

Logs = dict[str, float]


class Callback:
    """A listener: `fit` calls its methods as the training goes; `self.model` is the model.

    `self.model.stop_training = True` ends the training after the epoch. `logs` holds the loss and the metrics.
    """

    model: Any = None
    params: dict[str, Any]

    def set_model(self, model: Any) -> None:
        """Called by fit before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called by fit with `epochs`, `steps` and `verbose`."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """The training begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """The training is over."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch begins; the first is 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch is over."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch begins; the first is 0."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch is over; logs are the means of the epoch so far."""


class History(Callback):
    """What fit returns: `history` holds a list per name, one number per epoch."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forget earlier epochs."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the numbers of the epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class _Watcher(Callback):
    """A callback that waits for one number to get better."""

    def __init__(self, monitor: str, patience: int, min_delta: float, mode: str, verbose: int) -> None:
        self.monitor, self.patience, self.verbose = monitor, patience, verbose
        rising = mode == "max" or (mode == "auto" and any(part in monitor for part in ("acc", "precision", "recall")))
        self.sign = 1.0 if rising else -1.0
        self.min_delta = abs(min_delta)
        self.wait, self.best = 0, -math.inf

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.wait, self.best = 0, -math.inf

    def better(self, logs: Logs | None) -> bool:
        """Whether the number got better; else it has been waited one epoch longer."""
        if self.monitor not in (logs or {}):
            known = ", ".join(logs or {})
            got = f"{type(self).__name__}: got monitor={self.monitor!r}"
            raise DataError(complain(got, f"expected one of {known}", "Try monitor='loss', or validation_data in fit"))
        now = self.sign * (logs or {})[self.monitor]
        self.wait += 1
        if now - self.min_delta <= self.best:
            return False
        self.best, self.wait = now, 0
        return True


class EarlyStopping(_Watcher):
    """Stop when a number has not got better for `patience` epochs; bring the best weights back if asked."""

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, patience, min_delta, mode, verbose)
        self.baseline, self.restore, self.start = baseline, restore_best_weights, start_from_epoch
        self.best_weights: list[Any] | None = None
        self.best_epoch = self.stopped_epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew; a baseline must be beaten first."""
        super().on_train_begin(logs)
        self.best_weights, self.best_epoch, self.stopped_epoch = None, 0, 0
        if self.baseline is not None:
            self.best = self.sign * self.baseline

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the number."""
        if epoch < self.start:
            return
        if self.better(logs) or (self.restore and self.best_weights is None):
            self.best_epoch = epoch
            self.best_weights = self.model.get_weights() if self.restore else None
        if self.wait >= self.patience and epoch > 0 and self.wait > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say when it stopped, and bring the best weights back."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(_Watcher):
    """Multiply the rate by `factor` when a number has not got better for `patience` epochs."""

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, patience, min_delta, mode, verbose)
        self.factor, self.cooldown, self.min_lr, self.resting = factor, cooldown, min_lr, 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the number."""
        resting, self.resting = self.resting > 0, max(self.resting - 1, 0)
        better = self.better(logs)
        if resting:
            self.wait = 0
        if better or self.wait < self.patience or resting:
            return
        optimizer = self.model.optimizer
        optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
        self.wait, self.resting = 0, self.cooldown
        if self.verbose:
            print(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {optimizer.learning_rate}.")


class LearningRateScheduler(Callback):
    """Set the rate before each epoch to schedule(epoch, rate)."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Ask the schedule, with the rate or, if it takes but one argument, without."""
        optimizer = self.model.optimizer
        try:
            rate = self.schedule(epoch, optimizer.learning_rate)
        except TypeError:
            rate = self.schedule(epoch)
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the rate in the history."""
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate


class TerminateOnNaN(Callback):
    """Stop when the loss is no number any more."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            print(f"Epoch {epoch + 1}: invalid loss, terminating training")
            self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback made of functions: LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        known = [name for name in vars(Callback) if name.startswith("on_")]
        wrong = [name for name in functions if name not in known]
        if wrong:
            got = f"LambdaCallback: got {', '.join(wrong)}"
            raise DataError(complain(got, f"expected some of {', '.join(known)}", "Try on_epoch_end="))
        for name, function in functions.items():
            setattr(self, name, function)
