"""`testing.assert_close` says yes and no where PyTorch's does, with errors of the same class."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet

pytestmark = pytest.mark.peers


def said(lib, compare):
    """What a comparison raises, by its class."""
    try:
        compare(lib)
    except (AssertionError, TypeError, ValueError) as problem:
        return type(problem)
    return None


@given(
    kind=st.sampled_from(["float16", "float32", "float64", "int64", "bool"]),
    other=st.sampled_from(["float32", "float64", "int64"]),
    base=st.floats(-1e3, 1e3, width=16),
    gap=st.sampled_from([0.0, 1e-8, 9e-8, 1.1e-7, 9e-6, 1.1e-5, 5e-4, 2e-3, 1.0, math.nan, math.inf]),
    options=st.sampled_from([{}, {"check_dtype": False}, {"equal_nan": True}, {"rtol": 0.0, "atol": 1e-3}]),
    mixed=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_it_agrees_about_numbers(kind, other, base, gap, options, mixed):
    def compare(lib):
        right = getattr(lib, other if mixed else kind)
        if not (kind.startswith("float") and right.is_floating_point) and not math.isfinite(gap):
            return
        a = lib.tensor([[base, base]], dtype=lib.float64).to(getattr(lib, kind))
        b = lib.tensor([[base, base + gap]], dtype=lib.float64).to(right)
        lib.testing.assert_close(a, b, **options)

    assert said(glassnet, compare) == said(torch, compare)


CASES = {
    "equal": lambda lib: lib.testing.assert_close([1, lib.ones(2)], (1, lib.ones(2))),
    "lengths": lambda lib: lib.testing.assert_close([1, 2], [1]),
    "shapes": lambda lib: lib.testing.assert_close(lib.ones(2), lib.ones(2, 1)),
    "keys": lambda lib: lib.testing.assert_close({"a": 1}, {"b": 1}),
    "inside": lambda lib: lib.testing.assert_close({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}),
    "number and tensor": lambda lib: lib.testing.assert_close(1.0, lib.tensor(1.0)),
    "number and word": lambda lib: lib.testing.assert_close(1.0, "1.0"),
    "words": lambda lib: lib.testing.assert_close("a", "a"),
    "int and float": lambda lib: lib.testing.assert_close(1, 1.0),
    "int and float, kinds apart": lambda lib: lib.testing.assert_close(1, 1.0, check_dtype=False),
    "None": lambda lib: lib.testing.assert_close(None, None),
    "None and one": lambda lib: lib.testing.assert_close(None, 1),
    "arrays": lambda lib: lib.testing.assert_close(np.ones(3), np.ones(3) + 1e-9),
    "one tolerance": lambda lib: lib.testing.assert_close(1.0, 1.0, rtol=1.0),
    "empty": lambda lib: lib.testing.assert_close(lib.ones(0), lib.ones(0)),
    "parameter": lambda lib: lib.testing.assert_close(lib.nn.Parameter(lib.ones(2)), lib.ones(2)),
}


@pytest.mark.parametrize("name", CASES)
def test_it_agrees_about_what_can_be_compared(name):
    assert said(glassnet, CASES[name]) == said(torch, CASES[name])


def test_messages():
    a, b = glassnet.tensor([1.0, 2.0, 3.0]), glassnet.tensor([1.0, 2.5, 4.0])
    with pytest.raises(AssertionError, match=r"got 2 of 3 numbers too far away, the farthest at \(2,\) 3.0 for 4.0"):
        glassnet.testing.assert_close(a, b)
    with pytest.raises(AssertionError, match=r"\['w'\]\[0\]: got shape \(3,\); expected \(2,\)"):
        glassnet.testing.assert_close({"w": [a]}, {"w": [b[:2]]})
    with pytest.raises(AssertionError, match=r"^see: assert_close"):
        glassnet.testing.assert_close(a, b, msg=lambda text: f"see: {text}")
