"""Deep graphs, long runs, threads: no recursion, and memory that is given back."""

import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest

import glassnet as torch


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
