"""Lessons as programs and as notebooks: cells, heads, and the way there and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FormatError
from glassnet.lessons.notebook import as_notebook, from_notebook
from glassnet.lessons.pages import as_markdown, fenced
from glassnet.lessons.percent import Cell, Script, parse
from glassnet.lessons.running import run_script

LESSON = """\
# ---
# title: Adding: the start
# minutes: 5
# ---

# %% [markdown]
# # Adding
#
#   indented

# %%
a = 1

# %% tags=["x"]

# %%
print(a)
a + 1
"""


def test_head_and_cells():
    script = parse(LESSON)
    assert script.head == {"title": "Adding: the start", "minutes": "5"}
    assert script.cells == (
        Cell("markdown", "# Adding\n\n  indented", 7),
        Cell("code", "a = 1", 12),
        Cell("code", "print(a)\na + 1", 17),
    )
    assert [cell.line for cell in script.code] == [12, 17]
    for cell in script.code:  # the line is where the cell stands in its file
        assert LESSON.splitlines()[cell.line - 1] == cell.source.splitlines()[0]


def test_a_program_without_marks_is_one_cell():
    assert parse("x = 1\n\ny = 2\n").cells == (Cell("code", "x = 1\n\ny = 2", 1),)
    assert parse("").cells == ()


_LINES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85")).filter(
    lambda line: not line.startswith("# %%")
)


@given(st.lists(st.tuples(st.sampled_from(["markdown", "code"]), st.lists(_LINES, min_size=1))))
def test_a_notebook_keeps_every_cell(cells):
    script = Script(tuple(Cell(kind, "\n".join(lines)) for kind, lines in cells))
    back = from_notebook(as_notebook(script))
    assert [(cell.kind, cell.source) for cell in back.cells] == [(cell.kind, cell.source) for cell in script.cells]


def test_the_notebook_is_nbformat():
    script = parse(LESSON)
    plain, ran = (json.loads(as_notebook(script, outputs)) for outputs in ((), run_script(script)))
    assert (plain["nbformat"], plain["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in plain["cells"]}) == len(plain["cells"])
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in plain["cells"][1:])
    assert "outputs" not in plain["cells"][0]
    last = ran["cells"][-1]
    assert last["execution_count"] == 2
    assert last["outputs"] == [
        {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
        {"output_type": "execute_result", "execution_count": 2, "data": {"text/plain": "2"}, "metadata": {}},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"nbformat": 3, "cells": []}',
        '{"nbformat": 4, "cells": 3}',
        "{",
        "\x00",
        '{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}',
    ],
)
def test_what_is_no_notebook_is_refused(text):
    with pytest.raises(FormatError, match="expected"):
        from_notebook(text, "mine.ipynb")


def test_a_page_shows_text_code_and_what_came_of_it():
    script = parse(
        "# %% [markdown]\n# Text $x$.\n\n# %%\nfrom glassnet.lessons import *\nprint(1)\nPicture(9, 9, 'p')\n"
    )
    page = as_markdown(script, run_script(script))
    assert page.startswith("Text $x$.\n\n```python\nfrom glassnet")
    assert "\n\n```text\n1\n```\n\n```{raw} html\n<svg" in page


def test_fences_are_longer_than_what_they_hold():
    assert fenced("```\n````", "text") == "`````text\n```\n````\n`````"
