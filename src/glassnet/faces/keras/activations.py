"""Activation functions by Keras's names, as the modules that carry them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet import nn
from glassnet.core import ops
from glassnet.core.tensor import Tensor
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


NAMES: dict[str, Callable[[], nn.Module]] = {
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


def get(identifier: Any) -> nn.Module:
    """The module for a name, for None (the identity), for a function of tensors or for a module of one's own."""
    if identifier is None:
        return nn.Identity()
    if isinstance(identifier, str):
        return found("activation", identifier, NAMES)()
    return identifier if isinstance(identifier, nn.Module) else Lambda(identifier)
