"""Keras's losses. Each gives one number per example, from targets y and the network's output z.

Where the last layer is a softmax or a sigmoid and the loss is the matching cross-entropy, the two are taken together:
the loss is computed from the scores before the activation, which neither overflows nor loses small probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.core import ops
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, ShapeError, complain
from glassnet.faces.keras.lookup import found
from glassnet.nn import functional as F

EPSILON = 1e-7  # Keras keeps probabilities this far from 0 and 1


class Loss:
    """A loss by its function `(y, z) -> (examples,)`.

    `fuses` names the activation that the loss can take over: it then gets scores instead of probabilities.
    """

    name = "loss"
    fuses: str | None = None
    labels = False  # whether targets are class numbers

    def __init__(self, from_logits: bool = False, name: str | None = None) -> None:
        self.from_logits = from_logits
        self.name = name or type(self).name

    def __call__(self, y: Tensor, z: Tensor) -> Tensor:
        """The mean over the examples."""
        return self.each(self.target(y, z), z, self.from_logits).mean()

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
        raise NotImplementedError(f"{type(self).__name__}: expected a method each(y, z, scores). Try writing one.")


def _over_examples(values: Tensor) -> Tensor:
    return values.mean(-1) if values.ndim > 1 else values


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

    def __init__(self, delta: float = 1.0, name: str | None = None) -> None:
        super().__init__(name=name)
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

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, name: str | None = None) -> None:
        super().__init__(from_logits, name)
        self.label_smoothing = label_smoothing

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

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0, name: str | None = None) -> None:
        super().__init__(from_logits, name)
        self.label_smoothing = label_smoothing

    def each(self, y: Tensor, z: Tensor, scores: bool) -> Tensor:
        """Cross-entropies."""
        if self.label_smoothing:
            y = y * (1.0 - self.label_smoothing) + self.label_smoothing / y.shape[-1]
        return -(y * (F.log_softmax(z, -1) if scores else _log_of(z))).sum(-1)


class SparseCategoricalCrossentropy(Loss):
    """-log p[y], with class numbers y from 0, of shape (n,) or (n, 1)."""

    name = "sparse_categorical_crossentropy"
    fuses = "Softmax"
    labels = True

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
        values = self.function(y, z)
        return values.reshape(values.shape[0], -1).mean(-1) if values.ndim > 1 else values.reshape(-1)


NAMES: dict[str, Callable[[], Loss]] = {
    "mse": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "huber_loss": Huber,
    "log_cosh": LogCosh,
    "hinge": Hinge,
    "poisson": Poisson,
    "kl_divergence": KLDivergence,
    "kld": KLDivergence,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}


def get(identifier: Any) -> Loss:
    """The loss that a name stands for; a function `(y_true, y_pred)` becomes one."""
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        return found("loss", identifier, NAMES)()
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if not callable(identifier):
        got = f"compile: got loss={identifier!r}"
        raise DataError(complain(got, "expected a name, a loss or a function", "Try loss='mse'"))
    function: Any = identifier
    return Function(function)
