"""What is done to a row of a table before a network sees it, and to its outputs after, told step by step.

Column by column the raw value r becomes numbers x: `(r - m) / s` for a number, `[r = 2]` (1 if it holds, else 0) for
the second word of a category, and the place of the word for an embedded one. Of the outputs z the answer p is made:
`z * s + m`, softmax or sigmoid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glassnet.data.columns import Column
from glassnet.data.table import Table
from glassnet.read.digits import Fine
from glassnet.read.document import Step
from glassnet.read.equation import Equation
from glassnet.read.formula import Call, Compare, Formula, Number, Rest, Symbol, Value, minus, over, plus, times
from glassnet.train.evaluation import softmax
from glassnet.train.multilabel import sigmoid
from glassnet.train.preparation import Preparation
from glassnet.train.tabular import Feature, TableCode, Target

BEFORE, AFTER = "preparation", "answer"
_MOST_WORDS = 6  # of a category that are listed
_MOST_NAMES = 20  # of classes
_MOST_SHOWN = 8  # numbers of a vector that is written out
_MOST_FINER = 5  # digits that all numbers of an answer may have besides
_USUAL_DIGITS = range(1, 7)
_MOST_PLAIN = 12  # numbers of an example that are all told


def row_steps(code: TableCode, row: Table) -> list[Step]:
    """One step for each column that the network sees, of a table of one row.

    >>> from glassnet.data.summary import Summaries
    >>> table = Table.of({"size": [1.0, 3.0], "price": [10.0, 14.0]})
    >>> target = Target("regression", ("price",), means=(12.0,), spreads=(2.0,))
    >>> code = TableCode.fitted(Summaries.of(table), ["size"], target)
    >>> [step] = row_steps(code, table.take([1]))
    >>> step.words, float(step.result)
    ('column size is 3: less the mean of training, over its standard deviation', 1.0)
    """
    return list(_steps(code, row))


def _steps(code: TableCode, row: Table) -> Iterator[Step]:
    place, last = 1, code.width - len(code.tables) + 1
    for feature in code.features:
        column = row[feature.name]
        if feature.way == "number":
            step, width = _number(feature, column, place), 1
        elif feature.way == "one-hot":
            step, width = _one_hot(feature, column, place), len(feature.words)
        else:
            step, width = _embedded(feature, column, last), 0
            last += 1
        place += width
        if feature.marked:
            _mark(step, feature, column, place)
            place += 1
        yield step


def _number(feature: Feature, column: Column, place: int) -> Step:
    missing = bool(column.missing[0])
    raw = feature.mean if missing else float(column.values[0])
    value = (raw - feature.mean) / feature.spread
    r, m, s = _named("r", place, raw), _named("m", place, feature.mean), _named("s", place, feature.spread)
    said = "is missing: filled with the mean, then" if missing else f"is {column.cell(0)}:"
    words = f"column {feature.name} {said} less the mean of training, over its standard deviation"
    return _step(words, place, over(minus(r, m), s), value)


def _one_hot(feature: Feature, column: Column, place: int) -> Step:
    code, said = _word(feature, column)
    if not feature.words:
        return _step(f"{said}: training saw no word of it", place, Number(0.0), 0.0)
    listed = ", ".join(feature.words[:_MOST_WORDS]) + (", …" if len(feature.words) > _MOST_WORDS else "")
    r, at = _named("r", place, float(code)), max(code, 1)
    words = f"{said}: 1 for this word, 0 for each other of the {len(feature.words)} words ({listed})"
    if not code:
        words = f"{said}, which training never saw: 0 for each of the {len(feature.words)} words ({listed})"
    step = _step(words, place + at - 1, Compare("=", r, Number(float(at))), float(code == at))
    others = [i for i in range(1, len(feature.words) + 1) if i != at]
    for i in others[: _MOST_WORDS - 1]:
        step.lines.append(Equation(_x(place + i - 1), Compare("=", r, Number(float(i))), 0.0))
    step.more = max(0, len(others) - _MOST_WORDS + 1)
    return step


def _embedded(feature: Feature, column: Column, place: int) -> Step:
    code, said = _word(feature, column)
    known = f"word {code:,} of {len(feature.words):,}" if code else "which training never saw, so word 0"
    words = f"{said}, {known}: its numbers are learnt, in row {code + 1} of E"
    return _step(words, place, _named("r", place, float(code)), code)


def _word(feature: Feature, column: Column) -> tuple[int, str]:
    """The place of the row's word, from 1, and what is to be said of it; 0 for one that was never seen."""
    if column.missing[0]:
        filled = f" with {feature.words[0]}, the most frequent" if feature.words else ""
        return min(1, len(feature.words)), f"column {feature.name} is missing: filled{filled}"
    word = column.spelled().cell(0)
    code = feature.words.index(word) + 1 if word in feature.words else 0
    return code, f"column {feature.name} is {word}"


