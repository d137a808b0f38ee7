"""Running one step while everything is written down, and leaving no trace of it behind."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core import ops, tape
from glassnet.core.generator import get_rng_state, set_rng_state
from glassnet.core.mode import no_grad, recording
from glassnet.core.tensor import Tensor, touched
from glassnet.read.story import Node, Story, watch

Loss = Callable[[Any, Any], Tensor]


@dataclass
class Updated:
    """Weights that an optimiser updated as one vector: its options, the vector, and what is remembered, by name."""

    params: list[Tensor]
    options: dict[str, Any]
    held: dict[str, Tensor]


@dataclass
class Told:
    """A tensor of an update that whoever made the update has named: `letter` with {} for the weight's own letter."""

    tensor: Tensor
    letter: str
    words: str = ""
    param: Tensor | None = None
    new: bool = False


@dataclass
class Recorded:
    """A step: its story, which nodes belong to which part, and which layer made what."""

    story: Story
    parts: dict[str, list[Node]] = field(default_factory=dict[str, Any])
    made: list[tuple[nn.Module, Node]] = field(default_factory=list[Any])  # what each layer gave, in order
    output: Node | None = None
    loss: Node | None = None
    updated: list[Updated] = field(default_factory=list[Updated])
    told: list[Told] = field(default_factory=list[Told])  # what else an update consists of
    moved: list[tuple[Tensor, Node, np.ndarray]] = field(default_factory=list[Any])  # updates that no tape holds
    journal: list[Any] = field(default_factory=list[Any])  # what an optimiser itself wrote down about its moves


def record(
    model: Any, x: Tensor, y: Any = None, loss: Loss | None = None, optimizer: Any = None, keep: bool = False
) -> Recorded:
    """Run forward, loss, backward and update once, as far as they are asked for."""
    with _as_before(model, optimizer, keep):
        return _Recording(model, x, y, loss, optimizer).run()


class _Recording:
    def __init__(self, model: Any, x: Tensor, y: Any, loss: Loss | None, optimizer: Any) -> None:
        self.model, self.x, self.y, self.criterion, self.optimizer = model, x, y, loss, optimizer
        self.found: dict[int, tuple[Tensor, np.ndarray]] = {}
        self.outputs: list[tuple[nn.Module, int]] = []
        self.counts: dict[str, int] = {}

    def run(self) -> Recorded:
        result = Recorded(Story())
        with recording() as trace:
            watch(trace, self.found)
            with self._layers_listened_to():
                output = self.model(self.x)
            self.counts["forward"] = len(trace.nodes)
            total = None if self.criterion is None else self.criterion(output, self.y)
            self.counts["loss"] = len(trace.nodes)
            slopes = {} if total is None else self._backward(trace, total)
            self.counts["backward"] = len(trace.nodes)
            watch(trace, self.found)
            if self.optimizer is not None and getattr(self.optimizer, "replayable", False):
                self.optimizer.step()
                result.updated = _vectors_of(self.optimizer)  # at once: putting things back lays them out anew
                result.told = getattr(self.optimizer, "told", [])
            self.counts["update"] = len(trace.nodes)
        self._tell(result, list(trace.nodes), output, total, slopes)
        if self.optimizer is not None and not getattr(self.optimizer, "replayable", False):
            result.moved = self._moved(result)
        return result

    def _backward(self, trace: Any, total: Tensor) -> dict[int, tuple[Tensor, Tensor]]:
        """What `backward()` does, with the slopes of everything in between kept."""
        computed = followed(trace.nodes)
        for p in self.model.parameters() if isinstance(self.model, nn.Module) else ():
            p.grad = None
        with no_grad():
            seed = ops.full(shape=tuple(total.array.shape), value=1.0, dtype=total.array.dtype)
            found = tape.gradients([total], [seed], computed)
            kept: set[int] = set()
            for x, g in found.values():
                if x.op is None:
                    tape.accumulate(x, g, shared=id(g) in kept)
                    kept.add(id(g))
        return found

    def _tell(self, result: Recorded, nodes: list[Tensor], output: Tensor, total: Tensor | None,
              slopes: dict[int, tuple[Tensor, Tensor]]) -> None:  # fmt: skip
        start = 0
        for part, end in self.counts.items():
            result.parts[part] = result.story.tell(nodes[start:end], self.found)
            start = end
        story = result.story
        made = [(module, story.made_at(serial)) for module, serial in self.outputs]
        result.made = [(module, node) for module, node in made if node is not None]
        result.output, result.loss = story.node(output), None if total is None else story.node(total)
        for x, g in slopes.values():
            story.slopes[id(story.node(x))] = story.node(g)
        story.kept.append((slopes, output, total, self.x, self.y))

    def _moved(self, result: Recorded) -> list[tuple[Tensor, Node, np.ndarray]]:
        """Let an optimiser that is plain Python take its step, see what it changed, and read its journal."""
        before = [(p, result.story.node(p)) for group in self.optimizer.param_groups for p in group["params"]]
        for p, node in before:
            node.array = p.array.copy()
        takes_closure = "closure" in inspect.signature(type(self.optimizer).step).parameters
        kept = getattr(self.optimizer, "journal", None)
        self.optimizer.journal = result.journal
        try:
            self.optimizer.step(*[self._again] if takes_closure else [])
        finally:
            self.optimizer.journal = kept
        return [(p, node, p.array.copy()) for p, node in before]

    def _again(self) -> Tensor:
        assert self.criterion is not None
        self.optimizer.zero_grad()
        total = self.criterion(self.model(self.x), self.y)
        total.backward()
        return total

    @contextmanager
    def _layers_listened_to(self) -> Iterator[None]:
        def hear(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                self.outputs.append((module, output.serial))

        modules = self.model.modules() if isinstance(self.model, nn.Module) else ()
        handles = [m.register_forward_hook(hear) for m in modules if not list(m.children())]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _vectors_of(optimizer: Any) -> list[Updated]:
    return [
        Updated(list(chunk.params), vars(group.live),
                {"w": chunk.w, **{k: v for k, v in vars(chunk.state).items() if isinstance(v, Tensor)}})
        for group in optimizer.param_groups for chunk in group.chunks
    ]  # fmt: skip


def followed(nodes: list[Tensor]) -> list[Tensor]:
    """Everything in a computation, leaves included, that gradients flow to."""
    found = {id(t): t for y in nodes for t in (*y.inputs, y) if t.needs_grad}
    return list(found.values())


@contextmanager
def _as_before(model: Any, optimizer: Any, keep: bool) -> Iterator[None]:
    """Put weights, gradients, running statistics, moments and random numbers back, unless they are to be kept."""
    if keep or not isinstance(model, nn.Module):
        yield
        return
    tensors = [*model.parameters(), *model.buffers()]
    arrays = [t.array.copy() if optimizer is not None or model.training else None for t in tensors]
    grads, random = [t.grad for t in tensors], get_rng_state() if model.training else None
    state = None if optimizer is None else copy.deepcopy(optimizer.state_dict())
    try:
        yield
    finally:
        for t, array, grad in zip(tensors, arrays, grads, strict=True):
            t.grad = grad
            if array is not None and not np.array_equal(t.array, array, equal_nan=True):
                t.array[...] = array
                touched(t)
        if state is not None and optimizer is not None:
            optimizer.load_state_dict(state)
        if random is not None:
            set_rng_state(random)
