"""What the present thread is doing: following gradients or not, being recorded or not."""

from __future__ import annotations

import contextvars
import functools
import inspect
import itertools
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from glassnet.core.tensor import Tensor

serial = itertools.count(1)  # the order in which things happened: tensors made, memory changed, recordings begun


class Mode(threading.local):
    """What the present thread is doing: following gradients, being recorded."""

    def __init__(self) -> None:
        self.grad = True
        self.trace: Trace | None = None
        self.anomaly = False  # whether backward stops at the first NaN
        # inf and nan pass without a NumPy warning, as in PyTorch; the user's own NumPy settings stay as they are
        context = contextvars.copy_context()
        context.run(lambda: np.seterr(all="ignore"))
        self.quietly: Callable[..., Any] = context.run


mode = Mode()


class World:
    """A count of the changes that a recorded step could not have foreseen (a module switched to eval, new weights)."""

    version = 0

    @classmethod
    def changed(cls) -> None:
        """Tell every recorded step to look again at what it took for granted."""
        cls.version += 1


class Trace:
    """Everything that happened inside `recording()`, in order."""

    def __init__(self) -> None:
        self.nodes: list[Tensor] = []
        self.superseded: list[Tensor] = []
        self.modules: list[Any] = []
        self.read_backward = False
        self.start = next(serial)
        self.obstacle: str | None = None

    def supersede(self, x: Tensor, past: Tensor, result: Tensor) -> None:
        """x is about to take on the story of result; its own lives on in past."""
        if past.op is None or any(_is_window_on(t, x) for t in self.nodes):
            self.stop("a tensor that others look at is changed in place while gradients are followed")
        self.nodes = [past if t is x else x if t is result else t for t in self.nodes]
        self.superseded.append(past)

    def stop(self, reason: str) -> None:
        """Note that the step does something that a replay could not repeat."""
        self.obstacle = self.obstacle or reason


def _is_window_on(t: Tensor, x: Tensor) -> bool:
    return t.op is not None and t.op.view and np.may_share_memory(t.array, x.array)


@contextmanager
def recording() -> Generator[Trace]:
    """Collect every primitive that runs inside the block, in the order it ran."""
    before, trace = mode.trace, Trace()
    mode.trace = trace
    try:
        yield trace
    finally:
        mode.trace = before


class _Switch:
    """A context manager and decorator that follows gradients (or does not) until its end.

    A decorated generator is switched while it runs, not while it waits for its reader.
    """

    enabled = False

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(mode.grad)
        mode.grad = self.enabled

    def __exit__(self, *exc: object) -> None:
        mode.grad = self.before.pop()

    def again(self) -> _Switch:
        """A switch like this one, for one call of a decorated function."""
        return type(self)()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(function):
            return _switched_generator(self.again, function)

        @functools.wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with self.again():
                return function(*args, **kwargs)

        return switched


def _switched_generator(switch: Callable[[], _Switch], function: Callable[..., Any]) -> Callable[..., Any]:
    """The generator function, whose every step runs inside the switch; what is sent or thrown in passes through."""

    @functools.wraps(function)
    def switched(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps = function(*args, **kwargs)
        resume: Callable[[Any], Any] = steps.send
        value: Any = None
        try:
            while True:
                try:
                    with switch():
                        given = resume(value)
                except StopIteration as end:
                    return end.value
                try:
                    resume, value = steps.send, (yield given)
                except GeneratorExit:
                    raise
                except BaseException as problem:
                    resume, value = steps.throw, problem
        finally:
            with switch():
                steps.close()

    return switched


class _BareSwitch(_Switch):
    """A switch that decorates with and without parentheses."""

    def __init__(self, function: Any = None) -> None:  # `__new__` has taken care of the function
        super().__init__()

    def __new__(cls, function: Any = None) -> Any:
        switch = super().__new__(cls)
        if not callable(function):
            return switch
        switch.__init__()
        return switch(function)


class no_grad(_BareSwitch):  # noqa: N801 - PyTorch's name
    """Do not follow gradients inside the block, or inside the decorated function.

    >>> import glassnet as torch
    >>> w = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     (w * 2).requires_grad
    False
    """


class enable_grad(no_grad):  # noqa: N801 - PyTorch's name
    """Follow gradients inside the block even within `no_grad`."""

    enabled = True


class inference_mode(_BareSwitch):  # noqa: N801 - PyTorch's name
    """The same as `no_grad` here; `inference_mode(False)` follows gradients again.

    >>> import glassnet as torch
    >>> @torch.inference_mode
    ... def predict(x):
    ...     return x * 2
    >>> predict(torch.ones(2, requires_grad=True))
    tensor([2., 2.])
    """

    def __init__(self, function: Any = True) -> None:  # PyTorch calls it `mode`; it may be the function to decorate
        super().__init__()
        self.enabled = function is False

    def again(self) -> _Switch:
        """A switch like this one."""
        return inference_mode(not self.enabled)


class set_grad_enabled(_Switch):  # noqa: N801 - PyTorch's name
    """Turn the following of gradients on or off, at once; as a context manager, until its end.

    As a decorator it only acts inside the function.

    >>> import glassnet as torch
    >>> w = torch.ones(2, requires_grad=True)
    >>> with torch.set_grad_enabled(False):
    ...     (w * 2).requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.enabled = bool(mode)
        self.at_first = is_grad_enabled()
        _set_grad(self.enabled)

    def __enter__(self) -> None:
        _set_grad(self.enabled)

    def __exit__(self, *exc: object) -> None:
        _set_grad(self.at_first)

    def again(self) -> _Switch:
        """A switch like this one."""
        return set_grad_enabled(self.enabled)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        _set_grad(self.at_first)  # made to decorate, not to switch
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether gradients are followed at this point."""
    return mode.grad


def _set_grad(enabled: bool) -> None:
    mode.grad = enabled
