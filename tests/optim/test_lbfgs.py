"""L-BFGS and its line search: PyTorch's golden walks, exact answers where they are known, and carrying on."""

import copy
import json
import pathlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import errors
from glassnet.core.mode import recording
from glassnet.optim.line_search import Point, cubic_minimum, strong_wolfe

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "optim.json").read_text(encoding="utf-8"))


def leaf(values):
    return torch.tensor(np.array(values, "float64"), requires_grad=True)


def closure_of(optimizer, loss_of):
    def closure():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize("walk", GOLDEN["valley"], ids=lambda w: str(w["options"]))
def test_walks_as_pytorch_does(walk):
    x = leaf([-1.2, 1.0])
    optimizer = torch.optim.LBFGS([x], **walk["options"])
    closure = closure_of(optimizer, lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
    losses = [optimizer.step(closure).item() for _ in range(3)]
    np.testing.assert_allclose(losses, walk["losses"], rtol=1e-9)
    np.testing.assert_allclose(x.array, walk["x"], rtol=1e-9)
    assert optimizer.state[x]["func_evals"] == walk["asked"]


@given(st.integers(1, 6), st.integers(0, 1000))
def test_a_quadratic_in_n_dimensions_is_solved(n, seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((n, n))
    matrix, goal = root @ root.T + np.eye(n), rng.standard_normal(n)
    x = leaf(np.zeros(n))
    optimizer = torch.optim.LBFGS([x], line_search_fn="strong_wolfe", max_iter=100)
    a, b = torch.tensor(matrix), torch.tensor(goal)
    optimizer.step(closure_of(optimizer, lambda: 0.5 * (x @ a @ x) - (b * x).sum()))
    np.testing.assert_allclose(matrix @ x.array, goal, atol=1e-4)


def test_several_parameters_some_unused():
    a, b, c = leaf([[3.0, -1.0]]), leaf([2.0]), leaf([5.0])
    optimizer = torch.optim.LBFGS([a, b, c], line_search_fn="strong_wolfe")
    optimizer.step(closure_of(optimizer, lambda: (a**2).sum() + (b - 1).square().sum()))
    np.testing.assert_allclose(a.array, [[0, 0]], atol=1e-6)
    np.testing.assert_allclose(b.array, [1], atol=1e-6)
    assert c.array == [5.0]


def test_carrying_on_from_a_saved_state_is_the_same_to_the_last_bit():
    def valley(x):
        return lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2

    def start(at):
        x = leaf(at)
        return x, torch.optim.LBFGS([x], line_search_fn="strong_wolfe", max_iter=3)

    x, optimizer = start([-1.2, 1.0])
    closure = closure_of(optimizer, valley(x))
    optimizer.step(closure)
    y, other = start(x.array)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    optimizer.step(closure)
    other.step(closure_of(other, valley(y)))
    np.testing.assert_array_equal(x.array, y.array)


def test_at_a_flat_place_nothing_moves():
    x = leaf([0.0])
    optimizer = torch.optim.LBFGS([x])
    assert optimizer.step(closure_of(optimizer, lambda: (x**2).sum())).item() == 0
    assert optimizer.state[x] == {"func_evals": 1, "n_iter": 0}


def test_budget_of_evaluations_is_kept():
    x = leaf([-1.2, 1.0])
    optimizer = torch.optim.LBFGS([x], line_search_fn="strong_wolfe", max_eval=5, max_iter=100)
    optimizer.step(closure_of(optimizer, lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2))
    assert 5 <= optimizer.state[x]["func_evals"] <= 6  # the search may look once more at the last point allowed


def test_mistakes_are_answered():
    x = leaf([1.0])
    with pytest.raises(TypeError, match=r"got no closure.*Try optimizer.step\(closure\)"):
        torch.optim.LBFGS([x]).step()
    with pytest.raises(errors.NotSupportedError, match="line_search_fn='armijo'"):
        torch.optim.LBFGS([x], line_search_fn="armijo")
    with pytest.raises(ValueError, match="got 2 parameter groups"):
        torch.optim.LBFGS([{"params": [x]}, {"params": [leaf([2.0])]}])
    with pytest.raises(ValueError, match="got max_iter=0"):
        torch.optim.LBFGS([x], max_iter=0)


def test_it_cannot_be_recorded():
    x = leaf([1.0])
    optimizer = torch.optim.LBFGS([x])
    with recording() as trace:
        optimizer.step(closure_of(optimizer, lambda: (x**2).sum()))
    assert "LBFGS.step() is Python" in trace.obstacle


# ---- the line search ----------------------------------------------------------------------------------------------


def line(f, slope):
    return lambda t: Point(t, f(t), np.array([slope(t)]), slope(t))


@given(st.floats(-3, 3), st.floats(0.2, 4), st.floats(-2, 2), st.floats(0.3, 3), st.floats(0.3, 3))
def test_the_minimum_of_a_cubic_is_found(lowest, curvature, twist, before, after):
    def f(t):
        return curvature / 2 * (t - lowest) ** 2 + twist / 6 * (t - lowest) ** 3

    def slope(t):
        return curvature * (t - lowest) + twist / 2 * (t - lowest) ** 2

    ends = [lowest - before, lowest + after]
    if min(curvature + twist * (t - lowest) for t in ends) <= 0.05:  # not a single valley between the ends
        return
    a, b = (line(f, slope)(t) for t in ends)
    assert cubic_minimum(a, b) == pytest.approx(lowest, abs=1e-6)
    assert cubic_minimum(b, a) == pytest.approx(lowest, abs=1e-6)
    assert cubic_minimum(a, b, lowest + 0.1, lowest + 9) == lowest + 0.1


def test_without_a_minimum_the_middle_is_taken():
    assert cubic_minimum(Point(0.0, 0.0, None, 1.0), Point(2.0, 2.0, None, 1.0)) == 1.0


@given(st.floats(0.05, 20), st.floats(0.01, 50), st.floats(0.1, 5))
def test_points_found_satisfy_the_wolfe_conditions(lowest, first, scale):
    def f(t):
        return scale * (np.cosh((t - lowest) / lowest) - 1)

    def slope(t):
        return scale / lowest * np.sinh((t - lowest) / lowest)

    look = line(f, slope)
    start = look(0.0)
    found, asked = strong_wolfe(look, start, min(first, 30 * lowest), np.ones(1), 1e-12, 50)
    assert asked <= 51
    assert found.loss <= start.loss + 1e-4 * found.t * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)


def test_of_two_points_at_one_place_that_place_is_taken():
    there = Point(0.5, 1.0, None, -2.0)
    assert cubic_minimum(there, there) == 0.5
