"""The figure of `plot RUN weights`: how one weight came to be what it is, epoch by epoch and step by step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.document import Document
from glassnet.read.formula import Formula, Symbol, Value, plus
from glassnet.train.callbacks import Callback
from glassnet.train.stories.lines import largest, terms_of, told, value
from glassnet.train.stories.subject import Subject
from glassnet.train.trainer import Trainer
from glassnet.train.training import Training

_HALF = 2e-3  # how exactly a run folder keeps the first layer's weights


class _Watched(Callback):
    """One weight: before the first step, after every epoch, and after every step of the last one."""

    def __init__(self, name: str, place: tuple[int, int], epoch: int) -> None:
        self.name, self.place, self.epoch = name, place, epoch
        self.by_epoch, self.by_step = list[float](), list[float]()

    def _now(self, trainer: Trainer) -> float:
        w = dict(trainer.model.named_parameters())[self.name].array
        return float(w.reshape(len(w), -1)[self.place])

    def on_fit_start(self, trainer: Trainer) -> None:
        self.by_epoch.append(self._now(trainer))

    def on_batch_end(self, trainer: Trainer) -> None:
        if trainer.epoch == self.epoch:
            self.by_step.append(self._now(trainer))

    def on_epoch_end(self, trainer: Trainer, figures: dict[str, Any]) -> None:
        self.by_epoch.append(self._now(trainer))
        if trainer.epoch >= self.epoch:
            trainer.stop("seen enough")


def weight(subject: Subject) -> Document:
    """A weight after an epoch: as it began, and what each epoch, and each step of the last, added to it."""
    name, w = _matrix(subject)
    rows = w.reshape(len(w), -1)
    place = _chosen(subject, rows)
    epoch = _epoch(subject)
    seen = _Watched(name, place, epoch)
    training = Training(subject.data, subject.run.setting, callbacks=[seen])
    for _ in training if epoch else ():
        pass
    if not epoch:
        first = dict(training.model.named_parameters())[name].array
        seen.by_epoch = [float(first.reshape(rows.shape)[place])]
    layer = _number(subject, name)
    symbol = Symbol("W", str(layer), (place[0] + 1, place[1] + 1))
    document = Document(f"{name}[{place[0]}, {place[1]}] after epoch {epoch}")
    _tell(document, subject, seen, symbol)
    said = f"Weight {place[1] + 1} of unit {place[0] + 1} of layer {layer}; `plot weights` counts units from 0: there"
    document.summary.append(f"{said} it is unit {place[0]}.")
    document.notes.append(f"The training ran again, from seed {subject.run.setting.seed}." if epoch else
                          f"It was drawn at random, from seed {subject.run.setting.seed}.")  # fmt: skip
    document.notes.append("What a step adds is told by glassnet explain MODEL --index N --optimizer NAME --rate R.")
    _compare(document, subject, seen.by_epoch[-1], place, epoch, name)
    return document


def _tell(document: Document, subject: Subject, seen: _Watched, symbol: Symbol) -> None:
    epoch, now = seen.epoch, seen.by_epoch
    start = Value(Symbol("start"), now[0])
    if not epoch:
        document.steps.append(told("as it was drawn", symbol, start, now[0]))
        return
    steps = np.diff([now[-2], *seen.by_step])
    words = f"what each of the {len(steps):,} steps of epoch {epoch} added to it"
    document.steps.append(told(words, Symbol("e", "", (epoch,)), _added("u", steps, subject.most), now[-1] - now[-2]))
    added = np.diff(now)
    words = f"as it began, and what each of {epoch:,} epoch{'s' * (epoch > 1)} added to it"
    document.steps.append(told(words, symbol, plus(start, _added("e", added, subject.most)), now[-1]))


def _added(letter: str, numbers: np.ndarray, most: int) -> Formula:
    """What was added, from 1: the largest are shown."""
    shown = largest(numbers, most)
    rest = terms_of(letter, numbers, shown)[len(shown) :]
    return plus(*(value(letter, numbers[i], int(i) + 1) for i in shown), *rest)


def _matrix(subject: Subject) -> tuple[str, np.ndarray]:
    """The weights of the layer that was asked for, else of the first."""
    matrices = [(name, p.array) for name, p in subject.trained.model.named_parameters() if p.array.ndim > 1]
    wanted = 1 if subject.layer is None else subject.layer
    if not 1 <= wanted <= len(matrices):
        got, near = f"got layer {wanted}", min(max(wanted, 1), len(matrices))
        raise ValueRangeError(complain(got, f"expected 1 to {len(matrices)}", f"Try {near}"))
    return matrices[wanted - 1]


def _number(subject: Subject, name: str) -> int:
    names = [other for other, p in subject.trained.model.named_parameters() if p.array.ndim > 1]
    return names.index(name) + 1


def _chosen(subject: Subject, rows: np.ndarray) -> tuple[int, int]:
    """The unit and the weight that were asked for; else the largest weight."""
    units, inputs = rows.shape
    for word, given, most in (("unit", subject.unit, units), ("weight", subject.weight, inputs)):
        if given is not None and not 1 <= given <= most:
            got, near = f"got {word} {given}", min(max(given, 1), most)
            raise ValueRangeError(complain(got, f"expected 1 to {most}", f"Try {near}"))
    some = np.abs(rows if subject.unit is None else rows[subject.unit - 1 : subject.unit])
    some = some if subject.weight is None else some[:, subject.weight - 1 : subject.weight]
    unit, place = (int(i) for i in np.unravel_index(int(some.argmax()), some.shape))
    return (unit if subject.unit is None else subject.unit - 1, place if subject.weight is None else subject.weight - 1)


def _epoch(subject: Subject) -> int:
    """The epoch that was asked for, else the last."""
    last = max(subject.run.entries("loss"))
    if subject.epoch is None:
        return last
    if subject.epoch > last:
        raise ValueRangeError(complain(f"got epoch {subject.epoch}", f"expected 0 to {last}", f"Try {last}"))
    return subject.epoch


def _compare(document: Document, subject: Subject, found: float, place: tuple[int, int], epoch: int, name: str) -> None:
    """Say where the run folder has another number."""
    kept = subject.run.folder.first_layer
    if kept is None or kept.name != name or epoch not in kept.epochs or place[0] >= kept.weights.shape[1]:
        return
    said = float(kept.weights[kept.epochs.index(epoch)][place])
    if not math.isclose(found, said, rel_tol=_HALF, abs_tol=1e-4):
        document.notes.append(f"The run says {said:.4g}: another machine, or a run that was resumed.")
