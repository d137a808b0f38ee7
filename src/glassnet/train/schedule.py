"""How the learning rate changes while training goes on: factors of the highest rate, as functions of the time.

`t` runs from 0 at the first step to 1 at the end. `rate_at` puts a rise in front of any of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from glassnet.errors import DataError, ValueRangeError, complain

_LOWEST = 1 / 25  # of the highest rate: where one-cycle starts
PLATEAU = "plateau"  # what settings call a rate that is cut when a figure gets no better: no function of the time


def _one_cycle(t: float) -> float:
    """A rise for three tenths of the time, then a fall to nothing, both along a cosine (Smith and Topin, 2017)."""
    if t < 0.3:
        return _LOWEST + (1 - _LOWEST) * (1 - math.cos(math.pi * t / 0.3)) / 2
    return _cosine((t - 0.3) / 0.7)


def _cosine(t: float) -> float:
    """Half a wave, from 1 to 0 (Loshchilov and Hutter, 2017)."""
    return (1 + math.cos(math.pi * t)) / 2


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "linear": lambda t: 1.0 - t,
    "cosine": _cosine,
    "one-cycle": _one_cycle,
    "step": lambda t: 0.1 ** int(3 * t),  # a tenth after each third
    "exponential": lambda t: 0.01**t,
}


def rate_at(name: str, highest: float, t: float, warm_up: float = 0.0) -> float:
    """The learning rate at the time t, `0 <= t <= 1`, of which the first `warm_up` are a straight rise from 0.

    >>> [round(rate_at("linear", 0.1, t, warm_up=0.5), 3) for t in (0, 0.25, 0.5, 0.75, 1)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """
    return risen(SCHEDULES[name], highest, t, warm_up)


def risen(share_at: Callable[[float], float], highest: float, t: float, warm_up: float) -> float:
    """A straight rise, and then what the schedule says."""
    if t < warm_up:
        return highest * t / warm_up
    return highest * share_at((t - warm_up) / (1 - warm_up))


class Pace:
    """Sets an optimiser's rates as a training goes on, by any kind of schedule.

    - a name of `SCHEDULES`, or a function of the time from 0 to 1 that gives a share of the rate, or None (constant):
      set before every step, with a straight rise over the first `warm_up` of all steps;
    - a scheduler of `lr_scheduler`: stepped after every epoch, or (`per="step"`) after every step. A
      `ReduceLROnPlateau` is given the figure `monitor` of each epoch.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    >>> pace = Pace(optimizer, "linear")
    >>> pace.begin(steps=4)
    >>> rates = []
    >>> for step in range(4):
    ...     pace.turn(step)
    ...     rates.append(optimizer.param_groups[0]["lr"])
    >>> [round(rate, 1) for rate in rates]
    [0.4, 0.3, 0.2, 0.1]
    """

    def __init__(
        self, optimizer: Any, schedule: Any = None, warm_up: float = 0.0, per: str = "epoch", monitor: str = ""
    ) -> None:
        self.groups, self.warm_up, self.per, self.monitor = optimizer.param_groups, warm_up, per, monitor
        self.scheduler = schedule if hasattr(schedule, "get_last_lr") else None
        self.share_at = self._function(schedule)
        self.rates = [float(group["lr"]) for group in self.groups]
        self.share = 1.0
        self._steps = 0
        self._check()

    def _function(self, schedule: Any) -> Callable[[float], float] | None:
        if self.scheduler is not None or (schedule in (None, "constant") and not self.warm_up):
            return None
        if callable(schedule):
            return schedule  # type: ignore[return-value]
        if schedule is not None and schedule not in SCHEDULES:
            hint = "Try callbacks=[ReduceOnPlateau()]" if schedule == PLATEAU else "Try schedule='cosine'"
            expected = f"expected one of {', '.join(SCHEDULES)}, a function or a scheduler"
            raise ValueRangeError(complain(f"got schedule={schedule!r}", expected, hint))
        return SCHEDULES[schedule or "constant"]

    def _check(self) -> None:
        if self.per not in ("epoch", "step"):
            got = f"got schedule_per={self.per!r}"
            raise ValueRangeError(complain(got, "expected epoch or step", "Try schedule_per='step'"))
        if not 0 <= self.warm_up < 1 or (self.warm_up and self.scheduler is not None):
            got = f"got warm_up={self.warm_up}" + (" beside a scheduler" if self.scheduler is not None else "")
            hint = "Try SequentialLR with a LinearLR first" if self.scheduler is not None else "Try warm_up=0.1"
            raise ValueRangeError(complain(got, "expected a share of the steps, 0 to 1, for a schedule by time", hint))

    @property
    def highest(self) -> float:
        """The rate that the first group had at first."""
        return self.rates[0]

    def begin(self, steps: int) -> None:
        """A training of so many steps begins; 0 says that nobody knows how many."""
        if self.share_at is not None and not steps:
            got = "got a schedule by time for a loader without a length"
            raise DataError(complain(got, "expected to know the number of steps", "Try a scheduler of lr_scheduler"))
        self._steps = steps

    @property
    def turn(self) -> Callable[[int], None] | None:
        """What is to be done before every step; None if nothing is."""
        if self.share_at is None:
            return None
        groups, rates, warm_up, steps, share_at = self.groups, self.rates, self.warm_up, self._steps, self.share_at

        def set_rates(step: int) -> None:
            for group, highest in zip(groups, rates, strict=True):
                group["lr"] = self.share * risen(share_at, highest, step / steps, warm_up)

        return set_rates

    @property
    def after(self) -> Callable[[], None] | None:
        """What is to be done after every step; None if nothing is."""
        return self.scheduler.step if self.scheduler is not None and self.per == "step" else None

    def after_epoch(self, figures: dict[str, Any]) -> None:
        """An epoch is over."""
        if self.scheduler is None or self.per == "step":
            return
        if not hasattr(self.scheduler, "num_bad_epochs"):
            self.scheduler.step()
        elif self.monitor in figures:
            self.scheduler.step(figures[self.monitor])
        else:
            known = ", ".join(key for key in figures if key not in ("epoch", "seconds"))
            got = f"got monitor={self.monitor!r} for ReduceLROnPlateau"
            raise DataError(complain(got, f"expected one of {known}", "Try monitor='loss', or validation examples"))

    def reduce(self, share: float) -> None:
        """Use only this share of the rates from now on."""
        if self.scheduler is not None:
            got = f"got a cut of the rate beside {type(self.scheduler).__name__}, which sets it"
            raise DataError(complain(got, "expected one of them", "Try a schedule by time, such as 'cosine'"))
        self.share = share
        if self.share_at is None:
            for group, rate in zip(self.groups, self.rates, strict=True):
                group["lr"] = rate * share

    def state_dict(self) -> dict[str, Any]:
        """The rates at their highest, the cuts, and the scheduler's own state."""
        state: dict[str, Any] = {"rates": list(self.rates), "share": self.share}
        if self.scheduler is not None:
            own = self.scheduler.state_dict()
            state["scheduler"] = {key: value for key, value in own.items() if not callable(value)}
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there; the rates in force are the optimiser's to restore."""
        self.rates, self.share = list(state["rates"]), state["share"]
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
