"""The perceptron and its learning rule (Rosenblatt 1958)."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import DataError, ShapeError, ValueRangeError, complain

Array = np.ndarray[Any, np.dtype[Any]]


class Perceptron:
    """A single threshold unit that learns from its mistakes.

    For every example in turn, with the answer y^ = 1 if w·x + b >= 0 else 0:

        w <- w + learning_rate (y - y^) x,    b <- b + learning_rate (y - y^)

    If some line parts the classes it is found after finitely many mistakes (Novikoff 1962); if none does, the weights
    wander for ever. `fires_at_zero` says what the unit answers at exactly 0: both conventions are in use.

    After `fit`: `weight_` (features,), `bias_`, `mistakes_` (in each epoch), `epochs_`, `converged_`.

    >>> x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> unit = Perceptron().fit(x, [0, 0, 0, 1])
    >>> unit.weight_, unit.bias_, unit.epochs_, unit.converged_
    (array([2., 1.]), -3.0, 6, True)
    >>> Perceptron(max_epochs=100).fit(x, [0, 1, 1, 0]).converged_
    False
    """

    def __init__(self, learning_rate: float = 1.0, max_epochs: int = 100, fires_at_zero: bool = True) -> None:
        if not learning_rate > 0 or max_epochs < 1:
            got = f"Perceptron: got learning_rate={learning_rate}, max_epochs={max_epochs}"
            raise ValueRangeError(complain(got, "expected a positive rate and at least one epoch", "Try 1.0 and 100"))
        self.learning_rate, self.max_epochs, self.fires_at_zero = learning_rate, max_epochs, fires_at_zero

    def fit(self, x: Any, y: Any) -> Perceptron:
        """Learn from x `(examples, features)` and y `(examples,)`, which are 0 or 1, from zeros, in the given order."""
        x, y = _examples(x, y)
        self.weight_: Array = np.zeros(x.shape[1])
        self.bias_ = 0.0
        self.mistakes_: list[int] = []
        while len(self.mistakes_) < self.max_epochs:
            self.mistakes_.append(sum(self._learn(row, int(wanted)) for row, wanted in zip(x, y, strict=True)))
            if not self.mistakes_[-1]:
                break
        return self

    def _learn(self, x: Array, y: int) -> bool:
        """One example; whether it was answered wrongly."""
        error = y - int(self._fires(x @ self.weight_ + self.bias_))
        self.weight_ = self.weight_ + self.learning_rate * error * x
        self.bias_ += self.learning_rate * error
        return error != 0

    def _fires(self, z: Any) -> Any:
        return z >= 0 if self.fires_at_zero else z > 0

    @property
    def epochs_(self) -> int:
        """How many epochs were run, the one without a mistake included."""
        return len(self.mistakes_)

    @property
    def converged_(self) -> bool:
        """Whether the last epoch had no mistake."""
        return self.mistakes_[-1] == 0

    def decision_function(self, x: Any) -> Array:
        """w·x + b for every row of x."""
        return np.asarray(x, np.float64) @ self.weight_ + self.bias_

    def predict(self, x: Any) -> Array:
        """0 or 1 for every row of x."""
        return self._fires(self.decision_function(x)).astype(np.int64)

    def score(self, x: Any, y: Any) -> float:
        """The share of right answers."""
        return float((self.predict(x) == np.asarray(y)).mean())


def _examples(x: Any, y: Any) -> tuple[Array, Array]:
    x, y = np.asarray(x, np.float64), np.asarray(y)
    if x.ndim != 2 or y.shape != (len(x),) or not len(x):
        got = f"Perceptron: got x of shape {x.shape} and y of shape {y.shape}"
        raise ShapeError(complain(got, "expected (examples, features) and (examples,)", "Try y.reshape(-1)"))
    if not np.isfinite(x).all() or not np.isin(y, (0, 1)).all():
        bad = next(i for i in range(len(x)) if not np.isfinite(x[i]).all() or y[i] not in (0, 1))
        got = f"Perceptron: got x={x[bad]}, y={y[bad]} in row {bad}"
        raise DataError(complain(got, "expected finite numbers, and 0 or 1", "Try y == 1 to make labels of two kinds"))
    return x, y.astype(np.int64)
