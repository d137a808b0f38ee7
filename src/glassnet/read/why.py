"""Why this class? The score of a class, taken apart into what every input added to it.

A layer that weighs and adds is taken apart as it stands. An activation that works number by number is a = f(0) + r·z
with r = (a − f(0)) / z, so what z is made of is passed on in its shares, times r. Nothing is left over: what the inputs
add and what the biases add come to the score. For ReLU networks this is the slope times the input (Simonyan, Vedaldi
and Zisserman, 2014); in general it is layer-wise relevance propagation with no stabiliser (Bach and others, 2015).
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.read.digits import Digits, check_digits, spell
from glassnet.read.document import Document, Step, Table
from glassnet.read.equation import Equation
from glassnet.read.explain import as_example, need_numbers
from glassnet.read.formula import Formula, Rest, Symbol, Value, plus

_EXACT = np.dtype(np.float64)
_IDENTITIES = (nn.Dropout, nn.Identity, nn.Flatten, nn.Unflatten, nn.AlphaDropout)


@dataclass
class Stage:
    """One layer of the way, as numbers: weights for a layer that adds, shares for one that bends."""

    inputs: np.ndarray
    outputs: np.ndarray
    weight: np.ndarray | None = None  # (out, in)
    bias: np.ndarray | None = None  # also what a bend gives for 0
    share: np.ndarray | None = None  # r of a bend

    def back(self, factor: np.ndarray) -> np.ndarray:
        """What each input counts for, if each output counts for `factor`."""
        return factor @ self.weight if self.weight is not None else factor * self.shares

    @property
    def shares(self) -> np.ndarray:
        """The shares of a bend."""
        assert self.share is not None
        return self.share


@dataclass
class Path:
    """One way from an input to the class: the place in each layer, from the input on, and what it adds."""

    places: tuple[int, ...]
    adds: float


@dataclass
class Why(Document):
    """The score of a class, and what added up to it; a document besides.

    `inputs` has the shape of the example; `inputs.sum() + biases` is the score, `hidden` says the same for each layer
    of units (with `hidden_biases`).
    """

    klass: int = 0
    score: float = 0.0
    inputs: np.ndarray = field(default_factory=lambda: np.zeros(0))
    biases: float = 0.0
    hidden: list[np.ndarray] = field(default_factory=list[np.ndarray])
    hidden_biases: list[float] = field(default_factory=list[float])
    paths: list[Path] = field(default_factory=list[Path])


def why(model: Any, x: Any, klass: int | None = None, *, most: int = 6, digits: Digits = 3) -> Why:
    """What every input added to the score of a class (the one with the largest score, if none is named).

    The score is the output before a last softmax or sigmoid. Sums are exact in float64: all inputs and all biases
    together give the score.

    Raises `NotSupportedError` for a layer that mixes numbers otherwise, `ValueRangeError` for a class that is not
    there.

    >>> import glassnet as torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 3))
    >>> answer = why(model, [1.0, -2.0], 1)
    >>> bool(abs(answer.inputs.sum() + answer.biases - answer.score) < 1e-12)
    True
    """
    check_digits(digits)
    parameter = next(iter(model.parameters()), None) if isinstance(model, nn.Module) else None
    example = as_example(x, None if parameter is None else parameter.array.dtype)
    need_numbers(example.array, "x")
    if example.array.shape[0] != 1:
        got = f"why: got {example.array.shape[0]} examples"
        raise ValueRangeError(complain(got, "expected one", "Try why(model, x[:1])"))
    stages = _stages(model, example)
    scores = stages[-1].outputs
    chosen = int(scores.argmax()) if klass is None else klass
    if not 0 <= chosen < scores.size:
        got = f"why: got class {chosen} of {scores.size}"
        raise ValueRangeError(complain(got, f"expected 0 to {scores.size - 1}", f"Try {scores.size - 1}"))
    return _answer(stages, chosen, example.array.shape[1:], most, digits)


def _stages(model: Any, example: Tensor) -> list[Stage]:
    """Run the model layer by layer in evaluation mode, in float64."""
    if not isinstance(model, nn.Module):
        got = f"why: got {type(model).__name__}"
        raise NotSupportedError(complain(got, "expected a model of layers", "Try nn.Sequential(nn.Linear(2, 2))"))
    calls: list[tuple[nn.Module, np.ndarray]] = []
    layers = [m for m in model.modules() if not list(m.children())]
    handles = [m.register_forward_hook(lambda m, i, o: calls.append((m, o.array))) for m in layers]
    training = model.training
    model.eval()
    try:
        with no_grad():
            model(example)
        for handle in handles:
            handle.remove()
        return _as_stages(calls, example.array.reshape(-1).astype(np.float64))
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()


def _as_stages(calls: list[tuple[nn.Module, np.ndarray]], now: np.ndarray) -> list[Stage]:
    stages: list[Stage] = []
    while calls and isinstance(calls[-1][0], nn.Softmax | nn.LogSoftmax | nn.Sigmoid):
        calls = calls[:-1]  # the score is what goes into it
    for layer, output in calls:
        if isinstance(layer, _IDENTITIES):
            continue
        stage = _weighed(layer, now) if isinstance(layer, nn.Linear) else _bent(layer, now, output.shape)
        stages.append(stage)
        now = stage.outputs
    if not any(stage.weight is not None for stage in stages):
        got = "why: got a model without weighted sums"
        raise NotSupportedError(complain(got, "expected Linear layers", "Try nn.Sequential(nn.Linear(2, 2))"))
    return stages


def _weighed(layer: nn.Linear, now: np.ndarray) -> Stage:
    weight = layer.weight.array.astype(np.float64)
    if weight.shape[1] != now.size:
        got = f"why: got {now.size} numbers for Linear({weight.shape[1]}, {weight.shape[0]})"
        raise NotSupportedError(complain(got, "expected one vector for each layer", "Try nn.Flatten() before it"))
    bias = np.zeros(len(weight)) if layer.bias is None else layer.bias.array.astype(np.float64)
    return Stage(now, weight @ now + bias, weight=weight, bias=bias)


def _bent(layer: nn.Module, now: np.ndarray, shape: tuple[int, ...]) -> Stage:
    """An activation (or a batch normalisation at rest), taken apart as f(0) + r·z."""
    if math.prod(shape) != now.size or not _works_number_by_number(layer):
        got = f"why: got {type(layer).__name__}, which mixes numbers"
        raise NotSupportedError(complain(got, "expected Linear layers and activations", "Try explain(model, x)"))
    at_zero = _in_double(layer, np.zeros(shape)).reshape(-1)
    after = _in_double(layer, now.reshape(shape)).reshape(-1)
    with np.errstate(all="ignore"):
        share = np.where(now != 0, (after - at_zero) / np.where(now != 0, now, 1.0), 0.0)
    return Stage(now, after, bias=at_zero, share=share)


_MIXING = ("Softmax", "Softmax2d", "Softmin", "LogSoftmax", "GLU", "MultiheadAttention")


def _works_number_by_number(layer: nn.Module) -> bool:
    kind = type(layer)
    bends = kind.__module__ == nn.ReLU.__module__ and kind.__name__ not in _MIXING
    return bends or isinstance(layer, nn.BatchNorm1d)


def _in_double(layer: nn.Module, z: np.ndarray) -> np.ndarray:
    with no_grad():
        return layer(wrap(z)).array.astype(np.float64)


# ---- taking apart ----------------------------------------------------------------------------------------------------


def _answer(stages: list[Stage], klass: int, shape: tuple[int, ...], most: int, digits: Digits) -> Why:
    factor = np.zeros(stages[-1].outputs.size)
    factor[klass] = 1.0
    score = float(stages[-1].outputs[klass])
    constant, hidden, constants = 0.0, list[np.ndarray](), list[float]()
    factors = [factor]
    for stage in reversed(stages):
        assert stage.bias is not None
        constant += math.fsum(factor * stage.bias)
        factor = stage.back(factor)
        factors.append(factor)
        if stage.weight is not None:
            hidden.append(factor * stage.inputs)
            constants.append(constant)
    inputs = hidden.pop().reshape(shape)
    answer = Why(f"Why class {klass}", digits=digits, klass=klass, score=score, inputs=inputs, biases=constants.pop())
    answer.hidden, answer.hidden_biases = hidden[::-1], constants[::-1]
    answer.paths = biggest_paths(stages, klass, most)
    return _told(answer, stages, most)


def biggest_paths(stages: list[Stage], klass: int, most: int) -> list[Path]:
    """The paths from an input to the class that add most, in size, without looking at all of them.

    A path adds the product of its input, its weights and its shares. Best first: the bound of a piece of path is what
    it has so far times the most that any way on can have.
    """
    best = [np.abs(stages[0].inputs)]
    for stage in stages:
        way = best[-1]
        best.append(np.abs(stage.weight * way).max(axis=1) if stage.weight is not None else np.abs(stage.shares) * way)
    heap: list[tuple[float, int, tuple[int, ...], float]] = [(-best[-1][klass], len(stages), (klass,), 1.0)]
    found: list[Path] = []
    while heap and len(found) < most:
        bound, level, places, product = heapq.heappop(heap)
        if bound == 0:
            break
        if level == 0:
            found.append(Path(places, product * float(stages[0].inputs[places[0]])))
            continue
        stage, unit = stages[level - 1], places[0]
        if stage.weight is None:
            nexts, adds = np.array([unit]), np.array([stage.shares[unit]])
            places = places[1:]  # a bend keeps its place
        else:
            row = stage.weight[unit]
            nexts = np.argsort(-np.abs(row) * best[level - 1])[:most]
            adds = row[nexts]
        for i, add in zip(nexts.tolist(), adds.tolist(), strict=True):
            on = product * add
            heapq.heappush(heap, (-abs(on) * float(best[level - 1][i]), level - 1, (i, *places), on))
    return found


# ---- telling ---------------------------------------------------------------------------------------------------------


def _told(answer: Why, stages: list[Stage], most: int) -> Why:
    weighed = [stage for stage in stages if stage.weight is not None]
    depth = len(weighed)
    score = Symbol("z", str(depth), (answer.klass + 1,))
    for i in range(len(answer.hidden), -1, -1):
        adds = answer.inputs.reshape(-1) if i == 0 else answer.hidden[i - 1]
        constant = answer.biases if i == 0 else answer.hidden_biases[i - 1]
        answer.steps.append(_step(score, adds, constant, answer.score, str(i or ""), most))
    answer.summary.append(f"The score of class {answer.klass} is {spell(answer.score, answer.digits)}.")
    if answer.paths:
        rows = [(_as_words(path, depth), spell(path.adds, answer.digits)) for path in answer.paths]
        answer.tables.append(Table("The paths that weigh most", ("from the input to the class", "adds"), rows))
    return answer


def _step(score: Symbol, adds: np.ndarray, constant: float, total: float, layer: str, most: int) -> Step:
    """The score as a sum over the units of one layer."""
    order = np.argsort(-np.abs(adds), kind="stable")
    shown = order[:most] if adds.size > most + 1 else order
    terms: list[Formula] = [Value(Symbol("c", layer, (int(i) + 1,)), float(adds[i])) for i in shown]
    if len(shown) < adds.size:
        left = np.delete(adds, shown)
        terms.append(Rest(left.size, math.fsum(left)))
    formula = plus(*terms, Value(Symbol("biases"), constant))
    what = f"the {adds.size} units of layer {layer}" if layer else f"the {adds.size} inputs"
    line = Equation(score, formula, total, _EXACT)
    words = f"what {what} added (c), and what the biases after them added"
    return Step("why", words, score, formula, np.array(total), lines=[line])


def _as_words(path: Path, depth: int) -> str:
    places = [f"x[{path.places[0] + 1}]"]
    places += [f"unit {place + 1} of layer {i + 1}" for i, place in enumerate(path.places[1:-1])]
    return " → ".join([*places, f"class {path.places[-1]}"])
