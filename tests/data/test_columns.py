"""What a column's cells are: numbers to the last bit, dates, words, gaps."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glassnet.data.columns import Column, joined, read_numbers, read_words, words
from glassnet.data.dates import read_dates
from glassnet.data.dialect import MISSING


def cells(*texts):
    return np.array([text.encode() for text in texts])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20), st.sampled_from("rfg"))
@example([0.1, -0.0, 5e-324, 1.7976931348623157e308, 9007199254740993.0, 1e22, 123456789012345678.0], "r")
def test_numbers_are_what_python_reads(values, style):
    texts = [repr(v) if style == "r" else f"{v:.3{style}}" for v in values]
    read, wrong = read_numbers(cells(*texts))
    assert read.tobytes() == np.array([float(text) for text in texts]).tobytes()
    assert not len(wrong)


@given(st.lists(st.from_regex(r"[+-]?[0-9]{0,20}\.?[0-9]{0,20}", fullmatch=True), min_size=1, max_size=20))
def test_decimals_of_any_length_are_rounded_once(texts):
    read, wrong = read_numbers(cells(*texts, *["1"] * 64))
    for i, text in enumerate(texts):
        try:
            expected = float(text)
        except ValueError:
            assert math.isnan(read[i])
            assert (i in wrong) == (text not in ("", "-"))
        else:
            assert read[i] == expected
            assert math.copysign(1, read[i]) == math.copysign(1, expected)


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8), min_size=1, max_size=8))
@example(["1_000", "0x10", "1e5", "nan", "1 2", "--1", "1.2.3", "+", ".", "e5", "1e", "infinit"])
def test_words_are_never_numbers(texts):
    read, wrong = read_numbers(cells(*texts, *["1"] * 64))  # among numbers, each cell is looked at by itself
    for i, text in enumerate(texts):
        plain = text.strip().lower()
        if plain in ("", "na", "n/a", "#n/a", "nan", "null", "?", "-"):
            assert math.isnan(read[i])
            assert i not in wrong
            continue
        try:
            expected = float(text) if "_" not in text and "nan" not in plain else None
        except ValueError:
            expected = None
        assert (i in wrong) == (expected is None)
        assert expected is None or read[i] == expected


def test_a_decimal_comma():
    read, wrong = read_numbers(cells("1,5", "-0,25", "3", "1,5e3", "1.5", ""), ",")
    assert read[:4].tolist() == [1.5, -0.25, 3.0, 1500.0]
    assert wrong.tolist() == [4]


def test_dates():
    read = read_dates(cells("2024-02-29", "1969-12-31 23:59:58", "NA", "2024-02-29T12:30:15.5Z"), MISSING)
    day = 19782 * 86400.0
    np.testing.assert_equal(read, [day, -2.0, np.nan, day + 45015.5])
    assert read_dates(cells("2024-02-30"), MISSING) is None


def test_words_keep_their_order_and_lose_the_space_around_them():
    codes, distinct = read_words(cells(" b", "a", "b ", "?", "a"))
    assert (codes.tolist(), distinct) == ([0, 1, 0, -1, 1], [b"b", b"a"])


@pytest.mark.parametrize(
    ("distinct", "rows", "kind"),
    [
        (["yes", "No"], 4, "boolean"),
        (["TRUE", "false"], 4, "boolean"),
        (["yes", "true"], 4, "category"),
        ([f"w{i}" for i in range(20)], 20, "category"),
        ([f"w{i}" for i in range(30)], 40, "text"),
        ([f"w{i}" for i in range(30)], 60, "category"),
    ],
)
def test_kinds_of_words(distinct, rows, kind):
    assert words("w", np.arange(rows) % len(distinct), distinct).kind == kind


def test_parts_are_joined_word_by_word():
    whole = joined([Column.of("c", ["b", "a"]), Column.of("c", ["a", None, "c"])])
    assert [whole.cell(row) for row in range(5)] == ["b", "a", "a", "", "c"]


def test_numbers_become_words_as_one_writes_them():
    column = Column.of("n", [2.0, 0.5, np.nan, 10.0, 2.0]).spelled()
    assert column.words == ("0.5", "2", "10")
    assert [column.cell(i) for i in range(5)] == ["2", "0.5", "", "10", "2"]
