"""Formulas that users type, read by a grammar of their own: nothing of what they write is ever run as Python.

sum     = product { ("+" | "-") product }
product = sign { ("*" | "/") sign }
sign    = ("-" | "+") sign | power
power   = atom [ ("^" | "**") sign ]
atom    = number | name | name "(" sum { "," sum } ")" | "(" sum ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain

_LONGEST, _DEEPEST = 200, 40
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|[-+*/^(),]))")
_PLAIN = str.maketrans({"²": "^2", "³": "^3", "·": "*", "×": "*", "−": "-", "₁": "1", "₂": "2", "π": "pi", "÷": "/"})
_CONSTANTS = {"pi": np.pi, "e": np.e}

Value = Any  # an array or a number


def _sigmoid(x: Value) -> Value:
    return 1 / (1 + np.exp(-x))


_FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "sin": (1, np.sin), "cos": (1, np.cos), "tan": (1, np.tan), "exp": (1, np.exp), "log": (1, np.log),
    "sqrt": (1, np.sqrt), "abs": (1, np.abs), "tanh": (1, np.tanh), "sign": (1, np.sign), "floor": (1, np.floor),
    "sigmoid": (1, _sigmoid), "relu": (1, lambda x: np.maximum(x, 0)), "step": (1, lambda x: np.heaviside(x, 1.0)),
    "min": (2, np.minimum), "max": (2, np.maximum), "hypot": (2, np.hypot), "atan2": (2, np.arctan2),
}  # fmt: skip
_OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power, "**": np.power,
}  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """A formula over named variables; call it with arrays of one shape, in the order of `variables`."""

    text: str
    variables: tuple[str, ...]
    _value: Callable[[Mapping[str, Value]], Value] = field(compare=False)  # which follows from the text

    def __call__(self, *values: np.ndarray) -> np.ndarray:
        """Its value at every place, in float64; NaN or an infinity where it has none."""
        places = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in values))
        with np.errstate(all="ignore"):
            result = self._value(dict(zip(self.variables, places, strict=True)))
        return np.array(np.broadcast_to(result, places[0].shape), np.float64)


def parse(text: str, variables: Sequence[str] = ("x1", "x2"), aliases: Mapping[str, str] | None = None) -> Formula:
    """Read a formula.

    `aliases` are other names of variables. Raises `ValueRangeError` that says where it cannot be read.

    >>> parse("x1^2 - 2*x2")(np.array([3.0]), np.array([1.0]))
    array([7.])
    >>> parse("2 x1")
    Traceback (most recent call last):
        ...
    glassnet.errors.ValueRangeError: got 'x1' at sign 3 of the formula '2 x1'; expected an operator or the end. Try *x1.
    """
    reader = _Reader(text, tuple(variables), dict(aliases or {}))
    value = reader.sum(0)
    reader.end()
    return Formula(text, tuple(variables), value)


class _Reader:
    """The words of a formula, and the place where reading has come to."""

    def __init__(self, text: str, variables: tuple[str, ...], aliases: dict[str, str]) -> None:
        self.text, self.variables, self.aliases = text, variables, aliases
        if not text.strip() or len(text) > _LONGEST:
            got = f"got a formula of {len(text)} signs"
            raise ValueRangeError(complain(got, f"expected 1 to {_LONGEST}", f"Try {' + '.join(variables)}"))
        self.words = self._split(text.translate(_PLAIN))
        self.at = 0

    def _split(self, text: str) -> list[tuple[str, str, int]]:
        words, at = [], 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise self._wrong(repr(text[at]), at, "numbers, names and + - * / ^ ( )", "leaving it out")
            kind = ("number", "name", "sign")[(match.lastindex or 1) - 1]
            words.append((kind, match.group(match.lastindex or 0), match.start(match.lastindex or 0)))
            at = match.end()
        return words

    def _wrong(self, got: str, at: int, expected: str, hint: str) -> ValueRangeError:
        place = f"got {got} at sign {at + 1} of the formula {self.text!r}"
        return ValueRangeError(complain(place, f"expected {expected}", f"Try {hint}"))

    def _word(self) -> tuple[str, str, int]:
        return self.words[self.at] if self.at < len(self.words) else ("end", "the end", len(self.text))

    def _take(self, *signs: str) -> str | None:
        kind, word, _ = self._word()
        if kind == "sign" and word in signs:
            self.at += 1
            return word
        return None

    def end(self) -> None:
        """Nothing may follow."""
        kind, word, at = self._word()
        if kind != "end":
            raise self._wrong(repr(word), at, "an operator or the end", f"*{word}" if kind != "sign" else "without it")

    def sum(self, depth: int) -> Callable[[Mapping[str, Value]], Value]:
        """Products, added and subtracted from left to right."""
        if depth > _DEEPEST:
            raise self._wrong("brackets", self._word()[2], f"at most {_DEEPEST} inside each other", "a simpler one")
        return self._chain(self.product, ("+", "-"), depth)

    def product(self, depth: int) -> Callable[[Mapping[str, Value]], Value]:
        """Powers, multiplied and divided from left to right."""
        return self._chain(self.sign, ("*", "/"), depth)

    def _chain(self, part: Callable[[int], Any], signs: tuple[str, ...], depth: int) -> Any:
        first, rest = part(depth), []
        while (sign := self._take(*signs)) is not None:
            rest.append((_OPERATORS[sign], part(depth)))

        def value(names: Mapping[str, Value]) -> Value:
            total = first(names)
            for operator, other in rest:
                total = operator(total, other(names))
            return total

        return value if rest else first

    def sign(self, depth: int) -> Callable[[Mapping[str, Value]], Value]:
        """A sign before a power: -x^2 is -(x^2)."""
        if depth > _DEEPEST:
            raise self._wrong("signs", self._word()[2], f"at most {_DEEPEST} in a row", "a simpler one")
        taken = self._take("-", "+")
        if taken is None:
            return self.power(depth)
        inner = self.sign(depth + 1)
        return (lambda names: np.negative(inner(names))) if taken == "-" else inner

    def power(self, depth: int) -> Callable[[Mapping[str, Value]], Value]:
        """x^y^z is x^(y^z)."""
        base = self.atom(depth)
        if self._take("^", "**") is None:
            return base
        exponent = self.sign(depth + 1)
        return lambda names: np.power(np.asarray(base(names), np.float64), exponent(names))

    def atom(self, depth: int) -> Callable[[Mapping[str, Value]], Value]:
        """A number, a variable, a call, or a sum in brackets."""
        kind, word, at = self._word()
        if self._take("("):
            inner = self.sum(depth + 1)
            self._close()
            return inner
        if kind == "number":
            self.at += 1
            number = float(word)
            return lambda names: number
        if kind == "name":
            self.at += 1
            return self._named(word, at, depth)
        raise self._wrong(word if kind == "end" else repr(word), at, "a number, a variable or (", self.variables[0])

    def _close(self) -> None:
        _, word, at = self._word()
        if self._take(")") is None:
            raise self._wrong(word if word == "the end" else repr(word), at, "a closing )", "adding it")

    def _named(self, word: str, at: int, depth: int) -> Callable[[Mapping[str, Value]], Value]:
        variable = self.aliases.get(word, word)
        if variable in self.variables:
            return lambda names: names[variable]
        if word in _CONSTANTS:
            constant = _CONSTANTS[word]
            return lambda names: constant
        if word not in _FUNCTIONS:
            known = ", ".join((*self.variables, *_CONSTANTS, *_FUNCTIONS))
            raise self._wrong(repr(word), at, f"one of {known}", self.variables[0])
        return self._call(word, at, depth)

    def _call(self, word: str, at: int, depth: int) -> Callable[[Mapping[str, Value]], Value]:
        count, function = _FUNCTIONS[word]
        example = f"{word}({', '.join((*self.variables, '1')[:count])})"
        if self._take("(") is None:
            raise self._wrong(repr(word), at, "its argument in brackets", example)
        arguments = [self.sum(depth + 1)]
        while self._take(","):
            arguments.append(self.sum(depth + 1))
        self._close()
        if len(arguments) != count:
            raise self._wrong(f"{word} of {len(arguments)}", at, f"{count} argument{'s' * (count > 1)}", example)
        return lambda names: function(*(argument(names) for argument in arguments))
