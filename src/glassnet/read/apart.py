"""The tape of one prediction in float64, and how what a tensor counts for is passed on to what it was made of.

Whatever weighs, adds or moves numbers is taken apart as it stands. What bends each number by itself is a = f(0) + r·z
with r = (a − f(0)) / z, or the slope at 0 where z is 0; operations that do so one after the other are one such f.
Where two computed numbers meet in a product, the one that scales many (as in a normalisation) or gates (a sigmoid, a
softmax) is held (Arras and others, 2017; Ali and others, 2022); two alike take half each. A maximum goes to its winner.
So nothing is left over: the parts and the constants come to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import tape
from glassnet.core.mode import enable_grad, no_grad
from glassnet.core.ops import Op
from glassnet.core.tensor import Tensor, apply, wrap
from glassnet.errors import NotSupportedError, complain
from glassnet.read.record import record
from glassnet.read.story import Node

MOVES = frozenset({
    "window", "reshape", "permute", "expand", "flip", "concat", "pad", "unfold", "gather", "put_window", "copy",
    "detach", "cast",
})  # fmt: skip
_STRAIGHT = MOVES | {  # straight lines in what the example has a say in, or through 0 like a maximum
    "linear", "matmul", "add", "sub", "neg", "mul", "div", "sum", "mean", "sum_to", "cumsum", "where", "amax", "amin",
    "maximum", "minimum", "fold", "scatter_add", "pick", "unpick", "place", "choose",
}  # fmt: skip
_PRODUCTS = ("mul", "matmul", "div")
_GATES = ("sigmoid", "softmax")
LOOKUPS = ("embedding", "pick")
WEIGHS = ("linear", "matmul")


@dataclass(eq=False)
class Part:
    """A tensor of the tape: what it was made of, and whether the example has a say in it."""

    value: np.ndarray
    op: Op | None = None
    inputs: tuple[Part, ...] = ()
    attrs: dict[str, Any] = field(default_factory=dict[str, Any])
    said: bool = False
    learned: bool = False  # whether it holds what was learned alone
    bends: Part | None = None  # the part of which this is a bent function place by place
    line: tuple[Part, ...] = ()  # what it is a function of place by place, straight or bent, the nearest first
    bend: tuple[np.ndarray, np.ndarray] | None = None  # f(0) and r, once they were asked for

    @property
    def name(self) -> str:
        """The name of its operation."""
        return "" if self.op is None else self.op.name

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """f(0) and r of a number that works on its own place alone."""
        if self.bend is None:
            assert self.bends is not None
            self.bend = _split(self, self.bends)
        return self.bend


def parts_of(model: nn.Module, example: Tensor) -> tuple[list[Part], Part, Part]:
    """Run the model in evaluation mode and do the same again in float64: every part, the example and the output."""
    training = model.training
    model.eval()
    try:
        with no_grad():
            recorded = record(model, example)
    finally:
        model.train(training)
    known: dict[int, Part] = {}
    start = recorded.story.node(example)
    known[id(start)] = x = Part(_double(start.array), said=True)
    for p in model.parameters():
        node = recorded.story.node(p)
        known[id(node)] = Part(_double(node.array), learned=True)
    parts = [_part(node, known) for node in recorded.parts["forward"]]
    assert recorded.output is not None
    return parts, x, _known(recorded.output, known)


def _known(node: Node, known: dict[int, Part]) -> Part:
    if id(node) not in known:
        known[id(node)] = Part(_double(node.array))
    return known[id(node)]


def _part(node: Node, known: dict[int, Part]) -> Part:
    assert node.op is not None
    inputs = tuple(_known(x, known) for x in node.inputs)
    if node.op.name == "assign" and inputs[1].value.shape == node.shape:  # from here on it is what was stored in it
        known[id(node)] = inputs[1]
        return inputs[1]
    part = Part(_ran(node.op, [x.value for x in inputs], node), node.op, inputs, node.attrs)
    part.said, part.learned = any(x.said for x in inputs), all(x.learned for x in inputs) and bool(inputs)
    part.line, part.bends = _line_of(part)
    known[id(node)] = part
    return part


def _double(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _ran(op: Op, arrays: list[np.ndarray], node: Node) -> np.ndarray:
    if not op.pure:
        return _double(node.array)
    if op.name == "cast" and node.array.dtype.kind == "f":
        return _double(arrays[0])
    with np.errstate(all="ignore"):
        return _double(np.asarray(op.run(*arrays, **node.attrs)))


def _by_place(part: Part) -> bool:
    return part.op is not None and (part.op.elementwise or part.name in ("where", "cast", "detach"))


def _line_of(part: Part) -> tuple[tuple[Part, ...], Part | None]:
    """What it is a function of place by place, and which of those it bends: the nearest that says it all."""
    said = [x for x in part.inputs if x.said]
    if not said or not _by_place(part) or any(x.value.shape != part.value.shape for x in said):
        return (), None
    lines = [(x, *x.line) for x in said]
    shared = tuple(x for x in lines[0] if all(any(x is y for y in line) for line in lines))
    if not shared:
        return (), None
    alone = len({id(x) for x in said}) == 1
    if len(said) == 1 and part.name in _STRAIGHT and not (part.name == "div" and part.inputs[1].said):
        return shared, None
    return shared, said[0].bends if alone and said[0].bends is not None else shared[0]


def _split(part: Part, root: Part) -> tuple[np.ndarray, np.ndarray]:
    leaf = wrap(np.zeros(root.value.shape))
    leaf.needs_grad = True
    z = root.value.astype(np.float64)
    with enable_grad(), np.errstate(all="ignore"):
        y = _rerun(part, root, {id(root): leaf})
        at_zero = np.where(np.isfinite(y.array), y.array, 0.0)  # a logarithm has no f(0): all of it goes to z
        share = (part.value - at_zero) / np.where(z == 0, 1.0, z)
        if (z == 0).any():
            share = np.where(z == 0, _slope(y, leaf), share)
    return at_zero, share


def _rerun(part: Part, root: Part, done: dict[int, Tensor]) -> Tensor:
    """The same operations on what `done` holds for the root."""
    if id(part) in done:
        return done[id(part)]
    if part.op is None or not any(x is root for x in part.line):
        return wrap(part.value)
    inputs = [_rerun(x, root, done) for x in part.inputs]
    floats = part.name == "cast" and part.value.dtype.kind == "f"
    done[id(part)] = inputs[0] if floats else apply(part.op, *inputs, **part.attrs)
    return done[id(part)]


def _slope(y: Tensor, leaf: Tensor) -> np.ndarray:
    if not y.needs_grad:
        return np.zeros(leaf.array.shape)
    (slope,) = tape.grad(y, leaf, wrap(np.ones(y.array.shape)), materialize_grads=True)
    return np.zeros(leaf.array.shape) if slope is None else slope.array


# ---- passing on ------------------------------------------------------------------------------------------------------


@dataclass
class Cut:
    """What each unit of a layer adds, where nothing goes round that layer; `constant` is what came after it."""

    part: Part
    adds: np.ndarray
    constant: float
    layer: int  # how many layers with weights are before it


class Shares:
    """What every part counts for in one number of `goal`: a factor for each number of it, or what it adds outright."""

    def __init__(self, parts: list[Part], goal: Part, place: int) -> None:
        self.parts, self.constant = parts, 0.0
        self.factors: dict[int, np.ndarray] = {}
        self.given: dict[int, np.ndarray] = {}  # by which place of a word's number: no factor of that number
        self.cuts: list[Cut] = []
        one = np.zeros(goal.value.size)
        one[place] = 1.0
        self._arrive(self.factors, goal, one.reshape(goal.value.shape))
        self._pass_all_on()

    def adds(self, part: Part) -> np.ndarray:
        """What each number of a part adds."""
        nothing = np.zeros(part.value.shape)
        return self.factors.get(id(part), nothing) * part.value + self.given.get(id(part), nothing)

    def _pass_all_on(self) -> None:
        layers: dict[int, int] = {}
        for number, part in enumerate(weighing(self.parts)):
            layers.setdefault(id(unmoved(part)), number)
        for part in reversed(self.parts):
            if layers.get(id(part), 0) > 0 and {*self.factors, *self.given} == {id(part)}:
                self.cuts.insert(0, Cut(part, self.adds(part), self.constant, layers[id(part)]))
            factor, given = self.factors.pop(id(part), None), self.given.pop(id(part), None)
            if given is not None:
                self._give(part, given)
            if factor is not None:
                self._pass_on(part, factor)

    def _arrive(self, where: dict[int, np.ndarray], part: Part, what: np.ndarray) -> None:
        where[id(part)] = where[id(part)] + what if id(part) in where else what

    def _pass_on(self, part: Part, factor: np.ndarray) -> None:
        """Give a part's factor to its inputs; what they do not account for is constant."""
        if not part.said:
            self.constant += float(np.sum(factor * part.value))
            return
        if part.bends is not None:
            at_zero, share = part.split()
            self.constant += float(np.sum(factor * at_zero))
            self._arrive(self.factors, part.bends, factor * share)
            return
        if looked_up(part):
            self._give_place(part, factor)
            return
        left = float(np.sum(factor * part.value))
        for x, own in passed_on(part, factor):
            self._arrive(self.factors, x, own)
            left -= float(np.sum(own * x.value))
        self.constant += left

    def _give_place(self, part: Part, factor: np.ndarray) -> None:
        """The numbers of a word belong to its place, whose own number is only a name."""
        at = part.inputs[-1]
        adds = factor * part.value
        if len(part.inputs) != 2 or at.value.shape != part.value.shape[: at.value.ndim]:
            self.constant += float(adds.sum())
            return
        self._arrive(self.given, at, adds.reshape(*at.value.shape, -1).sum(-1))

    def _give(self, part: Part, given: np.ndarray) -> None:
        said = [(i, x) for i, x in enumerate(part.inputs) if x.said]
        if len(said) == 1 and _by_place(part) and said[0][1].value.shape == part.value.shape:
            self._arrive(self.given, said[0][1], given)
        elif len(said) == 1 and part.name in MOVES:
            self._arrive(self.given, said[0][1], _pulled(part, said[0][0], given))
        else:  # a place that was computed is the network's doing
            self.constant += float(given.sum())


