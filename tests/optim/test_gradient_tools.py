"""glassnet.nn.utils: clipping, and parameters as one vector."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import errors
from glassnet.core.mode import recording
from glassnet.nn import utils

vectors = st.lists(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=4), min_size=1, max_size=4)


def params_with(gradients):
    params = []
    for g in gradients:
        p = torch.tensor(np.zeros(len(g)), requires_grad=True)
        p.grad = torch.tensor(np.array(g, "float64"))
        params.append(p)
    return params


@given(vectors, st.floats(0.01, 100))
def test_clipped_gradients_are_no_longer_than_asked(gradients, limit):
    params = params_with(gradients)
    length = math.sqrt(sum(x * x for g in gradients for x in g))
    total = utils.clip_grad_norm_(params, limit)
    assert total.item() == pytest.approx(length, rel=1e-12)
    after = math.sqrt(sum(float((p.grad.array**2).sum()) for p in params))
    assert after <= limit * (1 + 1e-12)
    share = min(1.0, limit / (length + 1e-6))
    for p, g in zip(params, gradients, strict=True):
        np.testing.assert_allclose(p.grad.array, np.array(g) * share, rtol=1e-12)


@given(vectors, st.floats(0.01, 100))
def test_clipped_by_value(gradients, limit):
    params = params_with(gradients)
    utils.clip_grad_value_(params, limit)
    for p, g in zip(params, gradients, strict=True):
        np.testing.assert_array_equal(p.grad.array, np.clip(g, -limit, limit))


@pytest.mark.parametrize(("order", "expected"), [(1, 7.0), (2, 5.0), (math.inf, 4.0), (3, 91 ** (1 / 3))])
def test_norms_of_every_order(order, expected):
    assert utils.get_total_norm([torch.tensor([3.0]), torch.tensor([[-4.0]])], order).item() == pytest.approx(expected)


def test_gradients_are_changed_in_place_and_missing_ones_left_out():
    params = params_with([[3.0], [4.0]])
    params[0].grad = None
    kept = params[1].grad
    assert utils.clip_grad_norm_(iter(params), 1.0).item() == 4.0
    assert params[1].grad is kept
    assert kept.item() == pytest.approx(1.0, rel=1e-6)
    assert utils.clip_grad_norm_(params[0], 1.0).item() == 0.0
    with pytest.warns(UserWarning, match="empty generator"):
        utils.clip_grad_norm_((p for p in []), 1.0)


def test_gradients_that_are_not_finite():
    params = params_with([[math.inf], [1.0]])
    with pytest.raises(RuntimeError, match=r"norm of order 2.0 is inf"):
        utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[1].grad.item() == 1.0
    assert utils.clip_grad_norm_(params, 1.0).item() == math.inf


def test_no_value_is_read_so_clipping_is_recorded():
    params = params_with([[3.0], [4.0]])
    with recording() as trace:
        utils.clip_grad_norm_(params, 1.0)
        utils.clip_grad_value_(params, 0.5)
    assert trace.obstacle is None


@pytest.mark.parametrize("order", [2.0, math.inf])
def test_a_replayed_step_clips_as_the_plain_one(order):
    def train(compiled):
        w, b = (torch.tensor(np.array(v, "float32"), requires_grad=True) for v in ([1.0, -2.0, 3.0], [0.5]))
        optimizer = torch.optim.SGD([w, b], lr=0.1, momentum=0.9)
        norms = []

        def step(x):
            optimizer.zero_grad()
            ((w * x) ** 2 + b).sum().backward()
            total = utils.clip_grad_norm_([w, b], 5.0, order)
            optimizer.step()
            return total

        run = torch.compile(step) if compiled else step
        for i in range(10):
            norms.append(run(torch.tensor([1.0, 0.5 * i, 2.0])).item())
        return run, np.concatenate([w.array, b.array, norms])

    run, replayed = train(True)
    np.testing.assert_allclose(replayed, train(False)[1], rtol=1e-6)
    assert run.replays >= 6


# ---- parameters as a vector ---------------------------------------------------------------------------------------


def test_there_and_back():
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    vector = utils.parameters_to_vector(model.parameters())
    assert vector.shape == (11,)
    vector.sum().backward()
    assert model[0].weight.grad.array.tolist() == [[1, 1, 1], [1, 1, 1]]
    new = torch.tensor(np.arange(11.0, dtype="float32"))
    utils.vector_to_parameters(new, model.parameters())
    np.testing.assert_array_equal(utils.parameters_to_vector(model.parameters()).array, new.array)


def test_weights_put_back_reach_the_optimiser():
    a, b = (torch.tensor(np.ones(2), requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([a, b], lr=1.0)
    utils.vector_to_parameters(torch.tensor(np.arange(4.0)), [a, b])
    a.grad = b.grad = torch.tensor(np.ones(2))
    optimizer.step()
    assert (a.tolist(), b.tolist()) == ([-1, 0], [1, 2])


@pytest.mark.parametrize(
    ("mistake", "kind", "said"),
    [
        (lambda w: utils.vector_to_parameters([1.0], [w]), TypeError, "got list; expected a tensor"),
        (
            lambda w: utils.vector_to_parameters(torch.ones(3), [w]),
            errors.ShapeError,
            "with 2 numbers; expected shape (2,)",
        ),
        (lambda w: utils.clip_grad_norm_([w], -1.0), ValueError, "got max_norm=-1.0; expected at least 0"),
        (lambda w: utils.clip_grad_value_([w], float("nan")), ValueError, "got clip_value=nan"),
    ],
)
def test_mistakes_are_answered(mistake, kind, said):
    with pytest.raises(kind) as problem:
        mistake(torch.zeros(2, requires_grad=True))
    assert said in str(problem.value)
    assert "Try " in str(problem.value)
