"""The doctor at the bedside: a callback that looks into the layers while a network learns."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

from glassnet.core.tensor import Tensor, wrap
from glassnet.files.os_errors import StrPath
from glassnet.train.activity import Activity, Look, Weights, probe, relative_changes, with_updates
from glassnet.train.callbacks import Callback, Figures
from glassnet.train.doctor import measure
from glassnet.train.doctor.case import Case, epochs_of
from glassnet.train.doctor.finding import Finding
from glassnet.train.doctor.findings import diagnose

if TYPE_CHECKING:
    from glassnet.train.trainer import Trainer

_MOST_ROWS = 256  # that a look takes from its batch
_MOST_LOOKS = 120  # in one training: later epochs are looked at less often


class Doctor(Callback):
    """Looks into the layers a few times an epoch, and says at the end what it has found.

    The first look is at the network as it was before its first step; in the first epoch looks follow after 1, 2, 4, 8,
    … steps, later `looks` times an epoch. Each costs one forward and one backward pass of 256 examples, op by op, on a
    copy; the training takes the same path, to the last bit, with a doctor or without.

    - `looks`: how often in an epoch.
    - `folder`: a run folder, into which `activity.jsonl` is written after every epoch.

    >>> import glassnet as torch
    >>> from glassnet.train.trainer import Trainer
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    >>> doctor = Doctor()
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=1e-7)
    >>> trainer = Trainer(model, "mse", optimizer, callbacks=[doctor])
    >>> _ = trainer.fit((torch.randn(64, 2), torch.randn(64, 1)), epochs=5)
    >>> [finding.name for finding in doctor.findings()]
    ['updates too small', 'learning rate too low']
    """

    def __init__(self, looks: int = 3, folder: StrPath | None = None) -> None:
        self.looks, self.folder = max(1, looks), None if folder is None else os.fspath(folder)
        self.activity = Activity()
        self.history: list[dict[str, Any]] = []
        self.rate: float | None = None
        self._start: Any = None
        self._before: Weights | None = None
        self._name, self._last_layer = "", ""
        self._twins: list[Any] | None = None

    # ---- moments ----------------------------------------------------------------------------------------------

    def on_fit_start(self, trainer: Trainer) -> None:
        """Keep the network as it is before its first step; nobody knows yet on which examples to look at it."""
        self.rate = float(trainer.optimizer.param_groups[0]["lr"])
        self._name, self._last_layer = measure.loss_name(trainer.loss), measure.last_layer(trainer.model)
        self._start = copy.deepcopy(trainer.model) if trainer.step == 0 else None

    def on_batch_end(self, trainer: Trainer) -> None:
        """Finish the look of the step before, and look again if it is time."""
        if self._before is not None:
            looks = self.activity.looks
            looks[-1] = with_updates(looks[-1], self._before.changes())
            self._before = None
        if self._start is not None:
            self._first_look(trainer)
        elif self._due(trainer):
            self.activity.looks.append(_look(trainer, trainer.model))
            self._before = Weights(trainer.model)

    def _first_look(self, trainer: Trainer) -> None:
        start, self._start = self._start, None
        look = _look(trainer, start)
        changes = relative_changes({name: p.array for name, p in start.named_parameters()}, trainer.model)
        self.activity.looks.append(with_updates(Look(0, 0.0, look.loss, look.layers, look.parameters), changes))
        self._twins = measure.twin_units(start, trainer.loss, *_examples(trainer))

    def _due(self, trainer: Trainer) -> bool:
        step, per_epoch = trainer.step, getattr(trainer, "steps_per_epoch", 0) or 0
        if trainer.epoch <= 1 or not per_epoch:
            return step & (step - 1) == 0  # a power of two
        every = max(1, per_epoch // self.looks)
        stride = -(-trainer.epochs * self.looks // _MOST_LOOKS)
        return step % every == 0 and (step // every) % stride == 0

    def on_epoch_end(self, trainer: Trainer, figures: Figures) -> None:
        """Remember the figures, and write what was seen."""
        self.history.append(dict(figures))
        self.rate = max(self.rate or 0.0, float(figures.get("rate") or 0.0)) or None
        if self.folder is not None and len(self.activity):
            self.activity.write(self.folder)

    def state_dict(self) -> dict[str, Any]:
        """What was seen so far."""
        return {"activity": [look.as_dict() for look in self.activity], "history": list(self.history)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with what was seen before."""
        self.activity = Activity([Look.from_dict(values) for values in state["activity"]])
        self.history = [dict(figures) for figures in state["history"]]

    # ---- what it says -----------------------------------------------------------------------------------------

    def case(self, **known: Any) -> Case:
        """What was seen, as a case; `known` adds what a callback cannot know, such as `train` and `classes`."""
        activity = self.activity if len(self.activity) else None
        seen = {"activity": activity, "history": epochs_of(self.history), "rate": self.rate, "twins": self._twins}
        return Case(**{**seen, "loss": self._name, "last_layer": self._last_layer, **known})

    def findings(self, **known: Any) -> list[Finding]:
        """What the doctor has to say so far, problems first."""
        return diagnose(self.case(**known))


def _examples(trainer: Trainer) -> tuple[Tensor, Tensor]:
    x, y = trainer.batch[:2]
    return wrap(x.array[:_MOST_ROWS].copy()), wrap(y.array[:_MOST_ROWS].copy())


def _look(trainer: Trainer, model: Any) -> Look:
    epoch = trainer.step / trainer.steps_per_epoch if getattr(trainer, "steps_per_epoch", 0) else float(trainer.epoch)
    return probe(model, trainer.loss, *_examples(trainer), step=trainer.step, epoch=epoch)
