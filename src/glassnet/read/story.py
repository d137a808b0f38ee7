"""The tape of one step, with every number as it was when it was read.

A recording holds the operations in order, but an update writes over the memory of weights and moments. `Watched` keeps
a copy of what each operation found, and `Story` links the operations to each other through every change in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet.core.mode import Trace
from glassnet.core.ops import Op
from glassnet.core.tensor import Tensor, as_used

Array = np.ndarray


class Watched(list[Tensor]):
    """The list of a trace, which copies the memory of everything made by nobody when it is read for the first time."""

    def __init__(self, nodes: Iterable[Tensor], found: dict[int, tuple[Tensor, Array]]) -> None:
        super().__init__(nodes)
        self.found = found

    def append(self, y: Tensor) -> None:
        """Note one operation."""
        store = y.op is not None and y.op.name == "assign"
        for x in y.inputs[1:] if store else y.inputs:
            if x.op is None and id(x) not in self.found:
                self.found[id(x)] = (x, x.array.copy())
        super().append(y)


@dataclass(eq=False)
class Node:
    """One operation on the tape, or (without `op`) something that was there before."""

    number: int  # its row on the tape, from 1; 0 for what was there before
    tensor: Tensor
    op: Op | None
    inputs: tuple[Node, ...]
    attrs: dict[str, Any]
    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        return self.array.shape


@dataclass
class Story:
    """Everything that happened in a step: its nodes in order, and which slope belongs to which node."""

    nodes: list[Node] = field(default_factory=list[Node])
    of: dict[int, Node] = field(default_factory=dict[int, Node])  # by id of the tensor
    content: dict[int, Node] = field(default_factory=dict[int, Node])  # what was last stored in a tensor's memory
    slopes: dict[int, Node] = field(default_factory=dict[int, Node])  # by id of the node
    kept: list[Any] = field(default_factory=list[Any])  # tensors whose ids are used above

    def tell(self, tensors: Sequence[Tensor], found: dict[int, tuple[Tensor, Array]]) -> list[Node]:
        """Add operations to the story; the nodes that were added."""
        start = len(self.nodes)
        for t in tensors:
            if t.op is None or id(t) in self.of:
                continue
            self._add(t, found)
        self.kept += [tensors, found]
        return self.nodes[start:]

    def _add(self, t: Tensor, found: dict[int, tuple[Tensor, Array]]) -> None:
        store = t.op is not None and t.op.name == "assign"
        inputs = tuple(self._input(as_used(x, t), found) for x in t.inputs)
        array = inputs[1].array.astype(t.array.dtype, copy=False) if store else t.array
        if t.op is not None and t.op.name == "copy" and inputs[0].op is not None:
            inputs[0].array = t.array  # a copy is taken of what is about to be changed in place
        node = Node(len(self.nodes) + 1, t, t.op, inputs, t.attrs, array)
        self.nodes.append(node)
        self.of[id(t)] = node
        if store:
            self.content[id(t.inputs[0])] = self.of[id(t)] = node

    def _input(self, x: Tensor, found: dict[int, tuple[Tensor, Array]]) -> Node:
        if id(x) in self.content:
            return self.content[id(x)]
        if id(x) not in self.of:
            self.of[id(x)] = self.leaf(x, found)
        return self.of[id(x)]

    def leaf(self, x: Tensor, found: dict[int, tuple[Tensor, Array]] | None = None) -> Node:
        """What was there before, as it was found."""
        self.kept.append(x)
        array = found[id(x)][1] if found and id(x) in found else x.array
        node = Node(0, x, None, (), {}, array)
        return self.of.setdefault(id(x), node)

    def made_at(self, serial: int) -> Node | None:
        """The operation that ran at that moment; a tensor changed in place has several."""
        return next((node for node in self.nodes if node.tensor.serial == serial), None)

    def node(self, t: Tensor) -> Node:
        """The node of a tensor."""
        return self.of[id(t)] if id(t) in self.of else self.leaf(t)

    def slope(self, node: Node) -> Node | None:
        """The gradient of the loss with respect to a node."""
        return self.slopes.get(id(node))


def watch(trace: Trace, found: dict[int, tuple[Tensor, Array]]) -> None:
    """Let a recording keep copies from here on."""
    trace.nodes = Watched(trace.nodes, found)


def ancestors(t: Tensor) -> list[Tensor]:
    """Every computed tensor on the way to t, oldest first; those that no gradient flows through too, if remembered."""
    seen: dict[int, Tensor] = {}
    stack = [t]
    while stack:
        y = stack.pop()
        if y.op is not None and y.serial not in seen:
            seen[y.serial] = y
            stack += [as_used(x, y) for x in y.inputs]
    return [seen[s] for s in sorted(seen)]
