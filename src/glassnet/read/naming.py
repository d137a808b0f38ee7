"""Naming everything that happened in a step, so that it can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.tensor import Tensor
from glassnet.read.elements import is_shape_only
from glassnet.read.labels import Label, Labels, Pieces, letter_of, name_parameters, of_option, of_state
from glassnet.read.record import Recorded, Updated
from glassnet.read.story import Node


@dataclass
class Change:
    """A vector (or a number) that an update changed: its key, what it became, and the names of its pieces."""

    key: str
    after: Node
    pieces: Pieces


_OWN_NAME = {
    "linear", "matmul", "norm", "amax", "amin", "logsumexp", "softmax", "log_softmax", "cumsum", "fold", "random",
}  # fmt: skip
_LETTERS = {"log_softmax": "ℓ", "softmax": "p", "random": "r"}
_REDUCING = {"sum", "mean", "sum_to"}
_LONGEST_RATE = 9
_LONGEST_TWICE = 4
_LONGEST = 24  # a formula with more parts than this gets helpers


def named(recorded: Recorded, model: Any, x: Node, y: Node | None, names: dict[str, Node], most: int) -> Labels:
    """The names of inputs, weights, results and slopes of a step; `names` are the user's own."""
    labels = Labels(recorded.story)
    for name, node in names.items():
        labels.give(node, Label(name))
    labels.give(x, Label("x", batch=len(x.shape) > 1))
    if y is not None:
        labels.give(y, Label("y", batch=len(y.shape) > 1))
    if isinstance(model, nn.Module):
        _name_layers(labels, model, recorded)
    if recorded.output is not None:
        labels.give(recorded.output, Label("ŷ", batch=len(recorded.output.shape) > 1))
    if recorded.loss is not None:
        labels.give(recorded.loss, Label("L"))
    forward = recorded.parts["forward"] + recorded.parts.get("loss", [])
    for node in recorded.parts.get("loss", []):
        if node.tensor.name:
            labels.give(node, Label(node.tensor.name))
    name_leaves(labels, forward)
    name_between(labels, forward, most)
    name_slopes(labels, recorded)
    name_between(labels, recorded.parts.get("backward", []), most, keep=False)
    return labels


def name_leaves(labels: Labels, nodes: list[Node]) -> None:
    """Name what nobody computed: as its owner does, else v where slopes flow, and c where they do not."""
    for node in [i for n in nodes for i in n.inputs]:
        if node.op is not None or labels.get(node) is not None:
            continue
        if node.tensor.name:
            labels.give(node, Label(node.tensor.name))
        elif node.tensor.needs_grad or len(np.unique(node.array)) > 1:
            labels.give(node, Label("v" if node.tensor.needs_grad else "c"))


def _name_layers(labels: Labels, model: nn.Module, recorded: Recorded) -> None:
    numbers = name_parameters(labels, model, [module for module, _ in recorded.made])
    now = ""
    for module, node in recorded.made:
        now = numbers.get(id(module), now)
        if node.op is None or is_shape_only(node) or labels.get(node) is not None:
            continue
        letter, batch = letter_of(module), len(node.shape) > 1
        if node is recorded.output and letter in "ap":
            labels.give(node, Label("ŷ", batch=batch, home=now))
        else:
            labels.give(node, Label(letter, now, batch=batch, home=now))


def name_between(labels: Labels, nodes: list[Node], most: int, keep: bool = True) -> None:
    """Name what would make formulas long: products of matrices, what is used twice, results of many operations."""
    sizes: dict[int, int] = {}
    uses: dict[int, int] = {}
    for node in nodes:
        for i in node.inputs:
            uses[id(_seen_through(i))] = uses.get(id(_seen_through(i)), 0) + 1
    for node in nodes:
        size = _size(labels, sizes, node, most)
        if labels.get(node) is not None or node.op is None or node.op.name == "assign":
            continue
        sizes[id(node)] = size
        own = keep and node.op.name in _OWN_NAME
        twice = uses.get(id(node), 0) > 1 and size > _LONGEST_TWICE
        if own and node.op.name in _LETTERS:
            labels.give(node, Label(_LETTERS[node.op.name], batch=len(node.shape) > 1))
        elif own or ((size > _LONGEST or twice) and node.array.ndim and not _is_seen_through(node)):
            labels.helper(node)


