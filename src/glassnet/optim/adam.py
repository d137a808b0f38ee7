"""Adam and its relatives: running averages of the slope and of its square."""

from __future__ import annotations

from typing import Any

from glassnet.optim import checks, rules
from glassnet.optim.flat import FlatOptimizer
from glassnet.optim.group import ParamGroup


class Adam(FlatOptimizer):
    """w ← w − lr·m̂ / (√v̂ + eps), with m̂ and v̂ the unbiased running averages of g and g².

    m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
    `amsgrad` divides by the largest v so far; `decoupled_weight_decay` shrinks w as AdamW does.

    Raises ValueError for a negative option or betas outside [0, 1).

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adam([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9000, -1.9000], requires_grad=True)

    References: Kingma and Ba (2015); Reddi, Kale and Kumar (2018) for amsgrad.
    """

    rule = staticmethod(rules.adam)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        name = type(self).__name__
        checks.not_negative(name, lr=lr, eps=eps, weight_decay=weight_decay)
        checks.plain_update(name, differentiable)
        defaults = {
            "lr": lr,
            "betas": checks.fractions(name, "betas", betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """m, v and, for amsgrad, the largest v."""
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
        return dict.fromkeys(names[: 3 if group["amsgrad"] else 2], 0.0)


class AdamW(Adam):
    """Adam that shrinks the weights by themselves: w ← w·(1 − lr·weight_decay) before Adam's step.

    Raises ValueError for a negative option or betas outside [0, 1).

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.8500, -1.8000], requires_grad=True)

    Reference: Loshchilov and Hutter (2019).
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )


class Adamax(FlatOptimizer):
    """Adam with the largest recent slope in the place of √v: u ← max(β₂·u, |g| + eps), w ← w − lr / (1 − β₁ᵗ)·m / u.

    Raises ValueError for a negative option or betas outside [0, 1).

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adamax([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9000, -1.9000], requires_grad=True)

    Reference: Kingma and Ba (2015), section 7.1.
    """

    rule = staticmethod(rules.adamax)

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        checks.not_negative("Adamax", lr=lr, eps=eps, weight_decay=weight_decay)
        checks.plain_update("Adamax", differentiable)
        defaults = {
            "lr": lr,
            "betas": checks.fractions("Adamax", "betas", betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """m and u."""
        return {"exp_avg": 0.0, "exp_inf": 0.0}


class NAdam(FlatOptimizer):
    """Adam with Nesterov's look ahead: the step mixes g with the m of the next step.

    The shares are μₜ = β₁·(1 − 0.96^(t·momentum_decay) / 2) and μₜ₊₁.

    Raises ValueError for a negative option or betas outside [0, 1).

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.NAdam([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.8944, -1.8944], requires_grad=True)

    Reference: Dozat (2016).
    """

    rule = staticmethod(rules.nadam)

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        checks.not_negative("NAdam", lr=lr, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
        checks.plain_update("NAdam", differentiable)
        defaults = {
            "lr": lr,
            "betas": checks.fractions("NAdam", "betas", betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def numbers(self, group: ParamGroup) -> dict[str, float]:
        """The step count, and the product of all μ so far."""
        return {"step": 0.0, "mu_product": 1.0}

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """m and v."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}


class RAdam(FlatOptimizer):
    """Adam that warms itself up: it steps along m alone until v rests on enough steps, then along r·m̂ / (√v̂ + eps).

    Enough is ρ > 5, with ρ = ρ∞ − 2t·β₂ᵗ / (1 − β₂ᵗ) and ρ∞ = 2 / (1 − β₂) − 1; r grows to 1 with ρ.

    Raises ValueError for a negative option or betas outside [0, 1).

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = torch.optim.RAdam([w], lr=0.1)
    >>> (w**2).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.8000, -1.6000], requires_grad=True)

    Reference: Liu et al. (2020).
    """

    rule = staticmethod(rules.radam)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        checks.not_negative("RAdam", lr=lr, eps=eps, weight_decay=weight_decay)
        checks.plain_update("RAdam", differentiable)
        defaults = {
            "lr": lr,
            "betas": checks.fractions("RAdam", "betas", betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def vectors(self, group: ParamGroup) -> dict[str, float]:
        """m and v."""
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}
