"""The graph of a step number by number: every product and every sum that a matrix product hides.

Each operation of the tape becomes operations on single numbers. One that only moves numbers becomes nothing at all; a
matrix product becomes products and sums; what has no smaller parts here, such as a softmax, stays one node for each
number of its result, with its derivative along every number it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.read.draw import needed_for
from glassnet.read.elements import members
from glassnet.read.graph import CONSTANT, INPUT, OPERATION, PARAMETER, Graph, GraphEdge, GraphNode
from glassnet.read.graph_events import short
from glassnet.read.graph_slopes import jacobian
from glassnet.read.labels import LOWERED, Label, Labels
from glassnet.read.record import Recorded
from glassnet.read.story import Node
from glassnet.read.text import symbol_text

_MOST = 100_000
_MOVED = ("reshape", "permute", "expand", "flip", "window", "detach", "copy", "cast", "pick", "choose", "gather",
          "embedding", "concat", "pack", "pad", "put_window", "place", "unfold")  # fmt: skip
_ALL_MOVED = ("concat", "pack")
_LOW = "₀₁₂₃₄₅₆₇₈₉"
Ids = np.ndarray[Any, np.dtype[np.int64]]


def scalar_graph(graph: Graph, recorded: Recorded, labels: Labels) -> Graph:
    """The same step as `graph`, with a node for each number.

    Raises `ValueRangeError` for more than 100,000 nodes.
    """
    result = recorded.loss or recorded.output
    assert result is not None
    nodes = needed_for(result, recorded.parts["forward"] + recorded.parts.get("loss", []))
    expected = sum(_cost(node) for node in nodes)
    if expected > _MOST:
        got = f"draw: got a graph of about {expected:,} numbers"
        hint = "Try grain='tensor', or fewer examples"
        raise ValueRangeError(complain(got, f"expected at most {_MOST:,} at the grain 'scalar'", hint))
    expansion = _Expansion(Graph(graph.title, "scalar", [], [], graph.digits), labels)
    for node in nodes:
        expansion.expand(node)
    scalars = expansion.graph
    _keep_needed(scalars, expansion.ids(result).ravel().tolist())
    scalars.goal = scalars.result.name
    if result.array.size == 1:
        _slopes(scalars)
    return scalars


def _cost(node: Node) -> int:
    """About how many nodes an operation becomes."""
    assert node.op is not None
    if node.op.name in ("linear", "matmul"):
        return node.array.size * (node.inputs[0].shape[-1] + 1 if node.inputs[0].shape else 1)
    return 0 if node.op.name in _MOVED else node.array.size


class _Expansion:
    """Makes the nodes; `places` has for each tensor the nodes of its numbers."""

    def __init__(self, graph: Graph, labels: Labels) -> None:
        self.graph, self.labels = graph, labels
        self.places: dict[int, Ids] = {}
        self.helpers = 0

    def expand(self, node: Node) -> None:
        """Make nodes for one operation."""
        assert node.op is not None
        name = node.op.name
        if name in _MOVED:
            self.places[id(node)] = self._moved(node)
        elif name in _PARTS:
            self.places[id(node)] = _PARTS[name](self, node)
        elif node.op.elementwise or name == "where":
            self.places[id(node)] = self._each(node)
        else:
            self.places[id(node)] = self._opaque(node)

    def ids(self, node: Node) -> Ids:
        """The nodes of a tensor's numbers; those of a leaf are made when they are first asked for."""
        if id(node) not in self.places:
            label = self.labels.get(node)
            kind = PARAMETER if type(node.tensor).__name__ == "Parameter" else INPUT
            kind = CONSTANT if label is None and not node.tensor.needs_grad else kind
            found = np.empty(node.shape, np.int64)
            for at in np.ndindex(node.shape):
                found[at] = self.number(node.array[at], kind, "", "", symbol=self.symbol(node, at))
            self.places[id(node)] = found
        return self.places[id(node)]

    def number(self, value: Any, kind: str, op: str, says: str, row: int = 0, symbol: str | None = None) -> int:
        """One node."""
        data = np.asarray(value)
        if symbol is None and kind == OPERATION:
            self.helpers += 1
            symbol = "u" + str(self.helpers).translate(LOWERED)
        made = GraphNode(len(self.graph.nodes), kind, symbol or short(data, self.graph), op, says, data, None, row)
        self.graph.nodes.append(made)
        return made.id

    def computed(self, value: Any, op: str, sources: Sequence[tuple[int, Any]], row: int, symbol: str | None) -> int:
        """One node made from others: `sources` are their ids and the derivative along each."""
        names = [self.graph.nodes[i].name for i, _ in sources]
        target = self.number(value, OPERATION, op, _says(op, names), row, symbol)
        for place, (source, local) in enumerate(sources):
            slope = None if local is None else np.asarray(local, np.float64)
            self.graph.edges.append(GraphEdge(len(self.graph.edges), source, target, place, slope))
        return target

    def symbol(self, node: Node, at: tuple[int, ...]) -> str | None:
        """What a number of a tensor is called; helpers are counted anew here."""
        label = self.labels.get(node)
        is_helper = isinstance(label, Label) and label.letter[:1] == "u" and label.letter[-1] in _LOW
        return None if label is None or is_helper else symbol_text(label.at(at))

    # ---- kinds of operations -------------------------------------------------------------------------------------

    def _moved(self, node: Node) -> Ids:
        """The nodes that the numbers were before they were moved, found by moving their ids."""
        assert node.op is not None
        moved = len(node.inputs) if node.op.name in _ALL_MOVED else 1
        lines = [self.ids(i) + 1 for i in node.inputs[:moved]]
        others = [i.array for i in node.inputs[moved:]]
        attrs = {**node.attrs, **({"value": 0} if node.op.name == "pad" else {})}
        attrs |= {"dtype": np.dtype(np.int64)} if node.op.name == "cast" else {}
        found = np.array(node.op.run(*lines, *others, **attrs)).astype(np.int64).reshape(node.shape) - 1
        for at in np.argwhere(found < 0):  # nobody's number, such as a margin
            place = tuple(at.tolist())
            found[place] = self.number(node.array[place], CONSTANT, "", "")
        return found

    def _each(self, node: Node) -> Ids:
        """An operation number by number."""
        assert node.op is not None
        sources = [np.broadcast_to(self.ids(i), node.shape) for i in node.inputs]
        slopes = _slopes_each(node)
        found = np.empty(node.shape, np.int64)
        for at in np.ndindex(node.shape):
            pairs = [(int(s[at]), None if d is None else d[at]) for s, d in zip(sources, slopes, strict=True)]
            found[at] = self.computed(node.array[at], node.op.name, pairs, node.number, self.symbol(node, at))
        return found

    def _opaque(self, node: Node) -> Ids:
        """An operation whose numbers each depend on several: with what the derivative says it depends on."""
        assert node.op is not None
        sources = [self.ids(i).ravel() for i in node.inputs]
        slopes = [jacobian(node.tensor, i) if x.tensor.needs_grad else None for i, x in enumerate(node.inputs)]
        found = np.empty(node.shape, np.int64)
        for k, at in enumerate(np.ndindex(node.shape)):
            pairs: list[tuple[int, Any]] = []
            for ids, matrix in zip(sources, slopes, strict=True):
                if matrix is not None:
                    row = matrix.reshape(node.array.size, -1)[k]
                    pairs += [(int(ids[j]), row[j]) for j in np.flatnonzero(row)]
            found[at] = self.computed(node.array[at], node.op.name, pairs, node.number, self.symbol(node, at))
        return found

    def products(self, a: Ids, b: Ids, row: int) -> list[tuple[int, float]]:
        """A node for each product, ready to be added up."""
        nodes, made = self.graph.nodes, list[tuple[int, float]]()
        for i, j in zip(a.tolist(), b.tolist(), strict=True):
            u, v = nodes[i].data, nodes[j].data
            made.append((self.computed(u * v, "mul", [(i, v), (j, u)], row, None), 1.0))
        return made


