"""NaN stopped at birth: a step that makes a number which is not finite ends before it can touch a weight.

Two looks per step are enough, at the loss and at the flat gradient (the product of a vector with itself is finite only
if every number in it is), between backward and the update. Only when one of them fails is the step taken again, op by
op, with the same random numbers: that run is watched, and the way is followed back from what is not finite to the first
operation that made it from finite numbers.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.core import ops, tape
from glassnet.core.arguments import tensors_in
from glassnet.core.generator import get_rng_state, set_rng_state
from glassnet.core.mode import Trace, mode, no_grad
from glassnet.core.tensor import Tensor, apply
from glassnet.errors import NonFiniteError, complain

Array = np.ndarray
_isfinite = math.isfinite
_LEARNING_CALLS = 3  # steps after which it is known whether a step draws random numbers


class _Alarm(Exception):  # noqa: N818 - a signal
    """Said inside a step; never reaches the user."""


def stop_unless_finite(loss: Array, g: Array, out: Array | None = None) -> Array:
    """g · g, which is finite only if every gradient in g is; raises the alarm unless it and the loss are."""
    square = g.dot(g, out)  # the method is quicker than np.dot, and quicker with room for the result than without
    if _isfinite(square) and _isfinite(loss):
        return square
    if _isfinite(loss) and np.isfinite(g).all():  # finite numbers above 1e19 have squares that float32 cannot hold
        return square
    raise _Alarm


# Not in the table of primitives: nobody reads its result, and no reader but the replay meets it.
_STOP = ops.Op("g_squared", stop_unless_finite, say="stop here if a number is not finite", pure=False)


@dataclass(frozen=True)
class Birth:
    """Where a number that is not finite came from."""

    op: str  # the row of the table, such as "log"; "" where it came in from outside
    layer: str  # dotted name inside the model, such as "encoder.0"; "" outside every module
    kind: str  # the layer's type, such as "Linear"
    phase: str  # "forward" or "backward"
    step: int  # from 1
    row: int | None  # of the batch; None where the operation has no rows
    value: float  # nan, inf or -inf
    read: tuple[float, ...] = ()  # the numbers it was made from, where they lie at the same place
    derivative_of: str = ""  # backward: the operation whose derivative was being computed
    outside: str = ""  # the parameter or argument that was not finite before the step began


class NanGuard:
    """Watches a training step: `check(loss)` stands between `backward()` and the update, `watch(step)` around it all.

    A step that makes a NaN or an infinity raises `NonFiniteError`, whose `birth` names op, layer, step and row. The
    update has not been made then: weights and optimiser are those of the last finite step, and so are the buffers of
    the model (a batch norm's running statistics). It works the same op by op and replayed.

    >>> import glassnet as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> guard = NanGuard(model, optimizer)
    >>> def learn(x, y):
    ...     optimizer.zero_grad()
    ...     loss = (model(x.sqrt()) - y).square().mean()
    ...     loss.backward()
    ...     guard.check(loss)
    ...     optimizer.step()
    ...     return loss.detach()
    >>> step = guard.watch(torch.compile(learn))
    >>> x, y = torch.zeros(3, 2), torch.ones(3, 1)
    >>> for _ in range(4):
    ...     loss = step(x, y)
    >>> x[1, 0] = -4.0
    >>> try:
    ...     step(x, y)
    ... except torch.errors.NonFiniteError as problem:
    ...     print(problem.birth.op, problem.birth.phase, problem.birth.step, problem.birth.row)
    sqrt forward 5 1
    """

    def __init__(self, model: Any, optimizer: Any = None, steps: int = 0) -> None:
        self.model, self.optimizer = model, optimizer
        self.steps = steps  # taken before the guard came, as when a training is resumed
        self._case: _Case | None = None

    # ---- in the step ------------------------------------------------------------------------------------------

    def check(self, loss: Tensor) -> None:
        """Stop here unless the loss and all gradients are finite; part of a recorded step like any operation."""
        if self._case is not None:
            self._case.close([loss, *(p.grad for p in self._parameters() if p.grad is not None)])
        elif mode.trace is not None:
            with no_grad():
                for g in self._vectors():
                    apply(_STOP, loss, g)
        else:
            for p in self._parameters():
                if p.grad is not None:
                    mode.quietly(stop_unless_finite, loss.array, p.grad.array.reshape(-1))

    def _parameters(self) -> Iterable[Tensor]:
        return self.model.parameters()

    def _vectors(self) -> list[Tensor]:
        """The gradients end to end: the very vectors that the optimiser reads, so they are packed once."""
        groups = getattr(self.optimizer, "param_groups", ())
        chunks = [c for group in groups for c in getattr(group, "chunks", ()) if c.params]
        ready = [c for c in chunks if all(p.grad is not None for p in c.params)]
        packed = {id(p) for c in ready for p in c.params}
        loose = [p.grad for p in self._parameters() if p.grad is not None and id(p) not in packed]
        return [*(c.gradient() for c in ready), *(ops.reshape(g, shape=(-1,)) for g in loose)]

    # ---- around it --------------------------------------------------------------------------------------------

    def watch(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """The step, which now explains its alarms: `step` is a function or what `compile` made of one."""
        memory = _Memory(self.model)
        wanted, steps = True, 0  # variables of this function, which are the quickest to reach

        @functools.wraps(step, updated=())
        def watched(*args: Any, **kwargs: Any) -> Any:
            nonlocal wanted, steps
            if wanted:
                wanted = memory.note()
            steps += 1
            try:
                return step(*args, **kwargs) if kwargs else step(*args)  # without keywords it is quicker
            except _Alarm:
                raise self._explained(self.steps + steps, step, args, kwargs, memory) from None

        return watched

    def _explained(
        self, number: int, step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], memory: _Memory
    ) -> NonFiniteError:
        """Take the step again, watched, and say what was found. What it changes on the way is put back."""
        memory.restore()
        gradients = [(p, p.grad) for p in self._parameters()]
        for p, _ in gradients:
            p.grad = None  # what a step with accumulation adds to is not finite any more
        now, traced = get_rng_state(), mode.trace
        case = mode.trace = self._case = _Case()
        try:
            if memory.random is not None:
                set_rng_state(memory.random)
            getattr(step, "function", step)(*args, **kwargs)
        except _Closed:
            pass
        finally:
            mode.trace, self._case = traced, None
            memory.restore()
            set_rng_state(now)
            for p, g in gradients:
                p.grad = g
        return self._error(case, number, tensors_in((args, kwargs)))

    def _error(self, case: _Case, number: int, arguments: list[Tensor]) -> NonFiniteError:
        birth = case.birth(number, arguments, self._names())
        if birth is None:
            got = f"got a loss or gradient that is not finite at step {number}, but not when taken again"
            return NonFiniteError(complain(got, "expected finite numbers", "Try a smaller learning rate"), None)
        return NonFiniteError(_message(birth), birth)

    def _names(self) -> dict[int, str]:
        named = (*self.model.named_parameters(), *self.model.named_buffers())
        return {id(t): name for name, t in named} | {id(m): name for name, m in self.model.named_modules()}


class _Memory:
    """What a step must find again to be taken a second time: the buffers, and where the random numbers stood.

    A step that draws nothing in its first calls, in a model without buffers, has nothing to remember.
    """

    def __init__(self, model: Any) -> None:
        self.buffers = list(model.buffers())
        self.kept = [b.array.copy() for b in self.buffers]
        self.random: Array | None = None
        self.calls, self.draws = 0, False

    def note(self) -> bool:
        """Before a step; whether it is to be called before the next one too."""
        for kept, b in zip(self.kept, self.buffers, strict=True):
            np.copyto(kept, b.array)
        if self.draws or self.calls <= _LEARNING_CALLS:
            now = get_rng_state()
            self.draws = self.draws or (self.random is not None and not np.array_equal(now, self.random))
            self.calls += 1
            self.random = now if self.draws or self.calls <= _LEARNING_CALLS else None
        return bool(self.buffers) or self.random is not None

    def restore(self) -> None:
        """The buffers as they were before the step."""
        for kept, b in zip(self.kept, self.buffers, strict=True):
            np.copyto(b.array, kept)


# ---- the watched run ----------------------------------------------------------------------------------------------


class _Closed(Exception):  # noqa: N818 - a signal
    """Ends the watched run where the alarm was, before the update."""


@dataclass
class _Place:
    """Where an operation ran: in which module, and for which earlier result if gradients were read backward."""

    module: Any = None
    of: Tensor | None = None


class _Nodes(list[Tensor]):
    """The list of a trace, which also notes where each operation ran."""

    def __init__(self, case: _Case, nodes: Iterable[Tensor] = ()) -> None:
        super().__init__(nodes)
        self.case = case

    def append(self, t: Tensor) -> None:
        super().append(t)
        self.case.places[id(t)] = self.case.place()


class _Case(Trace):
    """A recording of a step that went wrong, with the place of every operation."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, _Place] = {}
        self.nodes = _Nodes(self)
        self.suspects: list[Tensor] = []

    def supersede(self, x: Tensor, past: Tensor, result: Tensor) -> None:
        """As for every trace; x now stands where its new value was made."""
        super().supersede(x, past, result)
        self.nodes = _Nodes(self, self.nodes)
        self.places[id(past)] = self.places.get(id(x), _Place())
        self.places[id(x)] = self.places.get(id(result), _Place())

    def close(self, suspects: list[Tensor]) -> None:
        """The run has come to where the alarm was."""
        self.suspects = suspects
        raise _Closed

    def place(self) -> _Place:
        """Read off the stack of calls: the innermost module, and what the backward pass is at."""
        modules = {id(m) for m in self.modules}
        found, frame = _Place(), sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
        while frame is not None:
            code = frame.f_code
            if found.of is None and code is tape.gradients.__code__:
                found.of = frame.f_locals.get("y")
            if code.co_name == "__call__" and id(frame.f_locals.get("self")) in modules:
                found.module = frame.f_locals["self"]
                break
            frame = frame.f_back
        return found

    # ---- following it back ------------------------------------------------------------------------------------

    def birth(self, step: int, arguments: list[Tensor], names: dict[int, str]) -> Birth | None:
        """Where the first of the suspects that is not finite came from."""
        bad = next((t for t in self.suspects if not np.isfinite(t.array).all()), None)
        if bad is None:
            return None
        rows = next((len(t.array) for t in arguments if t.array.ndim), None)
        culprit, outside = self._origin(bad, arguments, names)
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(culprit.array))[0])
        place = self.places.get(id(culprit), _Place())
        phase = "backward" if place.of is not None else "forward"
        home = self.places.get(id(place.of), place) if place.of is not None else place
        layer = "" if home.module is None else names.get(id(home.module), "")
        kind = "" if home.module is None else type(home.module).__name__
        op = culprit.op.name if culprit.op is not None and not outside else ""
        row = _row_of(culprit, at, rows)
        value = float(culprit.array[at])
        of = place.of.op.name if place.of is not None and place.of.op is not None else ""
        return Birth(op, layer, kind, phase, step, row, value, _read_at(culprit, at), of, outside)

    def _origin(self, bad: Tensor, arguments: list[Tensor], names: dict[int, str]) -> tuple[Tensor, str]:
        """Back along what is not finite, to what was made of finite numbers; or to what came in from outside."""
        known = {id(t): f"argument {i + 1} of the step" for i, t in enumerate(arguments)}
        known |= {id(t): f"parameter `{name}`" for t, name in self._leaves(names)}
        while True:
            sources = [x for x in tape.inputs_of(bad) if x.array.dtype.kind == "f" and not np.isfinite(x.array).all()]
            came_in = next((x for x in sources if id(x) in known and x.op is None), None)
            if came_in is not None:
                return came_in, known[id(came_in)]
            made = [x for x in sources if x.op is not None and x.op.name != "full"]
            if not made:
                return bad, ""
            bad = min(made, key=lambda x: x.serial)

    def _leaves(self, names: dict[int, str]) -> list[tuple[Tensor, str]]:
        leaves = {id(x): x for t in self.nodes for x in t.inputs if x.op is None}
        return [(t, names[key]) for key, t in leaves.items() if key in names]


