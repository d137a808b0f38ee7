"""Values inside each other: what comes back is what went in, and a text that lies is named."""

import json
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import FormatError, NotSupportedError, ValueRangeError
from glassnet.files.nested import pack, unpack


def through(value):
    arrays, text = pack(value)
    assert json.loads(text) is not None or value is None
    return unpack(text, arrays)


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3) | st.integers(-9, 9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_comes_back_is_what_went_in(value):
    back = through(value)
    assert back == value
    assert repr(back) == repr(value), "-0.0, True and 1, tuples and lists"


@pytest.mark.parametrize("size", [63, 64, 65])
@pytest.mark.parametrize("item", [0.5, float("inf"), 3, True, None, "a", 2**63, -(2**63), -0.0])
def test_long_lists_of_one_kind(size, item):
    value = [item] * size
    assert repr(through(value)) == repr(value)


def test_a_list_of_two_kinds_stays_one():
    value = [1, 2.0] * 50
    assert repr(through(value)) == repr(value)


def test_kinds_that_are_kept():
    value = {
        "od": OrderedDict(b=1, a=2),
        "t": (1,),
        "f": np.float32(0.1),
        "b": np.bool_(True),
        "u": np.uint64(2**64 - 1),
    }
    back = through(value)
    assert {key: type(item) for key, item in back.items()} == {key: type(item) for key, item in value.items()}
    assert back == value
    assert list(back["od"]) == ["b", "a"]


def test_a_callers_own_leaf():
    arrays, text = pack({"z": 3 + 4j}, lambda value: ("complex", np.array([value.real, value.imag])))
    assert unpack(text, arrays, {"complex": lambda a: complex(*a)}) == {"z": 3 + 4j}
    with pytest.raises(NotSupportedError, match="got complex at z"):
        pack({"z": 3 + 4j})
    with pytest.raises(FormatError, match="got \\['complex'"):
        unpack(text, arrays)


ARRAYS = {"w": np.arange(3), "x": np.array(1.0), "f": np.ones(2)}
LIES = [
    "{}",
    "[]",
    "[1]",
    "[[]]",
    '{"a": 1}',
    '["call", "print"]',
    '["array"]',
    '["array", "nowhere"]',
    '["array", 3]',
    '["array", "w", "x"]',
    '["list", ["array", "w"], ["array", "w"]]',
    '["scalar", "w"]',
    '["floats", "w"]',
    '["floats", "x"]',
    '["ints", "f"]',
    '["ints", "x"]',
    '["float", "1.0"]',
    '["float", "Infinity"]',
    '["float"]',
    '["int", 3]',
    '["int", "3.0"]',
    '["int", "1_000"]',
    '["int", "٣"]',
    '["int", ""]',
    '["dict", ["a"]]',
    '["dict", "a"]',
    '["dict", [1.5, 2]]',
    '["dict", [true, 2]]',
    '["dict", [null, 2]]',
    '["dict", [["a"], 2]]',
    '["dict", ["a", 1], ["a", 2]]',
    '["ordered", ["a", 1], ["a", 2]]',
    '["tuple", {"a": 1}]',
    '["tensor", "w"]',
    "[" * 70 + "]" * 70,
    "nonsense",
    "NaN",
]


@pytest.mark.parametrize("text", LIES)
def test_a_text_that_lies_is_named(text):
    with pytest.raises(FormatError, match=r"^here: .*; expected .*\. Try "):
        unpack(text, ARRAYS, source="here")


def test_lists_have_a_limit_on_both_sides():
    """In memory a list takes five times what it takes in the file: a limit keeps a small file from asking for much."""
    halves = {"a": [0.5] * 500_000, "b": list(range(500_000))}
    arrays, text = pack(halves)
    assert unpack(text, arrays) == halves
    with pytest.raises(ValueRangeError, match=r"more than 1,000,000 numbers in lists at b"):
        pack({**halves, "b": [*halves["b"], 1]})
    arrays["b"] = np.arange(500_001)
    with pytest.raises(FormatError, match="more than 1,000,000 numbers in lists"):
        unpack(text, arrays)
