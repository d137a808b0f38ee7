"""Automatic differentiation by name: `grad`, `backward`, `Function`, `gradcheck`, Jacobians and Hessians."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.autograd import functional
from glassnet.autograd.anomaly import detect_anomaly, set_detect_anomaly
from glassnet.autograd.function import Function
from glassnet.core import tape
from glassnet.core.gradcheck import gradcheck, gradgradcheck
from glassnet.core.mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from glassnet.core.tape import grad
from glassnet.core.tensor import Tensor

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def Variable(data: Tensor, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """PyTorch's old wrapper: a leaf on the memory of data. Tensors need none any more.

    >>> import glassnet as torch
    >>> torch.autograd.Variable(torch.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """
    return data.detach().requires_grad_(requires_grad)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Call `backward` on all tensors at once, each with its gradient (1 for a single number).

    >>> import glassnet as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> torch.autograd.backward([x * 2, x * x])
    >>> x.grad
    tensor(8.)
    """
    ts = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    gs = grad_tensors if isinstance(grad_tensors, list | tuple) else [grad_tensors] * len(ts)
    tape.backward_all(ts, gs, retain_graph, create_graph, inputs)
