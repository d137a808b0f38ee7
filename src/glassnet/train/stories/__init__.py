"""Where the figures that `glassnet` prints come from: one row each, with the commands that print it and its teller.

A teller works a figure out from what a `Subject` has (a model, its run, its data) and gives a document whose last
step comes to it. A figure that is new somewhere is one new row here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from glassnet.read.document import Document
from glassnet.train.machine import threads_at
from glassnet.train.stories import (
    checks,
    compared,
    counts,
    doctor,
    epochs,
    files,
    ground,
    inside,
    learned,
    looks,
    pieces,
    plane,
    rates,
    slopes,
)
from glassnet.train.stories.scores import COUNTED, OF_ONE_CLASS, SCORES, SUMMED, tell_score
from glassnet.train.stories.subject import Subject


class Figure(NamedTuple):
    """A figure: its name, the commands that print it, what it is, how it is told, and the options it takes."""

    name: str
    printed: str
    says: str
    tell: Callable[[Any], Document]
    takes: tuple[str, ...] = ()


def _score(name: str) -> Callable[[Subject], Document]:
    def tell(subject: Subject) -> Document:
        how: dict[str, Any] = {"most": subject.most}
        summed = name in SUMMED and subject.klass is None
        test, of = subject.counts if name in COUNTED or summed else subject.test
        if summed:
            how["parts"] = subject.pieces()
        return tell_score(name, test, subject.names, subject.klass, of=of, **how)

    return tell


_SAYS = {
    "accuracy": "the share that was right",
    "mistakes": "how many examples went wrong",
    "precision": "of those called a class, the share that is it",
    "recall": "of a class, the share that was called it",
    "f1": "precision and recall in one",
    "confusion": "what the examples of a class were taken for",
    "loss": "the mean loss of the test examples",
    "calibration": "how far certainty and accuracy lie apart",
    "exact": "examples of which all labels are right",
    "there": "how often a label is there",
    "r2": "the share of the variance that is explained",
    "rmse": "a typical error, in the target's units",
    "mae": "the mean error, in the target's units",
}
_JUDGED = "train, evaluate, runs, report"
_LOOK = ("step", "epoch", "layer")
_HELD = {
    "loss": "loss", "accuracy": "accuracy", "exact": "share with all labels right", "rmse": "RMSE", "mae": "MAE",
    "r2": "R²",
}  # fmt: skip

_ROWS = (
    *(Figure(name, _JUDGED, _SAYS[name], _score(name), ("class",) * (name in OF_ONE_CLASS)) for name in SCORES),
    Figure("epoch-loss", "train, runs, plot", "the loss of an epoch", epochs.epoch_loss, ("epoch",)),
    *(
        Figure(f"validation-{name}", "train, plot, report", f"the {words} of other examples after an epoch",
               epochs.held_figure(name), ("epoch",))
        for name, words in _HELD.items()
    ),
    Figure("gradient-norm", "runs report, plot", "the length of an epoch's last gradient", epochs.gradient_norm,
           ("epoch",)),
    Figure("gradient-norm-unclipped", "runs report, plot", "the length of that before it was clipped",
           epochs.unclipped, ("epoch",)),
    Figure("batch-accuracy", "runs report, plot", "right answers in an epoch's last batch", epochs.batch_accuracy,
           ("epoch",)),
    Figure("rate", "train, runs report, plot", "the learning rate at the end of an epoch", rates.rate, ("epoch",)),
    Figure("learnt", "train", "how it does on what it learnt from", epochs.learnt),
    Figure("best-epoch", "train, runs", "which epoch's weights were kept", counts.best_epoch),
    Figure("parameters", "train, runs, report", "how many numbers it learns", counts.parameters),
    Figure("examples", "train, runs", "how the examples were dealt out", counts.examples),
    Figure("updates", "train", "how many updates an epoch has", counts.updates),
    Figure("seen", "train", "how many examples were seen", counts.seen),
    Figure("speed", "train", "examples per second", counts.speed),
    Figure("seconds", "train, runs, report", "the time of the training", counts.seconds),
    Figure("memory", "runs show", "the bytes of the parameters and of the model's file", counts.memory),
    Figure("files", "runs show", "what is in each file, to the byte", files.files),
    Figure("weight", "plot weights", "how a weight came to be what it is", learned.weight,
           ("epoch", "layer", "unit", "weight")),
    Figure("layer-mean", "plot activations", "the mean of what a layer says", looks.layer_mean, _LOOK),
    Figure("layer-spread", "plot activations", "how far that spreads", looks.layer_spread, _LOOK),
    Figure("dead-units", "plot activations", "rectifiers that are 0 for all examples", looks.dead_units, _LOOK),
    Figure("saturated-units", "plot activations", "units at an end of their range", looks.saturated_units, _LOOK),
    Figure("typical-gradient", "plot gradients", "a typical slope of its weights", looks.typical_gradient,
           _LOOK),
    Figure("update-share", "plot gradients", "|update| / |weights|", looks.update_share, _LOOK),
    Figure("guess", "runs report, report", "what guessing reaches", compared.guess),
    Figure("linear", "runs report, report", "what a linear model reaches", compared.linear),
    Figure("against", "runs report", "its mistakes as a share of those of the best other", compared.against),
    Figure("suggested-rate", "lr-find, plot lr", "the rate that is suggested", rates.suggested_rate),
    Figure("largest-rate", "lr-find, plot lr", "the rate above which the loss no longer falls", rates.largest_rate),
    Figure("noise-scale", "lr-find --batch-sizes", "the batch at which noise equals gradient", rates.noise_scale),
    Figure("batch-sizes", "lr-find --batch-sizes", "the time to learn the same, timed anew", rates.batch_sizes),
    Figure("doctor", "doctor, report", "every finding, and the limit it is beyond", doctor.findings),
    Figure("checks", "doctor --data", "the checks before training", checks.checks),
    Figure("parted", "probe hidden", "how many examples a line parts", inside.parted, ("layer",)),
    Figure("directions", "probe hidden", "how much of a layer two directions hold", inside.directions, ("layer",)),
    Figure("zeros", "probe hidden", "how much of a layer is 0", inside.zeros, ("layer",)),
    Figure("regions", "probe folds", "the linear regions, layer by layer", plane.regions),
    Figure("pieces", "probe folds", "the straight pieces between two examples", pieces.pieces, ("index", "to")),
    Figure("units", "probe units", "the range of a unit over the plane", pieces.units, ("layer", "unit")),
    Figure("collapse", "probe collapse", "the one layer that linear layers are", pieces.collapsed),
    Figure("slice-loss", "probe slice", "the loss along a direction", ground.slice_loss,
           ("distance", "along", "seed", "n")),
    Figure("surface-loss", "probe surface", "the loss at a point of it", ground.surface_loss,
           ("distance", "along", "seed", "n")),
    Figure("gradient", "gradcheck", "the largest relative error of a gradient", slopes.gradient),
)  # fmt: skip
FIGURES: dict[str, Figure] = {row.name: row for row in _ROWS}


def tell_figure(name: str, subject: Subject) -> Document:
    """How a figure came about, on as many threads as the run had: a training that runs again takes the same steps.

    Raises `DataError` for what was not kept or does not fit, `ValueRangeError` for a class, an epoch or a figure that
    there is not.
    """
    with threads_at(subject.run.threads if subject.folder is not None else None):
        return FIGURES[name].tell(subject)
