"""Keras's losses. Each gives one number per example, from targets y and the network's output z.

Where the last layer is a softmax or a sigmoid and the loss is the matching cross-entropy, the two are taken together:
the loss is computed from the scores before the activation, which neither overflows nor loses small probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, NotSupportedError, ShapeError, complain
from glassnet.faces.keras.lookup import made_by
from glassnet.faces.keras.recorded import Recorded
from glassnet.nn import functional as F

EPSILON = 1e-7  # Keras keeps probabilities this far from 0 and 1


REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", None)


class Loss(Recorded):
    """A loss by its function `(y, z) -> (examples,)`; one of your own has `call(self, y_true, y_pred)`.

    `fuses` names the activation that the loss can take over: it then gets scores instead of probabilities.
    `reduction` is what becomes of the examples' numbers: their mean, their sum, or nothing ("none").

    >>> MeanSquaredError()([[0.0, 1.0]], [[0.5, 1.0]])
    tensor(0.1250)
    """

    name = "loss"
    fuses: str | None = None
    labels = False  # whether targets are class numbers
    from_logits = False
    call: Callable[..., Any]  # of a loss of one's own

    def __init__(self, name: str | None = None, reduction: Any = "sum_over_batch_size", dtype: Any = None) -> None:
        self.name = name or type(self).name
        self.reduction = reduction
        if reduction not in REDUCTIONS:
            got = f"{type(self).__name__}: got reduction={reduction!r}"
            raise DataError(complain(got, "expected 'sum_over_batch_size', 'sum' or 'none'", "Try reduction='sum'"))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The mean over the examples (or what `reduction` says), each times its weight."""
        y, z = as_targets(y_true, self.labels), as_tensor(y_pred)
        values = self.each(self.target(y, z), z, self.from_logits)
        weights = None if sample_weight is None else as_tensor(sample_weight).reshape(-1)
        if self.reduction in ("none", None):
            return values if weights is None else values * weights
        return self.reduced(values, weights)

    def reduced(self, values: Tensor, weights: Tensor | None) -> Tensor:
        """One number from those of the examples."""
        values = values if weights is None else values * weights
        return values.sum() if self.reduction == "sum" else values.mean()

    def target(self, y: Tensor, z: Tensor) -> Tensor:
        """The targets in the shape of the output; (n,) stands beside (n, 1)."""
        if y.ndim == z.ndim - 1 and z.shape[-1] == 1:
            y = y.reshape(z.shape)
        if y.shape != z.shape:
            got = f"loss `{self.name}`: got targets of shape {tuple(y.shape)} for outputs of shape {tuple(z.shape)}"
            hint = "Try loss='sparse_categorical_crossentropy' for class numbers, or Dense(1) for single targets"
            raise ShapeError(complain(got, "expected the same shape", hint))
        return y if y.is_floating_point() else y.float()

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """One number per example; `scores` tells that z has not been through the activation."""
        if not hasattr(type(self), "call"):
            raise NotImplementedError(
                f"{type(self).__name__}: expected a method call(y_true, y_pred). Try writing one."
            )
        return _per_example(self.call(y, z))


def as_tensor(value: Any) -> Tensor:
    """Numbers as a tensor of float32."""
    return value if isinstance(value, Tensor) else wrap(np.asarray(value, np.float32))


def as_targets(value: Any, labels: bool) -> Tensor:
    """Targets as a tensor: whole numbers where the loss takes classes."""
    if isinstance(value, Tensor):
        return value.long() if labels and value.is_floating_point() else value
    return wrap(np.asarray(value, np.int64 if labels else np.float32))


def _over_examples(values: Tensor) -> Tensor:
    return values.mean(-1) if values.ndim > 1 else values


def _per_example(values: Tensor) -> Tensor:
    if not values.ndim:
        return values.reshape(1)  # one number for the batch, as a metric of one's own may give
    return values.reshape(values.shape[0], -1).mean(-1) if values.ndim > 1 else values


class MeanSquaredError(Loss):
    """mean (z - y)^2."""

    name = "mean_squared_error"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Squared errors."""
        return _over_examples(ops.square(z - y))


class MeanAbsoluteError(Loss):
    """mean |z - y|."""

    name = "mean_absolute_error"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Absolute errors."""
        return _over_examples(ops.abs(z - y))


