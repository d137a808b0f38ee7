"""Writing formulas: what all kinds of writing share, which is the order of operations and where brackets belong."""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

import numpy as np

from glassnet.read.digits import Digits, spell
from glassnet.read.formula import (
    FUNCTIONS,
    Call,
    Choice,
    Compare,
    Formula,
    Fraction,
    Negative,
    Number,
    Power,
    Product,
    Rest,
    Sum,
    Symbol,
    Transposed,
    Value,
)

T = TypeVar("T")
SYMBOLS, NUMBERS = "symbols", "numbers"  # the two sides of a formula
_LOOSE, _SUM, _PRODUCT, _POWER, _TIGHT = range(5)  # how strongly a piece holds together


class Writer(Generic[T]):
    """Walks a formula and joins pieces of writing; a subclass says what the pieces look like."""

    fractions_are_tall = True

    def __init__(self, digits: Digits = 3, kind: Any = np.float64) -> None:
        self.digits, self.kind = digits, kind

    def write(self, formula: Formula, side: str) -> T:
        """A formula in symbols or in numbers."""
        return self._piece(formula, side)[0]

    def _piece(self, f: Formula, side: str, after: bool = False) -> tuple[T, int]:
        """A formula, and how strongly it holds together; `after` says that something stands before it."""
        if isinstance(f, Number | Value | Rest):
            return self._leaf(f, side)
        if isinstance(f, Sum):
            return self._sum(f, side), _SUM
        if isinstance(f, Product):
            factors = [self._factor(p, side, after or i > 0) for i, p in enumerate(f.factors)]
            return self.product(factors, f.matrices), _PRODUCT
        if isinstance(f, Negative):
            return self.negative(self._at_least(_PRODUCT, f.of, side, True)), _SUM
        if isinstance(f, Fraction):
            return self._fraction(f, side, after)
        if isinstance(f, Power):
            return self.power(self._at_least(_TIGHT, f.base, side, True), self.write(f.exponent, side)), _POWER
        if isinstance(f, Transposed):
            return self.transposed(self._at_least(_TIGHT, f.of, side, True)), _POWER
        return self._other(f, side), _TIGHT

    def _other(self, f: Formula, side: str) -> T:
        if isinstance(f, Call):
            return self.call(f.function, [self.write(a, side) for a in f.arguments])
        if isinstance(f, Compare):
            left, right = (self._at_least(_SUM, p, side) for p in (f.left, f.right))
            return self.compare(f.sign, left, right)
        if isinstance(f, Choice):
            return self.choice(*(self.write(p, side) for p in f.parts()))
        raise TypeError(f"no way to write {type(f).__name__}")

    def _leaf(self, f: Number | Value | Rest, side: str) -> tuple[T, int]:
        if isinstance(f, Rest):
            return self.rest(f.count, self._number(f.value)[0] if side == NUMBERS else None), _TIGHT
        if isinstance(f, Value) and side == SYMBOLS:
            return self.symbol(f.symbol), _TIGHT
        if isinstance(f.value, np.ndarray) and f.value.ndim:
            return self.array(f.value), _TIGHT
        return self._number(f.value)

    def _number(self, value: Any) -> tuple[T, int]:
        text = spell(value, self.digits, self.kind)
        return self.number(text), _LOOSE if text.startswith("-") else _TIGHT

    def _sum(self, f: Sum, side: str) -> T:
        parts: list[tuple[str, T]] = []
        for i, term in enumerate(f.terms):
            sign, term = ("-", term.of) if isinstance(term, Negative) else ("+", term)
            if isinstance(term, Number) and term.value < 0 and i:
                sign, term = ("+" if sign == "-" else "-"), Number(-term.value)
            parts.append((sign, self._at_least(_PRODUCT, term, side, bool(i) or sign == "-")))
        return self.sum(parts)

    def _factor(self, f: Formula, side: str, after: bool) -> T:
        flat = isinstance(f, Fraction) and not self.fractions_are_tall
        return self._at_least(_POWER if flat else _PRODUCT, f, side, after)

    def _fraction(self, f: Fraction, side: str, after: bool) -> tuple[T, int]:
        if self.fractions_are_tall:
            return self.fraction(self.write(f.top, side), self.write(f.bottom, side)), _TIGHT
        top = self._at_least(_PRODUCT, f.top, side, after)
        return self.fraction(top, self._at_least(_POWER, f.bottom, side, True)), _PRODUCT

    def _at_least(self, needed: int, f: Formula, side: str, after: bool = False) -> T:
        """A piece, in brackets if it would fall apart here; a leading minus is harmless only at the very beginning."""
        piece, holds = self._piece(f, side, after)
        if holds == _LOOSE:
            return self.brackets(piece) if after or needed > _PRODUCT else piece
        return self.brackets(self._piece(f, side)[0]) if holds < needed else piece

    # what a subclass says

    def number(self, text: str) -> T:
        """Digits as `spell` gives them."""
        raise NotImplementedError

    def array(self, value: np.ndarray) -> T:
        """A vector or matrix of numbers."""
        raise NotImplementedError

    def symbol(self, symbol: Symbol) -> T:
        """A name."""
        raise NotImplementedError

    def rest(self, count: int, number: T | None) -> T:
        """The terms that are not shown, and what they add up to."""
        raise NotImplementedError

    def sum(self, parts: list[tuple[str, T]]) -> T:
        """Terms with their signs."""
        raise NotImplementedError

    def product(self, parts: list[T], matrices: bool) -> T:
        """Factors."""
        raise NotImplementedError

    def negative(self, part: T) -> T:
        """The opposite."""
        raise NotImplementedError

    def fraction(self, top: T, bottom: T) -> T:
        """A quotient."""
        raise NotImplementedError

    def power(self, base: T, exponent: T) -> T:
        """A power."""
        raise NotImplementedError

    def transposed(self, part: T) -> T:
        """A matrix turned."""
        raise NotImplementedError

    def call(self, name: str, arguments: list[T]) -> T:
        """A function of its arguments."""
        raise NotImplementedError

    def compare(self, sign: str, left: T, right: T) -> T:
        """1 where it holds, else 0."""
        raise NotImplementedError

    def choice(self, condition: T, yes: T, no: T) -> T:
        """One of two."""
        raise NotImplementedError

    def brackets(self, part: T) -> T:
        """( … )."""
        raise NotImplementedError


