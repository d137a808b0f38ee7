"""Operations of one's own with several results: their backward is asked once, with all gradients."""

import numpy as np
import pytest

import glassnet as torch

CALLS = []


class Polar(torch.autograd.Function):
    """Length and angle of each point."""

    @staticmethod
    def forward(ctx, x, y):
        length, angle = (x * x + y * y).sqrt(), torch.atan2(y, x)
        ctx.save_for_backward(x, y, length)
        return length, angle

    @staticmethod
    def backward(ctx, g_length, g_angle):
        CALLS.append((g_length, g_angle))
        x, y, length = ctx.saved_tensors
        square = length * length
        return g_length * x / length - g_angle * y / square, g_length * y / length + g_angle * x / square


def points():
    rng = np.random.default_rng(0)
    return tuple(torch.tensor(rng.uniform(0.5, 2.0, 3), requires_grad=True) for _ in range(2))


@pytest.fixture(autouse=True)
def _no_calls_yet():
    CALLS.clear()


def test_backward_is_asked_once_for_all_results():
    x, y = points()
    length, angle = Polar.apply(x, y)
    (length * angle + angle).sum().backward()
    ((g_length, g_angle),) = CALLS
    np.testing.assert_allclose(g_length, angle.detach())
    np.testing.assert_allclose(g_angle, length.detach() + 1)
    assert length.grad_fn.name() == "PolarBackward"
    assert [f.variable is t for (f, _), t in zip(angle.grad_fn.next_functions, (x, y), strict=True)] == [True, True]


def test_a_result_that_nothing_flows_back_to_gets_zeros():
    x, y = points()
    Polar.apply(x, y)[1].sum().backward()
    ((g_length, g_angle),) = CALLS
    assert (g_length.tolist(), g_angle.tolist()) == ([0.0] * 3, [1.0] * 3)


def test_slopes_to_second_order_of_each_result_and_of_both():
    given = points()
    for chosen in (lambda l, a: l, lambda l, a: a, lambda l, a: l * a):
        assert torch.autograd.gradcheck(lambda x, y, chosen=chosen: chosen(*Polar.apply(x, y)), given)
        assert torch.autograd.gradgradcheck(lambda x, y, chosen=chosen: chosen(*Polar.apply(x, y)), given)


def test_a_graph_that_is_kept_can_be_read_again_and_one_that_is_not_cannot():
    x, y = points()
    length, angle = Polar.apply(x, y)
    loss = (length + angle).sum()
    loss.backward(retain_graph=True)
    once = x.grad.clone()
    loss.backward()
    np.testing.assert_allclose(x.grad, 2 * once)
    with pytest.raises(RuntimeError, match="second backward"):
        loss.backward()


def test_a_recorded_step_gives_the_same():
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)

    @torch.compile
    def step(x, y):
        w.grad = None
        length, angle = Polar.apply(w * x, y)
        loss = (length * angle).sum()
        loss.backward()
        return loss.detach()

    for seed in range(4):
        x, y = (torch.tensor(np.random.default_rng(seed + i).uniform(0.5, 2.0, 3)) for i in (0, 9))
        loss = step(x, y)
        slope = w.grad.clone()
        again = (torch.hypot(w * x, y) * torch.atan2(y, w * x)).sum()
        np.testing.assert_allclose(loss, again.detach(), rtol=1e-12)
        np.testing.assert_allclose(slope, torch.autograd.grad(again, w)[0], rtol=1e-10)
    assert step.replays == 2
