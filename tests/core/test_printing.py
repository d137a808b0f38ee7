"""The text of tensors: PyTorch's golden texts, and what must hold for any array."""

import json
import pathlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glassnet.core import printing
from glassnet.core.printing import format_tensor, set_printoptions
from glassnet.errors import ValueRangeError

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "printing.json").read_text(encoding="utf-8"))

shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=12)
unabridged = shapes.filter(lambda shape: 0 < np.prod(shape) <= 1000)
whole = st.sampled_from(["int8", "int16", "int32", "int64", "uint8", "bool"])


@pytest.fixture(autouse=True)
def _default_options():
    yield
    set_printoptions(profile="default")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case[0]} {case[1] or ''}")
def test_pytorchs_own_text(case):
    expression, options, notes, wanted = case
    set_printoptions(**options)
    assert format_tensor(np.asarray(eval(expression, {"np": np})), **notes) == wanted


def read(text):
    """The array that the text of a tensor stands for."""
    names = {"tensor": lambda values, **notes: np.array(values), "nan": np.nan, "inf": np.inf}
    return eval(re.sub(r"dtype=torch\.\w+", "dtype=0", text), names)


@given(arrays.arrays(whole, unabridged))
def test_whole_numbers_can_be_read_back(array):
    back = read(format_tensor(array))
    assert back.shape == array.shape
    assert (back == array).all()


@given(arrays.arrays("float32", unabridged, elements=st.floats(-999, 999, width=32)))
def test_floats_can_be_read_back_to_their_digits(array):
    back = read(format_tensor(array))
    assert back.shape == array.shape
    np.testing.assert_allclose(back, array, rtol=5.1e-5, atol=5.1e-5)


@given(arrays.arrays("int64", shapes), st.integers(30, 120))
def test_lines_stay_within_their_width(array, linewidth):
    """But for the brackets that close the last line of a block, and for a number that is alone on its line."""
    set_printoptions(linewidth=linewidth)
    for line in format_tensor(array).split("\n"):
        assert len(line.rstrip("]),")) < linewidth or len(re.findall(r"-?\d+", line)) == 1


@given(arrays.arrays("int64", arrays.array_shapes(max_dims=3, max_side=40)))
def test_only_more_numbers_than_the_threshold_are_left_out(array):
    text = format_tensor(array)
    assert ("..." in text) == (array.size > 1000)
    shown = int(np.prod([min(n, 6) for n in array.shape]))
    assert array.size <= 1000 or len(re.findall(r"-?\d+", text)) == shown


nonzero = st.floats(allow_infinity=False, allow_nan=False, width=32).filter(bool)


@given(arrays.arrays("float32", st.integers(2, 9), elements=nonzero))
def test_numbers_of_one_row_end_in_one_column(array):
    set_printoptions(linewidth=10**6)
    words = format_tensor(array)[len("tensor([") : -len("])")].split(", ")
    assert len({len(word) for word in words}) == 1


def test_dtypes_are_told_unless_they_are_the_default():
    assert format_tensor(np.float64([1])) == "tensor([1.], dtype=torch.float64)"
    assert format_tensor(np.float64([1]), default_dtype=np.float64) == "tensor([1.])"
    assert format_tensor(np.float32([1]), default_dtype=np.float64) == "tensor([1.], dtype=torch.float32)"


def test_the_prefix_sets_the_indent():
    text = format_tensor(np.arange(4).reshape(2, 2), prefix="Parameter(")
    assert text == "Parameter([[0, 1],\n" + " " * 11 + "[2, 3]])"


def test_options_last_until_changed_but_for_scientific_notation():
    set_printoptions(precision=1, sci_mode=True)
    assert format_tensor(np.float32([0.25])) == "tensor([2.5e-01])"
    set_printoptions(edgeitems=2)
    assert format_tensor(np.float32([0.75])) == "tensor([0.8])"
    set_printoptions(profile="short", precision=3)
    assert format_tensor(np.float32([0.75])) == "tensor([0.750])"
    set_printoptions(profile="default")
    assert printing.Options() == printing.OPTIONS


def test_an_unknown_profile_is_explained():
    with pytest.raises(ValueRangeError, match=r"got profile='long'; .*\. Try profile='default'"):
        set_printoptions(profile="long")
    assert printing.Options() == printing.OPTIONS
