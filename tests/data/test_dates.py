"""Dates in the ways that people write them, against Python's own datetime."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data.dates import day_comes_first, may_be_two_days, read_dates, seconds_of
from glassnet.data.dialect import MISSING

MOMENTS = st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 31)).map(lambda t: t.replace(microsecond=0))
EPOCH = dt.datetime(1970, 1, 1)
WAYS = {  # how it is written, and how much of the moment it tells
    "%Y-%m-%d %H:%M:%S": "second",
    "%Y-%m-%dT%H:%M:%SZ": "second",
    "%Y/%m/%d %H:%M": "minute",
    "%Y.%m.%d": "day",
    "%d.%m.%Y": "day",
    "%d.%m.%Y %H:%M": "minute",
    "%d %b %Y": "day",
    "%d-%b-%Y": "day",
    "%B %d, %Y": "day",
    "%b %d, %Y %I:%M %p": "minute",
}
CUT = {"second": {}, "minute": {"second": 0}, "day": {"second": 0, "minute": 0, "hour": 0}}


def told(moment, much):
    return (moment.replace(**CUT[much]) - EPOCH).total_seconds()


@pytest.mark.parametrize("way", WAYS)
@given(moment=MOMENTS)
def test_every_way_of_writing_gives_the_moment_back(way, moment):
    assert seconds_of(moment.strftime(way).encode()) == told(moment, WAYS[way])


@given(MOMENTS)
def test_slashes_mean_what_is_said(moment):
    day_first, month_first = moment.strftime("%d/%m/%Y %H:%M").encode(), moment.strftime("%m/%d/%Y %I:%M %p").encode()
    assert seconds_of(day_first, True) == seconds_of(month_first, False) == told(moment, "minute")
    assert seconds_of(day_first) is None  # nobody said


@given(st.lists(MOMENTS, min_size=1, max_size=5), st.booleans())
def test_the_order_is_found_if_a_day_above_twelve_tells_it(moments, day_first):
    cells = [moment.strftime("%d/%m/%Y" if day_first else "%m/%d/%y") for moment in moments]
    tells = any(moment.day > 12 for moment in moments)
    assert day_comes_first(cells) is (day_first if tells else None)
    assert may_be_two_days(cells[0].encode()) == (moments[0].day <= 12)


def test_both_orders_in_one_file_tell_nothing():
    assert day_comes_first(["13/1/2020", "1/13/2020"]) is None


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        (b"1970-01-01T00:00:00.25+00:30", -1799.75),
        (b"1970-01-01 00:00-0100", 3600.0),
        (b"1/2/69", None),
        (b"1.2.70", 31 * 86400.0),
        (b"1.2.69", -334 * 86400.0),
        (b"Jan 1, 1970 12:05 AM", 300.0),
        (b"1970-01-01T12:05 pm", 43500.0),
        (b"2024-02-30", None),
        (b"2024-13-01", None),
        (b"2024-01-01 24:00", None),
        (b"2024-01-01 10:60", None),
        (b"2024-01-01 13:00 PM", None),
        (b"2024-01-01x", None),
        (b"1 Foo 2024", None),
        (b"3 Sept 1970", 245 * 86400.0),
        (b"2024", None),
        (b"1.5", None),
    ],
)
def test_odd_dates(cell, seconds):
    assert seconds_of(cell) == seconds


def test_a_column_is_of_dates_if_all_are_or_are_missing():
    cells = np.array([b" 02.01.1970 ", b"NA", b"", b"1970-01-03"])
    np.testing.assert_equal(read_dates(cells, MISSING), [86400.0, np.nan, np.nan, 172800.0])
    assert read_dates(np.array([b"02.01.1970", b"soon"]), MISSING) is None


@given(st.binary(max_size=30))
def test_no_cell_makes_it_stumble(cell):
    for order in (None, True, False):
        found = seconds_of(cell, order)
        assert found is None or isinstance(found, float)
