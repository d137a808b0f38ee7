"""What a search tries: lists and ranges of values for settings, and the trials that they make.

A space is a dictionary such as `{"learning_rate": (0.01, 0.1), "dropout": Range(0.0, 0.5)}`. Its names are settings;
two more, `width` and `depth`, stand for `hidden` with that many layers of that size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from glassnet.errors import ValueRangeError, complain
from glassnet.train.kinds import Kind, Real, Whole, nearest, shown
from glassnet.train.settings import Settings

if TYPE_CHECKING:
    from numpy.random import Generator

_LOGARITHMIC = 10.0  # a range whose ends are that many times apart is searched by orders of magnitude
_SHAPE: dict[str, Kind] = {"width": Whole(1, 1_000_000, "64"), "depth": Whole(0, 1000, "2")}


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, for a random search; by orders of magnitude where the ends lie far apart.

    Raises `ValueRangeError` for ends in the wrong order.

    >>> Range(0.001, 1.0)
    Range(low=0.001, high=1.0)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not -math.inf < self.low < self.high < math.inf:
            got = f"got a range from {self.low:g} to {self.high:g}"
            raise ValueRangeError(complain(got, "expected a lower and a higher end", "Try 0.001..1"))

    def draw(self, rng: Generator) -> float:
        """One of them; whole where both ends are whole numbers."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        low, high = (self.low - 0.5, self.high + 0.5) if whole else (self.low, self.high)
        if low > 0 and high / low >= _LOGARITHMIC:
            value = math.exp(rng.uniform(math.log(low), math.log(high)))
        else:
            value = rng.uniform(low, high)
        value = min(max(value, self.low), self.high)
        return round(value) if whole else float(f"{value:.3g}")  # three figures say all, and can be typed again


Values = Sequence[Any] | Range
Space = Mapping[str, Values]
Choices = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """One training of a search: its number, and the values that it tries."""

    number: int
    choices: Choices


def checked(space: Space) -> dict[str, Values]:
    """The space with its names and values checked.

    Raises `ValueRangeError` for an unknown setting, a value that it cannot have, a value given twice, or no value.

    >>> checked({"lr": [0.1, 0.01]})
    {'learning_rate': (0.1, 0.01)}
    """
    found: dict[str, Values] = {}
    for typed, values in space.items():
        name, kind = kind_of(typed)
        if isinstance(values, Range):
            if not isinstance(kind, Real | Whole):
                got = f"got a range for {name}"
                raise ValueRangeError(complain(got, "expected values", f"Try {name}={kind.example}"))
            kind.check(name, values.low)
            kind.check(name, values.high)
            found[name] = values
            continue
        values = tuple(tuple(value) if isinstance(value, list) else value for value in values)
        for value in values:
            kind.check(name, value)
        if not values or len(set(values)) < len(values):
            got = f"got {name}={', '.join(map(str, values)) or 'nothing'}"
            raise ValueRangeError(complain(got, "expected each value once", f"Try {name}={kind.example}"))
        found[name] = values
    _check_shape(found)
    return found


def kind_of(typed: str) -> tuple[str, Kind]:
    """The full name of a setting, and what its values may be; `ValueRangeError` for none that is known."""
    name = typed.strip().lower().replace("-", "_")
    if name in _SHAPE:
        return name, _SHAPE[name]
    for setting in Settings.all():
        if name == setting.name or name in setting.aliases:
            return setting.name, setting.kind
    known = [*_SHAPE, *(setting.name for setting in Settings.all())]
    near = nearest(name, known) or "learning_rate"
    got = f"got the setting {shown(typed)}"
    raise ValueRangeError(complain(got, f"expected one of {', '.join(known)}", f"Try {near}"))


def _check_shape(space: Mapping[str, Values]) -> None:
    if "hidden" in space and ("width" in space or "depth" in space):
        got = "got hidden together with width or depth"
        raise ValueRangeError(complain(got, "expected one way to say it", "Try width and depth alone"))


def settings_for(base: Settings, choices: Choices) -> Settings:
    """The settings of a trial: those of the base, and its own in their place.

    >>> settings_for(Settings(), {"width": 32, "depth": 3, "learning_rate": 0.5}).hidden
    (32, 32, 32)
    """
    plain = dict(choices)
    if "width" in plain or "depth" in plain:
        width = plain.pop("width", base.hidden[0] if base.hidden else 64)
        plain["hidden"] = (width,) * plain.pop("depth", len(base.hidden) or 1)
    return replace(base, **plain)


def grid(space: Space) -> list[Trial]:
    """Every value with every other, the last name changing fastest.

    >>> [trial.choices for trial in grid({"depth": (1, 2), "batch_size": (16, 32)})][:2]
    [{'depth': 1, 'batch_size': 16}, {'depth': 1, 'batch_size': 32}]
    """
    space = checked(space)
    for name, values in space.items():
        if isinstance(values, Range):
            got = f"got the range {values.low:g}..{values.high:g} for {name} in a grid"
            hint = f"Try {name}={values.low:g},{values.high:g}, or a random search"
            raise ValueRangeError(complain(got, "expected values", hint))
    return _numbered(dict(zip(space, values, strict=True)) for values in itertools.product(*space.values()))  # type: ignore[arg-type]


def one_at_a_time(space: Space) -> list[Trial]:
    """The first value of everything, and from there each other value of one thing at a time.

    >>> [trial.choices for trial in one_at_a_time({"depth": (1, 2), "batch_size": (16, 32)})]
    [{'depth': 1, 'batch_size': 16}, {'depth': 2, 'batch_size': 16}, {'depth': 1, 'batch_size': 32}]
    """
    first = grid(space)[0].choices
    steps = [{**first, name: value} for name, values in checked(space).items() for value in values[1:]]  # type: ignore[index]
    return _numbered([first, *steps])


def random(space: Space, n: int, seed: int = 0) -> list[Trial]:
    """n different draws, each value as likely as the others of its list; fewer where there are no more.

    J. Bergstra and Y. Bengio, Random search for hyper-parameter optimization, 2012.

    >>> [trial.choices for trial in random({"depth": (1, 2), "learning_rate": Range(0.001, 1.0)}, 2, seed=1)]
    [{'depth': 1, 'learning_rate': 0.71}, {'depth': 2, 'learning_rate': 0.00271}]
    """
    from numpy.random import default_rng

    space, rng = checked(space), default_rng(seed)
    found: dict[Any, Choices] = {}
    for _ in range(20 * n):
        drawn = {name: _draw(values, rng) for name, values in space.items()}
        found.setdefault(tuple(drawn.values()), drawn)
        if len(found) == n:
            break
    return _numbered(found.values())


def _draw(values: Values, rng: Generator) -> Any:
    return values.draw(rng) if isinstance(values, Range) else values[int(rng.integers(len(values)))]


def _numbered(choices: Any) -> list[Trial]:
    return [Trial(number, dict(chosen)) for number, chosen in enumerate(choices)]
