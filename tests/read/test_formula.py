"""Trees of formulas: what they come to, and that their text means the same, brackets and all."""

import math
from xml.dom import minidom

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glassnet.core.ops import OPS
from glassnet.read.digits import as_printed, spell
from glassnet.read.formula import (
    Call,
    Choice,
    Compare,
    Fraction,
    Negative,
    Number,
    Power,
    Product,
    Rest,
    Sum,
    Symbol,
    Value,
    evaluate,
    gathered,
    minus,
    over,
    plus,
    raised,
    times,
)
from glassnet.read.mathml import MathWriter
from glassnet.read.template import formula_of
from glassnet.read.tex import TexWriter
from glassnet.read.text import formula_text

quarters = st.integers(-20, 20).map(lambda n: n / 4)
leaf = st.one_of(
    quarters.map(Number),
    st.builds(lambda v: Value(Symbol("x", "1", (2,)), v), quarters),
    st.builds(Rest, st.integers(2, 999), quarters),
)


def bigger(inner):
    """Every kind of node, as the tape builds it and as it stands."""
    several = st.lists(inner, min_size=2, max_size=4)
    return st.one_of(
        several.map(lambda ts: Sum(tuple(ts))),
        several.map(lambda fs: Product(tuple(fs))),
        several.map(lambda ts: plus(*ts)),
        several.map(lambda fs: times(*fs)),
        inner.map(Negative),
        st.builds(Fraction, inner, inner),
        st.builds(over, inner, inner),
        st.builds(minus, inner, inner),
        st.builds(raised, inner, st.sampled_from([Number(2.0), Number(3.0), Number(-1.0)])),
        st.builds(Power, inner, st.just(Number(2.0))),
        st.builds(lambda f: Call("tanh", (f,)), inner),
        st.builds(lambda f: Call("abs", (Call("sin", (f,)),)), inner),
        st.builds(lambda a, b: Call("max", (a, b)), inner, inner),
        st.builds(lambda a, b: Compare(">", a, b), inner, inner),
        st.builds(lambda a, b, c: Choice(Compare("≤", a, b), b, c), inner, inner, inner),
    )


