"""Reading command lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.train.kinds import Numbers, Real, Text, Whole

OPTIONS = [
    Option("epochs", Whole(1, example="10"), ""),
    Option("learning_rate", Real(open=True), "", ("lr",)),
    Option("x", Numbers(), ""),
    Option("output", Text(), ""),
    Option("quiet", None, ""),
]


@pytest.mark.parametrize(
    ("line", "arguments", "values"),
    [
        ("moons", ["moons"], {}),
        ("moons --epochs 5", ["moons"], {"epochs": 5}),
        ("--epochs=5 moons", ["moons"], {"epochs": 5}),
        ("--quiet moons --quiet", ["moons"], {"quiet": True}),
        ("--lr 0.1", [], {"learning_rate": 0.1}),
        ("--Learning-Rate 0.1", [], {"learning_rate": 0.1}),
        ("--learning_rate=1e-3", [], {"learning_rate": 0.001}),
        ("--epochs 5 --epochs 7", [], {"epochs": 7}),
        ("--x -0.5,1", [], {"x": (-0.5, 1.0)}),
        ("--x=-0.5", [], {"x": (-0.5,)}),
        ("-5 -.5", ["-5", "-.5"], {}),
        ("a -- --epochs b", ["a", "--epochs", "b"], {}),
        ("--output=a=b", [], {"output": "a=b"}),
        ("--output -odd-", [], {"output": "-odd-"}),
        ("", [], {}),
    ],
)
def test_command_lines(line, arguments, values):
    assert parse(line.split(), OPTIONS) == Parsed(arguments, values)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--epocs 5", "got the option --epocs; expected one that this command has. Try --epochs."),
        ("--zzz", "got the option --zzz; expected one that this command has. Try --help, which lists them."),
        ("-q", "got the option -q; expected one that this command has. Try --quiet."),
        ("--epochs", "got --epochs without a value; expected a whole number of at least 1. Try --epochs 10."),
        ("--epochs --quiet", "got --epochs without a value; expected a whole number of at least 1. Try --epochs 10."),
        ("--epochs=", "got --epochs ''; expected a whole number of at least 1. Try --epochs 10."),
        ("--lr fast", "got --learning-rate fast; expected a number above 0. Try --learning-rate 0.1."),
        ("--quiet=yes", "got --quiet=yes; expected --quiet alone. Try --quiet."),
    ],
)
def test_mistakes_are_answered_in_one_line(line, message):
    with pytest.raises(UsageError) as refused:
        parse(line.split(), OPTIONS)
    assert str(refused.value) == message


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_words_are_read_or_answered(words):
    try:
        answer = parse(words, OPTIONS)
    except UsageError as refusal:
        answer = str(refusal)
    if isinstance(answer, str):
        assert answer.isprintable()
    else:
        assert set(answer.values) <= {option.name for option in OPTIONS}


@given(st.lists(st.text(max_size=12), max_size=6))
def test_after_two_hyphens_everything_is_an_argument(words):
    assert parse(["--", *words], OPTIONS) == Parsed(words, {})
