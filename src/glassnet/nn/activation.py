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
        """The function of every number of input, in the same shape."""
        return F.relu(input, self.inplace)


class ReLU6(_InPlace):
    """min(max(x, 0), 6).

    >>> import glassnet as torch
    >>> ReLU6()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([0.0000, 0.5000, 6.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.relu6(input, self.inplace)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope * x.

    >>> import glassnet as torch
    >>> LeakyReLU()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.0200,  0.5000,  8.0000])

    A. Maas, A. Hannun and A. Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}{_and_in_place(self.inplace)}"


class PReLU(Module):
    """x where x > 0, else weight * x, with a learnt weight for all channels or one for each.

    >>> import glassnet as torch
    >>> PReLU()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.5000,  0.5000,  8.0000], grad_fn=<PreluKernelBackward0>)

    K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, 2015.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        need_size("PReLU", num_parameters=num_parameters)
        check_device(device)
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class ELU(Module):
    """x where x > 0, else alpha * (exp(x) - 1).

    >>> import glassnet as torch
    >>> ELU()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.8647,  0.5000,  8.0000])

    D.-A. Clevert, T. Unterthiner and S. Hochreiter, Fast and accurate deep network learning by ELUs, 2016.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_and_in_place(self.inplace)}"


class CELU(Module):
    """x where x > 0, else alpha * (exp(x / alpha) - 1).

    >>> import glassnet as torch
    >>> CELU()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.8647,  0.5000,  8.0000])

    J. Barron, Continuously differentiable exponential linear units, 2017.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{_and_in_place(self.inplace)}"


class SELU(_InPlace):
    """elu scaled so that mean 0 and variance 1 are kept from layer to layer.

    >>> import glassnet as torch
    >>> SELU()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-1.5202,  0.5254,  8.4056])

    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks, 2017.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.selu(input, self.inplace)


class Hardtanh(Module):
    """x held between min_val and max_val.

    >>> import glassnet as torch
    >>> Hardtanh()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}{_and_in_place(self.inplace)}"


class Threshold(Module):
    """x where x > threshold, else value.

    >>> import glassnet as torch
    >>> Threshold(1.0, -1.0)(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-1., -1.,  8.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}{_and_in_place(self.inplace)}"


class Softshrink(Module):
    """x moved towards 0 by lambd, and 0 where |x| <= lambd.

    >>> import glassnet as torch
    >>> Softshrink()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-1.5000,  0.0000,  7.5000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(Module):
    """x where |x| > lambd, else 0.

    >>> import glassnet as torch
    >>> Hardshrink()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-2.,  0.,  8.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
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
        """The function of every number of input, in the same shape."""
        return F.sigmoid(input)


class Tanh(Module):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)): any number squashed between -1 and 1.

    >>> import glassnet as torch
    >>> Tanh()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.9640,  0.4621,  1.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.tanh(input)


class LogSigmoid(Module):
    """log(sigmoid(x)), without loss for very negative x.

    >>> import glassnet as torch
    >>> LogSigmoid()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-2.1269e+00, -4.7408e-01, -3.3541e-04])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.logsigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta: a smooth ReLU.

    >>> import glassnet as torch
    >>> Softplus()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([0.1269, 0.9741, 8.0003])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """x / (1 + |x|).

    >>> import glassnet as torch
    >>> Softsign()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.6667,  0.3333,  0.8889])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x).

    >>> import glassnet as torch
    >>> Tanhshrink()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-1.0360,  0.0379,  7.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.tanhshrink(input)


class GELU(Module):
    """x times the share of a normal distribution below x; approximate="tanh" is the older, rougher formula.

    >>> import glassnet as torch
    >>> GELU()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.0455,  0.3457,  8.0000])

    D. Hendrycks and K. Gimpel, Gaussian error linear units, 2016.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(_InPlace):
    """x * sigmoid(x).

    >>> import glassnet as torch
    >>> SiLU()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.2384,  0.3112,  7.9973])

    S. Elfwing, E. Uchibe and K. Doya, Sigmoid-weighted linear units, 2017.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """x * tanh(softplus(x)).

    >>> import glassnet as torch
    >>> Mish()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.2525,  0.3752,  8.0000])

    D. Misra, Mish: a self regularized non-monotonic activation function, 2019.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.mish(input, self.inplace)


class Hardsigmoid(_InPlace):
    """min(max(x + 3, 0), 6) / 6: three straight lines near sigmoid.

    >>> import glassnet as torch
    >>> Hardsigmoid()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([0.1667, 0.5833, 1.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardswish(_InPlace):
    """x * min(max(x + 3, 0), 6) / 6.

    >>> import glassnet as torch
    >>> Hardswish()(torch.tensor([-2.0, 0.5, 8.0]))
    tensor([-0.3333,  0.2917,  8.0000])

    A. Howard and others, Searching for MobileNetV3, 2019.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The function of every number of input, in the same shape."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""
