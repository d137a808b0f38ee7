r"""The formula that a row of the table of primitives states in its `tex` template.

`\frac{{{0}}}{{{1}}}` is read once, with {0} and {1} as holes; filling the holes with formulas gives the formula of one
number. A row that is added to the table is explained from its own template: nothing is written here for it.
"""

from __future__ import annotations

import functools
import math
import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from glassnet.core.ops import Op
from glassnet.read.formula import (
    FUNCTIONS,
    ONE,
    ZERO,
    Call,
    Choice,
    Compare,
    Formula,
    Number,
    Product,
    Transposed,
    minus,
    negative,
    over,
    plus,
    raised,
    times,
)

Holes = Mapping[str, Formula]
Maker = Callable[[Holes], Formula]

_TOKEN = re.compile(r"\x00(\w+)\x00|\d+(?:\.\d+)?|\\operatorname\{\w+\}|\\log_(?:2|\{10\})|\\[a-zA-Z]+|\\[,;]|[^\s]")
_SIGNS = {"=": "=", r"\ne": "≠", "<": "<", r"\le": "≤", ">": ">", r"\ge": "≥"}
_LOGIC: dict[str, Callable[[Formula, Formula], Formula]] = {
    r"\land": lambda a, b: times(_truth(a), _truth(b)),
    r"\lor": lambda a, b: Call("max", (_truth(a), _truth(b))),
    r"\oplus": lambda a, b: Compare("≠", _truth(a), _truth(b)),
}
_CLOSED = {r"\lfloor": (r"\rfloor", "floor"), r"\lceil": (r"\rceil", "ceil"), "|": ("|", "abs")}
_NAMES = {f.tex: name for name, f in FUNCTIONS.items() if f.tex}
_SPACES = (r"\,", r"\;")


def formula_of(op: Op, inputs: list[Formula], attrs: dict[str, Any]) -> Formula | None:
    """What a row computes from these inputs, if its template is a formula.

    >>> from glassnet.core.ops import OPS
    >>> formula_of(OPS["sub"], [Number(3.0), Number(1.0)], {})
    Sum(terms=(Number(value=3.0), Number(value=-1.0)))
    """
    maker = _maker(op.tex)
    if maker is None or op.name.startswith("bit_") or attrs.get("approximate") == "tanh":  # stated only roughly
        return None
    holes = {str(i): f for i, f in enumerate(inputs)}
    holes |= {name: Number(float(v)) for name, v in attrs.items() if isinstance(v, int | float)}
    holes |= {name: Number(_OPEN[name]) for name, v in attrs.items() if v is None and name in _OPEN}
    try:
        return maker(holes)
    except KeyError:  # an attribute that is no number
        return None


_OPEN = {"low": -math.inf, "high": math.inf}


@functools.cache
def _maker(tex: str) -> Maker | None:
    pieces = [text + (f"\x00{name}\x00" if name is not None else "") for text, name, _, _ in _parse_format(tex)]
    tokens = [m[0] for m in _TOKEN.finditer("".join(pieces)) if m[0] not in _SPACES]
    parser = _Parser(tokens)
    try:
        maker = parser.expression()
    except _NoFormulaError:
        return None
    return maker if not parser.tokens else None


def _parse_format(tex: str) -> Any:
    return string.Formatter().parse(tex)


class _NoFormulaError(Exception):
    """The template says something that is not a formula of single numbers."""


