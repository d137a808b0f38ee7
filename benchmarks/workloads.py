"""What is measured: a network, a way to train it or to ask it, and how a time is shown.

A peer runs a workload in *units*: one unit is `epochs` passes over `rows` examples in shuffled batches, or `epochs`
predictions. A unit is long enough (10 ms and more) for a clock, and short enough to take turns with the other peers.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

# A shown unit is "time/thing"; the first half scales a time in seconds, the second says what to divide by.
TIME_SCALE = {"s": 1.0, "ms": 1e3, "µs": 1e6}


@dataclass(frozen=True)
class Workload:
    """One row of the benchmark: a network, its data, and what one unit of work is.

    >>> w = WORKLOADS["W3s"]
    >>> w.parameters, w.steps, w.batch_sizes[-1]
    (109386, 469, 96)
    >>> WORKLOADS["W1"].show(0.01)  # 0.01 s for 1000 steps is 10 µs a step
    10.0
    """

    name: str
    summary: str
    layers: tuple[int, ...]
    activation: Literal["relu", "tanh"]
    loss: Literal["cross_entropy", "bce", "mse"]
    data: Literal["mnist", "moons", "circle", "regression"]
    rows: int
    batch: int
    epochs: int
    shown_as: str
    optimizer: Literal["sgd", "adam"] = "sgd"
    rate: float = 0.1
    task: Literal["train", "predict"] = "train"
    # A peer whose loss after one unit is above this many times the peers' median did not learn the same thing.
    spread: float = 1.3

    @cached_property
    def batch_sizes(self) -> tuple[int, ...]:
        """The rows of each batch of one epoch; the last one may be short."""
        full, rest = divmod(self.rows, self.batch)
        return (self.batch,) * full + ((rest,) if rest else ())

    @property
    def steps(self) -> int:
        """Training steps, or predictions, in one unit."""
        return self.epochs * len(self.batch_sizes)

    @property
    def shuffled(self) -> bool:
        """Whether an epoch has an order at all: a full batch has none."""
        return self.batch < self.rows

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(self.layers))

    def show(self, seconds: float) -> float:
        """The time of one unit, as the reader is told it."""
        scale, _, thing = self.shown_as.partition("/")
        return seconds * TIME_SCALE[scale] / (self.epochs if thing == "epoch" else self.steps)


DIGITS = (784, 128, 64, 10)

_ROWS = (
    Workload(
        "W1",
        "2-10-1 ReLU/sigmoid, BCE, full batch of 200, gradient descent",
        layers=(2, 10, 1),
        activation="relu",
        loss="bce",
        data="moons",
        rows=200,
        batch=200,
        epochs=1000,
        rate=0.5,
        shown_as="µs/step",
        spread=1.02,  # nothing is random: every peer walks the same path
    ),
    Workload(
        "W2",
        "2-4-2-1 tanh/sigmoid, BCE, 500 points, batch 10, SGD",
        layers=(2, 4, 2, 1),
        activation="tanh",
        loss="bce",
        data="circle",
        rows=500,
        batch=10,
        epochs=20,
        rate=0.1,
        shown_as="µs/step",
    ),
    Workload(
        "W3s",
        "MNIST 784-128-64-10 ReLU, batch 128, SGD, an epoch with shuffling",
        layers=DIGITS,
        activation="relu",
        loss="cross_entropy",
        data="mnist",
        rows=60_000,
        batch=128,
        epochs=1,
        rate=0.1,
        shown_as="ms/epoch",
    ),
    Workload(
        "W3a",
        "MNIST 784-128-64-10 ReLU, batch 128, Adam, an epoch with shuffling",
        layers=DIGITS,
        activation="relu",
        loss="cross_entropy",
        data="mnist",
        rows=60_000,
        batch=128,
        epochs=1,
        optimizer="adam",
        rate=1e-3,
        shown_as="ms/epoch",
    ),
    Workload(
        "W4",
        "784-1024-1024-10 ReLU, batch 256, SGD, 40 shuffled batches",
        layers=(784, 1024, 1024, 10),
        activation="relu",
        loss="cross_entropy",
        data="mnist",
        rows=10_240,
        batch=256,
        epochs=1,
        rate=0.1,
        shown_as="ms/step",
    ),
    Workload(
        "W5",
        "50-256-256-1 ReLU regression, 100,000 rows, batch 1024, Adam",
        layers=(50, 256, 256, 1),
        activation="relu",
        loss="mse",
        data="regression",
        rows=100_000,
        batch=1024,
        epochs=1,
        optimizer="adam",
        rate=1e-3,
        shown_as="ms/epoch",
    ),
    Workload(
        "W6-1",
        "784-128-64-10, scores of one row",
        layers=DIGITS,
        activation="relu",
        loss="cross_entropy",
        data="mnist",
        rows=1,
        batch=1,
        epochs=2000,
        task="predict",
        shown_as="µs/call",
    ),
    Workload(
        "W6-10k",
        "784-128-64-10, scores of 10,000 rows",
        layers=DIGITS,
        activation="relu",
        loss="cross_entropy",
        data="mnist",
        rows=10_000,
        batch=10_000,
        epochs=10,
        task="predict",
        shown_as="ms/call",
    ),
)

WORKLOADS: dict[str, Workload] = {row.name: row for row in _ROWS}
