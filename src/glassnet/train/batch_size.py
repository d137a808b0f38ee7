"""Which batch size? By rule of thumb, and by measurement: examples per second against the noise of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from glassnet import nn, optim
from glassnet.core import random
from glassnet.core.random import fork_rng
from glassnet.errors import DataError, complain
from glassnet.train.feeds import arrays_of, feed_of
from glassnet.train.judging import loss_named
from glassnet.train.sanity import kept_optimizer
from glassnet.train.steps import Step, put

_SECONDS = 0.15  # that each size is timed for
_DRAWS = 64  # batches from which the noise is estimated


def usual_batch_size(n: int) -> int:
    """What practitioners take for n examples: 32 below a few thousand, 128 for tens of thousands, 512 for more.

    >>> [usual_batch_size(n) for n in (500, 20_000, 2_000_000)]
    [32, 128, 512]
    """
    return 32 if n < 5_000 else 128 if n < 200_000 else 512


class BatchSizes(NamedTuple):
    """Sizes with their speed and their worth.

    `noise_scale` is the size at which the gradient's noise is as large as the gradient: far below it twice the batch
    halves the number of steps, far above it a larger batch only costs. `cost` is the time to learn the same, relative
    to the best: (1 + size / noise_scale) / speed.
    """

    sizes: list[int]
    examples_per_second: list[float]
    noise_scale: float
    cost: list[float]

    @property
    def suggestion(self) -> int:
        """The size that learns the same in the least time."""
        return self.sizes[int(np.argmin(self.cost))]


def suggest_batch_size(
    model: nn.Module,
    loss: Any,
    optimizer: optim.Optimizer,
    train: Any,
    sizes: Sequence[int] = (16, 32, 64, 128, 256, 512, 1024),
    *,
    prepare: Any = None,
) -> BatchSizes:
    """Time steps of several sizes and estimate the noise of the gradient, where the model stands now.

    Early in a training gradients are large and the noise scale is small; later it grows. Model, optimiser and random
    numbers are afterwards what they were before.

    Raises `DataError` for examples that are not in arrays, or too few.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> x = torch.randn(400, 4)
    >>> model = torch.nn.Linear(4, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> found = suggest_batch_size(model, "mse", optimizer, (x, x.sum(1, keepdim=True)), sizes=(16, 64))
    >>> found.suggestion in (16, 64), found.noise_scale > 0
    (True, True)

    Reference: McCandlish et al. (2018), An empirical model of large-batch training, arXiv:1812.06162.
    """
    arrays = arrays_of(train)
    fitting = [size for size in sizes if arrays is not None and size <= len(arrays[0])]
    if arrays is None or len(fitting) < 2:
        got = f"suggest_batch_size: got {type(train).__name__ if arrays is None else f'{len(arrays[0])} examples'}"
        raise DataError(complain(got, "expected arrays of enough examples for two sizes", "Try sizes=(8, 16)"))
    numbers = {name: t.array.copy() for name, t in model.state_dict().items()}
    with fork_rng(), kept_optimizer(optimizer):
        scale = noise_scale(model, loss, arrays, prepare=prepare)
        speeds = [_speed(model, loss, optimizer, train, size, prepare) for size in fitting]
    for name, t in model.state_dict().items():
        put(t, numbers[name])
    cost = np.array([(1 + size / scale) / speed for size, speed in zip(fitting, speeds, strict=True)])
    return BatchSizes(fitting, speeds, scale, (cost / cost.min()).tolist())


def noise_scale(model: nn.Module, loss: Any, arrays: Sequence[np.ndarray], *, prepare: Any = None) -> float:
    """tr(Σ) / |G|²: the variance of single examples' gradients over the squared length of the mean gradient.

    Estimated without bias from the gradients of many small batches: how far they lie apart, and how long their mean is.
    """
    return measure_noise(model, loss, arrays, prepare=prepare).scale


class Noise(NamedTuple):
    """What the noise of a gradient is estimated from: `count` batches of `size` examples each."""

    size: int
    count: int
    squares: float  # the squared lengths of the batches' gradients, added up
    mean_square: float  # the squared length of their mean

    @property
    def variance(self) -> float:
        """tr(Σ): how far the gradients of single examples lie from the true one, squared."""
        return self.size * (self.squares - self.count * self.mean_square) / (self.count - 1)

    @property
    def gradient(self) -> float:
        """|G|²: the mean is longer than the true gradient by the noise that is left in it."""
        return max(self.mean_square - self.variance / (self.size * self.count), 1e-3 * self.mean_square, 1e-12)

    @property
    def scale(self) -> float:
        """Their ratio: a number of examples."""
        return float(max(self.variance, 1e-12) / self.gradient)


def measure_noise(model: nn.Module, loss: Any, arrays: Sequence[np.ndarray], *, prepare: Any = None) -> Noise:
    """The gradients of some small batches, drawn without repeating an example."""
    n, loss = len(arrays[0]), loss_named(loss)
    size = max(1, min(16, n // 16))
    order = random.permutation(n)
    batches = [order[start : start + size] for start in range(0, size * min(_DRAWS, n // size), size)]
    total, squares = np.zeros(()), 0.0
    for places in batches:
        g = _gradient(model, loss, arrays, places, prepare)
        total, squares = total + g, squares + float(g @ g)
    mean = total / len(batches)
    return Noise(size, len(batches), squares, float(mean @ mean))


def _gradient(
    model: nn.Module, loss: Any, arrays: Sequence[np.ndarray], places: np.ndarray, prepare: Any
) -> np.ndarray:
    """The gradient of one batch, end to end."""
    feed = feed_of((arrays[0][places], arrays[1][places]), 0, shuffle=False, prepare=prepare)
    x, y = next(iter(feed))
    model.zero_grad()
    loss(model(x), y).backward()
    parts = [p.grad.array.reshape(-1) for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    return np.concatenate(parts).astype(np.float64)


def _speed(model: nn.Module, loss: Any, optimizer: optim.Optimizer, train: Any, size: int, prepare: Any) -> float:
    """Examples per second of whole steps, once the step is replayed."""
    step, feed = Step(model, loss_named(loss), optimizer), feed_of(train, size, prepare=prepare)
    for group in optimizer.param_groups:
        group["lr"] = 0.0  # the weights are to stay where they are
    batch = next(iter(feed))
    for _ in range(2):
        step(*batch)
    began, steps = perf_counter(), 0
    while perf_counter() - began < _SECONDS:
        step(*batch)
        steps += 1
    return steps * size / (perf_counter() - began)
