"""A flat vector and the parameters on it are one memory: what is read after an update is the updated value."""

import numpy as np
import pytest

import glassnet as torch


def trained(optimizer_of, compiled):
    torch.manual_seed(1)
    w = torch.randn(3, 2, requires_grad=True)
    b = torch.randn(2, requires_grad=True)
    optimizer = optimizer_of([w, b])

    def step(x):
        seen = []
        for _ in range(2):
            optimizer.zero_grad()
            ((x @ w + b) ** 2).mean().backward()
            seen.append((w * 1.0).detach().sum() + b.detach().sum())
            optimizer.step()
        return tuple(seen)

    step = torch.compile(step) if compiled else step
    seen = [step(torch.full((4, 3), 0.1 * k)) for k in range(1, 7)]
    return [w.detach().numpy(), b.detach().numpy()], [[float(t) for t in pair] for pair in seen]


@pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop"])
def test_two_updates_in_one_step_replay_as_they_ran(kind):
    def optimizer_of(params):
        return getattr(torch.optim, kind)(params, lr=0.05)

    plain, seen_plain = trained(optimizer_of, compiled=False)
    replayed, seen = trained(optimizer_of, compiled=True)
    for a, b in zip(plain, replayed, strict=True):
        np.testing.assert_allclose(b, a, atol=1e-6)
    np.testing.assert_allclose(seen, seen_plain, atol=1e-6)
