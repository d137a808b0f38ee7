"""Curves in a terminal: dots where the numbers are."""

import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.cli.charts import Canvas, Curve, Scale, chart, short
from glassnet.cli.pictures import visible
from glassnet.cli.terminal import Terminal

COLOUR = {"TERM": "xterm"}


class Screen(io.StringIO):
    def isatty(self):
        return True


def plain(width=40):
    terminal = Terminal(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), environ={})
    terminal.width = width
    return terminal


def unicode(width=40):
    terminal = Terminal(io.StringIO(), environ={})
    terminal.width = width
    return terminal


def coloured():
    return Terminal(Screen(), environ={"TERM": "xterm", "COLUMNS": "60"})


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20), st.booleans(), st.booleans())
def test_any_numbers_make_a_chart_of_the_same_size(points, log_x, log_y):
    curve = Curve("c", [x for x, _ in points], [y for _, y in points])
    lines = chart([curve], unicode(), height=5, title="t", log_x=log_x, log_y=log_y)
    assert len(lines) == 7
    assert all(visible(line) <= 40 for line in lines)


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right():
    lines = chart([Curve("c", [0, 1], [0, 1])], plain(33), height=4)[1:-1]
    starts = [len(line[10:]) - len(line[10:].lstrip()) for line in lines]
    assert starts == sorted(starts, reverse=True)
    assert lines[-1][10] == "*"
    assert lines[0].rstrip()[-1] == "*"


def test_each_curve_has_its_sign_where_there_are_no_colours():
    curves = [Curve("training", [0, 1], [0, 0]), Curve("test", [0, 1], [1, 1])]
    for terminal in (plain(), unicode()):
        lines = chart(curves, terminal, height=3)
        assert lines[0].split() == ["training", "*", "test", "o"]
        assert set(lines[1][10:]) == {"o"}
        assert set(lines[3][10:]) == {"*"}


def test_each_curve_has_its_colour_where_there_are_some():
    curves = [Curve("training", [0, 1], [0, 0]), Curve("test", [0, 1], [1, 1])]
    lines = chart(curves, coloured(), height=3)
    assert "\x1b[36m━━" in lines[0]
    assert "\x1b[33m⠉" in lines[1]
    assert "\x1b[36m⣀" in lines[3]


def test_points_that_are_not_joined_stand_alone():
    drawn = chart([Curve("c", [0, 1], [0, 1])], plain(), height=4, joined=False)
    assert sum(line.count("*") for line in drawn[1:]) == 2


def test_gaps_stay_gaps():
    joined = chart([Curve("c", [0, 1, 2], [0, math.nan, 0])], plain(), height=3)
    assert sum(line.count("*") for line in joined[1:]) == 2


def test_braille_has_two_by_four_dots_in_a_cell():
    canvas = Canvas(1, 1)
    for u, v in ((0, 1), (1, 0)):
        canvas.dot(u, v, 0)
    assert canvas.lines(unicode(), braille=True) == ["⢁"]
    canvas.dot(1.5, 0.5, 0)  # outside
    assert canvas.lines(unicode(), braille=True) == ["⢁"]


@pytest.mark.parametrize("numbers", [[], [math.nan], [3.0], [0.0, 0.0]])
def test_a_scale_has_room_for_whatever_there_is(numbers):
    scale = Scale.around(np.array(numbers))
    assert scale.low < scale.high
    assert np.isfinite(scale.places(np.array([scale.low, scale.high]))).all()


def test_a_logarithmic_scale():
    scale = Scale.around(np.array([0.01, 1.0, -5.0, 0.0]), log=True)
    assert scale.places(np.array([0.01, 0.1, 1.0])).tolist() == pytest.approx([0, 0.5, 1])
    assert np.isnan(scale.places(np.array([0.0, -1.0]))).all()


@given(st.floats(-1e300, 1e300))
def test_numbers_beside_a_chart_fit(number):
    assert len(short(number)) <= 9
    assert float(short(number)) == pytest.approx(number, rel=0.02)


def test_a_stream_without_such_signs_gets_them_spelled_out():
    stream = io.BytesIO()
    terminal = Terminal(io.TextIOWrapper(stream, encoding="ascii"), environ={})
    terminal.say("y = exp(-x²), sin x → …")
    assert stream.getvalue().decode().splitlines() == ["y = exp(-x^2), sin x -> ..."]
