"""A computational graph in the languages of other programs: Graphviz, Mermaid, JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from glassnet.read.graph import CONSTANT, INPUT, OPERATION, PARAMETER, Event, Graph, GraphEdge, GraphNode, numbers
from glassnet.read.graph_events import short

_DOT_SHAPES = {INPUT: "ellipse", PARAMETER: "ellipse", CONSTANT: "plaintext", OPERATION: "box"}
_MOST = 256  # numbers of one array that are written out
_FEW_EVENTS = 20_000


def graph_dot(graph: Graph) -> str:
    """For `dot -Tsvg`, Graphviz's own layout."""
    lines = [
        "digraph {",
        "  rankdir=LR",
        '  node [style=rounded, fontname="Helvetica"]',
        f"  label={_dot(graph.title)}",
    ]
    for node in graph.nodes:
        lines.append(f"  n{node.id} [shape={_DOT_SHAPES[node.kind]}, label={_dot(*_label(graph, node))}]")
    for edge in graph.edges:
        words = f" [label={_dot(_slope(graph, edge))}]" if _slope(graph, edge) else ""
        lines.append(f"  n{edge.source} -> n{edge.target}{words}")
    return "\n".join([*lines, "}", ""])


def _dot(*lines: str) -> str:
    """Lines as one quoted string of Graphviz."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def graph_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart; between ```mermaid fences GitHub and notebooks draw it."""
    around = {INPUT: ("([", "])"), PARAMETER: ("([", "])"), CONSTANT: ("[", "]"), OPERATION: ("[", "]")}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        left, right = around[node.kind]
        lines.append(f'  n{node.id}{left}"{"<br/>".join(map(_plain, _label(graph, node)))}"{right}')
    for edge in graph.edges:
        words = f'|"{_plain(_slope(graph, edge))}"|' if _slope(graph, edge) else ""
        lines.append(f"  n{edge.source} -->{words} n{edge.target}")
    return "\n".join([*lines, ""])


def _plain(words: str) -> str:
    """Words without what Mermaid would read as markup."""
    return "".join(f"#{ord(c)};" if c in '#"<>&|`*_[]{}()' else c for c in words)


def _label(graph: Graph, node: GraphNode) -> list[str]:
    """The lines on a node."""
    if node.kind == CONSTANT:
        return [node.name]
    head = f"{node.sign}  {node.name}" if node.kind == OPERATION else node.name
    lines = [head, short(node.data, graph)]
    return lines if node.gradient is None else [*lines, f"slope {short(node.gradient, graph)}"]


def _slope(graph: Graph, edge: GraphEdge) -> str:
    return "×" + short(edge.local, graph) if edge.local is not None and edge.local.size <= 2 else ""


# ---- data ------------------------------------------------------------------------------------------------------------


def graph_json(graph: Graph) -> str:
    """Everything as data, for whoever draws or animates it."""
    events = [_event(event) for event in graph.events()] if len(graph.edges) <= _FEW_EVENTS else None
    layout = graph.layout
    data = {
        "title": graph.title,
        "grain": graph.grain,
        "goal": graph.goal,
        "width": round(layout.width, 1),
        "height": round(layout.height, 1),
        "nodes": [_node(node) | _at(layout.centres[node.id]) for node in graph.nodes],
        "edges": [_edge(edge) | {"route": [_rounded(p) for p in layout.routes[edge.id]]} for edge in graph.edges],
        "events": events,
        "notes": graph.notes,
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def _at(point: tuple[float, float]) -> dict[str, float]:
    return dict(zip("xy", _rounded(point), strict=True))


def _rounded(point: tuple[float, float]) -> list[float]:
    return [round(v, 1) for v in point]


def _node(node: GraphNode) -> dict[str, Any]:
    return {
        "id": node.id, "kind": node.kind, "name": node.name, "op": node.op, "sign": node.sign, "says": node.says,
        "row": node.row, "shape": list(node.data.shape), "data": _array(node.data), "gradient": _array(node.gradient),
    }  # fmt: skip


def _edge(edge: GraphEdge) -> dict[str, Any]:
    return {
        "id": edge.id, "source": edge.source, "target": edge.target, "place": edge.place, "local": _array(edge.local),
        "says": edge.says, "flow": _array(edge.flow),
    }  # fmt: skip


def _event(event: Event) -> dict[str, Any]:
    return {"phase": event.phase, "node": event.node, "edges": list(event.edges), "value": _array(event.value),
            "says": event.says, "rule": event.rule}  # fmt: skip


def _array(array: np.ndarray | None) -> Any:
    """The numbers, or shape and range of many."""
    if array is None or array.size <= _MOST:
        return numbers(array)
    return {"shape": list(array.shape), "least": numbers(array.min()), "most": numbers(array.max()),
            "mean": numbers(np.asarray(array.mean()))}  # fmt: skip
