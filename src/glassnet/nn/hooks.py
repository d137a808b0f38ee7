"""Functions of the user's that are called before a module runs, after it, and when gradients come back through it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glassnet.core import ops
from glassnet.core.mode import World, mode
from glassnet.core.tensor import Tensor
from glassnet.errors import NotSupportedError, complain

if TYPE_CHECKING:
    from glassnet.nn.module import Module

_keys = itertools.count()
Table = dict[int, Callable[..., Any]]


@dataclass
class Hooks:
    """The hooks of one module, by the moment at which they are called."""

    before: Table = field(default_factory=dict[int, Any])  # (module, inputs) -> new inputs or None
    after: Table = field(default_factory=dict[int, Any])  # (module, inputs, output) -> new output or None
    grad_output: Table = field(default_factory=dict[int, Any])  # (module, grad_output) -> new grad_output or None
    grad_input: Table = field(default_factory=dict[int, Any])  # (module, grad_input, grad_output) -> new grad_input
    takes_kwargs: set[int] = field(default_factory=set[int])


class RemovableHandle:
    """What registering a hook returns: `remove()`, or the end of a `with` block, takes the hook away."""

    def __init__(self, table: Table, hook: Callable[..., Any], prepend: bool = False) -> None:
        self.table, self.id = table, next(_keys)
        others = dict(table) if prepend else {}
        if prepend:
            table.clear()
        table[self.id] = hook
        table.update(others)
        World.changed()

    def remove(self) -> None:
        """Take the hook away."""
        self.table.pop(self.id, None)
        World.changed()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Hookable:
    """What lets a module be hooked."""

    _hooks: Hooks | None = None

    def _own_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args) before forward; what it returns takes the place of the arguments."""
        hooks = self._own_hooks()
        handle = RemovableHandle(hooks.before, hook, prepend)
        hooks.takes_kwargs.update([handle.id] if with_kwargs else [])
        return handle

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call hook(module, args, output) after forward; what it returns takes the place of the output."""
        if always_call:
            got = "register_forward_hook: got always_call=True"
            raise NotSupportedError(complain(got, "expected False", "Try try/finally around the call"))
        hooks = self._own_hooks()
        handle = RemovableHandle(hooks.after, hook, prepend)
        hooks.takes_kwargs.update([handle.id] if with_kwargs else [])
        return handle

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when the inputs' gradients are known; it may replace them."""
        return RemovableHandle(self._own_hooks().grad_input, hook, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) when the gradients of the outputs are known; it may replace them."""
        return RemovableHandle(self._own_hooks().grad_output, hook, prepend)


def call_with_hooks(module: Module, hooks: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """module.forward(*args, **kwargs) with its hooks around it."""
    busy = hooks.before or hooks.after or hooks.grad_output or hooks.grad_input
    if busy and mode.trace is not None:
        mode.trace.stop(f"a hook on {type(module).__name__} runs Python code while the step runs")
    for key, hook in list(hooks.before.items()):
        args, kwargs = _after_pre_hook(module, hook, key in hooks.takes_kwargs, args, kwargs)
    watch = _Watch(module, hooks) if hooks.grad_output or hooks.grad_input else None
    args = watch.inputs(args) if watch else args
    output = module.forward(*args, **kwargs)
    for key, hook in list(hooks.after.items()):
        given = (args, kwargs) if key in hooks.takes_kwargs else (args,)
        changed = hook(module, *given, output)
        output = output if changed is None else changed
    return watch.outputs(output) if watch else output


def _after_pre_hook(
    module: Module, hook: Any, takes_kwargs: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    if takes_kwargs:
        changed = hook(module, args, kwargs)
        return (args, kwargs) if changed is None else changed
    changed = hook(module, args)
    if changed is None:
        return args, kwargs
    return changed if isinstance(changed, tuple) else (changed,), kwargs


class _Watch:
    """Carries the gradients of one call to the module's backward hooks.

    Inputs and outputs pass through a copy each; the gradients of those copies are what the hooks are shown. Outputs are
    copied once more, so that hooks of the tensor itself see its gradient first, as in PyTorch.
    """

    def __init__(self, module: Module, hooks: Hooks) -> None:
        self.module, self.hooks = module, hooks
        self.grad_input, self.grad_output = _Gradients(()), _Gradients(())

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, each tensor among them watched."""
        self.grad_input = _Gradients(args)
        return tuple(_watched(a, i, self._input_came) for i, a in enumerate(args))

    def outputs(self, output: Any) -> Any:
        """The output, each tensor in it watched."""
        parts = output if isinstance(output, tuple) else (output,)
        self.grad_output = _Gradients(parts)
        watched = tuple(_twin(_watched(p, i, self._output_came)) for i, p in enumerate(parts))
        return watched if isinstance(output, tuple) else watched[0]

    def _output_came(self, i: int, g: Tensor) -> Tensor | None:
        complete = self.grad_output.arrive(i, g)
        for hook in list(self.hooks.grad_output.values()):
            self.grad_output.replace(hook(self.module, self.grad_output.seen()), self.module)
        if complete and not self.grad_input.expected:
            self._call_backward_hooks()
        return self.grad_output.values[i]

    def _input_came(self, i: int, g: Tensor) -> Tensor | None:
        if self.grad_input.arrive(i, g):
            self._call_backward_hooks()
        return self.grad_input.values[i]

    def _call_backward_hooks(self) -> None:
        for hook in list(self.hooks.grad_input.values()):
            changed = hook(self.module, self.grad_input.seen(), self.grad_output.seen())
            self.grad_input.replace(changed, self.module)


class _Gradients:
    """The gradients of a tuple of values, as they come in one by one."""

    def __init__(self, of: tuple[Any, ...]) -> None:
        self.values: list[Tensor | None] = [None] * len(of)
        self.expected = sum(_follows(v) for v in of)
        self.arrived = 0

    def arrive(self, i: int, g: Tensor) -> bool:
        """Note one gradient; whether all have come now. Then the next backward pass begins anew."""
        self.values[i] = g
        self.arrived += 1
        complete = self.arrived == self.expected
        self.arrived = 0 if complete else self.arrived
        return complete

    def seen(self) -> tuple[Tensor | None, ...]:
        """What a hook is shown."""
        return tuple(self.values)

    def replace(self, changed: Any, module: Module) -> None:
        """Take over what a hook returned; only a single gradient is still on its way when the hook is called."""
        if changed is None:
            return
        if len(self.values) > 1:
            got = f"{type(module).__name__}: got a hook that replaces one of {len(self.values)} gradients"
            hint = "Try tensor.register_hook on the one tensor"
            raise NotSupportedError(complain(got, "expected a module with a single tensor on that side", hint))
        self.values[:] = changed if isinstance(changed, tuple) else (changed,)


def _watched(value: Any, i: int, came: Callable[[int, Tensor], Tensor | None]) -> Any:
    if not _follows(value):
        return value
    twin = ops.copy(value)
    twin.hooks = {0: lambda g: came(i, g)}
    return twin


def _twin(value: Any) -> Any:
    return ops.copy(value) if _follows(value) else value


def _follows(value: Any) -> bool:
    return isinstance(value, Tensor) and value.needs_grad and mode.grad
