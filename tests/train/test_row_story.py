"""The answer for a row of a table, told so that whoever works it out from the printed digits gets what was printed."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glassnet.read.document import Document
from glassnet.read.formula import Symbol
from glassnet.train.row_story import answer_steps
from glassnet.train.tabular import Target

Z = Symbol("z", "3")


def told(z, mean, spread, digits=3):
    """The line of numbers of an answer."""
    target = Target("regression", ("price",), means=(mean,), spreads=(spread,))
    document = Document("", answer_steps(target, np.array([z], np.float32), Z), digits=digits)
    return document.text(200).splitlines()[-1].strip().replace("−", "-")


def test_a_large_scale_gets_more_digits_of_its_factor():
    line = told(-757 / 1024, 175178.4843, 87310.6543)
    p, product, result = (part.strip() for part in line.split("="))
    z, s, m = map(float, re.findall(r"-?[\d.]+", product))
    assert p == "p"
    assert f"{z * s + m:.3f}" == result  # with three digits of z it would be 45 off
    assert result == "110633.401"  # 175178.4843 - 87310.6543 * 757 / 1024


def test_a_scale_of_one_gets_no_more_than_was_asked_for():
    assert told(0.5, 2.0, 1.0) == "p = 0.5·1 + 2 = 2.5"
    assert told(1.23456789, 2.0, 1.0, 6) == "p = 1.234568·1 + 2 = 3.234568"


@given(
    z=st.floats(-6, 6, width=32),
    mean=st.floats(-1e6, 1e6),
    spread=st.floats(1e-3, 1e6),
    digits=st.integers(1, 6),
)
def test_no_answer_has_to_say_that_it_was_rounded(z, mean, spread, digits):
    p = z * spread + mean
    assume(abs(p) >= 1)  # below that, what cancels takes the digits with it
    assume(abs(abs(p) * 10.0**digits % 1 - 0.5) > 1e-2)  # half way between two printed numbers no digit decides
    assert "the digits shown give" not in told(z, mean, spread, digits)


@pytest.mark.parametrize("z", [math.nan, math.inf, -math.inf])
def test_outputs_that_are_no_numbers_are_told_too(z):
    assert told(z, 10.0, 1000.0).endswith(f"= {z}")
