"""What `glassnet train` says of a training: what it is, before its first step, and what came of it, after its last."""

from __future__ import annotations

from glassnet.cli.help import labelled
from glassnet.cli.report import percent
from glassnet.cli.table import is_table_data, lines_before, memory_used
from glassnet.cli.terminal import Terminal
from glassnet.cli.train_request import Request
from glassnet.files.os_errors import typed
from glassnet.train.amounts import amount
from glassnet.train.machine import Blas
from glassnet.train.pitfalls import settings_tried_on_test
from glassnet.train.predictions import Predictions
from glassnet.train.run_folder import PREDICTIONS
from glassnet.train.schedule import PLATEAU
from glassnet.train.settings import Settings
from glassnet.train.training import Training

_MANY_TRIED = 4  # settings that saw the same test examples, from which on a word is said about it
_EXTRAS = ("dropout", "weight_decay", "label_smoothing", "l1", "l2", "mixup", "ema", "clip_norm", "clip_value")


def opening(request: Request, training: Training, blas: Blas, terminal: Terminal) -> list[str]:
    """Data, network, learning, goal and machine; of a table also what was found in it."""
    data, s = request.data, request.settings
    between = f" after {s.normalization} norm" if s.normalization != "none" else ""
    rows = {
        "data": f"{data.name}: {_examples(request, training)}",
        "network": f"{request.shape}, {s.activation}{between}, {training.parameters:,} parameters",
        "learning": ", ".join([s.optimizer, _rate(s, training), *_pace(s, training), f"seed {s.seed}"]),
        "goal": training.goal,
        "machine": _machine(blas),
    }
    told = [line for label, text in rows.items() for line in labelled(label, text, terminal)]
    return [*told, *lines_before(data, training.model, terminal)]


def _examples(request: Request, training: Training) -> str:
    held = training.validation
    chosen = f", {len(held[0]):,} to choose the best epoch by" if held is not None else ""
    return f"{training.examples:,} examples to learn from{chosen}, {len(request.data.x_test):,} to test on"


def _rate(s: Settings, training: Training) -> str:
    if s.schedule == PLATEAU:
        risen = " after a rise" if s.warm_up else ""
        waits = f"{s.plateau_patience} epoch{'s' * (s.plateau_patience > 1)} without a better {training.plateau_figure}"
        return f"rate {s.learning_rate:g}{risen}, times {s.plateau_factor:g} after {waits}"
    changing = f"{s.schedule} rate up to" if s.schedule != "constant" or s.warm_up else "rate"
    return f"{changing} {s.learning_rate:g}"


def _pace(s: Settings, training: Training) -> list[str]:
    """Batches, updates, epochs, and what was chosen besides."""
    batch = f"batches of {s.batch_size}" if s.batch_size else "all examples at once"
    updates = training.updates
    batch += f", {updates:,} update{'s' * (updates > 1)} an epoch"
    extras = {name.replace("_", " "): getattr(s, name) for name in _EXTRAS}
    chosen = [f"{name} {value:g}" for name, value in extras.items() if value]
    chosen += [f"images changed by {s.augment}"] if s.augment != "none" else []
    return [batch, f"{s.epochs} epoch{'s' if s.epochs > 1 else ''}", *chosen]


def _machine(blas: Blas) -> str:
    core, threads = blas.core, blas.threads
    kernels = f"{blas.name} {core}" if core else blas.name or "a BLAS that does not give its name"
    return kernels + (f", {threads} thread{'s' if threads > 1 else ''}" if threads else "")


def closing(
    request: Request, training: Training, path: str, kept: Predictions, terminal: Terminal, stopped: str | None
) -> list[str]:
    """How it ended, how far apart learnt and unlearnt examples are, the speed, and where it is kept."""
    seen = round(training.epochs_done * training.examples)
    speed = ratio(training.epochs_done * training.examples, training.seconds)
    took = f"{seen:,} examples in {training.seconds:.2f} s ({speed:,.0f}/s)"
    lines = [*_verdict(training), *_tried(path, terminal), f"{training.parameters:,} parameters, {took}"]
    lines += [f"{most:,} MB of memory at most" for most in memory_used(request.data).values()]
    if kept.every > 1:
        lines.append(f"{PREDICTIONS} has every {kept.every}th of {kept.n:,} {kept.of} examples: all would be too many")
    lines = [*_cut_short(request, training, terminal, path, stopped), *lines]
    if stopped:
        lines.append(terminal.dim(f"to go on: glassnet train --resume {typed(path)}"))
    index = min(7, max(0, len(request.data.x_test) - 1))
    example = "NEW.csv" if is_table_data(request.data) else index
    hints = f"try glassnet predict {typed(path)} {example}", f"where from? glassnet explain {typed(path)} --figure"
    return [*lines, f"saved in {terminal.bold(path)}", *map(terminal.dim, hints)]


def _cut_short(request: Request, training: Training, terminal: Terminal, path: str, stopped: str | None) -> list[str]:
    """What ended the training before its last epoch."""
    reached = f"after {training.epochs_done:.2f} of {request.settings.epochs} epochs"
    if stopped:
        what = "that of its best epoch" if training.best_epoch else "what it had learnt by then"
        who = "Ctrl-C" if stopped == "SIGINT" else stopped
        return [terminal.bold(f"stopped by {who} {reached}: the model is {what}")]
    return [f"stopped {reached}: {training.stopped}"] if training.stopped else []


def _tried(path: str, terminal: Terminal) -> list[str]:
    """A word to those who try settings until the test set likes one."""
    tried = settings_tried_on_test(path)
    if tried < _MANY_TRIED:
        return []
    advice = "to choose among settings take --validation 0.1, and look at the test examples once, at the end"
    return labelled("note", f"{tried} other settings were tried on these test examples: {advice}", terminal)


def _verdict(training: Training) -> list[str]:
    """How far what was learnt and what was not are apart, and which epoch was the best."""
    gap = training.gap()
    if gap is None:
        return []
    name, learnt, held = gap
    shown = [percent(value) if name == "accuracy" else amount(value) for value in (learnt, held)]
    judged, held_out = (len(x) for x, _ in training.compared())
    count = f"{judged:,}" if judged == training.examples else f"{judged:,} of {training.examples:,}"
    apart = f"{100 * (learnt - held):.1f} points" if name == "accuracy" else amount(held - learnt)
    line = f"{name} {shown[0]} on {count} examples learnt from, {shown[1]} on {held_out:,} {training.part} examples"
    line += f": a gap of {apart}"
    best = f"the weights are those of epoch {training.best_epoch}, the best by {training.settings.monitor}"
    return [line, best] if training.best_epoch else [line]


def ratio(amount: float, seconds: float) -> float:
    """An amount for each second; 0 where no time was taken."""
    return amount / seconds if seconds else 0.0
