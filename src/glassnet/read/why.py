"""Why this class? The score of a class, taken apart into what every input added to it.

The tape of the prediction is read backward: each number passes what it counts for on to what it was made of (`apart`
says how). Nothing is left over: what the inputs add and what the biases add come to the score. For ReLU networks this
is the slope times the input (Simonyan, Vedaldi and Zisserman, 2014); in general it is layer-wise relevance propagation
with no stabiliser (Bach and others, 2015).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.tensor import Tensor
from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.read.apart import Part, Shares, parts_of, weighing
from glassnet.read.digits import Digits, check_digits, signed
from glassnet.read.document import Document, Step, Table
from glassnet.read.equation import Equation
from glassnet.read.explain import as_example, need_numbers
from glassnet.read.formula import Formula, Rest, Symbol, Value, plus
from glassnet.read.paths import Path, biggest_paths, layer_shapes

_EXACT = np.dtype(np.float64)
_LAST = ("softmax", "log_softmax", "sigmoid")  # the score is what goes into it


@dataclass
class Why(Document):
    """The score of a class, and what added up to it; a document besides.

    `inputs` has the shape of the example; `inputs.sum() + biases` is the score. `hidden` says the same for the units of
    each layer that nothing goes round (with `hidden_biases`), whose numbers are in `hidden_layers`.
    """

    title: str = ""
    goal: str = ""  # what the score is called: class 3, or the output where there is but one
    klass: int = 0
    score: float = 0.0
    inputs: np.ndarray = field(default_factory=lambda: np.zeros(0))
    biases: float = 0.0
    hidden: list[np.ndarray] = field(default_factory=list[np.ndarray])
    hidden_biases: list[float] = field(default_factory=list[float])
    hidden_layers: list[int] = field(default_factory=list[int])
    paths: list[Path] = field(default_factory=list[Path])

    def name(self, goal: str, said: str = "The score of {}") -> None:
        """Say what the score is of, in the reader's own words."""
        self.goal, self.title = goal, f"Why {goal}"
        self.summary = [f"{said.format(goal)} is {signed(self.score, self.digits)}."]


def why(
    model: Any,
    x: Any,
    klass: int | None = None,
    *,
    most: int = 6,
    digits: Digits = 3,
    inputs: Callable[[int], str] | None = None,
) -> Why:
    """What every input added to the score of a class (the one with the largest score, if none is named).

    The score is the output before a last softmax or sigmoid. Any model will do, with a forward of its own too: its tape
    is read. Sums are exact in float64: all inputs and all biases together give the score. A word (the place of a row in
    an embedding) adds what its numbers add. `inputs` names the number at a place of the example (counted from 0, row by
    row) in the table of paths.

    Raises `NotSupportedError` for an operation that mixes numbers so that they have no shares, `ValueRangeError` for a
    class that is not there.

    >>> import glassnet as torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 3))
    >>> answer = why(model, [1.0, -2.0], 1)
    >>> bool(abs(answer.inputs.sum() + answer.biases - answer.score) < 1e-12)
    True
    """
    check_digits(digits)
    example = _one_example(model, x)
    parts, start, output = parts_of(model, example)
    if not weighing(parts) or not output.said:
        got = "why: got a model without weighted sums"
        raise NotSupportedError(complain(got, "expected Linear layers", "Try nn.Sequential(nn.Linear(2, 2))"))
    while output.name in _LAST:
        output = output.inputs[0]
    scores = output.value.reshape(-1)
    chosen = int(scores.argmax()) if klass is None else klass
    if isinstance(chosen, bool) or not isinstance(chosen, int | np.integer):
        got = f"why: got class {chosen!r:.40}"
        raise ValueRangeError(complain(got, f"expected a whole number from 0 to {scores.size - 1}", "Try 0"))
    if not 0 <= chosen < scores.size:
        got = f"why: got class {chosen} of {scores.size}"
        raise ValueRangeError(complain(got, f"expected 0 to {scores.size - 1}", f"Try {scores.size - 1}"))
    answer = _answer(Shares(parts, output, chosen), start, float(scores[chosen]), chosen, digits)
    answer.goal = f"class {chosen}" if scores.size > 1 else "the output"
    answer.paths = biggest_paths(parts, start, output, chosen, most)
    return _told(answer, layer_shapes(parts), most, inputs)


