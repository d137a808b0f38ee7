"""tinygrad on its CPU device: the step under TinyJit. It compiles its kernels with clang.

Handing a batch over costs as much as a step, so an epoch is handed over at once, shuffled, and the compiled step is
told which slice of it to take.
"""

import os
import shutil
from typing import Any

os.environ["DEV"] = "CPU"  # read on import

import numpy as np
from tinygrad import Context, Tensor, TinyJit, Variable
from tinygrad import nn as tinygrad_nn

from benchmarks.peers import Runner
from benchmarks.problem import Array, Layers, Problem
from benchmarks.workloads import Workload


def clang() -> str:
    """The C compiler for tinygrad to run: its default is plain `clang`, which many systems give a number."""
    names = ["clang", *(f"clang-{version}" for version in range(30, 10, -1))]
    found = next((name for name in names if shutil.which(name)), None)
    if found is None:
        raise ImportError("tinygrad needs clang to compile its CPU kernels, and none is on the PATH")
    return found


os.environ["CC"] = clang()  # read when the device is first used


def recipes(workload: Workload) -> tuple[str, ...]:
    return ("TinyJit",)


def prepare(problem: Problem, recipe: str) -> Runner:
    params = [(_parameter(W), _parameter(b)) for W, b in problem.layers]
    if problem.workload.task == "predict":
        return _predictor(problem, params)
    trainer = _Trainer(problem, params)

    def unit() -> None:
        for _ in range(problem.workload.epochs):
            trainer.epoch()

    return Runner(unit, lambda: _layers(params))


def _parameter(array: Array) -> Tensor:
    return Tensor(array.copy()).contiguous().realize()


def _scores(params: list[tuple[Tensor, Tensor]], x: Tensor, activation: str) -> Tensor:
    *hidden, (W, b) = params
    for V, c in hidden:
        z = x @ V + c
        x = z.relu() if activation == "relu" else z.tanh()
    return x @ W + b


def _mean_loss(z: Tensor, y: Tensor, loss: str) -> Tensor:
    if loss == "cross_entropy":
        return z.sparse_categorical_crossentropy(y)
    if loss == "bce":
        return z.binary_crossentropy_logits(y)
    return ((z - y) ** 2).mean()


class _Trainer:
    """Compiled steps: over a slice of the epoch, and over given rows (a full batch, or the short last one)."""

    def __init__(self, problem: Problem, params: list[tuple[Tensor, Tensor]]) -> None:
        self._workload, self._params = problem.workload, params
        self._x = problem.features()
        self._y = problem.y.astype(np.int32) if problem.y.dtype == np.int64 else problem.y
        self._whole = Tensor(self._x).realize(), Tensor(self._y).realize()
        kind = tinygrad_nn.optim.Adam if self._workload.optimizer == "adam" else tinygrad_nn.optim.SGD
        self._optimizer = kind([part for layer in params for part in layer], lr=self._workload.rate)
        self._step_on_slice, self._step_on_rows = TinyJit(self._on_slice), TinyJit(self._on_rows)
        self._rng = np.random.default_rng(0)

    def epoch(self) -> None:
        """All batches once, in a new order."""
        if not self._workload.shuffled:
            self._step_on_rows(*self._whole)
            return
        order = self._rng.permutation(len(self._x))
        shuffled = [Tensor(part[order]).realize() for part in (self._x, self._y)]
        full, rest = divmod(len(order), self._workload.batch)
        number = Variable("number", 0, full - 1)
        for batch in range(full):
            self._step_on_slice(*shuffled, number.bind(batch))
        if rest:
            last = order[-rest:]
            self._step_on_rows(*(Tensor(part[last]).realize() for part in (self._x, self._y)))

    def _on_slice(self, x: Tensor, y: Tensor, number: Any) -> Tensor:
        start, size = number * self._workload.batch, self._workload.batch
        parts = [part.shrink(((start, start + size), *([None] * (part.ndim - 1)))) for part in (x, y)]
        return self._on_rows(*parts)

    def _on_rows(self, x: Tensor, y: Tensor) -> Tensor:
        with Context(TRAINING=1):
            self._optimizer.zero_grad()
            loss = _mean_loss(_scores(self._params, x, self._workload.activation), y, self._workload.loss)
            loss.backward()
            return loss.realize(*self._optimizer.schedule_step())


def _predictor(problem: Problem, params: list[tuple[Tensor, Tensor]]) -> Runner:
    x = Tensor(problem.features()).realize()
    compiled = TinyJit(lambda x: _scores(params, x, problem.workload.activation).realize())

    def unit() -> None:
        for _ in range(problem.workload.epochs):
            compiled(x).numpy()

    return Runner(unit, lambda: compiled(x).numpy())


def _layers(params: list[tuple[Tensor, Tensor]]) -> Layers:
    return [(W.numpy(), b.numpy()) for W, b in params]
