"""Reading the tape backward: from a result to the leaves it was made of."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.kinds import TUPLES
from glassnet.core.mode import World, enable_grad, mode, no_grad
from glassnet.core.tensor import Tensor, as_used, touched
from glassnet.errors import GradientError, ShapeError


def inputs_of(t: Tensor) -> tuple[Tensor, ...]:
    """What t was computed from, as it was then."""
    if any(x.serial > t.serial for x in t.inputs):
        return tuple(as_used(x, t) for x in t.inputs)
    return t.inputs


def tape_of(*outputs: Tensor) -> list[Tensor]:
    """Every computed tensor that gradients flow through on the way to the outputs, oldest first."""
    seen: dict[int, Tensor] = {}
    stack = [t for t in outputs if t.needs_grad and t.op is not None]
    while stack:
        t = stack.pop()
        if t.serial not in seen:
            seen[t.serial] = t
            stack.extend(x for x in inputs_of(t) if x.needs_grad and x.op is not None)
    return [seen[s] for s in sorted(seen)]


def gradients(
    outputs: Sequence[Tensor], seeds: Sequence[Tensor], wanted: Iterable[Tensor] = ()
) -> dict[int, tuple[Tensor, Tensor]]:
    """Read the tape backward: {id(tensor): (tensor, gradient)} for every leaf, and for the wanted tensors."""
    if mode.trace is not None:
        mode.trace.read_backward = True
    keep = {id(t) for t in wanted}
    grads: dict[int, Tensor] = {}
    found: dict[int, tuple[Tensor, Tensor]] = {}
    for y, g in zip(outputs, seeds, strict=True):
        _arrive(grads, found, y, g)
    for y in reversed(tape_of(*outputs)):
        g = grads.pop(id(y), None)
        if g is None:
            continue
        if y.hooks or y.keeps_grad:
            g = _visit(y, g)
        if id(y) in keep:
            found[id(y)] = (y, g)
        op = y.op
        if op is None:
            continue
        inputs = inputs_of(y)
        changed = y.written[0] > y.serial or any(x.written[0] > y.serial for x in inputs)
        for i, x in enumerate(inputs):
            if not x.needs_grad:
                continue
            rule = op.rule(i)
            if rule is None:
                continue
            if changed:
                _check_unchanged(rule, y)
            gx = rule(g, y, *inputs, **y.attrs)
            _arrive(grads, found, x, gx)
    for key, (x, g) in found.items():
        if x.op is None and x.hooks:
            found[key] = (x, _visit(x, g))
    return found


def _arrive(grads: dict[int, Tensor], found: dict[int, tuple[Tensor, Tensor]], x: Tensor, g: Tensor) -> None:
    """Add g to what has come back to x so far."""
    if x.op is None:
        found[id(x)] = (x, found[id(x)][1] + g if id(x) in found else g)
    else:
        grads[id(x)] = grads[id(x)] + g if id(x) in grads else g


def _visit(t: Tensor, g: Tensor) -> Tensor:
    """Let the hooks of t see, and perhaps change, its gradient."""
    if t.hooks and mode.trace is not None:
        mode.trace.stop("a hook on a gradient runs Python code while the step runs")
    for hook in list((t.hooks or {}).values()):
        changed = hook(g)
        g = g if changed is None else changed
    if t.keeps_grad:
        t.grad = g if t.grad is None else t.grad + g
    return g


def _check_unchanged(rule: Callable[..., Tensor], y: Tensor) -> None:
    """Refuse a rule that would read memory changed in place since y was made."""
    names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
    if rule.__code__.co_flags & 4:  # *inputs
        names = (
            "y",
            *[rule.__code__.co_varnames[rule.__code__.co_argcount + rule.__code__.co_kwonlyargcount]] * len(y.inputs),
        )
    read = _values_read(rule)
    for name, t in zip(names, (y, *y.inputs), strict=False):
        if t.written[0] > y.serial and name in read:
            raise GradientError(
                f"backward: got a tensor of shape {tuple(t.array.shape)} that was changed in place after "
                f"{y.op.name if y.op else 'an operation'} had used it; expected it unchanged, because the gradient "
                "is computed "
                "from it. Try the out-of-place form (x = x + 1 for x += 1), or .clone() before the change."
            )


def _values_read(rule: Callable[..., Tensor]) -> set[str]:
    """The arguments whose numbers a rule reads; asking for `.shape` alone does not count."""
    steps = [i for i in dis.get_instructions(rule) if i.opname not in ("CACHE", "RESUME", "PRECALL", "PUSH_NULL")]
    read: set[str] = set()
    for now, after in zip(steps, [*steps[1:], steps[-1]], strict=True):
        if now.opname.startswith("LOAD_FAST") or now.opname == "LOAD_DEREF":
            if after.opname.startswith("LOAD_ATTR") and after.argval in ("shape", "ndim"):
                continue
            read.update(now.argval if isinstance(now.argval, TUPLES) else (now.argval,))
    return read


def _seed(y: Tensor, gradient: Tensor | None) -> Tensor:
    if gradient is None:
        if y.array.size != 1:
            raise GradientError(
                f"backward: got a result of shape {tuple(y.array.shape)}; expected a single number, because a "
                "gradient is the "
                "slope of one number. Try .mean() or .sum() first, or backward(gradient=...) with the same shape."
            )
        return ops.full(shape=tuple(y.array.shape), value=1.0, dtype=y.array.dtype)
    if gradient.array.shape != y.array.shape:
        raise ShapeError(
            f"backward: got a gradient of shape {tuple(gradient.array.shape)} for a result of shape "
            f"{tuple(y.array.shape)}; expected the same shape. Try torch.ones_like(result)."
        )
    return gradient


def _check_connected(y: Tensor) -> None:
    if not y.needs_grad:
        raise GradientError(
            "backward: got a tensor that no gradient flows to; expected one computed from a tensor with "
            "requires_grad=True, "
            "outside no_grad(). Try requires_grad=True on the tensors to be learnt."
        )


def backward(
    tensor: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add d tensor / d leaf to the `grad` of every leaf (or of `inputs` alone).

    The story is kept as long as the result is, so it can be read again: `retain_graph` changes nothing.
    """
    _check_connected(tensor)
    wanted = None if inputs is None else [inputs] if isinstance(inputs, Tensor) else list(inputs)
    with enable_grad() if create_graph else no_grad():
        found = gradients([tensor], [_seed(tensor, gradient)], wanted or ())
        kept: set[int] = {id(gradient)}
        for key, (x, g) in found.items():
            if wanted is None or key in {id(t) for t in wanted}:
                accumulate(x, g, create_graph, shared=id(g) in kept)
                kept.add(id(g))