def _linear(to: _Expansion, node: Node) -> Ids:
    """z = x·w + b for each example and unit."""
    x, w, b = (to.ids(i) for i in node.inputs)
    found = np.empty(node.shape, np.int64)
    for at in np.ndindex(node.shape):
        terms = to.products(w[at[-1]], x[at[:-1]], node.number)
        bias = np.broadcast_to(b, node.shape)[at]
        found[at] = to.computed(node.array[at], "add", [*terms, (int(bias), 1.0)], node.number, to.symbol(node, at))
    return found


def _matmul(to: _Expansion, node: Node) -> Ids:
    a, b = (to.ids(i) for i in node.inputs)
    a, b = a if a.ndim > 1 else a[None], b if b.ndim > 1 else b[:, None]
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*shape, *a.shape[-2:])), np.broadcast_to(b, (*shape, *b.shape[-2:]))
    full = (*shape, a.shape[-2], b.shape[-1])
    values, found = node.array.reshape(full), np.empty(full, np.int64)
    places = list(np.ndindex(node.shape))
    for k, (*lead, i, j) in enumerate(np.ndindex(full)):
        terms = to.products(a[(*lead, i)], b[(*lead, slice(None), j)], node.number)
        symbol = to.symbol(node, places[k])
        found[(*lead, i, j)] = to.computed(values[(*lead, i, j)], "add", terms, node.number, symbol)
    return found.reshape(node.shape)


