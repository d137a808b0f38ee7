"""PyTorch with `torch.compile`: forward, loss and backward in generated C++, the update in its fused kernel."""

import torch

from benchmarks.peers import Runner
from benchmarks.peers._torch import layers_of, loss_function, network, optimizer_for, repeated, tensors, training_step
from benchmarks.peers.pytorch import EPOCHS, FULL, SLICE
from benchmarks.problem import Problem
from benchmarks.workloads import Workload


def recipes(workload: Workload) -> tuple[str, ...]:
    return ("inductor",)


def prepare(problem: Problem, recipe: str) -> Runner:
    workload, model = problem.workload, network(problem)
    x, y = tensors(problem)
    if workload.task == "predict":
        return Runner(*repeated(torch.compile(model, dynamic=False), x, workload.epochs))
    loss_of = torch.compile(loss_function(model, workload), dynamic=False)
    step = training_step(model, optimizer_for(model, workload, fused=True), loss_of)
    epoch = EPOCHS[SLICE if workload.shuffled else FULL](x, y, workload.batch)

    def unit() -> None:
        for _ in range(workload.epochs):
            for x_batch, y_batch in epoch():
                step(x_batch, y_batch)

    return Runner(unit, lambda: layers_of(model))
