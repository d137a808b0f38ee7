"""Plain gradient descent, W ← W − η·dW, written so that its step can be told; any optimiser of `optim` can be, too."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, touched, wrap


class Descent:
    """What `explain` needs of an optimiser: groups of weights with their options, and a step made of primitives.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> (w**2).sum().backward()
    >>> Descent([w], 0.25).step()
    >>> w
    tensor([ 0.5000, -1.0000], requires_grad=True)
    """

    replayable = True

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        rate = wrap(np.array(lr, np.float64))
        chunks = [SimpleNamespace(params=[p], w=wrap(p.array.reshape(-1)), state=SimpleNamespace()) for p in params]
        self.param_groups = [SimpleNamespace(live=SimpleNamespace(lr=rate), chunks=chunks)]

    def step(self) -> None:
        """Move every weight that has a gradient against its slope."""
        (group,) = self.param_groups
        with no_grad():
            for chunk in group.chunks:
                p = chunk.params[0]
                if p.grad is not None:
                    ops.assign(chunk.w, chunk.w - group.live.lr * ops.pack(p.grad))
                    touched(p)

    def state_dict(self) -> dict[str, Any]:
        """It remembers nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """There is nothing to take over."""
