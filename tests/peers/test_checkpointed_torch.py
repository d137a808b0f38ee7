"""`utils.checkpoint` gives the results and gradients of PyTorch's."""

import numpy as np
import pytest
import torch
import torch.utils.checkpoint

import glassnet
from glassnet.errors import ValueRangeError

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("sequential", [False, True])
def test_results_and_gradients(sequential):
    found = []
    for lib in (torch, glassnet):
        lib.manual_seed(0)
        layers = [lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 2)]
        model, x = lib.nn.Sequential(*layers), lib.ones(5, 3)
        if sequential:
            y = lib.utils.checkpoint.checkpoint_sequential(model, 2, x, use_reentrant=False)
        else:
            y = lib.utils.checkpoint.checkpoint(model, x, use_reentrant=False)
        (y**2).sum().backward()
        found.append([y.detach().numpy(), *(p.grad.numpy() for p in model.parameters())])
    for theirs, mine in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def test_segments_are_counted_from_1():
    with pytest.raises(ValueRangeError, match="segments=0"):
        glassnet.utils.checkpoint.checkpoint_sequential([], 0, 1)
