"""Activation layers that look along an axis: probabilities, and the gated half."""

from __future__ import annotations

from glassnet.core.tensor import Tensor
from glassnet.nn import functional as F
from glassnet.nn.module import Module


class _AlongAxis(Module):
    """An activation whose only setting is the axis it works along."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GLU(Module):
    """a * sigmoid(b), where a and b are the two halves of x along one axis.

    >>> import glassnet as torch
    >>> GLU()(torch.tensor([1.0, 2.0, 0.0, 100.0]))
    tensor([0.5000, 2.0000])

    Y. Dauphin, A. Fan, M. Auli and D. Grangier, Language modeling with gated convolutional networks, 2017.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """The gated half of input: axis `dim` becomes half as long."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax(_AlongAxis):
    """exp(x) / sum(exp(x)) along one axis: numbers above 0 that add up to 1.

    nn.CrossEntropyLoss contains it: give that the scores before softmax.

    >>> import glassnet as torch
    >>> Softmax(dim=1)(torch.tensor([[0.0, 0.0]]))
    tensor([[0.5000, 0.5000]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Probabilities along the axis `dim`, in the shape of input."""
        return F.softmax(input, self.dim)


class LogSoftmax(_AlongAxis):
    """log(softmax(x)) along one axis, without loss for small probabilities.

    >>> import glassnet as torch
    >>> LogSoftmax(dim=0)(torch.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Logarithms of probabilities along the axis `dim`, in the shape of input."""
        return F.log_softmax(input, self.dim)


class Softmin(_AlongAxis):
    """softmax(-x) along one axis.

    >>> import glassnet as torch
    >>> Softmin(dim=0)(torch.tensor([0.0, 100.0]))
    tensor([1.0000e+00, 3.7835e-44])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Probabilities along the axis `dim`, in the shape of input."""
        return F.softmin(input, self.dim)
