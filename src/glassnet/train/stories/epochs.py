"""Figures of an epoch as the training printed them: its loss, how it did on other examples, its gradient.

What a run folder holds is the figure alone. The training runs again up to that epoch, from the same seed, and the
figure is told from what it is made of: the batches, the examples, the gradients.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from glassnet.errors import DataError, complain
from glassnet.read.document import Document
from glassnet.read.formula import Call, Formula, Power, Rest, over, plus, times
from glassnet.read.formula import Number as Constant
from glassnet.train import in_pieces
from glassnet.train.callbacks import Callback
from glassnet.train.evaluation import Evaluation, Regression, evaluate, figures_of
from glassnet.train.stories.lines import largest, percent, terms_of, told, value
from glassnet.train.stories.scores import COUNTED, SUMMED, tell_score
from glassnet.train.stories.subject import Subject
from glassnet.train.trainer import Trainer
from glassnet.train.training import Training

_SAFE = 1e-6  # what clipping adds to a length before it divides by it


class _Listened(Callback):
    """The loss of every batch of one epoch, after which the training stops."""

    def __init__(self, epoch: int) -> None:
        self.epoch, self.losses, self._before = epoch, list[float](), 0.0

    def on_epoch_start(self, trainer: Trainer) -> None:
        self._before = 0.0

    def on_batch_end(self, trainer: Trainer) -> None:
        total = float(trainer.learn.total.array)
        if trainer.epoch == self.epoch:
            self.losses.append(total - self._before)
        self._before = total

    def on_epoch_end(self, trainer: Trainer, figures: dict[str, Any]) -> None:
        if trainer.epoch >= self.epoch:
            trainer.stop("heard enough")


class _Again(NamedTuple):
    """A training that ran again up to the end of an epoch, and the losses of that epoch's batches."""

    training: Training
    losses: np.ndarray
    entry: dict[str, Any]

    @property
    def epoch(self) -> int:
        return int(self.entry["epoch"])


def _again(subject: Subject, name: str) -> _Again:
    """The training once more, up to the epoch that was asked for."""
    entry = subject.run.entry(name, subject.epoch)
    listener = _Listened(int(entry["epoch"]))
    training = Training(subject.data, subject.run.setting, callbacks=[listener])
    for _ in training if listener.epoch else ():
        pass
    return _Again(training, np.array(listener.losses), entry)


def _notes(again: _Again, subject: Subject, name: str, found: float) -> list[str]:
    """That it ran again, and what the history says where that is something else."""
    ran = f"The training ran again up to epoch {again.epoch}" if again.epoch else "The network was made again"
    notes = [f"{ran}, from seed {subject.run.setting.seed}."]
    kept = float(again.entry[name])
    if not math.isclose(found, kept, rel_tol=1e-6, abs_tol=1e-12):
        notes.append(f"The history says {kept:.5f}: another machine, or a run that was resumed.")
    return notes


def epoch_loss(subject: Subject) -> Document:
    """The mean loss of an epoch's batches; before the first step, of examples to learn from."""
    again = _again(subject, "loss")
    if not again.epoch:
        return _loss_at_start(again, subject)
    losses = again.losses
    shown = largest(losses, subject.most)
    terms = [value("l", losses[i], int(i) + 1) for i in shown]
    rest = terms_of("l", losses, shown)[len(shown) :]
    mean = math.fsum(losses) / len(losses)
    words = f"the mean of the losses of its {len(losses):,} batches, each before the update that it led to"
    step = told(words, "L", over(plus(*terms, *rest), value("n", len(losses))), mean)
    title = f"The loss of epoch {again.epoch}"
    return Document(
        title, [step], [f"Loss of epoch {again.epoch}: {mean:.5f}."], [], _notes(again, subject, "loss", mean)
    )


def _loss_at_start(again: _Again, subject: Subject) -> Document:
    """The loss of epoch 0: the examples are judged, and nothing is learnt."""
    training = again.training
    judged = evaluate(training.model, training.prepare, *training.looked_at)
    document = tell_score("loss", judged, subject.names, of="training", most=subject.most)
    document.title += ", before the first step"
    document.notes = _notes(again, subject, "loss", judged.loss)
    return document


def held_figure(name: str) -> Any:
    """The teller of a figure of the examples that were judged after an epoch: those to choose by, or to test on."""

    def tell(subject: Subject) -> Document:
        held = any(key.startswith("validation_") for key in subject.run.folder.history.names)
        part = "validation" if held else "test"
        key = f"{part}_{name}"
        again = _again(subject, key)
        training = again.training
        x, y = training.validation or training.tested
        weights = getattr(subject.data, "weights", None)
        counting = None  # before the first step nobody counts more than another
        if again.epoch and weights is not None and part == "validation" and len(weights[1]):
            counting = weights[1]
        asked, parts = (training.model, training.prepare, x, y), None
        if counting is None and name in (*COUNTED, *SUMMED):
            judged = in_pieces.judged(*asked).test
            parts = in_pieces.judgements(*asked) if name in SUMMED else None
        else:
            judged = evaluate(*asked)
        found = figures_of(judged, counting)[name]
        if counting is not None:
            document = _weighted(name, judged, counting, found, subject.most)
        else:
            document = tell_score(name, judged, subject.names, of=part, most=subject.most, parts=parts)
        document.title += f", after epoch {again.epoch}" if again.epoch else ", before the first step"
        document.notes = _notes(again, subject, key, found)
        return document

    return tell


