"""The settings of the Playground: one table, from which the page, the links, the checks and the manual are made.

A row of `PROPERTIES` is a setting of a session (`room="playground"` or `"digits"`) or of the page alone (`"page"`).
What the page shows, a link carries and `configure` changes is a dictionary of these names: the *state*.

`touches` says what a change does to a training that is under way:

    nothing   it goes on, and the next step follows the new value
    data      other examples; the weights stay
    network   the layers change; weights that still have a place stay
    weights   they are drawn anew, and the training starts from step 0
"""

# ruff: noqa: E501  (one setting, one row)

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from glassnet.errors import ValueRangeError, complain

Touches = Literal["nothing", "data", "network", "weights"]
Room = Literal["playground", "digits", "page"]

DATASETS_2D = ("circle", "xor", "gauss", "spiral", "moons", "rings", "checkerboard", "three_spirals", "three_gauss")
DATASETS_HEIGHT = ("plane", "gauss_regression")
DATASETS_1D = ("sine", "step", "abs", "polynomial", "sinc", "bump", "sawtooth", "chirp")
DATASETS = (*DATASETS_2D, "own", *DATASETS_HEIGHT, "formula", *DATASETS_1D, "formula_1d")
FEATURES = ("x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)", "cos(x1)", "cos(x2)")
ACTIVATIONS = (
    "tanh", "relu", "sigmoid", "linear", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "sine",
    "hardtanh",
)  # fmt: skip
OUTPUTS = ("auto", "linear", "tanh", "sigmoid", "softmax")
LOSSES = ("auto", "mse", "bce", "ce", "huber")
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "adam")
INITS = ("uniform", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "normal", "zeros")
MOST_LAYERS, MOST_UNITS, MOST_DRAWN = 8, 128, 32
MOST_SEED = 2**31 - 1
MOST_RUNS_SHOWN = 6


@dataclass(frozen=True)
class Number:
    """A number from `least` to `most`; `whole` numbers only, if so."""

    least: float
    most: float
    whole: bool = False

    @property
    def expected(self) -> str:
        """In words, for a message."""
        least, most = (f"{v:,}" if isinstance(v, int) else f"{v:g}" for v in (self.least, self.most))
        return f"{'a whole number' if self.whole else 'a number'} from {least} to {most}"

    def holds(self, value: Any) -> bool:
        """Whether a value is one; NaN is not."""
        kinds = (int,) if self.whole else (int, float)
        return type(value) in kinds and self.least <= value <= self.most


@dataclass(frozen=True)
class Choice:
    """One of a few names."""

    names: tuple[str, ...]

    @property
    def expected(self) -> str:
        """In words, for a message."""
        return f"one of {', '.join(self.names)}"

    def holds(self, value: Any) -> bool:
        """Whether a value is one."""
        return type(value) is str and value in self.names


@dataclass(frozen=True)
class Flag:
    """True or false."""

    expected = "true or false"

    def holds(self, value: Any) -> bool:
        """Whether a value is one."""
        return type(value) is bool


@dataclass(frozen=True)
class Text:
    """Words of at most `most` signs."""

    most: int

    @property
    def expected(self) -> str:
        """In words, for a message."""
        return f"a text of at most {self.most} signs"

    def holds(self, value: Any) -> bool:
        """Whether a value is one."""
        return type(value) is str and len(value) <= self.most


@dataclass(frozen=True)
class Many:
    """From `least` to `most` values of one kind; with `once`, all different."""

    of: Number | Choice | Text
    least: int
    most: int
    once: bool = False

    @property
    def expected(self) -> str:
        """In words, for a message."""
        different = ", all different" if self.once else ""
        return f"a list of {self.least} to {self.most}, each {self.of.expected}{different}"

    def holds(self, value: Any) -> bool:
        """Whether a value is one."""
        if type(value) is not list or not self.least <= len(value) <= self.most:
            return False
        return all(map(self.of.holds, value)) and not (self.once and len(set(value)) < len(value))


Kind = Number | Choice | Flag | Text | Many


