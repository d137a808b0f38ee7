"""The computational graph of a model or of any recorded tensor, ready to be drawn.

draw(model, x)                      how a prediction is made
draw(model, x, y, loss="mse")       … and how wrong it is, with the slope of that everywhere
draw(a * b + c)                     any recorded tensor
draw(a * b + c, grain="scalar")     number by number, as by hand
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops, tape
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, GradientError, ValueRangeError, complain
from glassnet.read.digits import Digits, check_digits
from glassnet.read.explain import as_example, need_numbers
from glassnet.read.graph import CONSTANT, INPUT, OPERATION, PARAMETER, Graph, GraphEdge, GraphNode
from glassnet.read.graph_events import short
from glassnet.read.graph_slopes import flow_back, local_slope, slope_formula
from glassnet.read.labels import Label, Labels
from glassnet.read.losses import as_target, chosen_loss, of_one
from glassnet.read.naming import name_leaves, named
from glassnet.read.record import Recorded, followed, record
from glassnet.read.story import Node, Story, ancestors
from glassnet.read.text import symbol_text

GRAPH_GRAINS = ("tensor", "scalar")
_MOST_IN_WORDS = 300  # operations of a graph whose local derivatives are told in symbols too


def draw(
    model: Any,
    x: Any = None,
    y: Any = None,
    *,
    loss: Any = None,
    grain: str = "tensor",
    digits: Digits = 3,
    names: dict[str, Tensor] | None = None,
    title: str | None = None,
) -> Graph:
    """The graph of a step of a model, or of what led to a tensor, with data, gradients and local derivatives.

    `x` is one example or a batch, `y` its target, `loss` a function, a module or a name, as `explain` takes them.
    `grain` "tensor" has a node for each operation on the tape, "scalar" one for each number. Gradients are there when
    the result is a single number. Nothing is changed by it.

    Raises `DataError` for NaN in x, `GradientError` for a tensor without a story, `ValueRangeError` for a graph of more
    than 100,000 numbers at the grain "scalar".

    >>> import glassnet as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> graph = draw(x**2 + 3 * x, names={"x": x})
    >>> [float(edge.local) for edge in graph.out_of[0]], float(graph.nodes[0].gradient)
    ([4.0, 3.0], 7.0)
    """
    check_digits(digits)
    if grain not in GRAPH_GRAINS:
        got, expected = f"draw: got grain={grain!r}", f"expected one of {', '.join(GRAPH_GRAINS)}"
        raise ValueRangeError(complain(got, expected, "Try grain='scalar'"))
    if isinstance(model, Tensor) and x is None:
        recorded, labels = _of_tensor(model, names or {})
    else:
        recorded, labels = _of_model(model, x, y, loss, names or {})
    graph = _Builder(recorded, labels, title or _title(model), digits).build()
    if grain == "scalar":
        from glassnet.read.graph_scalar import scalar_graph

        return scalar_graph(graph, recorded, labels)
    return graph


def _title(model: Any) -> str:
    return "An expression" if isinstance(model, Tensor) else type(model).__name__


# ---- running it once -------------------------------------------------------------------------------------------------


def _of_tensor(t: Tensor, names: dict[str, Tensor]) -> tuple[Recorded, Labels]:
    if t.op is None:
        got = f"draw: got a tensor of shape {tuple(t.array.shape)} that nothing is known about"
        hint = "Try requires_grad=True for what it is made of, or draw(model, x)"
        raise GradientError(complain(got, "expected one whose story was followed", hint))
    recorded = Recorded(Story())
    recorded.parts["forward"] = recorded.story.tell(ancestors(t), {})
    recorded.output = recorded.story.node(t)
    _slopes(recorded, recorded.output)
    labels = Labels(recorded.story)
    for name, leaf in names.items():
        labels.give(recorded.story.node(leaf), Label(name))
    name_leaves(labels, recorded.parts["forward"])
    labels.give(recorded.output, Label(t.name or "u"))
    return recorded, labels


def _of_model(model: Any, x: Any, y: Any, loss: Any, names: dict[str, Tensor]) -> tuple[Recorded, Labels]:
    if not callable(model) or x is None:
        got = "draw: got no x" if callable(model) else f"draw: got {type(model).__name__}"
        raise DataError(complain(got, "expected a model and an example, or a tensor", "Try draw(model, x)"))
    dtype = next((p.array.dtype for p in model.parameters()), None) if isinstance(model, nn.Module) else None
    example = _own_input(as_example(x, dtype))
    need_numbers(example.array, "x")
    criterion = chosen_loss(loss, model, y)
    target = None if y is None else _target(model, example, y, criterion, len(np.shape(getattr(x, "array", x))) < 2)
    recorded = record(model, example, target, None if target is None else criterion)
    if recorded.loss is None and recorded.output is not None:
        _slopes(recorded, recorded.output)
    own = {name: recorded.story.node(t) for name, t in names.items()}
    aim = None if target is None else recorded.story.node(target)
    return recorded, named(recorded, model, recorded.story.node(example), aim, own, most=6)


def _own_input(example: Tensor) -> Tensor:
    """The example as a leaf that slopes flow to; the user's tensor stays as it is."""
    own = wrap(example.array.copy())
    return own.requires_grad_() if own.array.dtype.kind == "f" else own


