"""An expression as the graph of its computation, to be stepped through: numbers forward, slopes backward."""

from __future__ import annotations

import math
import re

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.draw import draw
from glassnet.read.expression import evaluate_text
from glassnet.read.graph import Graph
from glassnet.read.layout import layered
from glassnet.server.reports import GraphArrow, GraphBox, GraphEvent, GraphReport

_MOST_BOXES = 80
_BOX = (118.0, 66.0)  # pixels
_LETTER = 8.0  # of the words on an arrow
_APART = (56.0, 22.0)
_NAME = re.compile(r"[A-Za-z_]\w*(?!\w*\s*\()")
_KNOWN = {"pi", "e"}


def graph_of(text: str, given: str, id: int | None = None) -> GraphReport:
    """The graph of an expression of numbers; a name without a value is 1.

    Raises `ValueRangeError` for what is no expression, for a value that is no number, and for more than 80 nodes.

    >>> report = graph_of("sigmoid(w*x + b)", "w=0.5, x=2, b=-1")
    >>> [(box.name, box.value, box.gradient) for box in report.boxes[:3]]
    [('w', 0.5, 0.5), ('x', 2.0, 0.125), ('u₁', 1.0, 0.25)]
    >>> report.events[-1].says
    'du/dx = du/du₁ · du₁/dx = 0.25 · 0.5 = 0.125'
    """
    values = {name: 1.0 for name in _NAME.findall(text) if name not in _KNOWN} | values_of(given)
    result, names = evaluate_text(text, values)
    if result.op is None:
        got = f"got {text!r:.60}, which computes nothing"
        raise ValueRangeError(complain(got, "expected an operation", "Try sigmoid(w*x + b)"))
    graph = draw(result, names=names)
    if len(graph.nodes) > _MOST_BOXES:
        got = f"got {len(graph.nodes)} nodes"
        raise ValueRangeError(complain(got, f"expected at most {_MOST_BOXES}", "Try a part of the expression"))
    return _report(graph, {name: values[name] for name in names}, id)


def values_of(given: str) -> dict[str, float]:
    """Names with their numbers.

    >>> values_of("w=0.5, x = 2")
    {'w': 0.5, 'x': 2.0}
    """
    values = {}
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", given))):
        name, _, number = (piece.strip() for piece in part.partition("="))
        try:
            values[name] = float(number.replace("−", "-"))
        except ValueError:
            values[name] = math.nan
        if not (name.isidentifier() and math.isfinite(values[name])):
            got = f"got {part!r:.40}"
            raise ValueRangeError(complain(got, "expected a name and a number", "Try w=0.5, x=2"))
    return values


def _report(graph: Graph, values: dict[str, float], id: int | None) -> GraphReport:
    pairs = [(edge.source, edge.target) for edge in graph.edges]
    words = [_LETTER * len(edge.says) for edge in graph.edges]
    laid = layered([_BOX] * len(graph.nodes), pairs, _APART, 12.0, words)
    boxes = [
        GraphBox(n.name, n.kind, n.sign, n.says, _number(n.data), _number(n.gradient), *centre, *_BOX)
        for n, centre in zip(graph.nodes, laid.centres, strict=True)
    ]
    arrows = [
        GraphArrow(e.source, e.target, _number(e.local), _number(e.flow), e.says, [list(p) for p in route])
        for e, route in zip(graph.edges, laid.routes, strict=True)
    ]
    events = [
        GraphEvent(event.phase, event.node, list(event.edges), event.says, event.rule, _number(event.value))
        for event in graph.events()
    ]
    return GraphReport(boxes, arrows, events, values, graph.goal, laid.width, laid.height, id)


def _number(array: np.ndarray | None) -> float | None:
    """The number, if it is one and finite."""
    if array is None or array.size != 1:
        return None
    value = float(array.reshape(()))
    return value if math.isfinite(value) else None
