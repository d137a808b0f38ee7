"""Where a figure that a training printed as it went comes from: its rates, its losses, its best epoch, its speed.

What a run folder holds is enough for all but the loss of an epoch, which is the mean over its batches: for it the
training runs again up to that epoch, from the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.data.registry import DataSet
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.read.document import Document, Step
from glassnet.read.equation import Equation
from glassnet.read.formula import Call, Formula, Number, Power, Rest, Symbol, Value, minus, over, plus, times
from glassnet.train.callbacks import Callback
from glassnet.train.evaluation import Classification
from glassnet.train.metrics import calibration_curve
from glassnet.train.rate_finder import find_rate
from glassnet.train.runs import Run
from glassnet.train.schedule import rate_at
from glassnet.train.settings import Settings
from glassnet.train.trainer import Trainer
from glassnet.train.training import Training

RUN_FIGURES = {
    "epoch-loss": "the loss of an epoch, as `train` printed it (--epoch K)",
    "rate": "the learning rate at the end of an epoch (--epoch K)",
    "best-epoch": "which epoch's weights were kept",
    "updates": "how many updates of the weights an epoch has",
    "speed": "examples per second",
    "suggested-rate": "the rate that `lr-find` suggests, for the network of the run",
    "calibration": "the expected calibration error of `plot` and `report`",
}
_BINS = 10  # as the charts of calibration have


def tell_run_figure(
    name: str, run: Run, epoch: int | None = None, data: Callable[[], DataSet] | None = None, most: int = 6
) -> Document:
    """How a figure of `RUN_FIGURES` was worked out; `data` makes the data set again, for the loss of an epoch.

    Raises `DataError` for a run that did not keep what the figure is made of, `ValueRangeError` for an epoch that it
    has no figures of.
    """
    if name == "epoch-loss":
        assert data is not None
        return _epoch_loss(run, _entry(run, epoch, "loss"), data(), most)
    if name == "suggested-rate":
        assert data is not None
        return _suggested(run, data())
    if name == "rate":
        return _rate(run, _entry(run, epoch, "rate"))
    return {"best-epoch": _best_epoch, "updates": _updates, "speed": _speed, "calibration": _calibration}[name](run)


def _entry(run: Run, epoch: int | None, name: str) -> dict[str, Any]:
    """The figures of an epoch, the last if none is named."""
    known = {entry["epoch"]: entry for entry in run.history if name in entry and not entry.get("averaged")}
    if not known:
        raise DataError(complain("got a run without a history", f"expected the {name} of its epochs", "Try another"))
    epoch = max(known) if epoch is None else epoch
    if epoch not in known:
        near = min(known, key=lambda other: abs(other - epoch))
        got, expected = f"got epoch {epoch}", f"expected an epoch from {min(known)} to {max(known)} with figures"
        raise ValueRangeError(complain(got, expected, f"Try {near}"))
    return known[epoch]


def _settings(run: Run) -> Settings:
    found = run.config.get("settings")
    if not isinstance(found, dict):
        raise DataError(complain("got a run without settings", "expected config.json", "Try another run"))
    return Settings.from_dict(found)


def _examples(run: Run) -> int:
    data = run.config.get("data")
    count = data.get("train") if isinstance(data, dict) else None
    if not isinstance(count, int) or count < 1:
        raise DataError(complain("got a run without a count of its examples", "expected config.json", "Try another"))
    return count


def _batches(run: Run) -> int:
    """How many batches an epoch has."""
    n = _examples(run)
    return -(-n // (_settings(run).batch_size or n))


# ---- the rate --------------------------------------------------------------------------------------------------------


def _rate(run: Run, entry: dict[str, Any]) -> Document:
    """The rate of an epoch's last step, which is what its line in the history has."""
    s, batches, epoch = _settings(run), _batches(run), int(entry["epoch"])
    step, steps = epoch * batches - 1, s.epochs * batches
    t = step / steps
    time = _value("t", t)
    told = [
        _step(
            f"the time of the last step of epoch {epoch}: the steps before it, over all {s.epochs} epochs of "
            f"{batches:,} batches",
            Symbol("t"), over(_value("k", step), _value("N", steps)), t,
        )
    ]  # fmt: skip
    highest, warm_up = _value("η", s.learning_rate), _value("w", s.warm_up)
    if t < s.warm_up:
        words, share = "the straight rise of the warm-up", over(times(highest, time), warm_up)
    else:
        own = t
        if s.warm_up:
            own = (t - s.warm_up) / (1 - s.warm_up)
            words = "the time since the warm-up (w), as a share of what is left"
            told.append(_step(words, Symbol("u"), over(minus(time, warm_up), minus(Number(1.0), warm_up)), own))
        words = f"the highest rate times what the schedule {s.schedule} leaves of it"
        share = times(highest, _share(s.schedule, own, "u" if s.warm_up else "t"))
    rate = rate_at(s.schedule, s.learning_rate, t, s.warm_up)
    told.append(_step(words, Symbol("rate"), share, rate))
    document = Document(f"The learning rate of epoch {epoch}", told, [f"Rate: {entry['rate']:.6g}."])
    if not math.isclose(rate, float(entry["rate"]), rel_tol=1e-9):
        document.notes.append(f"The history says {entry['rate']:.6g}: the run was resumed or changed on its way.")
    return document