class Huber(Loss):
    """Half the squared error up to delta, linear beyond (P. J. Huber, 1964)."""

    name = "huber_loss"

    def __init__(self, delta: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.delta = delta

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Huber's errors."""
        return _over_examples(F.huber_loss(z, y, reduction="none", delta=self.delta))


class LogCosh(Loss):
    """mean log(cosh(z - y))."""

    name = "log_cosh"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """log cosh e = e + softplus(-2 e) - log 2, without overflow."""
        e = z - y
        return _over_examples(e + F.softplus(-2.0 * e) - 0.6931471805599453)


class Hinge(Loss):
    """mean max(1 - y z, 0), with targets -1 and 1 (0 counts as -1)."""

    name = "hinge"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Hinge errors."""
        sign = ops.where(ops.eq(y, 0.0), -1.0, y)
        return _over_examples(ops.relu(1.0 - sign * z))


class SquaredHinge(Loss):
    """mean max(1 - y z, 0)^2."""

    name = "squared_hinge"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Squared hinge errors."""
        sign = ops.where(ops.eq(y, 0.0), -1.0, y)
        return _over_examples(ops.square(ops.relu(1.0 - sign * z)))


class CategoricalHinge(Loss):
    """max(1 + the greatest output of another class - that of the class, 0)."""

    name = "categorical_hinge"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Margins that are missing."""
        return ops.relu(((1.0 - y) * z).amax(-1) - (y * z).sum(-1) + 1.0)


class MeanAbsolutePercentageError(Loss):
    """100 · mean |y - z| / |y|."""

    name = "mean_absolute_percentage_error"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Errors in hundredths of the target."""
        return 100.0 * _over_examples(ops.abs((y - z) / ops.maximum(ops.abs(y), EPSILON)))


class MeanSquaredLogarithmicError(Loss):
    """mean (log(1 + y) - log(1 + z))^2."""

    name = "mean_squared_logarithmic_error"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Squared differences of logarithms."""
        y, z = (ops.log(ops.maximum(t, EPSILON) + 1.0) for t in (y, z))
        return _over_examples(ops.square(y - z))


class CosineSimilarity(Loss):
    """-cos of the angle between y and z: -1 where they point the same way."""

    name = "cosine_similarity"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Negative cosines."""
        return -(unit(y) * unit(z)).sum(-1)


def unit(x: Tensor) -> Tensor:
    """x / |x| along the last axis."""
    return x / ops.sqrt(ops.maximum(ops.square(x).sum(-1, keepdim=True), 1e-12))


class Poisson(Loss):
    """mean z - y log z, for rates z above 0."""

    name = "poisson"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Poisson's errors."""
        return _over_examples(z - y * ops.log(z + EPSILON))


class KLDivergence(Loss):
    """sum y log(y / z): how far the distribution z is from y (S. Kullback and R. A. Leibler, 1951)."""

    name = "kl_divergence"

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Divergences."""
        y, z = (ops.clamp(t, low=EPSILON, high=1.0) for t in (y, z))
        return (y * ops.log(y / z)).sum(-1)


class BinaryCrossentropy(Loss):
    """-mean(y log p + (1 - y) log(1 - p))."""

    name = "binary_crossentropy"
    fuses = "Sigmoid"

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """softplus(z) - z y from scores z; from probabilities, with both logarithms."""
        if self.label_smoothing:
            y = y * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        if scores:
            return _over_examples(F.binary_cross_entropy_with_logits(z, y, reduction="none"))
        return _over_examples(F.binary_cross_entropy(ops.clamp(z, low=EPSILON, high=1 - EPSILON), y, reduction="none"))


class CategoricalCrossentropy(Loss):
    """-sum y log p, with one-hot targets y or other distributions."""

    name = "categorical_crossentropy"
    fuses = "Softmax"

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Cross-entropies."""
        if self.label_smoothing:
            y = y * (1.0 - self.label_smoothing) + self.label_smoothing / y.shape[-1]
        return -(y * (F.log_softmax(z, -1) if scores else _log_of(z))).sum(-1)


class BinaryFocalCrossentropy(BinaryCrossentropy):
    """Binary cross-entropy times (1 - p of the truth) ** gamma: what is easy counts less (T.-Y. Lin et al., 2017)."""

    name = "binary_focal_crossentropy"

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.balanced, self.alpha, self.gamma = apply_class_balancing, alpha, gamma

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Focal cross-entropies."""
        p = ops.sigmoid(z) if scores else ops.clamp(z, low=EPSILON, high=1 - EPSILON)
        if self.label_smoothing:
            y = y * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        easy = ops.pow(1.0 - (p * y + (1.0 - p) * (1.0 - y)), self.gamma)
        if scores:
            values = easy * F.binary_cross_entropy_with_logits(z, y, reduction="none")
        else:
            values = easy * F.binary_cross_entropy(p, y, reduction="none")
        if self.balanced:
            values = values * (self.alpha * y + (1.0 - self.alpha) * (1.0 - y))
        return _over_examples(values)


class SparseCategoricalCrossentropy(Loss):
    """-log p[y], with class numbers y from 0, of shape (n,) or (n, 1)."""

    name = "sparse_categorical_crossentropy"
    fuses = "Softmax"
    labels = True

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1, **options: Any
    ) -> None:
        super().__init__(**options)
        self.from_logits, self.ignore_class = from_logits, ignore_class
        if ignore_class is not None:
            got = f"SparseCategoricalCrossentropy: got ignore_class={ignore_class}"
            raise NotSupportedError(complain(got, "expected None", "Try sample_weight=(y != that class)"))

    def target(self, y: Tensor, z: Tensor) -> Tensor:
        """The class numbers, one per example."""
        if y.shape == (*z.shape[:-1], 1):
            y = y.reshape(z.shape[:-1])
        if y.shape != z.shape[:-1]:
            got = f"loss `{self.name}`: got targets of shape {tuple(y.shape)} for outputs of shape {tuple(z.shape)}"
            hint = "Try loss='categorical_crossentropy' for one-hot targets"
            raise ShapeError(complain(got, f"expected class numbers of shape {tuple(z.shape[:-1])}", hint))
        return y

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Cross-entropies."""
        if scores:
            return F.cross_entropy(z.movedim(-1, 1) if z.ndim > 2 else z, y, reduction="none")
        return F.nll_loss(_log_of(z), y, reduction="none")


def _log_of(p: Tensor) -> Tensor:
    """log p, for probabilities that need not quite add up to 1."""
    p = p / p.sum(-1, keepdim=True)
    return ops.log(ops.clamp(p, low=EPSILON, high=1 - EPSILON))


class Function(Loss):
    """A loss of one's own: function(y, z) gives a tensor, which is averaged over all but the examples."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def target(self, y: Tensor, z: Tensor) -> Tensor:
        """The targets as they are, in the output's shape if they have its size."""
        return y.reshape(z.shape) if y.array.size == z.array.size else y

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """The function's values."""
        return _per_example(self.function(y, z))


NAMES: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "huber": Huber,
    "huber_loss": Huber,
    "log_cosh": LogCosh,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "categorical_hinge": CategoricalHinge,
    "cosine_similarity": CosineSimilarity,
    "poisson": Poisson,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "binary_crossentropy": BinaryCrossentropy,
    "binary_focal_crossentropy": BinaryFocalCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}


