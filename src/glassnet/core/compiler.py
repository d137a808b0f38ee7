"""`compile`: a step is watched while it runs, and from then on replayed.

A step runs op by op until two runs in a row did exactly the same operations on the same tensors; then their tape is
written out as a program. Whatever the program took for granted is looked at again when `World` says that something
changed. A step that cannot be replayed goes on running op by op, with one warning that says why.
"""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.core import replay
from glassnet.core.arguments import Passed, exchange, kind_of, names_of, parts_of, tensors_in
from glassnet.core.mode import Trace, World, mode, recording
from glassnet.core.outside import Watch, entries_of, same_entries
from glassnet.core.runs import Run, unflatten
from glassnet.core.source import NotReplayable
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ReplayWarning

_PATIENCE = 6  # runs of one kind that may differ from each other before the step is left to run op by op
_MOST_PROGRAMS = 64  # kinds of call (shapes, numbers) that one step is recorded for
_ANOTHER = object()  # said by a replay that does not fit a call


def compile(function: Any = None, **options: Any) -> Any:
    """Record a training step, or any function of tensors, and replay it.

    Works as a decorator. The first calls run op by op; the later ones run as straight-line NumPy with the same results.
    Tensors that the function returns are new at every call; gradients (`parameter.grad`) are left in place for reading.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> @torch.compile
    ... def step(x):
    ...     w.grad = None
    ...     loss = ((w * x) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = step(torch.tensor([3.0, 4.0]))
    >>> loss, w.grad, step.replays
    (tensor(73.), tensor([18., 64.]), 1)
    """
    if function is None:
        return functools.partial(compile, **options)
    from_module = getattr(function, "forward", None)
    return CompiledModule(function) if from_module is not None else Compiled(function)


