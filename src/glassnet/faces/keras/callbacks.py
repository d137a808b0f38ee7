"""What may happen between the epochs of a fit, by Keras's names."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

from glassnet.errors import DataError, complain
from glassnet.files.atomic import read_bounded, write_atomic

Logs = dict[str, float]
_MOST = 1 << 28  # bytes of a log that is gone on with


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
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch is over; logs are the means of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """An older name of on_train_batch_end."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """The look at the held data begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """The look at the held data is over."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """`predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """`predict` is over."""


class History(Callback):
    """What fit returns: `history` holds a list per name, one number per epoch."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.params: dict[str, Any] = {}

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
        if mode not in ("auto", "min", "max"):
            got = f"{type(self).__name__}: got mode={mode!r}"
            raise DataError(complain(got, "expected 'auto', 'min' or 'max'", "Try mode='auto'"))
        self.min_delta = abs(min_delta)
        self.wait, self.best = 0, -self.sign * math.inf

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.wait, self.best = 0, -self.sign * math.inf

    def better(self, logs: Logs | None) -> bool:
        """Whether the number got better; else it has been waited one epoch longer."""
        if self.monitor not in (logs or {}):
            known = ", ".join(logs or {})
            got = f"{type(self).__name__}: got monitor={self.monitor!r}"
            raise DataError(complain(got, f"expected one of {known}", "Try monitor='loss', or validation_data in fit"))
        now = (logs or {})[self.monitor]
        self.wait += 1
        if not self.sign * (now - self.best) > self.min_delta:
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
            self.best = self.baseline

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
        """Look at the number; the rate of the epoch goes into the history."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        resting, self.resting = self.resting > 0, max(self.resting - 1, 0)
        better = self.better(logs)
        if resting:
            self.wait = 0
        if better or self.wait < self.patience or resting:
            return
        optimizer = self.model.optimizer
        if optimizer.learning_rate <= self.min_lr:
            return
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
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class TerminateOnNaN(Callback):
    """Stop when the loss is no number any more."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            print(f"Batch {batch}: Invalid loss, terminating training")
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


class ModelCheckpoint(Callback):
    """Write the model (or its weights) to a safetensors file after each epoch, or after those that got better.

    `filepath` may hold the epoch and the figures: "net-{epoch:02d}-{val_loss:.2f}.safetensors"; the first is 1.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        if save_freq != "epoch":
            got = f"ModelCheckpoint: got save_freq={save_freq!r}"
            raise DataError(complain(got, "expected 'epoch'", "Try LambdaCallback(on_train_batch_end=…)"))
        self.filepath, self.verbose, self.weights_only = os.fspath(filepath), verbose, save_weights_only
        self.best_only, self.watch = save_best_only, _Watcher(monitor, 0, 0.0, mode, 0)
        if initial_value_threshold is not None:
            self.watch.best = initial_value_threshold

    @property
    def best(self) -> float:
        """The best figure so far."""
        return self.watch.best

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write, if it is to be written."""
        if self.best_only and not self.watch.better(logs):
            return
        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        (self.model.save_weights if self.weights_only else self.model.save)(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saving model to {path}")


class CSVLogger(Callback):
    """Write the figures of each epoch as a line of a CSV file."""

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self.names: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin the file, or go on with it."""
        self.names = []
        self.lines = lines_of(self.filename) if self.append else []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """One line more; the file is written whole, so that it is never cut short."""
        logs = logs or {}
        if not self.names:
            self.names = sorted(logs)
            self.lines += [] if self.lines else [self.separator.join(["epoch", *self.names])]
        self.lines.append(self.separator.join([str(epoch), *(str(logs.get(name, "NA")) for name in self.names)]))
        write_atomic(self.filename, ("\n".join(self.lines) + "\n").encode())


def lines_of(path: str) -> list[str]:
    """The lines of a text file; none, if it is not there."""
    return read_bounded(path, _MOST).decode("utf-8").splitlines() if os.path.exists(path) else []
