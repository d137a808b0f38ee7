"""JSON that every reader understands alike goes through, the rest is named."""

import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import DTypeError, FormatError, ValueRangeError
from glassnet.files.strict_json import dumps, loads

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    text = dumps(value)
    assert loads(text) == loads(text.encode()) == value
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@given(VALUES)
def test_agrees_with_the_standard_parser_on_plain_text(value):
    text = json.dumps(value)
    assert loads(text) == json.loads(text)


@given(st.text(alphabet='{}[]",:\\u01d8eE+-.naInfity \n', max_size=30))
def test_whatever_is_accepted_is_what_the_standard_parser_says(text):
    try:
        value = loads(text)
    except FormatError:
        return
    assert value == json.loads(text)


@given(st.dictionaries(TEXT, st.integers(), max_size=6), st.randoms())
def test_equal_values_give_equal_texts(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert dumps(dict(items)) == dumps(value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' twice"),
        ("[NaN]", "the word NaN"),
        ("[-Infinity]", "the word -Infinity"),
        ("[1e999]", "the number 1e999"),
        ("[123456789012345678901]", "an integer of 21 digits"),  # CVE-2020-10735: digits cost their square
        ("[" * 65 + "]" * 65, "more than 64 brackets"),
        ("[" * 100_000, "more than 64 brackets"),
        ("[" + "0," * 200_000 + "0]", "more than 200,000 values"),
        ('["\\ud800"]', "half a surrogate pair"),
        ('["\\ud800\\x"]', "line 1, column 9: got"),
        ('{"\\udc00\\ud800": 1}', "half a surrogate pair"),
        ('["abc', "line 1, column 2: got"),
        ('{"a": 1}\n  x', "line 2, column 3: got 'x'; expected JSON"),
        ("", "line 1, column 1: got the end of the text"),
        ("\ufeff{}", "line 1, column 1"),
        ("['a']", "expected JSON"),
        ("[1,]", "expected JSON"),
        ("[01]", "expected JSON"),
        ('["\t"]', "expected JSON"),
    ],
    ids=range(19),
)
def test_traps_are_refused(text, complaint):
    with pytest.raises(FormatError, match=r"^run\.json") as caught:
        loads(text, source="run.json")
    assert complaint in str(caught.value)


def test_bytes_that_are_not_utf8():
    with pytest.raises(FormatError, match="got byte 0xff at 2; expected UTF-8 text"):
        loads(b'["\xff"]')
    with pytest.raises(FormatError):
        loads("[]".encode("utf-16"))


def test_brackets_inside_text_do_not_count():
    text = json.dumps(["[" * 100, '\\"[' * 100, "{,"])
    assert loads(text, max_depth=1, max_items=4) == json.loads(text)
    with pytest.raises(FormatError, match="more than 3 values"):
        loads("[1, 2, 3, 4]", max_items=3)


@pytest.mark.parametrize("text", ['"' + '\\"' * 300_000, '{"a":' * 60 + '"' * 300_001, "[" + '{"a":0},' * 60_000])
def test_hostile_text_takes_no_square_of_its_length(text):
    start = time.process_time()
    with pytest.raises(FormatError):
        loads(text)
    assert time.process_time() - start < 2  # a square would take minutes


def test_many_keys_with_one_twice_take_no_square():
    text = "{" + ",".join(f'"{key}":0' for key in range(90_000)) + ',"89999":0}'
    start = time.process_time()
    with pytest.raises(FormatError, match="the key '89999' twice"):
        loads(text)
    assert time.process_time() - start < 2


def test_numpy_is_written_as_plain_numbers():
    value = {"a": np.float32(0.5), "b": np.arange(3), "c": np.bool_(True), "d": (np.int64(2), np.float64(1))}
    assert loads(dumps(value)) == {"a": 0.5, "b": [0, 1, 2], "c": True, "d": [2, 1.0]}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float32("nan"), np.array([1, -np.inf])])
def test_non_finite_numbers_are_refused_by_place_or_written_as_null(number):
    value = {"history": [{"loss": number}]}
    with pytest.raises(ValueRangeError, match=r"at history\[0\]\.loss"):
        dumps(value)
    assert "null" in dumps(value, non_finite="null")


def test_what_json_cannot_say_is_named_by_place():
    with pytest.raises(DTypeError, match=r"got a set at a\[1\]"):
        dumps({"a": [0, {1}]})
    with pytest.raises(DTypeError, match="got the key 1 at the top"):
        dumps({1: "a", "1": "b"})
    with pytest.raises(ValueRangeError, match="half a surrogate pair at a"):
        dumps({"a": "\ud800"})
    loop: list = []
    loop.append(loop)
    with pytest.raises(ValueRangeError, match="more than 64 levels"):
        dumps(loop)
