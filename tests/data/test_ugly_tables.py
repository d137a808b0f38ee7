"""Tables as they come from other programs: what each of them is read as."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from glassnet.data.table import TableFile, read_table
from glassnet.errors import DataError, FormatError

ROWS = "1.5,2\n2.5,3\n3.5,4\n"
PLAIN = {"x": [1.5, 2.5, 3.5], "y": [2.0, 3.0, 4.0]}


@pytest.fixture
def read(tmp_path):
    def reading(contents, name="t.csv", **options):
        path = tmp_path / name
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
        return TableFile(path, **options).read()

    return reading


def numbers(table):
    return {column.name: column.values.tolist() for column in table.columns}


def zipped(**files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


@pytest.mark.parametrize(
    "contents",
    [
        "x,y\n" + ROWS,
        "# written by a scale\n# in grams\n\nx,y\n" + ROWS,
        "# x,y\n" + ROWS,  # numpy.savetxt
        "# \u00c5rsrapport\nx,y\n" + ROWS,  # the second byte of \u00c5 ends a line elsewhere
        "Report of 2024\n\nx,y\n" + ROWS,
        "Account,\n,\n\nx,y\n" + ROWS,
        "# a remark\n# x,y\n" + ROWS,
        "sep=,\nx,y\n" + ROWS,
        "SEP=;\r\nx;y\r\n" + ROWS.replace(",", ";").replace("\n", "\r\n"),
        "\n\nx,y\n" + ROWS.replace("\n", "\n\n"),
        "x y\n" + ROWS.replace(",", " "),
        "  x   y  \n" + ROWS.replace(",", "  \t "),
        "x,y\r" + ROWS.replace("\n", "\r"),
        "# old\rx,y\r" + ROWS.replace("\n", "\r"),
        ("\ufeffx,y\n" + ROWS).encode(),
        ("# ü\nx,y\n" + ROWS).encode("utf-16"),
        ("# ü\nx,y\n" + ROWS).encode("utf-16-le"),  # a database's export has no mark in front
        ("# Наблюдения за погодой\nx,y\n" + ROWS).encode("utf-16-be"),
        gzip.compress(b"x,y\n" + ROWS.encode()),
        zipped(**{"inside.csv": "x,y\n" + ROWS}),
        zipped(**{"inside.csv": "x,y\n" + ROWS, "__MACOSX/._inside.csv": "?", "empty/": ""}),
    ],
)
def test_the_same_table_in_other_clothes(read, contents):
    assert numbers(read(contents)) == PLAIN


def test_messages_name_the_line_of_the_file_whatever_was_left_out(read):
    for above in ("# one\n# two\n", "sep=,\n\n", "\n# x\n"):
        with pytest.raises(DataError, match=f"line {above.count(chr(10)) + 3}: got 3 cells; expected 2"):
            read(above + "x,y\n1,2\n1,2,3\n")
        table = read(above + "x,y\n1,2\n")
        assert table.place(0).endswith(f"(line {above.count(chr(10)) + 2})")


def test_remarks_are_rows_where_the_file_has_no_others(read):
    assert read("#a,1\n#b,2\n", header=False)["column 1"].words == ("#a", "#b")
    assert read("tag,n\n#a,1\n#b,2\n")["tag"].words == ("#a", "#b")


BELOW = "a,b,c\n1,2,x\n3,4,y\n"


@pytest.mark.parametrize(
    ("above", "rows"),
    [
        ("Report of 2024\n", 2),
        ("Report\nby the office\n", 2),
        ('"Report, of 2024",,\n', 2),
        ("Account,DE12\nFrom,1.1.2024\n\n", 2),
        ("\n\nReport\n\n\n", 2),
        ("", 2),
        ("x,y,z\n", 3),
        ("1,2,3\n", 4),
    ],
)
def test_what_stands_above_the_names_is_left_out(read, above, rows):
    table = read(above + BELOW)
    assert len(table) == rows
    title = [note for note in table.notes if "above the names" in note]
    assert len(title) == (rows == 2 and above != "")
    if rows == 2:
        assert table.names == ("a", "b", "c")
        assert table.lines[0] == above.count("\n") + 2
    if above.startswith("Account"):
        assert title == ["left out 3 lines above the names, beginning with 'Account,DE12'"]


def test_a_name_of_several_lines_is_no_title(read):
    table = read('"price\n(EUR)","living area",city\n1,2,x\n3,4,y\n')
    assert (table.names, len(table), table.notes) == (("price\n(EUR)", "living area", "city"), 2, ())


def test_a_short_row_alone_is_no_title(read):
    assert read("Account,DE12\n" + BELOW).names == ("column 1", "Account", "DE12")  # names of rows, as R writes them
    for above in ("5\n", "Report,of,2024,now\n"):
        with pytest.raises(DataError, match="line 2: got 3 cells; expected"):
            read(above + BELOW)


def test_a_word_below_many_dates_is_named(read):
    days = "".join(f"{i % 28 + 1}.{i % 12 + 1}.2024,{i}\n" for i in range(50))
    with pytest.raises(DataError) as caught:
        read(f"day,x\n{days}Total,99\n")
    said = (
        "t.csv, row 51 (line 52), column 'day': got 'Total'; expected a date, as in 50 other rows. Try correcting it,"
    )
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith("--missing Total or --categorical day.")
    assert read(f"day,x\n{days}Total,99\n", missing=("Total",))["day"].kind == "date"
    assert read(f"day,x\n{days}Total,99\n", words=("day",))["day"].kind == "text"
    assert read("day,x\n" + days + "soon,1\nlater,2\n")["day"].kind == "text"


YEARS = "country,2019,2020\nUlm,1,2\nRom,3,4\n"


@pytest.mark.parametrize(
    ("names", "found"), [(("2020",), True), (("country",), True), (("capital",), False), ((), False)]
)
def test_a_header_of_numbers_is_known_by_a_name_that_somebody_knows(read, names, found):
    table = read(YEARS, names=names)
    assert table.named is found
    assert table.names == (("country", "2019", "2020") if found else ("column 1", "column 2", "column 3"))
    assert len(table) == 3 - found
    assert read(YEARS.replace("country", "Länder").encode("cp1252"), names=("Länder",)).named


def test_a_column_without_a_name(read):
    behind = read("x,y\n1,2,\n3,4,\n")  # a delimiter at the end of each row
    np.testing.assert_equal(numbers(behind), {"x": [1, 3], "y": [2, 4], "column 3": [np.nan] * 2})
    before = read("x,y\n" + "".join(f"r{i},{i},{i / 2}\n" for i in range(30)))  # R's names of rows
    assert before.names == ("column 1", "x", "y")
    assert before["y"].values[4] == 2.0
    with pytest.raises(DataError, match=r"line 3: got 3 cells; expected 2"):
        read("x,y\n1,2\n1,2,3\n")


def test_blanks_between_cells_stay_inside_quotes(read):
    table = read('18.0   8  307.0   "ford   torino"\n15.0   8  350.0   "buick"\n')
    assert table["column 4"].words == ("ford   torino", "buick")
    assert table["column 3"].values.tolist() == [307.0, 350.0]
    assert len(read("a nice day\nanother nice day\n").names) == 1


def test_numbers_with_signs(read):
    table = read('price,share,size,lost\n"$1,200",5%,80 m2,(3)\n$900,7%,75 m2,4\n0,8%,NA,"(1,000)"\n')
    size = [80, 75, np.nan]
    np.testing.assert_equal(
        numbers(table), {"price": [1200, 900, 0], "share": [5, 7, 8], "size": size, "lost": [-3, 4, -1000]}
    )
    assert [column.unit for column in table.columns] == ["$#", "#%", "# m2", ""]
    assert "column 'price': '$1,200' is read as 1200" in table.notes
    assert table["price"].cell(0) == "$1200"


def test_commas_between_thousands_and_before_decimals(read):
    assert read('x,y\n"1,5",2\n"2,25",3\n')["x"].values.tolist() == [1.5, 2.25]
    assert read('x,y\n"1,500",2\n"2,250",3\n')["x"].values.tolist() == [1500, 2250]
    assert read("x;y\n1.234,5;2\n2.000;3\n")["x"].values.tolist() == [1234.5, 2000]
    many = "".join(f"{i},100;1\n" for i in range(101, 120))
    assert read("x;y\n" + many)["x"].values[0] == 101_100
    assert read("x;y\n0,125;1\n" + many)["x"].values[:2].tolist() == [0.125, 101.1]


def test_a_unit_that_changes_makes_words(read):
    assert read("x\n" + "$5\n" * 3 + "€5\n")["x"].words == ("$5", "€5")
    dollars = "x,y\n" + "$7,1\n" * 4000 + "€7,1\n"
    assert read(dollars, piece=4096)["x"].words == ("$7", "€7")


def test_words_that_are_gaps_only_among_numbers(read):
    table = read("x,y\nnone,none\n5,mild\n.,severe\n")
    assert np.isnan(table["x"].values).tolist() == [True, False, True]
    assert table["y"].words == ("none", "mild", "severe")
    assert read("x\nnone\nunknown\n")["x"].words == ("none", "unknown")
    late = read("x,y\n" + "none,1\n" * 3000 + "mild,1\n", piece=4096)
    assert late["x"].words == ("none", "mild")
    assert not late["x"].missing.any()


@pytest.mark.parametrize(
    "word", ["NA", "n.a.", "<NA>", "#N/A", "#DIV/0!", "1.#IND", "(null)", "NULL", "\\N", "-", "?", "nan", " "]
)
def test_gaps_everywhere(read, word):
    table = read(f"x,y\n{word},{word}\n1,a\n")
    assert (table["x"].missing.tolist(), table["y"].missing.tolist()) == ([True, False], [True, False])


def test_digits_of_one_length_with_a_zero_in_front_are_codes(read):
    table = read("zip,n\n01234,1\n98765,2\n,3\n?,4\n")
    assert (table["zip"].words, table["zip"].values.tolist()) == (("01234", "98765"), [0, 1, -1, -1])
    assert table["n"].numeric
    (note,) = table.notes
    assert note == "column 'zip': '01234' is taken for a code: every cell has 5 digits, some with a 0 in front"
    quoted = read('zip,n\n"007", 1\n"010", 2\n')
    assert quoted["zip"].words == ("007", "010")
    as_numbers = read("zip,n\n01234,1\n98765,2\n", codes=False)
    assert numbers(as_numbers) == {"zip": [1234.0, 98765.0], "n": [1.0, 2.0]}
    some = read("zip,part,n\n01234,07,1\n98765,19,2\n", numbers=("zip",))
    assert (some["zip"].values.tolist(), some["part"].words) == ([1234.0, 98765.0], ("07", "19"))


@pytest.mark.parametrize(
    "cells", ["0 1 0 1", "00.5 01.5 02.5 03.5", "0.5 1.5 0.7 2.5", "007 7 19 1", "-01 +02 -03 +04"]
)
def test_other_zeros_in_front_are_numbers(read, cells):
    table = read("x,y\n" + "".join(f"{cell},1\n" for cell in cells.split()))
    assert table["x"].values.tolist() == [float(cell) for cell in cells.split()]
    assert table.notes == ()


def test_a_first_code_far_below_makes_the_whole_column_one_of_codes(read):
    rows = [str(10000 + i) for i in range(500)] + ["01234", "00501"]
    column = read("zip,n\n" + "".join(f"{cell},1\n" for cell in rows), piece=256)["zip"]
    assert [column.cell(i) for i in range(len(column))] == rows


def test_dates_with_slashes(read):
    assert read("d\n13/1/1970\n1/2/1970\n")["d"].values.tolist() == [12 * 86400.0, 31 * 86400.0]
    assert read("d\n1/13/1970\n1/2/1970\n").day_first is False
    both = read("d,x\n1/2/1970,1\n3/4/1970,2\n")
    assert both["d"].kind == "category"
    assert both.notes == (
        "column 'd': '1/2/1970' may be two days: say which by --dates day-first or --dates month-first",
    )
    assert read("d,x\n1/2/1970,1\n", day_first=True)["d"].values.tolist() == [31 * 86400.0]


def test_a_column_is_had_as_it_is_written_too(read):
    table = read("id,x\n007,1.50\nNA,2\n,3\n", copies=("id", "x", "nobody"), codes=False)
    assert [[column.cell(i) for i in range(3)] for column in table.copies] == [["007", "NA", ""], ["1.50", "2", "3"]]
    assert table["id"].values[0] == 7.0
    assert table.take([1]).copies[0].cell(0) == "NA"


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (zipped(**{"a.csv": "x\n1\n", "b.csv": "x\n1\n"}), "got a zip of 2 files ('a.csv', 'b.csv'); expected one"),
        (zipped(**{"[Content_Types].xml": "<x/>", "xl/a.xml": "<x/>"}), "got a spreadsheet; expected a table of text"),
        (zipped(), "got a zip directory"),
    ],
)
def test_zips_that_are_no_table(read, contents, said):
    with pytest.raises(FormatError) as caught:
        read(contents, "t.zip")
    assert said in str(caught.value) or not contents.startswith(b"PK\3\4")


def test_a_zip_whose_contents_were_changed_is_refused(read):
    good = zipped(**{"a.csv": "x\n" + "".join(f"{i}\n" for i in range(5000))})
    for at in range(40, len(good) - 120, 211):
        with pytest.raises((FormatError, DataError)):
            read(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :], "t.zip")


def test_ids_of_a_hundred_thousand_rows_keep_their_order(read):
    n = 100_000
    table = read("id,when\n" + "".join(f"{i},2024-01-{1 + i % 28:02d} 10:00\n" for i in range(n)), piece=1 << 18)
    assert table["id"].values.tolist() == list(range(n))
    assert table["when"].kind == "date"
    assert len(read_table(table["id"].values)) == n
