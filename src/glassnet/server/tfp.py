"""TensorFlow Playground's links and data, so that a link opens with the same points and weights, bit for bit.

A link says everything after its `#`, as `name=value` joined by `&`; what it leaves out has the Playground's default.
One stream of random numbers, from the link's seed, draws the data, shuffles it, and draws the weights.

Reference: Smilkov et al. (2017), "Direct-Manipulation Visualization of Deep Networks".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.server.seedrandom import SeedRandom

FEATURES = ("x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)")  # in the order of its input nodes
_INPUTS = ("x", "y", "xSquared", "ySquared", "xTimesY", "sinX", "sinY")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
_MOST_LAYERS, _MOST_UNITS = 6, 8
_LONGEST = 2000


class Point(NamedTuple):
    """A point and its label: ±1, or a height."""

    x: float
    y: float
    label: float


@dataclass(frozen=True)
class Link:
    """What a link of TensorFlow Playground says."""

    seed: str = "0.5"
    problem: Literal["classification", "regression"] = "classification"
    dataset: str = "circle"
    reg_dataset: str = "reg-plane"
    noise: float = 0.0  # in percent
    train_share: float = 50.0  # in percent
    inputs: tuple[str, ...] = ("x1", "x2")
    hidden: tuple[int, ...] = (4, 2)
    activation: str = "tanh"
    regularization: Literal["none", "L1", "L2"] = "none"
    learning_rate: float = 0.03
    regularization_rate: float = 0.0
    batch_size: int = 10
    zero: bool = False
    show_test: bool = False
    discretize: bool = False


def parse(text: str) -> Link:
    """Read what follows a link's `#` (a whole link will do).

    Raises `ValueRangeError` for a value that the Playground could not have written.

    >>> link = parse("activation=relu&networkShape=3,2&seed=0.59704&x=true&y=true&noise=10&dataset=xor")
    >>> link.hidden, link.activation, link.dataset, link.noise
    ((3, 2), 'relu', 'xor', 10.0)
    """
    if len(text) > _LONGEST:
        got = f"got a link of {len(text):,} signs"
        raise ValueRangeError(complain(got, f"expected at most {_LONGEST:,}", "Try the part after #"))
    words = text.partition("#")[2] if "#" in text else text
    pairs = (pair.partition("=") for pair in words.split("&") if pair)
    given = {name: value.strip() for name, _, value in pairs}
    reader = _Reader(given)
    inputs = tuple(f for f, name in zip(FEATURES, _INPUTS, strict=True) if reader.flag(name, name in ("x", "y")))
    if not inputs:
        raise ValueRangeError(complain("got a link without inputs", "expected at least one", "Try x=true&y=true"))
    return Link(
        seed=given.get("seed") or "0.5",
        problem=reader.choice("problem", ("classification", "regression")),
        dataset=reader.choice("dataset", tuple(CLASSIFICATION)),
        reg_dataset=reader.choice("regDataset", tuple(REGRESSION)),
        noise=_noise(reader.number("noise", 0.0, -1e6, 1e6)),
        train_share=reader.number("percTrainData", 50.0, 1.0, 99.0),
        inputs=inputs,
        hidden=reader.shape(),
        activation=reader.choice("activation", ACTIVATIONS),
        regularization=reader.choice("regularization", ("none", "L1", "L2")),
        learning_rate=reader.number("learningRate", 0.03, 0.0, 100.0),
        regularization_rate=reader.number("regularizationRate", 0.0, 0.0, 100.0),
        batch_size=int(reader.number("batchSize", 10.0, 1.0, 1200.0)),
        zero=reader.flag("initZero", False),
        show_test=reader.flag("showTestData", False),
        discretize=reader.flag("discretize", False),
    )


def _noise(percent: float) -> float:
    """Noise as the Playground takes it: none below 0, up to 80 as it is, and 50 for what is more."""
    return 0.0 if percent < 0 else percent if percent <= 80 else 50.0


class _Reader:
    """The values of a link, read as the Playground reads them: an empty one is the default."""

    def __init__(self, given: dict[str, str]) -> None:
        self.given = given

    def choice(self, name: str, names: tuple[str, ...]) -> Any:
        """One of the names; the first one is the default, and what an unknown name means."""
        value = self.given.get(name, "")
        return value if value in names else names[0]

    def flag(self, name: str, usual: bool) -> bool:
        """Anything but `false` is true."""
        return self.given[name] != "false" if self.given.get(name) else usual

    def number(self, name: str, usual: float, least: float, most: float) -> float:
        """A finite number within bounds."""
        word = self.given.get(name, "")
        if not word:
            return usual
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            expected = f"expected a number from {least:g} to {most:g}"
            raise ValueRangeError(complain(f"got {name}={word[:40]} in the link", expected, f"Try {name}={usual:g}"))
        return value

    def shape(self) -> tuple[int, ...]:
        """The hidden layers."""
        if "networkShape" not in self.given:
            return (4, 2)
        words = self.given["networkShape"].split(",") if self.given["networkShape"] else []
        fits = len(words) <= _MOST_LAYERS and all(w.isdecimal() and 1 <= int(w[:9]) <= _MOST_UNITS for w in words)
        if not fits:
            got = f"got networkShape={self.given['networkShape'][:40]} in the link"
            expected = f"expected at most {_MOST_LAYERS} layers of 1 to {_MOST_UNITS} neurons"
            raise ValueRangeError(complain(got, expected, "Try networkShape=4,2"))
        return tuple(map(int, words))


# ---- data ---------------------------------------------------------------------------------------------------------


def points(link: Link) -> tuple[list[Point], list[Point], SeedRandom]:
    """The training points, the test points, and the stream of random numbers, which then draws the weights."""
    random = SeedRandom(link.seed)
    if link.problem == "classification":
        drawn = CLASSIFICATION[link.dataset](random, 500, link.noise / 100)
    else:
        drawn = REGRESSION[link.reg_dataset](random, 1200, link.noise / 100)
    shuffle(drawn, random)
    split = math.floor(len(drawn) * link.train_share / 100)
    return drawn[:split], drawn[split:], random


def shuffle(drawn: list[Point], random: SeedRandom) -> None:
    """Fisher and Yates (1938), from the end."""
    for last in range(len(drawn) - 1, -1, -1):
        other = math.floor(random() * (last + 1))
        drawn[last], drawn[other] = drawn[other], drawn[last]


def weights(link: Link, random: SeedRandom) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each layer's weights `(units, sources)` and biases: uniform in [-0.5, 0.5), and 0.1; all 0 with `initZero`."""
    layers = []
    sizes = (len(link.inputs), *link.hidden, 1)
    for before, size in itertools.pairwise(sizes):
        drawn = np.array([[random() - 0.5 for _ in range(before)] for _ in range(size)])
        layers.append((np.zeros_like(drawn) if link.zero else drawn, np.full(size, 0.0 if link.zero else 0.1)))
    return layers


