"""Linear layers on linear layers are one linear layer: shown, computed, and checked against the network itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.read.digits import Digits
from glassnet.read.draw_svg import LETTER, Svg
from glassnet.read.folds_layers import Stage, stages_of
from glassnet.read.probe_use import in_use
from glassnet.read.text import array_text


@dataclass(eq=False)
class Collapsed:
    """The one layer W′x + b′ that a stack of linear layers is; `worst` is the largest difference between the two."""

    weight: np.ndarray  # (outputs, inputs)
    bias: np.ndarray  # (outputs,)
    sizes: list[int]
    parameters: tuple[int, int]  # of the stack, of the one layer
    worst: float
    examples: int
    kind: str  # of the network's numbers

    def text(self, digits: Digits = 3) -> str:
        """The formula, the numbers, the check."""
        layers = len(self.sizes) - 1
        product = " ".join(f"W{k}" for k in range(layers, 0, -1)) if layers <= 6 else f"W{layers} … W2 W1"
        lines = [
            f"{'-'.join(map(str, self.sizes))} without activations: {layers} linear layers are one",
            f"W' = {product} = {array_text(self.weight, digits)}",
            f"b' = {_bias(layers)} = {array_text(self.bias, digits)}",
            f"{self.parameters[0]:,} parameters do what {self.parameters[1]:,} can",
            f"largest difference over {self.examples:,} random inputs, in {self.kind}: {self.worst:.2g}",
        ]
        return "\n".join(lines)

    def svg(self) -> str:
        """The same as a picture."""
        lines = self.text().splitlines()
        svg = Svg(
            max(len(lines[0]) * 1.4, *map(len, lines[1:])) * LETTER + 64, 60 + 24 * len(lines), "Linear layers collapse"
        )
        svg.text(24, 36, lines[0], "ink t b")
        for k, line in enumerate(lines[1:]):
            svg.numbers(24, 72 + 24 * k, line.replace("-", "−") if "=" in line else line, "ink")
        return svg.render()


def _bias(layers: int) -> str:
    """What the biases of all layers come to: W2 b1 + b2, and so on."""
    if layers > 4:
        return f"W{layers} (… W2 b1 + b2 …) + b{layers}"
    words = "b1"
    for k in range(2, layers + 1):
        words = f"W{k} {words if k == 2 else f'({words})'} + b{k}"
    return words


def collapse(model: nn.Module, examples: int = 1000) -> Collapsed:
    """Multiply a stack of linear layers out: W′ = W₂W₁, b′ = W₂b₁ + b₂, and compare on random inputs.

    Activations in between are looked past only if they are none (`Identity`); batch norms count as linear, as they are
    once a network is trained.

    Raises `NotSupportedError` for a layer that bends.

    >>> model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)).double()
    >>> with no_grad():
    ...     for p, v in zip(model.parameters(), ([[0.2, 0.4], [0.6, 0.5]], [0.1, 0.2], [[0.4, 0.6]], [0.34])):
    ...         _ = p.copy_(wrap(np.array(v)))
    >>> one = collapse(model)
    >>> one.weight.round(6).tolist(), one.bias.round(6).tolist(), one.worst < 1e-12
    ([[0.44, 0.46]], [0.5], True)
    """
    (stage,) = stages_of(model, bends=False) or [Stage(np.eye(1), np.zeros(1))]
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)]
    sizes = [linear[0].in_features, *(m.out_features for m in linear)]
    x = np.random.default_rng(0).normal(size=(examples, stage.weight.shape[1]))
    kind = next(model.parameters()).array.dtype
    with no_grad(), in_use(model):
        outputs = model(wrap(x.astype(kind))).array
    worst = float(np.abs(outputs - stage(x)).max(initial=0.0))
    held = sum(p.array.size for p in model.parameters())
    return Collapsed(
        stage.weight, stage.bias, sizes, (held, stage.weight.size + stage.bias.size), worst, examples, str(kind)
    )


def without_activations(model: nn.Module) -> nn.Sequential:
    """The linear layers of a network alone: what is left of it without its activations."""
    return nn.Sequential(*(m for m in model.modules() if isinstance(m, nn.Linear)))
