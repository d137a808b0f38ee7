"""glassnet in PyTorch's own grammar: a plain step under `compile`, fed from reused NumPy batches."""

from collections.abc import Callable
from typing import Any

import glassnet as torch
from benchmarks.batching import Batches, ways
from benchmarks.peers import Runner
from benchmarks.problem import Layers, Problem
from benchmarks.workloads import Workload
from glassnet import nn, optim

ACTIVATIONS = {"relu": "ReLU", "tanh": "Tanh"}
LOSSES = {"cross_entropy": "cross_entropy", "bce": "binary_cross_entropy_with_logits", "mse": "mse_loss"}


def recipes(workload: Workload) -> tuple[str, ...]:
    return ("compiled",) if workload.task == "predict" else ways(workload.shuffled)


def prepare(problem: Problem, recipe: str) -> Runner:
    workload, model = problem.workload, _network(problem)
    if workload.task == "predict":
        return _predictor(problem, model)
    step = torch.compile(_training_step(model, workload))
    batches = Batches(problem, recipe)

    def unit() -> None:
        for _ in range(workload.epochs):
            for x, y in batches:
                step(torch.from_numpy(x), torch.from_numpy(y))

    return Runner(unit, lambda: _layers(model))


def _network(problem: Problem) -> Any:
    activation = getattr(nn, ACTIVATIONS[problem.workload.activation])
    parts: list[Any] = []
    for W, b in problem.layers:
        linear = nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        parts += [linear, activation()]
    return nn.Sequential(*parts[:-1])


def _training_step(model: Any, workload: Workload) -> Callable[[Any, Any], Any]:
    kind = optim.Adam if workload.optimizer == "adam" else optim.SGD
    optimizer = kind(model.parameters(), lr=workload.rate)
    loss_of = getattr(nn.functional, LOSSES[workload.loss])

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def _predictor(problem: Problem, model: Any) -> Runner:
    x = torch.from_numpy(problem.features())

    @torch.compile
    def scores(x: Any) -> Any:
        with torch.no_grad():
            return model(x)

    def unit() -> None:
        for _ in range(problem.workload.epochs):
            scores(x)

    return Runner(unit, lambda: scores(x).numpy())


def _layers(model: Any) -> Layers:
    linears = [part for part in model if isinstance(part, nn.Linear)]
    return [(part.weight.detach().numpy().T, part.bias.detach().numpy()) for part in linears]
