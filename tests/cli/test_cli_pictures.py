"""Terminals and what is drawn on them."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from glassnet.cli.pictures import cropped, draw, side_by_side, visible
from glassnet.cli.terminal import Terminal


class Screen(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self):
        return True


def ascii_file():
    return Terminal(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), environ={})


PLAIN = Terminal(io.StringIO(), environ={})
COLOUR = Terminal(Screen(), environ={"COLUMNS": "81"})
ZERO = np.array(
    [
        [0, 99, 200, 90, 0],
        [120, 255, 30, 255, 110],
        [255, 40, 0, 40, 255],
        [255, 40, 0, 40, 255],
        [120, 255, 30, 255, 110],
        [0, 99, 200, 90, 0],
        [0, 0, 0, 0, 0],
    ],
    np.uint8,
)


def test_a_zero_in_half_blocks():
    assert draw(ZERO, PLAIN) == ["▄█▀▄▄", "█   █", "▀█▄▀▀", "     "]


def test_a_zero_in_letters():
    assert draw(ZERO, ascii_file()) == [":*=*.", "@. .@", ":*=*.", "     "]


def test_a_zero_in_greys():
    lines = draw(ZERO[:2], COLOUR)
    assert lines == [
        "\x1b[38;5;232;48;5;242m▀\x1b[38;5;240;48;5;255m▀\x1b[38;5;250;48;5;234m▀"
        "\x1b[38;5;240;48;5;255m▀\x1b[38;5;232;48;5;241m▀\x1b[0m"
    ]


@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_every_drawing_is_as_wide_as_the_image_and_half_as_high(image):
    for terminal in (PLAIN, COLOUR, ascii_file()):
        lines = draw(image, terminal)
        assert len(lines) == (len(image) + 1) // 2
        assert {visible(line) for line in lines} == {image.shape[1]}


def test_neighbours_of_one_grey_share_a_colour_code():
    assert draw(np.full((2, 50), 128, np.uint8), COLOUR)[0].count("\x1b[38") == 1


@given(arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(2, 12), st.integers(1, 12))))
def test_cropping_takes_away_nothing_that_shows(images):
    kept = cropped(images)
    assert (kept >= 32).sum() == (images >= 32).sum()
    assert len(kept) == len(images)


def test_cropping_leaves_a_margin_of_one():
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 10:14, 9:12] = 200
    images[1, 12:16, 9:12] = 200
    assert cropped(images).shape == (2, 8, 5)


def test_blocks_next_to_each_other_keep_their_columns():
    lines = side_by_side([["ab", "c"], ["x", "y", "z"]], [2, 1], gap=2)
    assert lines == ["ab  x", "c   y", "    z"]
    coloured = side_by_side([["\x1b[1mab\x1b[0m", "c"], ["x", "y"]], [2, 1], gap=2)
    assert [visible(line) for line in coloured] == [5, 5]


# ---- terminals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "environ", "live", "colour"),
    [
        (Screen(), {}, True, True),
        (Screen(), {"TERM": "xterm"}, True, True),
        (Screen(), {"TERM": "dumb"}, False, False),
        (Screen(), {"NO_COLOR": "1"}, True, False),
        (Screen(), {"NO_COLOR": ""}, True, True),
        (io.StringIO(), {}, False, False),
    ],
)
def test_what_a_stream_can_show(stream, environ, live, colour, monkeypatch):
    monkeypatch.setattr("glassnet.cli.terminal._understands_escapes", lambda stream: True)
    terminal = Terminal(stream, environ=environ)
    assert (terminal.live, terminal.colour) == (live, colour)
    assert (terminal.bold("x") == "x") == (not colour)


def test_colours_do_not_hide_blanks():
    assert COLOUR.bold("  ") == "  "


@pytest.mark.parametrize(("columns", "width"), [("80", 79), ("200", 199), ("5", 20), ("x", 79), ("0", 79)])
def test_the_width_is_what_is_said_or_80(columns, width):
    assert Terminal(Screen(), environ={"COLUMNS": columns}).width == width


def test_a_file_is_as_wide_as_a_page():
    assert PLAIN.width == 100


def test_what_cannot_be_written_is_replaced_and_never_an_error():
    terminal = ascii_file()
    assert not terminal.unicode
    terminal.say("100 % – naïve")  # the dash is spelled, the rest replaced
    terminal.stream.seek(0)
    assert terminal.stream.read() == "100 % - na?ve\n"
    assert terminal.bar(0.5, 4) == "##.."
    assert (terminal.r2, PLAIN.r2) == ("R2", "R²")


@given(st.floats(-1, 2), st.integers(1, 50))
def test_a_bar_is_as_wide_as_asked(share, width):
    assert visible(COLOUR.bar(share, width)) == len(PLAIN.bar(share, width)) == width


def test_lines_end_where_their_words_end():
    terminal = Terminal(stream := io.StringIO(), environ={})
    terminal.say("a  ", "", "b")
    assert stream.getvalue() == "a\n\nb\n"


def test_a_stream_that_is_closed_is_no_terminal():
    stream = io.StringIO()
    stream.close()
    assert not Terminal(stream, environ={}).live
