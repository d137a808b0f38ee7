"""What parameters and values of a distribution may be; `check` says for each whether it is so.

>>> import glassnet as torch
>>> torch.distributions.constraints.positive.check(torch.tensor([2.0, -1.0]))
tensor([ True, False])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor, wrap

Array = np.ndarray


class Constraint:
    """A set of numbers (or, with `event_dim` above 0, of vectors along the last axes)."""

    is_discrete = False
    event_dim = 0
    words = "such values"

    def check(self, value: Tensor) -> Tensor:
        """Whether each number, or each vector, is in the set."""
        return wrap(self.holds(value.array))

    def holds(self, value: Array) -> Array:
        """The same of an array."""
        raise NotImplementedError

    def __repr__(self) -> str:
        bounds = ", ".join(f"{name}={bound}" for name, bound in vars(self).items())
        return f"{type(self).__name__.lstrip('_')}({bounds})"


def _plain(bound: Any) -> Any:
    return bound.array if isinstance(bound, Tensor) else bound


class _Boolean(Constraint):
    is_discrete = True
    words = "0 or 1"

    def holds(self, value: Array) -> Array:
        return (value == 0) | (value == 1)


class _Real(Constraint):
    words = "numbers that are not NaN"

    def holds(self, value: Array) -> Array:
        return value == value


class _Between(Constraint):
    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    @property
    def words(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return f"{self.lower_bound} to {self.upper_bound}"

    def holds(self, value: Array) -> Array:
        return (_plain(self.lower_bound) <= value) & (value <= _plain(self.upper_bound))


class _Interval(_Between):
    pass


class _IntegerInterval(_Between):
    is_discrete = True

    @property
    def words(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return f"whole numbers {self.lower_bound} to {self.upper_bound}"

    def holds(self, value: Array) -> Array:
        return (value % 1 == 0) & super().holds(value)


class _GreaterThan(Constraint):
    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    @property
    def words(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return f"more than {self.lower_bound}"

    def holds(self, value: Array) -> Array:
        return _plain(self.lower_bound) < value


class _LessThan(Constraint):
    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    @property
    def words(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return f"less than {self.upper_bound}"

    def holds(self, value: Array) -> Array:
        return value < _plain(self.upper_bound)


class _Simplex(Constraint):
    event_dim = 1
    words = "numbers of 0 or more that add up to 1 along the last axis"

    def holds(self, value: Array) -> Array:
        with np.errstate(invalid="ignore"):  # infinities of both signs, which are refused
            sums: Array = np.asarray(value.sum(-1, dtype=np.float64))
        return (value >= 0).all(-1) & (abs(sums - 1) < 1e-6)


class _IndependentConstraint(Constraint):
    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims
        self.is_discrete, self.words = base_constraint.is_discrete, base_constraint.words
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def holds(self, value: Array) -> Array:
        each = self.base_constraint.holds(value)
        return np.asarray(each.all(tuple(range(-self.reinterpreted_batch_ndims, 0))))

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class _AtLeast(_GreaterThan):
    @property
    def words(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return f"{self.lower_bound} or more"

    def holds(self, value: Array) -> Array:
        return _plain(self.lower_bound) <= value

    def __repr__(self) -> str:
        return f"GreaterThanEq(lower_bound={self.lower_bound})"


class _IntegerGreaterThan(_AtLeast):
    is_discrete = True

    @property
    def words(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return f"whole numbers of {self.lower_bound} or more"

    def holds(self, value: Array) -> Array:
        return (value % 1 == 0) & super().holds(value)

    def __repr__(self) -> str:
        return f"IntegerGreaterThan(lower_bound={self.lower_bound})"


boolean, real, simplex = _Boolean(), _Real(), _Simplex()
unit_interval, positive = _Interval(0.0, 1.0), _GreaterThan(0.0)
nonnegative, greater_than_eq = _AtLeast(0.0), _AtLeast
real_vector = _IndependentConstraint(real, 1)
interval, integer_interval, independent = _Interval, _IntegerInterval, _IndependentConstraint
greater_than, less_than = _GreaterThan, _LessThan
nonnegative_integer, positive_integer = _IntegerGreaterThan(0), _IntegerGreaterThan(1)