def _share(schedule: str, t: float, letter: str) -> Formula:
    """The formula of a schedule at the time t."""
    time, pi = _value(letter, t), _value("π", math.pi)
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


# ---- the loss of an epoch --------------------------------------------------------------------------------------------


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


def _epoch_loss(run: Run, entry: dict[str, Any], data: DataSet, most: int) -> Document:
    epoch = int(entry["epoch"])
    listener = _Listened(epoch)
    for _ in Training(data, _settings(run), callbacks=[listener]):
        pass
    losses = np.array(listener.losses)
    shown = np.sort(np.argsort(-losses, kind="stable")[:most])
    terms: list[Formula] = [Value(Symbol("l", "", (int(i) + 1,)), float(losses[i])) for i in shown]
    if len(shown) < len(losses):
        terms.append(Rest(len(losses) - len(shown), math.fsum(np.delete(losses, shown))))
    mean = math.fsum(losses) / len(losses)
    words = f"the mean of the losses of its {len(losses):,} batches, each before the update that it led to"
    step = _step(words, Symbol("L"), over(plus(*terms), _value("n", len(losses))), mean)
    document = Document(f"The loss of epoch {epoch}", [step], [f"Loss of epoch {epoch}: {mean:.5f}."])
    document.notes.append(f"The training ran again up to epoch {epoch}, from seed {_settings(run).seed}.")
    if not math.isclose(mean, float(entry["loss"]), rel_tol=1e-6):
        document.notes.append(f"The history says {entry['loss']:.5f}: another machine, or a run that was resumed.")
    return document


# ---- the rate that is suggested --------------------------------------------------------------------------------------


def _suggested(run: Run, data: DataSet) -> Document:
    """The range test once more, with the usual range, and the step of it that was chosen."""
    training = Training(data, _settings(run))
    trainer = training.trainer
    size = training.settings.batch_size or training.examples
    parts = training.model, trainer.loss, trainer.optimizer, training.learned
    test = find_rate(*parts, batch_size=size, prepare=training.prepare)
    summary = [f"Suggested rate: {test.suggestion:.2g}; the loss was lowest at {test.largest:.2g}."]
    at = int(np.argmin(np.abs(test.rates - test.suggestion)))
    if not math.isclose(float(test.rates[at]), test.suggestion):  # there was no clear fall
        words = "the loss never fell clearly: a tenth of the rate above which it rises"
        step = _step(words, Symbol("rate"), over(_value("m", test.largest), Number(10.0)), test.suggestion)
        return Document("The rate that is suggested", [step], summary)
    start, lowest = test.start()[0], float(test.losses[test.lowest])
    words = "the loss half-way down from the small rates that change nothing (s) to the lowest (m)"
    half = over(plus(_value("s", start), _value("m", lowest)), Number(2.0))
    told = [_step(words, Symbol("h"), half, (start + lowest) / 2)]
    ratio = Value(Symbol("q"), float(test.rates[1] / test.rates[0]))
    words = (
        f"step {at:,} of the test (counted from 0), the last whose smoothed loss, {test.losses[at]:.4g}, is above "
        f"that: the smallest rate, raised by the same factor (q) at every step"
    )
    rate = times(_value("a", float(test.rates[0])), Power(ratio, Number(float(at))))
    told.append(_step(words, Symbol("rate"), rate, test.suggestion))
    return Document("The rate that is suggested", told, summary)


