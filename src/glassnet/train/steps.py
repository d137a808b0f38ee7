"""One update of a network, put together from what was asked for, recorded once and replayed from then on.

    forward → loss (weighted, mixed) + penalties → backward → clipping → optimiser → max-norm → average

With `accumulate=k` the gradients of k batches are gathered, each by its number of examples, before one update is made:
the update is that of one batch of all their examples.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet import nn, optim
from glassnet.core import random
from glassnet.core.compiler import compile as compiled
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, touched, wrap
from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.train.regularise import Average, beta, max_norm_, mixed, mixture, penalty

LossFunction = Callable[[Tensor, Tensor], Tensor]
_REHEARSALS = 8


@dataclass(frozen=True)
class StepOptions:
    """What a step does besides the bare update; 0 or None switches a thing off."""

    clip_norm: float | None = None  # the longest that all gradients together may be (Pascanu et al., 2013)
    clip_value: float | None = None  # the largest that any number of a gradient may be
    l1: float = 0.0  # penalty on absolute weights
    l2: float = 0.0  # penalty on squared weights
    max_norm: float | None = None  # the longest that the weights into a unit may be
    mixup: float = 0.0  # α of the Beta(α, α) by which pairs of examples are mixed
    accumulate: int = 1  # batches whose gradients make one update

    def __post_init__(self) -> None:
        for name in ("clip_norm", "clip_value", "max_norm"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueRangeError(complain(f"got {name}={value}", "expected above 0, or None", f"Try {name}=1.0"))
        for name in ("l1", "l2", "mixup"):
            if not getattr(self, name) >= 0:
                got = f"got {name}={getattr(self, name)}"
                raise ValueRangeError(complain(got, "expected 0 or more", f"Try {name}=0.001"))
        if self.accumulate < 1:
            got = f"got accumulate={self.accumulate}"
            raise ValueRangeError(complain(got, "expected 1 or more batches", "Try accumulate=4"))


class Step:
    """A training step: call it with a batch `(x, y)` or `(x, y, weights)`; it returns what the model said.

    The losses are added up in `total`, one number per call, without the penalties. An optimiser that asks for the loss
    several times per step (L-BFGS) runs op by op; all others are recorded and replayed. With `guard`, a `NanGuard`, a
    step that makes a NaN ends before it touches a weight.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossFunction,
        optimizer: optim.Optimizer,
        options: StepOptions | None = None,
        average: Average | None = None,
        guard: Any = None,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.options, self.average, self.guard = options or StepOptions(), average, guard
        self.parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.total = wrap(np.zeros((), np.float64))
        self.length = wrap(np.zeros((), np.float32))  # of the latest gradient before it was clipped to a norm
        self.share = wrap(np.ones((), np.float32))  # how much of itself an example keeps in a mixture
        self.gathered = 0  # batches since the last update
        self.updated = False  # whether an update was ever made: the first one sets up what the optimiser remembers
        self._sums = self._count = None
        self._each = per_example(loss)
        self._choose()

    def _choose(self) -> None:
        """The programs that this step consists of."""
        self.programs: list[Program] = []
        if isinstance(self.optimizer, optim.LBFGS):
            _check_search(self.options)
            self._run: Callable[..., Tensor] = self._search
        elif self.options.accumulate > 1:
            self._sums = [wrap(np.zeros_like(p.array)) for p in self.parameters]
            self._count = wrap(np.zeros((), np.float32))
            self._gather_program, self._apply_program = self._program(self._gather), self._program(self._apply)
            self._run = self._accumulate
        else:
            self._whole_program = self._program(self._whole)
            self._run = self._first

    def _program(self, function: Callable[..., Any]) -> Program:
        program = Program(function, self)
        self.programs.append(program)
        return program

    def _first(self, *batch: Tensor) -> Tensor:
        """The first update runs as it is; from then on there is a program."""
        program = self._whole_program
        scores = program(*batch) if self.updated else program.call(*batch)
        self.updated, self._run = True, program
        return scores

    def __call__(self, *batch: Tensor) -> Tensor:
        if self.options.mixup:
            put(self.share, beta(self.options.mixup))
        return self._run(*batch)

    @property
    def entry(self) -> Callable[..., Tensor]:
        """The quickest way to call the step; to be asked for anew at every pass."""
        return self if self.options.mixup else self._run

    # ---- the parts ------------------------------------------------------------------------------------------

    def _learn(self, x: Tensor, y: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Forward and backward: the loss, and what the model said."""
        self.optimizer.zero_grad()
        scores = self.model(mixed(x, self.share) if self.options.mixup else x)
        loss = self._loss(scores, y, weights)
        (loss + penalty(self.parameters, self.options.l1, self.options.l2)).backward()
        if self.guard is not None:
            self.guard.check(loss)
        return loss, scores

    def _loss(self, scores: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        if not self.options.mixup:
            return self._mean(scores, y, weights)
        other = weights.flip(0) if weights is not None else None
        own, partners = self._mean(scores, y, weights), self._mean(scores, y.flip(0), other)
        return mixture(own, partners, self.share)

    def _mean(self, scores: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """The loss of a batch; with weights, the mean of the examples' losses times their weights."""
        return self.loss(scores, y) if weights is None else (self._each(scores, y) * weights).mean()

    def _update(self) -> None:
        """Change the weights by the gradients that are there."""
        options = self.options
        if options.clip_norm is not None:
            length = nn.utils.clip_grad_norm_(self.parameters, options.clip_norm)
            with no_grad():
                self.length.copy_(length)
        if options.clip_value is not None:
            nn.utils.clip_grad_value_(self.parameters, options.clip_value)
        self.optimizer.step()
        self._after()

    def _after(self) -> None:
        if self.options.max_norm is not None:
            max_norm_(self.parameters, self.options.max_norm)
        if self.average is not None:
            self.average.update()

    # ---- the programs ---------------------------------------------------------------------------------------

    def _whole(self, x: Tensor, y: Tensor, *weights: Tensor) -> Tensor:
        loss, scores = self._learn(x, y, *weights)
        self._update()
        with no_grad():
            self.total.add_(loss.detach())
        return scores.detach()

    def _search(self, x: Tensor, y: Tensor, *weights: Tensor) -> Tensor:
        """For an optimiser that looks at several losses before it settles."""
        loss = self.optimizer.step(lambda: self._learn(x, y, *weights)[0])
        with no_grad():
            self._after()
            self.total.add_(loss.detach())
            return self.model(x)

    def _accumulate(self, *batch: Tensor) -> Tensor:
        scores = self._gather_program(*batch)
        self.gathered += 1
        if self.gathered == self.options.accumulate:
            self.finish()
        return scores

    def finish(self) -> None:
        """Make the update that the batches gathered so far ask for; at the end of an epoch they may be fewer."""
        if self.gathered:
            program = self._apply_program
            _ = program() if self.updated else program.call()
            self.updated, self.gathered = True, 0

    def _gather(self, x: Tensor, y: Tensor, *weights: Tensor) -> Tensor:
        loss, scores = self._learn(x, y, *weights)
        n = float(x.array.shape[0])
        with no_grad():
            for total, p in self._gradients():
                total.add_(p.grad * n)  # type: ignore[operator]
            self._count.add_(n)  # type: ignore[union-attr]
            self.total.add_(loss.detach())
        return scores.detach()

    def _apply(self) -> None:
        with no_grad():
            for total, p in self._gradients():
                p.grad = total / self._count
                total.zero_()
            self._count.zero_()  # type: ignore[union-attr]
        self._update()

    def _gradients(self) -> list[tuple[Tensor, Tensor]]:
        pairs = zip(self._sums or (), self.parameters, strict=True)
        return [(total, p) for total, p in pairs if p.grad is not None]

    # ---- state ----------------------------------------------------------------------------------------------

    def tensors(self) -> list[Tensor]:
        """The step's own numbers, which change while it runs."""
        own = [self.total, *(self._sums or ()), *([self._count] if self._count is not None else ())]
        return own + ([self.average.mean, self.average.updates] if self.average is not None else [])

    def changing(self) -> Iterator[np.ndarray]:
        """The memory of everything that a step may change."""
        for t in (*self.parameters, *self.model.parameters(), *self.model.buffers(), *self.tensors()):
            yield t.array
        for state in self.optimizer.state.values():
            yield from (t.array for t in state.values() if isinstance(t, Tensor))

    def state_dict(self) -> dict[str, Any]:
        """What a step remembers from one call to the next."""
        state: dict[str, Any] = {"total": float(self.total.array), "gathered": self.gathered, "updated": self.updated}
        if self._sums is not None and self.gathered:
            pairs = zip(self._sums, self.parameters, strict=True)
            state["sums"] = [t.array.copy() if p.grad is not None else None for t, p in pairs]
            state["count"] = float(self._count.array)  # type: ignore[union-attr]
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        put(self.total, state["total"])
        self.gathered, self.updated = state["gathered"], state["updated"]
        for t, p, values in zip(self._sums or (), self.parameters, state.get("sums", ()), strict=False):
            if values is not None:
                put(t, values)
                p.grad = wrap(np.zeros_like(values))  # says that this one takes part
        if self._count is not None:
            put(self._count, state.get("count", 0.0))


class Program:
    """A part of a step that is rehearsed before its first real call, so that every real call is a replay.

    A replay rounds a mean in another order than the run it was recorded from. Because a rehearsal leaves nothing
    behind, a training that was resumed does the same as one that was never interrupted, to the last bit.
    """

    def __init__(self, function: Callable[..., Any], step: Step) -> None:
        self.compiled = compiled(function)
        self.step = step
        self.call = self.compiled if step.guard is None else step.guard.watch(self.compiled)
        self._known: set[Any] = set()

    def __call__(self, *batch: Tensor) -> Any:
        shape = batch[0].array.shape if batch else ()
        if shape not in self._known:
            self._rehearse(batch)
            self._known.add(shape)
        return self.call(*batch)

    def _rehearse(self, batch: tuple[Tensor, ...]) -> None:
        """Run until it is replayed, and put everything back."""
        kept = [(array, array.copy()) for array in self.step.changing()]
        stream, replays = random.get_rng_state(), self.compiled.replays
        try:
            for _ in range(_REHEARSALS):
                self.compiled(*batch)
                if self.compiled.replays > replays or self.compiled.obstacle is not None:
                    break
        except Exception:
            pass  # the real call will meet it again, and say so
        finally:
            random.set_rng_state(stream)
            for array, values in kept:
                array[...] = values


def put(t: Tensor, values: Any) -> None:
    """New numbers in the memory that is there: recorded steps go on with it."""
    t.array[...] = values
    touched(t)


def per_example(loss: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of every example, shape (n,), from a loss that gives their mean.

    That takes a loss with a `reduction`: a module of `glassnet.nn`, or a function with that keyword.

    >>> import glassnet as torch
    >>> each = per_example(torch.nn.MSELoss())
    >>> each(torch.tensor([[1.0, 3.0], [0.0, 0.0]]), torch.zeros(2, 2))
    tensor([5., 0.])
    """
    if isinstance(loss, nn.Module) and hasattr(loss, "reduction"):
        loss = copy.copy(loss)
        loss.reduction = "none"
        every: Any = loss
    elif not isinstance(loss, nn.Module) and "reduction" in _arguments(loss):
        every = functools.partial(loss, reduction="none")
    else:
        return _no_weights(loss)

    def each(scores: Tensor, y: Tensor) -> Tensor:
        values = every(scores, y)
        return values.reshape(values.array.shape[0], -1).mean(1) if values.array.ndim > 1 else values

    return each


def _arguments(function: Any) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()


def _no_weights(loss: Any) -> Callable[[Tensor, Tensor], Tensor]:
    def each(scores: Tensor, y: Tensor) -> Tensor:
        name = getattr(loss, "__name__", type(loss).__name__)
        got = f"got weights of examples with the loss `{name}`, which has no reduction"
        hint = f"Try def {name}(scores, y, reduction='mean')"
        raise NotSupportedError(complain(got, "expected a loss that can give each example's own", hint))

    return each


def _check_search(options: StepOptions) -> None:
    """L-BFGS compares losses along a line: nothing may change between two looks, and clipping would bend the line."""
    used = [name for name in ("clip_norm", "clip_value", "mixup") if getattr(options, name)]
    if options.accumulate > 1:
        used.append("accumulate")
    if used:
        got = f"got {', '.join(used)} with LBFGS"
        hint = "Try Adam, or leave it out"
        raise NotSupportedError(complain(got, "expected the bare step: it compares losses", hint))