@dataclass(frozen=True)
class Property:
    """One setting: what it may be, what it is at first, what a change of it touches, its short name in a link."""

    name: str
    key: str
    kind: Kind
    default: Any
    says: str
    touches: Touches = "nothing"
    room: Room = "playground"


_UNIT = Number(1, MOST_UNITS, whole=True)
_SEED = Number(0, MOST_SEED, whole=True)

PROPERTIES: tuple[Property, ...] = (
    # what goes in
    Property("dataset", "d", Choice(DATASETS), "circle", "The examples to learn from", "data"),
    Property("points", "n", Number(4, 5000, True), 500, "How many points are drawn", "data"),
    Property("noise", "z", Number(0, 1), 0.0, "How far points stray from their rule", "data"),
    Property("train_share", "s", Number(0.1, 0.9), 0.5, "The share of points to train on; the rest tests", "data"),
    Property("data_seed", "ds", _SEED, 0, "Where the random numbers of the data start", "data"),
    Property("formula", "f", Text(200), "sin(x1) * cos(x2)", "Your own height over x1 and x2, to be learned", "data"),
    Property("curve", "fc", Text(200), "sin(2 * x) * x / 6", "Your own curve over x, to be learned", "data"),
    Property("features", "i", Many(Choice(FEATURES), 0, 9, True), ["x1", "x2"], "What the network is told of a point", "network"),
    Property("own_features", "g", Many(Text(100), 0, 4, True), [], "Formulas of x1 and x2, told to the network too", "network"),
    # the network
    Property("hidden", "h", Many(_UNIT, 0, MOST_LAYERS), [4, 2], "How many neurons each hidden layer has", "network"),
    Property("activation", "a", Choice(ACTIVATIONS), "tanh", "What a hidden neuron does to its sum"),
    Property("activations", "as", Many(Choice(ACTIVATIONS), 0, MOST_LAYERS), [], "The same, layer by layer; the first ones that are given count"),
    Property("output", "o", Choice(OUTPUTS), "auto", "What the output does to its sum; auto follows the task"),
    Property("init", "w", Choice(INITS), "xavier_uniform", "How the weights start", "weights"),
    Property("init_bias", "wb", Number(-10, 10), 0.0, "What the biases start as", "weights"),
    Property("seed", "r", _SEED, 0, "Where the random numbers of the weights start", "weights"),
    # how it learns
    Property("loss", "l", Choice(LOSSES), "auto", "What is made small; auto is cross-entropy for classes, mse for heights"),
    Property("optimizer", "op", Choice(OPTIMIZERS), "sgd", "The rule by which weights follow their gradients"),
    Property("learning_rate", "lr", Number(0, 100), 0.03, "The size of the steps"),
    Property("momentum", "m", Number(0, 0.999), 0.9, "How much of the last step goes on (momentum), or of the mean (Adam)"),
    Property("batch_size", "b", Number(1, 5000, True), 10, "Examples for each update"),
    Property("l1", "l1", Number(0, 10), 0.0, "How strongly weights are pulled to zero, all alike"),
    Property("l2", "l2", Number(0, 10), 0.0, "How strongly weights are pulled to zero, large ones more"),
    Property("dropout", "do", Number(0, 0.9), 0.0, "The share of hidden neurons left out at each step"),
    Property("parity", "p", Flag(), False, "Count exactly as TensorFlow Playground does", "weights"),
    Property("parity_seed", "ps", Text(40), "", "The seed of a TensorFlow Playground link", "weights"),
    # how it runs
    Property("speed", "v", Number(0.1, 100), 1, "Epochs in one drawn frame; below 1, frames in one epoch"),
    Property("target_loss", "t", Number(0, 1000), 0.0, "Stop when the training loss is this small; 0 never"),
    Property("most_epochs", "e", Number(0, 10_000_000, True), 0, "Stop after so many epochs; 0 never"),
    Property("resolution", "q", Number(10, 100, True), 100, "Points along each side of a heat map"),
    # the page alone
    Property("room", "R", Choice(("playground", "digits", "graph", "runs")), "playground", "Which room is open", room="page"),
    Property("scene", "S", Text(30), "", "Which scene of the list is shown", room="page"),
    Property("runs_shown", "N", Many(Text(120), 0, MOST_RUNS_SHOWN, True), [], "Runs that are looked at, by their folders", room="page"),
    Property("expression", "X", Text(200), "sigmoid(w*x + b)", "The expression whose graph is stepped through", room="page"),
    Property("given", "G", Text(200), "w=0.5, x=2, b=-1", "The numbers of its names", room="page"),
    Property("show_test", "T", Flag(), False, "Draw the test points too", room="page"),
    Property("discretize", "D", Flag(), False, "Two colours instead of shades", room="page"),
    Property("log_loss", "L", Flag(), False, "Draw the loss on a logarithmic scale", room="page"),
    Property("theme", "th", Choice(("auto", "light", "dark")), "auto", "Light or dark", room="page"),
    Property("palette", "pa", Choice(("amber-blue", "purple-green", "grey")), "amber-blue", "Colours of negative and positive", room="page"),
    Property("hide", "H", Many(Text(30), 0, 40, True), [], "Controls that are hidden, by the names of their settings", room="page"),
    # digits
    Property("digits_hidden", "Dh", Many(Number(1, 512, True), 0, 4), [128, 64], "How many neurons each hidden layer has", "weights", "digits"),
    Property("digits_activation", "Da", Choice(("relu", "tanh", "sigmoid", "gelu", "leaky_relu")), "relu", "What a hidden neuron does to its sum", "weights", "digits"),
    Property("digits_optimizer", "Do", Choice(("sgd", "adam", "adamw", "rmsprop")), "sgd", "The rule by which weights follow their gradients", "weights", "digits"),
    Property("digits_learning_rate", "Dl", Number(0.000001, 10), 0.1, "The size of the steps at its highest", "weights", "digits"),
    Property("digits_batch_size", "Db", Number(8, 1000, True), 120, "Examples for each update", "weights", "digits"),
    Property("digits_epochs", "De", Number(1, 50, True), 3, "How often each example is seen", "weights", "digits"),
    Property("digits_dropout", "Dd", Number(0, 0.9), 0.0, "The share of hidden neurons left out at each step", "weights", "digits"),
    Property("digits_seed", "Dr", _SEED, 0, "Where the random numbers start", "weights", "digits"),
    Property("digits_centre", "Dc", Flag(), True, "Centre and scale a drawing as MNIST's digits were", room="digits"),
)  # fmt: skip
BY_NAME: dict[str, Property] = {p.name: p for p in PROPERTIES}

