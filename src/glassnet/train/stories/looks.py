"""Figures of `plot RUN activations` and `gradients`: what layers said at a look, and how strongly they learned.

A run folder keeps what a look found, not the numbers that it looked at. The training runs again up to that step, takes
the same look at the same batch, and the figure is told from what the layers said there.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from glassnet.core.generator import fork_rng
from glassnet.core.mode import enable_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.read.document import Document
from glassnet.read.formula import Call, Compare, Formula, Number, Power, Rest, Symbol, minus, over, plus
from glassnet.train.activity import BOUNDED, NEAR, RECTIFIERS, SATURATED_SHARE, Look, by_unit
from glassnet.train.callbacks import Callback
from glassnet.train.recording import LOOKED_AT
from glassnet.train.stories.lines import largest, told, value
from glassnet.train.stories.subject import Subject
from glassnet.train.trainer import Trainer
from glassnet.train.training import Training


@dataclass
class Seen:
    """What there was to see at a look: the outputs of each layer by unit, gradients, weights, and weights a step on."""

    loss: float = math.nan
    said: list[tuple[str, str, np.ndarray]] = field(default_factory=list[Any])  # name, kind, (examples, units)
    slopes: dict[str, np.ndarray] = field(default_factory=dict[str, Any])
    weights: dict[str, np.ndarray] = field(default_factory=dict[str, Any])
    after: dict[str, np.ndarray] | None = None


class _Again(Callback):
    """Looks where a recorder looked: at the network before its first step, after a step, or when all was over."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.seen: list[Seen] = []  # two where the last step and the end are different weights
        self._start: Any = None
        self._enough = False

    def on_fit_start(self, trainer: Trainer) -> None:
        self._start = copy.deepcopy(trainer.model) if self.step == 0 else None

    def on_batch_end(self, trainer: Trainer) -> None:
        if self._start is not None:
            self.seen.append(_seen(trainer, self._start))
        elif trainer.step == self.step:
            self.seen.append(_seen(trainer, trainer.model))
        if trainer.step == self.step + 1:
            self.seen[-1].after = {name: p.array.copy() for name, p in trainer.model.named_parameters()}
            self._enough = True
            trainer.stop("seen enough")

    def on_fit_end(self, trainer: Trainer) -> None:
        if not self._enough and trainer.step == self.step:
            self.seen.append(_seen(trainer, trainer.model))


def _seen(trainer: Trainer, model: Any) -> Seen:
    """One forward and one backward pass of a copy, as a recorder's look takes them, with every number kept."""
    x, y = (wrap(part.array[:LOOKED_AT].copy()) for part in trainer.batch[:2])
    twin, seen = copy.deepcopy(model), Seen()
    for name, module in twin.named_modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(_listener(name, seen))
    for p in twin.parameters():
        p.grad = None
    with fork_rng(), enable_grad():
        value_of = trainer.loss(twin(x), y)
        if value_of.needs_grad:
            value_of.backward()
    seen.loss = float(value_of.array)
    for name, p in twin.named_parameters():
        seen.weights[name] = p.array
        seen.slopes[name] = np.zeros_like(p.array) if p.grad is None else p.grad.array
    return seen


