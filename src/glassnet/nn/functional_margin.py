"""Distances and similarities, and the losses that ask for a margin between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core import layout, ops
from glassnet.core import reductions as core
from glassnet.core.mode import no_grad
from glassnet.core.moving import check_labels
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.nn.checks import Flag, chosen_reduction, need_same_shape, need_tensors, reduced, shape_of
from glassnet.nn.functional_activation import logsigmoid

# ---- distances ------------------------------------------------------------------------------------------------------


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """input divided by its length along one axis (by eps, if that is larger).

    >>> import glassnet as torch
    >>> normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / ops.clamp(core.norm(input, p, dim, keepdim=True), low=eps, high=None)


@shown_as("NormBackward1")
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The length of x1 - x2 + eps along the last axis."""
    return core.norm(x1 - x2 + eps, p, -1, keepdim=keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between x1 and x2 along one axis; lengths are held above eps.

    >>> import glassnet as torch
    >>> cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([0.6000])
    """
    shape = np.broadcast_shapes(x1.array.shape, x2.array.shape)
    x1, x2 = (x if x.array.shape == shape else ops.expand(x, shape=shape) for x in (x1, x2))
    along = layout.axes(dim, x1)
    return ops.sum(_unit(x1, along, eps) * _unit(x2, along, eps), dim=along, keepdim=False)


def _unit(x: Tensor, along: Any, eps: float) -> Tensor:
    length = ops.norm(x, dim=along, keepdim=True)
    with no_grad():
        lift = ops.clamp(length, low=eps, high=None) - length
    return x / (length + lift)  # the slope passes as if the length had not been held


# ---- margins --------------------------------------------------------------------------------------------------------


def _above_zero(x: Tensor) -> Tensor:
    return ops.clamp(x, low=0.0, high=None)


def _pair(name: str, input: Tensor, target: Tensor) -> None:
    need_tensors(name, input=input, target=target)
    need_same_shape(name, input, target)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """input where the target is 1, max(0, margin - input) where it is -1."""
    _pair("hinge_embedding_loss", input, target)
    apart = layout.where(ops.ne(target, 1), _above_zero(margin - input), 0.0)
    together = layout.where(ops.ne(target, -1), input, 0.0)
    return reduced("hinge_embedding_loss", apart + together, chosen_reduction(size_average, reduce, reduction))


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin - target (input1 - input2)): target 1 wants input1 the larger, -1 input2.

    >>> import glassnet as torch
    >>> margin_ranking_loss(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0]), torch.tensor([1.0, -1.0]))
    tensor(0.5000)
    """
    _pair("margin_ranking_loss", input1, target)
    _pair("margin_ranking_loss", input2, target)
    losses = _above_zero(-target * (input1 - input2) + margin)
    return reduced("margin_ranking_loss", losses, chosen_reduction(size_average, reduce, reduction))


@shown_as("SoftMarginLossBackward0")
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + exp(-target * input)), without overflow; targets are 1 and -1."""
    _pair("soft_margin_loss", input, target)
    losses = ops.softplus(-target * input)
    return reduced("soft_margin_loss", losses, chosen_reduction(size_average, reduce, reduction))


@shown_as("MultiMarginLossBackward0")
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the other classes' places of max(0, margin - input[target] + input[other])^p.

    J. Weston and C. Watkins, Support vector machines for multi-class pattern recognition, 1999.
    """
    need_tensors("multi_margin_loss", input=input, target=target)
    if p not in (1, 2):
        raise ValueRangeError(complain(f"multi_margin_loss: got p={p}", "expected 1 or 2", "Try p=1"))
    scores = input if input.array.ndim == 2 else ops.reshape(input, shape=(1, -1))
    n, classes = shape_of(scores)
    if target.array.size != n or target.array.ndim > 1:
        got = f"multi_margin_loss: got input of shape {shape_of(input)} and target of shape {shape_of(target)}"
        hint = f"Try target.reshape({n})" if target.array.size == n else "Try a target with one label per row"
        raise ShapeError(complain(got, f"expected {n} labels", hint))
    labels = ops.reshape(target, shape=(-1,))
    check_labels(labels.array, classes)
    right = ops.reshape(ops.choose(scores, labels), shape=(-1, 1))
    gaps = _above_zero(scores - right + margin)
    gaps = gaps if p == 1 else ops.square(gaps)
    if weight is not None:
        gaps = gaps * ops.reshape(ops.pick(weight, labels, at=([0],)), shape=(-1, 1))
    others = ops.ne(ops.reshape(labels, shape=(-1, 1)), wrap(np.arange(classes)))
    losses = ops.sum(ops.where(others, gaps, 0.0), dim=(1,), keepdim=False) / float(classes)
    losses = losses if input.array.ndim == 2 else ops.reshape(losses, shape=())
    return reduced("multi_margin_loss", losses, chosen_reduction(size_average, reduce, reduction))


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of the cross-entropy of sigmoid(input) against target (N, C) of 0s and 1s."""
    _pair("multilabel_soft_margin_loss", input, target)
    losses = -(target * logsigmoid(input) + (1.0 - target) * logsigmoid(-input))
    losses = losses if weight is None else losses * weight
    losses = core.mean(losses, -1)
    return reduced("multilabel_soft_margin_loss", losses, chosen_reduction(size_average, reduce, reduction))


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0.0,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1."""
    _pair("cosine_embedding_loss", input1, input2)
    expected = shape_of(input1)[:-1]
    if shape_of(target) != expected:
        got = f"cosine_embedding_loss: got inputs of shape {shape_of(input1)} and target of shape {shape_of(target)}"
        raise ShapeError(complain(got, f"expected target of shape {expected}", f"Try target.reshape({expected})"))
    cosine = _squared_cosine(input1, input2)
    alike = layout.where(ops.eq(target, 1), 1.0 - cosine, 0.0)
    unlike = layout.where(ops.eq(target, -1), _above_zero(cosine - margin), 0.0)
    return reduced("cosine_embedding_loss", alike + unlike, chosen_reduction(size_average, reduce, reduction))


def _squared_cosine(x1: Tensor, x2: Tensor) -> Tensor:
    """The cosine along the last axis, PyTorch's way here: a tiny number added to each squared length."""
    tiny = 1e-12
    along = (x1.array.ndim - 1,)
    product = ops.sum(x1 * x2, dim=along, keepdim=False)
    lengths = [ops.sum(ops.square(x), dim=along, keepdim=False) + tiny for x in (x1, x2)]
    return product / ops.sqrt(lengths[0] * lengths[1])


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, distance to the positive - distance to the negative + margin).

    With `swap`, the positive's distance to the negative counts if it is the smaller.

    V. Balntas, E. Riba, D. Ponsa and K. Mikolajczyk, Learning local feature descriptors with triplets, 2016.
    """
    _pair("triplet_margin_loss", anchor, positive)
    _pair("triplet_margin_loss", anchor, negative)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = ops.minimum(far, pairwise_distance(positive, negative, p, eps))
    losses = _above_zero(near - far + margin)
    return reduced("triplet_margin_loss", losses, chosen_reduction(size_average, reduce, reduction))
