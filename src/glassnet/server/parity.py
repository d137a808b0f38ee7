"""TensorFlow Playground's own arithmetic, for links that are to give the same numbers.

Its loss is ½(o − t)² with labels ±1; gradients of the samples are added up, and every `batch_size` samples the sum is
divided by how many there were. The data is not shuffled again, and what is left of a batch at the end of an epoch goes
into the first update of the next. L1 sets a weight that would change its sign to 0, for good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Layer = tuple[Array, Array]  # weights (units, sources), biases (units,)


class Activation(NamedTuple):
    """What a unit does to its sum, and the slope of that, both from the sum `z` and the output `a`."""

    output: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]


ACTIVATIONS: dict[str, Activation] = {
    "tanh": Activation(np.tanh, lambda z, a: 1 - a * a),
    "relu": Activation(lambda z: np.maximum(0.0, z), lambda z, a: np.where(z <= 0, 0.0, 1.0)),
    "sigmoid": Activation(lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)),
    "linear": Activation(lambda z: z, lambda z, a: np.ones_like(z)),
}


class ParityNet:
    """A network that counts as the Playground does.

    >>> net = ParityNet([(np.array([[1.0]]), np.array([0.0]))], "tanh", "linear")
    >>> net.learn(np.array([[2.0]]), np.array([1.0]), batch=1, rate=0.1)
    >>> net.layers[0][0], net.loss(np.array([[2.0]]), np.array([1.0]))
    (array([[0.8]]), 0.125)
    """

    def __init__(self, layers: Sequence[Layer], activation: str, output: str) -> None:
        self.layers = [(w.copy(), b.copy()) for w, b in layers]
        self.names = [activation] * (len(layers) - 1) + [output]
        self.dead = [np.zeros(w.shape, bool) for w, _ in layers]
        self.sums = [(np.zeros_like(w), np.zeros_like(b)) for w, b in layers]  # of gradients since the last update
        self.count = 0  # of samples in them

    def forward(self, x: Array) -> list[tuple[Array, Array]]:
        """The sum and the output of every layer for inputs `(n, features)`."""
        passed = []
        for (w, b), name in zip(self.layers, self.names, strict=True):
            z = x @ w.T + b  # (n, units)
            x = ACTIVATIONS[name].output(z)
            passed.append((z, x))
        return passed

    def loss(self, x: Array, t: Array) -> float:
        """The mean of ½(o − t)², without the penalty."""
        o = self.forward(x)[-1][1][:, 0]
        return float(np.mean(0.5 * (o - t) ** 2)) if len(t) else float("nan")

    def accumulate(self, x: Array, t: Array) -> None:
        """Add the gradients of these samples to the sums."""
        passed = self.forward(x)
        inputs = [x, *(a for _, a in passed[:-1])]
        slope = passed[-1][1] - t[:, None]  # dE/do
        for i in range(len(self.layers) - 1, -1, -1):
            z, a = passed[i]
            delta = slope * ACTIVATIONS[self.names[i]].slope(z, a)  # (n, units) dE/dz
            sum_w, sum_b = self.sums[i]
            sum_w += np.where(self.dead[i], 0.0, delta.T @ inputs[i])
            sum_b += delta.sum(axis=0)
            slope = delta @ self.layers[i][0]
        self.count += len(x)

    def update(self, rate: float, regularization: str = "none", penalty: float = 0.0) -> None:
        """One step by the mean of the sums, then by the penalty, whose slope is taken before the step."""
        if not self.count:
            return
        for i, ((w, b), (sum_w, sum_b)) in enumerate(zip(self.layers, self.sums, strict=True)):
            slope = np.sign(w) if regularization == "L1" else w.copy() if regularization == "L2" else np.zeros_like(w)
            b -= rate * sum_b / self.count
            first = w - (rate / self.count) * sum_w
            second = first - (rate * penalty) * slope
            if regularization == "L1":
                crossed = (first * second < 0) & ~self.dead[i]
                self.dead[i] |= crossed
                second = np.where(self.dead[i], 0.0, second)
            w[...] = second
            sum_w[...] = 0
            sum_b[...] = 0
        self.count = 0

    def learn(
        self, x: Array, t: Array, batch: int, rate: float, regularization: str = "none", penalty: float = 0.0
    ) -> None:
        """One epoch."""
        for start in range(0, len(x), batch):
            rows = slice(start, start + batch)
            self.accumulate(x[rows], t[rows])
            if start + batch <= len(x):  # a batch that is not full waits for the next epoch
                self.update(rate, regularization, penalty)

    @property
    def memory(self) -> list[Array]:
        """What is kept between two steps beside the weights: sums of gradients, and which weights L1 has put out."""
        return [*(part for pair in self.sums for part in pair), *self.dead]

    @property
    def dead_links(self) -> int:
        """How many weights L1 has put out."""
        return int(sum(dead.sum() for dead in self.dead))