def _listener(name: str, seen: Seen) -> Callable[[Any, Any, Any], None]:
    def listen(module: Any, args: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.array.dtype.kind == "f" and output.array.ndim:
            seen.said.append((name, type(module).__name__, by_unit(output.array).copy()))

    return listen


# ---- which look, which layer -----------------------------------------------------------------------------------------


def _look(subject: Subject, key: str) -> Look:
    """The look that was asked for, by its step or by the epoch that it was the last of; else the last of all."""
    looks = [look for look in subject.run.folder.activity.looks if _tells(look, key)]
    if not looks:
        got = "got a run without looks into the layers"
        raise DataError(complain(got, "expected activity.jsonl", "Try a run that glassnet train wrote"))
    if subject.step is not None:
        near = min(looks, key=lambda look: abs(look.step - subject.step))  # type: ignore[operator]
        if near.step != subject.step:
            steps = ", ".join(str(look.step) for look in looks[:12]) + (", …" if len(looks) > 12 else "")
            got = f"got step {subject.step}"
            raise ValueRangeError(complain(got, f"expected a step that was looked at: {steps}", f"Try {near.step}"))
        return near
    if subject.epoch is None:
        return looks[-1]
    until = [look for look in looks if look.epoch <= subject.epoch]
    if not until or subject.epoch > math.ceil(looks[-1].epoch):
        last = math.ceil(looks[-1].epoch)
        raise ValueRangeError(complain(f"got epoch {subject.epoch}", f"expected 0 to {last}", f"Try {last}"))
    return until[-1]


def _tells(look: Look, key: str) -> bool:
    """Whether a look has a figure; no step followed the last one, so it has no update."""
    return any(getattr(part, key, None) is not None for part in (*look.layers, *look.weights))


def _taken_again(subject: Subject, key: str) -> tuple[Look, Seen]:
    """What the run says of a look, and the look once more."""
    look = _look(subject, key)
    listener = _Again(look.step)
    for _ in Training(subject.data, subject.run.setting, callbacks=[listener]):
        pass
    if not listener.seen:
        got = f"got a training that did not come to step {look.step} again"
        raise DataError(complain(got, "expected one that was not resumed or changed", "Try --step 0"))
    return look, min(listener.seen, key=lambda seen: abs(seen.loss - look.loss))


class _Place(NamedTuple):
    """A layer as `plot` names it, and its number as `--layer` counts."""

    name: str
    number: int


def _of_layers(title: str, tell: Callable[[Document, _Place, str, np.ndarray, int], float | None], key: str) -> Any:
    """The teller of a figure that every layer has."""

    def told_of_all(subject: Subject) -> Document:
        look, seen = _taken_again(subject, key)
        document = _document(title, subject, look)
        for number, (name, kind, rows) in enumerate(seen.said, 1):
            if subject.layer not in (None, number):
                continue
            found = tell(document, _Place(f"{name} {kind}", number), kind, rows, subject.most)
            kept = next((layer for layer in look.layers if layer.name == name), None)
            _compare(document, None if kept is None else getattr(kept, key), found)
        _refuse_empty(document, subject, range(1, len(seen.said) + 1))
        if not document.steps:
            document.summary.append("None: it has no layer with units that could.")
        return document

    return told_of_all


def _of_weights(title: str, tell: Callable[[Document, _Place, Seen, str, int], float | None], key: str) -> Any:
    """The teller of a figure that every matrix of weights has."""

    def told_of_all(subject: Subject) -> Document:
        look, seen = _taken_again(subject, key)
        document = _document(title, subject, look)
        layers = [name for name, _, _ in seen.said]
        numbers: list[int] = []
        for kept in look.weights:
            owner = kept.name.rpartition(".")[0]
            number = layers.index(owner) + 1 if owner in layers else len(layers) + 1
            numbers.append(number)
            if subject.layer in (None, number) and kept.name in seen.weights:
                _compare(document, getattr(kept, key), tell(document, _Place(kept.name, number), seen, kept.name,
                                                            subject.most))  # fmt: skip
        _refuse_empty(document, subject, numbers)
        return document

    return told_of_all


def _document(title: str, subject: Subject, look: Look) -> Document:
    when = f"after step {look.step:,}" if look.step else "before the first step"
    document = Document(f"{title}, {when}")
    ran = f"The training ran again up to step {look.step:,}" if look.step else "The network was made again"
    document.notes.append(f"{ran}, from seed {subject.run.setting.seed}; of the batch at most {LOOKED_AT} examples.")
    return document


def _compare(document: Document, kept: Any, found: float | None) -> None:
    if kept is None or found is None or not math.isfinite(kept):
        return
    if not math.isclose(found, kept, rel_tol=1e-5, abs_tol=1e-9):
        document.notes.append(f"The run says {kept:.5g}: another machine, or a run that was resumed.")


def _refuse_empty(document: Document, subject: Subject, numbers: Any) -> None:
    if subject.layer is not None and subject.layer not in numbers:
        known = sorted(set(numbers))
        got, near = f"got layer {subject.layer}", min(known, key=lambda other: abs(other - (subject.layer or 0)))
        raise ValueRangeError(complain(got, f"expected {', '.join(map(str, known))}", f"Try {near}"))


# ---- what layers said ------------------------------------------------------------------------------------------------


def _named(letter: str, rows: np.ndarray, places: np.ndarray) -> list[Formula]:
    """Numbers by example and unit, or by row and column."""
    return [value(letter, rows.flat[i], *map(int, np.unravel_index(i, rows.shape))) for i in places.tolist()]


def _mean(document: Document, place: _Place, kind: str, rows: np.ndarray, most: int) -> float:
    a = rows.astype(np.float64)
    shown, mean = largest(a.reshape(-1), most), float(a.mean())
    rest = _rest(a, shown, mean * a.size)
    words = f"layer {place.number}, {place.name}: the mean of what its {a.shape[1]:,} units said to {len(a):,} examples"
    formula = over(plus(*_named("a", a, shown), *rest), value("n", a.size))
    document.steps.append(told(words, Symbol("m", "", (place.number,)), formula, mean))
    return mean


def _rest(a: np.ndarray, shown: np.ndarray, total: float) -> list[Formula]:
    left = a.size - len(shown)
    return [Rest(left, total - math.fsum(a.reshape(-1)[shown].tolist()))] if left else []


def _spread(document: Document, place: _Place, kind: str, rows: np.ndarray, most: int) -> float:
    a = rows.astype(np.float64)
    mean = _mean(document, place, kind, rows, most)
    squares = (a - mean) ** 2
    shown, m = largest(squares.reshape(-1), most), value("m", mean, place.number)
    terms: list[Formula] = [Power(minus(f, m), Number(2.0)) for f in _named("a", a, shown)]
    spread = float(a.std())
    terms += _rest(squares, shown, spread**2 * a.size)
    words = f"layer {place.number}, {place.name}: how far the numbers lie from that, typically"
    formula = Call("sqrt", (over(plus(*terms), value("n", a.size)),))
    document.steps.append(told(words, Symbol("s", "", (place.number,)), formula, spread))
    return spread


def _dead(document: Document, place: _Place, kind: str, rows: np.ndarray, most: int) -> float | None:
    if kind not in RECTIFIERS:
        return None
    top = np.abs(rows.astype(np.float64)).max(axis=0)
    words = f"layer {place.number}, {place.name}: its units that said 0 to each of {len(rows):,} examples (u, the most "
    words += "that a unit said, is 0); a term is 1 for each"
    _count(document, Symbol("dead", "", (place.number,)), words, "=", "u", top, 0.0, most)
    return float((top == 0).sum())


def _count(document: Document, symbol: Symbol, words: str, sign: str, letter: str, numbers: np.ndarray, limit: float,
           most: int) -> None:  # fmt: skip
    """How many numbers pass a limit: those nearest to it are shown."""
    passed = numbers == limit if sign == "=" else numbers >= limit
    shown = np.sort(np.argsort(np.abs(numbers - limit), kind="stable")[:most])
    terms: list[Formula] = [Compare(sign, value(letter, numbers[i], int(i)), Number(limit)) for i in shown]
    if len(shown) < len(numbers):
        terms.append(Rest(len(numbers) - len(shown), float(np.delete(passed, shown).sum())))
    document.steps.append(told(words, symbol, plus(*terms), passed.sum()))


def _saturated(document: Document, place: _Place, kind: str, rows: np.ndarray, most: int) -> float | None:
    if kind not in BOUNDED:
        return None
    low, high = BOUNDED[kind]
    near = NEAR * (high - low) / 2
    share = ((rows < low + near) | (rows > high - near)).mean(axis=0)
    words = (
        f"layer {place.number}, {place.name}: its units that were within {near:g} of {low:g} or {high:g} for at least "
        f"{SATURATED_SHARE:g} of {len(rows):,} examples (u: the share); a term is 1 for each"
    )
    _count(document, Symbol("saturated", "", (place.number,)), words, "≥", "u", share, SATURATED_SHARE, most)
    return float((share >= SATURATED_SHARE).sum())


# ---- how layers learned ----------------------------------------------------------------------------------------------


def _length(document: Document, words: str, symbol: Symbol, letter: str, a: np.ndarray, most: int) -> float:
    """The squares of many numbers, added up: the largest are shown."""
    a = a.astype(np.float64)
    shown, total = largest(a.reshape(-1), most), float((a**2).sum())
    terms: list[Formula] = [Power(f, Number(2.0)) for f in _named(letter, a, shown)]
    document.steps.append(told(words, symbol, plus(*terms, *_rest(a**2, shown, total)), total))
    return total


def _typical(document: Document, place: _Place, seen: Seen, name: str, most: int) -> float:
    g = seen.slopes[name]
    square = Symbol("s", "", (place.number,))
    words = f"layer {place.number}, {name}: the squares of its {g.size:,} slopes, averaged over the examples, added up"
    total = _length(document, words, square, "g", g, most)
    typical = math.sqrt(total / max(1, g.size))
    formula = Call("sqrt", (over(value("s", total, place.number), value("n", g.size)),))
    words = f"layer {place.number}, {name}: the root of their mean"
    document.steps.append(told(words, Symbol("gradient", "", (place.number,)), formula, typical))
    return typical


def _moved(document: Document, place: _Place, seen: Seen, name: str, most: int) -> float | None:
    if seen.after is None:
        return None
    w = seen.weights[name].astype(np.float64)
    change = (seen.after[name] - seen.weights[name]).astype(np.float64)
    n = place.number
    words = f"layer {n}, {name}: the squares of what the next step added to each of its {w.size:,} weights (u)"
    moved = _length(document, words, Symbol("c", "", (n,)), "u", change, most)
    words = f"layer {n}, {name}: the squares of its weights before that step"
    size = _length(document, words, Symbol("s", "", (n,)), "w", w, most)
    if not size:
        return None
    share = math.sqrt(moved) / math.sqrt(size)
    formula = over(Call("sqrt", (value("c", moved, n),)), Call("sqrt", (value("s", size, n),)))
    words = f"layer {n}, {name}: the length of the change over the length of the weights"
    document.steps.append(told(words, Symbol("update", "", (n,)), formula, share))
    return share


layer_mean = _of_layers("The mean of what each layer said", _mean, "mean")
layer_spread = _of_layers("The spread of what each layer said", _spread, "std")
dead_units = _of_layers("Units that said nothing", _dead, "dead")
saturated_units = _of_layers("Units at an end of their range", _saturated, "saturated")
typical_gradient = _of_weights("The typical gradient of each layer", _typical, "gradient_rms")
update_share = _of_weights("How much a step changes each layer", _moved, "update")
