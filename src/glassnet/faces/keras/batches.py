"""Arrays cut into batches of tensors, and the printed lines of a fit."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, complain

Batch = tuple[Tensor, Tensor, Tensor | None]
REFRESH = 0.1  # seconds between two states of the live line


def as_array(value: Any, call: str) -> np.ndarray:
    """What the user gave, as an array of numbers; whole numbers and bytes keep their kind until they are needed."""
    if isinstance(value, Tensor):
        array = value.detach().array
    else:
        array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        got = f"{call}: got {type(value).__name__} holding {array.dtype} values"
        raise DataError(complain(got, "expected numbers", "Try np.asarray(x, dtype='float32')"))
    return array.astype(np.float32) if array.dtype == np.float64 else array


class Data:
    """Inputs with their targets and, if there are any, weights of the examples."""

    def __init__(self, x: Any, y: Any, labels: bool, weights: np.ndarray | None = None, call: str = "fit") -> None:
        self.x = as_array(x, call)
        self.y = as_array(y, call)
        self.y = self.y.astype(np.int64) if labels else self.y.astype(np.float32, copy=False)
        self.weights = None if weights is None else np.asarray(weights, np.float32).reshape(-1)
        lengths = {len(part) for part in (self.x, self.y, self.weights) if part is not None}
        if len(lengths) > 1 or not len(self.x):
            got = f"{call}: got {len(self.x)} inputs and {len(self.y)} targets"
            raise DataError(complain(got, "expected equally many, at least one", "Try x[:n], y[:n]"))

    def __len__(self) -> int:
        return len(self.x)

    def part(self, first: int, end: int) -> Data:
        """The examples from first up to end."""
        part = object.__new__(Data)
        part.x, part.y = self.x[first:end], self.y[first:end]
        part.weights = None if self.weights is None else self.weights[first:end]
        return part

    def batches(self, size: int, shuffle: bool = False) -> Iterator[Batch]:
        """Batches in order, or in a new random order."""
        order = random.permutation(len(self)) if shuffle else np.arange(len(self))
        for start in range(0, len(self), size):
            at = order[start : start + size] if shuffle else slice(start, start + size)
            weights = None if self.weights is None else wrap(np.ascontiguousarray(self.weights[at]))
            yield as_input(self.x[at]), wrap(np.ascontiguousarray(self.y[at])), weights


def as_input(x: np.ndarray) -> Tensor:
    """Inputs as float32, whatever they were."""
    return wrap(np.ascontiguousarray(x, np.float32))


class Progress:
    """The lines that a fit or an evaluation prints: a live one on a terminal (verbose 1), one per epoch otherwise."""

    def __init__(self, verbose: Any, steps: int) -> None:
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.steps = steps
        self.live = self.verbose == 1 and sys.stdout.isatty()
        self.start = self.shown = time.perf_counter()

    def title(self, epoch: int, epochs: int) -> None:
        """A new epoch begins."""
        self.start = self.shown = time.perf_counter()
        if self.verbose:
            print(f"Epoch {epoch + 1}/{epochs}")

    def update(self, step: int, loss: float) -> None:
        """Redraw the live line, if it is time."""
        now = time.perf_counter()
        if self.live and now - self.shown > REFRESH:
            self.shown = now
            print(f"\r{step}/{self.steps} - loss: {loss:.4f}", end="", flush=True)

    def finish(self, logs: dict[str, float]) -> None:
        """The line that stays."""
        if self.verbose:
            seconds = time.perf_counter() - self.start
            figures = "".join(f" - {name}: {value:.4g}" for name, value in logs.items())
            per_step = f"{1000 * seconds / max(self.steps, 1):.2g}ms/step"
            line = f"{self.steps}/{self.steps} - {seconds:.0f}s - {per_step}{figures}"
            print("\r" + line if self.live else line)