def _function(name: str) -> Callable[..., Tensor]:
    def function(y_true: Any, y_pred: Any, **options: Any) -> Tensor:
        return NAMES[name](reduction="none", **options)(y_true, y_pred)

    function.__name__ = name
    function.__doc__ = f"`{NAMES[name].__name__}` of every example."
    return function


mean_squared_error, mean_absolute_error = _function("mean_squared_error"), _function("mean_absolute_error")
mean_absolute_percentage_error = _function("mean_absolute_percentage_error")
mean_squared_logarithmic_error = _function("mean_squared_logarithmic_error")
huber, log_cosh, hinge, squared_hinge = (_function(n) for n in ("huber", "log_cosh", "hinge", "squared_hinge"))
categorical_hinge, cosine_similarity = _function("categorical_hinge"), _function("cosine_similarity")
poisson, kl_divergence = _function("poisson"), _function("kl_divergence")
binary_crossentropy, binary_focal_crossentropy = (
    _function("binary_crossentropy"),
    _function("binary_focal_crossentropy"),
)
categorical_crossentropy = _function("categorical_crossentropy")
sparse_categorical_crossentropy = _function("sparse_categorical_crossentropy")
_FUNCTIONS = {globals()[name]: name for name in NAMES if name in globals()}


def get(identifier: Any) -> Loss:
    """The loss that a name, a class or a configuration stands for; a function `(y_true, y_pred)` becomes one."""
    if callable(identifier) and not isinstance(identifier, type) and identifier in _FUNCTIONS:
        return NAMES[_FUNCTIONS[identifier]]()
    made = made_by("loss", identifier, NAMES)
    if isinstance(made, Loss):
        return made
    if not callable(made):
        got = f"compile: got loss={identifier!r}"
        raise DataError(complain(got, "expected a name, a loss or a function", "Try loss='mse'"))
    return Function(made)
