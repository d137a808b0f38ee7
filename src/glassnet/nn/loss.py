"""Losses as modules: the functions of `functional` with their settings."""

from __future__ import annotations

from typing import Any

from glassnet.core.tensor import Tensor
from glassnet.nn import functional as F
from glassnet.nn.checks import Flag, chosen_reduction, need_probability
from glassnet.nn.module import Module


class _Loss(Module):
    """What all losses have: a reduction ("mean", "sum" or "none")."""

    def __init__(self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = chosen_reduction(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    """A loss with a tensor of weights, which is saved with it."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        reduce: Flag = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


# ---- regression -----------------------------------------------------------------------------------------------------


class MSELoss(_Loss):
    """(input - target) squared, for numbers to be met.

    >>> import glassnet as torch
    >>> MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 5.0]))
    tensor(4.5000)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """|input - target|: outliers pull no harder than others.

    >>> import glassnet as torch
    >>> L1Loss()(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 5.0]))
    tensor(1.7500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """d^2 / (2 beta) where d = |input - target| is below beta, else d - beta / 2.

    >>> import glassnet as torch
    >>> SmoothL1Loss()(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 5.0]))
    tensor(1.3125)

    R. Girshick, Fast R-CNN, 2015.
    """

    def __init__(
        self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """d^2 / 2 where d = |input - target| is at most delta, else delta (d - delta / 2).

    >>> import glassnet as torch
    >>> HuberLoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 5.0]))
    tensor(1.3125)

    P. Huber, Robust estimation of a location parameter, 1964.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class PoissonNLLLoss(_Loss):
    """The negative log-likelihood of counts: exp(x) - t x, where x is the logarithm of the expected count.

    >>> import glassnet as torch
    >>> PoissonNLLLoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 5.0]))
    tensor(-0.6963)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Flag = None,
        eps: float = 1e-8,
        reduce: Flag = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        settings = {"log_input": self.log_input, "full": self.full, "eps": self.eps}
        return F.poisson_nll_loss(log_input, target, reduction=self.reduction, **settings)


class GaussianNLLLoss(_Loss):
    """The negative log-likelihood of a normal distribution: (log(var) + (input - target)^2 / var) / 2.

    >>> import glassnet as torch
    >>> GaussianNLLLoss()(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 5.0]), torch.ones(2))
    tensor(2.3125)

    D. Nix and A. Weigend, Estimating the mean and variance of the target probability distribution, 1994.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Tensor, target: Tensor, var: Any) -> Tensor:
        """The loss of input against target, where var is the variance."""
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


# ---- classes --------------------------------------------------------------------------------------------------------


