"""The list of data sets: what a data set is, how a function becomes one, and how one is loaded by name.

A new data set is one decorated function; the command line, the Playground and the manual list it by themselves.

- `@dataset` decorates a rule `(rng, n, noise) -> (x, y)` that draws points: sizes, seeds and splitting are done here.
- `@fixed` decorates a function that returns all four arrays: truth tables and files.

Both leave the function as it is and only add a row to `DATASETS`.
"""

from __future__ import annotations  # np.random.Generator is named below, and importing it costs 15 ms

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from glassnet.data.mapped import chosen
from glassnet.errors import DataError, ValueRangeError, complain

Task = Literal["classification", "multilabel", "regression"]
Rule = Callable[..., tuple[np.ndarray, np.ndarray]]

MOST_POINTS = 10_000_000  # 240 MB while they are drawn: more is a slip of the keyboard, not a lesson


class Arrays(NamedTuple):
    """The four arrays of a data set, in the order that everybody unpacks them."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class DataSet:
    """Arrays to train and to test on, and what their numbers mean.

    Shapes: `x_*` is `(n, ...)`, float32 for points and uint8 for images. For classification `y_*` is `(n,)`, int64, an
    index into `classes`. For regression `y_*` is `(n, outputs)`, float32, the shape of a network's output; for
    multilabel the same with a 0 or a 1 for each of `classes`.

    Raises `DataError` when the arrays do not fit together.

    >>> load_dataset("and")
    DataSet 'and': classification, 4 to train, 4 to test, 2 features, classes 0, 1
    """

    name: str
    task: Task
    summary: str
    source: str
    classes: tuple[str, ...]
    feature_names: tuple[str, ...]
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        _check_rows(self.name, "train", self.x_train, self.y_train)
        _check_rows(self.name, "test", self.x_test, self.y_test)
        _check_widths(self)
        if self.task == "classification":
            check_labels(f"data set `{self.name}`, train", self.y_train, len(self.classes))
            check_labels(f"data set `{self.name}`, test", self.y_test, len(self.classes))

    def __repr__(self) -> str:
        classes = f", classes {', '.join(self.classes)}" if self.classes else ""
        return (
            f"DataSet {self.name!r}: {self.task}, {len(self.x_train)} to train, {len(self.x_test)} to test, "
            f"{self.n_features} features{classes}"
        )

    @property
    def n_features(self) -> int:
        """How many numbers describe one example: 784 for a 28 by 28 image."""
        return math.prod(self.x_train.shape[1:])

    @property
    def n_outputs(self) -> int:
        """How many numbers a network must give: one per class, or one per regression target."""
        return len(self.classes) if self.task == "classification" else self.y_train.shape[1]


class Recipe(NamedTuple):
    """One row of `DATASETS`: what is known of a data set before it is made, and `make(**options) -> Arrays`."""

    name: str
    task: Task
    summary: str
    source: str
    classes: tuple[str, ...]
    feature_names: tuple[str, ...]
    options: dict[str, Any]
    make: Callable[..., Arrays]


DATASETS: dict[str, Recipe] = {}


def dataset(
    name: str,
    *,
    task: Task,
    summary: str,
    source: str = "",
    classes: Sequence[str] = (),
    feature_names: Sequence[str] = ("x1", "x2"),
    n: int = 500,
    noise: float = 0.0,
) -> Callable[[Rule], Rule]:
    """Register a rule `(rng, n, noise, *, its own options) -> (x, y)` under a name, with default `n` and `noise`.

    The rule draws `n` points from `rng` in any order; `load_dataset` checks the options, shuffles and splits.
    """

    def register(rule: Rule) -> Rule:
        own = dict(rule.__kwdefaults__ or {})  # type: ignore[attr-defined]
        options = {"n": n, "noise": noise, "seed": 0, "test_fraction": 0.2, **own}

        def make(*, n: Any, noise: Any, seed: Any, test_fraction: Any, **own: Any) -> Arrays:
            n = whole_number("n", n, least=2, most=MOST_POINTS)
            noise = real_number("noise", noise, least=0.0, below=1000.0)
            rng = np.random.default_rng(whole_number("seed", seed, least=0))
            x, y = rule(rng, n, noise, **own)
            y = y.astype(np.float32 if task == "regression" else np.int64)
            return split(
                x.astype(np.float32), y, rng, real_number("test_fraction", test_fraction, least=0.0, below=1.0)
            )

        _register(Recipe(name, task, summary, source, tuple(classes), tuple(feature_names), options, make))
        return rule

    return register


def fixed(
    name: str,
    *,
    task: Task,
    summary: str,
    source: str = "",
    classes: Sequence[str] = (),
    feature_names: Sequence[str] = (),
) -> Callable[[Callable[..., Arrays]], Callable[..., Arrays]]:
    """Register a function that returns all four arrays: a truth table, a set of files."""

    def register(make: Callable[..., Arrays]) -> Callable[..., Arrays]:
        options = dict(make.__kwdefaults__ or {})  # type: ignore[attr-defined]
        _register(Recipe(name, task, summary, source, tuple(classes), tuple(feature_names), options, make))
        return make

    return register


def load_dataset(name: str, **options: Any) -> DataSet:
    """Make the data set called `name`; `DATASETS[name].options` are the options it takes, with their defaults.

    Sets of points take `n`, `noise`, `seed` and `test_fraction`; the same options give the same numbers. Case and
    hyphens do not matter: "fashion-mnist" is "fashion_mnist".

    Raises `ValueRangeError` for an unknown name, an unknown option or a value outside its range.

    >>> spiral = load_dataset("spiral", n=500, noise=0.1, seed=3, test_fraction=0.5)
    >>> spiral.x_train.shape, spiral.x_train.dtype, spiral.y_train.dtype
    ((250, 2), dtype('float32'), dtype('int64'))
    """
    recipe = _find(name)
    unknown = [option for option in options if option not in recipe.options]
    if unknown:
        raise ValueRangeError(_unknown_option(recipe, unknown[0]))
    arrays = recipe.make(**{**recipe.options, **options})
    return DataSet(
        recipe.name, recipe.task, recipe.summary, recipe.source, recipe.classes, recipe.feature_names, *arrays
    )


def whole_number(name: str, value: Any, *, least: int, most: int | None = None) -> int:
    """The value as an int within its bounds, or a `ValueRangeError` that names the option.

    >>> whole_number("n", 5, least=2)
    5
    """
    expected = f"expected a whole number of at least {least}" + (f" and at most {most}" if most is not None else "")
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):
        hint = most if is_whole and most is not None and value > most else least
        raise ValueRangeError(complain(f"got {name}={value!r}", expected, f"Try {name}={hint}"))
    return int(value)


def real_number(name: str, value: Any, *, least: float, below: float = math.inf) -> float:
    """The value as a finite float with `least <= value < below`, or a `ValueRangeError` that names the option.

    >>> real_number("noise", 0.25, least=0.0)
    0.25
    """
    is_real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not is_real or not least <= value < below:  # NaN fails both comparisons
        bounds = f"of at least {least:g}" + (f" and less than {below:g}" if below < math.inf else "")
        hint = f"Try {name}={least + 0.2:g}"
        raise ValueRangeError(complain(f"got {name}={value!r}", f"expected a finite number {bounds}", hint))
    return float(value)


def split(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, test_fraction: float) -> Arrays:
    """Shuffle the rows and set that fraction apart for the test; something is always left to train on.

    >>> arrays = split(np.zeros((10, 2)), np.arange(10), np.random.default_rng(0), 0.3)
    >>> len(arrays.x_train), len(arrays.x_test)
    (7, 3)
    """
    order = rng.permutation(len(x))
    n_test = min(round(len(x) * test_fraction), len(x) - 1)
    train, test = order[: len(x) - n_test], order[len(x) - n_test :]
    return Arrays(chosen(x, train), y[train], chosen(x, test), y[test])


def check_labels(where: str, labels: np.ndarray, n_classes: int) -> None:
    """Raise a `DataError` that names the first row whose label is not one of `0 .. n_classes - 1`.

    >>> check_labels("labels", np.array([0, 1, 7]), 2)
    Traceback (most recent call last):
        ...
    glassnet.errors.DataError: labels: got label 7 in row 2; expected 0 to 1 (2 classes). Try correcting that row, or \
