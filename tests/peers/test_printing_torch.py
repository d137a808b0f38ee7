"""The text of tensors against live PyTorch's, over arrays and options of every kind."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glassnet.core.printing import format_tensor, set_printoptions

pytestmark = pytest.mark.peers

shapes = st.one_of(
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=8),
    arrays.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=50),
    st.sampled_from([(1000,), (1001,), (7, 200), (2, 3, 200), (300, 4)]),
)
whole = st.sampled_from(["int8", "int16", "int32", "int64", "uint8", "bool"])
floats = st.sampled_from(["float16", "float32", "float64"])


@pytest.fixture(autouse=True)
def _default_options():
    yield
    torch.set_printoptions(profile="default")
    set_printoptions(profile="default")


def numbers(dtype, lowest, highest, digits):
    """Numbers between two powers of ten, rounded or not, and now and then one that is special."""
    usual = st.builds(
        lambda size, power, sign: sign * round(size * 10.0**power, digits),
        st.floats(1, 10), st.integers(min(lowest, highest), max(lowest, highest)), st.sampled_from([-1, 1]),
    )  # fmt: skip
    special = st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf])
    largest = float(np.finfo(dtype).max)
    usual = usual.map(lambda v: float(np.dtype(dtype).type(min(max(v, -largest), largest))))
    return st.one_of(usual, usual, usual, special)


def float_array(dtype, shape, lowest, highest, digits):
    elements = numbers(dtype, lowest, highest, digits)
    return arrays.arrays(dtype, shape, elements=elements, fill=st.nothing() if np.prod(shape) < 60 else None)


powers = st.integers(-9, 9)
float_arrays = st.tuples(floats, shapes, powers, powers, st.sampled_from([0, 1, 4, 20])).flatmap(
    lambda made_of: float_array(*made_of)
)


def both(array, requires_grad=False, made=False):
    t = torch.from_numpy(np.array(array)).requires_grad_(requires_grad)
    t = t * 1 if made else t
    name = "MulBackward0" if made and requires_grad else None
    return repr(t), format_tensor(t.detach().numpy(), requires_grad=requires_grad, grad_fn=name)


@settings(max_examples=250, deadline=None)
@given(float_arrays, st.booleans(), st.booleans())
def test_floats(array, requires_grad, made):
    theirs, ours = both(array, requires_grad, made)
    assert ours == theirs


@settings(max_examples=200, deadline=None)
@given(arrays.arrays("float64", shapes, elements=st.floats()) | arrays.arrays("float32", shapes))
def test_any_floats_at_all(array):
    theirs, ours = both(array)
    assert ours == theirs


@settings(max_examples=200, deadline=None)
@given(arrays.arrays(whole, shapes))
def test_whole_numbers(array):
    theirs, ours = both(array)
    assert ours == theirs


def maybe(strategy):
    return st.none() | strategy


options = st.fixed_dictionaries(
    {
        "precision": maybe(st.integers(0, 9)),
        "threshold": maybe(st.sampled_from([0, 5, 100, 1000, float("inf")])),
        "edgeitems": maybe(st.integers(0, 4)),
        "linewidth": maybe(st.integers(1, 150)),
        "profile": maybe(st.sampled_from(["default", "short", "full"])),
        "sci_mode": maybe(st.booleans()),
    }
)


@settings(max_examples=200, deadline=None)
@given(st.lists(options, min_size=1, max_size=3), float_arrays | arrays.arrays(whole, shapes))
def test_options(calls, array):
    for call in calls:
        torch.set_printoptions(**call)
        set_printoptions(**call)
    theirs, ours = both(array)
    assert ours == theirs


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(floats, (2, 3)), st.sampled_from([torch.float32, torch.float64]))
def test_the_default_dtype_goes_unsaid(array, default):
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        theirs = repr(torch.from_numpy(array))
    finally:
        torch.set_default_dtype(before)
    assert format_tensor(array, default_dtype=np.dtype(str(default).removeprefix("torch."))) == theirs
