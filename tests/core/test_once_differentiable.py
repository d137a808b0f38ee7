"""A derivative of one's own that refuses a second one."""

import pytest

import glassnet as torch
from glassnet.autograd.function import once_differentiable
from glassnet.errors import GradientError


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        assert not (x * 2).requires_grad
        return 2 * x * g, None


def test_the_first_derivative_is_as_ever_and_the_second_is_refused():
    x = torch.tensor(3.0, requires_grad=True)
    y = torch.tensor(1.0)
    Square.apply(x, y).backward()
    assert x.grad.item() == 6.0
    scale = torch.tensor(2.0, requires_grad=True)
    (first,) = torch.autograd.grad(Square.apply(x, y) * scale, x, create_graph=True)
    assert first.item() == 12.0
    with pytest.raises(GradientError, match=r"once_differentiable: .* Try backward without the mark"):
        first.backward()


def test_it_keeps_its_name():
    assert Square.backward.__name__ == "backward"
