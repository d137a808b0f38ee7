"""What the tensors of a step are called: x, W⁽¹⁾, b⁽¹⁾, z⁽¹⁾, a⁽¹⁾, ŷ, L.

Layers with weights are counted from 1, as books do. A weighted sum is z, what an activation makes of it is a, and the
slope of the loss along anything is that thing's name with a d.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.read.formula import Symbol
from glassnet.read.story import Node, Story

_LOW = "₀₁₂₃₄₅₆₇₈₉"
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LETTERS = {"weight": "W", "bias": "b"}
_GREEK = {
    "lr": "η", "beta1": "β₁", "beta2": "β₂", "eps": "ε", "weight_decay": "λ", "momentum": "μ", "alpha": "α",
    "rho": "ρ", "dampening": "τ", "lr_decay": "γ", "eta_plus": "η₊", "eta_minus": "η₋",
}  # fmt: skip
_STATE = {
    "step": "t", "exp_avg": "m", "exp_avg_sq": "v", "momentum_buffer": "v", "square_avg": "v", "grad_avg": "m",
    "sum": "s", "acc_delta": "u", "exp_inf": "u", "max_exp_avg_sq": "v̂", "prev": "p", "step_size": "Δ", "ax": "w̄",
    "mu_product": "Π", "eta": "η", "mu": "μ",
}  # fmt: skip


@dataclass(frozen=True)
class Label:
    """The name of a whole tensor; `at` names one of its numbers. `batch` says that its first axis counts examples."""

    letter: str
    layer: str = ""
    slope: bool = False
    new: bool = False
    shape: tuple[int, ...] = ()
    batch: bool = False
    home: str = ""  # the layer it belongs to, also where its name does not show it
    of: str = "L"  # what it is the slope of
    option: bool = False  # a setting, on whose last digit much may hang: β₂ = 0.999 is not 1

    @property
    def symbol(self) -> Symbol:
        """The name of the whole."""
        return Symbol(self.letter, self.layer, (), self.slope, self.new, self.of)

    def at(self, index: tuple[int, ...]) -> Symbol:
        """The name of one number; axes of length 1 need no place."""
        if self.batch and self.shape[:1] == (1,):
            index = index[1:]
            shape = self.shape[1:]
        else:
            shape = self.shape
        if self.letter[-1:] in _LOW:  # a helper: its axes of length 1 say nothing
            index = tuple(i for i, n in zip(index, shape, strict=True) if n > 1)
        index = () if all(n == 1 for n in shape) else tuple(i + 1 for i in index)
        return Symbol(self.letter, self.layer, index, self.slope, self.new, self.of)

    def part(self, array: np.ndarray) -> np.ndarray:
        """The numbers that the name stands for, of the tensor's."""
        return array

    def turned(self, **changes: Any) -> Label:
        """The same with something else."""
        return replace(self, **changes)


@dataclass
class Pieces:
    """The name of a flat vector on which several tensors lie end to end: each number has the name it has in its own."""

    labels: list[Label]
    sizes: list[int]
    focus: int = 0  # the piece whose name stands for the whole

    @property
    def symbol(self) -> Symbol:
        """The name of the piece in focus."""
        return self.labels[self.focus].symbol

    def at(self, index: tuple[int, ...]) -> Symbol:
        """The name of one number, by its place on the vector."""
        place, piece = index[0], 0
        while place >= self.sizes[piece]:
            place -= self.sizes[piece]
            piece += 1
        label = self.labels[piece]
        return label.at(tuple(int(i) for i in np.unravel_index(place, label.shape)) if label.shape else ())

    def start(self, piece: int) -> int:
        """Where a piece begins."""
        return sum(self.sizes[:piece])

    def part(self, array: np.ndarray) -> np.ndarray:
        """The numbers of the piece in focus."""
        start = self.start(self.focus)
        return array[start : start + self.sizes[self.focus]].reshape(self.labels[self.focus].shape)


@dataclass
class Labels:
    """The names of nodes, each used once."""

    story: Story
    table: dict[int, Label | Pieces] = field(default_factory=dict[int, Any])  # by id of the node
    taken: set[Any] = field(default_factory=set[Any])
    goal: str = "L"  # what slopes are slopes of
    helpers: int = 0

    def get(self, node: Node) -> Label | Pieces | None:
        """The name of a node, if it has one."""
        return self.table.get(id(node))

    def give(self, node: Node, label: Label) -> Label:
        """Name a node, unless it has a name; a name that is taken gets a dash."""
        known = self.table.get(id(node))
        if isinstance(known, Label):
            return known
        label = label.turned(shape=node.shape)
        while (key := (label.letter, label.layer, label.slope, label.new)) in self.taken:
            label = label.turned(letter=label.letter + "′")
        self.taken.add(key)
        self.table[id(node)] = label
        return label

    def slope(self, label: Label) -> Label:
        """The name of the slope along something."""
        return label.turned(slope=True, of=self.goal)

    def helper(self, node: Node) -> Label:
        """A name for a result in between."""
        self.helpers += 1
        return self.give(node, Label("u" + str(self.helpers).translate(LOWERED)))


def of_option(name: str) -> Label:
    """The name of an optimiser's option, such as η for lr."""
    return Label(_GREEK.get(name, name), option=True)


def of_state(key: str) -> Label:
    """The name of what an optimiser remembers, such as m for exp_avg."""
    return Label(_STATE.get(key, key))


def name_parameters(labels: Labels, model: nn.Module, order: list[nn.Module]) -> dict[int, str]:
    """Name the weights of the layers in the order in which they ran; the label of each layer, by id."""
    numbers: dict[int, str] = {}
    for module in order:
        own = [(name, p) for name, p in module.named_parameters(recurse=False)]
        if own and id(module) not in numbers:
            numbers[id(module)] = str(len(numbers) + 1)
            for name, p in own:
                labels.give(labels.story.node(p), Label(_letter_of_weight(module, name, len(own)), numbers[id(module)]))
    for name, p in model.named_parameters():  # of modules that were not called
        if labels.get(labels.story.node(p)) is None:
            labels.give(labels.story.node(p), Label(name.rsplit(".", 1)[-1], name.rpartition(".")[0]))
    return numbers


def _letter_of_weight(module: nn.Module, name: str, among: int) -> str:
    """W and b; γ and β of a normalisation; E, or E₁, E₂, of rows that are looked up."""
    kind = type(module).__name__
    if "Embed" in kind and name.startswith("weight"):
        return "E" + (str(int(name[6:]) + 1).translate(LOWERED) if among > 1 and name[6:].isdigit() else "")
    if "Norm" in kind and name in _LETTERS:
        return {"weight": "γ", "bias": "β"}[name]
    return _LETTERS.get(name, name)


def letter_of(module: nn.Module) -> str:
    """What the result of a layer is called."""
    kind = type(module).__name__
    if isinstance(module, nn.Linear) or "Conv" in kind:
        return "z"
    if "Norm" in kind:
        return "n"
    if kind == "MixUp":
        return "x̃"
    if "Dropout" in kind:
        return "r"
    if "Softmax" in kind:
        return "p"
    if "Embed" in kind:
        return "e"
    return "a"
