"""What `fit` and the others are given, cut into batches of tensors; and the printed lines of a fit."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.core import random
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, complain

Batch = list[Tensor]  # inputs, targets and, if there are any, weights of the examples
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


def as_arrays(value: Any, names: Sequence[str], call: str) -> list[np.ndarray]:
    """One array for each of these names: from a dict by name, from a list, or the only one."""
    if isinstance(value, Mapping):
        missing = [name for name in names if name not in value]
        if missing:
            got = f"{call}: got a dict with {', '.join(map(repr, value))}"
            raise DataError(complain(got, f"expected also {', '.join(map(repr, missing))}", f"Try {missing[0]!r}: …"))
        return [as_array(value[name], call) for name in names]
    if len(names) > 1 and isinstance(value, list | tuple):
        if len(value) != len(names):
            got = f"{call}: got {len(value)} arrays"
            raise DataError(complain(got, f"expected {len(names)}: {', '.join(names)}", "Try one array for each"))
        return [as_array(v, call) for v in value]
    if len(names) == 1 and isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], np.ndarray):
        value = value[0]
    if len(names) > 1:
        got = f"{call}: got one array"
        raise DataError(complain(got, f"expected {len(names)}: {', '.join(names)}", "Try a list of arrays"))
    return [as_array(value, call)]


class Data:
    """Inputs with their targets and, if there are any, weights of the examples."""

    def __init__(self, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray], weights: Any = None, call: str = "fit"):
        self.xs, self.ys = list(xs), list(ys)
        self.weights = None if weights is None else np.asarray(weights, np.float32).reshape(-1)
        lengths = {len(part) for part in (*self.xs, *self.ys, self.weights) if part is not None}
        if len(lengths) > 1 or not len(self.xs[0]):
            got = f"{call}: got {len(self.xs[0])} inputs and {len(self.ys[0]) if self.ys else 0} targets"
            raise DataError(complain(got, "expected equally many, at least one", "Try x[:n], y[:n]"))

    def __len__(self) -> int:
        return len(self.xs[0])

    def part(self, first: int, end: int) -> Data:
        """The examples from first up to end."""
        part = object.__new__(Data)
        part.xs, part.ys = [x[first:end] for x in self.xs], [y[first:end] for y in self.ys]
        part.weights = None if self.weights is None else self.weights[first:end]
        return part

    def batches(self, size: int, shuffle: bool = False) -> Iterator[Batch]:
        """Batches in order, or in a new random order."""
        order = random.permutation(len(self)) if shuffle else np.arange(len(self))
        for start in range(0, len(self), size):
            at = order[start : start + size] if shuffle else slice(start, start + size)
            batch = [as_input(x[at]) for x in self.xs]
            batch += [wrap(np.ascontiguousarray(y[at])) for y in self.ys]
            yield batch if self.weights is None else [*batch, wrap(np.ascontiguousarray(self.weights[at]))]


def as_input(x: np.ndarray) -> Tensor:
    """Inputs as float32, whatever they were."""
    return wrap(np.ascontiguousarray(x, np.float32))


def are_batches(x: Any) -> bool:
    """Whether something gives batches one after the other: a loader, a generator, a Sequence of Keras's."""
    if isinstance(x, np.ndarray | Tensor | Mapping | list | tuple) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__getitem__")


def parts_of(batch: Any) -> tuple[Any, Any, Any]:
    """(x, y, weights) of what a loader gives."""
    if not isinstance(batch, list | tuple):
        return batch, None, None
    x, y, weights, *_ = (*batch, None, None)
    return x, y, weights


def each_batch(loader: Any) -> Iterator[Any]:
    """The batches of a loader, or of an object with `__getitem__` and `__len__`."""
    if hasattr(loader, "__iter__"):
        yield from loader
        return
    for i in range(len(loader)):
        yield loader[i]
    if hasattr(loader, "on_epoch_end"):
        loader.on_epoch_end()


class Progress:
    """The lines that a fit or an evaluation prints: a live one on a terminal (verbose 1), one per epoch otherwise."""

    def __init__(self, verbose: Any, steps: int | None) -> None:
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
            print(f"\r{step}/{self.steps or '?'} - loss: {loss:.4f}", end="", flush=True)

    def finish(self, logs: dict[str, Any], steps: int | None = None) -> None:
        """The line that stays."""
        steps = self.steps if self.steps is not None else steps or 0
        if self.verbose:
            seconds = time.perf_counter() - self.start
            figures = "".join(f" - {name}: {_figure(value)}" for name, value in logs.items())
            per_step = f"{1000 * seconds / max(steps, 1):.2g}ms/step"
            line = f"{steps}/{steps} - {seconds:.0f}s - {per_step}{figures}"
            print("\r" + line if self.live else line)


def _figure(value: Any) -> str:
    """As Keras writes it: four places, or a power of ten for what is tiny."""
    numbers = np.asarray(value)
    if numbers.ndim:
        return str(np.round(numbers, 4))
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"
