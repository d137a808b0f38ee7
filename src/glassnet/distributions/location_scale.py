"""What distributions around a location have in common."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import Distribution, broadcast_all


class LocationScale(Distribution):
    """Numbers symmetric around loc, as wide as scale says; both are tensors that broadcast, or numbers."""

    arg_constraints: Any = MappingProxyType({"loc": constraints.real, "scale": constraints.positive})
    support = constraints.real
    has_rsample = True
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc
