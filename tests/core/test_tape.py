"""Backward, gradients of gradients, hooks, in-place changes, memory."""

import copy
import gc
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import glassnet as torch
from glassnet.errors import GradientError, NotSupportedError, ShapeError


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
    y.backward(inputs=[x, b])
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
    (h * h).sum().backward()
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


# ---- switches -----------------------------------------------------------------------------------------------------


def test_switches_nest():
    x = leaf(1.0)
    with torch.no_grad():
        assert not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
            with torch.no_grad(), torch.inference_mode():
                assert not torch.is_grad_enabled()
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert (x * 2).requires_grad


def test_switches_as_decorators():
    x = leaf(1.0)

    @torch.no_grad()
    def quiet():
        return (x * 2).requires_grad

    @torch.no_grad
    def quiet_too():
        return (x * 2).requires_grad

    @torch.enable_grad()
    def loud():
        return (x * 2).requires_grad

    @torch.inference_mode()
    def fast():
        """Says so."""
        return (x * 2).requires_grad, quiet(), loud()

    assert (quiet(), quiet_too(), loud(), fast()) == (False, False, True, (False, False, True))
    assert (fast.__name__, fast.__doc__) == ("fast", "Says so.")
    with torch.no_grad():
        assert (quiet(), loud(), torch.is_grad_enabled()) == (False, True, False)


def test_a_decorated_function_may_call_itself():
    x = leaf(1.0)

    @torch.no_grad()
    def down(n):
        return (x * 2).requires_grad or (n > 0 and down(n - 1))

    assert not down(3)
    assert torch.is_grad_enabled()


def test_set_grad_enabled_at_once_and_within():
    x = leaf(1.0)
    torch.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with torch.inference_mode(False):
        assert (x * 2).requires_grad


def test_an_exception_throws_the_switch_back():
    with pytest.raises(KeyError), torch.no_grad():
        raise KeyError
    assert torch.is_grad_enabled()


def test_switches_belong_to_one_thread():
    x, seen = leaf(1.0), []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_recording_belongs_to_one_thread():
    """What another thread does meanwhile is no part of a recorded step."""
    inside, done = threading.Event(), threading.Event()

    def busy():
        inside.wait(10)
        for _ in range(100):
            torch.ones(2) * 2
        done.set()

    thread = threading.Thread(target=busy)
    thread.start()

    @torch.compile
    def step(x):
        inside.set()
        done.wait(10)
        return x * 3.0

    for k in range(4):
        assert step(torch.full((2,), float(k))).tolist() == [3.0 * k] * 2
    thread.join()
    assert len(step.source.splitlines()) <= 4


# ---- changes in place ---------------------------------------------------------------------------------------------


def changed_in_place(f):
    """A result of f whose input, then whose output, is overwritten before backward."""
    x = leaf(0.5, 2.0)
    h = x * 1.5
    y = f(h)
    return x, h, y


READS_INPUT = {"square": torch.square, "sin": torch.sin, "log": torch.log, "abs": torch.abs, "mul": lambda h: h * h}
READS_OUTPUT = {"exp": torch.exp, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "sqrt": torch.sqrt}
READS_NOTHING = {"add": lambda h: h + 1.0, "sum": lambda h: h.sum(), "neg": lambda h: -h, "sub": lambda h: h - 3.0}


@pytest.mark.parametrize("name", READS_INPUT)
def test_an_input_that_is_needed_may_not_change(name):
    x, h, y = changed_in_place(READS_INPUT[name])
    with torch.no_grad():
        h.add_(1.0)
    with pytest.raises(GradientError, match=rf"backward: got .*changed in place after {name}.*; expected .*\. Try "):
        y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("name", READS_OUTPUT)
def test_an_output_that_is_needed_may_not_change(name):
    x, h, y = changed_in_place(READS_OUTPUT[name])
    with torch.no_grad():
        y.mul_(2.0)
    with pytest.raises(GradientError, match=rf"changed in place after {name}"):
        y.sum().backward()
    x, h, y = changed_in_place(READS_OUTPUT[name])
    with torch.no_grad():
        h.zero_()  # not needed
    y.sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("name", READS_NOTHING)
def test_what_is_not_needed_may_change(name):
    x, h, y = changed_in_place(READS_NOTHING[name])
    with torch.no_grad():
        h.zero_()
        y.zero_()
    y.sum().backward()
    assert abs(x.grad.numpy()).tolist() == [1.5, 1.5]


def test_a_change_through_a_window_is_noticed():
    for window in (lambda h: h[:1], lambda h: h.view(1, 2), lambda h: h.detach(), lambda h: h.t()):
        _, h, y = changed_in_place(torch.sin)
        with torch.no_grad():
            window(h).add_(1.0)
        with pytest.raises(GradientError, match="changed in place after sin"):
            y.sum().backward()
    _, h, y = changed_in_place(torch.sin)
    with torch.no_grad():
        h[0] = 3.0
    with pytest.raises(GradientError, match="changed in place after sin"):
        y.sum().backward()


