"""A training step, operation by operation: recorded on the tape by running it, then shown one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np

from glassnet.core.mode import recording
from glassnet.core.tensor import Tensor
from glassnet.server import network
from glassnet.server.learner import Learner
from glassnet.server.reports import OperationReport

_MOST_VALUES = 64
Phase = Literal["forward", "loss", "backward", "update"]


class Operations:
    """One step's tape and the place that has been shown. The weights change when the last operation is shown."""

    def __init__(self, learner: Learner, x: Tensor, t: Tensor, samples: Sequence[int]) -> None:
        self.learner, self.samples, self.shown = learner, list(samples), 0
        before = network.numbers(learner.layers)
        ends: dict[str, int] = {}
        with recording() as trace:
            for phase, _ in learner.stages(x, t, *learner.masks(len(x.array))):
                ends[phase] = len(trace.nodes)
        self.after = network.numbers(learner.layers)
        network.restore(learner.layers, before)
        self._names = _named(learner, x, t)
        self.list: list[tuple[Tensor, Phase]] = [
            (n, phase_of(i, ends)) for i, n in enumerate(trace.nodes) if n.op is not None
        ]
        self.places = {id(n): i for i, (n, _) in enumerate(self.list)}
        self.values = [_first(n) for n, _ in self.list]

    @property
    def left(self) -> int:
        """How many are still to be shown."""
        return len(self.list) - self.shown

    @property
    def phase(self) -> Phase | None:
        """Of the next one."""
        return self.list[self.shown][1] if self.left else None

    def show(self, id: int | None) -> OperationReport:
        """The next one."""
        index, (node, phase) = self.shown, self.list[self.shown]
        self.shown += 1
        if not self.left:
            self.finish()
        reads = [self.places[key] for key in (_key(x, self.places) for x in node.inputs) if key is not None]
        return OperationReport(
            index, len(self.list), phase, cast(Any, node.op).name, self._words(node), list(node.array.shape),
            self.values[index], reads, self._layer(node), self.samples, id,
        )  # fmt: skip

    def finish(self) -> None:
        """Skip what is left: the update is made."""
        self.shown = len(self.list)
        network.restore(self.learner.layers, self.after)

    def _words(self, node: Tensor) -> str:
        """The operation in words; a result of an earlier one is called by its number, from 1."""
        op = cast(Any, node.op)
        names = [self._name(x) for x in node.inputs]
        try:
            return op.say.format(*names, **node.attrs) if op.say else f"{op.name} of {', '.join(names)}"
        except (IndexError, KeyError):
            return f"{op.name} of {', '.join(names)}"

    def _name(self, x: Tensor) -> str:
        known = self._names.get(id(x)) or self._names.get(id(x.array))
        key = None if known else _key(x, self.places)
        if known is None and x.array.ndim == 0 and key is None:
            return f"{float(x.array):.6g}"
        return known or (f"({self.places[key] + 1})" if key is not None else x.name or "a constant")

    def _layer(self, node: Tensor) -> int | None:
        """The layer whose weights or biases an operation reads."""
        for x in node.inputs:
            for i, layer in enumerate(self.learner.layers):
                if x is layer.weight or x is layer.bias:
                    return i + 1
        return None


def _named(learner: Learner, x: Tensor, t: Tensor) -> dict[int, str]:
    names = {id(x): "the inputs", id(t): "the targets"}
    for i, layer in enumerate(learner.layers, 1):
        for tensor, name in ((layer.weight, f"W{i}"), (layer.bias, f"b{i}")):
            names[id(tensor)] = names[id(tensor.array)] = name
    return names


def _key(x: Tensor, places: dict[int, int]) -> int | None:
    """The operation that made x, if it is one of the step's."""
    while id(x) not in places and x.past is not None:
        x = x.past
    return id(x) if id(x) in places else None


def phase_of(index: int, ends: dict[str, int]) -> Phase:
    """The phase to which the operation with this number belongs.

    >>> phase_of(5, {"forward": 3, "loss": 6, "backward": 9, "update": 12})
    'loss'
    """
    return cast(Phase, next((phase for phase, end in ends.items() if index < end), "update"))


def _first(node: Tensor) -> list[float | None]:
    values = np.asarray(node.array, np.float64).reshape(-1)[:_MOST_VALUES].tolist()
    return [value if np.isfinite(value) else None for value in values]
