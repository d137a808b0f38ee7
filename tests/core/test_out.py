"""`out=`: the result lands in the tensor that was given, as without it, or the mistake is named."""

import numpy as np
import pytest

import glassnet as torch
from glassnet.errors import DTypeError, GradientError, ShapeError

A = np.array([[0.5, 1.5], [2.0, 0.25]])
V = np.array([3.0, -1.0])
BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "matmul", "mm"]
UNARY = ["exp", "log", "sqrt", "abs", "neg", "sin", "sigmoid", "tanh", "square"]
CALLS = {
    **{name: lambda f, **out: f(torch.tensor(A), torch.tensor(A.T.copy()), **out) for name in BINARY},
    **{name: lambda f, **out: f(torch.tensor(A), **out) for name in UNARY},
    "clamp": lambda f, **out: f(torch.tensor(A), 0.4, 1.0, **out),
    "mv": lambda f, **out: f(torch.tensor(A), torch.tensor(V), **out),
    "dot": lambda f, **out: f(torch.tensor(V), torch.tensor(V), **out),
    "bmm": lambda f, **out: f(torch.tensor(A[None]), torch.tensor(A[None]), **out),
    "sum": lambda f, **out: f(torch.tensor(A), 0, **out),
    "mean": lambda f, **out: f(torch.tensor(A), 1, keepdim=True, **out),
    "cat": lambda f, **out: f([torch.tensor(A), torch.tensor(A)], **out),
    "stack": lambda f, **out: f([torch.tensor(A), torch.tensor(A)], 1, **out),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("empty", [False, True])
def test_the_result_lands_in_the_tensor_given(name, empty):
    f, call = getattr(torch, name), CALLS[name]
    expected = call(f)
    out = torch.full((0,) if empty else expected.shape, 9.0, dtype=torch.float64)
    memory = out.array
    assert call(f, out=out) is out
    assert torch.equal(out, expected)
    assert empty or out.array is memory
    assert torch.equal(call(f, out=None), expected)


def test_the_tensor_given_may_be_an_input():
    a = torch.tensor(A)
    torch.matmul(a, a, out=a)
    assert np.array_equal(a.numpy(), A @ A)


def test_a_recorded_step_writes_into_it_each_time():
    total = torch.zeros(2)

    @torch.compile
    def step(x):
        torch.add(total, x, out=total)
        return total.sum()

    assert [step(torch.ones(2)).item() for _ in range(4)] == [2.0, 4.0, 6.0, 8.0]
    assert total.tolist() == [4.0, 4.0]


def grows():
    return torch.ones(1, requires_grad=True)


@pytest.mark.parametrize(
    ("error", "message", "x", "out"),
    [
        (ShapeError, r"shape \(2, 2\) for a tensor of shape \(3,\)", lambda: torch.ones(2, 2), lambda: torch.ones(3)),
        (DTypeError, "torch.float32 for a tensor of torch.int64", lambda: torch.ones(1), lambda: torch.tensor([1])),
        (GradientError, "requires grad", grows, lambda: torch.ones(1)),
        (GradientError, "requires grad", lambda: torch.ones(1), grows),
    ],
)
def test_mistakes(error, message, x, out):
    with pytest.raises(error, match=message):
        torch.exp(x(), out=out())


MADE = {
    "zeros": lambda f, **out: f(2, 3, **out),
    "ones": lambda f, **out: f((2, 3), **out),
    "full": lambda f, **out: f((2, 3), 7.0, **out),
    "eye": lambda f, **out: f(2, 3, **out),
    "arange": lambda f, **out: f(1, 7, **out),
    "linspace": lambda f, **out: f(0, 1, 4, **out),
    "logspace": lambda f, **out: f(0, 1, 4, **out),
    "rand": lambda f, **out: f(2, 3, **out),
    "randn": lambda f, **out: f(20, **out),
    "randint": lambda f, **out: f(0, 9, (5,), **out),
    "randperm": lambda f, **out: f(6, **out),
}


@pytest.mark.parametrize("name", MADE)
def test_new_numbers_are_made_of_the_dtype_of_the_tensor_given(name):
    f, make = getattr(torch, name), MADE[name]
    torch.manual_seed(3)
    expected = make(f, dtype=torch.float64)
    out = torch.full(expected.shape, -1.0, dtype=torch.float64)
    torch.manual_seed(3)
    assert make(f, out=out) is out
    assert torch.equal(out, expected)


@pytest.mark.parametrize("name", ["max", "min", "sort", "median", "topk"])
def test_two_results_land_in_two_tensors(name):
    f = getattr(torch, name)
    expected = f(torch.tensor(A), 1)
    values, indices = torch.zeros_like(expected.values), torch.zeros_like(expected.indices)
    result = f(torch.tensor(A), 1, out=(values, indices))
    assert type(result) is type(expected)
    assert result.values is values
    assert torch.equal(values, expected.values)
    assert torch.equal(indices, expected.indices)


def test_a_method_writes_where_it_is_told():
    out = torch.empty(0, dtype=torch.float64)
    assert torch.gather(torch.tensor(V), 0, torch.tensor([1, 1]), out=out).tolist() == [-1, -1]
    assert out.tolist() == [-1, -1]
