"""Formulas in Presentation MathML, which browsers show without any script."""

from __future__ import annotations

from html import escape

import numpy as np

from glassnet.read.digits import spell
from glassnet.read.formula import Symbol
from glassnet.read.render import Writer, function_in, place, taken_apart

_LARGEST_MATRIX = 8


class MathWriter(Writer[str]):
    """Writes a formula in MathML; numbers carry a class that says their sign."""

    def number(self, text: str) -> str:
        sign = "neg" if text.startswith("-") else "pos"
        mantissa, e, exponent = text.lstrip("-").partition("e")
        shown = {"inf": "∞", "nan": "NaN"}.get(mantissa, mantissa)
        body = f'<mn class="{sign}">{shown}</mn>'
        if e:
            body = row(body, operator("·"), f"<msup><mn>10</mn>{_signed(exponent)}</msup>")
        return row('<mo class="neg">−</mo>', body) if sign == "neg" else body

    def array(self, value: np.ndarray) -> str:
        rows = np.atleast_2d(value)
        if rows.ndim > 2 or max(rows.shape) > _LARGEST_MATRIX:
            return f"<mtext>[{'×'.join(map(str, value.shape))}]</mtext>"
        cells = (
            "".join(f"<mtd>{self.number(spell(v, self.digits, value.dtype))}</mtd>" for v in line) for line in rows
        )
        table = "".join(f"<mtr>{cell}</mtr>" for cell in cells)
        return row(operator("["), f"<mtable>{table}</mtable>", operator("]"))

    def symbol(self, symbol: Symbol) -> str:
        return symbol_mathml(symbol)

    def rest(self, count: int, number: str | None) -> str:
        others = f"<mtext>{count:,} others</mtext>"
        return others if number is None else f"<munder>{row(number)}{others}</munder>"

    def sum(self, parts: list[tuple[str, str]]) -> str:
        line = [operator("−")] if parts[0][0] == "-" else []
        line.append(parts[0][1])
        for sign, part in parts[1:]:
            line += [operator("−" if sign == "-" else "+"), part]
        return row(*line)

    def product(self, parts: list[str], matrices: bool) -> str:
        between = operator("\u2062" if matrices else "·")
        return row(between.join(parts))

    def negative(self, part: str) -> str:
        return row(operator("−"), part)

    def fraction(self, top: str, bottom: str) -> str:
        return f"<mfrac>{row(top)}{row(bottom)}</mfrac>"

    def power(self, base: str, exponent: str) -> str:
        return f"<msup>{row(base)}{row(exponent)}</msup>"

    def transposed(self, part: str) -> str:
        return f"<msup>{row(part)}<mo>⊤</mo></msup>"

    def call(self, name: str, arguments: list[str]) -> str:
        inside = operator(",").join(arguments)
        if name == "sqrt":
            return f"<msqrt>{row(inside)}</msqrt>"
        if name == "exp":
            return f"<msup><mi>e</mi>{row(inside)}</msup>"
        word, around = function_in(name, "text")
        if around:
            return row(operator(around[0]), inside, operator(around[1]))
        return row(f"<mi>{escape(word)}</mi>", operator("("), inside, operator(")"))

    def compare(self, sign: str, left: str, right: str) -> str:
        return row(operator("["), left, operator(sign), right, operator("]"))

    def choice(self, condition: str, yes: str, no: str) -> str:
        first = f"<mtr><mtd>{yes}</mtd><mtd><mtext>if </mtext>{condition}</mtd></mtr>"
        return row(operator("{"), f"<mtable>{first}<mtr><mtd>{no}</mtd><mtd><mtext>else</mtext></mtd></mtr></mtable>")

    def brackets(self, part: str) -> str:
        return row(operator("("), part, operator(")"))


def row(*parts: str) -> str:
    """Parts side by side."""
    return f"<mrow>{''.join(parts)}</mrow>"


def operator(sign: str) -> str:
    """A sign between parts."""
    return f"<mo>{escape(sign)}</mo>"


def _signed(text: str) -> str:
    number = f"<mn>{text.lstrip('-')}</mn>"
    return row(operator("−"), number) if text.startswith("-") else number


def symbol_mathml(symbol: Symbol) -> str:
    """A name in MathML; a slope is a derivative of L.

    >>> symbol_mathml(Symbol("x", index=(2,)))
    '<msub><mi>x</mi><mn>2</mn></msub>'
    """
    base, accent, below, dashes = taken_apart(symbol.letter)
    body = f"<mi>{escape(base)}</mi>"
    if accent:
        body = f"<mover>{body}<mo>{escape(accent)}</mo></mover>"
    above = "′" * (len(dashes) + symbol.new)
    if symbol.layer:
        above += f"({symbol.layer})" if symbol.layer.isdigit() else symbol.layer
    high = f"<mtext>{escape(above)}</mtext>" if above else ""
    where = ",".join(part for part in (below, place(symbol.index)) if part)
    low = f"<mn>{escape(where)}</mn>" if where else ""
    tag = {(True, True): "msubsup", (True, False): "msub", (False, True): "msup"}.get((bool(low), bool(high)))
    body = f"<{tag}>{body}{low}{high}</{tag}>" if tag else body
    if symbol.slope:
        d = operator("∂")
        return f"<mfrac>{row(d, symbol_mathml(Symbol(symbol.of)))}{row(d, body)}</mfrac>"
    return body
