"""Looking at a network as it is in use, and leaving it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from glassnet import nn
from glassnet.core.mode import World


@contextmanager
def in_use(model: nn.Module) -> Iterator[None]:
    """Dropout and batch norm as they are in use; at the end each layer is trained or used as it was before.

    >>> model = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 1).eval())
    >>> with in_use(model):
    ...     [layer.training for layer in model]
    [False, False]
    >>> [layer.training for layer in model]
    [True, False]
    """
    training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, was in training:
            module.training = was
        World.changed()
