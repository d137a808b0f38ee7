"""What the three PyTorch peers share: the network, the loss, the optimiser, one training step."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.problem import Array, Layers, Problem
from benchmarks.workloads import Workload

Tensor = torch.Tensor
Step = Callable[[Tensor, Tensor], object]

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
LOSSES = {
    "cross_entropy": nn.functional.cross_entropy,
    "bce": nn.functional.binary_cross_entropy_with_logits,
    "mse": nn.functional.mse_loss,
}


def network(problem: Problem) -> nn.Sequential:
    """The workload's network with the problem's first weights."""
    parts: list[nn.Module] = []
    for W, b in problem.layers:
        linear = nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            linear.bias.copy_(torch.from_numpy(b))
        parts += [linear, ACTIVATIONS[problem.workload.activation]()]
    return nn.Sequential(*parts[:-1])


def optimizer_for(model: nn.Module, workload: Workload, fused: bool) -> torch.optim.Optimizer:
    """SGD or Adam, in one fused kernel or as PyTorch chooses."""
    kind = torch.optim.Adam if workload.optimizer == "adam" else torch.optim.SGD
    return kind(model.parameters(), lr=workload.rate, fused=fused or None)


def training_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss_of: Callable[[Tensor, Tensor], Tensor]
) -> Step:
    """Zero the gradients, go forward and backward, update."""

    def step(x: Tensor, y: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss_of(x, y).backward()
        optimizer.step()

    return step


def loss_function(model: nn.Module, workload: Workload) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of the model's scores as one function, which is what can be compiled."""
    loss = LOSSES[workload.loss]
    return lambda x, y: loss(model(x), y)


def tensors(problem: Problem) -> tuple[Tensor, Tensor]:
    """All inputs and targets."""
    return torch.from_numpy(problem.features()), torch.from_numpy(problem.y)


def layers_of(model: nn.Module) -> Layers:
    """W (in, out) and b of each layer."""
    linears = [part for part in model.modules() if isinstance(part, nn.Linear)]
    return [(part.weight.detach().numpy().T, part.bias.detach().numpy()) for part in linears]


def repeated(call: Callable[[Tensor], Tensor], x: Tensor, times: int) -> tuple[Callable[[], None], Callable[[], Array]]:
    """The unit and the result of a prediction."""

    @torch.inference_mode()
    def unit() -> None:
        for _ in range(times):
            call(x)

    @torch.inference_mode()
    def result() -> Array:
        return call(x).numpy()

    return unit, result