def accumulate(x: Tensor, g: Tensor, create_graph: bool = False, shared: bool = False) -> None:
    """x.grad += g; the first gradient is simply kept, on memory of its own."""
    if x.grad is None:
        x.grad = ops.copy(g) if shared or _is_window(g) else g
    elif create_graph:
        x.grad = x.grad + g
    else:
        ops.assign(x.grad, x.grad + g)
        touched(x.grad)


def _is_window(g: Tensor) -> bool:
    """Whether g is a view, which would change with the memory it looks at."""
    base = g.array.base
    return (
        not g.array.flags.writeable
        or (isinstance(base, np.ndarray) and base.size != g.array.size)
        or (g.op is not None and g.op.view)
    )


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of (the sum of) outputs with respect to inputs, without touching any `.grad`.

    With `create_graph=True` the gradients can be differentiated again.

    >>> import glassnet as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (slope,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> torch.autograd.grad(slope, x)
    (tensor(18.),)
    """
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    gs = [grad_outputs] if grad_outputs is None or isinstance(grad_outputs, Tensor) else list(grad_outputs)
    gs = gs * len(ys) if len(gs) == 1 else gs
    for y in ys:
        _check_connected(y)
    with enable_grad() if create_graph else no_grad():
        found = gradients(ys, [_seed(y, g) for y, g in zip(ys, gs, strict=True)], xs)
    slopes = tuple(found[id(x)][1] if id(x) in found else None for x in xs)
    if not allow_unused and any(s is None for s in slopes):
        at = [i for i, s in enumerate(slopes) if s is None]
        raise GradientError(
            f"grad: got inputs {at} that the outputs do not depend on; expected every input to be used. Try "
            "allow_unused=True, which gives None for them."
        )
    return slopes


class Handle:
    """What registering a hook returns; `remove()` takes the hook away."""

    _next = 0

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        Handle._next += 1
        self.hooks, self.key = hooks, Handle._next
        hooks[self.key] = hook
        World.changed()

    def remove(self) -> None:
        """Take the hook away."""
        self.hooks.pop(self.key, None)
        World.changed()


def register_hook(tensor: Tensor, hook: Callable[[Tensor], Tensor | None]) -> Handle:
    """Call hook(gradient) when a gradient reaches the tensor; what it returns takes the gradient's place."""
    if not tensor.needs_grad:
        raise GradientError(
            "register_hook: got a tensor that does not require grad; expected one that does. Try "
            "tensor.requires_grad_() first."
        )
    tensor.hooks = {} if tensor.hooks is None else tensor.hooks
    return Handle(tensor.hooks, hook)


def retain_grad(tensor: Tensor) -> None:
    """Keep the gradient of a computed tensor in its `.grad`, as for leaves."""
    tensor.keeps_grad = tensor.op is not None
