"""Reading the tape backward: from a result to the leaves it was made of."""

from __future__ import annotations

import dis
import functools
import inspect
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from glassnet.core import layout, ops
from glassnet.core.kinds import TUPLES
from glassnet.core.mode import World, enable_grad, mode, no_grad
from glassnet.core.naming import name_of
from glassnet.core.tensor import Constant, Tensor, as_used, renew, touched
from glassnet.errors import DTypeError, GradientError, NotSupportedError, ShapeError, complain


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


def _leading_to(tape: Sequence[Tensor], wanted: set[int]) -> set[int]:
    """The wanted tensors, and those that were computed from them."""
    on_the_way = set(wanted)
    for y in tape:
        if any(id(x) in on_the_way for x in inputs_of(y)):
            on_the_way.add(id(y))
    return on_the_way


def gradients(
    outputs: Sequence[Tensor], seeds: Sequence[Tensor], wanted: Iterable[Tensor] | None = None, retain: bool = True
) -> dict[int, tuple[Tensor, Tensor]]:
    """Read the tape backward: {id(tensor): (tensor, gradient)} for every leaf, or for the wanted tensors alone.

    Without `retain`, what is read is spent: a second reading that needs its numbers is refused, as PyTorch does.
    """
    if mode.trace is not None:
        mode.trace.read_backward = True
        if mode.anomaly:
            mode.trace.stop("detect_anomaly looks at every gradient")
    tape = tape_of(*outputs)
    keep = {id(t) for t in wanted or ()}
    on_the_way = None if wanted is None else _leading_to(tape, keep)
    grads: dict[int, Tensor] = {}
    found: dict[int, tuple[Tensor, Tensor]] = {}
    for y, g in zip(outputs, seeds, strict=True):
        _arrive(grads, found, y, g)
    for y in reversed(tape):
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
        read = False
        changed = y.written[0] > y.serial or any(x.written[0] > y.serial for x in inputs)
        for i, x in enumerate(inputs):
            if not x.needs_grad or (on_the_way is not None and id(x) not in on_the_way):
                continue
            rule = op.rule(i)
            if rule is None:
                continue
            if changed:
                _check_unchanged(rule, y)
            if y.spent:
                _check_kept(rule, y)
            gx = rule(g, y, *inputs, **y.attrs)
            if mode.anomaly:
                _check_numbers(gx, y, i)
            _arrive(grads, found, x, gx)
            read = True
        if read and not retain:
            y.spent = True
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
        g = g if changed is None else _checked(changed, g, hook)
    if t.keeps_grad:
        t.grad = g if t.grad is None else t.grad + g
    return g


def _checked(changed: Any, g: Tensor, hook: Any) -> Tensor:
    """What a hook returned in place of a gradient, which must be one of the same shape."""
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(changed, Tensor):
        got = f"hook {name!r}: got {type(changed).__name__} in place of a gradient"
        raise DTypeError(complain(got, "expected a tensor, or None to leave it as it is", "Try returning g"))
    if changed.array.shape != g.array.shape:
        got = f"hook {name!r}: got shape {changed.array.shape} in place of a gradient of shape {g.array.shape}"
        raise GradientError(complain(got, "expected the same shape", "Try torch.zeros_like(g) for a start"))
    return changed


def _names_of(rule: Callable[..., Tensor], y: Tensor) -> list[str]:
    """What a rule calls y and its inputs, in order."""
    code = rule.__code__
    names = list(code.co_varnames[1 : min(code.co_argcount, 2 + len(y.inputs))])
    if code.co_flags & inspect.CO_VARARGS:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        names += [rest] * (1 + len(y.inputs) - len(names))
    return names


def _check_kept(rule: Callable[..., Tensor], y: Tensor) -> None:
    """Refuse a rule that reads numbers which an earlier backward was free to forget."""
    if hasattr(rule, "asks_its_context"):  # of a Function, which knows what it saved
        return
    if y.op is None or y.op.name in _SHAPES_ALONE:
        return
    read = _values_read(rule)
    numbers = (t for name, t in zip(_names_of(rule, y), (y, *y.inputs), strict=False) if name in read)
    if not all(isinstance(t, Constant) for t in numbers):
        raise GradientError(
            f"backward: got a second backward through the same graph, at {name_of(y)}; expected one, because the "
            "values that it needs were given back after the first. Try backward(retain_graph=True) the first time, or "
            "compute the result anew."
        )


