"""Activation functions by Keras's names, as the modules that carry them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.tensor import Tensor, wrap
from glassnet.faces.keras.lookup import found


class Lambda(nn.Module):
    """Any function of a tensor as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """function(x)."""
        return self.function(x)

    def extra_repr(self) -> str:
        """The function's name."""
        return getattr(self.function, "__name__", "function")


_MODULES: dict[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softmax": lambda: nn.Softmax(dim=-1),
    "log_softmax": lambda: nn.LogSoftmax(dim=-1),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "celu": nn.CELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "relu6": nn.ReLU6,
    "hard_sigmoid": nn.Hardsigmoid,
    "hard_silu": nn.Hardswish,
    "hard_tanh": nn.Hardtanh,
    "log_sigmoid": nn.LogSigmoid,
    "tanh_shrink": nn.Tanhshrink,
    "exponential": lambda: Lambda(ops.exp),
}


class Function:
    """An activation by its name: called with numbers or a tensor, it gives a tensor; layers make a module of it.

    >>> relu([-1.0, 2.0])
    tensor([0., 2.])
    """

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self.__doc__ = f"The activation {name!r} of a tensor or an array."
        self._module = _MODULES[name]()

    def __call__(self, x: Any, **settings: Any) -> Tensor:
        """The activation of every number (along the last axis for a softmax)."""
        numbers = x if isinstance(x, Tensor) else wrap(np.asarray(x, np.float32))
        return (self._with(settings) if settings else self._module)(numbers)

    def _with(self, settings: dict[str, Any]) -> nn.Module:
        inner = {"axis": "dim"}
        return type(self._module)(**{inner.get(name, name): value for name, value in settings.items()})

    def module(self) -> nn.Module:
        """A new module."""
        return _MODULES[self.__name__]()

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"


NAMES = {name: Function(name) for name in _MODULES}
linear, relu, sigmoid, tanh = (NAMES[n] for n in ("linear", "relu", "sigmoid", "tanh"))
softmax, log_softmax, elu, selu = (NAMES[n] for n in ("softmax", "log_softmax", "elu", "selu"))
celu, gelu, silu, swish, mish = (NAMES[n] for n in ("celu", "gelu", "silu", "swish", "mish"))
softplus, softsign, leaky_relu, relu6 = (NAMES[n] for n in ("softplus", "softsign", "leaky_relu", "relu6"))
hard_sigmoid, hard_silu, hard_tanh = (NAMES[n] for n in ("hard_sigmoid", "hard_silu", "hard_tanh"))
log_sigmoid, tanh_shrink, exponential = (NAMES[n] for n in ("log_sigmoid", "tanh_shrink", "exponential"))


def get(identifier: Any) -> Any:
    """The function that a name stands for; None is `linear`, functions and modules are taken as they are."""
    if identifier is None:
        return linear
    return found("activation", identifier, NAMES) if isinstance(identifier, str) else identifier


def module_of(identifier: Any) -> nn.Module:
    """A module for a name, for None (the identity), for a function of tensors or for a module of one's own."""
    chosen = get(identifier)
    if isinstance(chosen, Function):
        return chosen.module()
    return chosen if isinstance(chosen, nn.Module) else Lambda(chosen)
