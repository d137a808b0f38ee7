"""Dropout: numbers set to 0 at random in training, so that no unit relies on a single other one.

N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, Dropout, 2014.
"""

from __future__ import annotations

import math

import numpy as np

from glassnet.core import factories, random
from glassnet.core.inplace import become, past_of
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, complain
from glassnet.nn.checks import need_float, need_probability, shape_of

_LOWEST_SELU = -1.7580993408473766  # where selu goes for very negative numbers


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each number set to 0 with probability p, the others divided by 1 - p; unchanged unless training.

    The same seed drops the same numbers as PyTorch does.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> dropout(torch.ones(8))
    tensor([0., 0., 2., 0., 0., 0., 2., 2.])
    """
    need_probability("dropout", p)
    return _dropped("dropout", input, shape_of(input), p, training, inplace)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of a sequence (N, C, L) or (C, L) set to 0 with probability p, the others divided by 1 - p."""
    need_probability("dropout1d", p)
    return _dropped("dropout1d", input, _channels("dropout1d", input, (2, 3)), p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of an image (N, C, H, W) set to 0 with probability p, the others divided by 1 - p.

    J. Tompson and others, Efficient object localization using convolutional networks, 2015.
    """
    need_probability("dropout2d", p)
    return _dropped("dropout2d", input, _channels("dropout2d", input, (3, 4)), p, training, inplace)


def _channels(name: str, x: Tensor, axes: tuple[int, int]) -> tuple[int, ...]:
    """The shape of a mask with one number per channel; a missing batch axis counts as a batch of one for sequences."""
    if x.array.ndim not in axes:
        got = f"{name}: got input of shape {shape_of(x)}"
        raise ShapeError(complain(got, f"expected {axes[1]} axes, or {axes[0]} without the batch", "Try dropout"))
    lead = 1 if x.array.ndim == axes[0] and name == "dropout1d" else 2
    return (*shape_of(x)[:lead], *[1] * (x.array.ndim - lead))


def _dropped(name: str, x: Tensor, shape: tuple[int, ...], p: float, training: bool, inplace: bool) -> Tensor:
    need_float(name, input=x)
    if not training or p == 0 or not x.array.size:
        return x
    past = past_of(x) if inplace else x
    mask = 0.0 if p == 1 else _mask(x, shape, p, 1 - p)
    return become(x, past * mask, past) if inplace else past * mask


def _mask(x: Tensor, shape: tuple[int, ...], p: float, divisor: float) -> Tensor:
    """0 with probability p, else 1 / divisor, laid out as x is."""
    order = _memory_order(x.array) if shape == x.array.shape else tuple(range(len(shape)))
    return factories.draw(draw_mask, shape=shape, p=p, divisor=divisor, dtype=x.array.dtype, order=order)


def _memory_order(a: np.ndarray) -> tuple[int, ...]:
    """The axes from the longest stride to the shortest."""
    axes = tuple(range(a.ndim))
    return axes if a.flags.c_contiguous else tuple(sorted(axes, key=lambda i: -abs(a.strides[i])))


def draw_mask(shape: tuple[int, ...], p: float, divisor: float, dtype: np.dtype, order: tuple[int, ...]) -> np.ndarray:
    """A mask for dropout, drawn along the axes in that order of memory."""
    kept = random.bernoulli(tuple(shape[i] for i in order), 1 - p, dtype)
    kept /= kept.dtype.type(divisor)
    return kept.transpose(np.argsort(order)) if order != tuple(range(len(shape))) else kept


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Each number set to selu's lowest value with probability p, then all scaled back to mean 0 and variance 1.

    G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks, 2017.
    """
    need_probability("alpha_dropout", p)
    need_float("alpha_dropout", input=input)
    if not training or p == 0 or not input.array.size:
        return input
    past = past_of(input) if inplace else input
    y = past * 0.0 if p == 1 else _with_lowest(past, p)
    return become(input, y, past) if inplace else y


def _with_lowest(x: Tensor, p: float) -> Tensor:
    scale = 1 / math.sqrt((_LOWEST_SELU**2 * p + 1) * (1 - p))
    kept = _mask(x, shape_of(x), p, 1.0)
    shift = (kept - 1.0) * (-_LOWEST_SELU * scale) + (-_LOWEST_SELU * scale * p)
    return x * (kept * scale) + shift
