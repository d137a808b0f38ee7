"""One neuron: a weighted sum, then an activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from glassnet.errors import ShapeError, ValueRangeError, complain


class Activation(NamedTuple):
    """What a neuron does to its weighted sum, and what the neuron is then called."""

    function: Callable[[float], float]
    formula: str
    model: str


def _sigmoid(z: float) -> float:
    """1 / (1 + e^-z), from the side on which the exponential cannot overflow."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


ACTIVATIONS = {
    "step": Activation(lambda z: 1.0 if z >= 0 else 0.0, "1 if z >= 0 else 0", "perceptron (Rosenblatt 1958)"),
    "strict step": Activation(lambda z: 1.0 if z > 0 else 0.0, "1 if z > 0 else 0", "perceptron, silent at 0"),
    "sigmoid": Activation(_sigmoid, "1 / (1 + e^-z)", "logistic regression (Cox 1958)"),
    "identity": Activation(lambda z: z, "z", "linear regression (Legendre 1805)"),
}


@dataclass(frozen=True)
class Neuron:
    """y = f(w1 x1 + … + wn xn + b).

    With a step it is a perceptron, with a sigmoid logistic regression, with the identity linear regression: the same
    neuron under three names. At z = 0 a "step" fires and a "strict step" does not; both conventions are in use.

    >>> neuron = Neuron((0.5, -0.3, 0.8), 1.0, "step")
    >>> neuron((2.0, 3.0, -1.0))
    1.0
    >>> print(neuron.tell((2.0, 3.0, -1.0)))
    perceptron (Rosenblatt 1958)
      x1 w1 = 2 * 0.5 = 1
      x2 w2 = 3 * -0.3 = -0.9
      x3 w3 = -1 * 0.8 = -0.8
      z = 1 + (-0.9) + (-0.8) + 1 = 0.3
      y = 1, because 0.3 >= 0
    """

    weight: Sequence[float]
    bias: float = 0.0
    activation: str = "step"

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            names = ", ".join(ACTIVATIONS)
            got = f"Neuron: got activation={self.activation!r}"
            raise ValueRangeError(complain(got, f"expected one of {names}", "Try activation='step'"))

    @property
    def model(self) -> str:
        """What a neuron with this activation is called."""
        return ACTIVATIONS[self.activation].model

    def products(self, x: Sequence[float]) -> list[float]:
        """w1 x1, …, wn xn."""
        if len(x) != len(self.weight):
            got = f"Neuron: got {len(x)} inputs for {len(self.weight)} weights"
            raise ShapeError(complain(got, "expected one for each", f"Try an input of {len(self.weight)} numbers"))
        return [float(a) * float(w) for a, w in zip(x, self.weight, strict=True)]

    def z(self, x: Sequence[float]) -> float:
        """The weighted sum with the bias, rounded once."""
        return math.fsum([*self.products(x), float(self.bias)])

    def __call__(self, x: Sequence[float]) -> float:
        """The output for one input."""
        return ACTIVATIONS[self.activation].function(self.z(x))

    def tell(self, x: Sequence[float]) -> str:
        """Every product, the sum and the output, in words."""
        products = self.products(x)
        lines = [
            f"x{i} w{i} = {a:g} * {w:g} = {p:g}"
            for i, (a, w, p) in enumerate(zip(x, self.weight, products, strict=True), 1)
        ]
        summed = " + ".join(f"({v:g})" if v < 0 and i else f"{v:g}" for i, v in enumerate([*products, self.bias]))
        lines += [f"z = {summed} = {self.z(x):g}", f"y = {self(x):g}, because {self._reason(self.z(x))}"]
        return "\n  ".join([self.model, *lines])

    def _reason(self, z: float) -> str:
        """Why the output is what it is: on which side of 0 the sum lies, or the formula."""
        if self.activation == "step":
            return f"{z:g} {'>=' if z >= 0 else '<'} 0"
        if self.activation == "strict step":
            return f"{z:g} {'>' if z > 0 else '<='} 0"
        return f"f(z) = {ACTIVATIONS[self.activation].formula}"

    @property
    def boundary(self) -> str:
        """Where z = 0: the line on which a neuron of two inputs changes its mind.

        >>> Neuron((1.0, 1.0), -1.5).boundary
        'x1 + x2 = 1.5'
        """
        terms = [(float(w), f"x{i}") for i, w in enumerate(self.weight, 1) if w]
        if not terms:
            return "nowhere: all weights are 0"
        words = [
            f"{_sign(w, first=i == 0)}{'' if abs(w) == 1 else f'{abs(w):g} '}{x}" for i, (w, x) in enumerate(terms)
        ]
        return f"{''.join(words)} = {-self.bias + 0.0:g}"


def _sign(w: float, first: bool) -> str:
    if first:
        return "-" if w < 0 else ""
    return " - " if w < 0 else " + "


def _size(w: float) -> str:
    return "" if abs(w) == 1 else f"{abs(w):g} "
