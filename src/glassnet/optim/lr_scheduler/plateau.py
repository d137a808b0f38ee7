"""The schedule that looks at how training goes."""

from __future__ import annotations

import math
from typing import Any

from glassnet.errors import DataError, ValueRangeError
from glassnet.optim.lr_scheduler.base import (
    LRScheduler,
    check_optimizer,
    group_values,
    refuse_recording,
    set_value,
    warn_of_epoch,
)
from glassnet.optim.lr_scheduler.cycles import check_name
from glassnet.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """lr ← max(lr · factor, min_lr) once a metric has not improved for more than `patience` epochs.

    `step(metric)` takes the metric of the epoch. Better means less ("min") or more ("max"), by at least `threshold`: as
    a share of the best ("rel") or as it is ("abs"). After a cut, `cooldown` epochs do not count. Cuts that would change
    the rate by less than `eps` are left out.

    Raises ValueError for a factor of 1 or more.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    >>> scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     optimizer.step()
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Any = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1:
            raise ValueRangeError(f"ReduceLROnPlateau: got factor={factor}; expected less than 1. Try factor=0.1.")
        check_name("ReduceLROnPlateau", "mode", mode, ("min", "max"))
        check_name("ReduceLROnPlateau", "threshold_mode", threshold_mode, ("rel", "abs"))
        self.optimizer = check_optimizer(optimizer)
        self.factor = factor  # the attributes in the order in which `state_dict` shows them
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.min_lrs = list(min_lr) if isinstance(min_lr, list | tuple) else [min_lr] * len(optimizer.param_groups)
        self.patience, self.cooldown, self.eps = patience, cooldown, eps
        self._check_groups()
        self.last_epoch = 0
        self._last_lr = group_values(optimizer, "lr")
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self._reset()

    @property
    def mode_worse(self) -> float:
        """The metric that any other beats."""
        return math.inf if self.mode == "min" else -math.inf

    @property
    def in_cooldown(self) -> bool:
        """Whether the last cut is too recent for epochs to count."""
        return self.cooldown_counter > 0

    def _reset(self) -> None:
        """Forget the epochs so far."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take the metric of an epoch, and cut the rates if it has been too long without a better one."""
        refuse_recording(self)
        if epoch is not None:
            warn_of_epoch(self)
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current, self.best):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = group_values(self.optimizer, "lr")

    def _is_better(self, a: float, best: float) -> bool:
        sign = -1.0 if self.mode == "min" else 1.0
        goal = best * (1.0 + sign * self.threshold) if self.threshold_mode == "rel" else best + sign * self.threshold
        return a < goal if self.mode == "min" else a > goal

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs) and self.default_min_lr is not None:
            self.min_lrs = [self.default_min_lr] * len(groups)  # a group was added since
        self._check_groups()
        for group, least in zip(groups, self.min_lrs, strict=True):
            before = float(group["lr"])
            after = max(before * self.factor, least)
            if before - after > self.eps:
                set_value(group, "lr", after)

    def _check_groups(self) -> None:
        groups = len(self.optimizer.param_groups)
        if len(self.min_lrs) != groups:
            raise DataError(
                f"ReduceLROnPlateau: got {len(self.min_lrs)} values of min_lr; expected one for each of the {groups} "
                "parameter groups. Try one number for all."
            )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Carry on from a state."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "mode_worse"})

    def state_dict(self) -> dict[str, Any]:
        """Every attribute but the optimiser."""
        state = super().state_dict()
        before = {k: state.pop(k) for k in list(state)[: list(state).index("mode")]}
        return {**before, "mode_worse": self.mode_worse, **state}  # PyTorch's order
