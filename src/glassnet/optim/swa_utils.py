"""Averages of weights over training: the mean of several points, or a running average that fades."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from glassnet.core import factories
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.nn.module import Module
from glassnet.nn.normalization import _BatchNorm
from glassnet.optim import checks
from glassnet.optim.lr_scheduler.base import LRScheduler, per_group
from glassnet.optim.lr_scheduler.cosine import half_wave
from glassnet.optim.lr_scheduler.cycles import check_name
from glassnet.optim.optimizer import Optimizer

Average = Callable[[Tensor, Tensor, Any], Tensor]
Update = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_swa_avg_fn() -> Average:
    """The mean of all points so far: average + (current − average) / (n + 1)."""
    return lambda average, current, n: average + (current - average) / (n + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """A running average: decay·average + (1 − decay)·current."""
    checks.between("get_ema_avg_fn", "decay", decay, 0, 1)
    return lambda average, current, n: decay * average + (1 - decay) * current


def _for_all(average_of: Average) -> Update:
    def update(averages: Sequence[Tensor], currents: Sequence[Tensor], n: Any) -> None:
        with no_grad():
            for average, current in zip(averages, currents, strict=True):
                average.copy_(average_of(average, current, n))

    return update


def get_swa_multi_avg_fn() -> Update:
    """The mean of all points so far, for a list of tensors, in place."""
    return _for_all(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Update:
    """A running average, for a list of tensors, in place."""
    return _for_all(get_ema_avg_fn(decay))


class AveragedModel(Module):
    """A copy of a model whose weights are the average of the model's weights at every call of `update_parameters`.

    The average is the mean (stochastic weight averaging) unless `avg_fn(average, current, n)` or
    `multi_avg_fn(averages, currents, n)` says otherwise. Buffers are copied, or averaged too with `use_buffers`.

    >>> import glassnet as torch
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> mean = torch.optim.swa_utils.AveragedModel(model)
    >>> for w in (1.0, 2.0, 6.0):
    ...     _ = torch.nn.init.constant_(model.weight, w)
    ...     mean.update_parameters(model)
    >>> mean.module.weight.item()
    3.0

    References: Polyak and Juditsky (1992); Izmailov et al. (2018).
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Update | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise TypeError(
                "AveragedModel: got both avg_fn and multi_avg_fn; expected one at most. Try multi_avg_fn alone."
            )
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", factories.tensor(0, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model makes of its inputs."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the weights of the model into the average."""
        with no_grad():
            averages, currents = self._averaged(self.module), self._averaged(model)
            if int(self.n_averaged) == 0:
                _copy(averages, currents)
            else:
                update = self.multi_avg_fn or _for_all(self.avg_fn or get_swa_avg_fn())
                update(averages, currents, self.n_averaged)
            if not self.use_buffers:
                _copy(self.module.buffers(), model.buffers())
            self.n_averaged.add_(1)

    def _averaged(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [t.detach() for t in itertools.chain(model.parameters(), buffers)]


def _copy(targets: Iterable[Tensor], sources: Iterable[Tensor]) -> None:
    for target, source in zip(targets, sources, strict=True):
        target.copy_(source)


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Work out the running statistics of all batch norms anew, as plain means over one pass through the loader.

    Weights that were averaged were never trained with the statistics they come with; this gives them their own.
    """
    norms = {m: m.momentum for m in model.modules() if isinstance(m, _BatchNorm)}
    if not norms:
        return
    was_training = model.training
    model.train()
    for m in norms:
        m.reset_running_stats()
        m.momentum = None  # every batch counts the same
    with no_grad():
        for batch in loader:
            model(batch[0] if isinstance(batch, list | tuple) else batch)
    for m, momentum in norms.items():
        m.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """The rate goes to swa_lr in `anneal_epochs` epochs, along a cosine or straight, and stays there.

    >>> import glassnet as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> scheduler = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.75, 0.5, 0.5]

    Reference: Izmailov et al. (2018).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_name("SWALR", "anneal_strategy", anneal_strategy, ("cos", "linear"))
        checks.at_least("SWALR", 0, anneal_epochs=anneal_epochs)
        for group, rate in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates of this epoch, from those in force: other schedules may act on them too."""
        self._check_asked()
        step = max(self._step_count - 1, 1 if self.anneal_epochs == 0 else 0)
        before, now = self._share(step - 1), self._share(step)
        return [self._mix(g["lr"], g["swa_lr"], before, now) for g in self.optimizer.param_groups]

    def _share(self, step: int) -> float:
        """How much of the way to swa_lr is behind after that many steps."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else 1 - half_wave(t)

    @staticmethod
    def _mix(lr: Any, goal: Any, before: float, now: float) -> Any:
        start = goal if before == 1 else (lr - before * goal) / (1 - before)
        return goal * now + start * (1 - now)
