"""Figures of a learning rate: what the schedule makes of it, and what `lr-find` suggests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.core.generator import fork_rng
from glassnet.read.document import Document, Step
from glassnet.read.formula import Call, Formula, Number, Power, minus, over, plus, times
from glassnet.train.batch_size import measure_noise, suggest_batch_size
from glassnet.train.callbacks import LEAST_SHARE, RateCut, Watch
from glassnet.train.rate_finder import RateTest, find_rate
from glassnet.train.schedule import PLATEAU, rate_at
from glassnet.train.stories.lines import told, value
from glassnet.train.stories.subject import Subject


def rate(subject: Subject) -> Document:
    """The rate of an epoch's last step, which is what its line in the history has."""
    run = subject.run
    entry = run.entry("rate", subject.epoch)
    if run.setting.schedule == PLATEAU:
        return _on_plateau(subject, entry)
    s, batches, epoch = run.setting, run.batches, int(entry["epoch"])
    step, steps = epoch * batches - 1, s.epochs * batches
    t = step / steps
    time = value("t", t)
    words = f"the time of the last step of epoch {epoch}: the steps before it, over all {s.epochs} epochs of "
    steps_told = [told(f"{words}{batches:,} batches", "t", over(value("k", step), value("N", steps)), t)]
    highest, warm_up = value("η", s.learning_rate), value("w", s.warm_up)
    if t < s.warm_up:
        words, share = "the straight rise of the warm-up", over(times(highest, time), warm_up)
    else:
        own = t
        if s.warm_up:
            own = (t - s.warm_up) / (1 - s.warm_up)
            words = "the time since the warm-up (w), as a share of what is left"
            steps_told.append(told(words, "u", over(minus(time, warm_up), minus(Number(1.0), warm_up)), own))
        words = f"the highest rate times what the schedule {s.schedule} leaves of it"
        share = times(highest, _share(s.schedule, own, "u" if s.warm_up else "t"))
    found = rate_at(s.schedule, s.learning_rate, t, s.warm_up)
    steps_told.append(told(words, "rate", share, found))
    document = Document(f"The learning rate of epoch {epoch}", steps_told, [f"Rate: {entry['rate']:.6g}."])
    if not math.isclose(found, float(entry["rate"]), rel_tol=1e-9):
        document.notes.append(f"The history says {entry['rate']:.6g}: the run was resumed or changed on its way.")
    return document


def _on_plateau(subject: Subject, entry: dict[str, Any]) -> Document:
    """The rate of the settings, and every cut of it before this epoch."""
    run, s, epoch = subject.run, subject.run.setting, int(entry["epoch"])
    found, steps_told, last = s.learning_rate, list[Step](), value("η", s.learning_rate)
    for cut in _cuts(subject, epoch):
        lowest = max(found * s.plateau_factor, s.learning_rate * LEAST_SHARE)
        words = f"after epoch {cut.epoch}, {cut.epochs} epochs without a {cut.monitor.replace('_', ' ')} better than "
        words += f"{cut.best:.6g}: the rate so far times the factor of the settings (f)"
        formula = times(last, value("f", s.plateau_factor))
        if lowest > found * s.plateau_factor:
            words, formula = f"{words}, but not below {LEAST_SHARE:g} of the first", Number(lowest)
        found, last = lowest, value("r", lowest, cut.epoch)
        steps_told.append(told(words, last.symbol, formula, found))
    t = (epoch * run.batches - 1) / (s.epochs * run.batches)
    if t < s.warm_up:
        words = f"the straight rise over the first {s.warm_up:g} of all steps, at the last step of epoch {epoch} (t)"
        found *= t / s.warm_up
        formula = over(times(last, value("t", t)), value("w", s.warm_up))
        steps_told.append(told(words, "rate", formula, found))
    elif not steps_told:
        words = f"the rate of the settings: it was not cut before the end of epoch {epoch}"
        steps_told.append(told(words, "rate", times(last, Number(1.0)), found))
    document = Document(f"The learning rate of epoch {epoch}", steps_told, [f"Rate: {entry['rate']:.6g}."])
    if not math.isclose(found, float(entry["rate"]), rel_tol=1e-9):
        document.notes.append(f"The history says {entry['rate']:.6g}: the run was resumed or changed on its way.")
    return document


def _cuts(subject: Subject, before: int) -> list[RateCut]:
    """The cuts of the rate before an epoch: those that the history marks, and the figure that had got no better."""
    entries = sorted(subject.run.entries("rate").items())
    s = subject.run.setting
    held = f"validation_{s.monitor}"
    name = held if entries and held in entries[0][1] else "loss"
    watch, found, since = Watch(name, s.min_delta), list[RateCut](), 0
    for epoch, entry in entries:
        if epoch >= before:
            break
        since = 0 if watch.better(float(entry[name])) else since + 1
        if "rate_cut_to" in entry:
            best = watch.best if watch.best is not None else math.nan
            found.append(RateCut(epoch, float(entry["rate"]), float(entry["rate_cut_to"]), name, best, since))
            since = 0
    return found


def _share(schedule: str, t: float, letter: str) -> Formula:
    """The formula of a schedule at the time t."""
    time, pi = value(letter, t), value("π", math.pi)
    if schedule == "one-cycle" and t < 0.3:
        rise = minus(Number(1.0), Call("cos", (over(times(pi, time), Number(0.3)),)))
        return plus(Number(0.04), over(times(Number(0.96), rise), Number(2.0)))
    if schedule in ("cosine", "one-cycle"):
        part = time if schedule == "cosine" else over(minus(time, Number(0.3)), Number(0.7))
        return over(plus(Number(1.0), Call("cos", (times(pi, part),))), Number(2.0))
    if schedule == "linear":
        return minus(Number(1.0), time)
    if schedule == "step":
        return Power(Number(0.1), Call("floor", (times(Number(3.0), time),)))
    return Power(Number(0.01), time) if schedule == "exponential" else Number(1.0)