State = dict[str, Any]


def defaults() -> State:
    """The state in which everybody starts."""
    return {p.name: _copied(p.default) for p in PROPERTIES}


def checked(changes: Mapping[str, Any]) -> State:
    """The changes, if every name is a setting and every value one that it may have.

    Raises `ValueRangeError` that names the setting.

    >>> checked({"hidden": [8, 4]})
    {'hidden': [8, 4]}
    >>> checked({"learning_rate": -1})
    Traceback (most recent call last):
        ...
    glassnet.errors.ValueRangeError: got learning_rate = -1; expected a number from 0 to 100. Try 0.03.
    """
    for name, value in changes.items():
        known = BY_NAME.get(name)
        if known is None:
            got = f"got the setting {str(name)[:40]!r}"
            raise ValueRangeError(complain(got, "expected one of the table", "Try dataset, hidden or learning_rate"))
        if not known.kind.holds(value):
            got = f"got {name} = {_shown(value)}"
            raise ValueRangeError(complain(got, f"expected {known.kind.expected}", f"Try {_shown(known.default)}"))
    return {name: _copied(value) for name, value in changes.items()}


def touched(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[Touches]:
    """What the differences between two states touch."""
    return {p.touches for p in PROPERTIES if before[p.name] != after[p.name]}


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _shown(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    return (
        f"[{', '.join(map(_shown, value[:9]))}]"
        if isinstance(value, Sequence) and type(value) is list
        else f"{value!r:.60}"
    )
