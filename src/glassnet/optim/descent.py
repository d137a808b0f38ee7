"""Descent along the slope: SGD and its relatives ASGD and Rprop."""

from __future__ import annotations

from typing import Any

from glassnet.errors import ValueRangeError
from glassnet.optim import checks, rules
from glassnet.optim.flat import FlatOptimizer
from glassnet.optim.group import ParamGroup


class SGD(FlatOptimizer):
    """Gradient descent, with momentum if asked: v ← μ·v + (1 − dampening)·g, w ← w − lr·v.

    With Nesterov's momentum the step is g + μ·v. `weight_decay` adds weight_decay·w to g.

    Raises ValueError for a negative rate, momentum or decay, and for Nesterov without momentum or with dampening.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.8000, -1.6000], requires_grad=True)

    References: Robbins and Monro (1951); Polyak (1964) for momentum; Nesterov (1983); Sutskever et al. (2013).
    """

    rule = staticmethod(rules.sgd)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        checks.not_negative("SGD", lr=lr, momentum=momentum, weight_decay=weight_decay)
        checks.plain_update("SGD", differentiable)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueRangeError(
                f"SGD: got nesterov=True with momentum={momentum} and dampening={dampening}; expected a momentum above "
                "0 and no dampening. Try momentum=0.9, dampening=0."
            )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def numbers(self, group: ParamGroup) -> dict[str, float]:
        """SGD counts no steps."""
        return {}

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """v, if there is momentum."""
        return {"momentum_buffer": 0.0} if group["momentum"] != 0 else {}


class ASGD(FlatOptimizer):
    """Averaged gradient descent: w ← w − η·(g + λ·w), and `state[p]["ax"]` is the average of w.

    η = lr / (1 + λ·lr·t)^alpha falls with the steps; the averaging begins after t0 steps.

    Raises ValueError for a negative rate or decay.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.ASGD([w], lr=0.1, lambd=0.0)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w, optimizer.state[w]["ax"]
    (tensor([0.8000], requires_grad=True), tensor([0.8000]))

    Reference: Polyak and Juditsky (1992).
    """

    rule = staticmethod(rules.asgd)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        checks.not_negative("ASGD", lr=lr, weight_decay=weight_decay)
        checks.plain_update("ASGD", differentiable)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def numbers(self, group: ParamGroup) -> dict[str, float]:
        """The step count, the rate η of the next step, and the weight μ of the next average."""
        return {"step": 0.0, "eta": checks.number("ASGD", "lr", group["lr"]), "mu": 1.0}

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """The average of w."""
        return {"ax": 0.0}


class Rprop(FlatOptimizer):
    """Steps of adaptive size that follow only the sign of the slope; for full batches.

    A size starts at lr and is multiplied by etas[1] while its slope keeps its sign, by etas[0] when the sign turns,
    and held between the two `step_sizes`.

    Raises ValueError for a negative rate, or etas that do not lie around 1.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = torch.optim.Rprop([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step(), optimizer.step()
    (None, None)
    >>> w, optimizer.state[w]["step_size"]
    (tensor([0.7800], requires_grad=True), tensor([0.1200]))

    Reference: Riedmiller and Braun (1993).
    """

    rule = staticmethod(rules.rprop)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        checks.not_negative("Rprop", lr=lr)
        checks.plain_update("Rprop", differentiable)
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueRangeError(
                f"Rprop: got etas={etas}; expected one factor between 0 and 1 that shrinks a step, and one above 1 "
                "that grows it. Try etas=(0.5, 1.2)."
            )
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """The slope before, and the size of each weight's step."""
        return {"prev": 0.0, "step_size": checks.number("Rprop", "lr", group["lr"])}
