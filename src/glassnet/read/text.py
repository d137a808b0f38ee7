"""Formulas as a line of text: W⁽¹⁾₁₁·x₁ + b⁽¹⁾₁, with colours where there are any.

A piece is a list of tokens, each with a style, so that long formulas can be broken between terms and painted last.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.read.digits import Digits, signed
from glassnet.read.formula import Formula, Symbol
from glassnet.read.render import Writer, function_in, lowered, place, raised, taken_apart

NEGATIVE, POSITIVE, FAINT, NAME, RESULT = "negative", "positive", "faint", "name", "result"


class Token(NamedTuple):
    """A word and its style; a line may be broken before a word with `breaks`, rather at 1 than at more."""

    text: str
    style: str = ""
    breaks: int = 0


Tokens = list[Token]
_LATE = 6  # a product is broken only where nothing else will do


class TextWriter(Writer[Tokens]):
    """Writes a formula in tokens; `unicode` allows raised and lowered digits."""

    fractions_are_tall = False

    def __init__(self, digits: Digits = 3, kind: Any = np.float64, unicode: bool = True) -> None:
        super().__init__(digits, kind)
        self.unicode = unicode

    def number(self, text: str) -> Tokens:
        if text.startswith("-"):
            return [Token(("−" if self.unicode else "-") + text[1:], NEGATIVE)]
        return [Token(text, POSITIVE if text not in ("0", "nan") else "")]

    def array(self, value: np.ndarray) -> Tokens:
        text = array_text(value, self.digits)
        return [Token(text if self.unicode else text.replace("−", "-"))]

    def symbol(self, symbol: Symbol) -> Tokens:
        return [Token(symbol_text(symbol, self.unicode), NAME)]

    def rest(self, count: int, number: Tokens | None) -> Tokens:
        others = f"⟨{count:,} others⟩" if self.unicode else f"<{count:,} others>"
        return [*(_bracketed(number) if number and number[0].style == NEGATIVE else number or []), Token(others, FAINT)]

    def sum(self, parts: list[tuple[str, Tokens]]) -> Tokens:
        minus = "−" if self.unicode else "-"
        line: Tokens = []
        for i, (sign, part) in enumerate(parts):
            if i:
                line.append(Token(f" {minus if sign == '-' else '+'} ", "", 1))
            elif sign == "-":
                line.append(Token(minus))
            line += part
        return line

    def product(self, parts: list[Tokens], matrices: bool) -> Tokens:
        between = " " if matrices else "·" if self.unicode else "*"
        return [t for i, part in enumerate(parts) for t in ([Token(between, "", _LATE)] if i else []) + part]

    def negative(self, part: Tokens) -> Tokens:
        return [Token("−" if self.unicode else "-"), *part]

    def fraction(self, top: Tokens, bottom: Tokens) -> Tokens:
        return [*top, Token(" / ", "", _LATE), *bottom]

    def power(self, base: Tokens, exponent: Tokens) -> Tokens:
        words = "".join(t.text for t in exponent)
        if self.unicode and words.isdigit():
            return [*base, Token(raised(words))]
        if len(exponent) == 1 and words[:1] not in "-−":
            return [*base, Token("^"), *exponent]
        return [*base, Token("^"), *_bracketed(exponent)]

    def transposed(self, part: Tokens) -> Tokens:
        return [*part, Token("ᵀ" if self.unicode else ".T")]

    def call(self, name: str, arguments: list[Tokens]) -> Tokens:
        word, around = function_in(name, "text")
        if not self.unicode and not (word.isascii()):
            word, around = name, None
        inside = [t for i, a in enumerate(arguments) for t in ([Token(", ", "", 2)] if i else []) + a]
        nested = any(t.text == "|" for t in inside)  # |a|b|| could be read in two ways
        if around and self.unicode and not nested:
            return [Token(around[0]), *inside, Token(around[1])]
        return [Token(word if not around else name), *_bracketed(inside)]

    def compare(self, sign: str, left: Tokens, right: Tokens) -> Tokens:
        sign = sign if self.unicode else {"≠": "!=", "≤": "<=", "≥": ">="}.get(sign, sign)
        return [Token("["), *left, Token(f" {sign} "), *right, Token("]")]

    def choice(self, condition: Tokens, yes: Tokens, no: Tokens) -> Tokens:
        return [Token("("), *yes, Token(" if "), *condition, Token(" else "), *no, Token(")")]

    def brackets(self, part: Tokens) -> Tokens:
        return _bracketed(part)


def _bracketed(part: Tokens) -> Tokens:
    return [Token("("), *(t._replace(breaks=t.breaks and t.breaks + 1) for t in part), Token(")")]


def array_text(value: np.ndarray, digits: Digits, most: int = 8) -> str:
    """An array on one line: [0.5, 1], [[…], […]], or the ends of a long one."""
    if value.ndim == 0:
        return signed(value, digits, value.dtype)
    if value.ndim > 1 and len(value) == 1:
        return array_text(value[0], digits, most)
    if len(value) > most:
        ends = [*value[:3], *value[-2:]]
        words = [array_text(np.asarray(v), digits, most) for v in ends]
        return f"[{', '.join(words[:3])}, …, {', '.join(words[3:])}]"
    return f"[{', '.join(array_text(np.asarray(v), digits, most) for v in value)}]"


def symbol_text(symbol: Symbol, unicode: bool = True) -> str:
    """A name on a line of text.

    >>> symbol_text(Symbol("W", "2", (1, 3), slope=True)), symbol_text(Symbol("W", "2", (1, 13)), unicode=False)
    ('dW⁽²⁾₁₃', 'W2[1,13]')
    """
    letter = ("d" if symbol.slope else "") + symbol.letter + ("′" if symbol.new else "")
    if not unicode:
        base, accent, below, dashes = taken_apart(symbol.letter)
        base = {"β": "beta", "η": "lr", "ε": "eps", "λ": "lambda", "μ": "mu"}.get(base, base)
        letter = ("d" if symbol.slope else "") + base + {"^": "hat", "¯": "mean"}.get(accent, "") + below
        letter += "'" * (len(dashes) + symbol.new)
        where = f"[{','.join(map(str, symbol.index))}]" if symbol.index else ""
        return letter + symbol.layer + where
    layer = raised(f"({symbol.layer})") if symbol.layer.isdigit() else f"[{symbol.layer}]" if symbol.layer else ""
    where = place(symbol.index)
    if where and letter[-1] in "₀₁₂₃₄₅₆₇₈₉" and not layer:  # u₃ has a digit of its own
        where = ",".join(map(str, symbol.index))
        return f"{letter}[{where}]"
    return letter + layer + (f"[{where}]" if "," in where else lowered(where))


def plain(tokens: Tokens) -> str:
    """The words of tokens in a row."""
    return "".join(t.text for t in tokens)


def formula_text(formula: Formula, side: str, digits: Digits = 3, kind: Any = np.float64, unicode: bool = True) -> str:
    """A formula on one line.

    >>> from glassnet.read.formula import Number, Value, minus, times
    >>> f = minus(times(Value(Symbol("w"), -0.5), Value(Symbol("x"), 2.0)), Number(1.0))
    >>> formula_text(f, "symbols"), formula_text(f, "numbers")
    ('w·x − 1', '−0.5·2 − 1')
    """
    return plain(TextWriter(digits, kind, unicode).write(formula, side))
