"""Backward, gradients of gradients, hooks, copies."""

import copy

import numpy as np
import pytest

import glassnet as torch
from glassnet.errors import GradientError


def leaf(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


# ---- backward -----------------------------------------------------------------------------------------------------


def test_gradients_add_up():
    x = leaf(1.0, 2.0)
    for k in range(1, 4):
        (x * x).sum().backward()
        assert x.grad.tolist() == [2.0 * k, 4.0 * k]


def test_backward_with_a_gradient():
    x = leaf(1.0, 2.0)
    y = x**3
    y.backward(torch.tensor([1.0, 10.0], dtype=torch.float64))
    assert x.grad.tolist() == [3.0, 120.0]


def test_a_gradient_passed_to_backward_is_not_kept():
    x = leaf(1.0, 2.0)
    g = torch.tensor([1.0, 10.0], dtype=torch.float64)
    (x + 0.0).backward(g)
    x.grad.mul_(2.0)
    assert g.tolist() == [1.0, 10.0]
    y = leaf(1.0, 2.0)
    y.backward(g)  # the leaf itself
    y.grad.mul_(2.0)
    assert (y.grad.tolist(), g.tolist()) == ([2.0, 20.0], [1.0, 10.0])


def test_backward_to_named_inputs_alone():
    x, w, b = leaf(2.0), leaf(3.0), leaf(4.0)
    h = x * w
    y = (h + b).sum()
    y.backward(inputs=[x, b], retain_graph=True)
    assert (x.grad.tolist(), w.grad, b.grad.tolist()) == ([3.0], None, [1.0])
    y.backward(inputs=w)
    assert (x.grad.tolist(), w.grad.tolist()) == ([3.0], [2.0])
    assert h.grad is None


def test_reading_the_tape_twice():
    x = leaf(3.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12.0]


def test_backward_of_a_leaf():
    x = torch.tensor(3.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1.0


def test_two_results_of_one_input():
    x = leaf(2.0)
    h = x * 3.0
    torch.autograd.backward([h.sum(), (h * h).sum()])
    assert x.grad.tolist() == [3.0 + 36.0]


def test_every_path_counts_once():
    """A diamond: y = a + a b with a = x^2, b = sin(a)."""
    x = leaf(0.7)
    a = x * x
    b = torch.sin(a)
    (a + a * b).sum().backward()
    s = 0.49
    assert x.grad.item() == pytest.approx(2 * 0.7 * (1 + np.sin(s) + s * np.cos(s)), rel=1e-14)


def test_a_worked_step_by_hand():
    """One step of a 2-2-1 network: tanh, then a sum, squared error against 1.

    x = (1, 2); W1 = [[0.1, -0.2], [0.3, 0.4]]; W2 = (0.5, -0.6)
    z = W1 x = (0.1 - 0.4, 0.3 + 0.8) = (-0.3, 1.1)
    h = tanh z = (-0.291313, 0.800499)
    y = W2 h = -0.145656 - 0.480299 = -0.625956
    loss = (y - 1)^2 = 2.643731
    dy = 2 (y - 1) = -3.251911
    dW2 = dy h = (0.947323, -2.603152)
    dz = dy W2 (1 - h^2) = (-1.625956 * 0.915137, 1.951147 * 0.359201) = (-1.487972, 0.700854)
    dW1 = dz x^T = [[-1.487972, -2.975943], [0.700854, 1.401708]]
    """
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    W1 = torch.tensor([[0.1, -0.2], [0.3, 0.4]], dtype=torch.float64, requires_grad=True)
    W2 = leaf(0.5, -0.6)
    y = W2 @ torch.tanh(W1 @ x)
    loss = (y - 1.0) ** 2
    loss.backward()
    assert y.item() == pytest.approx(-0.625956, abs=1e-6)
    assert loss.item() == pytest.approx(2.643731, abs=2e-6)
    np.testing.assert_allclose(W2.grad.numpy(), [0.947323, -2.603152], atol=2e-6)
    np.testing.assert_allclose(W1.grad.numpy(), [[-1.487972, -2.975943], [0.700854, 1.401708]], atol=2e-6)


def test_integers_and_comparisons_let_nothing_through():
    x = leaf(1.0, 2.0)
    assert not (x > 1.5).requires_grad
    assert not x.argmax().requires_grad
    assert not x.long().requires_grad
    y = (x * (x > 1.5).double()).sum()
    y.backward()
    assert x.grad.tolist() == [0.0, 1.0]


def test_what_requires_grad():
    x = leaf(1.0)
    y = x * 2.0
    assert (x.is_leaf, y.is_leaf, y.requires_grad, x.grad_fn is None) == (True, False, True, True)
    z = y.detach()
    assert (z.is_leaf, z.requires_grad, z.grad_fn) == (True, False, None)
    z.add_(1.0)
    assert y.tolist() == [3.0]  # the same memory
    assert not (torch.ones(1) * 2).requires_grad


# ---- no gradient shares memory with anything else -----------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * 1.0 + b,
        lambda a, b: torch.cat([a, b]),
        lambda a, b: torch.stack([a, b]),
        lambda a, b: (a.reshape(2, 1) + b.reshape(1, 2)).sum(0),
        lambda a, b: a.clone() + b.detach() + b,
        lambda a, b: torch.where(a > 0, a, b),
    ],
)
def test_gradients_own_their_memory(f):
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = f(a, b)
    y.sum().backward()
    before = b.grad.tolist()
    assert not np.shares_memory(a.grad.numpy(), b.grad.numpy())
    a.grad.mul_(7.0)
    assert b.grad.tolist() == before
    kept, value = a.grad, a.grad.tolist()
    f(a, b).sum().backward()
    assert a.grad is kept
    assert a.grad.tolist() != value


