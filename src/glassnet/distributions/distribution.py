"""What all distributions share: shapes, checks, and their look.

A sample has the shape sample_shape + batch_shape + event_shape: how many are drawn, how many distributions stand side
by side, and what one draw of one of them is (a number, or a vector).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from glassnet.core import dtypes, factories
from glassnet.core.arranging import broadcast_tensors
from glassnet.core.dtypes import Size
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.distributions.constraints import Constraint
from glassnet.errors import DTypeError, NotSupportedError, ShapeError, ValueRangeError, complain

NONE = Size(())


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """The values as tensors of one shape; numbers take the dtype of the first tensor among them."""
    strange = [v for v in values if not isinstance(v, Tensor | int | float | np.number)]
    if strange:
        got = f"a distribution: got a {type(strange[0]).__name__}"
        raise DTypeError(complain(got, "expected tensors or numbers", "Try torch.tensor(values)"))
    dtype = next((v.dtype for v in values if isinstance(v, Tensor)), dtypes.get_default_dtype())
    return tuple(broadcast_tensors(*[v if isinstance(v, Tensor) else factories.tensor(v, dtype=dtype) for v in values]))


def sum_rightmost(value: Tensor, count: int) -> Tensor:
    """The sum over the last `count` axes."""
    return value.sum(tuple(range(-count, 0))) if count else value


class Distribution:
    """The base of all distributions; those of your own give `rsample` or `sample`, `log_prob` and what else they can.

    `arg_constraints` maps the names of parameters to constraints, `support` is that of values. Both are checked, unless
    validate_args=False (or Python runs with -O); a step that is replayed checks while it is recorded.
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: Any = MappingProxyType({})
    support: Any = None
    _validate_args = __debug__
    _param_dims = 0  # how many axes of a parameter belong to one distribution

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions made from now on check their parameters and values."""
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Sequence[int] = NONE,
        event_shape: Sequence[int] = NONE,
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, value in self._parameters().items():
                self._check(name, value, self.arg_constraints[name])

    def _parameters(self) -> Mapping[str, Tensor]:
        """The parameters that there are by now: of probs and logits, the other comes when it is asked for."""
        return {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}

    def _check(self, name: str, value: Tensor, constraint: Constraint) -> None:
        holds = constraint.holds(value.array)
        if not holds.all():
            wrong = np.broadcast_to(value.array, holds.shape + value.array.shape[holds.ndim :])[~holds][0]
            got = f"{type(self).__name__}: got {np.array2string(wrong, threshold=6)} in {name}"
            hint = f"Try another {name}, or validate_args=False to go on with it"
            raise ValueRangeError(complain(got, f"expected {constraint.words}", hint))

    def _validate_sample(self, value: Tensor) -> None:
        """Raise for a value that is no tensor, does not fit the shapes, or is outside the support."""
        if not isinstance(value, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
            got = f"{type(self).__name__}: got a {type(value).__name__}"
            raise ValueRangeError(complain(got, "expected a tensor", "Try torch.tensor(value)"))
        want, have = (*self._batch_shape, *self._event_shape), tuple(value.shape)
        fits = have[len(have) - len(self._event_shape) :] == tuple(self._event_shape)
        pairs = zip(reversed(have), reversed(want), strict=False)
        if not fits or any(1 not in pair and pair[0] != pair[1] for pair in pairs):
            got = f"{type(self).__name__}: got a value of shape {have}"
            raise ShapeError(complain(got, f"expected one that fits {want}", "Try value.reshape or value.unsqueeze"))
        if self.support is not None:
            self._check("value", value, self.support)

    @property
    def batch_shape(self) -> Size:
        """How many distributions stand side by side."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw of one of them."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Sequence[int] = NONE) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Sequence[int]) -> Any:
        """The same distribution repeated to another batch_shape, without copies of its parameters."""
        new = copy.copy(self)
        new._batch_shape = Size(batch_shape)
        for name, value in self._parameters().items():
            tail = tuple(value.shape)[len(value.shape) - self._param_dims :]
            setattr(new, name, value.expand(Size((*batch_shape, *tail))))
        return new

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Draws of shape sample_shape + batch_shape + event_shape, through which no gradient flows."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Draws through which gradients flow on to the parameters."""
        self._cannot("rsample", "sample and log_prob, times what the draw was worth")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability, or of the density, at a value."""
        self._cannot("log_prob", "Normal, Bernoulli, Categorical or Uniform")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw up to a value."""
        self._cannot("cdf", "Normal or Uniform")

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which draws have a probability: the inverse of `cdf`."""
        self._cannot("icdf", "Normal or Uniform")

    def entropy(self) -> Tensor:
        """What a draw tells on average, in nats: -E[log_prob]."""
        self._cannot("entropy", "-distribution.log_prob(distribution.sample((1000,))).mean(0)")

    def perplexity(self) -> Tensor:
        """exp(entropy): of how many equally likely values a draw is as uncertain."""
        return self.entropy().exp()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values there are, along a new first axis."""
        self._cannot("enumerate_support", "Bernoulli or Categorical")

    @property
    def mean(self) -> Tensor:
        """The mean, of shape batch_shape + event_shape."""
        self._cannot("mean", "distribution.sample((1000,)).mean(0)")

    @property
    def mode(self) -> Tensor:
        """The most likely value."""
        self._cannot("mode", "distribution.mean")

    @property
    def variance(self) -> Tensor:
        """The variance, of shape batch_shape + event_shape."""
        self._cannot("variance", "distribution.sample((1000,)).var(0)")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation, the root of the variance."""
        return self.variance.sqrt()

    def _cannot(self, what: str, instead: str) -> NoReturn:
        kind = type(self).__name__
        raise NotSupportedError(complain(f"{kind}: got {what}", f"expected what a {kind} has", f"Try {instead}"))

    def __repr__(self) -> str:
        shown = (f"{k}: {v if v.array.size == 1 else v.shape}" for k, v in self._parameters().items())
        return f"{type(self).__name__}({', '.join(shown)})"
