"""The floor: the matrix products of a step and nothing else. No framework on this BLAS can go below it."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import Runner
from benchmarks.problem import Layers, Problem
from benchmarks.workloads import Workload

Operand = NDArray[np.float32]
Product = tuple[Operand, Operand, Operand]


def recipes(workload: Workload) -> tuple[str, ...]:
    return ("np.dot into made arrays",)


def prepare(problem: Problem, recipe: str) -> Runner:
    workload = problem.workload
    by_size = {size: products(problem.layers, size, workload.task) for size in set(workload.batch_sizes)}
    epoch = [product for size in workload.batch_sizes for product in by_size[size]]
    return Runner(partial(_multiply, epoch, workload.epochs), lambda: None)


def _multiply(epoch: list[Product], epochs: int) -> None:
    dot: Callable[..., object] = np.dot
    for _ in range(epochs):
        for left, right, out in epoch:
            dot(left, right, out)


def products(layers: Layers, rows: int, task: str = "train") -> list[Product]:
    """(left, right, out) of each product of one step: z = a W going forward, then dW = aᵀ d and da = d Wᵀ.

    The first layer's da is left out: nobody asks for the gradient of the data.

    >>> layers = [(np.ones((2, 10), np.float32), None), (np.ones((10, 1), np.float32), None)]
    >>> [(left.shape, right.shape) for left, right, out in products(layers, 200)]
    [((200, 2), (2, 10)), ((200, 10), (10, 1)), ((10, 200), (200, 1)), ((200, 1), (1, 10)), ((2, 200), (200, 10))]
    """
    made = np.random.default_rng(0)

    def matrix(columns: int) -> Operand:
        # ordinary numbers: products of zeros or of denormal numbers would run at another speed
        return made.standard_normal((rows, columns), dtype=np.float32)

    inputs = [matrix(len(W)) for W, _ in layers]
    forward = [(a, W, matrix(W.shape[1])) for a, (W, _) in zip(inputs, layers, strict=True)]
    if task == "predict":
        return forward
    backward: list[Product] = []
    for depth in reversed(range(len(layers))):
        W = layers[depth][0]
        d = matrix(W.shape[1])  # (rows, out)
        backward.append((inputs[depth].T, d, np.empty_like(W)))  # (in, out) = (in, rows) @ (rows, out)
        if depth:
            backward.append((d, W.T, matrix(len(W))))  # (rows, in) = (rows, out) @ (out, in)
    return forward + backward
