"""Dropout layers: at work in training, silent in evaluation."""

from __future__ import annotations

from glassnet.core.tensor import Tensor
from glassnet.nn import functional as F
from glassnet.nn.checks import need_probability
from glassnet.nn.module import Module


class _Dropout(Module):
    """What all kinds of dropout have: a probability, and whether to work in place."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        need_probability(type(self).__name__, p)
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training each number is set to 0 with probability p, and the others are divided by 1 - p.

    >>> import glassnet as torch
    >>> drop = Dropout(0.25)
    >>> _ = torch.manual_seed(0)
    >>> drop(torch.ones(4))
    tensor([0.0000, 1.3333, 1.3333, 0.0000])
    >>> drop.eval()(torch.ones(4))
    tensor([1., 1., 1., 1.])

    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, Dropout, 2014.
    """

    def forward(self, input: Tensor) -> Tensor:
        """input with numbers dropped in training, input itself in evaluation."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """In training whole channels of (N, C, L) are set to 0 with probability p, the others divided by 1 - p.

    >>> import glassnet as torch
    >>> Dropout1d(0.5).eval()(torch.ones(1, 2, 3))
    tensor([[[1., 1., 1.],
             [1., 1., 1.]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """input with numbers dropped in training, input itself in evaluation."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """In training whole channels of (N, C, H, W) are set to 0 with probability p, the others divided by 1 - p.

    >>> import glassnet as torch
    >>> Dropout2d(0.5)(torch.ones(4, 3, 2, 2)).shape
    torch.Size([4, 3, 2, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """input with numbers dropped in training, input itself in evaluation."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that goes with SELU: numbers fall to selu's lowest value, and mean and variance are kept.

    >>> import glassnet as torch
    >>> AlphaDropout(0.5).eval()(torch.ones(3))
    tensor([1., 1., 1.])

    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks, 2017.
    """

    def forward(self, input: Tensor) -> Tensor:
        """input with numbers dropped in training, input itself in evaluation."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)