def _weighted(name: str, judged: Evaluation, weights: np.ndarray, found: float, most: int) -> Document:
    """A figure in which each example counts by its weight (the column that --weight names)."""
    total = float(weights.sum(dtype=np.float64))
    document = Document(f"The {name} on {judged.n:,} validation examples, by their weights")
    if isinstance(judged, Regression) and name == "r2":
        figures = judged.weighted(weights)
        spread = figures["loss"] / (1 - found)
        formula = plus(Constant(1.0), times(Constant(-1.0), over(value("L", figures["loss"]), value("V", spread))))
        document.steps.append(told("1 less the mean squared error over the targets' variance", "R²", formula, found))
        return document
    mean = found**2 if name == "rmse" else found
    formula = over(Rest(judged.n, mean * total), value("Σw", total))
    words = "the sum over all examples, each times its weight, over the sum of the weights"
    document.steps.append(told(words, "m", formula, mean))
    if name == "rmse":
        document.steps.append(told("its root", "RMSE", Call("sqrt", (value("m", mean),)), found))
    return document


def learnt(subject: Subject) -> Document:
    """How the finished network does on examples that it learnt from."""
    training = subject.training
    if training.validation is None and not len(subject.data.x_test):
        got = "got a run without other examples"
        raise DataError(complain(got, "expected some to compare those with that it learnt from", "Try loss"))
    training.model.load_state_dict(subject.trained.model.state_dict())
    x, y = training.compared()[0]
    judged = evaluate(training.model, training.prepare, x, y)
    name = "rmse" if isinstance(judged, Regression) else "accuracy"
    document = tell_score(name, judged, subject.names, of="training", most=subject.most)
    if len(x) < training.examples:
        document.notes.append(f"Of {training.examples:,} examples that it learnt from, evenly spaced ones were judged.")
    return document


# ---- what the history has besides ------------------------------------------------------------------------------------


def gradient_norm(subject: Subject) -> Document:
    """The length of the gradient of an epoch's last step, parameter by parameter."""
    again = _again(subject, "gradient_norm")
    named = [(n, p.grad.array) for n, p in again.training.model.named_parameters() if p.grad is not None]
    document = Document(f"The length of the last gradient of epoch {again.epoch}")
    terms: list[Formula] = []
    for i, (name, g) in enumerate(named, 1):
        squares = float(np.vdot(g, g))
        terms.append(value("s", squares, i))
        shown = largest(g.reshape(-1), subject.most)
        parts: list[Formula] = [Power(value("g", g.reshape(-1)[j], int(j)), Constant(2.0)) for j in shown]
        if len(shown) < g.size:
            parts.append(Rest(g.size - len(shown), squares - math.fsum(float(g.reshape(-1)[j]) ** 2 for j in shown)))
        words = f"the squares of the {g.size:,} slopes of {name}, added up"
        document.steps.append(told(words, value("s", 0.0, i).symbol, plus(*parts), squares))
    length = math.sqrt(sum(float(np.vdot(g, g)) for _, g in named))
    document.steps.append(told("the root of all squares", "length", Call("sqrt", (plus(*terms),)), length))
    document.summary.append(f"Length of the gradient: {length:.4g}.")
    document.notes = _notes(again, subject, "gradient_norm", length)
    return document


def unclipped(subject: Subject) -> Document:
    """The length of the gradient before clipping, from what clipping left of it."""
    again = _again(subject, "gradient_norm_unclipped")
    longest = subject.run.setting.clip_norm
    left = math.sqrt(sum(float(np.vdot(p.grad.array, p.grad.array)) for p in again.training.model.parameters()
                         if p.grad is not None))  # fmt: skip
    length = float(again.training.trainer.learn.length.array)
    factor = min(1.0, longest / (length + _SAFE))
    n, f, c = value("N", length), value("f", factor), value("c", longest)
    document = Document(f"The length of the last gradient of epoch {again.epoch}, before clipping")
    words = (
        "what all slopes were multiplied by: the longest that they may be (--clip-norm) over their length, at most 1"
    )
    clipped = Call("min", (Constant(1.0), over(c, plus(n, Constant(_SAFE)))))
    document.steps.append(told(words, "f", clipped, factor))
    words = "the length that is left (--figure gradient-norm tells it, slope by slope), over that"
    document.steps.append(told(words, "N", over(value("length", left), f), left / factor))
    document.summary.append(f"Length before clipping: {length:.4g}.")
    document.notes = _notes(again, subject, "gradient_norm_unclipped", length)
    return document


def batch_accuracy(subject: Subject) -> Document:
    """The share of an epoch's last batch that was right, before the update it led to."""
    again = _again(subject, "batch_accuracy")
    trainer = again.training.trainer
    assert trainer.scores is not None
    right = trainer.scores.array.argmax(axis=1) == trainer.batch[1].array
    share = float(right.mean())
    words = "the examples of the last batch that were right, over all of it"
    step = told(words, "a", over(value("r", right.sum()), value("n", len(right))), share)
    notes = _notes(again, subject, "batch_accuracy", share)
    return Document(
        f"The last batch of epoch {again.epoch}", [step], [f"Right in the last batch: {percent(share)}."], [], notes
    )