class Compiled:
    """A function that is replayed where that gives the same as running it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.programs: dict[Any, Kind] = {}
        self.latest: Replay | None = None
        self.obstacle: str | None = None
        self.replays = 0

    @property
    def source(self) -> str:
        """The Python text of the program replayed last."""
        return self.program.source

    @property
    def program(self) -> replay.Program:
        """The program replayed last: `source`, `values` (arrays by name), `run`."""
        if self.latest is None:
            self.latest = next((r for kind in self.programs.values() for r in kind.replays), None)
        if self.latest is None:
            reason = self.obstacle or "it has run fewer than two times with the same shapes"
            raise NotReplayable(
                f"got no program: {reason}; expected a step that has been called at least twice. Try calling it again."
            )
        return self.latest.program

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.latest is not None and not kwargs:
            result = self.latest.enter(args)
            if result is not _ANOTHER:
                self.replays += 1
                return result
        if self.obstacle is not None or mode.trace is not None or mode.anomaly:
            return self.function(*args, **kwargs)
        try:
            kind = self._kind(args, kwargs)
        except NotReplayable as problem:
            self._give_up(str(problem))
            return self.function(*args, **kwargs)
        for r in kind.replays:
            if r.holds() and r.starts_as_recorded():
                self.latest = r
                self.replays += 1
                return r((args, kwargs))
        return self._record(kind, args, kwargs)

    def forget(self) -> None:
        """Give back every program and its arrays at once, not when Python's collector runs; later calls record anew."""
        for kind in self.programs.values():
            for r in kind.replays:
                r.enter = _nowhere  # it and the replay hold each other, as do
                r.program.run.__globals__.pop("step", None)  # the step and its globals
        self.programs.clear()
        self.latest = None

    def _kind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Kind:
        key = kind_of(args, kwargs)
        if key not in self.programs:
            if len(self.programs) >= _MOST_PROGRAMS:
                raise NotReplayable(f"it was called with more than {_MOST_PROGRAMS} different shapes and numbers")
            self.programs[key] = Kind(args, kwargs)
        return self.programs[key]

    def _record(self, kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        passed = Passed(args, kwargs)
        before = [(p, p.grad) for p in kind.leaves]
        with recording() as trace:
            try:
                result = self.function(*passed.args, **passed.kwargs)
            finally:
                if passed.hand_back():
                    trace.stop("an argument is changed in place")
        run = Run(trace, passed.tensors, result, before)
        kind.leaves = run.leaves
        result = exchange(result, passed.theirs)
        obstacle = trace.obstacle or run.obstacle()
        if obstacle is None and any(run.repeats(earlier) for earlier in kind.runs):
            try:
                kind.replays.append(Replay(run, self.function, passed))
                kind.runs.clear()
                return result
            except NotReplayable as problem:
                obstacle = str(problem)
        kind.runs.append(run.without_arrays())
        if obstacle is None and len(kind.runs) >= _PATIENCE:
            obstacle = "it does something else at every call (Python numbers that change, tensors made anew)"
        if obstacle is not None:
            self._give_up(obstacle)
        return result

    def _give_up(self, reason: str) -> None:
        self.obstacle = reason
        self.latest = None
        self.programs.clear()
        name = getattr(self.function, "__name__", "step")
        warnings.warn(
            f"compile: got `{name}`, which runs op by op, because {reason}; expected the same operations at every call "
            "of a step to be replayed. Try returning the values it reads, and keeping changing numbers in tensors.",
            ReplayWarning,
            stacklevel=4,
        )


class Kind:
    """What is known of calls of one kind: runs seen so far, and replays made of them."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        coming = {id(t) for t in tensors_in((args, kwargs))}
        self.known = [p for p in parts_of((args, kwargs)) if id(p) not in coming]  # held: kinds go by their identities
        self.runs: list[Run] = []
        self.leaves: list[Tensor] = []
        self.replays: list[Replay] = []


class Replay:
    """A program together with what it takes for granted and what it leaves behind."""

    def __init__(self, run: Run, function: Callable[..., Any], passed: Passed) -> None:
        self.watch = Watch(run.leaves, run.trace.modules)
        self.watch.function(function, *passed.args, **passed.kwargs)
        for m in run.trace.modules:
            self.watch.function(m.__class__.forward, m)
        self.still = self.watch.test()
        arguments = names_of(function, passed.args, passed.kwargs)
        made = {id(t) for t in run.trace.nodes}
        names = {**self.watch.names, **_names(run.trace)}
        gradients = [(p, p.grad) for p in run.leaves if p.grad is not None and id(p.grad) in made]
        for p, g in gradients:
            names.setdefault(id(g), f"d_{names.get(id(p)) or p.name or 'x'}")
        fresh = [t for t in run.outputs if id(t) in made]
        wanted = [*fresh, *(g for _, g in gradients)]
        self.form = run.form
        self.program = replay.build(run.trace, run.inputs, wanted, names, arguments, copies=len(fresh))
        self.outputs = [None if id(t) in made else _passed(t, run) for t in run.outputs]
        read = {id(t): t for t in (*self.program.captured, *run.leaves)}.values()
        self.assumed = [(t, t.array, t.needs_grad, t.grad is None) for t in read]
        self.modules = [(m, entries_of(vars(m))) for m in dict.fromkeys(run.trace.modules)]
        self.starts, self.left = _gradient_state(run, {id(t) for t in self.program.captured})
        kept = self.program.outputs[len(fresh) :]
        self.left += [(p, self._gradient(g, home)) for (p, g), home in zip(gradients, kept, strict=True)]
        for p, g in self.left:
            p.grad = g
        self.version = World.version
        self.grad = mode.grad
        self.shapes = [(t.array.shape, t.array.strides, t.array.dtype) for t in run.inputs]
        self.simple = self.form == "tensor" and self.outputs == [None]
        self.enter = _doorway(self)

    def _gradient(self, g: Tensor, home: Tensor) -> Tensor:
        array = self.program.array_of(home)
        np.copyto(array, g.array)
        return wrap(array)

    def holds(self) -> bool:
        """Whether everything it takes for granted is still so."""
        try:
            if not self.still():
                return False
        except (LookupError, AttributeError):
            return False  # something it looked up is gone
        if self.version == World.version:
            return True
        for t, array, needs_grad, no_grad in self.assumed:
            if t.array is not array or t.needs_grad is not needs_grad or t.hooks:
                return False
            if not needs_grad and (t.grad is None) is not no_grad:  # gradients of leaves are looked at in every call
                return False
        if not all(same_entries(vars(m), entries) for m, entries in self.modules):
            return False
        self.version = World.version
        return True

    def starts_as_recorded(self) -> bool:
        """Whether the gradients present at the start are those that the step adds to."""
        return all(p.grad is g for p, g in self.starts)

    def __call__(self, arguments: Any) -> Any:
        tensors = tensors_in(arguments)
        results = mode.quietly(self.program.run, *[_by_rows(t.array) for t in tensors])
        for p, g in self.left:
            p.grad = g
        return self.dress(results, tensors)

    def dress(self, results: Sequence[np.ndarray], tensors: Sequence[Tensor]) -> Any:
        """The results in the form in which the function returned them."""
        made = iter(results)
        outs = [wrap(next(made)) if o is None else tensors[o] if isinstance(o, int) else o for o in self.outputs]
        return unflatten(self.form, iter(outs))


def _doorway(r: Replay) -> Callable[[tuple[Any, ...]], Any]:
    """The short way in, for a call with tensors alone: every check of `holds` and `Kind` in one line of code each.

    It is written out as text because a loop over the checks would take longer than a small network's whole step.
    """
    scope: dict[str, Any] = {"ANOTHER": _ANOTHER, "Tensor": Tensor, "World": World, "mode": mode, "wrap": wrap, "r": r}
    checks = ["World.version != r.version", "mode.grad is not r.grad", "mode.trace is not None"]
    arguments = [f"x{i}" for i in range(len(r.shapes))]
    for i, (shape, strides, dtype) in enumerate(r.shapes):
        scope |= {f"shape{i}": shape, f"strides{i}": strides, f"dtype{i}": dtype}
        checks += [f"type(x{i}) is not Tensor", f"x{i}.needs_grad", f"x{i}.array.shape != shape{i}"]
        checks += [f"x{i}.array.strides != strides{i}", f"x{i}.array.dtype is not dtype{i}"]
    scope |= r.watch.scope
    checks += [f"not ({test})" for test in r.watch.tests]
    for i, (p, g) in enumerate(r.starts):
        scope |= {f"start{i}": p, f"grad{i}": g}
        checks.append(f"start{i}.grad is not grad{i}")
    leave: list[str] = []
    for i, (p, g) in enumerate(r.left):
        scope |= {f"p{i}": p, f"g{i}": g}
        leave.append(f"    p{i}.grad = g{i}")
    lines = [
        "def enter(args):",
        f"    if len(args) != {len(arguments)}: return ANOTHER",
        f"    {', '.join(arguments)}, = args" if arguments else "    pass",
        f"    try:\n        if {' or '.join(checks)}: return ANOTHER",
        "    except (LookupError, AttributeError): return ANOTHER",
        f"    results = mode.quietly(r.program.run, {', '.join(f'{x}.array' for x in arguments)})",
        *leave,
        "    return wrap(results[0])" if r.simple else "    return r.dress(results, args)",
    ]
    exec("\n".join(lines), scope)
    return scope.pop("enter")  # a function that lies in its own globals is given back by the collector only


def _nowhere(args: tuple[Any, ...]) -> Any:
    """The way into a replay that is forgotten."""
    return _ANOTHER


def _by_rows(a: np.ndarray) -> np.ndarray:
    return a if a.flags.c_contiguous else np.array(a, order="C")


def _passed(t: Tensor, run: Run) -> Any:
    """An output that the step did not make: the number of the argument it is, or the tensor itself."""
    return next((i for i, x in enumerate(run.inputs) if x is t), t)


def _gradient_state(run: Run, captured: set[int]) -> tuple[list[Any], list[Any]]:
    """Which gradients must be present at the start of a replay, and which are gone at its end.

    A gradient that was there before and is another one now was reset by the step itself: nothing is required.
    """
    starts: list[tuple[Tensor, Tensor | None]] = []
    gone: list[tuple[Tensor, Tensor | None]] = []
    before = {id(p): g for p, g in run.before}
    for p in run.leaves:
        first, last = before.get(id(p)), p.grad
        if first is None or id(first) in captured:
            starts.append((p, first))
        if last is None and first is not None:
            gone.append((p, None))
    return starts, gone


def _names(trace: Trace) -> dict[int, str]:
    """Words for the tensors of the modules that ran."""
    names: dict[int, str] = {}
    for m in trace.modules:
        for name, t in (*m.named_parameters(), *m.named_buffers()):
            names.setdefault(id(t), name)
    return names


class CompiledModule:
    """A module whose forward pass is replayed while no gradients are followed; in training it runs op by op.

    To replay training too, compile the whole step: forward, backward and update in one function.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.replayed = Compiled(module.__call__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs) if mode.grad else self.replayed(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)  # a stand-in: everything else is the module's own

    def __repr__(self) -> str:
        return repr(self.module)
