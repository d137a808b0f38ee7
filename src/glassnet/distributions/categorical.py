"""The categorical distribution: one of several classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from glassnet.core import dtypes, factories, layout
from glassnet.core.arranging import broadcast_tensors
from glassnet.core.dtypes import Size
from glassnet.core.mode import enable_grad
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.bernoulli import check_one_of, inside
from glassnet.distributions.distribution import NONE, Distribution
from glassnet.errors import ShapeError, complain


class Categorical(Distribution):
    """Classes 0 to K - 1 with the probabilities in the last axis of probs, or of softmax(logits).

    Both are normalised: probs are weights that need not add up to 1.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> policy = torch.distributions.Categorical(torch.tensor([1.0, 1.0, 2.0]))
    >>> policy.sample((4,))
    tensor([2, 2, 1, 2])
    >>> policy.log_prob(torch.tensor(2))
    tensor(-0.6931)
    """

    arg_constraints: Any = MappingProxyType({"probs": constraints.simplex, "logits": constraints.real_vector})
    has_enumerate_support = True
    _param_dims = 1

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        check_one_of("Categorical", probs, logits)
        if probs is not None:
            _check_axes("probs", probs)
            self.probs = probs / probs.sum(-1, keepdim=True)
        elif logits is not None:
            _check_axes("logits", logits)
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        super().__init__(self.param_shape[:-1], validate_args=validate_args)

    @cached_property
    def logits(self) -> Tensor:
        """log(probs)."""
        with enable_grad():
            return inside(self.probs).log()

    @cached_property
    def probs(self) -> Tensor:
        """The probabilities of the classes, along the last axis."""
        with enable_grad():
            return self.logits.softmax(dim=-1)

    @property
    def param_shape(self) -> Size:
        """The shape of probs, and of logits: batch_shape + (K,)."""
        return next(iter(self._parameters().values())).shape

    @property
    def _num_events(self) -> int:
        return self.param_shape[-1]

    @property
    def support(self) -> constraints.Constraint:
        """The numbers of the classes."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        """NaN: classes have no mean."""
        return factories.full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    variance = mean

    @property
    def mode(self) -> Tensor:
        """The most likely class."""
        return self.probs.argmax(dim=-1)

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Classes of shape sample_shape + batch_shape."""
        rows = self.probs.detach().reshape(-1, self._num_events)
        picks = factories.multinomial(rows, math.prod(sample_shape), True)
        return picks.T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logits of the classes in value."""
        if self._validate_args:
            self._validate_sample(value)
        at, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, at[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        """-sum(probs log(probs)) over the classes."""
        finite = self.logits.clamp(min=dtypes.finfo(self.logits.dtype).min)
        return -(finite * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The classes along a new first axis."""
        k = self._num_events
        values = layout.reshape(factories.arange(k), (k,) + (1,) * len(self._batch_shape))
        return values.expand((k, *self._batch_shape)) if expand else values


def _check_axes(name: str, given: Tensor) -> None:
    if not given.array.ndim:
        got = f"Categorical: got {name} without an axis"
        raise ShapeError(complain(got, "expected one for the classes", f"Try {name} of shape (classes,)"))
