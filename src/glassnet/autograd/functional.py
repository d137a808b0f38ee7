"""Jacobians, Hessians, and products with them that never write them down.

Every function takes `func` and its inputs, one tensor or a tuple of them, and answers in the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from glassnet.core import factories, layout
from glassnet.core.mode import enable_grad
from glassnet.core.tape import grad
from glassnet.core.tensor import Tensor
from glassnet.errors import GradientError, ShapeError, complain

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | Sequence[Tensor]


def _several(given: Any) -> list[Tensor]:
    return [given] if isinstance(given, Tensor) else list(given)


def _in_the_form_of(given: Any, answers: Sequence[Any]) -> Any:
    """One answer for one tensor, a tuple for several."""
    return answers[0] if isinstance(given, Tensor) else tuple(answers)


def _leaves(inputs: Any, create_graph: bool) -> list[Tensor]:
    """The inputs, apart from whatever they were computed from; still part of the graph if it is to be gone on with."""
    return [x.view_as(x) if create_graph and x.needs_grad else x.detach().requires_grad_() for x in _several(inputs)]


def _loose(t: Any, create_graph: bool) -> Any:
    return t if create_graph else t.detach()


def _slopes(y: Tensor, xs: Sequence[Tensor], v: Tensor | None = None, create_graph: bool = False) -> list[Tensor]:
    """v^T dy/dx for every x, zeros where y does not depend on x."""
    if not y.needs_grad:
        return [factories.zeros_like(x) for x in xs]
    found = grad(y, xs, v, retain_graph=True, create_graph=create_graph, allow_unused=True)
    return [factories.zeros_like(x) if g is None else g for g, x in zip(found, xs, strict=True)]


def jacobian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """d func(x)[i] / d x[j], of shape (*output shape, *input shape); a tuple per result and input where there are more.

    >>> import glassnet as torch
    >>> torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    with enable_grad():
        xs = _leaves(inputs, create_graph)
        y = func(*xs)
        _check_strict(strict, "jacobian", _several(y), xs)
        found = [_in_the_form_of(inputs, _rows(v, xs, create_graph)) for v in _several(y)]
    return _in_the_form_of(y, found)


def _rows(y: Tensor, xs: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
    """The Jacobian of y with respect to each x."""
    rows = [_slopes(v, xs, create_graph=create_graph) for v in y.reshape(-1).unbind(0)]
    if not rows:
        return [factories.zeros(*y.array.shape, *x.array.shape) for x in xs]
    columns = [layout.stack([row[i] for row in rows]) for i in range(len(xs))]
    return [c.reshape((*y.array.shape, *x.array.shape)) for c, x in zip(columns, xs, strict=True)]


def _check_strict(strict: bool, name: str, ys: Sequence[Tensor], xs: Sequence[Tensor]) -> None:
    if strict and not all(y.needs_grad for y in ys):
        got = f"{name}: got a result that does not depend on the inputs"
        raise GradientError(complain(got, "expected one that does, since strict=True", "Try strict=False"))


def _one_number(name: str, y: Any) -> Tensor:
    """The result of a function that must have a single number."""
    if not isinstance(y, Tensor) or y.array.size != 1:
        got = f"{name}: got {'several results' if not isinstance(y, Tensor) else f'a result of shape {y.array.shape}'}"
        raise ShapeError(complain(got, "expected a single number", "Try .sum() of the result"))
    return y.reshape(())


def hessian(
    func: Callable[..., Tensor],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function with one number, of shape (*input shape, *input shape).

    >>> import glassnet as torch
    >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def slope(*xs: Tensor) -> Any:
        slopes = _slopes(_one_number("hessian", func(*xs)), xs, create_graph=True)
        return _in_the_form_of(inputs, slopes)

    return jacobian(slope, inputs, create_graph, strict)


def _weights(name: str, role: str, given: Any, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The factors v, one for each tensor and of its shape; 1 for a single number."""
    if given is None and all(t.array.size == 1 for t in tensors):
        return [factories.ones_like(t) for t in tensors]
    vs = [] if given is None else _several(given)
    if [v.array.shape for v in vs] != [t.array.shape for t in tensors]:
        got = f"{name}: got v of shapes {[tuple(v.array.shape) for v in vs]}"
        expected = f"expected {[tuple(t.array.shape) for t in tensors]}, those of the {role}"
        raise ShapeError(complain(got, expected, "Try torch.ones_like of each"))
    return vs


def vjp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """func(x), and v^T J: one pass backward.

    >>> import glassnet as torch
    >>> torch.autograd.functional.vjp(lambda x: x * x, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        xs = _leaves(inputs, create_graph)
        y = func(*xs)
        ys = _several(y)
        _check_strict(strict, "vjp", ys, xs)
        back = _pulled(ys, xs, _weights("vjp", "results", v, ys), create_graph)
    return _in_the_form_of(y, [_loose(r, create_graph) for r in ys]), _in_the_form_of(inputs, back)


def _pulled(ys: Sequence[Tensor], xs: Sequence[Tensor], vs: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
    """sum over the results of v^T dy/dx, for every x."""
    followed = [(y, v) for y, v in zip(ys, vs, strict=True) if y.needs_grad]
    if not followed:
        return [factories.zeros_like(x) for x in xs]
    outputs, seeds = [y for y, _ in followed], [v for _, v in followed]
    found = grad(outputs, xs, seeds, retain_graph=True, create_graph=create_graph, allow_unused=True)
    return [factories.zeros_like(x) if g is None else g for g, x in zip(found, xs, strict=True)]


def jvp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """func(x), and J v: the backward pass u^T J is linear in u, and its own gradient, weighted by v, is J v.

    >>> import glassnet as torch
    >>> torch.autograd.functional.jvp(lambda x: x * x, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    with enable_grad():
        xs = _leaves(inputs, create_graph)
        y = func(*xs)
        ys = _several(y)
        _check_strict(strict, "jvp", ys, xs)
        us = [factories.zeros_like(r).requires_grad_() for r in ys]
        back = _pulled(ys, xs, us, create_graph=True)
        along = _pulled(back, us, _weights("jvp", "inputs", v, xs), create_graph)
    return _in_the_form_of(y, [_loose(r, create_graph) for r in ys]), _in_the_form_of(y, along)


def vhp(
    func: Callable[..., Tensor], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensor, Any]:
    """func(x), and v^T H of a function with one number.

    >>> import glassnet as torch
    >>> torch.autograd.functional.vhp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        xs = _leaves(inputs, create_graph)
        y = _one_number("vhp", func(*xs))
        _check_strict(strict, "vhp", [y], xs)
        slopes = _slopes(y, xs, create_graph=True)
        back = _pulled(slopes, xs, _weights("vhp", "inputs", v, xs), create_graph)
    return _loose(y, create_graph), _in_the_form_of(inputs, back)


def hvp(
    func: Callable[..., Tensor], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Tensor, Any]:
    """func(x), and H v: the same as `vhp`, since a Hessian is symmetric."""
    return vhp(func, inputs, v, create_graph, strict)
