"""Reading a printed formula back, with Python's own arithmetic and none of glassnet's code."""

import math
import re

import pytest

_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SIGNS = {"−": "-", "·": "*", "≥": ">=", "≤": "<=", "≠": "!=", " = ": " == ", "^": "**", "√": "sqrt", "σ": "sigmoid"}
_NAMES = {
    "sqrt": math.sqrt,
    "ln": lambda z: math.log(z) if z > 0 else -math.inf if z == 0 else math.nan,
    "exp": math.exp,
    "tanh": math.tanh,
    "max": max,
    "min": min,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)) if z > -700 else 0.0,
    "Phi": lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))),
    "sin": math.sin,
    "cos": math.cos,
    "erf": math.erf,
    "clamp": lambda x, low, high: min(max(x, low), high),
    "sign": lambda z: (z > 0) - (z < 0),
    "inf": math.inf,
    "nan": math.nan,
    "abs": abs,
}


def read_back(text):
    """What a formula in numbers comes to for somebody who has only its text."""
    text = re.sub(r"⟨[^⟩]*⟩", "", text)
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**{m[0].translate(_POWERS)}", text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    for sign, python in _SIGNS.items():
        text = text.replace(sign, python)
    text = text.replace("Φ", "Phi").replace("[", "(1.0 * (").replace("]", "))")
    try:
        return float(eval(text, {"__builtins__": {}}, _NAMES))
    except (ZeroDivisionError, ValueError, OverflowError):
        return math.nan


@pytest.fixture(scope="session")
def reread():
    return read_back
