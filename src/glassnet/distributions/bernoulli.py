"""The Bernoulli distribution: 1 or 0."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from glassnet.core import dtypes, factories, layout
from glassnet.core.dtypes import Size
from glassnet.core.mode import enable_grad, no_grad
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import NONE, Distribution, broadcast_all
from glassnet.errors import ValueRangeError, complain
from glassnet.nn.functional import binary_cross_entropy_with_logits


def check_one_of(kind: str, probs: Any, logits: Any) -> None:
    """Raise unless just one of the two is given."""
    if (probs is None) == (logits is None):
        got = f"{kind}: got {'neither probs nor' if probs is None else 'both probs and'} logits"
        raise ValueRangeError(complain(got, "expected one of the two", f"Try {kind}(logits=model(x))"))


def inside(probs: Tensor) -> Tensor:
    """Probabilities kept from 0 and 1 by the smallest step of their dtype, so that their logarithms are finite."""
    eps = dtypes.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


class OfTrials(Distribution):
    """What Bernoulli and Geometric share: trials that work with probability probs = sigmoid(logits)."""

    arg_constraints: Any = MappingProxyType({"probs": constraints.unit_interval, "logits": constraints.real})

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        check_one_of(type(self).__name__, probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        super().__init__(self.param_shape, validate_args=validate_args)

    @cached_property
    def logits(self) -> Tensor:
        """log(probs / (1 - probs))."""
        with enable_grad():
            p = inside(self.probs)
            return p.log() - (-p).log1p()

    @cached_property
    def probs(self) -> Tensor:
        """The probability that a trial works."""
        with enable_grad():
            return self.logits.sigmoid()

    @property
    def param_shape(self) -> Size:
        """The shape of probs, and of logits."""
        return next(iter(self._parameters().values())).shape


class Bernoulli(OfTrials):
    """1 with probability probs = sigmoid(logits), else 0; ValueRangeError for probs that are not 0 to 1.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> coin = torch.distributions.Bernoulli(torch.tensor([0.3, 0.9]))
    >>> coin.sample()
    tensor([0., 1.])
    >>> coin.log_prob(torch.tensor([0.0, 1.0]))
    tensor([-0.3567, -0.1054])
    """

    support = constraints.boolean
    has_enumerate_support = True

    @property
    def mean(self) -> Tensor:
        """probs."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likelier of 0 and 1; NaN if both are equally likely."""
        likelier = self.probs.ge(0.5).to(self.probs.dtype)
        return likelier.masked_fill(self.probs == 0.5, float("nan"))

    @property
    def variance(self) -> Tensor:
        """probs (1 - probs)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Zeros and ones of shape sample_shape + batch_shape."""
        with no_grad():
            return factories.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """log(probs) at 1, log(1 - probs) at 0."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        """-probs log(probs) - (1 - probs) log(1 - probs)."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 and 1 along a new first axis."""
        values = layout.reshape(factories.arange(2, dtype=self.probs.dtype), (2,) + (1,) * len(self._batch_shape))
        return values.expand((2, *self._batch_shape)) if expand else values
