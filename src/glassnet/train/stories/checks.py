"""The figures of the checks before a training: `glassnet doctor --data`, for the data and the settings of a run."""

from __future__ import annotations

import math

import numpy as np

from glassnet.read.document import Document, Step
from glassnet.read.formula import Call, Compare, Formula, Number, Power, Rest, Symbol, minus, over, plus, times
from glassnet.train.doctor import in_data, measure
from glassnet.train.doctor.case import Part, sample
from glassnet.train.doctor.gathering import flat, plain_columns
from glassnet.train.doctor.preflight import BY_HEART, EXAMPLES, STARTS, learn_by_heart, start_of_matrix
from glassnet.train.stories.lines import largest, mean_step, told, value
from glassnet.train.stories.subject import Subject


def checks(subject: Subject) -> Document:
    """Every number of the checks: the inputs, the parts, the starting weights, ten examples learnt by heart."""
    training, data = subject.training, subject.data
    learned = flat(*training.learned)
    few = Part(training.prepare(sample(learned.x)), sample(learned.y))
    document = Document(f"The checks before training on {data.name}")
    document.steps += _inputs(few.x[:, : plain_columns(data)], subject.most)
    document.steps += _parts(subject, learned)
    for name, p in training.model.named_parameters():
        if p.array.ndim > 1:
            document.steps += _start(name, p.array.reshape(len(p.array), -1), subject.most)
    first, last, steps = learn_by_heart(training.model, training.trainer.loss, few, EXAMPLES)
    document.steps += _by_heart(few, first, last, steps)
    document.summary.append("Each comparison comes to 1 where its check is passed.")
    if len(few.x) < len(learned.x):
        document.notes.append(f"Ranges are those of {len(few.x):,} evenly spaced examples of {len(learned.x):,}.")
    return document


def _spread(words: str, letter: str, numbers: np.ndarray, most: int, mean: float) -> Step:
    """The standard deviation of many numbers: those furthest from the mean are shown."""
    flat_numbers = numbers.reshape(-1).astype(np.float64)
    squares = (flat_numbers - mean) ** 2
    shown = largest(squares, most)
    m = value("m", mean)
    terms: list[Formula] = [Power(minus(value(letter, flat_numbers[i], int(i)), m), Number(2.0)) for i in shown]
    if len(shown) < len(squares):
        terms.append(Rest(len(squares) - len(shown), math.fsum(np.delete(squares, shown))))
    formula = Call("sqrt", (over(plus(*terms), value("n", len(squares))),))
    return told(words, "s", formula, math.sqrt(float(squares.mean())))


def _mean(words: str, letter: str, numbers: np.ndarray, most: int) -> Step:
    flat_numbers = numbers.reshape(-1).astype(np.float64)
    return mean_step(words, "m", letter, flat_numbers, largest(flat_numbers, most), float(flat_numbers.mean()))


def _inputs(x: np.ndarray, most: int) -> list[Step]:
    mean = _mean("all inputs as the network sees them, over how many they are", "x", x, most)
    deviation = _spread("how far inputs lie from that, typically", "x", x, most, float(mean.result))
    low, high = value("low", x.min(initial=0.0)), value("high", x.max(initial=0.0))
    m, s = value("m", mean.result), value("s", deviation.result)
    far = Call("max", (minus(Number(0.0), low), high))
    fine = float(max(-low.value, high.value) <= in_data.LARGEST_INPUT)
    near, wide = float(abs(m.value) <= 2), float(0.05 <= s.value <= 5)
    return [
        mean, deviation,
        told("data normalised: no input lies further from 0", "ok", Compare("≤", far, Number(in_data.LARGEST_INPUT)),
             fine),
        told("data normalised: the mean is near 0", "ok", Compare("≤", Call("abs", (m,)), Number(2.0)), near),
        told("data normalised: the deviation is from 0.05 to 5 (within it, clamping changes nothing)", "ok",
             Compare("=", Call("clamp", (s, Number(0.05), Number(5.0))), s), wide),
    ]  # fmt: skip


def _parts(subject: Subject, learned: Part) -> list[Step]:
    training, data = subject.training, subject.data
    others = {"validation": training.validation, "test": (data.x_test, data.y_test) if len(data.x_test) else None}
    steps: list[Step] = []
    for i, (name, part) in enumerate(((name, part) for name, part in others.items() if part is not None), 1):
        rows = flat(*part)
        both = len(measure.rows_in_both(learned.x, rows.x, learned.y, rows.y))
        words = f"parts kept apart: of {len(rows.x):,} {name} rows those that are training rows too, target included"
        steps.append(told(words, Symbol("ok", "", (i,)), Compare("=", value("d", both), Number(0.0)), float(not both)))
    return steps


def _start(name: str, w: np.ndarray, most: int) -> list[Step]:
    mean = _mean(f"{name}: the mean of its {w.size:,} starting weights", "w", w, most)
    spread = _spread(f"{name}: how far they lie from it, typically", "w", w, most, float(mean.result))
    s, n_in = value("s", spread.result), value("inputs", w.shape[1])
    said = start_of_matrix(w)
    steps = [mean, spread]
    if said in STARTS:
        expected = STARTS[said](w.shape[1], w.shape[0])
        below = {"He": n_in, "Xavier": plus(n_in, value("outputs", w.shape[0]))}.get(said, times(Number(3.0), n_in))
        above = Number(1.0 if below is not n_in and said not in ("He", "Xavier") else 2.0)
        words = f"{said} start has this deviation; so near to it as chance allows, it is called that"
        steps.append(told(words, "start", Call("sqrt", (over(above, below),)), expected))
    he = math.sqrt(2 / w.shape[1])
    fair = w.size == 1 or 0.02 * he <= s.value <= 5 * he
    ratio = over(s, Call("sqrt", (over(Number(2.0), n_in),)))
    clamped = Call("clamp", (ratio, Number(0.02), Number(5.0)))
    words = "weights started: from a 50th to 5 times He's deviation (within it, clamping changes nothing)"
    return [*steps, told(words, "ok", Compare("=", clamped, ratio), float(fair))]


def _by_heart(few: Part, first: float, last: float, steps: int) -> list[Step]:
    spread = 1.0 if few.y.ndim == 1 else max(float(few.y.var()), 1e-12)
    words = f"the loss on {min(EXAMPLES, len(few.x))} examples, from {first:.3g} in {steps} steps of Adam: learnt by "
    words += "heart where it is below a share of the loss of guessing (V)"
    limit = times(Number(BY_HEART), value("V", spread))
    return [told(words, "ok", Compare("≤", value("L", last), limit), float(last <= BY_HEART * spread))]