def _mark(step: Step, feature: Feature, column: Column, place: int) -> None:
    """The number besides that says whether the value was missing."""
    value = float(column.missing[0])
    step.lines.append(Equation(_x(place), Number(value), value))
    step.words += f"; x[{place}] is 1 where it is missing"


def plain_steps(
    prepare: Preparation, x: np.ndarray, names: Sequence[str] = (), shown: Sequence[int] | None = None, most: int = 6
) -> list[Step]:
    """What is done to an example that is no row of a table: each number r becomes x = (r - m) / s.

    `shown` are the places of the numbers that have a line of their own; of many numbers, without it, those that are
    furthest from the mean.

    >>> prepare = Preparation.fitted(np.array([[0.0, 10.0], [2.0, 30.0]]))
    >>> [step] = plain_steps(prepare, np.array([2.0, 30.0]))
    >>> step.result.round(6).tolist(), [line.symbol.index for line in step.lines]
    ([1.0, 1.0], [(1,), (2,)])
    """
    raw = x.reshape(-1).astype(np.float64)
    scale, offset = (np.broadcast_to(v, raw.shape).astype(np.float64) for v in (prepare.scale, prepare.offset))
    spread, mean = 1 / scale, -offset / scale
    made = (raw - mean) / spread
    if len(raw) <= _MOST_PLAIN:
        most = len(raw)
    chosen = shown if shown is not None else np.sort(np.argsort(-np.abs(made), kind="stable")[:most]).tolist()
    what = "each pixel (r)" if len(prepare.shape) > 1 else "each number (r)"
    if names and len(names) <= _MOST_PLAIN:
        what = f"{', '.join(names)} as they come (r)"
    words = f"{what} less the mean of training (m), over its standard deviation (s)"
    if len(prepare.shape) > 1:
        wide = prepare.shape[-1]
        words += f"; pixel i is in row ⌊(i − 1) / {wide}⌋ + 1, column (i − 1) mod {wide} + 1"
    formula = over(minus(Value(Symbol("r"), raw), Value(Symbol("m"), mean)), Value(Symbol("s"), spread))
    step = Step(BEFORE, words, Symbol("x"), formula, made, more=len(raw) - len(chosen))
    one = prepare.scale.ndim == 0  # mean and deviation are those of all numbers
    for i in chosen:
        place = i + 1
        m, s = (_named(letter, 0 if one else place, v[i]) for letter, v in (("m", mean), ("s", spread)))
        step.lines.append(Equation(_x(place), over(minus(_named("r", place, raw[i]), m), s), float(made[i])))
    return [step]


def answer_steps(target: Target, outputs: np.ndarray, z: Symbol) -> list[Step]:
    """What `glassnet predict` prints, made of the outputs of a network for one row; z is what they are called.

    >>> target = Target("regression", ("price",), means=(10.0,), spreads=(2.0,))
    >>> float(answer_steps(target, np.array([0.5]), Symbol("z"))[0].result)
    11.0
    """
    outputs = outputs.astype(np.float64)
    if target.task == "regression":
        return [_restored(target, j, outputs, z) for j in range(len(target.names))]
    return chance_steps(target.task, target.classes or target.names, outputs, z)


