"""A distribution whose last batch axes are taken as one draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import NONE, Distribution, sum_rightmost
from glassnet.errors import ShapeError, complain


class Independent(Distribution):
    """The same draws; `log_prob` and `entropy` add up over the last `reinterpreted_batch_ndims` axes of the batch.

    >>> import glassnet as torch
    >>> d = torch.distributions
    >>> diagonal = d.Independent(d.Normal(torch.zeros(3), torch.ones(3)), 1)
    >>> diagonal.batch_shape, diagonal.event_shape
    (torch.Size([]), torch.Size([3]))
    >>> diagonal.log_prob(torch.zeros(3))
    tensor(-2.7568)
    """

    def __init__(
        self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        axes = len(base_distribution.batch_shape)
        if reinterpreted_batch_ndims > axes:
            got = f"Independent: got {reinterpreted_batch_ndims} axes of a batch with {axes}"
            raise ShapeError(complain(got, f"expected {axes} at most", f"Try Independent(distribution, {axes})"))
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        kept = axes - reinterpreted_batch_ndims
        shape = base_distribution.batch_shape
        super().__init__(shape[:kept], (*shape[kept:], *base_distribution.event_shape), validate_args)

    @property
    def has_rsample(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether gradients flow through draws."""
        return self.base_dist.has_rsample

    @property
    def support(self) -> constraints.Constraint:
        """The base's, for all numbers of a draw."""
        count = self.reinterpreted_batch_ndims
        return constraints.independent(self.base_dist.support, count) if count else self.base_dist.support

    @property
    def mean(self) -> Tensor:
        """The base's."""
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        """The base's."""
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        """The base's."""
        return self.base_dist.variance

    def expand(self, batch_shape: Sequence[int]) -> Independent:
        """The same distribution repeated to another batch_shape."""
        inner = (*batch_shape, *self.event_shape[: self.reinterpreted_batch_ndims])
        return Independent(self.base_dist.expand(inner), self.reinterpreted_batch_ndims, self._validate_args)

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """The base's draws."""
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """The base's draws, with gradients."""
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The sum of the base's over the axes of a draw."""
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        """The sum of the base's over the axes of a draw."""
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"
