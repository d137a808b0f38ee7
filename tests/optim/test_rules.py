"""The update rules: PyTorch's golden walks, two steps worked by hand, what must hold for any slope, and replay."""

import json
import math
import pathlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "optim.json").read_text(encoding="utf-8"))
EVERY = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {}),
    ("Adamax", {}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adagrad", {"lr_decay": 0.1}),
    ("Adadelta", {}),
    ("Rprop", {}),
    ("ASGD", {"t0": 3.0}),
]
slopes = st.lists(st.floats(-10, 10).filter(lambda g: abs(g) > 1e-3), min_size=1, max_size=6)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def leaf(values):
    return torch.tensor(np.array(values, "float64"), requires_grad=True)


def stepped(name, w, g, steps=1, **options):
    """w after steps along one and the same slope."""
    p = leaf(w)
    optimizer = getattr(torch.optim, name)([p], **options)
    for _ in range(steps):
        p.grad = torch.tensor(np.array(g, "float64"))
        optimizer.step()
    return p.array


@pytest.mark.parametrize("walk", GOLDEN["walks"], ids=lambda w: w["name"])
def test_walks_as_pytorch_does(walk, double):
    w = leaf(GOLDEN["start"])
    optimizer = getattr(torch.optim, walk["name"])([w], **walk["options"])
    for step in range(1, 41):
        x = w.array
        w.grad = torch.tensor(np.sin(x * (1 + 0.3 * step)) + 0.1 * x)
        optimizer.step()
        if str(step) in walk["seen"]:
            np.testing.assert_allclose(x, walk["seen"][str(step)], rtol=1e-11, atol=1e-12, err_msg=f"step {step}")


def test_momentum_by_hand():
    # loss w², slope g = 2w; lr = 0.1, μ = 0.5
    # step 1: g = 2,    v = g = 2 (nothing came before),      w = 1   - 0.1 * 2    = 0.8
    # step 2: g = 1.6,  v = 0.5 * 2   + 1.6  = 2.6,           w = 0.8 - 0.1 * 2.6  = 0.54
    # step 3: g = 1.08, v = 0.5 * 2.6 + 1.08 = 2.38,          w = 0.54 - 0.1 * 2.38 = 0.302
    w = leaf([1.0])
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.5)
    for v, after in ((2.0, 0.8), (2.6, 0.54), (2.38, 0.302)):
        optimizer.zero_grad()
        (w**2).sum().backward()
        optimizer.step()
        assert optimizer.state[w]["momentum_buffer"].item() == pytest.approx(v, rel=1e-14)
        assert w.item() == pytest.approx(after, rel=1e-14)


def test_adam_by_hand():
    # loss w², slope g = 2w; lr = 0.1, β₁ = 0.9, β₂ = 0.999, ε = 0
    # step 1: g = 2    m = 0.1 * 2 = 0.2                     m̂ = 0.2 / (1 - 0.9) = 2
    #                  v = 0.001 * 4 = 0.004                 v̂ = 0.004 / (1 - 0.999) = 4, its root 2
    #                  w = 1 - 0.1 * 2 / 2 = 0.9
    # step 2: g = 1.8  m = 0.9 * 0.2 + 0.1 * 1.8 = 0.36      m̂ = 0.36 / (1 - 0.81) = 1.894736842105263
    #                  v = 0.999 * 0.004 + 0.001 * 3.24 = 0.007236
    #                  v̂ = 0.007236 / (1 - 0.998001) = 3.619809904952476, its root 1.902579802508...
    #                  w = 0.9 - 0.1 * 1.894736842105263 / 1.902579802508... = 0.800412227...
    w = leaf([1.0])
    optimizer = torch.optim.Adam([w], lr=0.1, eps=0.0)
    second = 0.9 - 0.1 * (0.36 / 0.19) / math.sqrt(0.007236 / 0.001999)
    assert second == pytest.approx(0.800412227, abs=1e-9)
    for m, v, after in ((0.2, 0.004, 0.9), (0.36, 0.007236, second)):
        optimizer.zero_grad()
        (w**2).sum().backward()
        optimizer.step()
        assert optimizer.state[w]["exp_avg"].item() == pytest.approx(m, rel=1e-12)
        assert optimizer.state[w]["exp_avg_sq"].item() == pytest.approx(v, rel=1e-12)
        assert w.item() == pytest.approx(after, rel=1e-12)


@given(slopes)
def test_plain_descent_goes_lr_times_the_slope(g):
    np.testing.assert_array_equal(stepped("SGD", np.ones(len(g)), g, lr=0.25), 1 - 0.25 * np.array(g))


@given(slopes, st.floats(0.01, 100), st.integers(1, 5))
def test_adam_does_not_see_the_scale_of_the_slope(g, scale, steps):
    w = np.zeros(len(g))
    once = stepped("Adam", w, g, steps, eps=0.0)
    np.testing.assert_allclose(once, stepped("Adam", w, np.array(g) * scale, steps, eps=0.0), rtol=1e-9)


@pytest.mark.parametrize("name", ["Adam", "Adamax", "Adagrad", "RMSprop", "Rprop"])
@given(g=slopes)
def test_first_steps_are_as_long_whatever_the_slope(name, g):
    options = {"lr": 0.01, "alpha": 0.0} if name == "RMSprop" else {"lr": 0.01}
    np.testing.assert_allclose(np.abs(stepped(name, np.zeros(len(g)), g, **options)), 0.01, rtol=1e-4)


@pytest.mark.parametrize(("name", "options"), EVERY)
@given(g=slopes)
def test_to_maximize_is_to_minimize_the_opposite(name, options, g):
    if "weight_decay" in options or name in ("AdamW", "ASGD"):  # decay pulls to 0 either way
        options = {**options, "weight_decay": 0, **({"lambd": 0.0} if name == "ASGD" else {})}
    up = stepped(name, np.zeros(len(g)), g, 3, maximize=True, **options)
    np.testing.assert_array_equal(up, stepped(name, np.zeros(len(g)), -np.array(g), 3, **options))


@given(slopes, st.floats(0.01, 0.9))
def test_decoupled_decay_shrinks_by_itself(w, decay):
    shrunk = stepped("AdamW", w, np.zeros(len(w)), lr=0.5, weight_decay=decay)
    np.testing.assert_allclose(shrunk, np.array(w) * (1 - 0.5 * decay), rtol=1e-15)


def test_amsgrad_never_lets_a_step_grow_again():
    w = leaf([0.0])
    optimizer = torch.optim.Adam([w], amsgrad=True)
    largest = 0.0
    for g in (1.0, 30.0, 0.1, 0.1, 5.0):
        w.grad = torch.tensor(np.array([g]))
        optimizer.step()
        kept = optimizer.state[w]["max_exp_avg_sq"].item()
        assert kept >= max(largest, optimizer.state[w]["exp_avg_sq"].item())
        largest = kept


def test_radam_with_a_short_memory_never_trusts_v():
    # β₂ = 0.6 makes ρ∞ = 4, where the formula for r divides by 0; ρ > 5 is never reached, so the steps go along m̂ = g
    np.testing.assert_allclose(stepped("RAdam", [0.0], [3.0], 4, lr=0.1, betas=(0.9, 0.6)), [-1.2], rtol=1e-12)


# ---- replay -------------------------------------------------------------------------------------------------------


def trained(name, options, compiled, dtype="float32", steps=20):
    """Parameters and state after training with rates that change every step."""
    rng = np.random.default_rng(5)
    w, b, x, y = (torch.tensor(rng.standard_normal((3, 4)).astype(dtype)) for _ in range(4))
    w.requires_grad_(), b.requires_grad_()
    optimizer = getattr(torch.optim, name)([w, b], lr=0.05, **options)

    def step(x, y):
        optimizer.zero_grad()
        loss = torch.tanh(x * w + b).sub(y).square().sum()
        loss.backward()
        optimizer.step()

    run = torch.compile(step) if compiled else step
    for i in range(steps):
        optimizer.param_groups[0]["lr"] = 0.05 * 0.9**i
        if "betas" in optimizer.param_groups[0]:
            optimizer.param_groups[0]["betas"] = (0.9 - 0.02 * i, 0.99)
        run(x, y)
    state = {f"{k} {i}": v.array.copy() for i, p in enumerate((w, b)) for k, v in optimizer.state[p].items()}
    return run, {"w": w.array, "b": b.array, **state}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options"), EVERY)
def test_replay_gives_the_same_bits_while_rates_change(name, options, dtype):
    _, plain = trained(name, options, compiled=False, dtype=dtype)
    run, replayed = trained(name, options, compiled=True, dtype=dtype)
    assert run.replays >= 15
    assert list(plain) == list(replayed)
    for key, value in plain.items():
        np.testing.assert_array_equal(replayed[key], value, err_msg=key)


def test_adam_is_twelve_passes_over_the_weights():
    run, _ = trained("Adam", {}, compiled=True)
    written = re.findall(r"out=(\w+)\)", run.source)
    assert [run.program.values[name].size for name in written].count(24) == 12


@pytest.mark.parametrize("option", [("momentum", 0.9), ("weight_decay", 0.1), ("maximize", True), ("nesterov", True)])
def test_an_option_switched_on_later_is_recorded_anew(option):
    def walk(compiled):
        w = torch.tensor([1.0, -2.0], requires_grad=True)
        momentum = {"momentum": 0.5} if option[0] == "nesterov" else {}
        optimizer = torch.optim.SGD([w], lr=0.1, **momentum)

        def step():
            optimizer.zero_grad()
            (w**2).sum().backward()
            optimizer.step()

        run = torch.compile(step) if compiled else step
        for i in range(12):
            if i == 6:
                optimizer.param_groups[0][option[0]] = option[1]
            run()
        return w.array

    np.testing.assert_array_equal(walk(compiled=True), walk(compiled=False))
