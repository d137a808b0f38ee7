"""A rate for each weight, from the size of its slopes so far: Adagrad, RMSprop, Adadelta."""

from __future__ import annotations

from typing import Any

from glassnet.optim import checks, rules
from glassnet.optim.flat import FlatOptimizer
from glassnet.optim.group import ParamGroup


class Adagrad(FlatOptimizer):
    """w ← w − lr·g / (√Σg² + eps): weights that have moved much move less; lr / (1 + t·lr_decay) falls on top.

    Raises ValueError for a negative option.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adagrad([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9000, -1.9000], requires_grad=True)

    Reference: Duchi, Hazan and Singer (2011).
    """

    rule = staticmethod(rules.adagrad)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        start = initial_accumulator_value
        checks.not_negative("Adagrad", lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps)
        checks.not_negative("Adagrad", initial_accumulator_value=start)
        checks.plain_update("Adagrad", differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": start,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for chunk in group.chunks:
                self._begin(chunk, group)

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """The sum of g², which may start above 0."""
        return {"sum": float(self.defaults["initial_accumulator_value"])}


class RMSprop(FlatOptimizer):
    """w ← w − lr·g / (√v + eps) with v ← α·v + (1 − α)·g².

    `centered` takes the square of the average slope off v; `momentum` lets the steps run on.

    Raises ValueError for a negative option.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.RMSprop([w], lr=0.01)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9000, -1.9000], requires_grad=True)

    References: Hinton's lectures (2012); Graves (2013) for the centred form.
    """

    rule = staticmethod(rules.rmsprop)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        checks.not_negative("RMSprop", lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        checks.plain_update("RMSprop", differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """The averages of g² and, where asked for, the momentum and the average of g."""
        names = ["square_avg"]
        names += ["momentum_buffer"] if group["momentum"] != 0 else []
        names += ["grad_avg"] if group["centered"] else []
        return dict.fromkeys(names, 0.0)


class Adadelta(FlatOptimizer):
    """w ← w − lr·Δ with Δ = g·√(average of Δ² + eps) / √(average of g² + eps).

    Raises ValueError for a negative option or a rho above 1.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Adadelta([w])
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9968], requires_grad=True)

    Reference: Zeiler (2012).
    """

    rule = staticmethod(rules.adadelta)

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        checks.not_negative("Adadelta", lr=lr, eps=eps, weight_decay=weight_decay)
        checks.between("Adadelta", "rho", rho, 0, 1)
        checks.plain_update("Adadelta", differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """The averages of g² and of Δ²."""
        return {"square_avg": 0.0, "acc_delta": 0.0}
