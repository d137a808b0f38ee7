"""Functions of functions, as `torch.func` has them: gradients, Jacobians, and a function mapped over a batch.

Every transform takes a function and returns one. Parameters of a module go in by `functional_call`.

>>> import glassnet as torch
>>> cube = lambda x: x**3
>>> torch.func.grad(torch.func.grad(cube))(torch.tensor(2.0))
tensor(12.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from glassnet.autograd import functional
from glassnet.core import factories, layout, tape
from glassnet.core.mode import World, enable_grad, is_grad_enabled
from glassnet.core.tensor import Tensor
from glassnet.errors import GradientError, ShapeError, ValueRangeError, complain
from glassnet.nn.module import Module

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "stack_module_state",
    "vjp",
    "vmap",
]

Places = int | tuple[int, ...]


# ---- trees of tensors -----------------------------------------------------------------------------------------------


def _leaves(tree: Any) -> list[Tensor]:
    """The tensors in nested tuples, lists and dictionaries, in order."""
    if isinstance(tree, Tensor):
        return [tree]
    parts = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list | tuple) else ()
    return [t for part in parts for t in _leaves(part)]


def _rebuilt(tree: Any, leaves: Iterator[Any]) -> Any:
    """The same nest with other leaves."""
    if isinstance(tree, Tensor):
        return next(leaves)
    if isinstance(tree, Mapping):
        return {key: _rebuilt(part, leaves) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_rebuilt(part, leaves) for part in tree)
    return tree


def _apart(tree: Any) -> Any:
    """The same numbers as new ends of the graph; gradients still flow on to where they came from."""
    inside = is_grad_enabled()
    return _rebuilt(
        tree, iter([t.view_as(t) if t.needs_grad and inside else t.detach().requires_grad_() for t in _leaves(tree)])
    )


# ---- gradients ------------------------------------------------------------------------------------------------------


def _chosen(args: tuple[Any, ...], argnums: Places) -> Any:
    return args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in argnums)


def _with(args: tuple[Any, ...], argnums: Places, values: Any) -> tuple[Any, ...]:
    changed = list(args)
    for i, v in (
        zip((argnums,), (values,), strict=True) if isinstance(argnums, int) else zip(argnums, values, strict=True)
    ):
        changed[i] = v
    return tuple(changed)


def grad_and_value(func: Callable[..., Any], argnums: Places = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of func (a single number) in the form of its argument, and the number.

    With `has_aux`, func returns (number, anything), and the second answer is that pair.
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        followed = is_grad_enabled()
        with enable_grad():
            xs = _apart(_chosen(args, argnums))
            result = func(*_with(args, argnums, xs), **kwargs)
            y, aux = result if has_aux else (result, None)
            _check_number(y)
            slopes = _slopes(y, _leaves(xs), create_graph=followed)
        goes_on = followed and _flows_further(args)
        y, aux, found = (
            _rebuilt(tree, iter(leaves if goes_on else [t.detach() for t in leaves]))
            for tree, leaves in ((y, [y]), (aux, _leaves(aux)), (xs, slopes))
        )
        return found, (y, aux) if has_aux else y

    return wrapped


def _flows_further(args: Any) -> bool:
    """Whether someone outside follows gradients of the arguments."""
    return any(t.needs_grad for t in _leaves(args))


def _slopes(y: Tensor, xs: list[Tensor], create_graph: bool) -> list[Tensor]:
    if not y.needs_grad:
        return [factories.zeros_like(x) for x in xs]
    found = tape.grad(y, xs, create_graph=create_graph, allow_unused=True)
    return [factories.zeros_like(x) if g is None else g for x, g in zip(xs, found, strict=True)]


def _check_number(y: Any) -> None:
    if not isinstance(y, Tensor) or y.array.ndim:
        got = f"grad: got {'a tensor of shape ' + str(tuple(y.shape)) if isinstance(y, Tensor) else type(y).__name__}"
        raise GradientError(
            complain(got, "expected func to return a single number", "Try .sum(), or torch.func.jacrev")
        )


def grad(func: Callable[..., Any], argnums: Places = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of func, in the form of its argument (tensor, tuple, dictionary).

    >>> import glassnet as torch
    >>> torch.func.grad(lambda x: (x**2).sum())(torch.tensor([1.0, 2.0]))
    tensor([2., 4.])
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        slope, value = both(*args, **kwargs)
        return (slope, value[1]) if has_aux else slope

    return wrapped


def vjp(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """func(*primals), and the function that takes v to v^T J, a tuple with one answer for each argument.

    >>> import glassnet as torch
    >>> y, back = torch.func.vjp(lambda x: x * x, torch.tensor([1.0, 2.0]))
    >>> back(torch.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    with enable_grad():
        xs = _apart(primals)
        y = func(*xs)

    def pull(*cotangents: Any, retain_graph: bool = True) -> Any:
        v = cotangents[0] if len(cotangents) == 1 else cotangents
        leaves = _leaves(xs)
        pairs = [(a, b) for a, b in zip(_leaves(y), _leaves(v), strict=True) if a.needs_grad]
        outputs, seeds = [a for a, _ in pairs], [b for _, b in pairs]
        if not outputs:
            return _rebuilt(xs, iter([factories.zeros_like(x) for x in leaves]))
        found = tape.grad(outputs, leaves, seeds, retain_graph=True, allow_unused=True)
        slopes = [factories.zeros_like(x) if g is None else g for x, g in zip(leaves, found, strict=True)]
        return _rebuilt(xs, iter(slopes))

    return _rebuilt(y, iter([t.detach() for t in _leaves(y)])), pull


def jvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """func(*primals), and J v: how the results move when the arguments move along the tangents.

    >>> import glassnet as torch
    >>> torch.func.jvp(lambda x: x * x, (torch.tensor([1.0, 2.0]),), (torch.tensor([1.0, 0.0]),))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    return functional.jvp(func, tuple(primals), tuple(tangents))


def jacrev(func: Callable[..., Any], argnums: Places = 0) -> Callable[..., Any]:
    """A function that returns the Jacobian of func: (*result shape, *argument shape).

    >>> import glassnet as torch
    >>> torch.func.jacrev(torch.sin)(torch.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        def of_chosen(*xs: Tensor) -> Any:
            return func(*_with(args, argnums, xs[0] if isinstance(argnums, int) else xs), **kwargs)

        return functional.jacobian(of_chosen, _chosen(args, argnums), create_graph=_flows_further(args))

    return wrapped


def jacfwd(func: Callable[..., Any], argnums: Places = 0) -> Callable[..., Any]:
    """The same Jacobian as `jacrev`; here both read the tape backward."""
    return jacrev(func, argnums)


def hessian(func: Callable[..., Any], argnums: Places = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of func: (*result, *argument, *argument).

    >>> import glassnet as torch
    >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def of_results(*args: Any, **kwargs: Any) -> Any:
        return jacrev(func, argnums)(*args, **kwargs)

    return jacrev(of_results, argnums)


# ---- a function over a batch ----------------------------------------------------------------------------------------


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that applies func to every slice along an axis of its arguments, and stacks the results.

    `in_dims` has an axis for every argument (None: the whole goes to each call); gradients flow through. func runs once
    per slice: a loop, not a fusion, so `chunk_size` changes nothing.

    >>> import glassnet as torch
    >>> torch.vmap(torch.dot)(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.ones(2, 2))
    tensor([3., 7.])
    """

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        dims = (in_dims,) * len(args) if in_dims is None or isinstance(in_dims, int) else tuple(in_dims)
        if len(dims) != len(args):
            got = f"vmap: got in_dims={in_dims} for {len(args)} arguments"
            raise ValueRangeError(complain(got, "expected one axis for each", f"Try in_dims={(0,) * len(args)}"))
        slices = [
            func(*[_slice(a, d, i) for a, d in zip(args, dims, strict=True)], **kwargs)
            for i in range(_count(args, dims))
        ]
        return _stacked(slices, out_dims)

    return mapped


def _axes(tree: Any, dims: Any) -> list[tuple[Tensor, Any]]:
    """Every tensor with the axis it is cut along."""
    if isinstance(dims, list | tuple | dict):
        keys = dims if isinstance(dims, dict) else range(len(dims))
        return [pair for k in keys for pair in _axes(tree[k], dims[k])]
    return [(t, dims) for t in _leaves(tree)]


def _count(args: tuple[Any, ...], dims: tuple[Any, ...]) -> int:
    sizes = {t.array.shape[d] for a, dim in zip(args, dims, strict=True) for t, d in _axes(a, dim) if d is not None}
    if len(sizes) != 1:
        got = f"vmap: got {'no axis to map over' if not sizes else f'axes of lengths {sorted(sizes)}'}"
        raise ShapeError(complain(got, "expected axes of one length", "Try in_dims=0, or None for what is not mapped"))
    return sizes.pop()


def _slice(tree: Any, dims: Any, i: int) -> Any:
    cut = [t if d is None else t.select(d, i) for t, d in _axes(tree, dims)]
    return _rebuilt(tree, iter(cut))


def _stacked(slices: list[Any], out_dims: Any) -> Any:
    first = slices[0]
    leaves = [_leaves(s) for s in slices]
    dims = [out_dims] * len(leaves[0]) if isinstance(out_dims, int) else list(out_dims)
    return _rebuilt(
        first, iter([layout.stack(list(column), d) for column, d in zip(zip(*leaves, strict=True), dims, strict=True)])
    )


# ---- modules --------------------------------------------------------------------------------------------------------


def functional_call(
    module: Module, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: dict[str, Any] | None = None
) -> Any:
    """module(*args, **kwargs) with other tensors in place of its parameters and buffers, by their dotted names.

    >>> import glassnet as torch
    >>> layer = torch.nn.Linear(1, 1)
    >>> other = {"weight": torch.tensor([[2.0]]), "bias": torch.tensor([1.0])}
    >>> torch.func.functional_call(layer, other, torch.tensor([3.0]))
    tensor([7.])
    """
    several = isinstance(parameter_and_buffer_dicts, list | tuple)
    given: dict[str, Tensor] = {}
    for part in parameter_and_buffer_dicts if several else [parameter_and_buffer_dicts]:
        given.update(part)
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _exchanged(module, given):
        return module(*arguments, **(kwargs or {}))


@contextmanager
def _exchanged(module: Module, given: Mapping[str, Tensor]) -> Iterator[None]:
    """The module with these tensors, until the block ends."""
    before: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for path, tensor in given.items():
            owner, _, name = path.rpartition(".")
            attributes = vars(module.get_submodule(owner))
            if not isinstance(attributes.get(name), Tensor):
                module.get_parameter(path)  # says which names there are
            before.append((attributes, name, attributes[name]))
            attributes[name] = tensor
        World.changed()
        yield
    finally:
        for attributes, name, tensor in reversed(before):
            attributes[name] = tensor
        World.changed()


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters, and the buffers, of several models of one kind, each stacked along a new first axis.

    With `functional_call` and `vmap` they run as an ensemble. The parameters are new leaves: a change of them does not
    reach the models. Raises ValueRangeError for no models, and for models of different classes or modes.

    >>> import glassnet as torch
    >>> params, buffers = torch.func.stack_module_state([torch.nn.Linear(3, 2) for _ in range(5)])
    >>> params["weight"].shape, buffers
    (torch.Size([5, 2, 3]), {})
    """
    kinds = {(type(m).__name__, "train" if m.training else "eval") for m in models}
    if len(kinds) != 1:
        words = ", ".join(f"{name} in {when} mode" for name, when in sorted(kinds)) or "no models"
        got, hint = f"stack_module_state: got {words}", "Try model.train() or model.eval() for each of [model, …]"
        raise ValueRangeError(complain(got, "expected models of one class, all in one mode", hint))
    params: list[dict[str, Tensor]] = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return _stacked_leaves(params), _stacked_leaves(buffers)


def _stacked_leaves(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    first = states[0]
    return {
        name: layout.stack([state[name] for state in states]).detach().requires_grad_(t.needs_grad)
        for name, t in first.items()
    }
