r"""Formulas in LaTeX: W^{(1)}_{11}\,x_1 + b^{(1)}_1."""

from __future__ import annotations

import unicodedata

import numpy as np

from glassnet.read.digits import spell
from glassnet.read.formula import Symbol
from glassnet.read.render import Writer, function_in, place, taken_apart

GREEK = {
    "η": r"\eta", "β": r"\beta", "ε": r"\varepsilon", "λ": r"\lambda", "μ": r"\mu", "α": r"\alpha", "ρ": r"\rho",
    "τ": r"\tau", "γ": r"\gamma", "Δ": r"\Delta", "Π": r"\Pi", "ℓ": r"\ell", "σ": r"\sigma", "Φ": r"\Phi",
    "π": r"\pi", "Σw": r"\Sigma w", "R²": "R^2", "‖g‖": r"\Vert g \Vert",
}  # fmt: skip
_ACCENTS = {"^": r"\hat", "¯": r"\bar"}
_COMBINING = {"\u0302": r"\hat", "\u0304": r"\bar", "\u0303": r"\tilde"}
_SIGNS = {"≠": r"\ne", "≤": r"\le", "≥": r"\ge"}
_LARGEST_MATRIX = 8


class TexWriter(Writer[str]):
    """Writes a formula in LaTeX."""

    def number(self, text: str) -> str:
        mantissa, e, exponent = text.partition("e")
        if e:
            return rf"{mantissa} \cdot 10^{{{exponent}}}"
        return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{NaN}"}.get(text, text)

    def array(self, value: np.ndarray) -> str:
        rows = np.atleast_2d(value)
        if rows.ndim > 2 or max(rows.shape) > _LARGEST_MATRIX:
            size = r"\times ".join(map(str, value.shape))
            return rf"[\,{size}\,]"
        lines = (" & ".join(self.number(spell(v, self.digits, value.dtype)) for v in row) for row in rows)
        body = r" \\ ".join(lines)
        return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"

    def symbol(self, symbol: Symbol) -> str:
        return symbol_tex(symbol)

    def rest(self, count: int, number: str | None) -> str:
        others = rf"\text{{{count:,} others}}"
        return others if number is None else rf"\underbrace{{{number}}}_{{{others}}}"

    def sum(self, parts: list[tuple[str, str]]) -> str:
        first = ("-" if parts[0][0] == "-" else "") + parts[0][1]
        return first + "".join(f" {sign} {part}" for sign, part in parts[1:])

    def product(self, parts: list[str], matrices: bool) -> str:
        return (r"\, " if matrices else r" \cdot ").join(parts)

    def negative(self, part: str) -> str:
        return f"-{part}"

    def fraction(self, top: str, bottom: str) -> str:
        return rf"\frac{{{top}}}{{{bottom}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}"

    def transposed(self, part: str) -> str:
        return rf"{{{part}}}^\top"

    def call(self, name: str, arguments: list[str]) -> str:
        word, around = function_in(name, "tex")
        inside = ", ".join(arguments)
        if name == "exp":
            return f"e^{{{inside}}}"
        if name == "sqrt":
            return rf"\sqrt{{{inside}}}"
        if around:
            return f"{around[0]}{inside}{around[1]}"
        if not word.startswith("\\"):
            word = rf"\operatorname{{{word}}}"
        return rf"{word}\left({inside}\right)"

    def compare(self, sign: str, left: str, right: str) -> str:
        return f"[{left} {_SIGNS.get(sign, sign)} {right}]"

    def choice(self, condition: str, yes: str, no: str) -> str:
        return rf"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{else}} \end{{cases}}"

    def brackets(self, part: str) -> str:
        return rf"\left({part}\right)"


def symbol_tex(symbol: Symbol) -> str:
    r"""A name in LaTeX; a slope is a derivative of L.

    >>> print(symbol_tex(Symbol("W", "2", (1, 13))), symbol_tex(Symbol("b", "1", slope=True)))
    W^{(2)}_{1,13} \frac{\partial L}{\partial b^{(1)}}
    """
    base, accent, below, dashes = taken_apart(symbol.letter)
    body = GREEK.get(base) or (base if len(base) == 1 else _word(base))
    if accent:
        body = rf"{_ACCENTS[accent]}{{{body}}}"
    primes = r"\prime" * (len(dashes) + symbol.new)
    layer = f"({symbol.layer})" if symbol.layer.isdigit() else rf"\text{{{symbol.layer}}}" if symbol.layer else ""
    low = ",".join(part for part in (below, place(symbol.index)) if part)
    body += f"^{{{primes}{layer}}}" if primes or layer else ""
    body += f"_{{{low}}}" if low else ""
    if not symbol.slope:
        return body
    return rf"\frac{{\partial {symbol_tex(Symbol(symbol.of))}}}{{\partial {body}}}"


def _word(word: str) -> str:
    r"""A name of several letters, upright; Greek letters are commands.

    >>> print(_word("ΔW"), _word("step"))
    {\Delta}\mathrm{W} \mathrm{step}
    """
    if not any(letter in GREEK for letter in word):
        return rf"\mathrm{{{_accented(word)}}}"
    pieces = (f"{{{GREEK[c]}}}" if c in GREEK else rf"\mathrm{{{c}}}" for c in word)
    return "".join(pieces)


def _accented(word: str) -> str:
    r"""A word for mathematics, where an accent is a command.

    >>> print(_accented("dŷ"))
    d\hat{y}
    """
    said: list[str] = []
    for c in unicodedata.normalize("NFD", word):
        said.append(rf"{_COMBINING[c]}{{{said.pop()}}}" if c in _COMBINING and said else c)
    return "".join(said)
