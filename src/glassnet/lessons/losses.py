"""Every loss as a picture: what it costs along one number, and its slope there, which the tape gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet import nn
from glassnet.core import ops
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.lessons.charts import curves
from glassnet.lessons.pictures import Picture


@dataclass(frozen=True)
class Along:
    """A loss as a function of one number, over a range; `slope` is its derivative, in words and computed."""

    number: str  # what x is
    cost: Callable[[Tensor], Tensor]
    low: float
    high: float
    slope: str
    by_hand: Callable[[float], float]


def _fixed(*numbers: float) -> Tensor:
    return wrap(np.array(numbers, np.float64))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _beside(x: Tensor, *others: float) -> Tensor:
    """The scores (1, n): x, and fixed ones."""
    return ops.concat(x.reshape(1, 1), _fixed(*others).reshape(1, -1), dim=1) if others else x.reshape(1, 1)


def _class(number: int) -> Tensor:
    return wrap(np.array([number]))


def _cosine(x: Tensor) -> Tensor:
    """The pair (1, x) beside (1, 0): their cosine is 1 / √(1 + x²)."""
    return nn.CosineEmbeddingLoss()(_beside(wrap(np.array(1.0)), 0.0) + _beside(0.0 * x, 1.0) * x, *_EAST)


_EAST = (wrap(np.array([[1.0, 0.0]])), wrap(np.array([1.0])))

LOSSES: dict[str, Along] = {
    "MSELoss": Along("prediction less truth", lambda x: nn.MSELoss()(x, _fixed(0)), -3, 3, "2x", lambda x: 2 * x),
    "L1Loss": Along("prediction less truth", lambda x: nn.L1Loss()(x, _fixed(0)), -3, 3, "the sign of x", np.sign),
    "HuberLoss": Along(
        "prediction less truth", lambda x: nn.HuberLoss()(x, _fixed(0)), -3, 3, "x, held between -1 and 1",
        lambda x: min(1.0, max(-1.0, x)),
    ),
    "SmoothL1Loss": Along(
        "prediction less truth", lambda x: nn.SmoothL1Loss(beta=0.5)(x, _fixed(0)), -3, 3,
        "2x, held between -1 and 1 (beta is 0.5 here)", lambda x: min(1.0, max(-1.0, 2 * x)),
    ),
    "GaussianNLLLoss": Along(
        "prediction less truth", lambda x: nn.GaussianNLLLoss()(x, _fixed(0), _fixed(0.5)), -3, 3,
        "x / variance (0.5 here)", lambda x: 2 * x,
    ),
    "PoissonNLLLoss": Along(
        "logarithm of the expected count, where 2 were counted", lambda x: nn.PoissonNLLLoss()(x, _fixed(2)), -3, 2,
        "e^x - 2", lambda x: math.exp(x) - 2,
    ),
    "BCELoss": Along(
        "probability, where the truth is 1", lambda x: nn.BCELoss()(x, _fixed(1)), 0.1, 0.95, "-1 / x",
        lambda x: -1 / x,
    ),
    "BCEWithLogitsLoss": Along(
        "score, where the truth is 1", lambda x: nn.BCEWithLogitsLoss()(x, _fixed(1)), -5, 5, "σ(x) - 1",
        lambda x: _sigmoid(x) - 1,
    ),
    "SoftMarginLoss": Along(
        "score, where the truth is 1", lambda x: nn.SoftMarginLoss()(x, _fixed(1)), -5, 5, "σ(x) - 1",
        lambda x: _sigmoid(x) - 1,
    ),
    "CrossEntropyLoss": Along(
        "score of the right class; two others have 0",
        lambda x: nn.CrossEntropyLoss()(_beside(x, 0, 0), _class(0)), -5, 5,
        "its probability less 1", lambda x: 1 / (1 + 2 * math.exp(-x)) - 1,
    ),
    "NLLLoss": Along(
        "logarithm of the right class's probability", lambda x: nn.NLLLoss()(_beside(x, -1.0), _class(0)), -5, 0,
        "-1", lambda x: -1.0,
    ),
    "KLDivLoss": Along(
        "logarithm of a probability that should be 0.5", lambda x: nn.KLDivLoss(reduction="sum")(x, _fixed(0.5)), -3, 0,
        "-0.5", lambda x: -0.5,
    ),
    "MultiMarginLoss": Along(
        "score of the right class; another has 0", lambda x: nn.MultiMarginLoss()(_beside(x, 0), _class(0)), -3, 3,
        "-1/2 below the margin of 1, then 0", lambda x: -0.5 if x < 1 else 0.0,
    ),
    "MultiLabelSoftMarginLoss": Along(
        "score of a label that is there",
        lambda x: nn.MultiLabelSoftMarginLoss()(_beside(x), wrap(np.array([[1.0]]))), -5, 5, "σ(x) - 1",
        lambda x: _sigmoid(x) - 1,
    ),
    "HingeEmbeddingLoss": Along(
        "distance of two that should be apart", lambda x: nn.HingeEmbeddingLoss()(x, _fixed(-1)), 0, 3,
        "-1 below the margin of 1, then 0", lambda x: -1.0 if x < 1 else 0.0,
    ),
    "MarginRankingLoss": Along(
        "first less second, where the first should be larger",
        lambda x: nn.MarginRankingLoss(margin=0.5)(x, _fixed(0), _fixed(1)), -3, 3,
        "-1 below the margin (0.5 here), then 0", lambda x: -1.0 if x < 0.5 else 0.0,
    ),
    "TripletMarginLoss": Along(
        "distance to the one alike; the other is 2 away",
        lambda x: nn.TripletMarginLoss(eps=0.0)(_fixed(0).reshape(1, 1), _beside(x), wrap(np.array([[2.0]]))), 0.05, 3,
        "0, then 1 where the other is not a margin of 1 further away", lambda x: 1.0 if x > 1 else 0.0,
    ),
    "CosineEmbeddingLoss": Along(
        "second number of (1, x), which should point along (1, 0)", _cosine, -3, 3, "x / (1 + x²)^(3/2)",
        lambda x: x / (1 + x * x) ** 1.5,
    ),
}  # fmt: skip


def find_loss(name: str) -> Along:
    """The loss of that name.

    Raises `ValueRangeError` for another one.

    >>> find_loss("MSELoss").slope
    '2x'
    """
    if name not in LOSSES:
        expected = f"expected one of {', '.join(sorted(LOSSES))}"
        raise ValueRangeError(complain(f"draw_loss: got {name!r:.40}", expected, 'Try draw_loss("MSELoss")'))
    return LOSSES[name]


def cost_and_slope(name: str, x: float) -> tuple[float, float]:
    """What the loss is at x, and its slope there, by the tape.

    >>> cost_and_slope("MSELoss", 3.0)
    (9.0, 6.0)
    """
    leaf = wrap(np.array([x])).requires_grad_()
    cost = find_loss(name).cost(leaf)
    cost.backward()
    assert leaf.grad is not None
    return float(cost.item()), float(leaf.grad.item())


def draw_loss(name: str, points: int = 121) -> Picture:
    """The loss along one number, and its slope.

    >>> draw_loss("HuberLoss")
    <picture: HuberLoss>
    """
    along = find_loss(name)
    x = np.linspace(along.low, along.high, points)
    both = np.array([cost_and_slope(name, float(at)) for at in x])
    return curves({"loss": both[:, 0], "slope": both[:, 1]}, x, title=name, x_label=along.number)
