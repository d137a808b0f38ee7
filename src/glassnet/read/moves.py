"""The moves of L-BFGS, told from its journal: what it remembers, the two loops, the direction, how far it goes.

Nothing of this is on a tape: the method looks at several points and chooses in plain Python. Its journal holds what it
chose from, and every number here is worked out once more from that, in the numbers' own precision.

References: Nocedal (1980); Nocedal and Wright (2006), algorithms 3.5, 3.6 and 7.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from glassnet.read.document import Step
from glassnet.read.equation import Equation
from glassnet.read.formula import (
    Call,
    Compare,
    Formula,
    Number,
    Power,
    Rest,
    Symbol,
    Value,
    minus,
    negative,
    over,
    plus,
    times,
)
from glassnet.read.grain import Grain
from glassnet.read.labels import LOWERED, Label
from glassnet.read.moves_search import Cubic, numbered

Array = np.ndarray
_FALL, _FLATTEN = 1e-4, 0.9  # of the strong Wolfe conditions
_FLATTEST = 1e-10
_MOVES = "moves the weights along the direction"
_LOWERED = "₀₁₂₃₄₅₆₇₈₉"
_MOST_TRIES = 12  # of a line search that are told one by one


class Moves:
    """Makes the steps of an update from its journal; `labels` name the weights, which lie end to end."""

    def __init__(self, journal: Sequence[Any], labels: list[Label], grain: Grain, name: str, rate: float) -> None:
        self.journal, self.labels, self.grain, self.name, self.rate = journal, labels, grain, name, rate
        self.starts = np.cumsum([0, *(math.prod(label.shape) for label in labels)])
        self.kind = journal[0].x.dtype
        self.places = self._places()
        self.steps: list[Step] = []
        self.words = ""

    def tell(self) -> list[Step]:
        """Every move, one after the other."""
        for number, move in enumerate(self.journal, 1):
            self.words = f"{self.name}, move {number}" if len(self.journal) > 1 else self.name
            self._remembered(move, number)
            d = self._direction(move, number)
            if move.done:
                self._length(move, d, number)
                self._moved(move, number)
        return self.steps

    # ---- which numbers, and what they are called ---------------------------------------------------------------

    def _places(self) -> list[int]:
        """The weights that are followed through all moves: those that go furthest, or those that the grain names."""
        end = self.journal[-1]
        change = end.x + (end.t * end.d if end.done else 0.0) - self.journal[0].x
        chosen: list[int] = []
        furthest: list[int] = []
        for i, label in enumerate(self.labels):
            part = change[self.starts[i] : self.starts[i + 1]].reshape(label.shape)
            if not self.grain.wants(label.layer):
                continue
            found = self.grain.places(part, label.symbol, label.layer, False, "update")
            places = [int(self.starts[i]) + (int(np.ravel_multi_index(at, label.shape)) if at else 0) for at in found]
            chosen += places
            furthest += sorted(places, key=lambda place: -abs(float(change[place])))[:1]
        if self.grain.name != "layer":
            return chosen
        order = sorted(chosen, key=lambda place: -abs(float(change[place])))
        return sorted({*order[: self.grain.most], *furthest})

    def _symbol(self, letter: str, place: int, **changes: Any) -> Symbol:
        """The name of one number of a vector: the weight's own behind a letter, and before the letter's number."""
        i = int(np.searchsorted(self.starts, place, side="right")) - 1
        label = self.labels[i]
        at = tuple(map(int, np.unravel_index(place - int(self.starts[i]), label.shape))) if label.shape else ()
        symbol, plain = label.at(at), letter.rstrip(_LOWERED)
        return replace(symbol, letter=plain + symbol.letter + letter[len(plain) :], **changes)

    def _value(self, letter: str, numbers: Array, place: int, **changes: Any) -> Value:
        return Value(self._symbol(letter, place, **changes), numbers[place])

    def _weight(self, place: int, number: int) -> Symbol:
        """A weight after so many moves."""
        return _moved_so_often(self._symbol("", place), number, number == len(self.journal))

    def _slope(self, g: Array, place: int, number: int) -> Value:
        """The slope along a weight: that of the step, or that where the moves have led to."""
        if number == 1:
            return self._value("", g, place, slope=True)
        return self._value(f"g{_low(number)}", g, place)

    # ---- steps -------------------------------------------------------------------------------------------------

    def _vector(self, letter: str, words: str, numbers: Array, of: Callable[[int], Formula], whole: Formula) -> None:
        """A vector: its formula, and the numbers of it that are followed."""
        lines = [Equation(self._symbol(letter, p), of(p), numbers[p], self.kind) for p in self.places]
        self._add(words, Symbol(letter), whole, numbers, lines)

    def _number(self, words: str, symbol: Symbol, formula: Formula, number: Any) -> None:
        """A single number."""
        number = np.asarray(number, self.kind)
        self._add(words, symbol, formula, number, [Equation(symbol, formula, number, self.kind)])

    def _add(self, words: str, symbol: Symbol, whole: Formula, result: Any, lines: list[Equation]) -> None:
        step = Step(
            "update", f"{self.words}: {words}", symbol, whole, np.asarray(result), (), (self.name,), lines=lines
        )
        if lines or self.grain.name == "network":
            step.more = step.result.size - len(lines) if self.grain.name == "layer" and lines else 0
            self.steps.append(step)

    def _added(self, terms: Array, of: Callable[[int], Formula]) -> Formula:
        """A sum over all weights: the terms that weigh most, and what the others add."""
        if terms.size <= self.grain.most:
            return plus(*(of(p) for p in range(terms.size)))
        shown = np.sort(np.argsort(-np.abs(terms), kind="stable")[: self.grain.most])
        rest = math.fsum(np.delete(terms, shown).astype(np.float64).tolist())
        return plus(*(of(p) for p in shown.tolist()), Rest(terms.size - len(shown), rest))

    def _dot(self, a: tuple[str, Array], b: tuple[str, Array]) -> Formula:
        """The inner product of two vectors."""
        return self._added(a[1] * b[1], lambda p: times(self._value(*a, p), self._value(*b, p)))

    # ---- what is remembered ------------------------------------------------------------------------------------

    def _remembered(self, move: Any, number: int) -> None:
        """The last move and what it changed about the slopes, and what of it is kept."""
        if move.fell is None:
            return
        s, y = move.fell
        if number > 1:
            before = self.journal[number - 2]
            t = Value(Symbol("t"), before.t)
            self._vector(
                "s",
                "how far the last move went",
                s,
                lambda p: times(t, self._value("p", before.d, p)),
                times(t, _whole("p", before.d)),
            )
            self._vector("y", "how the slopes changed by it; those where it led to come from backpropagation there", y,
                         lambda p: minus(self._slope(move.g, p, number), self._slope(before.g, p, number - 1)),
                         minus(_whole(f"g{_low(number)}", move.g), _whole("g", before.g)))  # fmt: skip
        inner = y @ s
        words = "the two multiplied: the curvature on the way"
        if not move.kept:
            words += f"; not above {_FLATTEST:g}, so nothing of it is kept"
        self._number(words, Symbol("c"), self._dot(("y", y), ("s", s)), inner)
        if move.kept:
            squares = self._added(y * y, lambda p: Power(self._value("y", y, p), Number(2.0)))
            curve = Value(Symbol("c"), inner)
            rho = Symbol("ρ", "", (len(move.pairs),))
            self._number(
                f"1 over it; kept with s and y as pair {len(move.pairs)}",
                rho,
                over(Number(1.0), curve),
                move.pairs[-1][2],
            )
            self._number("the curvature over the squares of y: the scale that the loops begin with", Symbol("γ"),
                         over(curve, squares), move.scale)  # fmt: skip

    # ---- the two loops -----------------------------------------------------------------------------------------

    def _direction(self, move: Any, number: int) -> Array:
        """Which way to go: straight down the slope, or as the remembered pairs turn it."""
        g = move.g
        if not move.pairs:
            words = "straight down the slope" if move.first else "straight down the slope: nothing is remembered"
            self._vector("p", words, move.d, lambda p: negative(self._slope(g, p, number)), negative(_whole("g", g)))
            return move.d
        alphas, q = self._first_loop(move, number)
        return self._second_loop(move, alphas, q)

    def _first_loop(self, move: Any, number: int) -> tuple[list[Any], Array]:
        """From the newest pair to the oldest: α = ρ (s·q), and q loses α y."""
        g, alphas, lines = move.g, list[Any](), list[Equation]()
        q = -g
        for i in range(len(move.pairs), 0, -1):
            y, s, ro = move.pairs[i - 1]
            alpha = (s @ q) * ro
            alphas.insert(0, alpha)
            dot = self._dot((f"s{_low(i)}", s), (f"q{_low(i)}", q))
            lines.append(Equation(numbered("α", i), times(Value(numbered("ρ", i), ro), dot), alpha, self.kind))
            after = q - alpha * y
            if self.grain.name == "scalar":
                before = f"q{_low(i)}"
                self._left(
                    f"q{_low(i - 1)}", after, partial(self._value, before, q), _whole(before, q), [(i, alpha, y)]
                )
            q = after
        words = "from the newest pair to the oldest, beginning with −slopes: how much of it lies along each s; it then "
        words += "loses so much of y"
        newest = move.pairs[-1]
        whole = times(Value(Symbol("ρ"), newest[2]), Call("sum", (times(_whole("s", newest[1]), _whole("q", -g)),)))
        self._add(words, Symbol("α"), whole, np.array(alphas, self.kind), lines)
        if self.grain.name != "scalar":
            taken = [(i, alpha, move.pairs[i - 1][0]) for i, alpha in enumerate(alphas, 1)]
            self._left("q₀", q, lambda p: negative(self._slope(g, p, number)), negative(_whole("g", g)), taken)
        return alphas, q

    def _second_loop(self, move: Any, alphas: list[Any], q: Array) -> Array:
        """From the oldest pair to the newest: β = ρ (y·r), and r gains (α − β) s."""
        r, betas, lines = q * move.scale, list[Any](), list[Equation]()
        gamma = Value(Symbol("γ"), move.scale)
        self._vector("r₁", "scaled", r, lambda p: times(gamma, self._value("q₀", q, p)), times(gamma, _whole("q₀", q)))
        first = r
        for i, (y, s, ro) in enumerate(move.pairs, 1):
            beta = (y @ r) * ro
            betas.append(beta)
            dot = self._dot((f"y{_low(i)}", y), (f"r{_low(i)}", r))
            lines.append(Equation(numbered("β", i), times(Value(numbered("ρ", i), ro), dot), beta, self.kind))
            after = r + (alphas[i - 1] - beta) * s
            if self.grain.name == "scalar":
                self._gain(move, alphas[i - 1], beta, i, after, r)
            r = after
        oldest = move.pairs[0]
        whole = times(Value(Symbol("ρ"), oldest[2]), Call("sum", (times(_whole("y", oldest[0]), _whole("r", first)),)))
        words = "from the oldest pair to the newest: how much of y r has by then; r then gains α − β of s"
        self._add(words, Symbol("β"), whole, np.array(betas, self.kind), lines)
        if self.grain.name != "scalar":
            self._last(move, alphas, betas, first, r)
        return r

    def _left(self, letter: str, numbers: Array, start: Callable[[int], Formula], whole: Formula,
              taken: list[tuple[int, Any, Array]]) -> None:  # fmt: skip
        """What is left of a vector once α y of some pairs, which are given with their numbers, was taken from it."""

        def of(p: int) -> Formula:
            parts = np.array([float(alpha) * float(y[p]) for _, alpha, y in taken])
            shown = _largest(parts, self.grain.most)
            said = [self._taken(*taken[k], p) for k in shown]
            rest = -math.fsum(np.delete(parts, shown).tolist())
            return plus(start(p), *said, *([Rest(len(taken) - len(shown), rest)] if len(shown) < len(taken) else []))

        alpha, y = (_whole(name, v) for name, v in zip("αy", taken[0][1:], strict=True))
        words = "what is left of it without what the pairs explain"
        if len(taken) == 1:
            words = f"what is left of it without what pair {taken[0][0]} explains"
        self._vector(letter, words, numbers, of, minus(whole, times(alpha, y)))

    def _taken(self, i: int, alpha: Any, y: Array, p: int) -> Formula:
        return negative(times(Value(numbered("α", i), alpha), self._value(f"y{_low(i)}", y, p)))

    def _gain(self, move: Any, alpha: Any, beta: Any, i: int, after: Array, r: Array) -> None:
        """One turn of the second loop."""
        s = move.pairs[i - 1][1]
        by = minus(Value(numbered("α", i), alpha), Value(numbered("β", i), beta))
        letter = "p" if i == len(move.pairs) else f"r{_low(i + 1)}"
        self._vector(letter, f"r with its part of pair {i}" + (": the direction" if letter == "p" else ""), after,
                     lambda p: plus(self._value(f"r{_low(i)}", r, p), times(by, self._value(f"s{_low(i)}", s, p))),
                     _whole(letter, after))  # fmt: skip

    def _last(self, move: Any, alphas: list[Any], betas: list[Any], first: Array, d: Array) -> None:
        """The direction that the second loop ends with."""
        steps = [(a - b, pair[1]) for a, b, pair in zip(alphas, betas, move.pairs, strict=True)]

        def of(p: int) -> Formula:
            parts = np.array([float(by) * float(s[p]) for by, s in steps])
            shown = _largest(parts, self.grain.most)
            said = [times(minus(Value(numbered("α", i + 1), alphas[i]), Value(numbered("β", i + 1), betas[i])),
                          self._value(f"s{_low(i + 1)}", steps[i][1], p)) for i in shown]  # fmt: skip
            rest = math.fsum(part for i, part in enumerate(parts.tolist()) if i not in shown)
            left = [Rest(len(steps) - len(shown), rest)] if len(shown) < len(steps) else []
            return plus(self._value("r₁", first, p), *said, *left)

        by = minus(Value(Symbol("α"), alphas[0]), Value(Symbol("β"), betas[0]))
        whole = plus(_whole("r₁", first), Call("sum", (times(by, _whole("s", steps[0][1])),)))
        self._vector("p", "the direction: r with its part of every pair", d, of, whole)

    # ---- how far -----------------------------------------------------------------------------------------------

    def _length(self, move: Any, d: Array, number: int) -> None:
        """The slope along the direction, the first length, and what a line search makes of it."""
        slope = move.g @ d
        formula = self._added(move.g * d, lambda p: times(self._slope(move.g, p, number), self._value("p", d, p)))
        self._number("how steeply the loss falls along it", Symbol("slope"), formula, slope)
        rate, words = Value(Symbol("η"), self.rate), "how far along it, the rate"
        first: Any = self.rate
        formula = rate
        if move.first:
            size = self._added(np.abs(move.g), lambda p: Call("abs", (self._slope(move.g, p, number),)))
            formula = times(Call("min", (Number(1.0), over(Number(1.0), size))), rate)
            first = min(1.0, 1.0 / np.abs(move.g).sum()) * self.rate
            words = "how far along it, at the first move: the rate, less where the slopes are large"
        self._number(words if not move.tries else f"{words}: tried first", Symbol("t", "", (1,) if move.tries else ()),
                     formula, first)  # fmt: skip
        if move.tries:
            self._searched(move, slope)

    def _searched(self, move: Any, slope: Any) -> None:
        """What the line search looked at, and why it went on or stopped."""
        points = [p for p, _ in move.tries]
        for k, (point, between) in enumerate(move.tries[:_MOST_TRIES], 1):
            if between is not None:
                self._chosen(move, point, between, k)
            self._judged(move, slope, point, k)
        if len(points) > _MOST_TRIES:
            self.steps[-1].words += f"; {len(points) - _MOST_TRIES:,} more are not told"
        at = next((k for k, p in enumerate(points, 1) if p.t == move.t), 0)
        taken = Value(numbered("t", at), points[at - 1].t) if at else Number(float(move.t))
        self._number("so far it goes: the first that passes both, or else the lowest", Symbol("t"), taken, move.t)

    def _judged(self, move: Any, slope: Any, point: Any, k: int) -> None:
        """The two conditions of Wolfe at one point."""
        t, s, first = Value(numbered("t", k), point.t), Value(Symbol("slope"), slope), Value(Symbol("L"), move.loss)
        there, flat = Value(numbered("L", k), point.loss), Value(numbered("slope", k), point.slope)
        low = Compare("≤", there, plus(first, times(Number(_FALL), t, s)))
        even = Compare("≤", Call("abs", (flat,)), times(Number(-_FLATTEN), s))
        fell = bool(point.loss <= move.loss + _FALL * point.t * slope)
        even_there = bool(abs(point.slope) <= -_FLATTEN * slope)
        lines = [Equation(numbered("low", k), low, float(fell)), Equation(numbered("flat", k), even, float(even_there))]
        words = f"try {k}: the loss there is to have fallen by a share of what the slope promised, and the slope "
        words += "there, by backpropagation, is to be flatter; 1 where it is"
        both = np.array([fell, even_there], np.float64)
        self._add(words, numbered("try", k), Value(Symbol("low and flat"), both), both, lines)

    def _chosen(self, move: Any, point: Any, between: tuple[Any, Any], k: int) -> None:
        """The next length: where the cubic through two points with these slopes is lowest."""
        a, b = between
        names = {id(p): i for i, (p, _) in enumerate(move.tries, 1)}
        number = [names.get(id(p), 0) for p in between]
        cubic = Cubic(a, b, number, self.kind)
        wider = bool(a.t < b.t and point.t > b.t)
        lines, found = cubic.tell(k, wider)
        words = f"try {k}: where the cubic through the points {number[0]} and {number[1]} (0 is the start), with their "
        words += "slopes, is lowest, held within bounds"
        if not _same(found, point.t):
            lines, words = (
                cubic.aside(k, point.t),
                f"try {k}: a tenth of the way off the end that the cubic came too near",
            )
        self._add(words, numbered("t", k), Value(Symbol("cubic"), 0.0), np.asarray(point.t, self.kind), lines)

    def _moved(self, move: Any, number: int) -> None:
        """The weights after the move, layer by layer."""
        after = move.x + move.t * move.d
        t, last = Value(Symbol("t"), move.t), number == len(self.journal)

        def there(p: int) -> Formula:
            return plus(Value(self._weight(p, number - 1), move.x[p]), times(t, self._value("p", move.d, p)))

        for i, label in enumerate(self.labels):
            start, end = int(self.starts[i]), int(self.starts[i + 1])
            lines = [Equation(self._weight(p, number), there(p), after[p], self.kind) for p in self.places
                     if start <= p < end]  # fmt: skip
            was = Value(_moved_so_often(label.symbol, number - 1, last=False), move.x[start:end])
            way = Value(replace(label.symbol, letter="p" + label.letter), move.d[start:end])
            words = "moves the biases along the direction" if label.letter == "b" else _MOVES
            new = _moved_so_often(label.symbol, number, last)
            self._add(words, new, plus(was, times(t, way)), after[start:end].reshape(label.shape), lines)


def _moved_so_often(symbol: Symbol, number: int, last: bool) -> Symbol:
    """The name of weights after so many moves: new after the last, plain before the first."""
    if last:
        return replace(symbol, new=True)
    return replace(symbol, letter=f"{symbol.letter}{_low(number)}") if number else symbol


def _same(a: Any, b: Any) -> bool:
    return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-300)


def _low(number: int) -> str:
    return str(number).translate(LOWERED)


def _whole(letter: str, numbers: Array) -> Value:
    return Value(Symbol(letter), numbers)


def _largest(parts: Array, most: int) -> list[int]:
    return sorted(np.argsort(-np.abs(parts), kind="stable")[:most].tolist())
