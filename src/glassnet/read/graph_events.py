"""What happens in a graph, moment by moment: numbers forward, slopes backward."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glassnet.read.digits import signed
from glassnet.read.graph import OPERATION, Event, Graph, GraphEdge
from glassnet.read.text import array_text

_SHORT = 4  # numbers of an array that fit into a sentence


def forward(graph: Graph) -> Iterator[Event]:
    """Each node as it gets its numbers."""
    for node in graph.nodes:
        edges = tuple(edge.id for edge in graph.into[node.id])
        value = short(node.data, graph)
        says = f"{node.name} = {node.says} = {value}" if node.kind == OPERATION else f"{node.name} = {value}"
        yield Event("forward", node.id, edges, node.data, says=says)


def backward(graph: Graph) -> Iterator[Event]:
    """The slope of the result, which is 1; then from the last node to the first what flows back along each edge."""
    result = graph.result
    if result.gradient is None:
        return
    name = f"d{graph.goal}/d{graph.goal}"
    yield Event("backward", result.id, (), result.gradient, says=f"{name} = {short(result.gradient, graph)}")
    so_far: dict[int, np.ndarray] = {}
    for node in reversed(graph.nodes):
        for edge in graph.into[node.id]:
            if edge.flow is None:
                continue
            before = so_far.get(edge.source)
            so_far[edge.source] = edge.flow if before is None else before + edge.flow
            says = _sentence(graph, edge, before, so_far[edge.source])
            yield Event("backward", edge.source, (edge.id,), so_far[edge.source], node.gradient, edge.local,
                        edge.flow, says, _rule(graph, edge))  # fmt: skip


def _rule(graph: Graph, edge: GraphEdge) -> str:
    """The local derivative as an equation."""
    x, y = graph.nodes[edge.source].name, graph.nodes[edge.target].name
    return f"d{y}/d{x} = {edge.says}" if edge.says not in ("", "1") else ""


def _sentence(graph: Graph, edge: GraphEdge, before: np.ndarray | None, after: np.ndarray) -> str:
    """dL/dx = dL/dy · dy/dx, in numbers where there are few; what came before is added."""
    x, y = graph.nodes[edge.source].name, graph.nodes[edge.target].name
    steps = [f"d{graph.goal}/d{x} {'+' if before is not None else ''}= d{graph.goal}/d{y} · d{y}/d{x}"]
    upstream = graph.nodes[edge.target].gradient
    if edge.local is not None and upstream is not None and edge.local.size == upstream.size == 1:
        steps.append(f"{_signed(upstream, graph)} · {_signed(edge.local, graph)}")
    assert edge.flow is not None
    steps.append(short(edge.flow, graph))
    return " = ".join(steps) + (f", together {short(after, graph)}" if before is not None else "")


def short(array: np.ndarray, graph: Graph) -> str:
    """The numbers themselves where they are few, else their shape and range."""
    if array.size == 1:
        return signed(array.reshape(()), graph.digits, array.dtype)
    if array.size <= _SHORT:
        return array_text(array, graph.digits)
    shape = "×".join(map(str, array.shape))
    if not array.size or array.dtype.kind not in "fiub":
        return shape
    low, high = (signed(v, graph.digits, array.dtype) for v in (array.min(), array.max()))
    return f"{shape}, {low} … {high}" if low != high else f"{shape}, all {low}"


def _signed(array: np.ndarray, graph: Graph) -> str:
    words = short(array, graph)
    return f"({words})" if words.startswith("−") else words