formulas = st.recursive(leaf, bigger, max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(formulas)
def test_the_text_of_a_formula_means_the_formula(reread, formula):
    value = evaluate(formula)
    assume(math.isfinite(value) and abs(value) < 1e12)
    again = reread(formula_text(formula, "numbers", "exact"))
    assume(math.isfinite(again))  # a quotient by 0 inside a choice is computed here, and not there
    assert again == pytest.approx(value, rel=1e-9, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(formulas, st.sampled_from(["symbols", "numbers"]))
def test_all_writers_write_every_formula(formula, side):
    minidom.parseString(f"<math>{MathWriter().write(formula, side)}</math>")
    tex = TexWriter().write(formula, side)
    assert tex.count("{") == tex.count("}")
    assert tex.count(r"\left") == tex.count(r"\right")
    assert formula_text(formula, side, unicode=False).isascii()


def test_brackets_stand_only_where_they_are_needed():
    a, b, c = (Value(Symbol(name), value) for name, value in (("a", -0.5), ("b", 2.0), ("c", -3.0)))
    for formula, symbols, numbers in (
        (plus(times(a, b), c), "a·b + c", "−0.5·2 + (−3)"),
        (minus(a, times(b, c)), "a − b·c", "−0.5 − 2·(−3)"),
        (times(a, plus(b, c)), "a·(b + c)", "−0.5·(2 + (−3))"),
        (times(plus(a, b), c), "(a + b)·c", "(−0.5 + 2)·(−3)"),
        (over(plus(a, b), times(b, c)), "(a + b) / (b·c)", "(−0.5 + 2) / (2·(−3))"),
        (raised(a, Number(2.0)), "a²", "(−0.5)²"),
        (minus(a, minus(b, c)), "a − (b − c)", "−0.5 − (2 − (−3))"),
        (times(a, over(b, c)), "a·(b / c)", "−0.5·(2 / (−3))"),
    ):
        assert formula_text(formula, "symbols") == symbols
        assert formula_text(formula, "numbers") == numbers


ELEMENTWISE = [op for op in OPS.values() if (op.elementwise or op.name == "where") and not op.name.startswith("bit_")]
LOOKED_AT = ("isnan", "isinf", "isfinite")  # questions about a number that a formula does not ask


@pytest.mark.parametrize("op", [op for op in ELEMENTWISE if op.name not in LOOKED_AT], ids=lambda op: op.name)
def test_the_template_of_a_row_is_what_the_row_computes(op):
    rng = np.random.default_rng(0)
    for sample in op.samples:
        if sample.attrs.get("approximate") == "tanh":
            continue
        arrays = [rng.uniform(sample.low, sample.high, i) if isinstance(i, tuple) else i for i in sample.inputs]
        values = [Value(Symbol(name), a.astype(float)) for name, a in zip("abc", arrays, strict=False)]
        formula = formula_of(op, values, sample.attrs)
        assert formula is not None, op.tex
        np.testing.assert_allclose(evaluate(formula), op.run(*arrays, **sample.attrs), rtol=1e-9, atol=1e-12)


# ---- digits ----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.floats(1e-290, 1e290), st.booleans(), st.integers(1, 15))
def test_digits_are_the_nearest(size, below, digits):
    value = -size if below else size
    places = digits if 1 <= size < 1e9 else digits - 1 - math.floor(math.log10(size))
    assert abs(float(spell(value, digits)) - value) <= 0.5001 * 10.0**-places + 5e-16 * size


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([np.float32, np.float64]))
def test_exact_digits_tell_a_number_from_every_other(value, kind):
    with np.errstate(over="ignore"):
        number = kind(value)
    assert kind(spell(number, "exact", kind)) == number


@pytest.mark.parametrize(
    ("value", "digits", "printed"),
    [
        (0.30000000000000004, 3, "0.3"), (np.float32(0.7), 3, "0.7"), (0.7001, 3, "0.700"), (1.0, 3, "1"),
        (-0.0047875, 3, "-0.00479"), (1234567.891, 3, "1234567.891"), (0.0, 3, "0"), (1e-9, 3, "1e-9"),
        (1.23456e-7, 3, "1.23e-7"), (math.inf, 3, "inf"), (math.nan, 3, "nan"), (2.5e10, 3, "2.5e10"),
        (-0.0, 3, "0"), (99.9996, 3, "100.000"), (True, 3, "1"),
    ],
)  # fmt: skip
def test_spelling(value, digits, printed):
    assert spell(value, digits, getattr(value, "dtype", np.float64)) == printed


def test_arrays_are_read_as_they_are_printed():
    assert as_printed(np.array([0.12345, 2.0]), 2).tolist() == [0.12, 2.0]


def test_a_sign_is_drawn_out_of_a_fraction_and_not_lost():
    quotient = over(Negative(Value(Symbol("a"), 3.0)), Value(Symbol("b"), 4.0))
    assert isinstance(quotient, Negative)
    assert evaluate(quotient) == -0.75


def test_like_terms_of_a_sum_are_gathered_and_others_left():
    w, v = Value(Symbol("w"), 3.0), Value(Symbol("v"), 5.0)
    twice = gathered(plus(times(Number(0.25), w), v, times(Number(0.25), w)))
    assert len(twice.parts()) == 2
    assert evaluate(twice) == 6.5
    for kept in (plus(w, v), times(w, v), plus(w, Negative(w)), plus(Rest(2, 1.0), Rest(2, 1.0)), w):
        assert gathered(kept) is kept
    squares = plus(times(w, w), times(Number(2.0), w, w), times(v, w))
    assert evaluate(gathered(squares)) == evaluate(squares)
    assert len(gathered(squares).parts()) == 2