def _size(labels: Labels, sizes: dict[int, int], node: Node, most: int) -> int:
    """How many parts the formula of one number has."""
    if _is_seen_through(node):
        return sizes.get(id(node.inputs[0]), 1)
    size = 1 + sum(1 if labels.get(i) is not None else sizes.get(id(i), 1) for i in node.inputs)
    if node.op is not None and node.op.name in _REDUCING:
        size *= min(most, max(1, node.inputs[0].array.size // max(1, node.array.size)))
    return size


def _is_seen_through(node: Node) -> bool:
    """Whether a node only lays the numbers of its input out otherwise, or repeats them."""
    return is_shape_only(node) or (node.op is not None and node.op.name in ("expand", "cast", "reshape"))


def _seen_through(node: Node) -> Node:
    while _is_seen_through(node):
        node = node.inputs[0]
    return node


def name_slopes(labels: Labels, recorded: Recorded) -> None:
    story = recorded.story
    goal = recorded.loss or recorded.output
    label = None if goal is None else labels.get(goal)
    labels.goal = labels.goal if label is None else label.symbol.letter
    for key, label in list(labels.table.items()):
        slope = story.slopes.get(key)
        if slope is None or slope.op is None or slope.op.name == "full" or labels.get(slope) is not None:
            continue
        if isinstance(label, Label):
            labels.give(slope, labels.slope(label))


def name_told(labels: Labels, recorded: Recorded) -> None:
    """Name what an update consists of besides the optimiser's own rule, as its maker says."""
    for told in recorded.told:
        own = Label("") if told.param is None else _label_of(labels, labels.story.node(told.param))
        labels.give(labels.story.node(told.tensor), own.turned(letter=told.letter.format(own.letter), new=told.new))


def name_update(labels: Labels, updated: list[Updated]) -> list[Change]:
    """Name weights, moments and options as the update rule sees them; what it changed, in the order of the tape."""
    changed: list[Change] = []
    for vectors in updated:
        for name, value in vectors.options.items():
            node = labels.story.of.get(id(value))
            if node is not None:
                labels.give(node, of_option(name))
        changed += _name_vectors(labels, vectors)
    order = {id(node): i for i, node in enumerate(labels.story.nodes)}
    changed.sort(key=lambda c: order[id(c.after)])
    return changed


def name_rates(labels: Labels, nodes: list[Node]) -> None:
    """Name the single numbers that an update works out from its options, once they are long."""
    sizes: dict[int, int] = {}
    for node in nodes:
        if node.shape or labels.get(node) is not None:
            continue
        sizes[id(node)] = 1 + sum(sizes.get(id(i), 1) for i in node.inputs)
        if sizes[id(node)] > _LONGEST_RATE and node.op is not None and node.op.name != "cast":
            labels.helper(node)
            sizes[id(node)] = 1


def _name_vectors(labels: Labels, vectors: Updated) -> list[Change]:
    story, changed = labels.story, list[Change]()
    own = [_label_of(labels, story.node(p)) for p in vectors.params]
    sizes = [p.array.size for p in vectors.params]
    if (found := _gradient_of(labels, vectors.params)) is not None:
        g, slopes = found
        labels.table[id(g)] = Pieces(slopes or [labels.slope(label) for label in own], sizes)
    for key, tensor in vectors.held.items():
        before, after = story.of.get(id(tensor)), story.content.get(id(tensor))
        if key == "w":
            names = own
        elif np.ndim(tensor.array):
            names = [label.turned(letter=of_state(key).letter + label.letter) for label in own]
        else:
            names = [of_state(key)]
        cut = sizes if np.ndim(tensor.array) else [1]
        if before is not None:
            labels.table[id(before)] = Pieces(names, cut) if before.shape else names[0]
        if after is not None:
            pieces = Pieces([name.turned(new=True) for name in names], cut)
            labels.table[id(after)] = pieces if after.shape else pieces.labels[0]
            changed.append(Change(key, after, pieces))
    return changed


def _gradient_of(labels: Labels, params: list[Tensor]) -> tuple[Node, list[Label]] | None:
    """The vector of all gradients, which the update starts from, and their names if something was done to them."""
    slopes = [labels.story.slope(labels.story.node(p)) for p in params]
    for node in labels.story.nodes:
        if node.op is None or node.op.name != "pack":
            continue
        if list(node.inputs) == slopes:
            return node, []
        if [i.shape for i in node.inputs] == [p.array.shape for p in params]:
            names = [label for i in node.inputs if isinstance(label := labels.get(i), Label)]
            if len(names) == len(params) and not any(label.slope for label in names):
                return node, names
    return None


def _label_of(labels: Labels, node: Node) -> Label:
    label = labels.get(node)
    return label if isinstance(label, Label) else labels.helper(node)