# ---- what lr-find says -----------------------------------------------------------------------------------------------


def _tried(subject: Subject) -> RateTest:
    """The range test once more, with the usual range."""
    training = subject.training
    trainer = training.trainer
    size = training.settings.batch_size or training.examples
    parts = training.model, trainer.loss, trainer.optimizer, training.learned
    return find_rate(*parts, batch_size=size, prepare=training.prepare)


def _at_step(test: RateTest, step: int) -> Formula:
    """The rate of a step of the test: the smallest, raised by the same factor at every step."""
    return times(value("a", test.rates[0]), Power(value("q", test.rates[1] / test.rates[0]), Number(float(step))))


def suggested_rate(subject: Subject) -> Document:
    """The rate that the range test suggests: the step of it that was chosen."""
    test = _tried(subject)
    summary = [f"Suggested rate: {test.suggestion:.2g}; the loss was lowest at {test.largest:.2g}."]
    title = "The rate that is suggested"
    at = int(np.argmin(np.abs(test.rates - test.suggestion)))
    if not math.isclose(float(test.rates[at]), test.suggestion):  # there was no clear fall
        words = "the loss never fell clearly: a tenth of the rate above which it rises"
        step = told(words, "rate", over(value("m", test.largest), Number(10.0)), test.suggestion)
        return Document(title, [step], summary)
    start, lowest = test.start()[0], float(test.losses[test.lowest])
    words = "the loss half-way down from the small rates that change nothing (s) to the lowest (m)"
    half = over(plus(value("s", start), value("m", lowest)), Number(2.0))
    steps = [told(words, "h", half, (start + lowest) / 2)]
    words = (
        f"step {at:,} of the test (counted from 0), the last whose smoothed loss, {test.losses[at]:.4g}, is above "
        f"that: the smallest rate, raised by the same factor (q) at every step"
    )
    steps.append(told(words, "rate", _at_step(test, at), test.suggestion))
    return Document(title, steps, summary)


def largest_rate(subject: Subject) -> Document:
    """The rate above which the loss no longer fell."""
    test = _tried(subject)
    at = test.lowest
    words = (
        f"step {at:,} of the test (counted from 0), whose smoothed loss, {test.losses[at]:.4g}, is the lowest: the "
        "smallest rate, raised by the same factor (q) at every step"
    )
    step = told(words, "rate", _at_step(test, at), test.largest)
    return Document("The largest rate that still helps", [step], [f"Largest rate: {test.largest:.2g}."])


def noise_scale(subject: Subject) -> Document:
    """The batch size at which the gradient's noise is as large as the gradient."""
    training = subject.training
    with fork_rng():
        noise = measure_noise(training.model, training.trainer.loss, training.learned, prepare=training.prepare)
    size, count, mean = value("b", noise.size), value("k", noise.count), value("m", noise.mean_square)
    words = f"the variance of single gradients, from those of {noise.count} batches (q: their squared lengths added "
    words += "up, m: that of their mean)"
    apart = over(times(size, minus(value("q", noise.squares), times(count, mean))), minus(count, Number(1.0)))
    steps = [told(words, "V", apart, noise.variance)]
    words = "the squared length of the true gradient: that of the mean, less the noise that is left in it"
    left = minus(mean, over(value("V", noise.variance), times(size, count)))
    length = Call("max", (left, times(Number(0.001), mean)))
    steps.append(told(words, "G", length, noise.gradient))
    formula = over(value("V", noise.variance), value("G", noise.gradient))
    steps.append(told("so many examples make noise and gradient equal", "B", formula, noise.scale))
    return Document("The noise of the gradient", steps, [f"Noise scale: {noise.scale:,.0f} examples."])


def batch_sizes(subject: Subject) -> Document:
    """The time that each batch size takes to learn the same, relative to the best: timed once more, here and now."""
    training = subject.training
    with fork_rng():
        parts = training.model, training.trainer.loss, training.trainer.optimizer, training.learned
        found = suggest_batch_size(*parts, prepare=training.prepare)
    document = Document("The time to learn the same, by batch size")
    noise = value("B", found.noise_scale)
    times_taken: list[float] = []
    for size, speed in zip(found.sizes, found.examples_per_second, strict=True):
        words = (
            f"batches of {size}: the examples that they need (one, and b / B more for the noise that a larger batch "
            f"averages for nothing; B is the noise scale), over the examples per second that were timed (v)"
        )
        formula = over(plus(Number(1.0), over(value("b", size), noise)), value("v", speed))
        times_taken.append((1 + size / found.noise_scale) / speed)
        document.steps.append(told(words, value("t", 0.0, size).symbol, formula, times_taken[-1]))
    best = min(times_taken)
    for size, taken, cost in zip(found.sizes, times_taken, found.cost, strict=True):
        formula = over(value("t", taken, size), value("t", best, found.suggestion))
        words = f"batches of {size}: that, over the least"
        document.steps.append(told(words, value("cost", 0.0, size).symbol, formula, cost))
    document.summary.append(f"Least time: batches of {found.suggestion:,}.")
    document.notes.append("Times are another at every run: these were measured now. B: --figure noise-scale.")
    return document
