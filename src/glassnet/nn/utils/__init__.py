"""Work on the gradients and parameters of a whole network at once, and on single weights that are computed."""

from __future__ import annotations

import math
import types
import warnings
from collections.abc import Iterable
from typing import Any

from glassnet.core import factories, functions, layout, ops, reductions
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, touched
from glassnet.errors import GradientError, ShapeError, ValueRangeError
from glassnet.nn.utils import parametrizations as parametrizations
from glassnet.nn.utils import parametrize as parametrize
from glassnet.nn.utils import rnn as rnn
from glassnet.nn.utils.older_norms import remove_spectral_norm as remove_spectral_norm
from glassnet.nn.utils.older_norms import remove_weight_norm as remove_weight_norm
from glassnet.nn.utils.older_norms import spectral_norm as spectral_norm
from glassnet.nn.utils.older_norms import weight_norm as weight_norm
from glassnet.nn.utils.shortening import shortening


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Shrink all gradients by one factor so that together, as one vector, they are no longer than max_norm.

    g ← g · min(1, max_norm / (‖all g‖ + 1e-6)), in place. Returns the length before, a tensor with one number; nothing
    of it is read in Python unless `error_if_nonfinite` asks for an error at NaN or infinity (RuntimeError).

    >>> import glassnet as torch
    >>> w = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> (w**2).sum().backward()
    >>> torch.nn.utils.clip_grad_norm_([w], max_norm=1.0), w.grad
    (tensor(10.), tensor([0.6000, 0.8000]))

    Reference: Pascanu, Mikolov and Bengio (2013).
    """
    if isinstance(parameters, types.GeneratorType):
        parameters = list(parameters)
        if not parameters:
            warnings.warn(
                "clip_grad_norm_: got an empty generator; expected parameters, so nothing is clipped. "
                "Try a fresh model.parameters(): a generator can be used once.",
                UserWarning,
                stacklevel=2,
            )
    params = _as_list(parameters)
    total = get_total_norm(_gradients(params), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(params, max_norm, total, foreach)
    return total


def get_total_norm(
    tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The length of all tensors as one vector: (Σ |x|^p)^(1/p), the largest |x| for p = inf.

    Raises RuntimeError for NaN or infinity, if asked to.

    >>> import glassnet as torch
    >>> torch.nn.utils.get_total_norm([torch.tensor([3.0]), torch.tensor([[4.0]])])
    tensor(5.)
    """
    given = _as_list(tensors)
    with no_grad():
        total = reductions.norm(ops.pack(*given), float(norm_type)) if given else factories.zeros(())
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise GradientError(
            f"clip: got gradients whose norm of order {norm_type} is {total.item()}; expected a finite one. Try a "
            "smaller learning rate, or error_if_nonfinite=False to go on."
        )
    return total


def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None) -> None:
    """Scale all gradients by min(1, max_norm / (total_norm + 1e-6)), in place.

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> w.grad = torch.tensor([8.0])
    >>> torch.nn.utils.clip_grads_with_norm_([w], 2.0, torch.tensor(4.0))
    >>> w.grad
    tensor([4.0000])
    """
    if not float(max_norm) >= 0:
        raise ValueRangeError(f"clip: got max_norm={max_norm}; expected at least 0. Try max_norm=1.0.")
    with no_grad():
        share = shortening(total_norm, max_norm)
        for g in _gradients(_as_list(parameters)):
            _store(g, g * share)


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Hold every number of every gradient between −clip_value and clip_value, in place.

    >>> import glassnet as torch
    >>> w = torch.tensor([3.0, -0.1], requires_grad=True)
    >>> (w**2).sum().backward()
    >>> torch.nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 1.0000, -0.2000])
    """
    if not float(clip_value) >= 0:
        raise ValueRangeError(f"clip: got clip_value={clip_value}; expected at least 0. Try clip_value=1.0.")
    with no_grad():
        for g in _gradients(_as_list(parameters)):
            _store(g, functions.clamp(g, -float(clip_value), float(clip_value)))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters end to end as one vector; gradients flow back through it.

    >>> import glassnet as torch
    >>> torch.nn.utils.parameters_to_vector([torch.ones(2, 1), torch.zeros(1)])
    tensor([1., 1., 0.])
    """
    return layout.cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Take the numbers of the parameters from one vector, in order.

    Raises ShapeError unless the vector has exactly as many numbers as they.

    >>> import glassnet as torch
    >>> w = torch.zeros(2, 1)
    >>> torch.nn.utils.vector_to_parameters(torch.tensor([1.0, 2.0]), [w])
    >>> w
    tensor([[1.],
            [2.]])
    """
    if not isinstance(vec, Tensor):
        raise TypeError(
            f"vector_to_parameters: got {type(vec).__name__}; expected a tensor. Try "
            "parameters_to_vector(model.parameters())."
        )
    params = list(parameters)
    count = sum(p.array.size for p in params)
    if vec.array.shape != (count,):
        raise ShapeError(
            f"vector_to_parameters: got a vector of shape {tuple(vec.array.shape)} for parameters with {count} "
            f"numbers; expected shape ({count},). Try parameters_to_vector of the same parameters."
        )
    with no_grad():
        at = 0
        for p in params:
            piece = ops.window(vec, index=(slice(at, at + p.array.size),))
            _store(p, ops.reshape(piece, shape=p.array.shape))
            at += p.array.size


def _as_list(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(params: Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in params if p.grad is not None]


def _store(target: Tensor, value: Tensor) -> None:
    ops.assign(target, value)
    touched(target)
