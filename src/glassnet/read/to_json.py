"""An explanation as data: for pages that draw it themselves, and for programs that check it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from glassnet.read.digits import spell
from glassnet.read.document import Document, Step
from glassnet.read.equation import Equation
from glassnet.read.formula import Call, Compare, Formula, Number, Product, Rest, Value
from glassnet.read.mathml import MathWriter, symbol_mathml
from glassnet.read.render import NUMBERS, SYMBOLS
from glassnet.read.tex import TexWriter, symbol_tex
from glassnet.read.text import formula_text, symbol_text

_LARGEST = 1000  # numbers of a result that are listed


def document_data(document: Document) -> dict[str, Any]:
    """Everything in plain dictionaries; NaN and infinities are the words for them."""
    return {
        "title": document.title,
        "digits": document.digits,
        "summary": document.summary,
        "steps": [_step(step, document) for step in document.steps],
        "tables": [{"title": t.title, "headers": t.headers, "rows": t.rows} for t in document.tables],
        "notes": document.notes,
    }


def document_json(document: Document) -> str:
    """The same as text."""
    return json.dumps(document_data(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _step(step: Step, document: Document) -> dict[str, Any]:
    formula, kind, digits = step.formula, step.result.dtype, document.digits
    return {
        "part": step.part,
        "words": step.words,
        "layer": step.layer,
        "name": symbol_text(step.symbol),
        "symbols": formula_text(formula, SYMBOLS, digits, kind),
        "numbers": formula_text(formula, NUMBERS, digits, kind) if step.whole else None,
        "tex": f"{symbol_tex(step.symbol)} = {TexWriter(digits, kind).write(formula, SYMBOLS)}",
        "mathml": f"{symbol_mathml(step.symbol)}<mo>=</mo>{MathWriter(digits, kind).write(formula, SYMBOLS)}",
        "rounded": step.remark(digits),
        "shape": list(step.shape),
        "rows": list(step.rows),
        "ops": list(step.ops),
        "result": _numbers(step.result) if step.result.size <= _LARGEST else None,
        "lines": [_line(line, document) for line in step.lines],
        "more": step.more,
    }


def _line(line: Equation, document: Document) -> dict[str, Any]:
    digits = document.digits
    return {
        "name": symbol_text(line.symbol),
        "symbols": formula_text(line.formula, SYMBOLS, digits, line.kind),
        "numbers": formula_text(line.formula, NUMBERS, digits, line.kind),
        "tex": TexWriter(digits, line.kind).write(line.formula, NUMBERS),
        "mathml": MathWriter(digits, line.kind).write(line.formula, NUMBERS),
        "tree": tree(line.formula),
        "printed": line.printed(digits),
        "value": _number(line.value),
        "rounded": line.remark(digits),
        "at_corner": line.corner,
        "by_differences": None if line.numeric is None else _number(line.numeric),
    }


def tree(formula: Formula) -> dict[str, Any]:
    """A formula as nested dictionaries."""
    kind = type(formula).__name__.lower()
    if isinstance(formula, Value):
        return {"kind": kind, "name": symbol_text(formula.symbol), "value": _number(formula.value)}
    if isinstance(formula, Number):
        return {"kind": kind, "value": _number(formula.value)}
    if isinstance(formula, Rest):
        return {"kind": kind, "count": formula.count, "value": _number(formula.value)}
    extra = {"function": formula.function} if isinstance(formula, Call) else {}
    extra |= {"sign": formula.sign} if isinstance(formula, Compare) else {}
    extra |= {"matrices": formula.matrices} if isinstance(formula, Product) else {}
    return {"kind": kind, **extra, "parts": [tree(part) for part in formula.parts()]}


def _number(value: Any) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else spell(number, 3)


def _numbers(array: np.ndarray) -> Any:
    return [_numbers(a) for a in array] if array.ndim else _number(array)
