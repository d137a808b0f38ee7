"""Schedules that raise the rate and lower it again, and the momentum the other way round."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from glassnet.errors import ValueRangeError
from glassnet.optim import checks
from glassnet.optim.lr_scheduler.base import LRScheduler, check_optimizer, function_state, per_group, set_value
from glassnet.optim.lr_scheduler.cosine import half_wave
from glassnet.optim.optimizer import Optimizer


def uses_beta1(owner: str, optimizer: Optimizer) -> bool:
    """Whether the optimiser's momentum is called beta1 (Adam) rather than momentum (SGD)."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueRangeError(
            f"{owner}: got cycle_momentum=True for {type(optimizer).__name__}; expected an optimiser with momentum or "
            "betas. Try cycle_momentum=False."
        )
    return "betas" in optimizer.defaults


def set_momentum(group: dict[str, Any], value: float, beta1: bool) -> None:
    """Set the momentum of a group, whatever its name."""
    if beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def note_momenta(optimizer: Optimizer, highest: Iterable[float], lowest: Iterable[float], beta1: bool) -> None:
    """Start from the highest momentum, and keep both ends in the groups."""
    for group, high, low in zip(optimizer.param_groups, highest, lowest, strict=True):
        set_momentum(group, high, beta1)
        group["max_momentum"], group["base_momentum"] = high, low


class OneCycleLR(LRScheduler):
    """The rate rises from max_lr / div_factor to max_lr, then falls to a hair above 0; one call of `step` per batch.

    The rise takes `pct_start` of the `total_steps` (or epochs · steps_per_epoch). The momentum falls from max_momentum
    to base_momentum while the rate rises, and rises again. The fall ends at (max_lr / div_factor) / final_div_factor;
    `three_phase` first mirrors the rise. `anneal_strategy` is "cos" or "linear".

    Raises ValueError for lengths that are not whole numbers above 0, and for a step beyond the last.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
    >>> scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.4)
    >>> rates = []
    >>> for batch in range(5):
    ...     rates += [round(lr, 4) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.04, 1.0, 0.75, 0.25, 0.0]

    Reference: Smith and Topin (2018).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        checks.between("OneCycleLR", "pct_start", pct_start, 0, 1)
        check_name("OneCycleLR", "anneal_strategy", anneal_strategy, ("cos", "linear"))
        self.total_steps = _length(total_steps, epochs, steps_per_epoch)
        self._schedule_phases = _phases(pct_start, self.total_steps, three_phase)
        self._anneal_func_type = anneal_strategy
        if last_epoch == -1:
            for group, highest in zip(optimizer.param_groups, per_group("max_lr", optimizer, max_lr), strict=True):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1("OneCycleLR", optimizer)
            highest = per_group("max_momentum", optimizer, max_momentum)
            lowest = per_group("base_momentum", optimizer, base_momentum)
            if last_epoch == -1:
                note_momenta(optimizer, highest, lowest, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of this step; sets the momenta as well."""
        self._check_asked()
        if self.last_epoch > self.total_steps:
            raise ValueRangeError(
                f"OneCycleLR: got step {self.last_epoch}; expected at most {self.total_steps}, the length of the "
                f"cycle. Try total_steps={self.last_epoch}, one per batch over all epochs."
            )
        phase, share = self._where()
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                momentum = self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], share)
                set_momentum(group, momentum, self.use_beta1)
        return [self._between(g[phase["start_lr"]], g[phase["end_lr"]], share) for g in self.optimizer.param_groups]

    def _where(self) -> tuple[dict[str, Any], float]:
        """The phase that this step lies in, and how far along it."""
        start = 0.0
        for phase in self._schedule_phases[:-1]:
            if self.last_epoch <= phase["end_step"]:
                break
            start = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        length = phase["end_step"] - start
        return phase, (self.last_epoch - start) / length if length else 1.0

    def _between(self, start: Any, end: Any, share: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) * half_wave(share)


def _length(total: int | None, epochs: int | None, per_epoch: int | None) -> int:
    if total is not None:
        checks.at_least("OneCycleLR", 1, total_steps=total)
        return total
    if epochs is None or per_epoch is None:
        raise ValueRangeError(
            "OneCycleLR: got no length; expected total_steps, or both epochs and steps_per_epoch. "
            "Try epochs=10, steps_per_epoch=len(loader)."
        )
    checks.at_least("OneCycleLR", 1, epochs=epochs, steps_per_epoch=per_epoch)
    return epochs * per_epoch


def _phases(rise: float, total: int, three: bool) -> list[dict[str, Any]]:
    up = _phase(float(rise * total) - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    if not three:
        return [up, _phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    down = _phase(float(2 * rise * total) - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum")
    return [up, down, _phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum")]


def _phase(end: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> dict[str, Any]:
    return {
        "end_step": end,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }


def check_name(owner: str, name: str, value: Any, known: tuple[str, ...]) -> None:
    """An option that is one of a few words."""
    if value not in known:
        words = ", ".join(map(repr, known))
        raise ValueRangeError(f"{owner}: got {name}={value!r}; expected one of {words}. Try {name}={known[0]!r}.")


class CyclicLR(LRScheduler):
    """The rate goes to and fro between base_lr and max_lr; the momentum the other way round. One `step` per batch.

    `mode`: "triangular" (always as high), "triangular2" (half as high in each cycle), "exp_range" (gamma^steps as
    high); or `scale_fn`, a function of the cycle or of the steps (`scale_mode` "cycle" or "iterations").

    Raises ValueError for an unknown mode, and for cycle_momentum where there is no momentum.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
    >>> scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.25, max_lr=0.75, step_size_up=2)
    >>> rates = []
    >>> for batch in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.25, 0.5, 0.75, 0.5, 0.25]

    Reference: Smith (2017).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        if scale_fn is None:
            check_name("CyclicLR", "mode", mode, ("triangular", "triangular2", "exp_range"))
        lowest = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, lowest, strict=True):
                set_value(group, "lr", rate)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1("CyclicLR", optimizer)
            self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
            self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
            if last_epoch == -1:
                note_momenta(optimizer, self.max_momentums, self.base_momentums, self.use_beta1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """How high the waves are in cycle x, or after x steps."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return 1 / 2.0 ** (x - 1)
        return self.gamma**x if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[Any]:
        """The rates of this step; sets the momenta as well."""
        self._check_asked()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            momenta = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in momenta:
                set_momentum(group, high - (high - low) * height * scale, self.use_beta1)
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Every attribute but the optimiser; of the user's function, what a callable object remembers."""
        state = super().state_dict()
        custom = state.pop("_scale_fn_custom")  # and back at the end, where PyTorch has it
        return {**state, "_scale_fn_custom": None if custom is None else function_state(custom)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Carry on from a state; the function stays the one given to this schedule."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        if state_dict.get("_scale_fn_custom") is not None:
            vars(self._scale_fn_custom).update(state_dict["_scale_fn_custom"])