def chance_steps(task: str, names: Sequence[str], outputs: np.ndarray, z: Symbol) -> list[Step]:
    """The probabilities of classes, or of labels, made of the outputs of a network; of values there are none.

    >>> [step] = chance_steps("classification", ("no", "yes"), np.array([0.0, 0.0]), Symbol("z"))
    >>> step.words, step.result.tolist()
    ('how likely each class is: no, yes', [0.5, 0.5])
    """
    if task == "regression":
        return []
    outputs = outputs.astype(np.float64)
    function, words, values = "softmax", "how likely each class is", softmax(outputs[None])[0]
    if task == "multilabel":
        function, words, values = "sigmoid", "how likely each label is", sigmoid(outputs[None])[0]
    listed = ", ".join(map(str, names[:_MOST_NAMES])) + (", …" if len(names) > _MOST_NAMES else "")
    formula = Call(function, (Value(z, outputs),))
    whole = values.size <= _MOST_NAMES
    step = Step(AFTER, f"{words}: {listed}", Symbol("p"), formula, np.asarray(values), whole=whole)
    if values.size > _MOST_SHOWN and task == "classification":
        step.lines.append(_likeliest(outputs, z, values))
    return [step]


def _likeliest(outputs: np.ndarray, z: Symbol, values: np.ndarray) -> Equation:
    """The probability of the class that is said, of many classes; the powers of the others are added up."""
    said = int(values.argmax())
    own = Value(Symbol(z.letter, z.layer, (said + 1,)), float(outputs[said]))
    rest = Rest(outputs.size - 1, float(np.exp(np.delete(outputs, said)).sum()))
    power = Call("exp", (own,))
    return Equation(Symbol("p", "", (said + 1,)), over(power, plus(power, rest)), float(values[said]))


def _restored(target: Target, j: int, outputs: np.ndarray, z: Symbol) -> Step:
    place = j + 1 if outputs.size > 1 else 0
    own = Symbol(z.letter, z.layer, (j + 1,) if outputs.size > 1 else ())
    value = float(target.restored(outputs[None])[0, j])
    words = f"column {target.names[j]} in its own units: times the standard deviation of training, plus its mean"
    symbol = Symbol("p", "", (place,) if place else ())
    numbers = float(outputs[j]), target.means[j], target.spreads[j]
    formulas = [_scaled(own, place, *numbers, more) for more in range(_MOST_FINER)]
    formula = next((f for f in formulas if _holds(Equation(symbol, f, value))), formulas[0])
    return _told(AFTER, words, symbol, formula, value)


def _scaled(own: Symbol, place: int, z: float, mean: float, spread: float, more: int) -> Formula:
    """z·s + m, each factor with the digits that it takes to know the product as finely as the sum is shown."""
    s, m = Fine(spread, more + _places(z)), Fine(mean, more)
    return plus(times(Value(own, Fine(z, more + _places(spread))), _named("s", place, s)), _named("m", place, m))


def _places(size: float) -> int:
    """How many places a product moves to the left by a factor of that size."""
    return math.ceil(math.log10(abs(size))) if 1 < abs(size) < math.inf else 0


def _holds(line: Equation) -> bool:
    """Whether the printed numbers give the printed result, however many digits are asked for."""
    return all(line.holds(digits) for digits in _USUAL_DIGITS)


def _x(place: int) -> Symbol:
    return Symbol("x", "", (place,))


def _named(letter: str, place: int, value: float) -> Value:
    return Value(Symbol(letter, "", (place,) if place else ()), value)


def _step(words: str, place: int, formula: Formula, value: float) -> Step:
    return _told(BEFORE, words, _x(place), formula, value)


def _told(part: str, words: str, symbol: Symbol, formula: Formula, value: Any) -> Step:
    return Step(part, words, symbol, formula, np.array(float(value)), lines=[Equation(symbol, formula, float(value))])
