"""Text tables as people have them: delimiters, encodings, headers, gaps, and mistakes that are named."""

import gzip
import random
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.data.dialect import Dialect, sniff
from glassnet.data.table import Table, TableFile, is_table, read_table
from glassnet.errors import DataError, FileError, FormatError, GlassnetError, NotSupportedError, ValueRangeError


@pytest.fixture
def write(tmp_path):
    def written(data, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return written


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be-bom"])
def test_dialects_are_found_out(write, sign, ending, encoding):
    text = ending.join([f"größe{sign}ort", f"1.5{sign}Köln", f"2{sign}Ulm", ""])
    raw = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-bom" else text.encode(encoding)
    table = read_table(write(raw))
    assert table.names == ("größe", "ort")
    assert table["größe"].values.tolist() == [1.5, 2.0]
    assert [table["ort"].cell(row) for row in range(2)] == ["Köln", "Ulm"]
    assert not table.notes


def test_what_is_not_utf8_is_read_as_latin_and_said(write):
    table = read_table(write("ort,n\nKöln,1\nUlm,2\n".encode("latin-1")))
    assert table["ort"].cell(0) == "Köln"
    assert table.notes == ("t.csv is not UTF-8: read as Windows-1252 (Latin-1)",)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n", True),
        ("1,2\n3,4\n", False),
        ("x,1\ny,2\n", False),
        ("name,city\nAnn,Ulm\nBob,Rom\n", True),
        ("Ann,Ulm\nBob,Rom\nAnn,Rom\n", False),
        (",x\n0,1\n1,3\n", True),
        ("x\n", True),
    ],
)
def test_headers_are_found_out(text, header):
    assert sniff(text.encode(), Dialect()).header == header


def test_a_header_can_be_claimed_and_denied(write):
    path = write("2019,2020\n1,2\n")
    assert read_table(path).names == ("column 1", "column 2")
    assert read_table(path, header=True).names == ("2019", "2020")
    assert read_table(write("a,b\n1,2\n", "u.csv"), header=False)["column 1"].kind == "category"


def test_a_decimal_comma_needs_another_delimiter(write):
    table = read_table(write("a;b\n1,5;x\n-2;y\n"))
    assert table["a"].values.tolist() == [1.5, -2.0]
    assert read_table(write("a;b\n1,5;x\n", "m.csv"), decimal=".")["a"].kind == "category"


def test_kinds_and_gaps(write):
    text = "n,w,b,d,c,m\n1.5,1,yes,2024-01-31,red,\n,2,no,,?,NA\n-,3,yes,2024-02-01,blue,null\n"
    table = read_table(write(text))
    assert [column.kind for column in table.columns] == ["number", "whole", "boolean", "date", "category", "number"]
    assert [int(column.missing.sum()) for column in table.columns] == [2, 0, 0, 1, 1, 3]


def test_more_words_can_stand_for_nothing(write):
    path = write("x,y\n1,a\nnone,b\nunknown,none\n")
    table = read_table(path, missing=("none", "Unknown"))
    assert table["x"].missing.tolist() == [False, True, True]
    assert table["y"].missing.tolist() == [False, False, True]


def test_words_can_be_kept_as_written(write):
    assert read_table(write("zip\n007\n7\n"), words=("zip",))["zip"].words == ("007", "7")


def test_pieces_give_the_same_table(write):
    rng = random.Random(0)
    rows = [f"{rng.random():.4f},{rng.choice(['red', 'blue', ''])},{i}" for i in range(500)]
    path = write("a,b,c\n" + "\n".join(rows))
    whole = TableFile(path).read()
    small = TableFile(path, piece=97).read()
    for column in whole.columns:
        other = small[column.name]
        assert column.kind == other.kind
        assert [column.cell(i) for i in range(500)] == [other.cell(i) for i in range(500)]
    assert whole.lines.tolist() == small.lines.tolist() == list(range(2, 502))


def test_numbers_first_and_words_later_are_words_as_written(write):
    rows = [f"{i:03}" for i in range(300)] + ["A7"] * 300
    table = TableFile(write("key\n" + "\n".join(rows)), piece=1000).read()
    assert [table["key"].cell(i) for i in (7, 599)] == ["007", "A7"]


def test_a_packed_table(write):
    assert read_table(write(gzip.compress(b"a,b\n1,2\n"), "t.csv.gz"))["b"].values.tolist() == [2.0]


