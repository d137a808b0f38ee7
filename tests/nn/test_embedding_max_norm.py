"""Embedding with rows held short."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn


@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_only_long_rows_that_are_named_are_shortened(order):
    table = torch.tensor([[3.0, 4.0], [0.1, 0.2], [6.0, 8.0]])
    layer = nn.Embedding.from_pretrained(table.clone(), max_norm=1.0, norm_type=order)
    y = layer(torch.tensor([[0, 1], [0, 0]]))
    lengths = np.linalg.norm(layer.weight.numpy(), ord=order, axis=1)
    np.testing.assert_allclose(lengths[0], 1.0, rtol=1e-6)
    assert layer.weight[1:].tolist() == table[1:].tolist()
    assert torch.equal(y[0, 0], layer.weight[0])
    assert repr(layer) == "Embedding(3, 2, max_norm=1.0" + ("" if order == 2 else f", norm_type={order}") + ")"


def trained(compiled):
    torch.manual_seed(0)
    layer = nn.Embedding(6, 3, max_norm=0.5)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.3)

    def step(i):
        optimiser.zero_grad()
        loss = (layer(i) ** 2).sum() - layer(i).sum()
        loss.backward()
        optimiser.step()
        return loss

    run = torch.compile(step) if compiled else step
    losses = [run(torch.randint(0, 6, (4,))).item() for _ in range(7)]
    return losses, layer.weight.tolist(), run.replays if compiled else 5


def test_a_compiled_step_replays_it_for_other_rows():
    for run, replayed in zip(trained(False), trained(True), strict=True):
        np.testing.assert_allclose(replayed, run, rtol=1e-6)
