"""The checker of derivatives, checked: it must find what is wrong, and pass what is right."""

import numpy as np
import pytest

import glassnet as torch
from glassnet.autograd import Function, gradcheck, gradgradcheck
from glassnet.errors import GradientError


class Sine(Function):
    """A sine whose derivative is wrong by a factor, or depends on nothing."""

    factor = 1.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sin(x)

    @classmethod
    def backward(cls, ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.cos(x) * cls.factor


class TooSteep(Sine):
    factor = 1.01


class Frozen(Sine):
    @classmethod
    def backward(cls, ctx, g):
        (x,) = ctx.saved_tensors
        return g * torch.cos(x).detach()  # right, but its own derivative is lost


def points(*shape):
    return torch.tensor(np.random.default_rng(0).uniform(0.2, 1.2, shape), requires_grad=True)


def test_right_derivatives_pass():
    assert gradcheck(Sine.apply, points(3))
    assert gradcheck(lambda x, y: (x @ y, torch.exp(x)), (points(2, 3), points(3, 2)))
    assert gradgradcheck(Sine.apply, points(3))


def test_wrong_derivatives_are_found():
    with pytest.raises(GradientError, match=r"gradcheck: got the gradient .* at \[0\] of input 0; expected .*\. Try "):
        gradcheck(TooSteep.apply, points(3))
    assert not gradcheck(TooSteep.apply, points(3), raise_exception=False)
    assert gradcheck(TooSteep.apply, points(3), rtol=0.02)  # within a wide tolerance, it is right


def test_one_wrong_number_among_many_is_found():
    class OneOff(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0

        @staticmethod
        def backward(ctx, g):
            wrong = torch.zeros_like(g)
            wrong[1, 2] = 1e-2
            return g * 2.0 + wrong

    with pytest.raises(GradientError, match=r"at \[1, 2\] of input 0"):
        gradcheck(OneOff.apply, points(3, 4))


def test_a_wrong_second_input_is_found():
    def f(x, y):
        return x * TooSteep.apply(y)

    with pytest.raises(GradientError, match="of input 1"):
        gradcheck(f, (points(2), points(2)))
    assert gradcheck(f, (points(2), points(2).detach()))  # no gradient is asked of it


def test_wrong_second_derivatives_are_found():
    assert gradcheck(Frozen.apply, points(3))
    x = points(3)
    with pytest.raises(GradientError):
        gradgradcheck(lambda x: Frozen.apply(x) * x, x)


def test_errors_that_cancel_in_the_sum_are_found():
    """The outputs are weighed by different numbers, so two wrongs make no right."""

    class Swapped(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1.0

        @staticmethod
        def backward(ctx, g):
            return g.flip(0)

    assert not gradcheck(Swapped.apply, points(4), raise_exception=False)


def test_a_missing_gradient_is_found():
    assert not gradcheck(lambda x: torch.sin(x.detach()) + 0.0 * x, points(2), raise_exception=False)


def test_inputs_are_left_as_they_were():
    x = points(3)
    before = x.tolist()
    gradcheck(torch.tanh, x)
    gradgradcheck(torch.tanh, x)
    assert x.tolist() == before
    assert x.grad is None


def test_functions_that_take_gradients_themselves():
    def slope(x):
        return torch.autograd.grad((x**3).sum(), x, create_graph=True)[0]

    assert gradcheck(slope, points(3))
    assert gradgradcheck(slope, points(3))


def test_integers_and_flags_among_the_arguments():
    index = torch.tensor([[0, 1], [1, 0]])
    assert gradcheck(lambda x, i, dim: torch.gather(x, dim, i), (points(2, 2), index, 1))


def test_constant_functions():
    assert gradcheck(lambda x: x * 0.0 + 3.0, points(2))
    assert gradgradcheck(lambda x: x * 2.0, points(2))


def test_nan_is_never_right():
    x = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    assert not gradcheck(lambda x: torch.sqrt(x - 1.0), x, raise_exception=False)


def test_nothing_to_check():
    with pytest.raises(GradientError, match=r"got no input that requires grad; expected at least one\. Try "):
        gradcheck(torch.sin, torch.ones(2, dtype=torch.float64))
