"""Changes through windows (slices, transposes, reshapes) of tensors that gradients flow through."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import GradientError, ReplayWarning

START = [[1.0, 2.0], [3.0, 4.0]]


def followed():
    """A leaf, and a computed tensor that may change in place."""
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    return x, x * 2


def slope(x, y):
    y.sum().backward()
    return x.grad.tolist()


# ---- by hand: what stands in y at the end, and how each of its numbers follows x ----------------------------------


def test_a_column_multiplied():
    x, y = followed()
    y[:, 0] *= 3
    assert y.tolist() == [[6, 4], [18, 8]]
    assert slope(x, y) == [[6, 2], [6, 2]]


def test_a_window_on_a_window():
    x, y = followed()
    y.view(4)[1:3].mul_(3)
    assert y.tolist() == [[2, 12], [18, 8]]
    assert slope(x, y) == [[2, 6], [6, 2]]


def test_a_transposed_window_takes_other_numbers():
    x, y = followed()
    y.t()[0].copy_(x[1] * 5)  # the first column: 5 times the second row
    assert y.tolist() == [[15, 4], [20, 8]]
    assert slope(x, y) == [[0, 2], [5, 7]]


def test_zeroed_and_filled_rows_follow_nothing():
    x, y = followed()
    y[0].zero_()
    y[1].fill_(3)
    assert slope(x, y * y) == [[0, 0], [0, 0]]


def test_what_had_no_gradient_gets_one_through_its_window():
    x, _ = followed()
    y = torch.zeros(2, 2, dtype=torch.float64)
    y[0].add_(x[1])
    assert y.requires_grad
    assert slope(x, y) == [[0, 0], [1, 1]]


def test_an_older_window_sees_the_change_of_the_whole():
    x, y = followed()
    row = y[0]
    y.mul_(3)
    assert row.tolist() == [6, 12]
    assert slope(x, row) == [[6, 6], [0, 0]]


def test_an_older_window_sees_what_was_stored():
    x, y = followed()
    row = y[0]
    y[0] = 5.0
    assert slope(x, row) == [[0, 0], [0, 0]]


def test_an_older_window_sees_the_change_through_another():
    x, y = followed()
    rows, column = [y[0], y[1]], y[:, 1]
    column.exp_()
    assert slope(x, rows[0] + rows[1]) == [[2, 2 * np.exp(4)], [2, 2 * np.exp(8)]]


def test_an_older_window_asks_for_gradients_as_soon_as_its_base_does():
    x, _ = followed()
    y = torch.zeros(2, 2, dtype=torch.float64)
    row = y[0]
    y[0] = x[1]
    assert row.requires_grad
    assert repr(row) == "tensor([3., 4.], dtype=torch.float64, grad_fn=<AsStridedBackward0>)"
    row.mul_(10)
    assert slope(x, y) == [[0, 0], [10, 10]]


def test_it_prints_as_pytorch_does():
    _, y = followed()
    row = y[0]
    row.mul_(2)
    assert y.grad_fn.name() == "CopySlices"
    assert row.grad_fn.name() == "AsStridedBackward0"


# ---- refused ------------------------------------------------------------------------------------------------------


def test_a_window_on_a_leaf_that_requires_grad():
    x, _ = followed()
    with pytest.raises(GradientError, match=r"a window of shape \(2,\) on a leaf .*; expected .* no_grad"):
        x[0].mul_(2)
    assert x.tolist() == START


def test_a_window_that_shows_a_number_twice():
    _, y = followed()
    with pytest.raises(GradientError, match=r"shows some numbers several times; expected .*clone"):
        y.expand(3, 2, 2).mul_(2)
    assert y.tolist() == [[2, 4], [6, 8]]


def test_a_value_that_a_rule_needs_may_not_change_through_a_window():
    _, y = followed()
    row = y[0]
    squared = row * row
    row.add_(1)
    with pytest.raises(GradientError, match="changed in place after mul had used it"):
        squared.sum().backward()


def test_detached_windows_change_the_numbers_alone():
    x, y = followed()
    y[0].detach().mul_(3)
    assert y.tolist() == [[6, 12], [6, 8]]
    assert slope(x, y) == [[2, 2], [2, 2]]


def test_without_gradients_a_window_is_just_memory():
    x, y = followed()
    with torch.no_grad():
        x[0] *= 2
        y[1].zero_()
    assert x.tolist() == [[2, 4], [3, 4]]
    assert y.tolist() == [[2, 4], [0, 0]]
    assert slope(x, y) == [[2, 2], [2, 2]]


def test_a_window_holds_no_graph_that_it_was_cut_off_from():
    _, y = followed()
    assert y[0].detach().base is None
    with torch.no_grad():
        assert y[0].base is None
    assert y.t()[0].base is y


def test_a_window_on_memory_that_was_exchanged_is_a_tensor_of_its_own():
    x, y = followed()
    row, other = y[0], y[1]
    y.data = torch.zeros(2, 2, dtype=torch.float64)
    other.data = torch.ones(2, dtype=torch.float64)
    y.mul_(3)
    assert slope(x, row * 1 + other) == [[2, 2], [2, 2]]
    row.mul_(5)
    assert y.tolist() == [[0, 0], [0, 0]]
    assert row.tolist() == [10, 20]


def test_a_compiled_step_with_such_changes_runs_op_by_op():
    x, _ = followed()

    @torch.compile
    def step():
        x.grad = None
        y = x * 2
        y[:, 0] *= 3
        y.sum().backward()
        return y.sum()

    with pytest.warns(ReplayWarning, match="changed in place"):
        results = [step().item() for _ in range(3)]
    assert results == [36, 36, 36]
    assert x.grad.tolist() == [[6, 2], [6, 2]]


def test_a_compiled_step_stores_where_its_index_says_now():
    w = torch.ones(3, requires_grad=True)

    @torch.compile
    def step(i):
        w.grad = None
        y = w * 2
        y[i] = w[0] * 10
        (y * torch.tensor([1.0, 10.0, 100.0])).sum().backward()

    for k in (1, 1, 1, 2):
        step(torch.tensor([k]))
    assert step.replays == 2
    assert w.grad.tolist() == [2 + 1000, 20, 0]


# ---- any sequence of changes, against the slope measured from the numbers ------------------------------------------

WINDOWS = [
    lambda a: a[0],
    lambda a: a[:, 1],
    lambda a: a[1:, ::2],
    lambda a: a.T[2],
    lambda a: a.reshape(12)[3:9],
    lambda a: a.reshape(2, 6).T[1:4],
    lambda a: a.reshape(3, 2, 2)[:, 0],
    lambda a: a[..., None][2, 1:],
]
CHANGES = [
    (lambda v, x: v.mul_(1.5), lambda v, x: v * 1.5),
    (lambda v, x: v.add_(x[0, 0]), lambda v, x: v + x[0, 0]),
    (lambda v, x: v.mul_(x[2, 1]), lambda v, x: v * x[2, 1]),
    (lambda v, x: v.sin_(), lambda v, x: np.sin(v)),
    (lambda v, x: v.copy_(x[1, 2] * 2), lambda v, x: np.full_like(v, x[1, 2] * 2)),
    (lambda v, x: v.zero_(), lambda v, x: np.zeros_like(v)),
    (lambda v, x: v.square_(), lambda v, x: v * v),
]


def by_numpy(x, steps):
    y = x * 2
    seen = [WINDOWS[0](y), WINDOWS[3](y)]
    for window, change in steps:
        v = WINDOWS[window](y)
        v[...] = CHANGES[change][1](v.copy(), x)
    return (np.cos(y).sum() + (seen[0] ** 2).sum() + seen[1].sum()), y


@given(
    st.lists(st.tuples(st.integers(0, len(WINDOWS) - 1), st.integers(0, len(CHANGES) - 1)), min_size=1, max_size=4),
    st.integers(0, 1000),
)
def test_any_changes_through_any_windows(steps, seed):
    start = np.random.default_rng(seed).uniform(-1.5, 1.5, (3, 4))
    x = torch.tensor(start, requires_grad=True)
    y = x * 2
    seen = [WINDOWS[0](y), WINDOWS[3](y)]
    for window, change in steps:
        CHANGES[change][0](WINDOWS[window](y), x)
    total = torch.cos(y).sum() + (seen[0] ** 2).sum() + seen[1].sum()
    expected, numbers = by_numpy(start, steps)
    np.testing.assert_allclose(y.detach().numpy(), numbers, rtol=1e-12)
    assert total.item() == pytest.approx(expected, rel=1e-12)
    total.backward()
    np.testing.assert_allclose(x.grad.numpy(), measured_slope(start, steps), rtol=2e-5, atol=2e-5)


def measured_slope(start, steps, h=1e-6):
    slopes = np.empty_like(start)
    for i in np.ndindex(start.shape):
        up, down = start.copy(), start.copy()
        up[i] += h
        down[i] -= h
        slopes[i] = (by_numpy(up, steps)[0] - by_numpy(down, steps)[0]) / (2 * h)
    return slopes