def test_sum_of_a_leaf_gives_a_gradient_that_can_be_changed():
    x = torch.ones(3, requires_grad=True)
    x.sum().backward()  # the gradient is one number, repeated
    x.grad[0] = 5.0
    assert x.grad.tolist() == [5.0, 1.0, 1.0]


def test_grad_is_added_to_in_its_own_memory():
    x = leaf(1.0)
    (x * 2).sum().backward()
    memory = x.grad.numpy()
    (x * 2).sum().backward()
    assert memory.tolist() == [4.0]


# ---- torch.autograd.grad ------------------------------------------------------------------------------------------


def test_third_derivative_of_a_fourth_power():
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    y = x**4
    values = []
    for _ in range(4):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
        values.append(y.item())
    assert values == [32.0, 48.0, 48.0, 24.0]


def test_gradients_by_name_leave_grad_alone():
    x, w = leaf(2.0), leaf(5.0)
    gx, gw = torch.autograd.grad((x * w).sum(), [x, w])
    assert (gx.tolist(), gw.tolist(), x.grad, w.grad) == ([5.0], [2.0], None, None)
    assert not gx.requires_grad


def test_gradient_of_a_computed_tensor():
    x = leaf(2.0)
    h = x * x
    (gh,) = torch.autograd.grad((h * h).sum(), h)
    assert gh.tolist() == [8.0]


def test_unused_inputs():
    x, w = leaf(2.0), leaf(5.0)
    with pytest.raises(GradientError, match=r"got inputs \[1\] .*; expected .*\. Try allow_unused=True"):
        torch.autograd.grad((x * 2).sum(), [x, w])
    assert torch.autograd.grad((x * 2).sum(), [x, w], allow_unused=True)[1] is None


def test_gradients_of_several_outputs():
    x = leaf(1.0, 2.0)
    ys = [x * 2, x * x]
    seeds = [torch.ones(2, dtype=torch.float64), torch.tensor([1.0, 10.0], dtype=torch.float64)]
    (g,) = torch.autograd.grad(ys, x, seeds)
    assert g.tolist() == [4.0, 42.0]


def test_create_graph_in_backward():
    x = leaf(3.0)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    (second,) = torch.autograd.grad(x.grad.sum(), x)
    assert second.tolist() == [18.0]


def test_jacobian_and_hessian():
    a = torch.tensor([1.0, 2.0], dtype=torch.float64)
    J = torch.autograd.functional.jacobian(lambda x: torch.stack([x[0] * x[1], x[0] ** 2]), a)
    assert J.tolist() == [[2.0, 1.0], [2.0, 0.0]]
    H = torch.autograd.functional.hessian(lambda x: x[0] ** 2 * x[1], a)
    assert H.tolist() == [[4.0, 2.0], [2.0, 0.0]]


# ---- hooks, retain_grad -------------------------------------------------------------------------------------------


def test_hooks_see_and_change_gradients():
    x = leaf(1.0, 2.0)
    h = x * 3.0
    seen = []
    first = h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 10.0)
    last = x.register_hook(lambda g: g + 1.0)
    (h * h).sum().backward(retain_graph=True)
    assert seen == [[6.0, 12.0]]
    assert x.grad.tolist() == [181.0, 361.0]
    first.remove()
    last.remove()
    x.grad = None
    (h * h).sum().backward()
    assert len(seen) == 1
    assert x.grad.tolist() == [180.0, 360.0]


def test_a_leafs_hook_sees_the_whole_gradient_once():
    x = leaf(1.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [[5.0]]


def test_retain_grad():
    x = leaf(1.0, 2.0)
    h = x * 3.0
    h.retain_grad()
    (h * h).sum().backward()
    assert h.grad.tolist() == [6.0, 12.0]
    assert x.grad.tolist() == [18.0, 36.0]


# ---- copies -------------------------------------------------------------------------------------------------------


def test_deep_copies():
    w = leaf(1.0, 2.0)
    (w * w).sum().backward()
    twin = copy.deepcopy(w)
    assert (twin.tolist(), twin.requires_grad, twin.grad.tolist()) == ([1.0, 2.0], True, [2.0, 4.0])
    twin.grad.zero_()
    with torch.no_grad():
        twin.zero_()
    assert (w.tolist(), w.grad.tolist()) == ([1.0, 2.0], [2.0, 4.0])
    both = copy.deepcopy([w, w])
    assert both[0] is both[1]
    with pytest.raises(GradientError, match=r"deep copy of a computed tensor; expected a leaf\. Try "):
        copy.deepcopy(w * 2)


def test_a_function_of_ones_own():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.save_for_backward(x)
            ctx.factor = factor
            return factor * x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ctx.factor * 3 * x**2, None

    x = leaf(2.0, 3.0)
    y = Cube.apply(x * 1.0, 2.0)
    assert y.tolist() == [16.0, 54.0]
    y.sum().backward()
    assert x.grad.tolist() == [24.0, 54.0]
    assert torch.autograd.gradcheck(lambda v: Cube.apply(v, 2.0), x)
    assert torch.autograd.gradgradcheck(lambda v: Cube.apply(v, 2.0), x)
