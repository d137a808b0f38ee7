"""Logic gates from neurons whose weights were chosen by hand (McCulloch and Pitts 1943)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from glassnet.basics.neuron import Neuron
from glassnet.errors import ShapeError, ValueRangeError, complain


@dataclass(frozen=True)
class Gate:
    """Layers of step neurons, and the truth table that they compute.

    >>> GATES["XOR"]((1, 0)), GATES["XOR"]((1, 1))
    (1, 0)
    >>> print(GATES["XOR"].table())
    x1 x2 | h1 h2 |  y
     0  0 |  0  0 |  0
     0  1 |  1  0 |  1
     1  0 |  1  0 |  1
     1  1 |  1  1 |  0
    """

    name: str
    outputs: tuple[int, ...]  # for the inputs 00, 01, 10, 11, or 0, 1
    layers: tuple[tuple[Neuron, ...], ...]
    says: str

    @property
    def inputs(self) -> list[tuple[int, ...]]:
        """All rows of the truth table."""
        return list(product((0, 1), repeat=(len(self.outputs) - 1).bit_length()))

    def steps(self, x: Sequence[float]) -> list[tuple[int, ...]]:
        """What every layer gives, in order."""
        seen: list[tuple[int, ...]] = []
        for layer in self.layers:
            x = tuple(int(neuron(x)) for neuron in layer)
            seen.append(x)
        return seen

    def __call__(self, x: Sequence[float]) -> int:
        """The output for one input."""
        return self.steps(x)[-1][0]

    def table(self) -> str:
        """The truth table with what the hidden neurons say; equal hidden rows are points that have come to coincide."""
        rows = [[x, *self.steps(x)] for x in self.inputs]
        hidden = len(self.layers) - 1
        names = ["x", *(["h"] if hidden == 1 else [f"h{i}." for i in range(1, hidden + 1)])]
        heads = [" ".join(f"{name}{i}" for i in range(1, len(rows[0][k]) + 1)) for k, name in enumerate(names)]
        lines = [" | ".join([*heads, " y"])]
        for row in rows:
            cells = [" ".join(f"{v:2d}" for v in part) for part in row]
            lines.append(" | ".join(cells))
        return "\n".join(lines)


def _one(name: str, outputs: tuple[int, ...], weight: tuple[float, ...], bias: float, says: str) -> Gate:
    return Gate(name, outputs, ((Neuron(weight, bias),),), says)


_OR, _AND = Neuron((1.0, 1.0), -0.5), Neuron((1.0, 1.0), -1.5)
GATES = {
    gate.name: gate
    for gate in (
        _one("AND", (0, 0, 0, 1), (1.0, 1.0), -1.5, "above the line x1 + x2 = 1.5"),
        _one("OR", (0, 1, 1, 1), (1.0, 1.0), -0.5, "above the line x1 + x2 = 0.5"),
        _one("NOT", (1, 0), (-1.0,), 0.5, "a negative weight: this input speaks against firing"),
        _one("NAND", (1, 1, 1, 0), (-1.0, -1.0), 1.5, "AND with every sign turned"),
        Gate("XOR", (0, 1, 1, 0), ((_OR, _AND), (Neuron((1.0, -2.0), -0.5),)), "OR but not AND: one line for each"),
    )
}
XOR_WITH_A_FEATURE = Neuron((1.0, 1.0, -2.0), -0.5)  # of x1, x2 and x1 x2: one neuron is enough if somebody helps


class Row(NamedTuple):
    """One row of a truth table beside what a neuron makes of it."""

    x: tuple[int, ...]
    z: float
    got: int
    expected: int

    @property
    def right(self) -> bool:
        """Whether the neuron gives what the gate asks for."""
        return self.got == self.expected


def check_gate(name: str, weight: Sequence[float], bias: float, activation: str = "step") -> list[Row]:
    """Try one neuron with these weights as the gate of this name: a row for each input.

    Raises `ValueRangeError` for a name that is not in `GATES`, `ShapeError` for a wrong number of weights.

    >>> [row.right for row in check_gate("NAND", (-1, -1), 1.5)]
    [True, True, True, True]
    >>> [row.x for row in check_gate("XOR", (1, 1), -0.5) if not row.right]
    [(1, 1)]
    """
    gate = GATES.get(name.upper())
    if gate is None:
        got = f"check_gate: got the gate {name!r}"
        raise ValueRangeError(complain(got, f"expected one of {', '.join(GATES)}", "Try 'NAND'"))
    if len(weight) != len(gate.inputs[0]):
        got = f"check_gate: got {len(weight)} weights for {gate.name}"
        wanted = len(gate.inputs[0])
        raise ShapeError(complain(got, f"expected {wanted}, one for each input", f"Try {(1,) * wanted}"))
    neuron = Neuron(tuple(weight), bias, activation)
    return [Row(x, neuron.z(x), int(neuron(x)), y) for x, y in zip(gate.inputs, gate.outputs, strict=True)]
