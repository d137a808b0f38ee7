"""Expressions typed as text: computed as Python computes them, explained, and never executed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import ShapeError, ValueRangeError
from glassnet.read.explain import explain
from glassnet.read.expression import FUNCTIONS, evaluate_text

pieces = st.recursive(
    st.sampled_from(["a", "b", "2", "0.5"]),
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("{} * {}".format, inner, inner),
        st.builds("({} - {})".format, inner, inner),
        st.builds("-({})".format, inner),
        st.builds("tanh({})".format, inner),
        st.builds("({}) ** 2".format, inner),
        st.builds("max({}, {})".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(pieces, st.integers(-8, 8), st.integers(-8, 8))
def test_it_computes_what_python_computes(text, a, b):
    values = {"a": a / 4, "b": b / 4}
    y, _ = evaluate_text(text, values)
    expected = eval(text, {"tanh": math.tanh, "max": max, **values})
    assert y.item() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(pieces, st.integers(1, 7), st.integers(-7, -1))
def test_every_step_of_an_expression_is_true(reread, text, a, b):
    y, names = evaluate_text(text, {"a": a / 4, "b": b / 4})
    if y.op is None:
        return
    for line in explain(y, names=names, gradcheck=True).equations():
        assert line.holds(12) or line.remark(12)
        if line.numeric is not None and "max" not in text:  # which has a corner
            assert line.numeric == pytest.approx(float(line.value), rel=1e-5, abs=1e-6)


def test_vectors_and_matrices():
    y, _ = evaluate_text("W @ x + b", {"W": [[1, 2], [3, 4]], "x": [1, -1], "b": 0.5})
    assert y.tolist() == [-0.5, -0.5]
    assert evaluate_text("softmax([0, 0])", {})[0].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_can_be_told(name):
    two = name in ("max", "min")
    y, names = evaluate_text(f"{name}({'a, b' if two else 'a'})", {"a": [0.25, 0.5], "b": 0.375})
    told = explain(y, names=names)
    lines = list(told.equations())
    assert lines
    for line in lines:
        assert line.holds("exact") or abs(line.recomputed("exact") - line.value) < 1e-14


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a +", "which cannot be read"), ("", "which cannot be read"), ("import os", "which cannot be read"),
        ("a.real", "got 'a.real'"), ("a[0]", r"got 'a\[0\]'"), ("__import__('os')", "expected"), ("lambda: 1", "got"),
        ("q*2", "the name q without a value; expected one of a"), ("sigmod(a)", "Try sigmoid"),
        ("max(a)", "expected 2"), ("a if a else a", "got"), ("'text'", "got"), ("a = 1", "which cannot be read"),
        ("(" * 300 + "a" + ")" * 300, "which cannot be read"), ("-" * 100 + "a", "brackets within brackets"),
        ("a" * 20_000, "at most 10,000"), ("1j", "got"), ("True + a", "got"),
    ],
)  # fmt: skip
def test_mistakes_are_answered(text, said):
    with pytest.raises(ValueRangeError, match=said):
        evaluate_text(text, {"a": 1.0})


def test_sizes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)"):
        evaluate_text("a + b", {"a": [1, 2], "b": [1, 2, 3]})


@pytest.mark.parametrize("value", [math.nan, math.inf, "one", [[1], [1, 2]]])
def test_values_that_are_no_numbers(value):
    with pytest.raises(ValueRangeError, match=r"Try a=0\.5"):
        evaluate_text("a", {"a": value})


def test_a_value_is_copied():
    a = np.ones(2)
    y, names = evaluate_text("a * 2", {"a": a})
    names["a"].array[0] = 5
    assert a.tolist() == [1, 1]
    assert y.tolist() == [2, 2]
