"""PyTorch eager as most scripts have it: a TensorDataset in a DataLoader."""

from torch.utils.data import DataLoader, TensorDataset

from benchmarks.peers import Runner
from benchmarks.peers._torch import layers_of, loss_function, network, optimizer_for, tensors, training_step
from benchmarks.problem import Problem
from benchmarks.workloads import Workload


def recipes(workload: Workload) -> tuple[str, ...]:
    return ("DataLoader, fused",) if workload.task == "train" and workload.shuffled else ()


def prepare(problem: Problem, recipe: str) -> Runner:
    workload, model = problem.workload, network(problem)
    step = training_step(model, optimizer_for(model, workload, fused=True), loss_function(model, workload))
    loader = DataLoader(TensorDataset(*tensors(problem)), batch_size=workload.batch, shuffle=True)

    def unit() -> None:
        for _ in range(workload.epochs):
            for x, y in loader:
                step(x, y)

    return Runner(unit, lambda: layers_of(model))
