"""A computational graph as a picture: value above, gradient below, the local derivative on each edge."""

from __future__ import annotations

import itertools

from glassnet.read.draw_svg import LETTER, Svg
from glassnet.read.graph import CONSTANT, INPUT, OPERATION, PARAMETER, Graph, GraphEdge, GraphNode
from glassnet.read.graph_events import short
from glassnet.read.layout import Layout, Point, layered

_LINE, _PAD, _HEAD = 16.0, 10.0, 44.0
_SHORT = 14  # letters of symbols on an edge
_FEWEST_APART, _LARGE = 46.0, 400  # graphs with more nodes than this have no words on their edges
_BORDER = {INPUT: "kl", PARAMETER: "pl", CONSTANT: "softl dash", OPERATION: "inkl"}


def laid_out(graph: Graph) -> Layout:
    """Where nodes and edges lie."""
    sizes = [_size(graph, node) for node in graph.nodes]
    ways = [(edge.source, edge.target) for edge in graph.edges]
    words = [len(_edge_words(graph, edge)) * LETTER for edge in graph.edges] if len(graph.nodes) <= _LARGE else []
    return layered(sizes, ways, apart=(_FEWEST_APART, 18.0), words=words)


def graph_svg(graph: Graph) -> str:
    """The picture as text."""
    layout = graph.layout
    svg = Svg(max(layout.width, 420.0), layout.height + _HEAD + 34, graph.title)
    svg.text(24, 28, graph.title, "ink t b")
    svg.parts.append(f'<g transform="translate(0 {_HEAD:.0f})">')
    for edge, route in zip(graph.edges, layout.routes, strict=True):
        _draw_edge(svg, graph, edge, route)
    for node, centre in zip(graph.nodes, layout.centres, strict=True):
        _draw_node(svg, graph, node, centre)
    svg.parts.append("</g>")
    _draw_key(svg, graph, layout.height + _HEAD + 14)
    return svg.render()


def _lines(graph: Graph, node: GraphNode) -> list[str]:
    """The numbers on a node."""
    lines = [] if node.kind == CONSTANT else [short(node.data, graph)]
    if node.gradient is not None and node.kind != CONSTANT:
        lines.append(f"slope {short(node.gradient, graph)}")
    return lines


def _size(graph: Graph, node: GraphNode) -> tuple[float, float]:
    lines = _lines(graph, node)
    longest = max(len(node.name) + len(node.sign) + 3, *(len(line) for line in lines), 4)
    return longest * LETTER + 2 * _PAD, (1 + len(lines)) * _LINE + _PAD


def _draw_node(svg: Svg, graph: Graph, node: GraphNode, centre: Point) -> None:
    (w, h), (x, y) = _size(graph, node), centre
    svg.parts.append(f'<g id="n{node.id}">')
    style = f"panel {_BORDER[node.kind]}" + (" dash" if node.kind == CONSTANT else "")
    svg.box(x - w / 2, y - h / 2, w, h, style, 8 if node.kind == OPERATION else min(h / 2, 14))
    left, foot = x - w / 2 + _PAD, y - h / 2 + _LINE
    svg.title_line(left, foot, node.name, node.sign)
    for k, line in enumerate(_lines(graph, node), 1):
        svg.numbers(left, foot + k * _LINE, line, "soft" if line.startswith("slope") else "ink")
    svg.parts.append("</g>")


def _draw_edge(svg: Svg, graph: Graph, edge: GraphEdge, route: list[Point]) -> None:
    style = "softl" if edge.local is not None else "softl dash"
    svg.path(curve(route), style, 1.2, f' id="e{edge.id}"', tip=edge.says)
    (x, y), words = route[-1], _edge_words(graph, edge)
    svg.path(f"M{x - 7:.1f} {y - 3.5:.1f}L{x:.1f} {y:.1f}L{x - 7:.1f} {y + 3.5:.1f}", "softl", 1.2)
    if words and len(graph.nodes) <= _LARGE:
        (xs, ys), (xt, yt) = route[-2:]
        width = len(words) * LETTER * 0.92 + 6
        cx, cy = (xs + xt) / 2, (ys + yt) / 2
        svg.box(cx - width / 2, cy - 8, width, 15, "paper", 3)
        svg.numbers(cx, cy + 4, words, "soft sm", "middle")


def _edge_words(graph: Graph, edge: GraphEdge) -> str:
    """The local derivative: a few numbers, or short symbols for many."""
    if edge.local is not None and edge.local.size <= 2:
        return "×" + short(edge.local, graph)
    return "×" + edge.says if 0 < len(edge.says) <= _SHORT and edge.says != "1" else ""


def curve(route: list[Point]) -> str:
    """A smooth path through points, level at each of them."""
    d = f"M{route[0][0]:.1f} {route[0][1]:.1f}"
    for (xa, ya), (xb, yb) in itertools.pairwise(route):
        middle = (xa + xb) / 2
        d += f"C{middle:.1f} {ya:.1f} {middle:.1f} {yb:.1f} {xb:.1f} {yb:.1f}"
    return d


def _draw_key(svg: Svg, graph: Graph, y: float) -> None:
    """What the lines on a node mean."""
    slopes = graph.result.gradient is not None
    words = f"value, then the slope of {graph.goal}; on edges the local derivative" if slopes else "values"
    svg.text(24, y, words, "soft sm")
