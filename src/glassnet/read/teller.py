"""From a named tape to the steps of a document."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.read.check import Differences
from glassnet.read.document import Step
from glassnet.read.elements import Reader, is_shape_only
from glassnet.read.equation import Equation, comes_out
from glassnet.read.formula import Formula, Rest, Sum, Symbol, Value, gathered, leaves, plus
from glassnet.read.grain import Grain
from glassnet.read.labels import Label, Labels, Pieces
from glassnet.read.moves import Moves
from glassnet.read.naming import Change
from glassnet.read.record import Recorded
from glassnet.read.story import Node
from glassnet.read.text import symbol_text

_MOST_WORDS = 4  # operations that a sentence names one by one
_DOES = {
    "w": "moves the weights",
    "exp_avg": "averages the slopes over the steps",
    "exp_avg_sq": "averages the squares of the slopes over the steps",
    "square_avg": "averages the squares of the slopes over the steps",
    "momentum_buffer": "keeps the momentum",
    "sum": "adds up the squares of the slopes",
}
_UNTOLD = "{} works in plain Python, which no tape holds: only what it changed can be told"
_DISAGREES = 0.01
_SMALL = 24  # numbers of a tensor that are shown at once


class Teller:
    """Makes the steps of each part."""

    def __init__(self, recorded: Recorded, labels: Labels, grain: Grain, differences: Differences | None) -> None:
        self.recorded, self.labels, self.grain, self.differences = recorded, labels, grain, differences
        self.reader = Reader(labels, grain.most)
        self.goal = recorded.loss if recorded.loss is not None else recorded.output
        self.modules = {id(node): type(module).__name__ for module, node in recorded.made}

    # ---- forward and loss --------------------------------------------------------------------------------------

    def forward(self) -> list[Step]:
        """Everything that has a name, in the order in which it was computed."""
        steps: list[Step] = []
        for part in ("forward", "loss"):
            for node in self.recorded.parts.get(part, []):
                label = self.labels.get(node)
                if isinstance(label, Label) and (self.grain.wants(label.home) or part == "loss"):
                    steps.append(self._computed(node, label, part))
        return [step for step in steps if step.lines or self.grain.name == "network"]

    def _computed(self, node: Node, label: Label, part: str) -> Step:
        places = self._places(node, label, part)
        lines = [self._line(label.at(at), self.reader.opened(node, at), node, at) for at in places]
        step = self._step(part, node, label, self.reader.whole_opened(node), lines, places)
        step.words = self._words(node)
        step.layer = self.modules.get(id(node), "")
        return step

    def _places(self, node: Node, label: Label, part: str) -> list[tuple[int, ...]]:
        return self.grain.places(node.array, label.symbol, label.home or label.layer, label.batch, part)

    def _line(self, symbol: Symbol, formula: Formula, node: Node, at: tuple[int, ...]) -> Equation:
        return Equation(symbol, formula, node.array[at], _real(node.array.dtype))

    def _step(self, part: str, node: Node, label: Any, whole: Formula, lines: list[Equation],
              places: list[tuple[int, ...]]) -> Step:  # fmt: skip
        rows = self._rows(node)
        more = self._left_out(node.array, places)
        return Step(
            part, "", label.symbol, whole, node.array, tuple(n.number for n in rows),
            tuple(n.op.name for n in rows if n.op is not None), lines=lines, more=more,
            whole=self.grain.name == "network" and self._fits(whole, node.array),
        )  # fmt: skip

    def _left_out(self, array: np.ndarray, places: list[tuple[int, ...]]) -> int:
        return array.size - len(places) if self.grain.name == "layer" else 0

    def _fits(self, whole: Formula, result: np.ndarray) -> bool:
        """Whether the numbers of all tensors in a formula can stand on a line or two."""
        arrays = [leaf.value for leaf in leaves(whole) if isinstance(leaf, Value)]
        return all(np.size(a) <= _SMALL for a in (*arrays, result)) and comes_out(whole, result)

    def _rows(self, node: Node) -> list[Node]:
        """The operations that a formula is made of: down to those that have names."""
        found, stack = dict[int, Node](), [node]
        while stack:
            n = stack.pop()
            if n.op is None or n.number in found or (n is not node and self.labels.get(n) is not None):
                continue
            found[n.number] = n
            stack += n.inputs
        return [found[i] for i in sorted(found)]

    def _words(self, node: Node) -> str:
        """What the operations say they do, in the order in which they did it."""
        rows = [n for n in self._rows(node) if n.op is not None and not is_shape_only(n) and n.op.name != "full"]
        rows = [n for n in rows if n is node or not (self.reader.came_from(n) or _whole_numbers(n))]
        if not rows:
            return "the same numbers"
        if len(rows) > _MOST_WORDS:
            return f"{len(rows)} operations: {', '.join(n.op.name.replace('_', ' ') for n in rows if n.op)}"
        return ", ".join(self._sentence(n) for n in rows)

    def _sentence(self, node: Node) -> str:
        assert node.op is not None
        attrs = {k: _spelled(v) for k, v in node.attrs.items()}
        return node.op.say.format(*(self._called(i) for i in node.inputs), **attrs)

    def _called(self, node: Node) -> str:
        label = self.labels.get(node)
        if label is not None:
            return symbol_text(label.symbol)
        while is_shape_only(node) or (node.op is not None and node.op.name in ("expand", "cast")):
            node = node.inputs[0]
            if (label := self.labels.get(node)) is not None:
                return symbol_text(label.symbol)
        if ends := self.reader.came_from(node):
            return "…".join(symbol_text(end.symbol) for end in ends if isinstance(end, Value))
        constant = node.op is None or node.op.name == "full"
        return f"{float(node.array.flat[0]):g}" if constant and node.array.size else "that"

    # ---- backward ----------------------------------------------------------------------------------------------

    def backward(self) -> list[Step]:
        """The slope along everything that has a name, in the order in which the tape was read back."""
        found: list[tuple[int, Step]] = []
        for node in self.recorded.parts.get("backward", []):
            label = self.labels.get(node)
            if isinstance(label, Label) and not label.slope and self.grain.wants(label.home):
                found.append((node.number, self._computed(node, label, "backward")))
        for x, label in [(n, l) for n in self._named_nodes() if isinstance(l := self.labels.get(n), Label)]:
            slope = self.recorded.story.slope(x)
            if slope is None or x is self.goal or not self.grain.wants(label.home or label.layer):
                continue
            if slope.op is not None and not (slope.op.name == "full" and x.op is not None):
                found.append((slope.number, self._slope(x, slope, self.labels.slope(label))))
        kept = [(number, step) for number, step in found if step.lines or self.grain.name == "network"]
        return [step for _, step in sorted(kept, key=lambda pair: pair[0])]

    def _named_nodes(self) -> list[Node]:
        return [node for node in dict.fromkeys(self.recorded.story.of.values()) if self.labels.get(node) is not None]

    def _slope(self, x: Node, slope: Node, label: Label) -> Step:
        own = self.labels.get(slope)
        same = isinstance(own, Label) and own.symbol != label.symbol
        places = self._places(slope, label, "backward")
        lines = []
        for at in places:
            formula = self.reader.value(slope, at) if same else self.reader.opened(slope, at)
            line = self._line(label.at(at), gathered(formula), slope, at)
            if self.differences is not None:
                line.numeric = self.differences.slope(x, at)
                if abs(line.numeric - float(line.value)) > _DISAGREES * max(abs(line.numeric), abs(float(line.value))):
                    line.corner = self.differences.at_corner(x, at)
            lines.append(line)
        whole = self.reader.whole(slope) if same else self.reader.whole_opened(slope)
        step = self._step("backward", slope, label, gathered(whole), lines, places)
        step.words = self._slope_words(label, lines)
        return step

    def _slope_words(self, label: Label, lines: list[Equation]) -> str:
        """Which slopes arrive, and over how many paths."""
        goal_label = None if self.goal is None else self.labels.get(self.goal)
        name = symbol_text(goal_label.symbol) if goal_label is not None else "L"
        words = f"the slope of {name} along {symbol_text(label.turned(slope=False).symbol)}{self._delta(label)}"
        found = leaves(lines[0].formula) if lines else ()
        arriving = [leaf.symbol for leaf in found if isinstance(leaf, Value) and leaf.symbol.slope]
        if not arriving:
            return words
        source = symbol_text(Symbol(arriving[0].letter, arriving[0].layer, slope=True))
        words += f": {source} times the local slope"
        paths = max(_paths(line.formula) for line in lines)
        return words + (f", summed over {paths:,} paths" if paths > 1 else "")

    def _delta(self, label: Label) -> str:
        """The other name of the slope of a loss along a layer's weighted sum: that of Rumelhart et al. 1986."""
        if label.letter != "z" or not label.layer or self.recorded.loss is None:
            return ""
        return f", also written {symbol_text(Symbol('δ', label.layer))}"

    # ---- update ------------------------------------------------------------------------------------------------

    def update(self, changed: list[Change], name: str) -> list[Step]:
        """What the optimiser did to each weight, and to what it remembers about it."""
        found: list[tuple[int, Step]] = []
        for change in changed:
            if change.after.shape:
                wanted = [i for i, label in enumerate(change.pieces.labels) if self.grain.wants(label.layer)]
                steps = [self._piece(change, i, name) for i in wanted]
            else:
                does = "counts its steps" if change.key == "step" else f"keeps {change.key.replace('_', ' ')}"
                steps = [self._rate(change.after, change.pieces.labels[0], f"{name} {does}")]
            found += [(change.after.number, step) for step in steps]
        for node in self.recorded.parts["update"]:
            label = self.labels.get(node)
            if isinstance(label, Label) and label.letter.startswith("u") and not node.shape:
                found.append((node.number, self._rate(node, label, self._words(node))))
        found += self._told()
        kept = [(number, step) for number, step in found if step.lines or self.grain.name == "network"]
        return [step for _, step in sorted(kept, key=lambda pair: pair[0])]

    def _told(self) -> list[tuple[int, Step]]:
        """What the update consists of besides the optimiser's own rule."""
        found: list[tuple[int, Step]] = []
        for told in self.recorded.told:
            node = self.recorded.story.node(told.tensor)
            label = self.labels.get(node)
            if node.op is None or not isinstance(label, Label) or not self.grain.wants(label.layer):
                continue
            step = self._computed(node, label, "update")
            step.words = told.words
            found.append((node.number, step))
        return found

    def _rate(self, node: Node, label: Label, words: str) -> Step:
        lines = [self._line(label.at(()), self.reader.opened(node, ()), node, ())]
        step = self._step("update", node, label, self.reader.whole_opened(node), lines, [()])
        step.words = words
        return step

    def _piece(self, change: Change, i: int, name: str) -> Step:
        after, pieces = change.after, change.pieces
        label, start = pieces.labels[i], pieces.start(i)
        for held in self.labels.table.values():
            if isinstance(held, Pieces) and held.sizes == pieces.sizes:
                held.focus = i
        part = after.array[start : start + pieces.sizes[i]].reshape(label.shape)
        lines = []
        places = self.grain.places(part, label.symbol, label.layer, False, "update")
        for at in places:
            flat = (start + (int(np.ravel_multi_index(at, label.shape)) if label.shape else 0),)
            lines.append(self._line(label.at(at), self.reader.opened(after, flat), after, flat))
        step = self._step("update", after, label, self.reader.whole_opened(after), lines, places)
        step.result, step.more = part, self._left_out(part, places)
        step.whole = self.grain.name == "network" and self._fits(step.formula, part)
        does = _DOES.get(change.key) or "remembers " + change.key.replace("_", " ")
        step.words = f"{name} {does.replace('weights', 'biases') if label.letter == 'b' else does}"
        return step

    def moved(self, name: str, rate: float) -> list[Step]:
        """What an optimiser did whose steps no tape holds: move by move if it kept a journal, else what it changed."""
        if self.recorded.journal and self.grain.name != "network":
            labels = [self.labels.get(before) for _, before, _ in self.recorded.moved]
            known = [label for label in labels if isinstance(label, Label)]
            if len(known) == len(labels):
                return Moves(self.recorded.journal, known, self.grain, name, rate).tell()
        return self._changed(name)

    def _changed(self, name: str) -> list[Step]:
        """What an optimiser changed."""
        steps: list[Step] = []
        for _, before, after in self.recorded.moved:
            label = self.labels.get(before)
            if not isinstance(label, Label) or not self.grain.wants(label.layer):
                continue
            new, change = label.turned(new=True), label.turned(letter="Δ" + label.letter)
            places = self.grain.places(after, label.symbol, label.layer, False, "update")
            by = after - before.array
            sums = [plus(Value(label.at(at), before.array[at]), Value(change.at(at), by[at])) for at in places]
            lines = [Equation(new.at(at), f, after[at], after.dtype) for at, f in zip(places, sums, strict=True)]
            whole = plus(Value(label.symbol, before.array), Value(change.symbol, by))
            words = (
                f"{name}: what it changed; grain='layer' tells every move"
                if self.recorded.journal
                else _UNTOLD.format(name)
            )
            step = Step("update", words, new.symbol, whole, after, (), (name,), lines=lines)
            step.more = self._left_out(after, places)
            step.whole = self.grain.name == "network" and self._fits(whole, after)
            steps.append(step)
        return steps

    # ---- in short ----------------------------------------------------------------------------------------------

    def summary(self) -> list[str]:
        """The prediction and the loss, in a sentence each."""
        output, loss = self.recorded.output, self.recorded.loss
        lines: list[str] = []
        if output is not None and output.array.ndim == 2 and output.shape[0] == 1 and output.shape[1] > 1:
            best = int(output.array[0].argmax())
            label = self.labels.get(output)
            assert label is not None
            lines.append(f"{symbol_text(label.at((0, best)))} is the largest output: class {best}, counted from 0.")
        if loss is not None and loss.array.size == 1 and not np.isfinite(loss.array).all():
            lines.append("The loss is not finite: nothing can be learnt from this step.")
        return lines


def _whole_numbers(node: Node) -> bool:
    """Whether a node makes whole numbers of others, to look something up."""
    return node.op is not None and node.op.name == "cast" and node.array.dtype.kind in "iu"


def _spelled(value: Any) -> Any:
    """An attribute as Python writes it: the index [:, 2], the dtype float32."""
    if isinstance(value, np.dtype):
        return value.name
    parts = value if isinstance(value, tuple) else (value,)
    if not any(isinstance(part, slice) for part in parts):
        return value
    return f"[{', '.join(_spelled_slice(part) for part in parts)}]"


def _spelled_slice(part: Any) -> str:
    if not isinstance(part, slice):
        return str(part)
    ends = [part.start, part.stop] + ([] if part.step in (None, 1) else [part.step])
    return ":".join("" if end is None else str(end) for end in ends)


def _paths(formula: Formula) -> int:
    if not isinstance(formula, Sum):
        return 1
    return sum(t.count if isinstance(t, Rest) else 1 for t in formula.terms)


def _real(dtype: Any) -> Any:
    return dtype if dtype.kind == "f" else np.dtype(np.float64)