def _one_example(model: Any, x: Any) -> Tensor:
    if not isinstance(model, nn.Module):
        got = f"why: got {type(model).__name__}"
        raise NotSupportedError(complain(got, "expected a model of layers", "Try nn.Sequential(nn.Linear(2, 2))"))
    parameter = next(iter(model.parameters()), None)
    words = isinstance(x, Tensor) and x.array.dtype.kind in "iu"  # for an embedding, which takes no fractions
    example = x if words and x.array.ndim > 1 else as_example(x, None if parameter is None else parameter.array.dtype)
    need_numbers(example.array, "x")
    if example.array.shape[0] != 1:
        got = f"why: got {example.array.shape[0]} examples"
        raise ValueRangeError(complain(got, "expected one", "Try why(model, x[:1])"))
    return example


def _answer(shares: Shares, start: Part, score: float, klass: int, digits: Digits) -> Why:
    adds = shares.adds(start)
    answer = Why(digits=digits, klass=klass, score=score, inputs=adds.reshape(adds.shape[1:]))
    answer.biases = shares.constant
    for cut in shares.cuts:
        answer.hidden.append(cut.adds.reshape(_axes(cut.adds.shape)))
        answer.hidden_biases.append(cut.constant)
        answer.hidden_layers.append(cut.layer)
    return answer


# ---- telling ---------------------------------------------------------------------------------------------------------


def _told(
    answer: Why, shapes: dict[int, tuple[int, ...]], most: int, inputs: Callable[[int], str] | None = None
) -> Why:
    score = Symbol("z", str(len(shapes)), (answer.klass + 1,))
    layers = zip(answer.hidden_layers, answer.hidden, answer.hidden_biases, strict=True)
    for layer, adds, constant in reversed(list(layers)):
        answer.steps.append(_step(score, adds, constant, answer.score, str(layer), most))
    answer.steps.append(_step(score, answer.inputs, answer.biases, answer.score, "", most))
    answer.name(answer.goal, "The output" if answer.goal == "the output" else "The score of {}")
    if answer.paths:
        rows = [(_as_words(path, answer, shapes, inputs), signed(path.adds, answer.digits)) for path in answer.paths]
        answer.tables.append(Table("The paths that weigh most", (f"from the input to {answer.goal}", "adds"), rows))
    return answer


def _step(score: Symbol, adds: np.ndarray, constant: float, total: float, layer: str, most: int) -> Step:
    """The score as a sum over the units of one layer."""
    numbers = adds.reshape(-1)
    order = np.argsort(-np.abs(numbers), kind="stable")
    shown = order[:most] if adds.size > most + 1 else order
    terms: list[Formula] = [Value(Symbol("c", layer, _place(int(i), adds.shape)), float(numbers[i])) for i in shown]
    if len(shown) < adds.size:
        left = np.delete(numbers, shown)
        terms.append(Rest(left.size, math.fsum(left)))
    formula = plus(*terms, Value(Symbol("biases"), constant))
    what = f"the {adds.size} units of layer {layer}" if layer else f"the {adds.size} inputs"
    line = Equation(score, formula, total, _EXACT)
    words = f"what {what} added (c), and what the biases after them added"
    return Step("why", words, score, formula, np.array(total), lines=[line])


def _axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the axes of length 1; one axis at least."""
    return tuple(n for n in shape if n > 1) or (1,)


def _place(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The place of a number along each axis, from 1."""
    return tuple(int(i) + 1 for i in np.unravel_index(flat, _axes(shape)))


def _as_words(path: Path, answer: Why, shapes: dict[int, tuple[int, ...]], inputs: Callable[[int], str] | None) -> str:
    """A path, from the input's name to the class."""

    def at(flat: int, shape: tuple[int, ...]) -> str:
        return ",".join(map(str, _place(flat, shape)))

    units = zip(path.places[1:-1], path.layers, strict=False)
    first = path.places[0]
    places = [inputs(first) if inputs is not None else f"x[{at(first, answer.inputs.shape)}]"]
    if path.number is not None:
        places[0] += f" (its number {path.number + 1})"
    places += [f"unit {at(place, shapes[layer])} of layer {layer}" for place, layer in units]
    return " → ".join([*places, answer.goal])