def _between(low: float, high: float, share: float) -> float:
    """On the way from low to high, in the Playground's order of operations."""
    return low * (1 - share) + high * share


def _circle(random: SeedRandom, n: int, noise: float) -> list[Point]:
    radius, drawn = 5.0, []
    for low, high in ((0.0, radius * 0.5), (radius * 0.7, radius)):
        for _ in range(n // 2):
            r = random.uniform(low, high)
            angle = random.uniform(0, 2 * math.pi)
            x, y = r * math.sin(angle), r * math.cos(angle)
            u, v = _moved(random, x, y, radius, noise)
            drawn.append(Point(x, y, 1.0 if math.sqrt(u * u + v * v) < radius * 0.5 else -1.0))
    return drawn


def _moved(random: SeedRandom, x: float, y: float, radius: float, noise: float) -> tuple[float, float]:
    """The place at which a label is read."""
    u = random.uniform(-radius, radius) * noise
    v = random.uniform(-radius, radius) * noise
    return x + u, y + v


def _xor(random: SeedRandom, n: int, noise: float) -> list[Point]:
    drawn = []
    for _ in range(n):
        x = random.uniform(-5, 5)
        x += 0.3 if x > 0 else -0.3
        y = random.uniform(-5, 5)
        y += 0.3 if y > 0 else -0.3
        u, v = _moved(random, x, y, 5, noise)
        drawn.append(Point(x, y, 1.0 if u * v >= 0 else -1.0))
    return drawn


def _gauss(random: SeedRandom, n: int, noise: float) -> list[Point]:
    variance = _between(0.5, 4.0, noise / 0.5)
    drawn = []
    for centre, label in ((2.0, 1.0), (-2.0, -1.0)):
        for _ in range(n // 2):
            x = _normal(random, centre, variance)
            drawn.append(Point(x, _normal(random, centre, variance), label))
    return drawn


def _normal(random: SeedRandom, mean: float, variance: float) -> float:
    """The polar method (Marsaglia and Bray, 1964), of which one of the two numbers is used."""
    while True:
        v1 = 2 * random() - 1
        v2 = 2 * random() - 1
        s = v1 * v1 + v2 * v2
        if s <= 1:
            return mean + math.sqrt(variance) * (math.sqrt(-2 * math.log(s) / s) * v1)


def _spiral(random: SeedRandom, n: int, noise: float) -> list[Point]:
    half, drawn = n / 2, []
    for turn, label in ((0.0, 1.0), (math.pi, -1.0)):
        for i in range(math.ceil(half)):
            r = i / half * 5
            t = 1.75 * i / half * 2 * math.pi + turn
            x = r * math.sin(t) + random.uniform(-1, 1) * noise
            drawn.append(Point(x, r * math.cos(t) + random.uniform(-1, 1) * noise, label))
    return drawn


def _plane(random: SeedRandom, n: int, noise: float) -> list[Point]:
    drawn = []
    for _ in range(n):
        x = random.uniform(-6, 6)
        y = random.uniform(-6, 6)
        u, v = _moved(random, x, y, 6, noise)
        drawn.append(Point(x, y, _between(-1.0, 1.0, (u + v + 10) / 20)))
    return drawn


_HILLS = ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1))


def _hills(random: SeedRandom, n: int, noise: float) -> list[Point]:
    drawn = []
    for _ in range(n):
        x = random.uniform(-6, 6)
        y = random.uniform(-6, 6)
        drawn.append(Point(x, y, _height(*_moved(random, x, y, 6, noise))))
    return drawn


def _height(x: float, y: float) -> float:
    height = 0.0
    for cx, cy, sign in _HILLS:
        distance = math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy))
        new = sign * (1 - min(max(distance / 2, 0.0), 1.0))
        if abs(new) > abs(height):
            height = new
    return height


Rule = Callable[[SeedRandom, int, float], list[Point]]
CLASSIFICATION: dict[str, Rule] = {"circle": _circle, "xor": _xor, "gauss": _gauss, "spiral": _spiral}
REGRESSION: dict[str, Rule] = {"reg-plane": _plane, "reg-gauss": _hills}
