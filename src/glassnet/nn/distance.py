"""How far rows are from each other, as modules."""

from __future__ import annotations

from glassnet.core.tensor import Tensor
from glassnet.nn import functional as F
from glassnet.nn.module import Module


class CosineSimilarity(Module):
    """The cosine of the angle between x1 and x2 along one axis; lengths are held above eps.

    >>> import glassnet as torch
    >>> CosineSimilarity(dim=0)(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0]))
    tensor(0.7071)
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The cosine of each pair of rows: the axis `dim` is gone."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The length of x1 - x2 + eps along the last axis.

    >>> import glassnet as torch
    >>> PairwiseDistance()(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """The distance of each pair of rows: the last axis is gone."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
