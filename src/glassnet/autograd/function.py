"""Automatic differentiation by name: `grad`, `backward`, `Function`, `gradcheck`, Jacobians and Hessians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from glassnet.core import factories, layout, tape
from glassnet.core.gradcheck import gradcheck, gradgradcheck
from glassnet.core.mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from glassnet.core.ops import Op
from glassnet.core.tape import grad
from glassnet.core.tensor import Tensor, apply

__all__ = [
    "Function",
    "backward",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
]


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Call `backward` on each tensor, with its gradient."""
    ts = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    gs = grad_tensors if isinstance(grad_tensors, list | tuple) else [grad_tensors] * len(ts)
    for t, g in zip(ts, gs, strict=True):
        tape.backward(t, g, create_graph=create_graph)


class Context:
    """What `forward` keeps for `backward`."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple[Tensor, ...] = ()

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors for `backward`, which finds them in `saved_tensors`."""
        self.saved_tensors = tensors


class Function:
    """An operation with a derivative of one's own.

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
    backward: Callable[..., Any]

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward`; gradients will flow through `backward`."""
        ctx = Context(tuple(isinstance(a, Tensor) and a.needs_grad for a in args))
        with no_grad():
            setup = getattr(cls, "setup_context", None)
            if setup is not None:
                result = cls.forward(*args)
                setup(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        outputs = (result,) if isinstance(result, Tensor) else tuple(result)
        slopes = _Slopes(cls, ctx, outputs)
        tensors = [a for a in args if isinstance(a, Tensor)]
        at = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        made = tuple(apply(slopes.row(k, at), y, *tensors) for k, y in enumerate(outputs))
        return made[0] if isinstance(result, Tensor) else made


class _Slopes:
    """The user's derivative of one call, asked once for each gradient that comes back."""

    def __init__(self, cls: type[Function], ctx: Context, outputs: tuple[Tensor, ...]) -> None:
        self.cls, self.ctx, self.outputs = cls, ctx, outputs
        self.latest: tuple[Tensor | None, Any] = (None, ())

    def row(self, k: int, at: list[int]) -> Op:
        """A row of the table for result k: the result as it is, and the user's derivative for each tensor passed in."""

        def rule(i: int) -> Callable[..., Tensor]:
            def slope(g: Tensor, y: Tensor, *inputs: Tensor) -> Tensor:
                s = self._of(k, g)[at[i - 1]]
                return factories.zeros_like(inputs[i]) if s is None else s

            return slope

        return Op(self.cls.__name__, lambda result, *inputs: result, rule, say="{0}", tex="{0}", view=True)

    def _of(self, k: int, g: Tensor) -> Any:
        """What `backward` returns when g comes back to result k; it is linear, so the other results get zeros."""
        if self.latest[0] is not g:
            back = [g if i == k else factories.zeros_like(y) for i, y in enumerate(self.outputs)]
            found = self.cls.backward(self.ctx, *back)
            self.latest = (g, found if isinstance(found, tuple | list) else (found,))
        return self.latest[1]


class functional:  # noqa: N801 - PyTorch's name
    """Jacobians, Hessians and products with them."""

    @staticmethod
    def jacobian(func: Callable[..., Tensor], inputs: Tensor, create_graph: bool = False) -> Tensor:
        """d func(x)[i] / d x[j], of shape (*output shape, *input shape).

        >>> import glassnet as torch
        >>> torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
        """
        with enable_grad():
            x = inputs if inputs.needs_grad else inputs.detach().requires_grad_()
            y = func(x)
            rows = [grad(v, x, create_graph=create_graph, allow_unused=True)[0] for v in y.reshape(-1).unbind(0)]
        rows = [factories.zeros_like(x) if r is None else r for r in rows]
        return layout.stack(rows).reshape((*y.array.shape, *x.array.shape))

    @staticmethod
    def hessian(func: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """The second derivatives of a function with one result, of shape (*input shape, *input shape)."""

        def slope(x: Tensor) -> Tensor:
            return grad(func(x), x, create_graph=True)[0]  # type: ignore[return-value]

        return functional.jacobian(slope, inputs)

    @staticmethod
    def vjp(func: Callable[..., Tensor], inputs: Tensor, v: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """func(x), and v^T J."""
        with enable_grad():
            x = inputs.detach().requires_grad_()
            y = func(x)
        return y.detach(), grad(y, x, v)[0]

    @staticmethod
    def jvp(func: Callable[..., Tensor], inputs: Tensor, v: Tensor) -> tuple[Tensor, Tensor | None]:
        """func(x), and J v, by reading the backward pass backward."""
        with enable_grad():
            x = inputs.detach().requires_grad_()
            y = func(x)
            u = factories.zeros_like(y).requires_grad_()
            (back,) = grad(y, x, u, create_graph=True)
        return y.detach(), grad(back, u, v)[0]  # type: ignore[arg-type]
