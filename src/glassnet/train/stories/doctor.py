"""The figures of the doctor: what each finding has seen, worked out, and the limit that it lies beyond.

One row of `TELLERS` for each row of the doctor's own table. A teller gives the steps; the last is the comparison that
made the finding, and comes to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from glassnet.read.document import Document, Step
from glassnet.read.formula import Call, Compare, Formula, Number, Power, Rest, Symbol, Value, minus, over, plus, times
from glassnet.train.doctor import Case, Finding, diagnose, in_data, in_layers, in_learning, measure
from glassnet.train.doctor.gathering import case_of_run
from glassnet.train.evaluation import softmax
from glassnet.train.stories.lines import told, value
from glassnet.train.stories.subject import Subject

Teller = Callable[[Case, Finding], list[Step]]


def findings(subject: Subject) -> Document:
    """Every finding of `glassnet doctor` on a run, with its numbers and its limit."""
    case = case_of_run(subject.path, subject.trained, subject.data)
    return tell_findings(case)


def tell_findings(case: Case) -> Document:
    """How each finding on a case came about.

    >>> from glassnet.train.doctor import Part
    >>> case = Case(train=Part(np.array([[1.0, 300.0]]), np.zeros((1, 1))))
    >>> tell_findings(case).summary
    ['the inputs are not normalised.', 'no examples are kept aside.']
    """
    document = Document("What the doctor found")
    for finding in diagnose(case):
        document.summary.append(f"{finding.headline}.")
        for step in TELLERS[finding.name](case, finding):
            step.layer = ""
            step.words = f"{finding.name}: {step.words}"
            document.steps.append(step)
    if not document.steps:
        document.summary.append("Healthy: no limit is passed.")
    document.notes.append("The comparison at the end of each finding comes to 1: that is why it is said.")
    return document


def _verdict(words: str, left: Formula, sign: str, right: Formula) -> Step:
    return told(words, "said", Compare(sign, left, right), 1.0)


def _than(words: str, left: Value, sign: str, limit: float) -> Step:
    """The comparison with a limit that is a plain number."""
    return _verdict(words, left, sign, Number(limit))


# ---- layers ----------------------------------------------------------------------------------------------------------


def _units(word: str, every: str) -> Teller:
    def tell(case: Case, finding: Finding) -> list[Step]:
        assert case.last is not None
        steps: list[Step] = []
        layers = case.last.layers if word == "dead" else case.last.layers[:-1]
        for i, layer in enumerate((found for found in layers if found.name in finding.figures), 1):
            count = getattr(layer, word)
            share = value("s", count / layer.units, i)
            words = f"layer `{layer.name}` ({layer.kind}): units that {every}, over all its units"
            steps.append(told(words, share.symbol, over(value("u", count, i), value("n", layer.units, i)), share.value))
            steps.append(_than("more than this share", share, ">", in_layers.UNITS))
        return steps

    return tell


def _flow(case: Case, sign: str, limit: float) -> list[Step]:
    """The typical gradients of the first and the last weights, and their ratio."""
    assert case.last is not None
    first, last = case.last.weights[0], case.last.weights[-1]
    steps, sizes = list[Step](), list[Value]()
    for i, p in ((1, first), (len(case.last.weights), last)):
        typical = value("g", p.gradient_rms, i)
        words = f"`{p.name}`: the length of its gradient over the root of how many numbers it has"
        root = Call("sqrt", (value("N", math.prod(p.shape), i),))
        steps.append(told(words, typical.symbol, over(value("length", p.gradient_norm, i), root), p.gradient_rms))
        sizes.append(typical)
    ratio = value("r", first.gradient_rms / last.gradient_rms)
    steps.append(
        told("the typical gradient of the first weights over that of the last", "r", over(*sizes), ratio.value)
    )
    return [*steps, _than("outside what lets all layers learn", ratio, sign, limit)]


def _vanishing(case: Case, finding: Finding) -> list[Step]:
    return _flow(case, "<", in_layers.GRADIENTS[0])


def _exploding(case: Case, finding: Finding) -> list[Step]:
    assert case.last is not None
    if case.last.gradient_norm <= in_layers.LONGEST_GRADIENT:
        return _flow(case, ">", in_layers.GRADIENTS[1])
    squares = [Power(value("length", p.gradient_norm, i), Number(2.0)) for i, p in enumerate(case.last.parameters, 1)]
    length = value("length", case.last.gradient_norm)
    if not math.isfinite(length.value):
        return [_verdict("the length of all gradients together is no finite number", Number(1.0), "=", Number(1.0))]
    words = "the root of the squared lengths of all parameters' gradients"
    return [
        told(words, "length", Call("sqrt", (plus(*squares),)), length.value),
        _than("longer than this", length, ">", in_layers.LONGEST_GRADIENT),
    ]


def _updates(sign: str, limit: float) -> Teller:
    def tell(case: Case, finding: Finding) -> list[Step]:
        steps: list[Step] = []
        for i, (name, usual) in enumerate(finding.figures["updates"].items(), 1):
            ratios = sorted(in_layers.update_ratios(case)[name])
            middle = ratios[(len(ratios) - 1) // 2 : len(ratios) // 2 + 1]
            ratio = value("u", usual, i)
            words = (
                f"`{name}`: |change| / |weights| of one step, the middle of the {len(ratios)} steps that were looked "
                f"at in the later half of the training ({ratios[0]:.1e} to {ratios[-1]:.1e})"
            )
            formula = over(plus(*(value("r", r, len(ratios) // 2 + k) for k, r in enumerate(middle))),
                           value("k", len(middle)))  # fmt: skip
            steps.append(told(words, ratio.symbol, formula, usual))
            steps.append(_than("outside the usual", ratio, sign, limit))
        return steps

    return tell


def _twins(case: Case, finding: Finding) -> list[Step]:
    assert case.twins
    apart = [abs(a - b) for a, b in zip(case.twins[0].first, case.twins[0].second, strict=True)]
    gaps = [Call("abs", (minus(value("g", a, 1, j), value("g", b, 2, j)),))
            for j, (a, b) in enumerate(zip(case.twins[0].first, case.twins[0].second, strict=True))]  # fmt: skip
    size = max(map(abs, case.twins[0].first), default=0.0)
    most = value("d", max(apart))
    words = f"`{case.twins[0].name}`: how far the first slopes of two units lie apart, at most"
    limit = value("t", 1e-6 * size)
    return [
        told(words, "d", Call("max", tuple(gaps)), most.value),
        told("a millionth of the largest of them", "t", times(Number(1e-6), value("g", size)), limit.value),
        _verdict("no further than that", most, "≤", limit),
    ]


# ---- learning --------------------------------------------------------------------------------------------------------


def _high_start(case: Case, finding: Finding) -> list[Step]:
    loss, blind = value("L", finding.figures["loss"]), value("blind", finding.figures["blind"])
    classes = Call("ln", (value("K", len(case.classes)),))
    return [
        told("the loss of a blind guess among all classes", "blind", classes, blind.value),
        _verdict("the first loss is higher by more than this", loss, ">", plus(blind, Number(in_learning.START))),
    ]


def _losses(first: float, last: float, sign: str, limit: float, words: str) -> list[Step]:
    ratio = value("r", last / first)
    step = told(f"{words}: the last loss over the first", "r", over(value("L", last, 2), value("L", first, 1)),
                ratio.value)  # fmt: skip
    return [step, _than("beyond this", ratio, sign, limit)]


def _no_learning(case: Case, finding: Finding) -> list[Step]:
    first, last = finding.figures["first"], finding.figures["last"]
    return _losses(first, last, ">", in_learning.LEARNT, "the training loss of the last epoch and the first")


def _seen_losses(case: Case) -> tuple[list[float], str]:
    if case.trial:
        return case.trial, f"over {len(case.trial)} steps on one batch"
    return [e.loss for e in case.learning or ()], "over the epochs"


def _too_high(case: Case, finding: Finding) -> list[Step]:
    losses, words = _seen_losses(case)
    if not all(map(math.isfinite, losses)):
        return [_verdict(f"{words}: a loss is no finite number any more", Number(1.0), "=", Number(1.0))]
    late = [value("L", v, len(losses) - len(losses[-3:]) + k) for k, v in enumerate(losses[-3:], 1)]
    worst = value("m", max(losses[-3:]))
    limit = times(Number(in_learning.HIGHER), value("L", losses[0], 1))
    steps = [told(f"{words}: the highest of the last three losses", "m", Call("max", tuple(late)), worst.value)]
    return [*steps, _verdict("higher than the first by this factor", worst, ">", limit)]


def _too_low(case: Case, finding: Finding) -> list[Step]:
    losses, words = _seen_losses(case)
    limit = in_learning.SLOW_TRIAL if case.trial else in_learning.SLOW
    return _losses(losses[0], losses[-1], ">", limit, words)


def _overfitting(case: Case, finding: Finding) -> list[Step]:
    held = case.held or []
    best, last = min(held, key=lambda e: e.held_loss), held[-1]
    ratio = value("r", last.held_loss / best.held_loss)
    late, early = value("v", last.held_loss, int(last.epoch)), value("v", best.held_loss, int(best.epoch))
    words = "the loss on other examples after the last epoch, over that of its best epoch"
    answers = last.held_accuracy >= best.held_accuracy - in_learning.CHANCE
    limit = in_learning.TOO_SURE if answers else in_learning.RISE
    why = "its answers are as good as ever, so it may only be too sure: up to a point" if answers else "it does worse"
    now, then = value("l", last.loss, int(last.epoch)), value("l", best.loss, int(best.epoch))
    return [
        told(words, "r", over(late, early), ratio.value),
        _verdict("meanwhile the loss on the examples that it learns from fell", now, "<", then),
        _than(f"beyond this limit; {why}", ratio, ">", limit),
    ]


def _gap(case: Case, finding: Finding) -> list[Step]:
    last = (case.held or [])[-1]
    gap = value("d", finding.figures["gap"])
    if math.isfinite(last.held_accuracy) and case.scores is not None and case.labels is not None:
        right = int((case.scores.argmax(axis=1) == case.labels).sum())
        learnt = right / len(case.labels)
        words = f"right of the {len(case.labels):,} examples in the training part, as the network is now"
        return [
            told(words, "a", over(value("r", right), value("n", len(case.labels))), learnt),
            told(f"less the accuracy on others after epoch {last.epoch:g}", "d",
                 minus(value("a", learnt), value("h", last.held_accuracy)), gap.value),
            _than("a wider gap than this", gap, ">", in_learning.GAP),
        ]  # fmt: skip
    step = told("the loss on other examples over that on its own", "d",
                over(value("v", last.held_loss), value("l", last.loss)), gap.value)  # fmt: skip
    return [step, _than("a wider gap than this", gap, ">", in_learning.LOSS_GAP)]


def _outdone(case: Case, finding: Finding) -> list[Step]:
    found = finding.figures
    theirs, own, error = value("a", found["theirs"], 1), value("a", found["own"], 2), value("e", found["error"])
    gap = value("d", found["theirs"] - found["own"])
    words = f"the {found['measure']} of {found['name']} less that of the network, on {found['n']:,} test examples"
    limit = times(Number(in_learning.CERTAIN), error)
    return [
        told(words, "d", minus(theirs, own), gap.value),
        _verdict("more than so many standard errors of the difference, taken example by example", gap, ">", limit),
    ]


def _twice(case: Case, finding: Finding) -> list[Step]:
    layers = told(
        f"functions that make probabilities: {finding.figures['layer']}, and {finding.figures['loss']} has its own",
        "n", plus(value("layer", 1), value("loss", 1)), 2,
    )  # fmt: skip
    return [layers, _than("more than one", value("n", 2), ">", 1.0)]


def _zero_grad(case: Case, finding: Finding) -> list[Step]:
    kept, fresh = value("k", finding.figures["kept"]), value("f", finding.figures["fresh"])
    words = "the gradients that a step left are longer than its batch asks for, by more than this factor"
    return [_verdict(words, kept, ">", times(Number(in_learning.LEFT), fresh))]


def _learning_well(case: Case, finding: Finding) -> list[Step]:
    held = case.held or []
    first, last = held[0], held[-1]
    own = _losses(first.loss, last.loss, "<", in_learning.LEARNT, "on the examples that it learns from")
    return own + _losses(first.held_loss, last.held_loss, "<", in_learning.LEARNT, "on others")


# ---- data ------------------------------------------------------------------------------------------------------------


def _noise(case: Case, finding: Finding) -> list[Step]:
    assert case.scores is not None
    assert case.labels is not None
    p = softmax(case.scores.astype(np.float64))
    i = int(finding.figures["first"][0])
    said = int(p[i].argmax())
    members = p[case.labels == said, said]
    usual, sure = value("u", members.mean()), value("p", p[i, said], i)
    words = f"how sure the network is of {case.class_name(said)}, on average over its {len(members):,} examples"
    return [
        told(words, "u", over(Rest(len(members), float(members.sum())), value("n", len(members))), usual.value),
        _verdict(f"{case.row_name(0, i)} is labelled {case.class_name(int(case.labels[i]))}, and it is that sure of "
                 f"{case.class_name(said)}", sure, "≥", Call("max", (usual, Number(measure.SURE)))),
    ]  # fmt: skip


def _imbalance(case: Case, finding: Finding) -> list[Step]:
    counts = finding.figures["counts"]
    most, least = int(np.argmax(counts)), int(np.argmin(counts))
    words = f"the examples of {case.class_name(most)} are many times those of {case.class_name(least)}"
    limit = times(Number(float(in_data.IMBALANCE)), value("n", counts[least], least))
    return [_verdict(words, value("n", counts[most], most), "≥", limit)]


def _constant(case: Case, finding: Finding) -> list[Step]:
    assert case.train is not None
    steps: list[Step] = []
    for j in finding.figures["features"][:5]:
        column = case.train.x[:, j]
        high, low = value("high", column.max(), j), value("low", column.min(), j)
        words = f"{case.feature_name(j)}: the largest less the smallest of {len(column):,} numbers"
        steps.append(told(words, Symbol("d", "", (j,)), minus(high, low), 0.0))
        steps.append(_than("nothing", value("d", 0.0, j), "=", 0.0))
    return steps


def _leaking(case: Case, finding: Finding) -> list[Step]:
    assert case.train is not None
    leak = measure.leaking_features(case.train.x, case.train.y)[0]
    score = value("s", leak.score)
    name = case.feature_name(leak.feature)
    if case.labels is None:
        words = f"from {name} alone, told by the nearest other row: the share of the variance that is left"
        step = told(words, "s", minus(Number(1.0), value("left", 1 - leak.score)), leak.score)
    else:
        asked = len(measure.sample(case.train.x)[1::2])
        words = f"from {name} alone, told by the nearest other row: right answers over all that were asked"
        step = told(words, "s", over(value("r", round(leak.score * asked)), value("n", asked)), leak.score)
    return [step, _than("as good as knowing", score, "≥", measure.GIVEN_AWAY)]


def _unscaled(case: Case, finding: Finding) -> list[Step]:
    low, high = value("low", finding.figures["low"]), value("high", finding.figures["high"])
    size = Call("max", (minus(Number(0.0), low), high))
    return [_verdict("the input furthest from 0", size, ">", Number(in_data.LARGEST_INPUT))]


def _duplicates(case: Case, finding: Finding) -> list[Step]:
    assert case.train is not None
    part = getattr(case, finding.figures["part"])
    pairs = len(measure.rows_in_both(case.train.x, part.x, case.train.y, part.y))
    share = told(f"{finding.figures['part']} rows that are training rows too, target included, over all", "s",
                 over(value("d", pairs), value("n", len(part.x))), pairs / len(part.x))  # fmt: skip
    return [share, _than("any", value("d", pairs), ">", 0.0)]


def _sorted(case: Case, finding: Finding) -> list[Step]:
    assert case.labels is not None
    changes, classes = int((case.labels[1:] != case.labels[:-1]).sum()), len(np.unique(case.labels))
    words = "from row to row the label changes as seldom as it can: once less than there are classes"
    return [_verdict(words, value("c", changes), "=", minus(value("K", classes), Number(1.0)))]


def _no_other(case: Case, finding: Finding) -> list[Step]:
    parts = [value(name[0], 0 if part is None else len(part.x))
             for name, part in (("validation", case.validation), ("test", case.test))]  # fmt: skip
    return [_verdict("validation and test examples together", plus(*parts), "=", Number(0.0))]


TELLERS: dict[str, Teller] = {
    "dead units": _units("dead", "are 0 for every example"),
    "saturated units": _units("saturated", "sit at the flat end for 9 of 10 examples"),
    "vanishing gradients": _vanishing, "exploding gradients": _exploding,
    "updates too small": _updates("<", in_layers.UPDATES[0]), "updates too large": _updates(">", in_layers.UPDATES[1]),
    "symmetric start": _twins, "high first loss": _high_start, "no learning": _no_learning,
    "learning rate too high": _too_high, "learning rate too low": _too_low, "overfitting": _overfitting, "gap": _gap,
    "outdone": _outdone, "softmax twice": _twice, "forgotten zero_grad": _zero_grad,
    "label noise": _noise, "class imbalance": _imbalance,
    "constant features": _constant, "leaking features": _leaking, "unnormalised inputs": _unscaled,
    "duplicates between parts": _duplicates, "sorted labels": _sorted, "no other part": _no_other,
    "learning well": _learning_well,
}  # fmt: skip
