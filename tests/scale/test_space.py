"""What a search tries."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import ValueRangeError
from glassnet.scale import space as spaces
from glassnet.scale.space import Range, settings_for
from glassnet.train.settings import Settings

EXERCISE = {
    "learning_rate": (0.001, 0.01, 0.1, 1.0),
    "width": (32, 64, 128, 256),
    "depth": (1, 2, 3),
    "batch_size": (16, 32, 64, 128),
}


def test_a_grid_has_every_combination_once_and_in_order():
    trials = spaces.grid(EXERCISE)
    assert [trial.number for trial in trials] == list(range(192))
    assert len({tuple(trial.choices.values()) for trial in trials}) == 192
    assert trials[0].choices == {"learning_rate": 0.001, "width": 32, "depth": 1, "batch_size": 16}
    assert trials[1].choices == {"learning_rate": 0.001, "width": 32, "depth": 1, "batch_size": 32}
    assert trials[-1].choices == {"learning_rate": 1.0, "width": 256, "depth": 3, "batch_size": 128}


def test_one_at_a_time_changes_one_thing():
    first, *others = (trial.choices for trial in spaces.one_at_a_time(EXERCISE))
    assert len(others) == 3 + 3 + 2 + 3
    for other in others:
        assert sum(other[name] != first[name] for name in first) == 1


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_a_seed_gives_the_same_draws_and_none_twice(seed, n):
    space = {"dropout": Range(0.0, 0.5), "depth": Range(1, 3), "activation": ("relu", "tanh")}
    trials = spaces.random(space, n, seed)
    assert trials == spaces.random(space, n, seed)
    assert len({tuple(trial.choices.values()) for trial in trials}) == n
    for trial in trials:
        settings = settings_for(Settings(), trial.choices)  # each of them can be trained
        assert 0 <= settings.dropout <= 0.5
        assert 1 <= len(settings.hidden) <= 3


def test_a_longer_search_begins_as_the_shorter_one():
    space = {"learning_rate": Range(0.001, 1.0)}
    assert spaces.random(space, 20, seed=3)[:5] == spaces.random(space, 5, seed=3)


def test_wide_ranges_are_drawn_by_orders_of_magnitude_and_narrow_ones_evenly():
    rates = [t.choices["learning_rate"] for t in spaces.random({"learning_rate": Range(0.001, 1.0)}, 3000)]
    by_order = Counter(math.floor(math.log10(rate)) for rate in rates if rate < 1)
    assert [by_order[order] / len(rates) for order in (-3, -2, -1)] == pytest.approx([1 / 3] * 3, abs=0.03)
    shares = [t.choices["dropout"] for t in spaces.random({"dropout": Range(0.2, 0.6)}, 400)]
    assert sum(shares) / len(shares) == pytest.approx(0.4, abs=0.02)
    depths = Counter(t.choices["depth"] for t in spaces.random({"depth": Range(1, 3), "dropout": Range(0.0, 0.9)}, 900))
    assert [depths[d] / 900 for d in (1, 2, 3)] == pytest.approx([1 / 3] * 3, abs=0.05)


def test_a_search_ends_where_there_is_nothing_else_to_draw():
    trials = spaces.random({"depth": (1, 2, 3)}, 50)
    assert sorted(trial.choices["depth"] for trial in trials) == [1, 2, 3]


@pytest.mark.parametrize(
    ("choices", "hidden"),
    [
        ({"width": 7}, (7, 7)),
        ({"depth": 3}, (128, 128, 128)),
        ({"width": 5, "depth": 0}, ()),
        ({"hidden": (9, 8)}, (9, 8)),
        ({}, (128, 64)),
    ],
)
def test_width_and_depth_make_the_hidden_layers(choices, hidden):
    assert settings_for(Settings(), choices).hidden == hidden


MISTAKES = [
    ({"learning_rat": [0.1]}, "Try learning_rate"),
    ({"learning_rate": [-1.0]}, "got learning_rate=-1.0; expected a number above 0"),
    ({"learning_rate": []}, "got learning_rate=nothing; expected each value once"),
    ({"depth": [1, 1]}, "got depth=1, 1; expected each value once"),
    ({"activation": Range(0.0, 1.0)}, "got a range for activation; expected values. Try activation=relu"),
    ({"dropout": Range(0.0, 2.0)}, "got dropout=2.0; expected a number of at least 0 and below 1"),
    ({"hidden": [(4,)], "depth": [1]}, "got hidden together with width or depth"),
    ({"dropout": Range(0.0, 0.5)}, "got the range 0..0.5 for dropout in a grid; expected values"),
]


@pytest.mark.parametrize(("space", "says"), MISTAKES, ids=[says[:40] for _, says in MISTAKES])
def test_a_space_without_sense_is_refused(space, says):
    with pytest.raises(ValueRangeError) as problem:
        spaces.grid(space)
    assert says in str(problem.value)


def test_a_range_has_a_lower_and_a_higher_end():
    with pytest.raises(ValueRangeError, match="got a range from 1 to 0"):
        Range(1, 0)
