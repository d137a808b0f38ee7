"""What the parameters of the estimators may be."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain

Rule = tuple[Callable[[Any], bool], str]


def _one_of(*names: str) -> Rule:
    return lambda value: isinstance(value, str) and value in names, f"expected one of {', '.join(map(repr, names))}"


def _number(lowest: float, words: str, below: float = math.inf, whole: bool = False) -> Rule:
    kind: Any = Integral if whole else Real

    def fits(value: Any) -> bool:
        return isinstance(value, kind) and not isinstance(value, bool) and lowest <= value < below

    return fits, f"expected {words}"


_TINY = math.ulp(0.0)  # the least number above 0
_YES_OR_NO: Rule = (lambda value: isinstance(value, bool | np.bool_), "expected True or False")
_COUNT = _number(1, "a whole number of 1 or more", whole=True)
_NOT_NEGATIVE = _number(0, "a number of 0 or more")
_POSITIVE = _number(_TINY, "a number above 0")
_SHARE = _number(0, "a number from 0 to less than 1", 1.0)


def _sizes(value: Any) -> bool:
    sizes = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return all(_COUNT[0](size) for size in sizes)


RULES: dict[str, Rule] = {
    "loss": _one_of("squared_error", "poisson"),
    "hidden_layer_sizes": (_sizes, "expected whole numbers above 0, one for each hidden layer"),
    "activation": _one_of("identity", "logistic", "tanh", "relu"),
    "solver": _one_of("lbfgs", "sgd", "adam"),
    "alpha": _NOT_NEGATIVE,
    "batch_size": (lambda size: size == "auto" or _COUNT[0](size), "expected 'auto' or a whole number of 1 or more"),
    "learning_rate": _one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": _POSITIVE,
    "power_t": _NOT_NEGATIVE,
    "max_iter": _COUNT,
    "shuffle": _YES_OR_NO,
    "tol": _NOT_NEGATIVE,
    "warm_start": _YES_OR_NO,
    "momentum": _number(0, "a number from 0 to 1", math.nextafter(1.0, 2.0)),
    "nesterovs_momentum": _YES_OR_NO,
    "early_stopping": _YES_OR_NO,
    "validation_fraction": _SHARE,
    "beta_1": _SHARE,
    "beta_2": _SHARE,
    "epsilon": _POSITIVE,
    "n_iter_no_change": (lambda n: n == math.inf or _COUNT[0](n), "expected a whole number of 1 or more, or inf"),
    "max_fun": _COUNT,
}


def check(estimator: Any) -> None:
    """Refuse a parameter that makes no sense, with its default as the way out.

    Raises `ValueRangeError`, a ValueError.
    """
    given = estimator.get_params(deep=False)
    for name in given.keys() & RULES.keys():
        fits, expected = RULES[name]
        if not fits(given[name]):
            default = inspect.signature(type(estimator)).parameters[name].default
            got = f"{type(estimator).__name__}: got {name}={given[name]!r}"
            raise ValueRangeError(complain(got, expected, f"Try {name}={default!r}"))
