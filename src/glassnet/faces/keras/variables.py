"""Weights of layers and metrics of one's own: tensors with Keras's `assign`."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap


class Assigned:
    """What Keras's variables can, beside what tensors can."""

    __slots__ = ()

    def assign(self, value: Any) -> Any:
        """Put other numbers in its place."""
        me: Any = self
        with no_grad():
            return me.copy_(_numbers(value).expand(me.shape) if me.ndim else _numbers(value).reshape(()))

    def assign_add(self, value: Any) -> Any:
        """Add numbers to it."""
        me: Any = self
        return self.assign(me.detach() + _numbers(value))

    def assign_sub(self, value: Any) -> Any:
        """Take numbers from it."""
        me: Any = self
        return self.assign(me.detach() - _numbers(value))

    @property
    def value(self) -> Any:
        """The tensor itself."""
        return self


class Variable(Assigned, Tensor):
    """A weight that training leaves alone.

    >>> count = Variable(wrap(np.zeros((), np.float32)))
    >>> count.assign_add(2.0), count.assign_sub(0.5)
    (tensor(1.5000), tensor(1.5000))
    """

    __slots__ = ()

    def __init__(self, data: Tensor) -> None:
        super().__init__()
        self.array, self.written = data.array, data.written


class Weight(Assigned, nn.Parameter):
    """A weight that is learnt."""

    __slots__ = ()


def _numbers(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(np.asarray(value, np.float32))
