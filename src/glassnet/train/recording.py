"""A run that explains itself: a callback that writes down what a training is, and what becomes of it while it runs.

Nothing of it changes the training: looks into the layers are at a copy, and random numbers are left alone. It may take
a small share of the training's time, and a bounded number of bytes; see `run_folder` for the files.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.core.tensor import wrap
from glassnet.errors import GlassnetError
from glassnet.files.atomic import make_folder, remove_stale_temporaries
from glassnet.files.os_errors import StrPath
from glassnet.train.activity import Activity, Look, Weights, probe, relative_changes, with_updates
from glassnet.train.callbacks import Callback, Figures
from glassnet.train.environment import ChangesAsked, describe_environment
from glassnet.train.first_layer import FirstLayer
from glassnet.train.history import HistoryFile
from glassnet.train.run_folder import CONFIG, ENVIRONMENT, RESULT, write_json

if TYPE_CHECKING:
    from glassnet.train.trainer import Trainer

_SHARE, _ALLOWED = 0.03, 0.01  # of the training's time, and seconds besides, that looks into the layers may take
_GROWTH = 1.2  # the next look comes after so many times the steps: early ones see most
WRITE_SECONDS = 5.0  # between two writings of what is written as a whole
_WRITE_SHARE = 0.02  # of the training's time, that these writings may take
LOOKED_AT = 256  # of a batch, that a look takes


class Recorder(Callback):
    """Writes a training into a run folder as it goes.

    `config` is what the training is: command, data, settings, seed. With `looks=False` nobody looks into the layers.
    `result=False` leaves `result.json` to somebody who knows more than the history. What is written as a whole (weights
    over time, looks) is written every `write_seconds`. `glassnet runs` lists the folder.

    >>> import tempfile
    >>> import glassnet as torch
    >>> from glassnet.train.trainer import Trainer
    >>> model = torch.nn.Linear(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recorder = Recorder(folder, {"seed": 0})
    ...     trainer = Trainer(model, "mse", torch.optim.SGD(model.parameters(), lr=0.1), callbacks=[recorder])
    ...     _ = trainer.fit((torch.ones(8, 2), torch.ones(8, 1)), epochs=3)
    ...     print(*sorted(os.listdir(folder)), sep=", ")
    activity.jsonl, config.json, environment.json, history.jsonl, result.json, weights.safetensors
    """

    def __init__(
        self,
        folder: StrPath,
        config: Mapping[str, Any] | None = None,
        looks: bool = True,
        result: bool = True,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self.folder, self.config, self.result = os.fspath(folder), dict(config or {}), result
        self.write_seconds = write_seconds
        self.history: HistoryFile | None = None
        self.first: FirstLayer | None = None
        self.looks = _Looks() if looks else None
        self._environment: dict[str, Any] = {}
        self._changes: ChangesAsked | None = None
        self._next_write = 0.0

    # ---- moments ----------------------------------------------------------------------------------------------

    def on_fit_start(self, trainer: Trainer) -> None:
        """Write down what the training is, and where; after a resume, what there is stays."""
        resumed = trainer.step > 0
        if not resumed:
            self._open_new()
        else:
            remove_stale_temporaries(self.folder)  # of a process that was killed while it wrote
        self.history = HistoryFile(self.folder)
        self.first = FirstLayer.of(trainer.model, self.folder if resumed else None, trainer.epoch)
        if self.first is not None and not resumed:
            self.first.keep(trainer.model, 0)
        if self.looks is not None:
            self.looks.begin(trainer, self.folder if resumed else None)
        self._next_write = perf_counter() + self.write_seconds

    def _open_new(self) -> None:
        make_folder(self.folder)
        if self.config:
            write_json(os.path.join(self.folder, CONFIG), self.config)
        self._environment = describe_environment()
        self._changes = ChangesAsked()
        write_json(os.path.join(self.folder, ENVIRONMENT), self._environment)

    def on_batch_end(self, trainer: Trainer) -> None:
        """Look into the layers, if it is time; within a long epoch write down what there is, for who watches."""
        if self.looks is not None and trainer.step >= self.looks.due:
            self.looks.take(trainer)
        if perf_counter() >= self._next_write:
            if self.first is not None and trainer.steps_per_epoch:
                self.first.glance(trainer.model, trainer.step / trainer.steps_per_epoch)
            self._write()

    def on_validation_end(self, trainer: Trainer, figures: Figures) -> None:
        """The mean of the last epochs' weights is judged after the last epoch."""
        if figures.get("averaged") and self.history is not None:
            self.history.append(figures)

    def on_epoch_end(self, trainer: Trainer, figures: Figures) -> None:
        """Add a line to the history, and keep the first layer's weights."""
        if self.history is not None:
            self.history.append({**figures, **measured(trainer)})
        if self.first is not None:
            self.first.keep(trainer.model, trainer.epoch)
        if perf_counter() >= self._next_write:
            self._write()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Write what is left to write, and let go of the files."""
        if self.looks is not None:
            self.looks.end(trainer)
        if self.history is not None:
            if trainer.history.entries:
                self._write()
                if self.result:
                    write_json(os.path.join(self.folder, RESULT), {**self.config, **result_of(trainer)})
            self.history.close()
            self.history = None
        self._note_changes()

    def _write(self) -> None:
        began = perf_counter()
        if self.first is not None:
            self.first.write(self.folder)
        if self.looks is not None and len(self.looks.activity):
            self.looks.activity.write(self.folder)
        now = perf_counter()
        self._next_write = now + max(self.write_seconds, (now - began) / _WRITE_SHARE)

    def _note_changes(self) -> None:
        """Git has had the time of the whole training to answer."""
        changes, self._changes = self._changes, None
        dirty = changes.answer() if changes is not None else None
        if dirty is not None and self._environment.get("git"):
            self._environment["git"]["dirty"] = dirty
            write_json(os.path.join(self.folder, ENVIRONMENT), self._environment)


def result_of(trainer: Trainer) -> dict[str, Any]:
    """What the trainer itself knows of a training that is over, for `result.json`."""
    over = trainer.stopped or trainer.epoch >= trainer.epochs
    return {
        "parameters": sum(p.array.size for p in trainer.model.parameters()),
        "history": trainer.history.entries,
        "epochs_done": trainer.step / trainer.steps_per_epoch if trainer.steps_per_epoch else trainer.epoch,
        "stopped": trainer.stopped,
        "seconds": {"training": trainer.seconds},
        **({} if over else {"failed": "an error ended it"}),
    }


def measured(trainer: Trainer) -> Figures:
    """The length of the latest gradient, before clipping too; the share of the latest batch that was right."""
    squares = [float(np.vdot(p.grad.array, p.grad.array)) for p in trainer.model.parameters() if p.grad is not None]
    figures: Figures = {"gradient_norm": math.sqrt(sum(squares))} if squares else {}
    if squares and trainer.learn.options.clip_norm is not None:
        figures["gradient_norm_unclipped"] = float(trainer.learn.length.array)
    scores, y = trainer.scores, trainer.batch[1:2]
    if scores is not None and y and scores.array.ndim == 2 and y[0].array.ndim == 1 and y[0].array.dtype.kind == "i":
        figures["batch_accuracy"] = float((scores.array.argmax(axis=1) == y[0].array).mean())
    return figures


class _Looks:
    """Looks into the layers, each later than the one before by a fifth, as far as time allows."""

    def __init__(self) -> None:
        self.activity = Activity()
        self.due = 0
        self._spent = self._began = 0.0
        self._start: Any = None
        self._before: Weights | None = None
        self._last = 1

    def begin(self, trainer: Trainer, folder: str | None) -> None:
        """Keep the network as it is before its first step; after a resume, take up the looks of before."""
        self._began, self.due, self._last = perf_counter(), trainer.step + 1, max(1, trainer.step)
        self.activity = Activity()
        if folder is None:
            self._start = copy.deepcopy(trainer.model)
            return
        with suppress(GlassnetError):  # pictures of the past are no reason to end a training
            found = Activity.read(folder) or Activity()
            self.activity = Activity([look for look in found if look.step <= trainer.step])

    def take(self, trainer: Trainer) -> None:
        """Finish the look of the step before, or take one if there is time."""
        began, looks = perf_counter(), self.activity.looks
        if self._before is not None:
            looks[-1] = with_updates(looks[-1], self._before.changes())
            self._before = None
            self.due = max(trainer.step + 1, math.ceil(self._last * _GROWTH))
        elif self._start is not None:
            self._first_look(trainer)
            self.due = trainer.step + 1
        elif self._spent > _ALLOWED + _SHARE * (began - self._began):
            self.due = trainer.step + max(1, trainer.step // 20)  # not yet
            return
        else:
            looks.append(_look(trainer, trainer.model))
            self._before, self._last = Weights(trainer.model), trainer.step
            self.due = trainer.step + 1
        self._spent += perf_counter() - began

    def _first_look(self, trainer: Trainer) -> None:
        start, self._start = self._start, None
        look = _look(trainer, start)
        changes = relative_changes({name: p.array for name, p in start.named_parameters()}, trainer.model)
        self.activity.looks.append(with_updates(Look(0, 0.0, look.loss, look.layers, look.parameters), changes))

    def end(self, trainer: Trainer) -> None:
        """A last look, at what came of it."""
        self._before = None
        looks = self.activity.looks
        if looks and trainer.batch and looks[-1].step < trainer.step:
            looks.append(_look(trainer, trainer.model))


def _look(trainer: Trainer, model: Any) -> Look:
    x, y = (wrap(part.array[:LOOKED_AT].copy()) for part in trainer.batch[:2])
    per_epoch = trainer.steps_per_epoch
    epoch = trainer.step / per_epoch if per_epoch else float(trainer.epoch)
    return probe(model, trainer.loss, x, y, step=trainer.step, epoch=epoch)
