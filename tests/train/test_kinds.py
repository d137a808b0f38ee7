"""Kinds of settings: what is read, what is refused, and what is suggested instead."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import ValueRangeError
from glassnet.train.kinds import Choice, Numbers, PerClass, Real, Sizes, Text, Whole, WholeOrAll, nearest

KINDS = [
    Whole(1, 50),
    Real(0.0, 1.0, open=True),
    Choice(("relu", "leaky_relu")),
    PerClass(("none", "balanced")),
    Sizes(),
    WholeOrAll(1),
    Numbers(),
    Text(),
]


@given(st.integers(-100, 100))
def test_whole_numbers_are_held_to_their_bounds(value):
    assert Whole(1, 50).holds(value) == (1 <= value <= 50)


@given(st.floats())
def test_real_numbers_are_finite_and_within_bounds(value):
    assert Real(0.0, 1.0).holds(value) == (0 <= value < 1)
    assert Real(0.0, 1.0, open=True).holds(value) == (0 < value < 1)


@pytest.mark.parametrize(("word", "value"), [("20", 20), ("1e3", 1000), ("1_000", 1000), ("-3", -3), ("2.0", 2)])
def test_whole_numbers_may_be_spelled_as_floats(word, value):
    assert Whole(-5).parse("--n", word) == value
    assert isinstance(Whole(-5).parse("--n", word), int)


@pytest.mark.parametrize("word", ["0.5", "nan", "inf", "", "ten", "0x10", "1,2"])
def test_what_is_not_whole_is_refused(word):
    with pytest.raises(ValueRangeError, match=r"^got --epochs .*; expected a whole number .*\. Try --epochs 7\.$"):
        Whole(1, example="7").parse("--epochs", word)


@pytest.mark.parametrize("word", ["Leaky-ReLU", "LEAKY_RELU", " leaky_relu "])
def test_names_are_read_whatever_their_case_and_hyphens(word):
    assert Choice(("relu", "leaky_relu")).parse("--activation", word) == "leaky_relu"


def test_a_slip_of_the_keyboard_is_answered_with_the_nearest_name():
    with pytest.raises(ValueRangeError, match=r"Try --activation leaky_relu\.$"):
        Choice(("relu", "leaky_relu", "tanh")).parse("--activation", "leakyrelu")


@pytest.mark.parametrize(
    ("word", "value"), [("128,64", (128, 64)), ("128x64", (128, 64)), ("5", (5,)), ("none", ()), ("None", ())]
)
def test_sizes_of_layers(word, value):
    assert Sizes().parse("--hidden", word) == value


@pytest.mark.parametrize("word", ["128,", ",", "", "0", "128,-1", "128;64", "1e9", "a"])
def test_sizes_that_no_layer_has(word):
    allowed = "expected whole numbers from 1 to 1,000,000 with commas between, or none"
    with pytest.raises(ValueRangeError, match=allowed):
        Sizes().parse("--hidden", word)


def test_all_examples_are_zero_inside_but_zero_is_not_how_to_say_it():
    assert WholeOrAll(1).parse("--batch-size", "all") == 0
    assert WholeOrAll(1).parse("--batch-size", "32") == 32
    with pytest.raises(ValueRangeError, match="or all"):
        WholeOrAll(1).parse("--batch-size", "0")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_come_back_as_they_were_typed(values):
    assert Numbers().parse("--x", ",".join(map(repr, values))) == tuple(values)


@pytest.mark.parametrize("word", ["nan", "1,inf", "1,,2", "one"])
def test_numbers_are_finite(word):
    with pytest.raises(ValueRangeError, match="expected numbers with commas between"):
        Numbers().parse("--x", word)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
def test_what_is_suggested_is_accepted(kind):
    assert kind.holds(kind.parse("--option", kind.example))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
@given(word=st.text(max_size=70))
def test_any_word_is_read_or_answered_in_one_line(kind, word):
    try:
        assert kind.holds(kind.parse("--option", word))
    except ValueRangeError as refusal:
        message = str(refusal)
        assert "\n" not in message
        assert message.startswith("got --option ")
        assert message.endswith(".")


def test_a_value_that_comes_from_python_is_checked_too():
    with pytest.raises(ValueRangeError, match=r"^got rate=nan; expected a number above 0\. Try rate=0\.1\.$"):
        Real(open=True).check("rate", math.nan)
    with pytest.raises(ValueRangeError, match=r"Try epochs=1\.$"):
        Whole(1).check("epochs", True)


def test_nothing_is_near_to_gibberish():
    assert nearest("qqqq", ["adam", "sgd"]) is None


@pytest.mark.parametrize("word", ["none", "Balanced", "yes=5", "a=b=2", "no=0, yes=1e-3"])
def test_numbers_for_classes(word):
    kind = PerClass(("none", "balanced"))
    assert kind.holds(kind.parse("--class-weight", word))


@pytest.mark.parametrize(
    "word", ["", "yes", "yes=", "=5", "yes=-1", "yes=inf", "yes=nan", "yes=1,yes=2", "yes=1,", "5"]
)
def test_what_is_no_number_for_a_class(word):
    with pytest.raises(ValueRangeError, match=r"Try --class-weight balanced\.$"):
        PerClass(("none", "balanced")).parse("--class-weight", word)