class _Parser:
    """A descent through the tokens of a template; every method gives a function from holes to a formula."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def see(self, *words: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in words

    def take(self, *words: str) -> str:
        if not self.tokens or (words and self.tokens[0] not in words):
            raise _NoFormulaError
        return self.tokens.pop(0)

    def expression(self) -> Maker:
        """A sum, a comparison or a choice."""
        left = self.sum()
        if self.see(*_SIGNS):
            sign, right = _SIGNS[self.take()], self.sum()
            if self.see(*_SIGNS):  # low ≤ x ≤ high
                other, last = _SIGNS[self.take()], self.sum()
                first, middle = left, right
                return lambda h: times(_holds(sign, first(h), middle(h)), _holds(other, middle(h), last(h)))
            return lambda h: Compare(sign, left(h), right(h))
        if self.see(*_LOGIC):
            join, right = _LOGIC[self.take()], self.sum()
            return lambda h: join(left(h), right(h))
        if self.see("?"):
            self.take("?")
            yes = self.sum()
            self.take(":")
            no = self.sum()
            return lambda h: Choice(left(h), yes(h), no(h))
        return left

    def sum(self) -> Maker:
        """Products between + and −."""
        result = self.product()
        while self.see("+", "-"):
            join, before, after = (plus, minus)[self.take() == "-"], result, self.product()
            result = functools.partial(lambda h, join, a, b: join(a(h), b(h)), join=join, a=before, b=after)
        return result

    def product(self) -> Maker:
        """Factors side by side; with a sign in front, if any."""
        if self.see("-"):
            self.take()
            inside = self.product()
            return lambda h: negative(inside(h))
        if self.see(r"\lnot"):
            self.take()
            inside = self.power()
            return lambda h: minus(ONE, _truth(inside(h)))
        factors: list[Maker] = [self.power()]
        while True:
            if self.see("/", r"\bmod"):
                sign, top, bottom = self.take(), factors, self.power()
                join: Any = over if sign == "/" else (lambda a, b: Call("mod", (a, b)))
                factors = [functools.partial(_joined, join=join, top=top, bottom=bottom)]
            elif self.see(r"\odot", r"\cdot"):
                self.take()
                factors.append(self.power())
            elif self.tokens and self.starts_factor():
                factors.append(self.power())
            else:
                break
        return factors[0] if len(factors) == 1 else lambda h: times(*(f(h) for f in factors))

    def starts_factor(self) -> bool:
        """Whether a factor may begin here, without a sign of multiplication."""
        word = self.tokens[0]
        return word[0] == "\x00" or word in _NAMES or word in ("(", "[", "e", r"\frac", r"\lfloor", r"\lceil")

    def power(self) -> Maker:
        """Something, and what it is raised to."""
        is_e = self.see("e")
        base = self.atom()
        if not self.see("^"):
            return base
        self.take()
        if self.see(r"\top"):
            self.take()
            return lambda h: Transposed(base(h))
        exponent = self.group()
        return (lambda h: Call("exp", (exponent(h),))) if is_e else (lambda h: raised(base(h), exponent(h)))

    def group(self) -> Maker:
        """{ … }, or one atom."""
        if not self.see("{"):
            return self.atom()
        self.take("{")
        inside = self.expression()
        self.take("}")
        return inside

    def atom(self) -> Maker:
        """A hole, a number, something in brackets, or a function."""
        word = self.take()
        if word[0] == "\x00":
            return lambda h: h[word.strip("\x00")]
        if word[0].isdigit():
            return lambda h: Number(float(word))
        if word == "e":
            return lambda h: Call("exp", (ONE,))
        if word in ("(", "["):
            inside = self.expression()
            self.take(")" if word == "(" else "]")
            return inside
        if word in _CLOSED:
            end, name = _CLOSED[word]
            inside = self.expression()
            self.take(end)
            return lambda h: Call(name, (inside(h),))
        if word == r"\frac":
            top, bottom = self.group(), self.group()
            return lambda h: over(top(h), bottom(h))
        if word == r"\sqrt":
            inside = self.group()
            return lambda h: Call("sqrt", (inside(h),))
        return self.function(word)

    def function(self, word: str) -> Maker:
        """A function of what stands in brackets after it, or of the one atom that follows."""
        name = _NAMES.get(word)
        if name is None:
            raise _NoFormulaError
        if name == "ln" and self.see(r"\operatorname{softmax}"):
            name = "ln " + self.take().split("{")[1].rstrip("}")
        if not self.see("("):
            inside = self.power()
            return lambda h: _call(name, (inside(h),))
        self.take("(")
        arguments = [self.expression()]
        while self.see(","):
            self.take()
            arguments.append(self.expression())
        self.take(")")
        return lambda h: _call(name, tuple(a(h) for a in arguments))


def _joined(h: Holes, join: Any, top: list[Maker], bottom: Maker) -> Formula:
    return join(times(*(f(h) for f in top)), bottom(h))


def _truth(f: Formula) -> Formula:
    """1 or 0 for a number that stands for yes or no."""
    yes_or_no = isinstance(f, Compare) or (isinstance(f, Product) and all(isinstance(p, Compare) for p in f.factors))
    return f if yes_or_no else Compare("≠", f, ZERO)


def _holds(sign: str, left: Formula, right: Formula) -> Formula:
    """A comparison; one with no bound always holds."""
    return ONE if Number(-math.inf) == left or Number(math.inf) == right else Compare(sign, left, right)


def _call(name: str, arguments: tuple[Formula, ...]) -> Formula:
    """A function of its arguments; a clamp that is open on one side is a maximum or a minimum."""
    if name == "clamp":
        x, low, high = arguments
        if low == Number(-math.inf):
            return Call("min", (x, high))
        if high == Number(math.inf):
            return Call("max", (x, low))
    return Call(name, arguments)
