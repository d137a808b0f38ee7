"""What the operation that made a tensor is called: the name that PyTorch prints, and the graph behind `grad_fn`.

A primitive is called after its row of the table. What is one operation in PyTorch and several rows here gets its name
by `shown_as` (for a function) or `called` (for one result); the rows in between stay what they are on the tape.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, cast

from glassnet.core.kinds import TUPLES
from glassnet.core.mode import mode, serial
from glassnet.core.printing import grad_fn_name

if TYPE_CHECKING:
    from glassnet.core.tensor import Tensor

P = ParamSpec("P")
R = TypeVar("R")


class Label(NamedTuple):
    """A name for several rows as one operation, and what that operation was given."""

    name: str
    given: tuple[Any, ...]


def called(y: Tensor, name: str, *given: Any) -> Tensor:
    """y, which from now on prints as the result of one operation on the given tensors."""
    if y.needs_grad and y.op is not None:
        y.label = Label(name, given)
    return y


def shown_as(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function of several rows that is one operation in PyTorch, whose results print with that name.

    >>> import glassnet as torch
    >>> torch.lerp(torch.tensor(1.0, requires_grad=True), torch.tensor(3.0), 0.5)
    tensor(2., grad_fn=<LerpBackward0>)
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def shown(*args: P.args, **kwargs: P.kwargs) -> R:
            if not mode.grad:
                return function(*args, **kwargs)
            start = next(serial)
            y: Any = function(*args, **kwargs)
            for part in y if isinstance(y, TUPLES) else (y,):
                if part.serial > start:  # a function may hand back what it was given
                    called(part, name, *args)
            return y

        return shown

    return decorate


def name_of(y: Tensor) -> str:
    """The name of what made y."""
    if y.label is not None:
        return y.label.name
    if y.op is None:
        return "AccumulateGrad"
    if y.op.name == "sum_to":  # in PyTorch a sum, and a view where axes were lost
        return "SumBackward1" if y.inputs[0].array.ndim == y.array.ndim else "ViewBackward0"
    return grad_fn_name(y.op.name, y.attrs)


class Maker:
    """The operation that made a tensor, as PyTorch's `grad_fn` shows it."""

    def __init__(self, made: Tensor) -> None:
        self._made = made

    def name(self) -> str:
        """Its name."""
        return name_of(self._made)

    @property
    def next_functions(self) -> tuple[tuple[Maker | None, int], ...]:
        """What made the tensors that it was given, each with 0; None for one that gradients do not flow to."""
        made = self._made
        if made.label is None and made.op is not None and made.op.name == "linear":  # PyTorch's addmm(b, x, w.t())
            x, w, b = made.inputs
            return _before(b), _before(x), (TBackward0(w) if w.needs_grad else None, 0)
        given = made.inputs if made.label is None else made.label.given
        tensors = [t for t in given if hasattr(t, "needs_grad")]
        return tuple(_before(t) for t in tensors)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self._made):#x}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Maker) and other._made is self._made

    def __hash__(self) -> int:
        return id(self._made)


class TBackward0(Maker):
    """The transposing of a weight, which is no operation of its own here."""

    def name(self) -> str:
        """Its name in PyTorch."""
        return "TBackward0"

    @property
    def next_functions(self) -> tuple[tuple[Maker | None, int], ...]:
        """What made the weight."""
        return (_before(self._made),)


class AccumulateGrad(Maker):
    """Where gradients end: the leaf that keeps them."""

    def name(self) -> str:
        """Its name in PyTorch's C++."""
        return "torch::autograd::AccumulateGrad"

    @property
    def variable(self) -> Tensor:
        """The leaf."""
        return self._made


@functools.cache
def _kind(name: str) -> type[Maker]:
    """A class of that name, since programs print the class of a `grad_fn`."""
    return cast("type[Maker]", type(name, (Maker,), {}))


def _before(t: Tensor) -> tuple[Maker | None, int]:
    """An entry of `next_functions`."""
    return (maker(t) if t.needs_grad else None, 0)


def maker(y: Tensor) -> Maker:
    """The operation that made y; for a leaf, the place where its gradient is added up."""
    return AccumulateGrad(y) if y.op is None else _kind(name_of(y))(y)
