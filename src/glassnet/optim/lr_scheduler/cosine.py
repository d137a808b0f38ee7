"""Schedules that fall along half a cosine."""

from __future__ import annotations

import math
from typing import Any

from glassnet.errors import ValueRangeError
from glassnet.optim import checks
from glassnet.optim.lr_scheduler.base import LRScheduler, refuse_recording
from glassnet.optim.optimizer import Optimizer


def half_wave(share: float) -> float:
    """From 1 at share 0 along a cosine to 0 at share 1.

    >>> half_wave(0), half_wave(1)
    (1.0, 0.0)
    """
    return (1 + math.cos(math.pi * share)) / 2


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (base_lr − eta_min) · (1 + cos(π·epoch / T_max)) / 2.

    Each rate is worked out from the one before, so other schedules may act on it too.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates += [round(lr, 4) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.8536, 0.5, 0.1464, 0.0]

    Reference: Loshchilov and Hutter (2017).
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of this epoch."""
        self._check_asked()
        if self._is_initial:
            return self._as_they_are()
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # up from the bottom a ratio would be x / 0
            rates = zip(self._as_they_are(), self.base_lrs, strict=True)
            return [lr + (base - self.eta_min) * (1 - half_wave(1 / self.T_max)) for lr, base in rates]
        now, before = (1 + math.cos(math.pi * epoch / self.T_max) for epoch in (self.last_epoch, self.last_epoch - 1))
        return [now / before * (lr - self.eta_min) + self.eta_min for lr in self._as_they_are()]

    def _get_closed_form_lr(self) -> list[Any]:
        height = half_wave(self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = eta_min + (base_lr − eta_min) · (1 + cos(π·T_cur / T_i)) / 2, and back to the top after T_i epochs.

    T_i starts at T_0 and grows by the factor T_mult with every restart. `step(epoch)` may be called with a fraction.

    Raises ValueError unless T_0 and T_mult are whole numbers of at least 1.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += [round(lr, 4) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5]

    Reference: Loshchilov and Hutter (2017).
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        checks.at_least("CosineAnnealingWarmRestarts", 1, T_0=T_0, T_mult=T_mult)
        self.T_0 = self.T_i = T_0
        self.T_mult, self.eta_min = T_mult, checks.number("CosineAnnealingWarmRestarts", "eta_min", eta_min)
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of this epoch."""
        self._check_asked()
        height = half_wave(self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to the one given, which may be a fraction."""
        refuse_recording(self)
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self._advance()
        else:
            self._find(epoch)
        self.last_epoch = math.floor(epoch)
        with self._asked():
            rates = self.get_lr()
        self._set_rates(rates)

    def _advance(self) -> None:
        self.T_cur += 1
        if self.T_cur >= self.T_i:
            self.T_cur %= self.T_i
            self.T_i *= self.T_mult

    def _find(self, epoch: float) -> None:
        """Which wave an epoch lies on, and how far along it."""
        if epoch < 0:
            raise ValueRangeError(f"step: got epoch={epoch}; expected at least 0. Try step(0).")
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            done = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**done - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**done