naming 8 classes.
    """
    wrong = np.flatnonzero((labels < 0) | (labels >= n_classes))
    if not wrong.size:
        return
    row, label = int(wrong[0]), int(labels[wrong[0]])
    more = f", or naming {int(labels.max()) + 1} classes" if labels.min() >= 0 else ""
    got = f"{where}: got label {label} in row {row}"
    expected = f"expected 0 to {n_classes - 1} ({n_classes} classes)"
    raise DataError(complain(got, expected, f"Try correcting that row{more}"))


def _register(recipe: Recipe) -> None:
    if recipe.name in DATASETS:
        hint = "Try another name for the second"
        raise DataError(complain(f"got a second data set {recipe.name!r}", "expected every name once", hint))
    DATASETS[recipe.name] = recipe


def _find(name: str) -> Recipe:
    key = str(name).strip().lower().replace("-", "_")
    if key in DATASETS:
        return DATASETS[key]
    from difflib import get_close_matches  # only a slip of the keyboard pays for this import

    near = get_close_matches(key, DATASETS, n=1, cutoff=0.0)
    expected = f"expected one of {', '.join(sorted(DATASETS))}"
    hint = f'Try load_dataset("{near[0]}")' if near else "Try importing glassnet.data.datasets, which registers them"
    raise ValueRangeError(complain(f"got data set {name!r}", expected, hint))


def _unknown_option(recipe: Recipe, option: str) -> str:
    names = ", ".join(recipe.options) or "no options"
    hint = f'Try load_dataset("{recipe.name}"' + "".join(f", {k}={v!r}" for k, v in recipe.options.items()) + ")"
    return complain(f"data set `{recipe.name}`: got option {option!r}", f"expected {names}", hint)


def _check_rows(name: str, part: str, x: np.ndarray, y: np.ndarray) -> None:
    if len(x) == len(y):
        return
    got = f"data set `{name}`, {part}: got {len(x)} examples and {len(y)} targets"
    raise DataError(
        complain(got, "expected as many targets as examples", f"Try the first {min(len(x), len(y))} of both")
    )


def _check_widths(data: DataSet) -> None:
    train, test = data.x_train.shape[1:], data.x_test.shape[1:]
    if train != test:
        got = f"data set `{data.name}`: got test examples of shape {test}"
        raise DataError(complain(got, f"expected {train}, as in training", "Try one preparation for both"))
    wanted = 1 if data.task == "classification" else 2
    for part, y in (("train", data.y_train), ("test", data.y_test)):
        if y.ndim != wanted:
            shape = "(n,), one class index each" if wanted == 1 else "(n, outputs)"
            got = f"data set `{data.name}`, {part}: got {data.task} targets of shape {y.shape}"
            hint = "Try y.ravel()" if wanted == 1 else "Try y.reshape(len(y), -1)"
            raise DataError(complain(got, f"expected {shape}", hint))
