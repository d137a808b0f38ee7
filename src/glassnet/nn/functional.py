"""Layers as functions: the caller holds the weights. `from glassnet.nn import functional as F`."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from glassnet.core import factories, inplace, layout, ops, reductions, shapes
from glassnet.core.mode import mode, no_grad
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, NotSupportedError, ShapeError, complain
from glassnet.nn import left_out
from glassnet.nn.checks import need_tensors, shape_of
from glassnet.nn.functional_activation import (
    celu,
    elu,
    gelu,
    glu,
    gumbel_softmax,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_softmax,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    relu_,
    selu,
    sigmoid,
    silu,
    softmax,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from glassnet.nn.functional_classes import cross_entropy, kl_div, nll_loss
from glassnet.nn.functional_dropout import alpha_dropout, dropout, dropout1d, dropout2d
from glassnet.nn.functional_loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    smooth_l1_loss,
)
from glassnet.nn.functional_margin import (
    cosine_embedding_loss,
    cosine_similarity,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_soft_margin_loss,
    normalize,
    pairwise_distance,
    soft_margin_loss,
    triplet_margin_loss,
)
from glassnet.nn.functional_norm import batch_norm, group_norm, layer_norm, rms_norm
from glassnet.nn.functional_spatial import (
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    conv1d,
    conv2d,
    max_pool1d,
    max_pool2d,
    pad,
)

__all__ = [
    "adaptive_avg_pool2d", "alpha_dropout", "avg_pool1d", "avg_pool2d", "batch_norm", "bilinear",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "conv1d", "conv2d", "cosine_embedding_loss",
    "cosine_similarity", "cross_entropy", "dropout", "dropout1d", "dropout2d", "elu", "embedding", "gaussian_nll_loss",
    "gelu", "glu", "group_norm", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "layer_norm", "leaky_relu", "linear", "log_softmax",
    "logsigmoid", "margin_ranking_loss", "max_pool1d", "max_pool2d", "mish", "mse_loss", "multi_margin_loss",
    "multilabel_soft_margin_loss", "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance", "poisson_nll_loss",
    "prelu", "relu", "relu6", "relu_", "rms_norm", "selu", "sigmoid", "silu", "smooth_l1_loss", "soft_margin_loss",
    "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold",
    "triplet_margin_loss",
]  # fmt: skip


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b: input (..., in), weight (out, in), bias (out,), result (..., out).

    >>> import glassnet as torch
    >>> linear(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([0.5]))
    tensor([[11.5000]])
    """
    need_tensors("linear", input=input, weight=weight)
    x, w = input.array, weight.array
    if x.dtype != w.dtype:
        got = f"linear: got x of {input.dtype} for a weight of {weight.dtype}"
        hint = "Try x.float()" if w.dtype == np.float32 else f"Try x.to({weight.dtype})"
        raise DTypeError(complain(got, "expected the same dtype", hint))
    if not x.ndim:
        expected = f"expected rows of {w.shape[-1]} features"
        raise ShapeError(complain("linear: got a single number", expected, "Try x.reshape(1, 1)"))
    if x.shape[-1] != w.shape[-1]:
        raise shapes.linear(shape_of(input), shape_of(weight))
    if x.ndim == 1:
        y = layout.squeeze(linear(layout.unsqueeze(input, 0), weight, bias), 0)
        return called(y, "SqueezeBackward4" if bias is None else "ViewBackward0", input, weight)
    y = ops.linear(input, weight, bias) if bias is not None else ops.matmul(input, ops.permute(weight, dims=(1, 0)))
    if x.ndim > 2:
        called(y, "UnsafeViewBackward0" if bias is None else "ViewBackward0", input, weight)
    return y


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1^T A_k x2 + b_k for each output k: inputs (..., in1) and (..., in2), weight (out, in1, in2), bias (out,)."""
    need_tensors("bilinear", input1=input1, input2=input2)
    a, b, (out, m, n) = shape_of(input1), shape_of(input2), shape_of(weight)
    if a[:-1] != b[:-1] or a[-1] != m or b[-1] != n:
        got = f"bilinear: got inputs of shape {a} and {b} for a weight of shape {(out, m, n)}"
        raise ShapeError(complain(got, f"expected (..., {m}) and (..., {n})", f"Try Bilinear({a[-1]}, {b[-1]}, {out})"))
    first = ops.reshape(ops.permute(weight, dims=(1, 0, 2)), shape=(m, out * n))  # (in1, out * in2)
    half = ops.matmul(ops.reshape(input1, shape=(-1, m)), first)  # (rows, out * in2)
    half = ops.reshape(half, shape=(-1, out, n)) * ops.reshape(input2, shape=(-1, 1, n))
    y = ops.reshape(ops.sum(half, dim=(2,), keepdim=False), shape=(*a[:-1], out))
    return y if bias is None else y + bias


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of weight (entries, size) that input names: (...) -> (..., size).

    The row `padding_idx` gets no gradient. Rows that are named and longer than `max_norm` (by the norm of order
    `norm_type`) are shortened to it first, in the table itself. Raises ValueRangeError for an index outside the table.

    >>> import glassnet as torch
    >>> embedding(torch.tensor([1, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    need_tensors("embedding", input=input, weight=weight)
    for name, given in (("scale_grad_by_freq", scale_grad_by_freq), ("sparse", sparse)):
        if given:
            expected = "expected neither scale_grad_by_freq nor sparse, which glassnet leaves out"
            raise NotSupportedError(complain(f"embedding: got {name}={given}", expected, f"Try without {name}"))
    if input.array.dtype.kind not in "iu":
        got = f"embedding: got indices of {input.dtype}"
        raise DTypeError(complain(got, "expected whole numbers", "Try input.long()"))
    at = input if input.array.dtype == np.int64 else ops.cast(input, dtype=np.dtype(np.int64))
    if max_norm is not None:
        _shorten_rows(weight, at, max_norm, norm_type)
    y = ops.embedding(weight, at)
    if padding_idx is None:
        return y
    learnt = layout.unsqueeze(ops.ne(at, padding_idx % weight.array.shape[0]), -1)
    return called(ops.where(learnt, y, y.detach()), "EmbeddingBackward0", weight)


_LEAST_LENGTH = 1e-7  # keeps the division defined


@no_grad()
def _shorten_rows(weight: Tensor, at: Tensor, max_norm: float, norm_type: float) -> None:
    """Bring the rows that are named down to max_norm, in place; one that is named twice is written twice, the same."""
    at = ops.reshape(at, shape=(-1,))
    rows = ops.embedding(weight, at)
    if mode.trace is None:
        inplace.setitem(weight, at, rows * _share(rows, max_norm, norm_type))
        return
    # A replay has no way to write to named rows: the whole table is multiplied, by 1 where no row is named.
    ones = factories.ones(at.array.size, dtype=weight.dtype)
    named = ops.gt(ops.scatter_add(ones, at, dim=0, shape=(len(weight.array),)), 0.0)
    share = ops.where(layout.unsqueeze(named, 1), _share(weight, max_norm, norm_type), 1.0)
    weight.copy_(weight * share)


def _share(rows: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """What each row is to be multiplied by so that it is no longer than max_norm."""
    length = reductions.norm(rows, float(norm_type), 1, keepdim=True)
    return ops.where(ops.gt(length, float(max_norm)), float(max_norm) / (length + _LEAST_LENGTH), 1.0)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Rows of zeros with a 1 at the label: (...) -> (..., classes); as many classes as the largest label asks for.

    >>> import glassnet as torch
    >>> one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    need_tensors("one_hot", tensor=tensor)
    if tensor.array.dtype.kind not in "iu":
        got = f"one_hot: got labels of {tensor.dtype}"
        raise DTypeError(complain(got, "expected whole numbers", "Try labels.long()"))
    return layout.one_hot(tensor, num_classes)


def __getattr__(name: str) -> NoReturn:
    """Only for names that PyTorch has and glassnet leaves out: say what to use instead."""
    left_out.refuse("nn.functional", name, left_out.FUNCTIONS)