_SHAPES_ALONE = frozenset({"concat"})  # rules that look through all inputs, but only at their shapes


def _check_numbers(g: Tensor, y: Tensor, i: int) -> None:
    """Refuse NaN where it is born."""
    if g.array.dtype.kind == "f" and np.isnan(g.array).any():
        where = [int(k) for k in np.argwhere(np.isnan(g.array))[0]]
        raise GradientError(
            f"backward: Function '{name_of(y)}' returned nan values in its {i}th output, first at position {where} of "
            f"shape {tuple(g.array.shape)}; expected numbers. Try looking at what it was given: a logarithm or root of "
            "0, a division by 0, or inf - inf."
        )


def _check_unchanged(rule: Callable[..., Tensor], y: Tensor) -> None:
    """Refuse a rule that would read memory changed in place since y was made."""
    read = _values_read(rule)
    for name, t in zip(_names_of(rule, y), (y, *y.inputs), strict=False):
        if t.written[0] > y.serial and name in read:
            raise GradientError(
                f"backward: got a tensor of shape {tuple(t.array.shape)} that was changed in place after "
                f"{y.op.name if y.op else 'an operation'} had used it; expected it unchanged, because the gradient "
                "is computed "
                "from it. Try the out-of-place form (x = x + 1 for x += 1), or .clone() before the change."
            )


def _values_read(rule: Callable[..., Tensor]) -> frozenset[str]:
    """The arguments whose numbers a rule reads; asking for `.shape` alone does not count."""
    return _read_by(rule.__code__)


@functools.cache
def _read_by(code: types.CodeType) -> frozenset[str]:
    steps = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "RESUME", "PRECALL", "PUSH_NULL")]
    read: set[str] = set()
    for k, now in enumerate(steps):
        if now.opname.startswith("LOAD_FAST") or now.opname == "LOAD_DEREF":
            asked = [s.argval for s in steps[k + 1 : k + 3] if s.opname.startswith("LOAD_ATTR")]
            if asked[:1] in (["shape"], ["ndim"]) or asked in (["array", "shape"], ["array", "dtype"]):
                continue
            read.update(now.argval if isinstance(now.argval, TUPLES) else (now.argval,))
    return frozenset(read)


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
    renew(y)
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

    The graph can be read again if `retain_graph` (by default what `create_graph` is) says so.
    Raises GradientError for a second backward through a graph that was not retained and whose values it needs.
    """
    backward_all([tensor], [gradient], retain_graph, create_graph, inputs)


def backward_all(
    tensors: Sequence[Tensor],
    seeds: Sequence[Tensor | None],
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Read the graphs of several tensors backward in one go."""
    for y in tensors:
        _check_connected(y)
    wanted = None if inputs is None else [inputs] if isinstance(inputs, Tensor) else list(inputs)
    with enable_grad() if create_graph else no_grad():
        starts = [_seed(y, g) for y, g in zip(tensors, seeds, strict=True)]
        found = gradients(tensors, starts, wanted, _retained(retain_graph, create_graph))
        kept: set[int] = {id(g) for g in seeds}
        for key, (x, g) in found.items():
            if wanted is None or key in {id(t) for t in wanted}:
                accumulate(x, g, create_graph, shared=id(g) in kept)
                kept.add(id(g))


def _retained(retain_graph: bool | None, create_graph: bool) -> bool:
    return create_graph if retain_graph is None else retain_graph


def accumulate(x: Tensor, g: Tensor, create_graph: bool = False, shared: bool = False) -> None:
    """x.grad += g; the first gradient is simply kept, on memory of its own."""
    if x.grad is None:
        x.grad = ops.copy(g) if shared or _is_window(g) else g
    elif create_graph:
        x.grad = x.grad + g
    else:
        ops.assign(x.grad, x.grad + g)
        touched(x.grad)
    if x.hooks:
        for hook in list(x.hooks.values()):
            if isinstance(hook, _AfterAccumulation):
                hook.function(x)