def _target(model: Any, example: Tensor, y: Any, criterion: Any, alone: bool) -> Tensor:
    with no_grad():
        output = record(model, example).output
    assert output is not None
    target = as_target(y, tuple(output.shape), criterion, output.array.dtype)
    if alone and isinstance(y, Tensor):
        target = of_one(y, tuple(output.shape))
    need_numbers(target.array, "y")
    return target


def _slopes(recorded: Recorded, result: Node) -> None:
    """The slope of a result that is one number along everything that led to it."""
    t, story = result.tensor, recorded.story
    if t.op is None or not t.needs_grad or t.array.size != 1:
        return
    with no_grad():
        seed = ops.full(shape=tuple(t.array.shape), value=1.0, dtype=t.array.dtype)
        found = tape.gradients([t], [seed], followed([n.tensor for n in story.nodes]))
    for x, g in found.values():
        story.slopes[id(story.node(x))] = story.leaf(g)
    story.kept.append(found)


# ---- nodes and edges -------------------------------------------------------------------------------------------------


class _Builder:
    """Makes nodes of what led to the result, in the order of the tape, each operand just before its first use."""

    def __init__(self, recorded: Recorded, labels: Labels, title: str, digits: Digits) -> None:
        self.recorded, self.labels, self.story = recorded, labels, recorded.story
        self.graph = Graph(title, "tensor", [], [], digits)
        self.ids: dict[int, int] = {}
        self.in_words = False

    def build(self) -> Graph:
        """The graph."""
        result = self.recorded.loss or self.recorded.output
        assert result is not None
        nodes = needed_for(result, self.recorded.parts["forward"] + self.recorded.parts.get("loss", []))
        self.in_words = len(nodes) <= _MOST_IN_WORDS
        for node in nodes:
            sources = [self._placed(i) for i in node.inputs]
            target = self._node(node, OPERATION)
            for place, source in enumerate(sources):
                self._edge(node, source, target, place)
        self.graph.goal = self.graph.result.name
        return self.graph

    def _placed(self, node: Node) -> int:
        if id(node) not in self.ids:
            kind = PARAMETER if isinstance(node.tensor, nn.Parameter) else INPUT
            self._node(node, CONSTANT if self.labels.get(node) is None and not node.tensor.needs_grad else kind)
        return self.ids[id(node)]

    def _node(self, node: Node, kind: str) -> int:
        number = self.ids[id(node)] = len(self.graph.nodes)
        op = node.op.name if node.op is not None else ""
        slope = self.story.slope(node)
        gradient = slope.array if slope is not None and slope.array.shape == node.array.shape else None
        name = self._name(node, kind)
        made = GraphNode(number, kind, name, op, self._says(node), node.array, gradient, node.number)
        self.graph.nodes.append(made)
        return number

    def _name(self, node: Node, kind: str) -> str:
        if kind == CONSTANT:
            return short(node.array, self.graph)
        label = self.labels.get(node) or self.labels.helper(node)
        return symbol_text(label.symbol)

    def _says(self, node: Node) -> str:
        if node.op is None:
            return ""
        attrs = {k: getattr(v, "name", v) for k, v in node.attrs.items()}
        called = [self.graph.nodes[self.ids[id(i)]].name for i in node.inputs]
        try:
            return node.op.say.format(*called, **attrs)
        except (IndexError, KeyError):
            return node.op.name

    def _edge(self, node: Node, source: int, target: int, place: int) -> None:
        edge = GraphEdge(len(self.graph.edges), source, target, place)
        slope = self.story.slope(node)
        if node.inputs[place].tensor.needs_grad:
            edge.local = local_slope(node.tensor, place)
            if self.in_words:
                edge.says = slope_formula(self.story, self.labels, node, place)
            edge.flow = None if slope is None else self._flow(node, place, slope, edge.local)
        self.graph.edges.append(edge)

    def _flow(self, node: Node, place: int, slope: Node, local: np.ndarray | None) -> np.ndarray | None:
        """By the rule; by a product, which is the same to the last bit, where the slope is 1."""
        if local is not None and slope.array.size == 1 and slope.array.flat[0] == 1:
            return local.reshape(node.inputs[place].shape)
        return flow_back(node.tensor, place, slope.tensor)


def needed_for(result: Node, nodes: list[Node]) -> list[Node]:
    """Of the operations, those that led to a result, in their order."""
    wanted, kept = {id(result)}, list[Node]()
    for node in reversed(nodes):
        if id(node) in wanted and node.op is not None:
            kept.append(node)
            wanted.update(id(i) for i in node.inputs)
    return kept[::-1]
