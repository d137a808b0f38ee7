"""The graph of an expression: its numbers, its slopes, and the order in which they come."""

import contextlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import GlassnetError, ValueRangeError
from glassnet.server.graph import graph_of, values_of


def slopes(text, values):
    """By name, from the report."""
    report = graph_of(text, values)
    return {box.name: box.gradient for box in report.boxes if box.kind in ("input", "parameter")}


def test_a_neuron_by_hand():
    report = graph_of("sigmoid(w*x + b)", "w=0.5, x=2, b=-1", 7)
    # z = 0.5·2 − 1 = 0, so the answer is ½ and its slope ¼: dw = ¼·2, dx = ¼·0.5, db = ¼
    assert report.id == 7
    assert report.boxes[-1].value == 0.5
    assert slopes("sigmoid(w*x + b)", "w=0.5, x=2, b=-1") == {"w": 0.5, "x": 0.125, "b": 0.25}
    assert [event.phase for event in report.events] == ["forward"] * 6 + ["backward"] * 6
    for arrow in report.arrows:  # upstream times local is what flows back
        assert arrow.flow == pytest.approx(report.boxes[arrow.target].gradient * arrow.local, rel=1e-15)


def test_slopes_of_two_ways_add_up():
    report = graph_of("x*x + 3*x", "x=2")
    x = next(i for i, box in enumerate(report.boxes) if box.name == "x")
    arrived = [event.value for event in report.events if event.phase == "backward" and event.box == x]
    assert arrived == sorted(arrived)
    assert arrived[-1] == report.boxes[x].gradient == 7.0
    assert sum(arrow.flow for arrow in report.arrows if arrow.source == x) == 7.0


def test_every_arrow_points_right():
    report = graph_of("tanh(a*b + c) * a - exp(-c)", "a=0.3, b=-2, c=0.1")
    for arrow in report.arrows:
        assert report.boxes[arrow.source].x < report.boxes[arrow.target].x
        assert arrow.route[0][0] < arrow.route[-1][0]
    assert all(0 < box.x < report.width and 0 < box.y < report.height for box in report.boxes)


def test_a_name_without_a_value_is_one():
    report = graph_of("a*b", "a=3")
    assert report.values == {"a": 3.0, "b": 1.0}


@given(st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=30)
def test_slopes_are_those_of_differences(a, b):
    found = slopes("tanh(a*b) + b*b", f"a={a!r}, b={b!r}")
    assert found["a"] == pytest.approx((1 - math.tanh(a * b) ** 2) * b, abs=1e-9)
    assert found["b"] == pytest.approx((1 - math.tanh(a * b) ** 2) * a + 2 * b, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "values", "word"),
    [
        ("w*", "", "cannot be read"), ("w", "", "computes nothing"), ("w*x", "w=one", "a name and a number"),
        ("w*x", "w=nan", "a name and a number"), ("nonsense(w)", "", "nonsense"),
        ("({0})*({0})".format("+".join("x" * 45)), "", "80"),
        ("", "", "cannot be read"), ("w.real", "", "expression"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_told(text, values, word):
    with pytest.raises(GlassnetError, match=word):
        graph_of(text, values)


@given(st.text(max_size=60), st.text(max_size=40))
@settings(max_examples=150)
def test_any_text_is_a_graph_or_refused(text, values):
    with contextlib.suppress(GlassnetError):
        assert graph_of(text, values).boxes


def test_values_are_read():
    assert values_of("w=0.5; x = −2,") == {"w": 0.5, "x": -2.0}
    with pytest.raises(ValueRangeError, match="a name and a number"):
        values_of("2=3")