@pytest.mark.parametrize(
    ("raw", "kind", "said"),
    [
        (b"", DataError, "t.csv: got no rows; expected at least one row. Try another file."),
        (b"\n\n", DataError, "t.csv: got no rows;"),
        (b"a,b\n", DataError, "got a header and no rows; expected at least one row. Try adding rows, or"),
        (b"a,b,a\n1,2,3\n", DataError, "t.csv: got the name 'a' for columns 1 and 3; expected every name once."),
        (b"\x89PNG\r\n\x1a\n\0\0", FormatError, "t.csv: got a PNG image; expected a table of text, such as CSV."),
        (b"PK\x03\x04xxxx", FormatError, "t.csv: got a zip archive or a spreadsheet;"),
        (b"a,b\n1,\0\n", FormatError, "t.csv: got a zero at byte 6; expected a table of text."),
        (b"a\0\n\x001\0\xd8\0\0\xdc\n\0", FormatError, "t.csv: got a zero at byte 1;"),
        ("a\n1\n".encode("utf-16-le") + b"\x41\xdc", FormatError, "got UnicodeDecodeError in UTF-16-LE;"),
        (b"\xff\xfea\0\n", FormatError, "t.csv: got UnicodeDecodeError in UTF-16-LE; expected whole characters."),
    ],
)  # fmt: skip
def test_what_is_no_table_is_said(write, raw, kind, said):
    with pytest.raises(kind) as caught:
        read_table(write(raw))
    assert said in str(caught.value)


def test_a_typo_among_numbers_is_named_and_every_way_out_works(write):
    rows = [f"{i},{2 * i}" for i in range(300)]
    rows[116] = "116,abc"
    path = write("x,y\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert str(caught.value) == (
        "t.csv, row 117 (line 118), column 'y': got 'abc'; expected a number, as in 299 other rows. "
        "Try correcting it, --missing abc or --categorical y."
    )
    assert read_table(path, missing=("abc",))["y"].missing.sum() == 1
    assert read_table(path, words=("y",))["y"].kind == "text"


def test_a_typo_in_a_later_piece_has_the_right_row(write):
    rows = [str(i) for i in range(300)] + ["x1"] + [str(i) for i in range(40)]
    with pytest.raises(DataError, match=r"row 301 \(line 302\), column 'n': got 'x1'"):
        TableFile(write("n\n" + "\n".join(rows)), piece=100).read()


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileError, match=r"No such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(FileError, match="a folder"):
        read_table(tmp_path)


def test_an_unknown_column_is_answered_by_the_nearest():
    table = Table.of({"price": [1], "rooms": [2]})
    with pytest.raises(ValueRangeError, match=r"got the column 'prize'; expected one of price, rooms. Try price."):
        table["prize"]


@given(st.data())
@settings(max_examples=300)
def test_damaged_files_give_one_class_of_error(tmp_path_factory, data):
    """Any bytes, and any damage to a good table, are read or refused in the house's words."""
    good = b'a;"b c";d\r\n1,5;"x ""y""";2024-01-01\r\n;z\xc3\xa9;NA\r\n' * 3
    raw = bytearray(data.draw(st.one_of(st.binary(max_size=60), st.just(good))))
    for place, byte in data.draw(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4)):
        if raw:
            raw[place % len(raw)] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    path.write_bytes(raw)
    file = TableFile(path, piece=data.draw(st.integers(20, 200)))
    try:
        table = file.read()
    except GlassnetError as problem:
        said = str(problem)
    else:
        assert len(table) == len(table.lines)
        said = "; expected nothing. Try nothing"
    assert "; expected" in said
    assert "Try " in said


def test_without_pyarrow_the_extra_is_named(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(NotSupportedError, match=r"got the Parquet file .* and no pyarrow; .*'glassnet\[parquet\]'"):
        read_table(write(b"PAR1", "t.parquet"))


# ---- frames and arrays ----------------------------------------------------------------------------------------------


class Series:
    """As little as a frame's column can do."""

    def __init__(self, values, dtype=None):
        self.values = values
        if dtype:
            self.dtype = dtype

    def to_numpy(self):
        return np.asarray(self.values)

    def to_list(self):
        return list(self.values)


class Frame:
    """As little as a frame can do."""

    def __init__(self, **columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return self._columns[name]


def test_a_frame_is_known_by_what_it_can_do():
    frame = Frame(
        x=Series([1.0, np.nan]),
        c=Series(["a", None], "category"),
        t=Series(np.array(["2024-01-01", "NaT"], "M8[ns]")),
        b=Series([True, False]),
    )
    table = read_table(frame, name="frame")
    assert [column.kind for column in table.columns] == ["whole", "category", "date", "boolean"]
    assert [column.missing.tolist() for column in table.columns] == [[False, True]] * 3 + [[False, False]]


def test_arrays():
    assert read_table(np.zeros((2, 3))).names == ("column 1", "column 2", "column 3")
    records = np.array([(1, "a"), (2, "b")], [("n", "i4"), ("w", "U1")])
    assert [column.kind for column in read_table(records).columns] == ["whole", "category"]
    mixed = read_table({"m": [1, "x", None]})
    assert mixed["m"].words == ("1", "x")
    with pytest.raises(DataError, match="got a ndarray of shape"):
        read_table(np.zeros((2, 2, 2)))
    with pytest.raises(DataError, match="columns of 1, 2 rows"):
        Table.of({"a": [1], "b": [1, 2]})


def test_a_table_is_known_by_its_ending():
    assert is_table("a.CSV")
    assert is_table("x/b.tsv.xz")
    assert not is_table("a.png")
    assert not is_table("mnist")