def looked_up(part: Part) -> bool:
    """Whether its numbers are those of words, whose places the example says."""
    return part.name in LOOKUPS and not part.inputs[0].said and part.inputs[-1].said


def word_of(part: Part, place: int, example: Part) -> int | None:
    """Which number of the example chose a number of what was looked up; None where that was computed."""
    at = part.inputs[-1]
    if len(part.inputs) != 2 or at.value.shape != part.value.shape[: at.value.ndim]:
        return None
    origin = _origin(at, example)
    width = part.value.size // max(at.value.size, 1)
    return None if origin is None else int(origin.reshape(-1)[place // width])


def _origin(part: Part, example: Part) -> np.ndarray | None:
    """For each number of a part the place in the example that it was moved from; None where it was computed."""
    if part is example:
        return np.arange(part.value.size).reshape(part.value.shape)
    said = [x for x in part.inputs if x.said]
    if len(said) != 1 or len(part.inputs) != 1 or part.op is None or part.name not in MOVES:
        return None
    before = _origin(said[0], example)
    if before is None or part.name in ("cast", "copy", "detach"):
        return before
    return np.asarray(part.op.run(before, **part.attrs))


def weighing(parts: list[Part]) -> list[Part]:
    """The layers with weights, in order: what they make of the example."""
    return [part for part in parts if part.said and part.name in WEIGHS and any(x.learned for x in part.inputs)]


def unmoved(part: Part) -> Part:
    """What a layer with weights was given, before its numbers were only laid out anew for it."""
    x = next(x for x in part.inputs if x.said)
    while x.name in MOVES and x.bends is None and sum(y.said for y in x.inputs) == 1 and x.name != "gather":
        x = next(y for y in x.inputs if y.said)
    return x


def passed_on(part: Part, factor: np.ndarray) -> list[tuple[Part, np.ndarray]]:
    """What each input of a straight operation counts for.

    Raises `NotSupportedError` for an operation that mixes numbers otherwise.
    """
    if part.name not in _STRAIGHT or (part.name == "div" and part.inputs[1].said and not part.inputs[0].said):
        got = f"why: got {part.name}, which mixes numbers"
        raise NotSupportedError(complain(got, "expected weighted sums and activations", "Try explain(model, x)"))
    said, share = [i for i in range(len(part.inputs)) if follows(part, i)], 1.0
    if part.name in _PRODUCTS and len(said) == 2:
        said, share = meeting(part)
    if part.name == "linear" and 0 in said:  # weights that were computed are held
        said = [i for i in said if i != 1]
    return [(part.inputs[i], _pulled(part, i, factor) * share) for i in said]


def follows(part: Part, i: int) -> bool:
    """Whether input i has a say that can be followed; what only chooses, as the place of a maximum does, is held."""
    return part.inputs[i].said and part.op is not None and bool(part.op.vjp) and part.op.rule(i) is not None


def meeting(part: Part) -> tuple[list[int], float]:
    """Of two computed factors: which are not held, and the share of each of those."""
    if part.name == "div":
        return [0], 1.0
    a, b = part.inputs
    for free, held in ((0, b), (1, a)):
        if held.name in _GATES or held.value.size < part.inputs[free].value.size:
            return [free], 1.0
    return [0, 1], 0.5


def _pulled(part: Part, i: int, factor: np.ndarray) -> np.ndarray:
    """The factor of input i, by the rule for derivatives: the inputs count for what they are multiplied by."""
    assert part.op is not None
    rule = part.op.rule(i)
    assert rule is not None
    with no_grad(), np.errstate(all="ignore"):
        inputs = [wrap(_double(x.value)) for x in part.inputs]
        return rule(wrap(factor), wrap(part.value), *inputs, **part.attrs).array
