"""Operations with a derivative of one's own."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import factories, ops
from glassnet.core.inplace import become, past_of
from glassnet.core.mode import mode, no_grad
from glassnet.core.naming import called
from glassnet.core.row import Op
from glassnet.core.tensor import Tensor, apply, constant, wrap
from glassnet.errors import GradientError, NotSupportedError, complain


class Context:
    """What `forward` keeps for `backward`: tensors by `save_for_backward`, all else as attributes."""

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Tensor | None, ...] = ()
        self._outputs: dict[int, Tensor] = {}  # the results as the tape knows them, while backward runs
        self._spent = False
        self._no_gradient: set[int] = set()
        self._dirty: set[int] = set()
        self.materialize_grads = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`, which finds them in `saved_tensors`."""
        self._saved = tensors

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that were saved."""
        if self._spent and self._saved:
            got = "saved_tensors: got a second backward through the same graph"
            expected = "expected one, because what was saved was given back after the first"
            raise GradientError(complain(got, expected, "Try backward(retain_graph=True) the first time"))
        return tuple(self._outputs.get(id(t), t) for t in self._saved)

    def mark_non_differentiable(self, *results: Tensor) -> None:
        """Say that no gradient flows through these results."""
        self._no_gradient |= {id(t) for t in results}

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say that `forward` changed these arguments in place, and returns them as its results."""
        self._dirty |= {id(t) for t in tensors}

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (True) or None for a result that nothing flows back to."""
        self.materialize_grads = value


class Function:
    """An operation with a derivative of one's own.

    `forward(ctx, *args)` computes; `backward(ctx, *gradients)`, one for each result, returns a gradient (or None) for
    each argument. With `setup_context(ctx, inputs, output)`, `forward` does not take `ctx`.

    >>> import glassnet as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x**2
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    forward: Callable[..., Any]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradients of the arguments, from those of the results."""
        got = "Function: got no backward, and a gradient to follow"
        raise NotSupportedError(complain(got, "expected the derivative too", "Try def backward(ctx, g)"))

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward`; gradients will flow through `backward`."""
        ctx = Context(tuple(isinstance(a, Tensor) and a.needs_grad for a in args))
        with no_grad():
            setup = getattr(cls, "setup_context", None)
            result = cls.forward(ctx, *args) if setup is None else cls.forward(*args)
            if setup is not None:
                setup(ctx, args, result)
        outputs = (result,) if isinstance(result, Tensor) else tuple(result)
        if ctx._dirty and any(ctx.needs_input_grad):
            made = _changed_in_place(cls, ctx, outputs, args)
        else:
            made = _Slopes(cls, ctx, outputs, args).results()
        return made[0] if isinstance(result, Tensor) else made


def _changed_in_place(cls: type[Function], ctx: Context, outputs: tuple[Any, ...], args: tuple[Any, ...]) -> Any:
    """The results, those marked dirty being the arguments themselves, which take on the new story."""
    before = {id(a): past_of(a) for a in args if id(a) in ctx._dirty}
    stand_ins = tuple(wrap(y.array) if id(y) in before else y for y in outputs)
    made = _Slopes(cls, ctx, stand_ins, tuple(before.get(id(a), a) for a in args)).results()
    return tuple(become(y, m, before[id(y)]) if id(y) in before else m for y, m in zip(outputs, made, strict=True))


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `backward` whose own derivative is not to be had: it runs without following gradients.

    What it returns refuses to be differentiated again, with GradientError.

    >>> import glassnet as torch
    >>> class Ceiling(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x.ceil()
    ...     @staticmethod
    ...     @torch.autograd.function.once_differentiable
    ...     def backward(ctx, g):
    ...         return g
    >>> x = torch.tensor(1.5, requires_grad=True)
    >>> Ceiling.apply(x).backward()
    >>> x.grad
    tensor(1.)
    """

    @functools.wraps(backward)
    def once(ctx: Context, *gradients: Any) -> Any:
        with no_grad():
            found = backward(ctx, *gradients)
        followed = [g for g in gradients if isinstance(g, Tensor) and g.needs_grad]
        if not mode.grad or not followed:
            return found
        slopes = found if isinstance(found, tuple | list) else (found,)
        return tuple(apply(_ONCE, s.detach(), *followed) if isinstance(s, Tensor) else s for s in slopes)

    return once


def _refuse_second(*given: Tensor) -> Tensor:
    got = "once_differentiable: got a derivative of a backward that is marked so"
    raise GradientError(complain(got, "expected the first derivative only", "Try backward without the mark"))


_ONCE = Op("error", lambda slope, *gradients: slope, lambda i: _refuse_second, say="{0}", tex="{0}", view=True)


class _Slopes:
    """The user's derivative of one call, asked once in each backward pass."""

    def __init__(self, cls: type[Function], ctx: Context, outputs: tuple[Any, ...], args: tuple[Any, ...]) -> None:
        self.cls, self.ctx, self.outputs, self.args = cls, ctx, outputs, args
        self.tensors = [(i, a) for i, a in enumerate(args) if isinstance(a, Tensor)]
        self.latest: tuple[Tensor | None, bool, Any] = (None, False, ())
        self.came: dict[int, Tensor] = {}  # the gradients of several results, which wait for each other
        self.on_tape: dict[int, tuple[weakref.ref[Tensor], int]] = {}  # results as the tape knows them, and since when

    def results(self) -> tuple[Any, ...]:
        """The results as the tape knows them; what is no tensor, or has no derivative, stays as it is."""
        followed = [k for k, y in enumerate(self.outputs) if self._is_followed(y)]
        made = list(self.outputs)
        if len(followed) == 1:
            k = followed[0]
            made[k] = apply(self._row(k), self._alone(k), *[a for _, a in self.tensors])
        elif followed:
            joint = apply(self._row(None), constant(np.zeros(())), *[a for _, a in self.tensors])
            for k in followed:
                y = apply(self._waiting(k), self._alone(k), joint)
                made[k] = called(y, f"{self.cls.__name__}Backward", *self.args)
        self.on_tape = {k: (weakref.ref(made[k]), made[k].serial) for k in followed}
        return tuple(made)

    def _alone(self, k: int) -> Tensor:
        """A result without a story: forward may have handed back an argument, to which no gradient flows twice."""
        y = self.outputs[k]
        return y.detach() if y.needs_grad else y

    def _is_followed(self, y: Any) -> bool:
        return isinstance(y, Tensor) and id(y) not in self.ctx._no_gradient

    def _row(self, alone: int | None) -> Op:
        """A row of the table: the value as it is, and the user's derivative for each tensor passed in.

        The value is the result if it is `alone`, or else a 0 from which all results hang.
        """

        def rule(i: int) -> Callable[..., Tensor]:
            def slope(*given: Tensor) -> Tensor:
                g, y, *inputs = given
                s = self._of(alone, g, y)[self.tensors[i - 1][0]]
                return factories.zeros_like(inputs[i]) if s is None else s

            slope.asks_its_context = True  # type: ignore[attr-defined]
            return slope

        return Op(self.cls.__name__, lambda value, *inputs: value, rule, say="{0}", tex="{0}", view=True)

    def _waiting(self, k: int) -> Op:
        """A row for one of several results, whose gradient waits until backward comes to what they hang from."""

        def wait(g: Tensor, y: Tensor, result: Tensor, joint: Tensor) -> Tensor:
            self.came[k] = g
            return factories.zeros_like(joint)

        wait.asks_its_context = True  # type: ignore[attr-defined]
        return Op(self.cls.__name__, lambda result, joint: result, (None, wait), say="{0}", tex="{0}", view=True)

    def _of(self, alone: int | None, g: Tensor, y: Tensor) -> Any:
        """What `backward` returns for the gradients that came back; results without one get zeros, or None."""
        if self.latest[0] is not g or self.latest[1] is not y.spent:
            came, self.came = (self.came if alone is None else {alone: g}), {}
            ctx = self.ctx
            ctx._outputs, ctx._spent = self._known(alone, y), y.spent
            found = self.cls.backward(ctx, *[came.get(k, self._nothing(r)) for k, r in enumerate(self.outputs)])
            found = found if isinstance(found, tuple | list) else (found,)
            ctx._outputs = {}
            self._check_count(found)
            found = tuple(self._fitted(s, a) for s, a in zip(found, self.args, strict=False))
            self.latest = (g, y.spent, found)
        return self.latest[2]

    def _nothing(self, result: Any) -> Any:
        return factories.zeros_like(result) if self.ctx.materialize_grads and isinstance(result, Tensor) else None

    def _known(self, alone: int | None, y: Tensor) -> dict[int, Tensor]:
        """The results as the tape knows them, by what `forward` returned: what it saved of them leads on to them.

        y is the result if it is alone, or else what all hang from; a result that the user let go is hung on it anew.
        """
        if alone is not None:
            return {id(self.outputs[alone]): y}
        known: dict[int, Tensor] = {}
        for k, (found, since) in self.on_tape.items():
            result = found()
            while result is not None and result.serial != since:  # changed in place
                result = result.past
            known[id(self.outputs[k])] = apply(self._waiting(k), self.outputs[k], y) if result is None else result
        return known

    def _fitted(self, slope: Any, argument: Any) -> Any:
        """A gradient in the shape of its argument: summed over the axes along which that would be repeated."""
        if not isinstance(slope, Tensor) or not isinstance(argument, Tensor):
            return slope
        got, shape = slope.array.shape, argument.array.shape
        if got == shape:
            return slope
        if len(got) < len(shape) or any(n not in (1, m) for n, m in zip(shape[::-1], got[::-1], strict=False)):
            words = f"{self.cls.__name__}: got a gradient of shape {got} from backward for an argument of shape {shape}"
            raise GradientError(complain(words, "expected the same shape", "Try torch.zeros_like(x) for a start"))
        return ops.sum_to(slope, shape=shape)

    def _check_count(self, found: Any) -> None:
        if len(found) < len(self.args) or any(s is not None for s in found[len(self.args) :]):
            name = self.cls.__name__
            got = f"{name}: got {len(found)} gradients from backward for {len(self.args)} arguments of forward"
            hint = "Try returning None for an argument without a gradient"
            raise GradientError(complain(got, "expected one for each", hint))
