"""A formula as a tree, which can be said in symbols, in numbers, and worked out again.

A leaf is a `Value`, which has a symbol and a number, a `Number`, which is the same in both, or `Rest`, the sum of the
terms that are not shown. Whoever shows a formula chooses which side of its values to show; `evaluate` works it out from
the numbers, as they are or as they were printed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.core import error_function, kernels, special


@dataclass(frozen=True)
class Symbol:
    """A name such as W⁽²⁾₁₃: a letter, the layer it belongs to, its place (counted from 1).

    `slope` makes it the derivative of the result called `of` with respect to that name; `new` is its value after an
    update.
    """

    letter: str
    layer: str = ""
    index: tuple[int, ...] = ()
    slope: bool = False
    new: bool = False
    of: str = "L"


class Formula:
    """What all nodes share: their children, in order."""

    def parts(self) -> tuple[Formula, ...]:
        """The formulas inside this one."""
        return ()


@dataclass(frozen=True)
class Number(Formula):
    """A constant of the formula itself: the 2 of a square, the 1 of 1 − a."""

    value: float


@dataclass(frozen=True, eq=False)
class Value(Formula):
    """A named number, or a named array of them."""

    symbol: Symbol
    value: Any


@dataclass(frozen=True)
class Rest(Formula):
    """The sum of the terms that are too many to show."""

    count: int
    value: float


@dataclass(frozen=True)
class Sum(Formula):
    """Terms added up; a `Negative` term is taken off."""

    terms: tuple[Formula, ...]

    def parts(self) -> tuple[Formula, ...]:
        return self.terms


@dataclass(frozen=True)
class Product(Formula):
    """Factors multiplied, number by number, or as matrices."""

    factors: tuple[Formula, ...]
    matrices: bool = False

    def parts(self) -> tuple[Formula, ...]:
        return self.factors


@dataclass(frozen=True)
class Negative(Formula):
    """The opposite of a formula."""

    of: Formula

    def parts(self) -> tuple[Formula, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Fraction(Formula):
    """One formula divided by another."""

    top: Formula
    bottom: Formula

    def parts(self) -> tuple[Formula, ...]:
        return (self.top, self.bottom)


@dataclass(frozen=True)
class Power(Formula):
    """One formula to the power of another."""

    base: Formula
    exponent: Formula

    def parts(self) -> tuple[Formula, ...]:
        return (self.base, self.exponent)


@dataclass(frozen=True)
class Transposed(Formula):
    """A matrix turned over its diagonal."""

    of: Formula

    def parts(self) -> tuple[Formula, ...]:
        return (self.of,)


@dataclass(frozen=True)
class Call(Formula):
    """A function of one or several formulas, by its name in `FUNCTIONS`, or the name of a row that has no formula."""

    function: str
    arguments: tuple[Formula, ...]

    def parts(self) -> tuple[Formula, ...]:
        return self.arguments


@dataclass(frozen=True)
class Compare(Formula):
    """1 where the comparison holds, else 0."""

    sign: str
    left: Formula
    right: Formula

    def parts(self) -> tuple[Formula, ...]:
        return (self.left, self.right)


@dataclass(frozen=True)
class Choice(Formula):
    """One formula where a condition holds, else another."""

    condition: Formula
    yes: Formula
    no: Formula

    def parts(self) -> tuple[Formula, ...]:
        return (self.condition, self.yes, self.no)


# ---- making formulas that read well --------------------------------------------------------------------------------

ZERO, ONE = Number(0.0), Number(1.0)


def times(*factors: Formula, matrices: bool = False) -> Formula:
    """A product without factors 1, its constants gathered in front, its signs drawn out.

    >>> times(Number(2.0), Number(0.5), Number(3.0)), times(Number(4.0), Number(0.0))
    (Number(value=3.0), Number(value=0.0))
    """
    constant, rest = 1.0, list[Formula]()
    for f in _flat(factors, Product):
        if isinstance(f, Negative):
            constant, f = -constant, f.of
        if isinstance(f, Number):
            constant *= f.value
        elif isinstance(f, Product) and f.matrices == matrices:
            rest += f.factors
        else:
            rest.append(f)
    if not rest or constant == 0:
        return Number(constant)
    if abs(constant) != 1:
        rest.insert(0, Number(abs(constant)))
    product = rest[0] if len(rest) == 1 else Product(tuple(rest), matrices)
    return Negative(product) if constant < 0 else product


def plus(*terms: Formula) -> Formula:
    """A sum without terms 0."""
    kept = tuple(t for t in _flat(terms, Sum) if t != ZERO)
    return kept[0] if len(kept) == 1 else Sum(kept) if kept else ZERO


def minus(a: Formula, b: Formula) -> Formula:
    """a − b."""
    return plus(a, negative(b))


def negative(f: Formula) -> Formula:
    """−f, and f itself for −(−f)."""
    if isinstance(f, Number):
        return Number(-f.value) if f.value else f
    return f.of if isinstance(f, Negative) else Negative(f)


def over(top: Formula, bottom: Formula) -> Formula:
    """top / bottom, the sign in front."""
    if bottom == ONE:
        return top
    if isinstance(top, Negative):
        return Negative(over(top.of, bottom))
    return Fraction(top, bottom)


def raised(base: Formula, exponent: Formula) -> Formula:
    """base to a power; a negative whole power of something is a fraction."""
    if exponent == ONE:
        return base
    if isinstance(exponent, Number) and exponent.value < 0:
        return Fraction(ONE, raised(base, Number(-exponent.value)))
    return Power(base, exponent)


def gathered(f: Formula) -> Formula:
    """A sum whose like terms are one: 0.1·w + 0.1·w is 0.2·w.

    >>> w = Value(Symbol("w"), 3.0)
    >>> gathered(plus(times(Number(0.1), w), w, times(Number(0.1), w))).parts()[0]
    Number(value=1.2)
    """
    if not isinstance(f, Sum):
        return f
    alike: dict[Any, tuple[float, Formula]] = {}
    for term in f.terms:
        factor, rest = _factored(term)
        key = _likeness(rest)
        before = alike[key][0] if key in alike else 0.0
        alike[key] = before + factor, rest
    if len(alike) == len(f.terms) or any(factor == 0 for factor, _ in alike.values()):
        return f
    return plus(*(times(Number(float(f"{factor:.15g}")), rest) for factor, rest in alike.values()))


def _factored(term: Formula) -> tuple[float, Formula]:
    """A number, and what it multiplies."""
    if isinstance(term, Negative):
        factor, rest = _factored(term.of)
        return -factor, rest
    if isinstance(term, Product) and isinstance(term.factors[0], Number) and len(term.factors) > 1:
        rest = term.factors[1:]
        return term.factors[0].value, rest[0] if len(rest) == 1 else Product(rest, term.matrices)
    return 1.0, term


def _likeness(f: Formula) -> Any:
    """What two formulas have in common that come to the same because they read the same."""
    if isinstance(f, Value):
        return ("value", f.symbol)
    if isinstance(f, Number):
        return ("number", f.value)
    if isinstance(f, Rest):
        return ("rest", id(f))
    own = getattr(f, "function", getattr(f, "sign", getattr(f, "matrices", None)))
    return (type(f).__name__, own, tuple(map(_likeness, f.parts())))


def _flat(parts: tuple[Formula, ...], kind: type[Formula]) -> Iterator[Formula]:
    """The parts, those of the same kind opened; matrix products stay closed."""
    for p in parts:
        if isinstance(p, kind) and not getattr(p, "matrices", False):
            yield from p.parts()
        else:
            yield p


# ---- working formulas out ------------------------------------------------------------------------------------------


def _normal_share(z: Any) -> Any:
    return (1 + error_function.erf(np.asarray(z, np.float64) * math.sqrt(0.5))) / 2


def _sigmoid(z: Any) -> Any:
    return kernels.sigmoid(np.asarray(z, np.float64))


def _softmax(z: Any, log: bool = False) -> Any:
    shifted = np.asarray(z) - np.max(z, axis=-1, keepdims=True)
    total = np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return shifted - total if log else np.exp(shifted - total)


@dataclass(frozen=True)
class Function:
    """How a function is worked out, and how it is written on a line of text and in LaTeX."""

    run: Callable[..., Any]
    text: str
    tex: str
    around: tuple[str, str, str, str] | None = field(default=None)  # text and TeX that stand on both sides instead


FUNCTIONS: dict[str, Function] = {
    "exp": Function(np.exp, "exp", r"\exp"),
    "ln": Function(np.log, "ln", r"\ln"),
    "log2": Function(np.log2, "log₂", r"\log_2"),
    "log10": Function(np.log10, "log₁₀", r"\log_{10}"),
    "sqrt": Function(np.sqrt, "√", r"\sqrt"),
    "sigmoid": Function(_sigmoid, "σ", r"\sigma"),
    "Phi": Function(_normal_share, "Φ", r"\Phi"),
    "abs": Function(np.abs, "abs", "", ("|", "|", "|", "|")),
    "floor": Function(np.floor, "floor", "", ("⌊", "⌋", r"\lfloor ", r" \rfloor")),
    "ceil": Function(np.ceil, "ceil", "", ("⌈", "⌉", r"\lceil ", r" \rceil")),
    "max": Function(lambda *a: functools.reduce(np.maximum, a), "max", r"\max"),
    "min": Function(lambda *a: functools.reduce(np.minimum, a), "min", r"\min"),
    "mod": Function(np.mod, "mod", r"\operatorname{mod}"),
    "fmod": Function(np.fmod, "fmod", r"\operatorname{fmod}"),
    "atan2": Function(np.arctan2, "atan2", r"\operatorname{atan2}"),
    "erf": Function(lambda z: error_function.erf(np.asarray(z, np.float64)), "erf", r"\operatorname{erf}"),
    "erfc": Function(special.erfc, "erfc", r"\operatorname{erfc}"),
    "erfinv": Function(special.erfinv, "erfinv", r"\operatorname{erfinv}"),
    "lgamma": Function(special.lgamma, "lgamma", r"\operatorname{lgamma}"),
    "polygamma": Function(lambda n, z: special.polygamma(z, order=int(n)), "polygamma", r"\operatorname{polygamma}"),
    "sign": Function(np.sign, "sign", r"\operatorname{sign}"),
    "trunc": Function(np.trunc, "trunc", r"\operatorname{trunc}"),
    "round": Function(np.round, "round", r"\operatorname{round}"),
    "clamp": Function(lambda x, low, high: np.minimum(np.maximum(x, low), high), "clamp", r"\operatorname{clamp}"),
    "sum": Function(np.sum, "sum", r"\operatorname{sum}"),
    "sum over the batch": Function(lambda a: np.sum(a, axis=0), "sum over the batch", r"\operatorname{sum}_{batch}"),
    "mean": Function(np.mean, "mean", r"\operatorname{mean}"),
    "softmax": Function(_softmax, "softmax", r"\operatorname{softmax}"),
    "ln softmax": Function(lambda z: _softmax(z, log=True), "ln softmax", r"\ln\operatorname{softmax}"),
} | {
    name: Function(run, name, rf"\{name}")
    for name, run in {
        "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
        "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan,
    }.items()
}  # fmt: skip

_COMPARE = {
    "=": np.equal, "≠": np.not_equal, "<": np.less, "≤": np.less_equal, ">": np.greater, "≥": np.greater_equal,
}  # fmt: skip
Read = Callable[[Any], Any]


def evaluate(formula: Formula, read: Read = lambda value: value) -> Any:
    """The number that a formula comes to, in float64; `read` may round the numbers of its leaves first.

    NaN for a function that has no formula of its own.

    >>> evaluate(plus(times(Number(2.0), Value(Symbol("x"), 3.0)), Number(1.0)))
    7.0
    """
    with np.errstate(all="ignore"):
        return _worked_out(formula, read)


def _worked_out(f: Formula, read: Read) -> Any:
    if isinstance(f, Number | Value | Rest):
        return _double(read(f.value))
    inside = [_worked_out(p, read) for p in f.parts()]
    return _RUN[type(f)](f, *inside)


def _double(value: Any) -> Any:
    return value.astype(np.float64) if isinstance(value, np.ndarray) and value.ndim else float(value)


def _sum(f: Formula, *terms: Any) -> Any:
    return math.fsum(terms) if all(isinstance(t, float) and math.isfinite(t) for t in terms) else sum(terms)


def _product(f: Any, *factors: Any) -> Any:
    result = factors[0]
    for factor in factors[1:]:
        result = result @ factor if f.matrices else result * factor
    return result


def _power(f: Formula, base: Any, exponent: Any) -> Any:
    return np.power(np.float64(base) if isinstance(base, float) else base, exponent)


def _call(f: Any, *arguments: Any) -> Any:
    return FUNCTIONS[f.function].run(*arguments) if f.function in FUNCTIONS else math.nan


_RUN: dict[type[Formula], Callable[..., Any]] = {
    Sum: _sum,
    Product: _product,
    Negative: lambda f, a: -a,
    Fraction: lambda f, a, b: np.divide(a, b),
    Power: _power,
    Transposed: lambda f, a: np.swapaxes(a, -1, -2),
    Call: _call,
    Compare: lambda f, a, b: np.float64(1) * _COMPARE[f.sign](a, b),
    Choice: lambda f, c, a, b: np.where(c, a, b) if isinstance(c, np.ndarray) else (a if c else b),
}


def leaves(formula: Formula) -> Iterator[Formula]:
    """The leaves of a formula, from left to right."""
    if not formula.parts():
        yield formula
    for part in formula.parts():
        yield from leaves(part)
