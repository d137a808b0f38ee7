"""Losses of a choice among classes: cross-entropy and its relatives.

Scores are (N, C), labels (N,) whole numbers below C; further axes come after C. A row that is to be ignored is masked
by operations on the tape, so that a replayed step may ignore other rows than the recorded one.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from glassnet.core import layout, ops
from glassnet.core.moving import NO_LABEL
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor
from glassnet.errors import DTypeError, ShapeError, complain
from glassnet.nn.checks import (
    Flag,
    chosen_reduction,
    need_float,
    need_probability,
    need_reduction,
    need_same_shape,
    need_tensors,
    reduced,
    shape_of,
)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    ignore_index: int = -100,
    reduce: Flag = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log(softmax(input)[target]): input holds scores (N, C), target the right classes (N,), whole numbers below C.

    Input may also be (C,) with a single target, or (N, C, d1, ...) with targets (N, d1, ...). A floating point target
    of the shape of input holds class probabilities. `weight` has a factor per class, by whose sum the mean divides;
    rows whose target is `ignore_index` do not count; `label_smoothing` takes that share of the certainty from the
    target and spreads it over all classes.

    >>> import glassnet as torch
    >>> cross_entropy(torch.tensor([[0.0, 0.0], [0.0, 100.0]]), torch.tensor([0, 1]))
    tensor(0.3466)

    C. Szegedy and others, Rethinking the inception architecture, 2016 (label smoothing).
    """
    need_tensors("cross_entropy", input=input, target=target)
    need_float("cross_entropy", input=input)
    reduction = chosen_reduction(size_average, reduce, reduction)
    need_reduction("cross_entropy", reduction)
    need_probability("cross_entropy", label_smoothing, "label_smoothing")
    logs = _class_rows(ops.log_softmax(input, dim=_class_axis(input)))
    if target.array.dtype.kind == "f" and shape_of(target) == shape_of(input):
        return _soft_targets(logs, target, weight, reduction, label_smoothing)
    labels = _labels("cross_entropy", input, target, weight)
    if label_smoothing:
        y = _smoothed(logs, labels, shape_of(target), weight, ignore_index, reduction, label_smoothing)
        return called(y, "AddBackward0", logs)
    return _picked(logs, labels, shape_of(target), weight, ignore_index, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Flag = None,
    ignore_index: int = -100,
    reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:
    """-input[target]: like cross_entropy, for input that holds log-probabilities already.

    >>> import glassnet as torch
    >>> nll_loss(torch.tensor([[-0.1, -2.4], [-3.0, -0.05]]), torch.tensor([0, 1]))
    tensor(0.0750)
    """
    need_tensors("nll_loss", input=input, target=target)
    need_float("nll_loss", input=input)
    reduction = chosen_reduction(size_average, reduce, reduction)
    need_reduction("nll_loss", reduction)
    labels = _labels("nll_loss", input, target, weight)
    return _picked(_class_rows(input), labels, shape_of(target), weight, ignore_index, reduction)


def _class_axis(input: Tensor) -> int:
    return 0 if input.array.ndim == 1 else 1


def _class_rows(x: Tensor) -> Tensor:
    """Scores with one row per prediction: (N, C, d1, ...) -> (N * d1 * ..., C)."""
    n = x.array.ndim
    if n == 2:
        return x
    if n > 2:
        x = ops.permute(x, dims=(0, *range(2, n), 1))  # (N, d1, ..., C)
    return ops.reshape(x, shape=(-1, x.array.shape[-1]))


def _labels(name: str, input: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """The targets on one line, as int64."""
    a, b = shape_of(input), shape_of(target)
    if target.array.dtype.kind not in "iu":
        got = f"{name}: got target of {target.dtype} and shape {b} for input of shape {a}"
        raise DTypeError(complain(got, f"expected whole numbers, or probabilities of shape {a}", "Try target.long()"))
    if not a or b != (a[:1] + a[2:] if len(a) > 1 else ()):
        raise ShapeError(_label_quarrel(name, a, b))
    if weight is not None and shape_of(weight) != (a[_class_axis(input)],):
        classes = a[_class_axis(input)]
        got = f"{name}: got weight of shape {shape_of(weight)} for {classes} classes"
        raise ShapeError(complain(got, f"expected ({classes},)", f"Try torch.ones({classes})"))
    if target.array.dtype != np.int64:
        target = ops.cast(target, dtype=np.dtype(np.int64))
    return target if len(b) == 1 else ops.reshape(target, shape=(-1,))


def _label_quarrel(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> str:
    want = a[:1] + a[2:] if len(a) > 1 else ()
    got = f"{name}: got input of shape {a} and target of shape {b}"
    hint = "Try target.squeeze(1)" if b == (*want, 1) else f"Try target.reshape({want})"
    if a == b:
        hint = "Try target.argmax(1), or target.float() if they are probabilities"
    elif math.prod(b) != math.prod(want):
        hint = f"Try a target with one label per row ({want} of them, not {b})"
    return complain(got, f"expected target of shape {want}, a class for every row of scores", hint)


def _picked(
    logs: Tensor, labels: Tensor, shape: tuple[int, ...], weight: Tensor | None, ignore_index: int, reduction: str
) -> Tensor:
    """The mean (or sum, or all) of -weight[label] * logs[row, label] over the rows that count."""
    if weight is None and ignore_index == NO_LABEL and reduction == "mean" and labels.array.size:
        weights = ops.label_weights(labels, dtype=logs.array.dtype)  # `choose` gives 0 where there is no label
        y = ops.sum(ops.choose(logs, labels) * weights, dim=None, keepdim=False)
    else:
        counted = ops.ne(labels, ignore_index)
        safe = ops.where(counted, labels, 0)
        share = _share(logs, safe, counted, weight)
        losses = ops.neg(ops.where(counted, ops.choose(logs, safe), 0.0))
        y = _weighted_mean(losses if weight is None else losses * share, share, shape, reduction)
    return called(y, "NllLossBackward0" if len(shape) < 2 else "NllLoss2DBackward0", logs)


def _share(logs: Tensor, labels: Tensor, counted: Tensor, weight: Tensor | None) -> Tensor:
    """How much each row counts: its class's weight, 0 if it is ignored."""
    share = ops.cast(counted, dtype=logs.array.dtype)
    return share if weight is None else share * ops.pick(weight, labels, at=([0],))


def _weighted_mean(losses: Tensor, share: Tensor, shape: tuple[int, ...], reduction: str) -> Tensor:
    if reduction == "mean":
        return ops.sum(losses, dim=None, keepdim=False) / ops.sum(share, dim=None, keepdim=False)
    return _shaped(reduced("cross_entropy", losses, reduction), shape, reduction)


def _shaped(losses: Tensor, shape: tuple[int, ...], reduction: str) -> Tensor:
    """Losses that were not reduced, in the shape of the targets."""
    if reduction != "none" or shape_of(losses) == shape:
        return losses
    return ops.reshape(losses, shape=shape)


def _smoothed(
    logs: Tensor,
    labels: Tensor,
    shape: tuple[int, ...],
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Tensor:
    """(1 - s) * loss of the label + s / C * loss of all classes."""
    counted = ops.ne(labels, ignore_index)
    safe = ops.where(counted, labels, 0)
    share = _share(logs, safe, counted, weight)
    sure = ops.where(counted, ops.choose(logs, safe), 0.0) * share
    spread = ops.sum(logs if weight is None else logs * weight, dim=(1,), keepdim=False)
    spread = ops.where(counted, spread, 0.0)
    losses = ops.neg(sure * (1 - smoothing) + spread * (smoothing / logs.array.shape[1]))
    return _weighted_mean(losses, share, shape, reduction)


def _soft_targets(logs: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float) -> Tensor:
    """-sum over classes of target * log-probability."""
    shape = shape_of(target)
    shape = shape[:1] + shape[2:] if len(shape) > 1 else ()
    wanted = _class_rows(target)
    if smoothing:
        wanted = wanted * (1 - smoothing) + smoothing / logs.array.shape[1]
    terms = logs * wanted if weight is None else logs * wanted * weight
    losses = ops.neg(ops.sum(terms, dim=(1,), keepdim=False))
    y = _shaped(reduced("cross_entropy", losses, reduction), shape, reduction)
    return called(y, "DivBackward1" if reduction == "mean" else "NegBackward0", logs)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Flag = None,
    reduce: Flag = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """t (log(t) - x): input x holds log-probabilities, target t probabilities, or their logarithms with log_target.

    "batchmean" divides the sum by the number of rows, which is the Kullback-Leibler divergence.

    >>> import glassnet as torch
    >>> p = torch.tensor([[0.5, 0.5]])
    >>> kl_div(torch.tensor([[0.25, 0.75]]).log(), p, reduction="batchmean")
    tensor(0.1438)

    S. Kullback and R. Leibler, On information and sufficiency, 1951.
    """
    need_tensors("kl_div", input=input, target=target)
    need_same_shape("kl_div", input, target)
    reduction = chosen_reduction(size_average, reduce, reduction)
    need_reduction("kl_div", reduction, ("none", "batchmean", "mean", "sum"))
    if reduction == "mean":
        warnings.warn(
            "kl_div: reduction='mean' divides by all numbers; reduction='batchmean' is the divergence", stacklevel=2
        )
    if log_target:
        losses = ops.exp(target) * (target - input)
    else:
        safe = layout.where(ops.ne(target, 0.0), target, 1.0)  # 0 log 0 is 0
        losses = target * ops.log(safe) - target * input
    if reduction == "batchmean":
        return reduced("kl_div", losses, "sum") / float(input.array.shape[0] if input.array.ndim else 1)
    return reduced("kl_div", losses, reduction)
