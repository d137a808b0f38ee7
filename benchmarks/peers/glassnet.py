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
    trainer = Trainer(problem, recipe, model)
    return Runner(trainer.unit, lambda: _layers(model))


class Trainer:
    """Steps over batches; also one without the other, to see what each takes."""

    def __init__(self, problem: Problem, recipe: str, model: Any = None) -> None:
        self.epochs = problem.workload.epochs
        self.step = torch.compile(_training_step(model or _network(problem), problem.workload))
        self.batches = Batches(problem, recipe)

    def unit(self, step: Callable[[Any, Any], Any] | None = None) -> None:
        """One unit of work, with this step on the plain arrays instead of the compiled one if it is given."""
        compiled = self.step
        for _ in range(self.epochs):
            for x, y in self.batches:
                if step is None:
                    compiled(torch.from_numpy(x), torch.from_numpy(y))
                else:
                    step(x, y)

    def program_for(self, rows: int) -> Any:
        """The program that is replayed for batches of this size."""
        x, y = next(batch for batch in self.batches if len(batch[0]) == rows)
        self.step(torch.from_numpy(x), torch.from_numpy(y))
        return self.step.program

    def only_batches(self) -> None:
        """The same batches for nobody."""
        for _ in range(self.epochs):
            for _batch in self.batches:
                pass


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
