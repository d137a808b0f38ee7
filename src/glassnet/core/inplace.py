"""Changes in place, as PyTorch has them.

The result is written into the tensor's own memory. Inside a followed computation the tensor takes on the new story;
what it was before lives on as an alias that later rules refer to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import factories, layout, ops, random, windows
from glassnet.core.into import takes_out
from glassnet.core.kinds import TUPLES
from glassnet.core.mode import mode
from glassnet.core.naming import called, shown_as
from glassnet.core.tensor import Tensor, alias, as_tensor_like, renew, touched, wrap
from glassnet.errors import DTypeError, GradientError, ShapeError, complain

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}  # a change in place may lose digits, but not turn floats into integers


def become(x: Tensor, result: Tensor, past: Tensor) -> Tensor:
    """x, changed in place into the result; `past` is what `past_of(x)` gave before the result was computed."""
    if result.array.shape != x.array.shape:
        raise ShapeError(
            f"in place: got a result of shape {tuple(result.array.shape)} for a tensor of shape "
            f"{tuple(x.array.shape)}; expected "
            "the same shape, since memory cannot grow. Try the out-of-place form (x = x + y)."
        )
    if _RANK[result.array.dtype.kind] > _RANK[x.array.dtype.kind]:
        raise DTypeError(
            f"in place: got a result of {result.dtype} for a tensor of {x.dtype}; expected the same kind. Try x = "
            "x.float() first."
        )
    if not np.can_cast(result.array.dtype, x.array.dtype, "same_kind"):
        result = ops.cast(result, dtype=x.array.dtype)
    if not (mode.grad and (result.needs_grad or x.needs_grad)):
        ops.assign(x, result)
        touched(x)
        return x
    if (base := windows.base_of(x)) is not None:
        return _become_through(x, base, result)
    past = alias(x) if past is x else past
    if mode.trace is not None:
        mode.trace.supersede(x, past, result)
    np.copyto(x.array, result.array, casting="same_kind")
    x.past = past
    x.needs_grad, x.op, x.inputs, x.attrs, x.serial = (
        result.needs_grad,
        result.op,
        result.inputs,
        result.attrs,
        result.serial,
    )
    x.label, x.spent = result.label, False
    x.written[0] = x.serial
    return x


def _become_through(x: Tensor, base: Tensor, result: Tensor) -> Tensor:
    """The base of the window x, changed in place where x looks at it."""
    if base.op is None and base.needs_grad:
        got = f"in place: got a window of shape {tuple(x.shape)} on a leaf that requires grad"
        expected = "expected the change inside no_grad(), because the leaf's gradient belongs to the value it had"
        raise GradientError(complain(got, expected, "Try with torch.no_grad(): …"))
    before, places = alias(base), windows.places_of(x, base)
    windows.check_apart(x, places)
    become(base, windows.stored(before, wrap(places), result), before)
    windows.look_again(x)
    return x


def past_of(x: Tensor) -> Tensor:
    """What x was before a change in place; a leaf that requires grad may only be changed under no_grad()."""
    renew(x)
    if not (mode.grad and x.needs_grad):
        return x
    if x.op is None:
        raise GradientError(
            f"in place: got a leaf of shape {tuple(x.array.shape)} that requires grad; expected the change inside "
            "no_grad(), "
            "because its gradient belongs to the value it had. Try with torch.no_grad(): …"
        )
    return alias(x)


def in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that writes what the function gives into the tensor's own memory."""

    def changed(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        past = past_of(self)
        if not (mode.grad and any(isinstance(a, Tensor) and a.needs_grad for a in (self, *args, *kwargs.values()))):
            return become(self, function(self, *args, **kwargs), past)
        past = alias(self) if past is self else past
        before = ops.copy(past)  # rules may read what it was, and its own memory is about to change
        given = [before if a is self else a for a in args]
        return become(self, function(before, *given, **kwargs), past)

    return changed


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Take over the numbers of src."""
    past = past_of(self)
    source = as_tensor_like(src, self)
    value = ops.expand(source, shape=tuple(self.array.shape)) if source.array.shape != self.array.shape else source
    if value.array.dtype != self.array.dtype:
        value = ops.cast(value, dtype=self.array.dtype)
    elif mode.grad and (self.needs_grad or source.needs_grad):
        value = called(ops.copy(value), "CopyBackwards", source)  # self takes on a story of its own
    return become(self, value, past)


def fill_(self: Tensor, value: Any) -> Tensor:
    """Set every number to the value."""
    past = past_of(self)
    number = value.item() if isinstance(value, Tensor) else value
    return become(self, ops.full(shape=tuple(self.array.shape), value=number, dtype=self.array.dtype), past)


def zero_(self: Tensor) -> Tensor:
    """Set every number to 0."""
    return fill_(self, 0)


def _drawn(self: Tensor, sampler: Any, **options: Any) -> Tensor:
    past = past_of(self)
    return become(self, factories.draw(sampler, shape=tuple(self.array.shape), dtype=self.array.dtype, **options), past)


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with uniform random numbers."""
    return _drawn(self, random.uniform, low=from_, high=to, generator=generator)


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with normal random numbers."""
    return _drawn(self, random.normal, mean=mean, std=std, generator=generator)


def bernoulli_(self: Tensor, p: float = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with 1 (probability p) and 0."""
    return _drawn(self, random.bernoulli, p=p, generator=generator)


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with waiting times between events that come lambd times per unit."""
    return _drawn(self, random.exponential, rate=lambd, generator=generator)


def geometric_(self: Tensor, p: float, *, generator: Any = None) -> Tensor:
    """Fill with the number of the first try that works, where each works with probability p."""
    return _drawn(self, random.geometric, p=p, generator=generator)


def random_(self: Tensor, from_: int = 0, to: int | None = None, *, generator: Any = None) -> Tensor:
    """Fill with random whole numbers from from_ to to - 1; without bounds, as many as the dtype can tell apart."""
    shape = tuple(self.array.shape)
    if to is None and not from_:
        return copy_(self, factories.draw(random.integers, shape=shape, dtype=self.array.dtype, generator=generator))
    if to is None:
        from_, to = 0, from_
    return copy_(self, factories.draw(random.randint, shape=shape, low=from_, high=to, generator=generator))


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """self[index] = value."""
    past = past_of(self)
    source = as_tensor_like(value, self)
    if not (mode.grad and (self.needs_grad or source.needs_grad)):
        _write_window(self, index, source)
        return
    past = alias(self) if past is self else past
    places = layout.getitem(wrap(np.arange(self.array.size, dtype=np.int64).reshape(self.array.shape)), index)
    become(self, windows.stored(past, places, _without_lead(source, places)), past)


def _without_lead(source: Tensor, target: Tensor) -> Tensor:
    """Numbers for fewer axes than they have, without the axes of length 1 in front."""
    extra = source.array.ndim - target.array.ndim
    if extra <= 0 or any(n != 1 for n in source.array.shape[:extra]):
        return source
    return source.reshape(source.array.shape[extra:])


def _write_window(self: Tensor, index: Any, source: Tensor) -> None:
    target = layout.getitem(self, index)
    source = _without_lead(source, target)
    if (target.op is not None and target.op.view) or np.shares_memory(target.array, self.array):
        copy_(target, source)
        touched(self)
        return
    if mode.trace is not None:
        mode.trace.stop("writing to the places that a tensor of indices names")
    parts = index if isinstance(index, TUPLES) else (index,)
    self.array[tuple(i.array if isinstance(i, Tensor) else i for i in parts)] = source.array
    touched(self)


@takes_out
@shown_as("IndexAddBackward0")
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """input with alpha · source added to the slices that index names along one axis."""
    source = source if alpha == 1 else source * alpha
    lead = (slice(None),) * layout.axis(dim, input.array.ndim)
    return input + ops.unpick(source, index, at=(*lead, [0]), shape=tuple(input.array.shape))