def _row_of(t: Tensor, at: tuple[int, ...], rows: int | None) -> int | None:
    """The row of the batch; where a sum over the batch has overflowed, the row with the largest number in it."""
    if rows is None:
        return None
    if t.array.ndim and len(t.array) == rows:
        return at[0]
    for x in tape.inputs_of(t) if t.op is not None else ():
        source = x
        while source.op is not None and source.op.view and source.inputs and len(source.array) != rows:
            source = source.inputs[0]
        if source.array.ndim and len(source.array) == rows:
            size = np.abs(source.array.reshape(rows, -1)).max(axis=1)
            return int(np.argmax(size))
    return None


def _read_at(t: Tensor, at: tuple[int, ...]) -> tuple[float, ...]:
    """The numbers that an elementwise operation read at that place."""
    if t.op is None or not t.op.elementwise:
        return ()
    return tuple(float(np.broadcast_to(x.array, t.array.shape)[at]) for x in tape.inputs_of(t))


# ---- in words -----------------------------------------------------------------------------------------------------

_HINTS = {
    "log": "torch.log(x.clamp(min=1e-8))",
    "log2": "torch.log2(x.clamp(min=1e-8))",
    "log10": "torch.log10(x.clamp(min=1e-8))",
    "log1p": "torch.log1p(x.clamp(min=-0.999))",
    "sqrt": "torch.sqrt(x.clamp(min=1e-8))",
    "div": "x / (y + 1e-8)",
    "exp": "torch.exp(x.clamp(max=80)), or the stable form in torch.nn.functional",
    "exp2": "torch.exp2(x.clamp(max=120))",
    "pow": "a base above 0: x.clamp(min=1e-8) ** y",
    "power": "a base above 0: x.clamp(min=1e-8) ** y",
    "asin": "x.clamp(-0.999, 0.999)",
    "acos": "x.clamp(-0.999, 0.999)",
}
_USUAL = "a smaller learning rate, or torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0) before the update"


def _message(b: Birth) -> str:
    kept = "the weights are those of the step before"
    row = "" if b.row is None else f", row {b.row} of the batch"
    if b.outside:
        hint = "Try checking the data: numpy.isfinite(x).all()"
        if b.outside.startswith("parameter"):
            hint = "Try going back to weights that are finite: the last checkpoint"
        got = f"got {b.value} in the {b.outside}{row if 'argument' in b.outside else ''}, before step {b.step} began"
        return complain(got, f"expected finite numbers; {kept}", hint)
    where = f"in layer `{b.layer}` ({b.kind})" if b.layer else f"in {b.kind}" if b.kind else "outside the layers"
    made = f" of {' and '.join(f'{v:.4g}' for v in b.read)}" if 1 <= len(b.read) <= 3 else ""
    of = f", in the derivative of `{b.derivative_of}`," if b.derivative_of else ""
    got = f"got {b.value} from `{b.op}`{made}{of} {where}, {b.phase}, at step {b.step}{row}"
    hint = _HINTS.get(b.derivative_of or b.op, _USUAL)
    return complain(got, f"expected finite numbers; {kept}", f"Try {hint}")
