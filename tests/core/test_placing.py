"""Copies with other numbers in some places, windows along an axis, and a few functions of whole numbers, by NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import DTypeError, ShapeError, ValueRangeError

A = np.arange(12.0).reshape(3, 4)


def a():
    return torch.tensor(A)


def test_a_slice_a_row_and_a_diagonal_are_replaced():
    expected = A.copy()
    expected[:, 1:4:2] = -1
    assert np.array_equal(torch.slice_scatter(a(), torch.full((3, 2), -1.0).double(), 1, 1, 4, 2).numpy(), expected)
    expected = A.copy()
    expected[:, 2] = 9
    assert np.array_equal(a().select_scatter(torch.full((3,), 9.0).double(), 1, 2).numpy(), expected)
    expected = A.copy()
    expected[[0, 1], [2, 3]] = [5, 6]
    assert np.array_equal(a().diagonal_scatter(torch.tensor([5.0, 6.0]).double(), 2).numpy(), expected)


def test_what_is_replaced_gives_its_gradient_to_what_replaces_it():
    x = torch.tensor(A, requires_grad=True)
    new = torch.ones(4, dtype=torch.float64, requires_grad=True)
    (x.select_scatter(new, 0, 1) * torch.tensor(A)).sum().backward()
    assert x.grad.tolist() == [[0, 1, 2, 3], [0] * 4, [8, 9, 10, 11]]
    assert new.grad.tolist() == [4, 5, 6, 7]


def test_a_replacement_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"source of shape \(3,\) for a place of shape \(4,\); expected"):
        a().select_scatter(torch.ones(3), 0, 1)


@given(st.integers(0, 100))
def test_a_mask_takes_from_the_source_in_order(seed):
    rng = np.random.default_rng(seed)
    mask, source = rng.random((3, 4)) < 0.5, rng.random(12)
    expected = A.copy()
    expected[mask] = source[: mask.sum()]
    assert np.array_equal(a().masked_scatter(torch.tensor(mask), torch.tensor(source)).numpy(), expected)


def test_a_mask_with_more_places_than_numbers_is_refused():
    with pytest.raises(ShapeError, match=r"got 2 numbers for 3 places; expected at least 3"):
        torch.zeros(3).masked_scatter(torch.ones(3) > 0, torch.ones(2))


REDUCE = {"sum": np.sum, "mean": np.mean, "prod": np.prod, "amax": np.max, "amin": np.min}


@given(st.sampled_from([*REDUCE]), st.booleans(), st.integers(0, 100))
def test_numbers_sent_to_one_place_are_reduced(reduce, include_self, seed):
    rng = np.random.default_rng(seed)
    before, index, source = rng.random((3, 2)), rng.integers(0, 3, (4, 2)), rng.random((4, 2))
    y = torch.tensor(before).scatter_reduce(
        0, torch.tensor(index), torch.tensor(source), reduce, include_self=include_self
    )
    for i, j in np.ndindex(3, 2):
        came = source[index[:, j] == i, j]
        kept = [before[i, j]] if include_self or not came.size else []
        assert y[i, j].item() == pytest.approx(REDUCE[reduce]([*kept, *came]))


def test_a_mean_of_what_is_sent_shares_its_gradient():
    x = torch.tensor([2.0, 4.0, 6.0], requires_grad=True)
    torch.zeros(2).scatter_reduce(0, torch.tensor([0, 0, 1]), x, "mean").sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [1 / 3, 1 / 3, 1 / 2], rtol=1e-6)


def test_ties_for_an_extreme_share_its_gradient_and_a_zero_leaves_the_rest_of_a_product():
    x = torch.tensor([2.0, 5.0, 5.0], requires_grad=True)
    before = torch.tensor([5.0, 7.0], requires_grad=True)
    before.scatter_reduce(0, torch.tensor([0, 0, 0]), x, "amax").sum().backward()
    np.testing.assert_allclose(x.grad, [0, 1 / 3, 1 / 3])
    np.testing.assert_allclose(before.grad, [1 / 3, 1])
    x = torch.tensor([2.0, 0.0, 5.0], requires_grad=True)
    torch.ones(1).scatter_reduce(0, torch.tensor([0, 0, 0]), x, "prod").sum().backward()
    assert x.grad.tolist() == [0, 10, 0]


@given(st.sampled_from(["mean", "prod", "amax", "amin"]), st.booleans(), st.integers(0, 100))
def test_slices_sent_to_one_place_are_reduced(reduce, include_self, seed):
    rng = np.random.default_rng(seed)
    before, index, source = rng.random((2, 3)), rng.integers(0, 3, 4), rng.random((2, 4))
    y = torch.tensor(before)
    y.index_reduce_(1, torch.tensor(index), torch.tensor(source), reduce, include_self=include_self)
    for i, j in np.ndindex(2, 3):
        came = source[i, index == j]
        kept = [before[i, j]] if include_self or not came.size else []
        assert y[i, j].item() == pytest.approx(REDUCE[reduce]([*kept, *came]))


def test_a_strided_view_is_a_view():
    x = torch.arange(6.0)
    x.as_strided((2, 2), (3, 1), 1).add_(10)
    assert x.tolist() == [0, 11, 12, 3, 14, 15]
    assert x[1:].as_strided((2,), (2,)).tolist() == [11, 3]  # from where the window begins
    assert x[1:].as_strided((2,), (2,), 2).tolist() == [12, 14]  # counted in the memory, as PyTorch does


def test_only_known_reductions_are_taken():
    with pytest.raises(ValueRangeError, match="got reduce='median'"):
        torch.zeros(2).scatter_reduce(0, torch.tensor([0]), torch.ones(1), "median")


def test_whole_numbers_are_reduced_within_their_kind():
    y = torch.tensor([1, 2]).scatter_reduce(0, torch.tensor([1, 1]), torch.tensor([7, 8]), "amin", include_self=False)
    assert y.tolist() == [1, 7]
    assert torch.tensor([1]).scatter_reduce(0, torch.tensor([0]), torch.tensor([4]), "mean").tolist() == [2]


# ---- windows along an axis ------------------------------------------------------------------------------------------


@given(st.integers(0, 1), st.integers(1, 3), st.integers(1, 3))
def test_windows_are_views_and_add_their_gradients(dim, size, step):
    x = torch.tensor(A, requires_grad=True)
    y = x.unfold(dim, size, step)
    expected = np.lib.stride_tricks.sliding_window_view(A, size, dim)[(slice(None),) * dim + (slice(None, None, step),)]
    assert np.array_equal(y.detach().numpy(), expected)
    weights = np.random.default_rng(size).random(expected.shape)
    (y * torch.tensor(weights)).sum().backward()
    slope = np.zeros_like(A)
    for k in np.ndindex(expected.shape):
        at = list(k[:2])
        at[dim] = k[dim] * step + k[2]
        slope[tuple(at)] += weights[k]
    np.testing.assert_allclose(x.grad.numpy(), slope, rtol=1e-12)


def test_windows_share_memory_and_their_step_must_fit():
    x = torch.arange(6.0)
    x.unfold(0, 2, 2)[1, 0] = 99
    assert x.tolist() == [0, 1, 99, 3, 4, 5]
    with pytest.raises(ValueRangeError, match=r"got size=7, step=1; expected at most 6, the length of axis 0"):
        x.unfold(0, 7, 1)


# ---- cutting, widening, whole numbers -------------------------------------------------------------------------------


def test_cuts_and_axes():
    x = torch.arange(8.0).reshape(2, 4)
    assert [p.tolist() for p in torch.hsplit(x, 2)] == [[[0, 1], [4, 5]], [[2, 3], [6, 7]]]
    assert [p.shape[0] for p in x.vsplit([1])] == [1, 1]
    assert [p.shape[1] for p in x.split_with_sizes([1, 3], 1)] == [1, 3]
    assert torch.atleast_3d(torch.ones(5)).shape == (1, 5, 1)
    assert torch.atleast_3d(torch.ones(5, 2)).shape == (5, 2, 1)
    assert torch.diagflat(torch.ones(2, 1)).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ValueRangeError, match="got 3 pieces of 4 entries; expected pieces of equal size"):
        x.hsplit(3)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=5), st.integers(-50, 50))
def test_divisors_and_multiples(numbers, other):
    x, y = torch.tensor(numbers), torch.tensor(other)
    assert torch.gcd(x, y).tolist() == np.gcd(numbers, other).tolist()
    assert torch.lcm(x, y).tolist() == np.lcm(numbers, other).tolist()
    with pytest.raises(DTypeError, match=r"gcd: got torch\.float32 numbers; expected whole numbers"):
        torch.gcd(x.float(), y)


def test_places_as_rows_and_columns():
    places = torch.unravel_index(torch.tensor([5, 0]), (2, 3))
    assert [p.tolist() for p in places] == [[1, 0], [2, 0]]
    with pytest.raises(ValueRangeError, match="got places up to 6"):
        torch.unravel_index(torch.tensor([6]), (2, 3))


def test_signs_infinities_and_powers_of_two():
    x = torch.tensor([-0.0, 0.0, float("inf"), -float("inf"), float("nan")])
    assert torch.signbit(x[:4]).tolist() == [True, False, False, True]
    assert torch.isposinf(x).tolist() == [False, False, True, False, False]
    assert torch.isneginf(x).tolist() == [False, False, False, True, False]
    assert torch.isreal(x).all()
    assert torch.ldexp(torch.tensor([3.0]), torch.tensor([4])).item() == 48
    assert torch.logaddexp2(torch.tensor([1000.0]), torch.tensor([1000.0])).item() == 1001


def test_python_functions_number_by_number():
    x = torch.arange(3.0)
    assert x.apply_(lambda v: v * 10).tolist() == [0, 10, 20]
    assert x.map_(torch.tensor([1.0]), lambda v, w: v - w).tolist() == [-1, 9, 19]


def test_comparisons_in_place_keep_the_dtype():
    x = torch.tensor([1.0, 2.0, 3.0])
    assert x.gt_(1.5).tolist() == [0, 1, 1]
    assert x.dtype == torch.float32