# ---- counts and comparisons ------------------------------------------------------------------------------------------


def _best_epoch(run: Run) -> Document:
    best, name = run.result.get("best_epoch"), f"validation_{_settings(run).monitor}"
    judged = {int(e["epoch"]): float(e[name]) for e in run.history if isinstance(e.get(name), float)}
    if best not in judged:
        got = "got a run that kept the weights of its last epoch"
        raise DataError(complain(got, "expected validation examples to choose by", "Try train … --validation 0.1"))
    up = name.endswith(("accuracy", "r2"))
    values = tuple(Value(Symbol("v", "", (epoch,)), value) for epoch, value in judged.items())
    words = f"the {'largest' if up else 'smallest'} {name.replace('_', ' ')} of all epochs, that of epoch {best}"
    step = _step(words, Symbol("v"), Call("max" if up else "min", values), judged[best])
    document = Document("The best epoch", [step], [f"Epoch {best}."])
    if least := _settings(run).min_delta:
        document.notes.append(f"Only what was better by more than {least:g} than the best before it counted.")
    return document


def _updates(run: Run) -> Document:
    s, n = _settings(run), _examples(run)
    size = s.batch_size or n
    told = [_step("examples over the size of a batch, rounded up: batches an epoch", Symbol("B"),
                  Call("ceil", (over(_value("n", n), _value("b", size)),)), _batches(run))]  # fmt: skip
    updates = math.ceil(_batches(run) / s.accumulate)
    if s.accumulate > 1:
        gathered = over(_value("B", _batches(run)), _value("a", s.accumulate))
        words = "batches over those gathered for one update, rounded up"
        told.append(_step(words, Symbol("U"), Call("ceil", (gathered,)), updates))
    return Document("The updates of an epoch", told, [f"{updates:,} updates an epoch."])


def _speed(run: Run) -> Document:
    epochs, seconds, n = run.metric("epochs"), run.seconds, _examples(run)
    if not epochs or not seconds:
        raise DataError(complain("got a run without its time", "expected one that has ended", "Try train --resume"))
    speed = epochs * n / seconds
    formula = over(times(_value("epochs", epochs), _value("n", n)), _value("s", seconds))
    step = _step("how often all examples were seen, times their number, over seconds of training", Symbol("speed"),
                 formula, speed)  # fmt: skip
    return Document("The speed of the training", [step], [f"{speed:,.0f} examples per second."])


def _calibration(run: Run) -> Document:
    test, of = run.predictions or (None, "")
    if not isinstance(test, Classification):
        got = "got a run without predictions of classes"
        raise DataError(complain(got, "expected a classifier that was tested", "Try --figure rate"))
    curve = calibration_curve(test.probabilities, test.labels, _BINS, probabilities=True)
    terms: list[Formula] = []
    for i, (sure, right, count) in enumerate(zip(*(c.tolist() for c in curve), strict=True), 1):
        gap = minus(Value(Symbol("c", "", (i,)), sure), Value(Symbol("r", "", (i,)), right))
        terms.append(times(Value(Symbol("n", "", (i,)), float(count)), Call("abs", (gap,))))
    n = int(curve.count.sum())
    error = float((np.abs(curve.confidence - curve.right) * curve.count).sum() / n)
    words = "of each tenth of confidence that has examples (n): how sure it was (c) less how often it was right (r)"
    step = _step(words, Symbol("ECE"), over(plus(*terms), _value("n", n)), error)
    title = f"The calibration error on {n:,} {of} examples"
    return Document(title, [step], [f"Expected calibration error: {error:.4f}."])


def _value(letter: str, value: float) -> Value:
    return Value(Symbol(letter), float(value))


def _step(words: str, symbol: Symbol, formula: Formula, value: float) -> Step:
    line = Equation(symbol, formula, float(value))
    return Step("figure", words, symbol, formula, np.array(float(value)), lines=[line])
