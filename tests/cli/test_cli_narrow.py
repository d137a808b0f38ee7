"""On a screen of forty columns nothing runs over the edge: lines are folded at blanks, tables lose their gaps."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.cli.help import Page
from glassnet.cli.main import COMMANDS, main
from glassnet.cli.pictures import visible
from glassnet.cli.terminal import Terminal, folded

WORDS = st.lists(st.text("abcxyz0189.,%", min_size=1, max_size=12), min_size=1, max_size=20)


class Screen(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


@given(WORDS, st.integers(0, 6), st.integers(20, 60))
def test_folding_keeps_every_word_and_no_line_is_too_wide(words, indent, width):
    line = " " * indent + " ".join(words)
    pieces = folded(line, width)
    assert " ".join(pieces).split() == words
    assert max(map(len, pieces)) <= width
    assert len(line) > width or pieces == [line]
    assert all(piece.startswith(" " * (indent + 2)) for piece in pieces[1:])


def test_colours_take_no_room():
    painted = "\x1b[1m98.00 %\x1b[0m of 100 test examples right"
    assert folded(painted, visible(painted)) == [painted]
    assert len(folded(painted, visible(painted) - 1)) == 2


def test_a_drawing_and_what_goes_into_a_file_are_not_folded():
    drawing = "█▀ ▄█" * 20
    assert folded(drawing, 20) == [drawing]
    stream = io.StringIO()
    Terminal(stream, environ={"COLUMNS": "20"}).say("a line for a file stays one line")
    assert stream.getvalue() == "a line for a file stays one line\n"


@pytest.fixture
def narrow(monkeypatch):
    """Call the program on a screen of forty columns; the lines that were seen."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(line):
        screen = Screen()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", screen)
            assert main(line.split()) == 0
        return screen.getvalue().replace("\r", "\n").split("\n")

    return call


@pytest.mark.parametrize("data", ["moons", "sine"])
def test_a_training_and_a_prediction_fit_into_forty_columns(narrow, data):
    learnt = narrow(f"train {data} --n 60 --epochs 2 --hidden 4 --output run")
    assert max(map(visible, learnt)) < 40
    assert any(line.split() == ["epoch", "loss", "accuracy" if data == "moons" else "RMSE", "time"] for line in learnt)
    assert max(map(visible, narrow("predict run 1"))) < 40
    assert max(map(visible, narrow("evaluate run"))) < 40


def test_the_answer_stands_below_a_picture_that_leaves_no_room(narrow, digits_run):
    lines = narrow(f"predict {digits_run} 0")
    assert max(map(visible, lines)) < 40
    answer = next(i for i, line in enumerate(lines) if "test example 0" in line)
    assert any("▀" in line or "█" in line for line in lines[:answer])
    assert not any("▀" in line for line in lines[answer:])


@pytest.mark.parametrize("page", ["--help", "train --help", "probe --help"])
def test_pages_of_help_fit_into_forty_columns(narrow, page):
    lines = narrow(page)
    assert [line for line in lines if len(line) > 39 and not line.startswith("  glassnet ")] == []


@pytest.mark.parametrize(("columns", "places"), [("80", {2, 30}), ("40", {2, 6})])
def test_what_a_command_does_stays_in_its_column(narrow, monkeypatch, columns, places):
    monkeypatch.setenv("COLUMNS", columns)
    lines = narrow("--help")
    block = lines[lines.index("Commands") + 1 : lines.index("Options") - 1]
    assert {len(line) - len(line.lstrip()) for line in block} == places
    assert [line.split()[0] for line in block if not line.startswith("   ")] == list(COMMANDS)


def test_each_way_to_type_a_command_has_a_line_of_its_own(narrow):
    lines = narrow("runs --help")
    ways = [line for line in lines[: lines.index("")] if "glassnet" in line]
    assert [way.split("glassnet ")[1].split()[:2] for way in ways] == [
        ["runs", "[FOLDER]"], ["runs", "show"], ["runs", "compare"], ["runs", "report"],
    ]  # fmt: skip
    assert {way.index("glassnet") for way in ways} == {len("Usage  ")}


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_what_an_example_is_for_stands_beside_it_or_below_it(columns):
    examples = (("glassnet x", "the usual"), (f"glassnet x {'y' * 60}", "a long one"), ("glassnet z", "for " * 20))
    terminal = Terminal(Screen(), environ={"COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"})
    lines = Page("glassnet x", "Says.", examples=examples).lines([], terminal)
    below = lines[lines.index("Examples") + 1 :]
    assert " ".join(" ".join(below).split()) == " ".join(" ".join(example) for example in examples).strip()
    assert [line for line in below if len(line) > columns and not line.startswith("  glassnet")] == []
    assert below[0].index("the usual") == (77 if columns == 120 else 16)
