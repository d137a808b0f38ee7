"""The geometric distribution: how often it fails before it works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.core import dtypes, factories, random
from glassnet.core.layout import where
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.bernoulli import OfTrials
from glassnet.distributions.distribution import NONE, broadcast_all
from glassnet.errors import ValueRangeError, complain
from glassnet.nn.functional import binary_cross_entropy_with_logits


class Geometric(OfTrials):
    """How many trials fail before the first that works, where each works with probability probs = sigmoid(logits).

    ValueRangeError for probs that are not above 0 and at most 1.

    >>> import glassnet as torch
    >>> torch.distributions.Geometric(0.5).log_prob(torch.tensor([0.0, 1.0])).exp()
    tensor([0.5000, 0.2500])
    """

    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        super().__init__(probs, logits, validate_args)
        if self._validate_args and probs is not None and not (self.probs.array > 0).all():
            got = "Geometric: got 0 in probs"
            raise ValueRangeError(complain(got, "expected more than 0", "Try probs.clamp(min=1e-6)"))

    @property
    def mean(self) -> Tensor:
        """1 / probs - 1."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        """0."""
        return factories.zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        """(1 / probs - 1) / probs."""
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """log(u) / log(1 - probs) for uniform u, rounded down."""
        shape, kind = tuple(self._extended_shape(sample_shape)), self.probs.array.dtype
        with no_grad():
            tiny = dtypes.finfo(self.probs.dtype).tiny
            u = factories.draw(random.uniform, shape=shape, low=tiny, high=1.0, dtype=kind)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        """k log(1 - probs) + log(probs)."""
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        never = (probs == 1) & (value == 0)  # 0 log(0)
        return value * (-where(never, 0.0, probs)).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        """That of one trial, over probs."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs
