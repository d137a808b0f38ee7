"""A network as a stack of linear maps with bends between them, which is what its folds are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glassnet import nn
from glassnet.errors import NotSupportedError, complain

_NOTHING = (nn.Identity, nn.Flatten, nn.Dropout)  # while the network is used, not trained


@dataclass(frozen=True, eq=False)
class Stage:
    """z = weight h + bias, then h = z where z > 0 and `slope` z below; no bend at all where `slope` is None."""

    weight: np.ndarray  # (units, inputs)
    bias: np.ndarray  # (units,)
    slope: float | None = None

    def __call__(self, h: np.ndarray) -> np.ndarray:
        """What the stage makes of examples `(n, inputs)`."""
        z = h @ self.weight.T + self.bias
        return z if self.slope is None else np.where(z > 0, z, self.slope * z)


def stages_of(model: nn.Module, bends: bool = True) -> list[Stage]:
    """The stages of a network of linear layers, batch norms and (leaky) ReLUs, in float64.

    Linear maps without a bend between them become one, W = W₂W₁ and b = W₂b₁ + b₂. Without `bends` no activation is
    welcome at all.

    Raises `NotSupportedError` for a layer whose result is not made of straight pieces.

    >>> [s.weight.shape for s in stages_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.Linear(4, 1)))]
    [(3, 2), (1, 3)]
    """
    stages: list[Stage] = []
    for module in _leaves(model):
        if isinstance(module, nn.ReLU | nn.LeakyReLU) and bends and stages:
            slope = float(getattr(module, "negative_slope", 0.0))
            stages[-1] = Stage(stages[-1].weight, stages[-1].bias, slope)
        elif isinstance(module, _NOTHING):
            continue
        else:
            _append(stages, _linear_map(module, stages))
    return stages


def _append(stages: list[Stage], stage: Stage) -> None:
    """Put a linear map on top; two without a bend between them are one."""
    if stages and stages[-1].slope is None:
        below = stages.pop()
        stage = Stage(stage.weight @ below.weight, stage.weight @ below.bias + stage.bias)
    stages.append(stage)


def _leaves(model: nn.Module) -> Iterator[nn.Module]:
    if isinstance(model, nn.Sequential):
        for module in model:
            yield from _leaves(module)
    else:
        yield model


def _linear_map(module: nn.Module, stages: list[Stage]) -> Stage:
    if isinstance(module, nn.Linear):
        weight = module.weight.array.astype(np.float64)
        bias = np.zeros(len(weight)) if module.bias is None else module.bias.array.astype(np.float64)
        return Stage(weight, bias)
    if isinstance(module, nn.BatchNorm1d) and module.running_mean is not None and module.running_var is not None:
        scale = 1 / np.sqrt(module.running_var.array.astype(np.float64) + module.eps)
        shift = -module.running_mean.array.astype(np.float64) * scale
        if module.weight is not None and module.bias is not None:
            gamma, beta = module.weight.array.astype(np.float64), module.bias.array.astype(np.float64)
            scale, shift = scale * gamma, shift * gamma + beta
        return Stage(np.diag(scale), shift)
    got = f"folds: got {type(module).__name__}"
    expected = "expected Linear, BatchNorm1d, ReLU and LeakyReLU in a Sequential: straight pieces"
    raise NotSupportedError(complain(got, expected, "Try a network with ReLU"))
