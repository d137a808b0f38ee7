"""What the present thread is doing: following gradients or not, being recorded or not."""

from __future__ import annotations

import contextvars
import functools
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


class set_grad_enabled:  # noqa: N801 - PyTorch's name
    """Turn the following of gradients on or off, at once; as a context manager, until its end."""

    def __init__(self, mode: bool) -> None:
        self.before = is_grad_enabled()
        _set_grad(mode)

    def __enter__(self) -> None:
        """The switch was thrown when this was made."""

    def __exit__(self, *exc: object) -> None:
        mode.grad = self.before


class _Switch:
    """A context manager and decorator that follows gradients (or does not) until its end."""

    enabled = False

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(mode.grad)
        mode.grad = self.enabled

    def __exit__(self, *exc: object) -> None:
        mode.grad = self.before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return switched


class no_grad(_Switch):  # noqa: N801 - PyTorch's name
    """Do not follow gradients inside the block, or inside the decorated function.

    >>> import glassnet as torch
    >>> w = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     (w * 2).requires_grad
    False
    """

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        switch = super().__new__(cls)
        if function is None:
            return switch
        switch.__init__()
        return switch(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:  # `__new__` has taken care of the function
        super().__init__()


class enable_grad(no_grad):  # noqa: N801 - PyTorch's name
    """Follow gradients inside the block even within `no_grad`."""

    enabled = True


class inference_mode(_Switch):  # noqa: N801 - PyTorch's name
    """The same as `no_grad` here; `inference_mode(False)` changes nothing."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.enabled = not mode


def is_grad_enabled() -> bool:
    """Whether gradients are followed at this point."""
    return mode.grad


def _set_grad(enabled: bool) -> None:
    mode.grad = enabled
