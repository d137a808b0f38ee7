"""Changes in place: what they do to the graph, and what is refused."""

import numpy as np
import pytest

import glassnet as torch
from glassnet.errors import GradientError, ShapeError


def leaf(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


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
