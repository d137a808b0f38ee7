"""Layers as functions: the caller holds the weights. `from glassnet.nn import functional as F`."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from glassnet.core import layout, ops, shapes
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, ShapeError, complain
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
from glassnet.nn.functional_embedding import embedding, embedding_bag
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
    "cosine_similarity", "cross_entropy", "dropout", "dropout1d", "dropout2d", "elu", "embedding", "embedding_bag",
    "gaussian_nll_loss", "gelu", "glu", "group_norm", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "layer_norm", "leaky_relu", "linear",
    "log_softmax", "logsigmoid", "margin_ranking_loss", "max_pool1d", "max_pool2d", "mish", "mse_loss",
    "multi_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance",
    "poisson_nll_loss", "prelu", "relu", "relu6", "relu_", "rms_norm", "selu", "sigmoid", "silu", "smooth_l1_loss",
    "soft_margin_loss", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold",
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
