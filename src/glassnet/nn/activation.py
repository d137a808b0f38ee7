"""Activation layers: the functions of `functional_activation` with their settings, to be put between other layers."""

from __future__ import annotations

from typing import Any

from glassnet.core.factories import check_device, full
from glassnet.core.tensor import Tensor
from glassnet.nn import functional as F
from glassnet.nn.checks import need_size
from glassnet.nn.module import Module
from glassnet.nn.parameter import Parameter


class _InPlace(Module):
    """An activation whose only setting is whether to work in place."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class _AlongAxis(Module):
    """An activation whose only setting is the axis it works along."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


def _and_in_place(inplace: bool) -> str:
    return ", inplace=True" if inplace else ""


# ---- rectifiers -----------------------------------------------------------------------------------------------------


class ReLU(_InPlace):
    """max(x, 0).

    >>> import glassnet as torch
    >>> ReLU()(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])

    V. Nair and G. Hinton, Rectified linear units improve restricted Boltzmann machines, 2010.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class ReLU6(_InPlace):
    """min(max(x, 0), 6)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu6(input, self.inplace)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope * x.

    A. Maas, A. Hannun and A. Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}{_and_in_place(self.inplace)}"


class PReLU(Module):
    """x where x > 0, else weight * x, with a learnt weight for all channels or one for each.

    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, 2015.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        need_size("PReLU", num_parameters=num_parameters)
        check_device(device)
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class ELU(Module):
    """x where x > 0, else alpha * (exp(x) - 1).

    D.-A. Clevert, T. Unterthiner and S. Hochreiter, Fast and accurate deep network learning by ELUs, 2016.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_and_in_place(self.inplace)}"


class CELU(Module):
    """x where x > 0, else alpha * (exp(x / alpha) - 1).

    J. Barron, Continuously differentiable exponential linear units, 2017.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_and_in_place(self.inplace)}"


class SELU(_InPlace):
    """elu scaled so that mean 0 and variance 1 are kept from layer to layer.

    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks, 2017.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class Hardtanh(Module):
    """x held between min_val and max_val."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}{_and_in_place(self.inplace)}"


class Threshold(Module):
    """x where x > threshold, else value."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}{_and_in_place(self.inplace)}"


class Softshrink(Module):
    """x moved towards 0 by lambd, and 0 where |x| <= lambd."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(Module):
    """x where |x| > lambd, else 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


# ---- smooth ---------------------------------------------------------------------------------------------------------


class Sigmoid(Module):
    """1 / (1 + exp(-x)): any number squashed between 0 and 1.

    >>> import glassnet as torch
    >>> Sigmoid()(torch.tensor([0.0]))
    tensor([0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.sigmoid(input)


class Tanh(Module):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)): any number squashed between -1 and 1."""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class LogSigmoid(Module):
    """log(sigmoid(x)), without loss for very negative x."""

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta: a smooth ReLU."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class GELU(Module):
    """x times the share of a normal distribution below x; approximate="tanh" is the older, rougher formula.

    D. Hendrycks and K. Gimpel, Gaussian error linear units, 2016.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(_InPlace):
    """x * sigmoid(x).

    S. Elfwing, E. Uchibe and K. Doya, Sigmoid-weighted linear units, 2017.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """x * tanh(softplus(x)).

    D. Misra, Mish: a self regularized non-monotonic activation function, 2019.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class Hardsigmoid(_InPlace):
    """min(max(x + 3, 0), 6) / 6: three straight lines near sigmoid."""

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardswish(_InPlace):
    """x * min(max(x + 3, 0), 6) / 6.

    A. Howard and others, Searching for MobileNetV3, 2019.
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class GLU(Module):
    """a * sigmoid(b), where a and b are the two halves of x along one axis.

    Y. Dauphin, A. Fan, M. Auli and D. Grangier, Language modeling with gated convolutional networks, 2017.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


# ---- probabilities --------------------------------------------------------------------------------------------------


class Softmax(_AlongAxis):
    """exp(x) / sum(exp(x)) along one axis: numbers above 0 that add up to 1.

    nn.CrossEntropyLoss contains it: give that the scores before softmax.

    >>> import glassnet as torch
    >>> Softmax(dim=1)(torch.tensor([[0.0, 0.0]]))
    tensor([[0.5000, 0.5000]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)


class LogSoftmax(_AlongAxis):
    """log(softmax(x)) along one axis, without loss for small probabilities."""

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)


class Softmin(_AlongAxis):
    """softmax(-x) along one axis."""

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)
