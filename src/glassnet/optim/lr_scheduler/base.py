"""What every schedule of the learning rate has in common."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from glassnet.core.mode import mode, no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, ValueRangeError
from glassnet.optim.optimizer import Optimizer


class LRScheduler:
    """The base of every schedule, and of your own: define `get_lr`, the rates of epoch `last_epoch`, one per group.

    A schedule sets the rates of its optimiser when it is made (epoch 0) and at every `step()`. "Epoch" means one call
    of `step`, be it once per pass over the data or once per batch. Call `optimizer.step()` first, then `step()`.

    `base_lrs` are the rates that the groups had at first, also kept as `group["initial_lr"]`.

    >>> import glassnet as torch
    >>> class Halve(torch.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [base / 2**self.last_epoch for base in self.base_lrs]
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    >>> scheduler = Halve(optimizer)
    >>> optimizer.step(), scheduler.step()
    (None, None)
    >>> scheduler.get_last_lr()
    [0.2]
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = check_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: got last_epoch={last_epoch} and no 'initial_lr' in param_groups[{i}]; "
                    "expected an optimiser that carried on from a checkpoint. Try optimizer.load_state_dict(saved) "
                    "first, or last_epoch=-1 for a new run."
                )
        self.base_lrs = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        if optimizer._opt_called is None:
            optimizer._opt_called = False
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[Any]:
        """The rate of each group in epoch `last_epoch`; for the rates in force, ask `get_last_lr`."""
        raise NotImplementedError(
            f"{type(self).__name__}: got a call of get_lr(); expected the class to define it. Try def get_lr(self): …"
        )

    def get_last_lr(self) -> list[Any]:
        """The rates that were set last, one per group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch (or, as in old programs, to the one given) and set its rates."""
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                f"{type(self).__name__}: got scheduler.step() before optimizer.step(); expected the opposite order, "
                "since otherwise the first rate is skipped. Try optimizer.step(); scheduler.step().",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch(self)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        refuse_recording(self)
        with self._asked():
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed = getattr(self, "_get_closed_form_lr", self.get_lr)
                rates = closed()
        self._set_rates(rates)

    def _set_rates(self, rates: Sequence[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_value(group, "lr", rate)
        self._last_lr = group_values(self.optimizer, "lr")

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Let `get_lr` know that it is called by `step`."""
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _check_asked(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                f"{type(self).__name__}: got a call of get_lr(), which computes the next rates; expected get_last_lr() "
                "for those in force. Try scheduler.get_last_lr().",
                UserWarning,
                stacklevel=3,
            )

    # What most schedules do: leave the rates in force as they are, or multiply each by one factor.

    def _as_they_are(self) -> list[Any]:
        return group_values(self.optimizer, "lr")

    def _times(self, factor: float) -> list[Any]:
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to carry on: every attribute but the optimiser."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Carry on from a state that `state_dict` gave (here or in PyTorch)."""
        vars(self).update(state_dict)


def check_optimizer(optimizer: Any) -> Optimizer:
    """The optimiser, if it is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"schedule: got {type(optimizer).__name__}; expected an optimiser. Try SGD(model.parameters(), lr=0.1)."
        )
    return optimizer


def copied(value: Any) -> Any:
    """A rate that later changes in place do not reach."""
    return value.detach().clone() if isinstance(value, Tensor) else value


def group_values(optimizer: Optimizer, key: str) -> list[Any]:
    """One option of every group."""
    return [copied(group[key]) for group in optimizer.param_groups]


def set_value(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option; a rate that the user keeps as a tensor changes in place."""
    if isinstance(group[key], Tensor):
        with no_grad():
            group[key].fill_(float(value))
    else:
        group[key] = float(value) if isinstance(value, Tensor) else value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """One value for each group, from one for all or a list."""
    if not isinstance(value, list | tuple):
        return [copied(value) for _ in optimizer.param_groups]
    if len(value) != len(optimizer.param_groups):
        raise DataError(
            f"schedule: got {len(value)} values of {name}; expected one for each of the {len(optimizer.param_groups)} "
            f"parameter groups. Try one number for all."
        )
    return [copied(v) for v in value]


def refuse_recording(scheduler: Any) -> None:
    """A schedule counts its own steps, in Python; a recorded step cannot contain it."""
    if mode.trace is not None:
        mode.trace.stop(f"{type(scheduler).__name__}.step() counts in Python (call it after the compiled step)")


def warn_of_epoch(scheduler: Any) -> None:
    """PyTorch does so too: the argument is from its first versions."""
    warnings.warn(
        f"{type(scheduler).__name__}.step: got an epoch, which is deprecated; expected no argument, because the "
        "schedule counts. Try scheduler.step().",
        UserWarning,
        stacklevel=3,
    )


def function_state(function: Any) -> dict[str, Any] | None:
    """What of a user's function belongs in a state: the attributes of a callable object, nothing of a function."""
    return None if isinstance(function, FunctionType) else vars(function).copy()


def functions_per_group(owner: str, optimizer: Optimizer, given: Any) -> list[Callable[[int], float]]:
    """One function of the epoch for each group, from one for all or a list."""
    if not isinstance(given, list | tuple):
        given = [given] * len(optimizer.param_groups)
    if len(given) != len(optimizer.param_groups):
        raise DataError(
            f"{owner}: got {len(given)} functions; expected one for each of the {len(optimizer.param_groups)} "
            "parameter groups. Try one function for all."
        )
    for f in given:
        if not callable(f):
            raise TypeError(
                f"{owner}: got {type(f).__name__} as lr_lambda; expected a function of the epoch. "
                "Try lr_lambda=lambda epoch: 0.95**epoch."
            )
    return list(given)


def at_most_one(owner: str, least_open: bool = False, **factors: float) -> None:
    """Factors of the rate lie between 0 and 1."""
    for name, factor in factors.items():
        if not 0 <= factor <= 1 or (least_open and factor == 0):
            raise ValueRangeError(
                f"{owner}: got {name}={factor}; expected {'more than 0' if least_open else '0'} to 1, a share of the "
                f"rate. Try {name}=0.5."
            )
