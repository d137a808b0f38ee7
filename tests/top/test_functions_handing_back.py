"""A Function whose forward hands back an argument, as it is or changed in place: its gradient arrives once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.errors import GradientError, NotSupportedError


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, g):
        return -g


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, by):
        ctx.by = by
        ctx.mark_dirty(x)
        return x.mul_(by)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.by, None


@given(st.floats(-3, 3), st.sampled_from([1, 2]), st.booleans())
def test_what_comes_back_is_turned_around_once(start, times, computed):
    x = torch.tensor([start, 1.0], dtype=torch.float64, requires_grad=True)
    y = x * 3 if computed else x
    for _ in range(times):
        y = Reversed.apply(y)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, (3.0 if computed else 1.0) * (-1.0) ** times)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_change_in_place_goes_on_in_the_same_tensor(start, by):
    x = torch.tensor([start, 1.0], dtype=torch.float64, requires_grad=True)
    y = x * 2
    z = Scaled.apply(y, by)
    assert z is y
    (z**2).sum().backward()
    np.testing.assert_allclose(x.grad, 8 * by**2 * x.detach().numpy(), atol=1e-12)


def test_a_leaf_is_not_changed_in_place():
    with pytest.raises(GradientError, match="leaf"):
        Scaled.apply(torch.ones(2, requires_grad=True), 2.0)


def test_a_replayed_step_turns_around_once_too():
    w = torch.ones(2, requires_grad=True)

    @torch.compile
    def step(x):
        w.grad = None
        loss = (Reversed.apply(w * 1) * x).sum()
        loss.backward()
        return loss

    for k in range(4):
        step(torch.tensor([1.0, 2.0 + k]))
        np.testing.assert_array_equal(w.grad, [-1.0, -2.0 - k])
    assert step.replays > 0


def test_slopes_of_the_wrong_shape_and_missing_ones_are_refused():
    class Wrong(Reversed):
        @staticmethod
        def backward(ctx, g):
            return torch.ones(3)

    class Forgotten(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    x = torch.ones(2, requires_grad=True)
    with pytest.raises(GradientError, match=r"Wrong: got a gradient of shape \(3,\).*shape \(2,\)"):
        Wrong.apply(x).sum().backward()
    with pytest.raises(NotSupportedError, match="backward"):
        Forgotten.apply(x).sum().backward()


def test_a_hook_must_return_a_gradient():
    x = torch.ones(2, requires_grad=True)
    handle = x.register_hook(lambda g: torch.ones(3))
    with pytest.raises(GradientError, match="same shape"):
        (x * 2).sum().backward()
    handle.remove()
    x.register_hook(lambda g: 5)
    with pytest.raises(TypeError, match="got int"):
        (x * 2).sum().backward()
