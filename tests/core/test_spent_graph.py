"""A second backward through one graph: allowed where nothing has to be kept, refused where something was given back."""

import pytest

import glassnet as torch
from glassnet.errors import GradientError

KEEPS_NOTHING = {
    "add": lambda x: x + 1,
    "sub": lambda x: 1 - x,
    "neg": lambda x: -x,
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(0),
    "reshape": lambda x: x.reshape(-1).view(2, -1).t(),
    "window": lambda x: x[1:],
    "cat": lambda x: torch.cat([x, x]),
    "cast": lambda x: x.double(),
    "clone": lambda x: x.clone(),
    "lerp": lambda x: torch.lerp(x, 2 - x, 0.3),
    "trace": lambda x: x.trace(),
    "triangle": lambda x: x.tril(-1) + x.triu(),
    "diagonal": lambda x: x.diag().sum() + x[0].diag().sum(),
    "diagonal matrices": lambda x: x.diag_embed(),
    "repeated": lambda x: x.repeat_interleave(2, dim=1),
    "windows along an axis": lambda x: x.unfold(0, 1, 1),
}
KEEPS_SOMETHING = {
    "mul": lambda x: x * x,
    "scale": lambda x: x * 2,
    "exp": lambda x: x.exp(),
    "power": lambda x: x**3,
    "matmul": lambda x: x @ x,
    "relu": lambda x: x.relu(),
    "softmax": lambda x: x.softmax(0),
    "index": lambda x: x[torch.tensor([0, 1])],
    "repeated by a tensor": lambda x: x.repeat_interleave(torch.tensor([1, 2]), dim=0),
    "loss": lambda x: torch.nn.functional.mse_loss(x, torch.ones(2, 2)),
}


def leaf():
    return torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


@pytest.mark.parametrize("name", KEEPS_NOTHING)
def test_what_needs_no_numbers_may_be_read_again(name):
    x = leaf()
    y = KEEPS_NOTHING[name](x).sum()
    y.backward()
    once = x.grad.clone()
    y.backward()
    assert torch.equal(x.grad, once * 2)


@pytest.mark.parametrize("name", KEEPS_SOMETHING)
def test_what_needs_numbers_is_read_once(name):
    x = leaf()
    y = KEEPS_SOMETHING[name](x).sum()
    y.backward()
    once = x.grad.clone()
    with pytest.raises(GradientError, match=r"a second backward .*; expected one, .*\. Try backward\(retain_graph"):
        y.backward()
    assert torch.equal(x.grad, once)


@pytest.mark.parametrize("name", KEEPS_SOMETHING)
@pytest.mark.parametrize("options", [{"retain_graph": True}, {"create_graph": True}])
def test_a_retained_graph_is_read_as_often_as_asked(name, options):
    x = leaf()
    y = KEEPS_SOMETHING[name](x).sum()
    for _ in range(3):
        torch.autograd.grad(y, x, **options)
    torch.autograd.grad(y, x)
    with pytest.raises(GradientError):
        torch.autograd.grad(y, x)


def test_only_the_way_to_the_wanted_is_spent():
    a, b = leaf(), leaf()
    left, right = a * a, b * b
    y = (left + right).sum()
    torch.autograd.grad(y, a)
    (slope,) = torch.autograd.grad(y, b)
    assert torch.equal(slope, b * 2)
    for x in (a, b):
        with pytest.raises(GradientError):
            torch.autograd.grad(y, x)


def test_a_result_in_the_middle_is_a_stop():
    x = leaf()
    h = x * x
    y = (h + 1).sum()
    torch.autograd.grad(y, h)
    y.backward()
    assert torch.equal(x.grad, x * 2)


def test_two_losses_on_one_trunk():
    x = leaf()
    trunk = x.exp()
    first, second = trunk.sum(), (trunk + 1).sum()
    first.backward()
    with pytest.raises(GradientError, match="at ExpBackward0"):
        second.backward()
    first, second = x.exp().sum(), x.exp().sum()
    torch.autograd.backward([first, second])


def test_a_compiled_step_reads_its_graph_once_per_call():
    w = torch.tensor([1.0, 2.0], requires_grad=True)

    @torch.compile
    def step(x):
        w.grad = None
        loss = ((w * x) ** 2).sum()
        loss.backward()
        return loss

    losses = [step(torch.tensor([1.0, k])) for k in range(4)]
    assert step.replays == 2
    with pytest.raises(GradientError):
        losses[0].backward()


def test_saved_tensors_of_a_function_are_given_back():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x

    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf()
    y = Square.apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(GradientError, match=r"saved_tensors: got a second backward"):
        y.backward()
    y = Twice.apply(x).sum()
    y.backward()
    y.backward()


def test_the_slope_of_a_slope_goes_through_a_saved_result():
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(Exp.apply, x)
    assert torch.autograd.gradgradcheck(torch.linalg.inv, torch.tensor([[2.0, 1.0], [0.5, 3.0]], dtype=torch.float64,
                                                                       requires_grad=True))  # fmt: skip
