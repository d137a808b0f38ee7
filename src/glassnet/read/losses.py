"""Losses by the names that one would type, and the loss that fits a model that names none."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import factories
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.nn import functional as F

Loss = Callable[[Any, Any], Tensor]


def _half_square(output: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(output, target, reduction="sum") * 0.5


def _square(output: Tensor, target: Tensor) -> Tensor:
    return F.mse_loss(output, target, reduction="sum")


LOSSES: dict[str, Loss] = {
    "mse": F.mse_loss,
    "square": _square,
    "half-square": _half_square,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "bce": F.binary_cross_entropy,
    "bce-logits": F.binary_cross_entropy_with_logits,
    "cross-entropy": F.cross_entropy,
}
_BY_LABELS = ("cross_entropy", "nll_loss", "CrossEntropyLoss", "NLLLoss")


def chosen_loss(loss: Any, model: Any, y: Any) -> Loss | None:
    """The loss of that name, the loss given, or the one that fits; None without a target."""
    if isinstance(loss, str):
        return named_loss(loss)
    if loss is not None or y is None:
        return loss
    last = list(model.modules())[-1] if isinstance(model, nn.Module) else None
    if isinstance(last, nn.Sigmoid):
        return F.binary_cross_entropy
    whole = np.asarray(y.array if isinstance(y, Tensor) else y).dtype.kind in "iu"
    return F.cross_entropy if whole and not isinstance(last, nn.Tanh | nn.ReLU) else F.mse_loss


def named_loss(name: str) -> Loss:
    """A loss by its name.

    >>> named_loss("mse").__name__
    'mse_loss'
    """
    plain = name.strip().lower().replace("_", "-")
    if plain not in LOSSES:
        near = difflib.get_close_matches(plain, LOSSES, 1)
        got = f"got the loss {name!r}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(LOSSES)}", f"Try {(near or ['mse'])[0]}"))
    return LOSSES[plain]


def wants_labels(loss: Any) -> bool:
    """Whether a loss compares with whole numbers that name classes."""
    return getattr(loss, "__name__", type(loss).__name__) in _BY_LABELS


def as_target(y: Any, output_shape: tuple[int, ...], loss: Any, dtype: Any) -> Any:
    """The target in the shape and kind that the loss compares with the output."""
    if isinstance(y, Tensor):
        return y
    array = np.asarray(y)
    if wants_labels(loss) and array.dtype.kind in "iub":
        return factories.as_tensor(array.reshape(output_shape[:1]).astype(np.int64))
    if array.size != np.prod(output_shape, dtype=int):
        got = f"got a target of {array.size} numbers"
        expected = f"expected one for each of the outputs, {output_shape}"
        raise ShapeError(complain(got, expected, f"Try y={np.zeros(output_shape[1:]).tolist()}"))
    return factories.as_tensor(array.astype(dtype).reshape(output_shape))


def of_one(y: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The target of one example with the axis of a batch, which the example was given; shape is that of the outputs.

    >>> of_one(wrap(np.array([1.0, 2.0])), (1, 2)).array.shape, of_one(wrap(np.array(3)), (1, 5)).array.shape
    ((1, 2), (1,))
    """
    label = y.array.ndim == 0 and y.array.dtype.kind in "iu"
    return wrap(y.array[None]) if label or y.array.shape == shape[1:] else y