def _sum(to: _Expansion, node: Node) -> Ids:
    return _reduced(to, node, "sum", 1.0)


def _mean(to: _Expansion, node: Node) -> Ids:
    return _reduced(to, node, "mean", node.array.size / max(1, node.inputs[0].array.size))


def _reduced(to: _Expansion, node: Node, op: str, share: float) -> Ids:
    ids, found = to.ids(node.inputs[0]).ravel(), np.empty(node.shape, np.int64)
    for at in np.ndindex(node.shape):
        terms = [(int(i), share) for i in ids[members(node, at)]]
        found[at] = to.computed(node.array[at], op, terms, node.number, to.symbol(node, at))
    return found


_PARTS: dict[str, Callable[[_Expansion, Node], Ids]] = {
    "linear": _linear, "matmul": _matmul, "sum": _sum, "sum_to": _sum, "mean": _mean,
}  # fmt: skip


def _slopes_each(node: Node) -> list[np.ndarray | None]:
    """The derivative along each operand, number by number, operands repeated to the shape of the result."""
    assert node.op is not None
    y = node.tensor
    repeated = [wrap(np.broadcast_to(i.array, node.shape).copy()) for i in node.inputs]
    slopes: list[np.ndarray | None] = []
    with no_grad():
        ones = ops.full(shape=tuple(node.shape), value=1.0, dtype=y.array.dtype)
        for i, x in enumerate(node.inputs):
            rule = node.op.rule(i) if x.tensor.needs_grad and node.op.vjp else None
            slopes.append(None if rule is None else np.asarray(rule(ones, y, *repeated, **node.attrs).array))
    return slopes


def _says(op: str, names: list[str]) -> str:
    if op in ("add", "sum") and len(names) != 2:
        return "add up " + ", ".join(names)
    if op == "mean":
        return "the mean of " + ", ".join(names)
    try:
        return ops.OPS[op].say.format(*names)
    except (IndexError, KeyError):  # it says more than the operands, such as an exponent
        return f"{op.replace('_', ' ')} of {', '.join(names)}"


# ---- what is left, and its slopes ------------------------------------------------------------------------------------


def _keep_needed(graph: Graph, results: list[int]) -> None:
    """Leave out nodes that lead nowhere, such as numbers that an operation looked past, and count anew."""
    wanted = set(results)
    into: dict[int, list[int]] = {}
    for edge in graph.edges:
        into.setdefault(edge.target, []).append(edge.source)
    for node in reversed(graph.nodes):
        if node.id in wanted:
            wanted.update(into.get(node.id, []))
    order = [n for n in graph.nodes if n.id in wanted and n.id not in results[-1:]]
    order += [graph.nodes[results[-1]]]
    new = {node.id: k for k, node in enumerate(order)}
    graph.nodes[:] = order
    graph.edges[:] = [e for e in graph.edges if e.target in new and e.source in new]
    for k, edge in enumerate(graph.edges):
        edge.id, edge.source, edge.target = k, new[edge.source], new[edge.target]
    for k, node in enumerate(order):
        node.id = k


def _slopes(graph: Graph) -> None:
    """Read the graph backward: upstream times local along each edge, added up where edges meet."""
    gradients: dict[int, float] = {graph.result.id: 1.0}
    for node in reversed(graph.nodes):
        upstream = gradients.get(node.id)
        if upstream is None:
            continue
        node.gradient = np.asarray(upstream)
        for edge in graph.into[node.id]:
            if edge.local is not None and _follows(graph, edge):
                edge.flow = np.asarray(upstream * float(edge.local))
                gradients[edge.source] = gradients.get(edge.source, 0.0) + float(edge.flow)


def _follows(graph: Graph, edge: GraphEdge) -> bool:
    return graph.nodes[edge.source].kind != CONSTANT
