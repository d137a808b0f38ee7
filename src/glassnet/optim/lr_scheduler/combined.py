"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from glassnet.errors import DataError, ValueRangeError
from glassnet.optim.lr_scheduler.base import LRScheduler, group_values, refuse_recording, set_value
from glassnet.optim.lr_scheduler.plateau import ReduceLROnPlateau
from glassnet.optim.optimizer import Optimizer


class _Combined(LRScheduler):
    """What both have in common: parts on one optimiser, and a state that holds the states of the parts."""

    _schedulers: Sequence[LRScheduler]

    def _take_parts(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        name = type(self).__name__
        if not schedulers:
            raise ValueRangeError(f"{name}: got no schedule; expected at least one. Try [StepLR(optimizer, 10)].")
        self._schedulers = schedulers
        self.optimizer = optimizer or schedulers[0].optimizer
        for i, part in enumerate(schedulers):
            if isinstance(part, ReduceLROnPlateau):
                raise ValueRangeError(
                    f"{name}: got ReduceLROnPlateau at place {i}; expected schedules that step without a metric. "
                    "Try stepping it by itself."
                )
            if part.optimizer is not self.optimizer:
                raise ValueRangeError(
                    f"{name}: got a schedule at place {i} that belongs to a different optimiser; expected one "
                    "optimiser for all. Try making every schedule with the same optimizer."
                )

    def state_dict(self) -> dict[str, Any]:
        """Every attribute but the optimiser, with the states of the parts."""
        state = super().state_dict()
        parts = state.pop("_schedulers")  # and back at the end, where PyTorch has them
        return {**state, "_schedulers": [part.state_dict() for part in parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Carry on from a state, and let the parts do so."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_schedulers"})
        for part, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            part.load_state_dict(state)


class SequentialLR(_Combined):
    """One schedule until the first milestone, the next from there, and so on; each starts with its own epoch 0.

    Raises ValueError unless there is one milestone fewer than schedules.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    >>> warm = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=9)
    >>> decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, decay], milestones=[2])
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.25, 0.25, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        self._take_parts(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise DataError(
                f"SequentialLR: got {len(schedulers)} schedules and {len(milestones)} milestones; expected one "
                f"milestone fewer than schedules. Try milestones={[10 * (i + 1) for i in range(len(schedulers) - 1)]}."
            )
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:
            set_value(group, "lr", group["initial_lr"])
        self.recursive_undo()  # every part took its first step when it was made; only one may have done so
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take back the first step of all parts, and of their parts."""
        whole = self if sched is None else sched
        if hasattr(whole, "_schedulers"):
            for part in whole._schedulers:
                self.recursive_undo(part)
        elif hasattr(whole, "last_epoch"):
            whole.last_epoch -= 1

    def step(self, epoch: None = None) -> None:
        """Go to the next epoch of the schedule whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        part = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            part._update_lr(0)
        else:
            part.step()
        self._last_lr = part.get_last_lr()


class ChainedScheduler(_Combined):
    """All schedules at once: each acts on the rate that the one before it left.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> warm = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = torch.optim.lr_scheduler.ChainedScheduler([warm, decay])
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take_parts(schedulers, optimizer)
        self._last_lr = group_values(self.optimizer, "lr")

    def step(self, epoch: None = None) -> None:
        """Let every schedule go to its next epoch."""
        refuse_recording(self)
        for part in self._schedulers:
            part.step()
        self._last_lr = group_values(self.optimizer, "lr")
