"""PyTorch eager at its best: plain tensors, no DataLoader, every way of batching and updating tried."""

from collections.abc import Callable, Iterator

import torch

from benchmarks.peers import Runner
from benchmarks.peers._torch import (
    Tensor,
    layers_of,
    loss_function,
    network,
    optimizer_for,
    repeated,
    tensors,
    training_step,
)
from benchmarks.problem import Problem
from benchmarks.workloads import Workload

FULL, SLICE, GATHER = "full batch", "shuffle, then slice", "gather each batch"
FUSED = ", fused"
PLAIN, FROZEN = "inference_mode", "traced and frozen"


def recipes(workload: Workload) -> tuple[str, ...]:
    if workload.task == "predict":
        return (PLAIN, FROZEN)
    ways = (SLICE, GATHER) if workload.shuffled else (FULL,)
    return tuple(way + update for way in ways for update in (FUSED, ""))


def prepare(problem: Problem, recipe: str) -> Runner:
    workload, model = problem.workload, network(problem)
    x, y = tensors(problem)
    if workload.task == "predict":
        call = torch.jit.freeze(torch.jit.trace(model.eval(), x)) if recipe == FROZEN else model
        return Runner(*repeated(call, x, workload.epochs))
    optimizer = optimizer_for(model, workload, fused=recipe.endswith(FUSED))
    step = training_step(model, optimizer, loss_function(model, workload))
    epoch = EPOCHS[recipe.removesuffix(FUSED)](x, y, workload.batch)

    def unit() -> None:
        for _ in range(workload.epochs):
            for x_batch, y_batch in epoch():
                step(x_batch, y_batch)

    return Runner(unit, lambda: layers_of(model))


Epoch = Callable[[], Iterator[tuple[Tensor, Tensor]]]


def whole(x: Tensor, y: Tensor, batch: int) -> Epoch:
    return lambda: iter([(x, y)])


def shuffle_then_slice(x: Tensor, y: Tensor, batch: int) -> Epoch:
    shuffled_x, shuffled_y = torch.empty_like(x), torch.empty_like(y)

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(x))
        torch.index_select(x, 0, order, out=shuffled_x)
        torch.index_select(y, 0, order, out=shuffled_y)
        return zip(shuffled_x.split(batch), shuffled_y.split(batch), strict=True)

    return epoch


def gather_each_batch(x: Tensor, y: Tensor, batch: int) -> Epoch:
    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        for rows in torch.randperm(len(x)).split(batch):
            yield x[rows], y[rows]

    return epoch


EPOCHS = {FULL: whole, SLICE: shuffle_then_slice, GATHER: gather_each_batch}