def test_a_change_through_data_is_the_users_own_affair():
    x, h, y = changed_in_place(torch.sin)
    h.data.add_(1.0)  # as in PyTorch: nobody looks
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1.5 * np.cos(1.5 * x.detach().numpy() + 1.0))


def test_weights_may_change_after_backward():
    w = leaf(1.0, 2.0)
    for _ in range(3):
        loss = (w * w).sum()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
            w.grad = None
    np.testing.assert_allclose(w.detach().numpy(), [0.512, 1.024], rtol=1e-12)
    with pytest.raises(GradientError, match="changed in place after mul"):
        loss.backward()


def test_a_leaf_that_requires_grad_may_not_change():
    for change in (lambda w: w.add_(1.0), lambda w: w.__setitem__(0, 1.0), lambda w: w.zero_(), lambda w: w.copy_(w)):
        w = leaf(1.0, 2.0)
        with pytest.raises(GradientError, match=r"got a leaf .*; expected .* inside no_grad\(\).* Try "):
            change(w)
        assert w.tolist() == [1.0, 2.0]


IN_PLACE = {
    "mul_": (lambda y, w: y.mul_(w), lambda y, w: y * w),
    "mul_ self": (lambda y, w: y.mul_(y), lambda y, w: y * y),
    "pow_": (lambda y, w: y.pow_(2), lambda y, w: y**2),
    "div_": (lambda y, w: y.div_(w), lambda y, w: y / w),
    "clamp_": (lambda y, w: y.clamp_(0.0, 1.0), lambda y, w: y.clamp(0.0, 1.0)),
    "abs_": (lambda y, w: y.abs_(), lambda y, w: y.abs()),
    "sin_": (lambda y, w: y.sin_(), lambda y, w: y.sin()),
    "exp_": (lambda y, w: y.exp_(), lambda y, w: y.exp()),
    "tanh_": (lambda y, w: y.tanh_(), lambda y, w: y.tanh()),
    "relu_": (lambda y, w: y.relu_(), lambda y, w: y.relu()),
    "add_ alpha": (lambda y, w: y.add_(w, alpha=0.5), lambda y, w: y + 0.5 * w),
    "addcmul_": (lambda y, w: y.addcmul_(y, w, value=2.0), lambda y, w: y + 2.0 * y * w),
    "lerp_": (lambda y, w: y.lerp_(w, 0.25), lambda y, w: y + 0.25 * (w - y)),
    "copy_": (lambda y, w: y.copy_(w), lambda y, w: w + 0.0 * y),
    "masked_fill_": (lambda y, w: y.masked_fill_(y > 1, 0.5), lambda y, w: torch.where(y > 1, 0.5, y)),
    "fill": (lambda y, w: y.__setitem__(0, 3.0), lambda y, w: torch.stack([torch.tensor(3.0).double(), y[1]])),
    "set": (lambda y, w: y.__setitem__(0, w[1] * 2), lambda y, w: torch.stack([w[1] * 2, y[1]])),
    "set slice": (lambda y, w: y.__setitem__(slice(0, 2), w), lambda y, w: w + 0.0 * y),
    "set list": (lambda y, w: y.__setitem__([1], w[:1]), lambda y, w: torch.stack([y[0], w[0]])),
    "set mask": (lambda y, w: y.__setitem__(y > 1, w[0]), lambda y, w: torch.where(y > 1, w[0], y)),
    "iadd": (lambda y, w: y.__iadd__(w), lambda y, w: y + w),
    "imul": (lambda y, w: y.__imul__(w), lambda y, w: y * w),
}


@pytest.mark.parametrize("start", ["followed", "plain"])
@pytest.mark.parametrize("name", IN_PLACE)
def test_a_followed_change_in_place_is_as_good_as_the_plain_form(name, start):
    """y.f_(w) must leave the value and the gradients of y = f(y, w), also where the rule reads the old y."""
    in_place, plain = IN_PLACE[name]
    results = []
    for f in (in_place, plain):
        x, w = leaf(0.7, 1.6), leaf(1.2, -0.4)
        y = x * 1.5 if start == "followed" else x.detach() * 1.5
        earlier = y * 2.0 if start == "followed" else w * 1.0
        z = f(y, w)
        z = y if f is in_place else z
        assert f is not in_place or not z.is_leaf or not z.requires_grad
        (z * z * torch.tensor([1.0, 3.0], dtype=torch.float64) + earlier).sum().backward()
        nothing = torch.zeros(2, dtype=torch.float64)
        results.append([z.tolist(), *((nothing if t.grad is None else t.grad).tolist() for t in (x, w))])
    np.testing.assert_allclose(*results, rtol=1e-13)


def test_two_changes_in_a_row():
    x = leaf(0.3, 0.4)
    y = x * 2.0
    y.mul_(y)
    y.add_(y)
    y.exp_()
    y.sum().backward()  # y = exp(8 x^2)
    v = x.detach().numpy()
    np.testing.assert_allclose(x.grad.numpy(), 16 * v * np.exp(8 * v**2), rtol=1e-13)


