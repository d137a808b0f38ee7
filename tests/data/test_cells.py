"""A text table cut into cells: what the standard library's `csv` says, whatever the pieces it is read in."""

import csv
import io
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glassnet.data.cells import Cells
from glassnet.data.dialect import Dialect
from glassnet.errors import DataError, FormatError

REFUSED = "refused"
SIGNS = st.sampled_from(["a", "1", " ", ",", '"', "\n", "é"])


def ours(raw, piece, delimiter=","):
    """All rows, or that they were refused."""
    rows = []
    try:
        for block in Cells(io.BytesIO(raw), Dialect(delimiter=delimiter), "t.csv", piece=piece):
            rows += [list(row) for row in zip(*(column.tolist() for column in block.columns), strict=True)]
    except (DataError, FormatError):
        return REFUSED
    return rows


def theirs(text, delimiter=","):
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return REFUSED
    return [[cell.encode() for cell in row] for row in rows] if len(set(map(len, rows))) < 2 else REFUSED


@given(st.text(SIGNS, max_size=30), st.integers(1, 40))
@example('"a""b",c\n', 3)
@example('a"b,"c\nd"\n', 5)
@example('"a"b\n', 2)
@example('\n\na,"\n"\n\n', 1)
def test_any_text_is_read_as_the_standard_library_reads_it(text, piece):
    assert ours(text.encode(), piece) == theirs(text)


@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(st.text(max_size=6), min_size=width, max_size=width))),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.integers(1, 60),
)
def test_what_the_standard_library_writes_comes_back(rows, ending, delimiter, piece):
    rows = [[cell.replace("\0", "").replace("\r", "").replace("\ud800", "") for cell in row] for row in rows]
    rows = [[cell.encode("utf-8", "ignore").decode() for cell in row] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending, delimiter=delimiter).writerows(rows)
    assert ours(text.getvalue().encode(), piece, delimiter) == [[cell.encode() for cell in row] for row in rows]


def test_lines_are_counted_through_quotes_and_blank_lines():
    raw = b'a,b\n\n1,"x\ny"\n2,z\n\n\n3,w\n'
    lines = [line for block in Cells(io.BytesIO(raw), Dialect(), "t", piece=7) for line in block.lines.tolist()]
    assert lines == [1, 3, 5, 8]


def test_lines_are_counted_where_the_standard_library_reads_on():
    raw = b'a,b\n1,x"y\n2,"z\nz"\n3,w\n'
    lines = [line for block in Cells(io.BytesIO(raw), Dialect(), "t") for line in block.lines.tolist()]
    assert lines == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a,b\n1,2\n3,4,5\n", "t.csv, line 3: got 3 cells; expected 2, as above."),
        (b"a,b\n\n\n1\n", "t.csv, line 4: got 1 cell; expected 2, as above."),
        (b'a,b\n1,x"y\n3\n', "t.csv, line 3: got 1 cell; expected 2, as above."),
        (b'a,b\n1,"2\n3,4\n', "t.csv, line 2, column 3: got a quote that is never closed;"),
        (b'a,b\n1,x"y\n"3,4\n', "t.csv, line 3: got a quote that is never closed;"),
        (b'a,b\n"1"2,3\n', "t.csv, line 2: got text behind a closing quote; expected a delimiter."),
    ],
)
def test_the_line_is_named(raw, said):
    for piece in (1, 5, 1000):
        with pytest.raises((DataError, FormatError)) as caught:
            list(Cells(io.BytesIO(raw), Dialect(), "t.csv", piece=piece))
        assert said in str(caught.value)


def test_one_wide_cell_does_not_widen_the_others(monkeypatch):
    monkeypatch.setattr("glassnet.data.cells._WIDEST", 1000)
    raw = b"a\n" + b"x" * 500 + b"\n" + b"y\n" * 50
    [block] = Cells(io.BytesIO(raw), Dialect(), "t")
    assert block.columns[0].dtype == object
    assert block.columns[0].tolist() == [b"a", b"x" * 500, *[b"y"] * 50]


@given(st.text(SIGNS, max_size=60), st.integers(1, 40), st.integers(1, 8))
@example("a,b\n" * 5, 40, 2)
@example('"a\n",b\n' * 4, 40, 3)
def test_many_cells_are_cut_in_several_blocks(text, piece, most):
    """As the standard library reads it, or refused for too many cells in one row."""
    with patch.multiple("glassnet.data.cells", _MOST_CELLS=most, _LOOK=3, _AT_ONCE=2, _LONG=16, _SLOW_CELLS=2):
        found, expected = ours(text.encode(), piece), theirs(text)
    widest = max(map(len, expected), default=0) if expected != REFUSED else 0
    assert found == expected or (found == REFUSED and widest > most)


def test_lines_are_counted_from_block_to_block():
    raw = b'a,b\n\n1,"x\ny"\n' + b"2,z\n\n" * 50
    with patch("glassnet.data.cells._MOST_CELLS", 8):
        blocks = list(Cells(io.BytesIO(raw), Dialect(), "t"))
    assert len(blocks) > 10
    assert [line for block in blocks for line in block.lines.tolist()] == [1, 3, *range(5, 105, 2)]


def test_a_row_of_too_many_cells_is_refused():
    for cells in (70_000, 3_000_000):  # cut whole, and too many to be cut
        with pytest.raises(DataError, match=rf"t.csv, line 2: got {cells:,} cells; expected at most 65,536\."):
            list(Cells(io.BytesIO(b"\n" + b"," * (cells - 1) + b"\n"), Dialect(), "t.csv"))


def test_a_row_without_an_end_is_refused():
    with pytest.raises(FormatError, match=r"t.csv, line 2: got a row of more than 8 MB;"):
        list(Cells(io.BytesIO(b"a\n" + b"x" * (13 << 20)), Dialect(), "t.csv"))
