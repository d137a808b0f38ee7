"""A computational graph: what was computed from what, with every number, its slope, and each local derivative.

`draw` makes one of a model or of any recorded tensor. Forward it is read in the order of its nodes; backward the slope
of the result flows along each edge as upstream times local derivative, and adds up where edges meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.digits import Digits
from glassnet.read.layout import Layout

INPUT, PARAMETER, CONSTANT, OPERATION = "input", "parameter", "constant", "operation"
GRAPH_FORMATS = ("svg", "dot", "mermaid", "json")

# What stands on a node for an operation; others show their name.
SIGNS = {
    "add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "matmul": "@", "linear": "x·Wᵀ + b", "sigmoid": "σ",
    "sum": "Σ", "sum_to": "Σ", "square": "²", "sqrt": "√", "log": "ln", "relu": "ReLU", "permute": "ᵀ", "abs": "|·|",
    "power": "^n", "pow": "^", "where": "if", "maximum": "max", "minimum": "min", "amax": "max", "amin": "min",
}  # fmt: skip


@dataclass(eq=False)
class GraphNode:
    """A variable or an operation, with the numbers it holds; `row` is its row on the tape, 0 for what was there."""

    id: int
    kind: str
    name: str
    op: str
    says: str
    data: np.ndarray
    gradient: np.ndarray | None = None
    row: int = 0

    @property
    def sign(self) -> str:
        """What an operation is drawn as."""
        return SIGNS.get(self.op, self.op.replace("_", " "))


@dataclass(eq=False)
class GraphEdge:
    """From an operand to what was computed from it.

    `local` is the derivative of the target along the source: a number, an array of the source's shape (of an operation
    number by number, or of a result that is one number), or `target.shape + source.shape`; None where nothing flows or
    the matrix would be large. `flow` is what comes back along the edge: its part of the source's gradient.
    """

    id: int
    source: int
    target: int
    place: int  # among the operands of the target, from 0
    local: np.ndarray | None = None
    flow: np.ndarray | None = None
    says: str = ""  # the local derivative in symbols


@dataclass(frozen=True, eq=False)
class Event:
    """One moment: forward, a node gets its numbers from its operands; backward, a slope comes back along an edge."""

    phase: str
    node: int
    edges: tuple[int, ...]
    value: np.ndarray  # forward the node's data; backward its gradient so far
    upstream: np.ndarray | None = None
    local: np.ndarray | None = None
    flow: np.ndarray | None = None
    says: str = ""
    rule: str = ""  # the local derivative in symbols


@dataclass(eq=False)
class Graph:
    """Nodes in the order in which they were computed, and edges; the last node is the result.

    >>> from glassnet.read.draw import draw
    >>> from glassnet.read.expression import evaluate_text
    >>> y, names = evaluate_text("a*b + c", {"a": 2.0, "b": -3.0, "c": 10.0})
    >>> graph = draw(y, names=names)
    >>> [(node.name, float(node.data), float(node.gradient)) for node in graph.nodes]
    [('a', 2.0, -3.0), ('b', -3.0, 2.0), ('u₁', -6.0, 1.0), ('c', 10.0, 1.0), ('u', 4.0, 1.0)]
    >>> [event.says for event in graph.events()][-1]
    'du/db = du/du₁ · du₁/db = 1 · 2 = 2'
    """

    title: str
    grain: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    digits: Digits = 3
    goal: str = "L"  # the name of what gradients are slopes of
    notes: list[str] = field(default_factory=list[str])

    @property
    def result(self) -> GraphNode:
        """What all this computes."""
        return self.nodes[-1]

    @cached_property
    def into(self) -> list[list[GraphEdge]]:
        """The edges that lead to each node, operand by operand."""
        edges: list[list[GraphEdge]] = [[] for _ in self.nodes]
        for edge in self.edges:
            edges[edge.target].append(edge)
        return edges

    @cached_property
    def out_of(self) -> list[list[GraphEdge]]:
        """The edges that leave each node."""
        edges: list[list[GraphEdge]] = [[] for _ in self.nodes]
        for edge in self.edges:
            edges[edge.source].append(edge)
        return edges

    def events(self) -> Iterator[Event]:
        """Everything that happens, in order: forward node by node, then backward edge by edge."""
        from glassnet.read.graph_events import backward, forward

        yield from forward(self)
        yield from backward(self)

    @cached_property
    def layout(self) -> Layout:
        """Where everything lies in a picture."""
        from glassnet.read.draw_graph import laid_out

        return laid_out(self)

    def svg(self) -> str:
        """A picture that needs nothing but a browser."""
        from glassnet.read.draw_graph import graph_svg

        return graph_svg(self)

    def dot(self) -> str:
        """In the language of Graphviz."""
        from glassnet.read.draw_text import graph_dot

        return graph_dot(self)

    def mermaid(self) -> str:
        """In the language of Mermaid, as Markdown on GitHub draws it."""
        from glassnet.read.draw_text import graph_mermaid

        return graph_mermaid(self)

    def json(self) -> str:
        """Nodes with their places, edges and events as data."""
        from glassnet.read.draw_text import graph_json

        return graph_json(self)

    def text(self, width: int = 100, colour: bool = False, unicode: bool = True) -> str:
        """Tables for a terminal of so many columns: values and gradients, and the derivative along each edge."""
        from glassnet.read.draw_terminal import graph_text

        return graph_text(self, width, colour, unicode)

    def render(self, format: str) -> str:
        """In one of `GRAPH_FORMATS`.

        Raises `ValueRangeError` for another.
        """
        if format not in GRAPH_FORMATS:
            got, expected = f"draw: got the format {format!r}", f"expected one of {', '.join(GRAPH_FORMATS)}"
            raise ValueRangeError(complain(got, expected, "Try svg"))
        return {"svg": self.svg, "dot": self.dot, "mermaid": self.mermaid, "json": self.json}[format]()

    def __str__(self) -> str:
        return self.text()

    def _repr_svg_(self) -> str:
        return self.svg()


def numbers(array: np.ndarray | None) -> Any:
    """The array as lists for strict JSON; what is no finite number becomes a word."""
    if array is None:
        return None
    if array.ndim:
        return [numbers(a) for a in array]
    value = float(array)
    return value if np.isfinite(value) else str(value)