_UP = str.maketrans("0123456789()-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻")
_DOWN = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_NAMED = re.compile(r"(.[\u0302\u0304]?)([₀-₉₊₋]*)(′*)$")
_ACCENTS = {"ŷ": ("y", "^"), "v̂": ("v", "^"), "w̄": ("w", "¯"), "ȳ": ("y", "¯")}


def raised(text: str) -> str:
    """Small and high: ⁽¹⁾ for (1).

    >>> raised("(12)")
    '⁽¹²⁾'
    """
    return text.translate(_UP)


def lowered(text: str) -> str:
    """Small and low: ₁₂ for 12."""
    return text.translate(_DOWN)


def place(index: tuple[int, ...]) -> str:
    """The places of a number in one word: 13 for row 1, column 3; 12,340 once a comma is needed."""
    return ("" if all(i < 10 for i in index) else ",").join(map(str, index))


def taken_apart(letter: str) -> tuple[str, str, str, str]:
    """A letter as its base, accent, what stands below it and its dashes.

    >>> taken_apart("β₁"), taken_apart("ŷ"), taken_apart("step"), taken_apart("sW₂")
    (('β', '', '1', ''), ('y', '^', '', ''), ('step', '', '', ''), ('sW', '', '2', ''))
    """
    match = _NAMED.match(letter)
    if match is None:
        name = letter.rstrip("′")
        base = name.rstrip("₀₁₂₃₄₅₆₇₈₉")
        return base or name, "", name[len(base) :].translate(_PLAIN) if base else "", "′" * (len(letter) - len(name))
    base, accent = _ACCENTS.get(match[1], (match[1], ""))
    return base, accent, match[2].translate(_PLAIN), match[3]


def function_in(name: str, form: str) -> tuple[str, tuple[str, str] | None]:
    """How a function is written in text or TeX: its name, or what stands on both sides of its argument."""
    f = FUNCTIONS.get(name)
    if f is None:
        return name, None
    around = f.around and (f.around[:2] if form == "text" else f.around[2:])
    return (f.text if form == "text" else f.tex), around