def test_a_change_in_place_of_what_an_earlier_rule_needs():
    x = leaf(0.5)
    y = torch.exp(x)
    y.add_(1.0)
    with pytest.raises(GradientError, match="changed in place after exp"):
        y.sum().backward()


def test_a_window_of_a_followed_tensor_may_not_change():
    y = leaf(1.0, 2.0) * 2.0
    with pytest.raises(NotSupportedError, match=r"got a window .*; .*\. Try torch\.where"):
        y[0].add_(1.0)


def test_in_place_results_keep_shape_and_kind():
    y = torch.ones(2)
    with pytest.raises(ShapeError, match=r"got a result of shape \(3, 2\) for a tensor of shape \(2,\)"):
        y.add_(torch.ones(3, 2))
    with pytest.raises(torch.errors.DTypeError, match=r"torch\.float32 for a tensor of torch\.int64"):
        torch.ones(2, dtype=torch.int64).mul_(0.5)
    assert y.tolist() == [1.0, 1.0]


def test_plain_assignment():
    a = torch.zeros(3, 4)
    a[1] = torch.arange(4.0)
    a[:, 0] = 7.0
    a[0, 1:3] = torch.tensor([5.0, 6.0])
    a[torch.tensor([2, 2]), torch.tensor([1, 3])] = torch.tensor([8.0, 9.0])
    a[a > 8] = -1.0
    a[-1, ..., 2] += 0.5
    assert a.tolist() == [[7, 5, 6, 0], [7, 1, 2, 3], [7, 8, 0.5, -1]]
    b = torch.zeros(3)
    b[0] = 1.0
    b[1].add_(2.0)  # a single number is a window, too
    assert b.tolist() == [1.0, 2.0, 0.0]


def test_views_share_memory_and_copies_do_not():
    a = torch.arange(6.0)
    for view in (a.view(2, 3), a.reshape(3, 2), a[2:], a[::2], a.t(), a.unsqueeze(0), a.detach(), a.data, a[1]):
        assert np.shares_memory(view.numpy(), a.numpy())
    for copied in (a.clone(), a.flip(0), a[torch.tensor([0])], a + 0, a.repeat(2), torch.cat([a]), a.double()):
        assert not np.shares_memory(copied.numpy(), a.numpy())
    b = a.view(2, 3)
    b[0, 0] = 50.0
    assert a[0].item() == 50.0


# ---- deep and long ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [10_000, 100_000])
def test_a_chain_of_operations(length):
    """No recursion: not forward, not backward, and not when the chain is thrown away."""
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(length):
        y = y + 1.0
    y.backward()
    assert (y.item(), x.grad.item()) == (length + 1.0, 1.0)
    seen = weakref.ref(y)
    del y
    gc.collect()
    assert seen() is None


def test_a_chain_of_changes_in_place():
    w = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = w * 1.0
    for _ in range(10_000):
        y.add_(w)
    y.backward()
    assert w.grad.item() == 10_001.0
    del y
    gc.collect()


def test_the_tape_goes_when_its_end_goes():
    x = torch.ones(1000, requires_grad=True)
    y = (x * 2.0).exp()
    inner = weakref.ref(y.inputs[0])
    gc.disable()  # no cycle may have to be collected
    try:
        del y
        assert inner() is None
    finally:
        gc.enable()


def training_step(w, b, x, t):
    loss = ((torch.tanh(x @ w) @ b - t) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for p in (w, b):
            p -= 0.01 * p.grad
            p.grad = None


def test_steps_leave_nothing_behind():
    """100,000 steps would need 100,000 times whatever one step forgot."""
    rng = np.random.default_rng(0)
    w, b = (torch.tensor(rng.normal(size=n), requires_grad=True) for n in ((2, 3), (3,)))
    x, t = torch.tensor(rng.normal(size=(4, 2))), torch.tensor(rng.normal(size=4))
    tracemalloc.start()
    try:
        for _ in range(1200):  # NumPy keeps some small arrays for the next ones
            training_step(w, b, x, t)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            training_step(w, b, x, t)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 4096
    assert np.isfinite(w.detach().numpy()).all()


def test_a_hundred_thousand_steps():
    """A resident set that grew by 100 bytes a step would have grown by 10 MB."""
    w = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
    for _ in range(100):
        _decay(w)
    blocks = _blocks()
    for _ in range(100_000):
        _decay(w)
    assert _blocks() - blocks < 2000
    assert w.abs().max().item() < 1e-6


def _decay(w):
    (w * w).sum().backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
    w.grad = None


def _blocks():
    """How many pieces of memory Python holds."""
    gc.collect()
    return sys.getallocatedblocks()


def test_replays_leave_nothing_behind():
    w = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
    step = torch.compile(lambda: _decay(w))
    for _ in range(10):
        step()
    blocks = _blocks()
    for _ in range(20_000):
        step()
    assert _blocks() - blocks < 200
    assert step.replays > 20_000


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
