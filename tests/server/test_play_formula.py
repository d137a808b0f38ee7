"""Formulas: the same values as Python's own arithmetic, and nothing but arithmetic."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import ValueRangeError
from glassnet.server.formula import parse

X = np.linspace(-3, 3, 7)
Y = np.linspace(2, -4, 7)


def expressions() -> st.SearchStrategy[tuple[str, str]]:
    """A formula, and the same in Python."""
    leaves = st.sampled_from(["x1", "x2", "pi", "2", "0.5", "1e2"]).map(lambda w: (w, w))

    def grow(inner: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
        pair = st.tuples(inner, inner, st.sampled_from(["+", "-", "*", "/"]))
        binary = pair.map(lambda p: (f"({p[0][0]} {p[2]} {p[1][0]})", f"({p[0][1]} {p[2]} {p[1][1]})"))
        bare = pair.map(lambda p: (f"{p[0][0]}{p[2]}{p[1][0]}", f"{p[0][1]}{p[2]}{p[1][1]}"))
        calls = st.tuples(inner, st.sampled_from(["sin", "cos", "tanh", "abs", "exp", "floor"]))
        call = calls.map(lambda p: (f"{p[1]}({p[0][0]})", f"np.{p[1]}({p[0][1]})"))
        square = inner.map(lambda p: (f"({p[0]})^2", f"(1.0 * ({p[1]})) ** 2"))
        minus = inner.map(lambda p: (f"(-{p[0]})", f"(-{p[1]})"))
        return binary | bare | call | square | minus

    return st.recursive(leaves, grow, max_leaves=8)


@given(expressions())
def test_the_value_is_pythons(pair):
    text, python = pair
    if len(text) > 200:
        return
    names = {"x1": X, "x2": Y, "pi": math.pi, "np": np}
    with np.errstate(all="ignore"):
        try:
            wanted = np.broadcast_to(eval(python, names), X.shape)
        except (ZeroDivisionError, OverflowError):  # Python's numbers raise where NumPy's go on
            return
    np.testing.assert_allclose(parse(text)(X, Y), wanted, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "value"),
    [("2^3^2", 512), ("-2^2", -4), ("2^-1", 0.5), ("8/4/2", 1), ("1-2-3", -4), ("x1² + x₂", 7), ("max(1, 2)", 2)],
)
def test_precedence(text, value):
    assert parse(text)(np.array([2.0]), np.array([3.0])) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "x1 +", "(x1", "x1)", "x3", "2 x1", "sin", "sin()", "sin(1, 2)", "max(1)", "x1 ** ", "1..2", "x1 $ 2",
        "_", "__import__('os')", "x1.real", "lambda: 1", "[x1]", "x1 if 1 else 2", "f'{x1}'", "().__class__", "x1;x2",
        "a=1", "(" * 100 + "x1" + ")" * 100, "-" * 150 + "x1", "sin(" * 49 + "1" + ")" * 49, "1" * 201,
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_its_place(text):
    with pytest.raises(ValueRangeError, match=r"^got .*; expected .*\. Try .*\.$"):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_refused(text):
    try:
        formula = parse(text)
    except ValueRangeError:
        return
    assert formula(X, Y).shape == X.shape


def test_reading_never_compiles_or_imports():
    seen: list[str] = []
    watching = True
    sys.addaudithook(
        lambda event, _: seen.append(event) if watching and event in ("compile", "exec", "import") else None
    )
    for text in ("sin(x1) * cos(x2)", "max(x1, 2)^2", "hypot(x1, x2) / 3"):
        parse(text)(X, Y)
    watching = False
    assert seen == []


def test_aliases():
    assert parse("x * y", aliases={"x": "x1", "y": "x2"})(np.array([2.0]), np.array([3.0])) == 6
