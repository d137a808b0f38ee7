"""tinygrad on its CPU device: one TinyJit for each batch size. It compiles its kernels with clang."""

import os
import shutil
from collections.abc import Callable
from typing import Any

os.environ["DEV"] = "CPU"  # read on import

import numpy as np
from tinygrad import Context, Tensor, TinyJit
from tinygrad import nn as tinygrad_nn

from benchmarks.batching import SLICE, Batches
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
    steps = _Steps(problem.workload, params)
    batches = Batches(problem, SLICE if problem.workload.shuffled else "full batch")

    def unit() -> None:
        for _ in range(problem.workload.epochs):
            for x, y in batches:
                steps(x, y)

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


class _Steps:
    """One compiled step for each batch size."""

    def __init__(self, workload: Workload, params: list[tuple[Tensor, Tensor]]) -> None:
        self._workload, self._params = workload, params
        flat = [part for layer in params for part in layer]
        kind = tinygrad_nn.optim.Adam if workload.optimizer == "adam" else tinygrad_nn.optim.SGD
        self._optimizer = kind(flat, lr=workload.rate)
        self._compiled: dict[int, Callable[[Tensor, Tensor], Any]] = {}

    def __call__(self, x: Array, y: Array) -> None:
        step = self._compiled.get(len(x)) or self._compiled.setdefault(len(x), TinyJit(self._step))
        targets = y.astype(np.int32) if y.dtype == np.int64 else y
        step(Tensor(x).realize(), Tensor(targets).realize())

    def _step(self, x: Tensor, y: Tensor) -> Tensor:
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