class BCELoss(_WeightedLoss):
    """-(t log(p) + (1 - t) log(1 - p)), for probabilities p (after a sigmoid) of two classes.

    Raises ValueRangeError for a p outside 0 to 1, ShapeError for a target of another shape.

    >>> import glassnet as torch
    >>> BCELoss()(torch.tensor([0.5]), torch.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """BCELoss(sigmoid(z), t) from the scores z themselves: exact where a sigmoid would have rounded to 0 or 1.

    `pos_weight` multiplies the part of the positive examples.

    >>> import glassnet as torch
    >>> BCEWithLogitsLoss()(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        reduce: Flag = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.binary_cross_entropy_with_logits(
            input, target, weight=self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class CrossEntropyLoss(_WeightedLoss):
    """-log(softmax(input)[target]): scores (N, C) without a softmax, targets (N,) whole numbers below C.

    See functional.cross_entropy for further shapes, class probabilities as targets, `weight` (a factor per class),
    `ignore_index` and `label_smoothing`. Raises ValueRangeError for a label outside 0 to C - 1, with its row.

    >>> import glassnet as torch
    >>> CrossEntropyLoss()(torch.tensor([[0.0, 0.0], [0.0, 100.0]]), torch.tensor([0, 1]))
    tensor(0.3466)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        ignore_index: int = -100,
        reduce: Flag = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        need_probability("CrossEntropyLoss", label_smoothing, "label_smoothing")
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_WeightedLoss):
    """-input[target], for log-probabilities (N, C) such as LogSoftmax gives.

    >>> import glassnet as torch
    >>> NLLLoss()(torch.tensor([[-0.1, -2.4], [-3.0, -0.05]]), torch.tensor([0, 1]))
    tensor(0.0750)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Flag = None,
        ignore_index: int = -100,
        reduce: Flag = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class KLDivLoss(_Loss):
    """t (log(t) - x), for log-probabilities x; reduction="batchmean" gives the divergence.

    >>> import glassnet as torch
    >>> p = torch.tensor([[0.5, 0.5]])
    >>> KLDivLoss(reduction="batchmean")(torch.tensor([[0.25, 0.75]]).log(), p)
    tensor(0.1438)

    S. Kullback and R. Leibler, On information and sufficiency, 1951.
    """

    def __init__(
        self, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The mean over classes of the cross-entropy of sigmoid(input) against target (N, C) of 0s and 1s.

    >>> import glassnet as torch
    >>> MultiLabelSoftMarginLoss()(torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.multilabel_soft_margin_loss(input, target, weight=self.weight, reduction=self.reduction)


# ---- margins --------------------------------------------------------------------------------------------------------


class HingeEmbeddingLoss(_Loss):
    """input where the target is 1, max(0, margin - input) where it is -1.

    >>> import glassnet as torch
    >>> HingeEmbeddingLoss()(torch.tensor([0.3, 0.3]), torch.tensor([1.0, -1.0]))
    tensor(0.5000)
    """

    def __init__(
        self, margin: float = 1.0, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(_Loss):
    """max(0, margin - target (input1 - input2)): target 1 wants input1 the larger, -1 input2.

    >>> import glassnet as torch
    >>> MarginRankingLoss()(torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([1.0]))
    tensor(2.)
    """

    def __init__(
        self, margin: float = 0.0, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss of the scores input1 and input2 against target, 1 or -1."""
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """log(1 + exp(-target * input)), targets 1 and -1.

    >>> import glassnet as torch
    >>> SoftMarginLoss()(torch.tensor([0.0, 100.0]), torch.tensor([1.0, 1.0]))
    tensor(0.3466)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiMarginLoss(_WeightedLoss):
    """The mean over the other classes' places of max(0, margin - input[target] + input[other])^p.

    >>> import glassnet as torch
    >>> MultiMarginLoss()(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([3]))
    tensor(0.3250)

    J. Weston and C. Watkins, Support vector machines for multi-class pattern recognition, 1999.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: Flag = None,
        reduce: Flag = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.p, self.margin = p, margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of input against target."""
        settings = {"p": self.p, "margin": self.margin, "weight": self.weight}
        return F.multi_margin_loss(input, target, reduction=self.reduction, **settings)


class CosineEmbeddingLoss(_Loss):
    """1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1.

    >>> import glassnet as torch
    >>> a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> CosineEmbeddingLoss()(a, b, torch.tensor([1.0]))
    tensor(1.)
    """

    def __init__(
        self, margin: float = 0.0, size_average: Flag = None, reduce: Flag = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss of the pairs of rows input1 and input2 against target, 1 or -1."""
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """max(0, distance to the positive - distance to the negative + margin).

    >>> import glassnet as torch
    >>> a, near, far = torch.zeros(1, 2), torch.ones(1, 2), torch.tensor([[3.0, 4.0]])
    >>> TripletMarginLoss(margin=5.0)(a, near, far)
    tensor(1.4142)

    V. Balntas, E. Riba, D. Ponsa and K. Mikolajczyk, Learning local feature descriptors with triplets, 2016.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Flag = None,
        reduce: Flag = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of anchor, positive and negative rows."""
        settings = {"margin": self.margin, "p": self.p, "eps": self.eps, "swap": self.swap}
        return F.triplet_margin_loss(anchor, positive, negative, reduction=self.reduction, **settings)