def _is_window(g: Tensor) -> bool:
    """Whether g is a view, which would change with the memory it looks at."""
    base = g.array.base
    return (
        not g.array.flags.writeable
        or (isinstance(base, np.ndarray) and base.size != g.array.size)
        or (g.op is not None and g.op.view)
    )


def _grad_of_each(outputs: Any, inputs: Any, grad_outputs: Any, options: tuple[Any, ...]) -> Any:
    """The gradients for every row of `grad_outputs`, stacked: the rows of a Jacobian when they are those of `eye`."""
    given = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    rows = [grad(outputs, inputs, list(row), *options) for row in zip(*given, strict=True)]
    return tuple(None if column[0] is None else layout.stack(list(column)) for column in zip(*rows, strict=True))


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of (the sum of) outputs with respect to inputs, without touching any `.grad`.

    With `create_graph=True` the gradients can be differentiated again. An input that the outputs do not depend on is an
    error, unless `allow_unused` asks for None or `materialize_grads` for zeros.

    >>> import glassnet as torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> (slope,) = torch.autograd.grad(x**3, x, create_graph=True)
    >>> torch.autograd.grad(slope, x)
    (tensor(18.),)
    """
    if not only_inputs:
        got, hint = "grad: got only_inputs=False", "Try backward() for the leaves"
        raise NotSupportedError(complain(got, "expected True", hint))
    if is_grads_batched:
        options = (True, create_graph, True, allow_unused, False, materialize_grads)
        return _grad_of_each(outputs, inputs, grad_outputs, options)
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    gs = [grad_outputs] if grad_outputs is None or isinstance(grad_outputs, Tensor) else list(grad_outputs)
    gs = gs * len(ys) if len(gs) == 1 else gs
    for y in ys:
        _check_connected(y)
    with enable_grad() if create_graph else no_grad():
        seeds = [_seed(y, g) for y, g in zip(ys, gs, strict=True)]
        found = gradients(ys, seeds, xs, _retained(retain_graph, create_graph))
    slopes = tuple(found[id(x)][1] if id(x) in found else None for x in xs)
    if materialize_grads:
        return tuple(_zeros(x) if s is None else s for x, s in zip(xs, slopes, strict=True))
    if not allow_unused and any(s is None for s in slopes):
        at = [i for i, s in enumerate(slopes) if s is None]
        raise GradientError(
            f"grad: got inputs {at} that the outputs do not depend on; expected every input to be used. Try "
            "allow_unused=True, which gives None for them."
        )
    return slopes


def _zeros(x: Tensor) -> Tensor:
    return ops.full(shape=tuple(x.array.shape), value=0.0, dtype=x.array.dtype)


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


class _AfterAccumulation:
    """A hook that waits until the gradient has been added to `.grad`; the gradient on its way it leaves alone."""

    def __init__(self, function: Callable[[Tensor], None]) -> None:
        self.function = function

    def __call__(self, g: Tensor) -> None:
        """Nothing to say about a gradient on its way."""


def register_post_accumulate_grad_hook(tensor: Tensor, hook: Callable[[Tensor], None]) -> Handle:
    """Call hook(tensor) each time after a gradient has been added to the `.grad` of a leaf.

    >>> import glassnet as torch
    >>> w = torch.tensor([2.0], requires_grad=True)
    >>> handle = w.register_post_accumulate_grad_hook(lambda p: print(p.grad))
    >>> (w * 3).backward()
    tensor([3.])
    """
    if tensor.op is not None and tensor.needs_grad:
        got = f"register_post_accumulate_grad_hook: got a tensor that was computed, by {name_of(tensor)}"
        raise GradientError(complain(got, "expected a leaf, which keeps its gradient", "Try register_hook"))
    return register_hook(tensor, _AfterAccumulation(hook))


def retain_grad(tensor: Tensor) -> None:
    """Keep the gradient of a computed tensor in its `.grad`, as for leaves."""
    tensor.keeps_grad = tensor.op is not None
