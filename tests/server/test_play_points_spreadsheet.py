"""Tables as spreadsheets write them: decimal commas between semicolons, quoted cells, and what is too much."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import DataError, GlassnetError
from glassnet.server.points import table

NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=8)


def _sorted(points):
    return sorted(map(tuple, np.column_stack((points.x, points.t)).tolist()))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_decimal_comma_is_a_point_between_semicolons_and_tabs(separator):
    rows = [["x1", "x2", "kind"], ["1,5", "-2,25", "a"], ["0,5", "3", "b"], ["+1,5e1", "2,0", "a"]]
    points = table("\n".join(separator.join(row) for row in rows), None, 0.5, 0)
    assert _sorted(points) == [(0.5, 3.0, 1.0), (1.5, -2.25, 0.0), (15.0, 2.0, 0.0)]


def test_heights_have_decimal_commas_too():
    points = table("0;0;0,5\n1;1;-0,25\n2;1;0,75", None, 0.5, 0)
    assert points.task == "regression"
    assert sorted(points.t) == [-0.25, 0.5, 0.75]


@pytest.mark.parametrize("quoted", ['"red; round"', '"red, round"', '"red\tround"'])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_quoted_cell_is_one_cell(separator, quoted):
    text = "\n".join(separator.join(row) for row in [["1", "2", quoted], ["3", "4", "blue"], ["5", "6", quoted]])
    assert table(text, None, 0.5, 0).classes == ("blue", quoted.strip('"'))


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9), NAMES), min_size=2, max_size=9), st.sampled_from(";\t"))
def test_a_table_is_the_same_with_points_and_with_commas(rows, separator):
    if len({name for *_, name in rows}) < 2:
        rows = [(1.0, 2.0, "one"), (3.5, 4.0, "two")]
    lines = [f"{a:f}{separator}{b:f}{separator}class {name}" for a, b, name in rows]
    there, here = (
        table("\n".join(text), "classification", 0.5, 0) for text in (lines, [x.replace(".", ",") for x in lines])
    )
    assert here.classes == there.classes
    assert _sorted(here) == _sorted(there)


def test_a_cell_without_end_is_refused_with_its_line():
    with pytest.raises(DataError, match=r"line 2: got a cell of 200,005 signs; expected numbers and names"):
        table("1,2,a\n3,4," + "b" * 200_001 + "\n", None, 0.5, 0)


@given(st.text(st.sampled_from('12,;\t"ab -.\n[]'), max_size=60))
def test_no_text_is_answered_by_anything_but_points_or_a_sentence(text):
    try:
        points = table(text, None, 0.5, 0)
    except GlassnetError as problem:
        said = str(problem)
    else:
        said = f"expected, and got {len(points.x)}"
        assert np.isfinite(points.x).all()
    assert "expected" in said
