"""What a model is compiled for: for every output its loss, its weight and its metrics."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet import nn
from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, complain
from glassnet.faces.keras import losses, metrics


class Target:
    """An output: what it is compared with the targets by, and what is counted beside."""

    def __init__(self, name: str, loss: losses.Loss | None, weight: float, plain: Sequence[Any], heavy: Sequence[Any]):
        self.name, self.loss, self.weight = name, loss, weight
        self.metrics: list[metrics.Metric] = list(plain)
        self.weighted: list[metrics.Metric] = list(heavy)

    @property
    def recorded(self) -> list[tuple[metrics.Metric, bool]]:
        """The metrics that are counted within the step, and whether they heed the weights of examples."""
        both = [*((m, False) for m in self.metrics), *((m, True) for m in self.weighted)]
        return [(m, heeds) for m, heeds in both if not by_hand(m)]

    @property
    def by_hand(self) -> list[metrics.Metric]:
        """The metrics of the user's own kind, which are given every batch after the step."""
        return [m for m in (*self.metrics, *self.weighted) if by_hand(m)]

    def measure(self, y: Tensor, z: Tensor, last: nn.Module | None, weights: Tensor | None) -> tuple[Any, list[Any]]:
        """The losses of the examples, and the sums of the metrics; `last` is a module that the loss takes over."""
        if self.loss is None:
            return None, []
        target, seen = self.loss.target(y, z), z.detach()
        counts: list[Any] = []
        for m, heeds in self.recorded:
            whole = last is None or m.reads_scores
            outputs = seen if whole or last is None else last(seen)
            counts += m.batch(target, outputs, last is not None and m.reads_scores, weights if heeds else None)
        return self.loss.each(target, z, last is not None or self.loss.from_logits), counts


def by_hand(metric: metrics.Metric) -> bool:
    """Whether a metric is of the user's own kind, with an `update_state` that Python runs."""
    return type(metric).update_state is not metrics.Metric.update_state


class Compiled:
    """What `compile` was told, by output, once the outputs are known."""

    def __init__(self, loss: Any, weights: Any, plain: Any, heavy: Any) -> None:
        self.loss, self.weights, self.plain, self.heavy = loss, weights, plain, heavy
        if isinstance(loss, list | tuple):
            self.loss = [None if one is None else losses.get(one) for one in loss]
        elif isinstance(loss, dict) and "class_name" not in loss:
            self.loss = {name: losses.get(one) for name, one in loss.items()}
        elif loss is not None:
            self.loss = losses.get(loss)

    def targets(self, names: Sequence[str], sizes: Sequence[int]) -> list[Target]:
        """One for every output."""
        chosen = _spread("loss", self.loss, names, self.loss)
        weights = _spread("loss_weights", self.weights, names, 1.0)
        asked = [_metrics(what, wanted, names) for what, wanted in (("metrics", self.plain), ("", self.heavy))]
        made = []
        for i, (name, size) in enumerate(zip(names, sizes, strict=True)):
            loss = chosen[i]
            kinds = [[metrics.get(m, loss or losses.MeanSquaredError(), size) for m in some[i]] for some in asked]
            for m, told in zip(kinds[1], asked[1][i], strict=True):
                m.name = (
                    f"weighted_{m.name}" if isinstance(told, str) and m.name in {p.name for p in kinds[0]} else m.name
                )
            made.append(Target(name, loss, 1.0 if weights[i] is None else float(weights[i]), *kinds))
        return made


def _spread(what: str, given: Any, names: Sequence[str], default: Any) -> list[Any]:
    """One entry per output, from a list, a dict by name, or one for all."""
    if isinstance(given, Mapping):
        wrong = [name for name in given if name not in names]
        if wrong:
            got = f"compile: got {what} for {', '.join(map(repr, wrong))}"
            raise DataError(complain(got, f"expected some of {', '.join(map(repr, names))}", f"Try {names[0]!r}"))
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            got = f"compile: got {len(given)} entries in {what}"
            raise DataError(complain(got, f"expected {len(names)}, one per output", f"Try a dict: {{{names[0]!r}: …}}"))
        return list(given)
    return [default] * len(names)


def _metrics(what: str, given: Any, names: Sequence[str]) -> list[list[Any]]:
    if given is None:
        return [[] for _ in names]
    if isinstance(given, Mapping):
        return [_as_list(m) for m in _spread(what, given, names, None)]
    if len(names) > 1 and any(isinstance(m, list | tuple) for m in given):
        return [_as_list(m) for m in _spread(what, given, names, None)]
    if len(names) > 1:
        return [_as_list(m) for m in _spread(what, list(given), names, None)]
    return [_as_list(given)]


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


class Sums:
    """Running totals of a pass: of the loss, of each output's loss, of the metrics."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets, self.loss, self.examples = targets, 0.0, 0
        self.parts = [0.0] * (len(targets) if len(targets) > 1 else 0)
        self.counts: list[Any] = [0.0] * sum(m.sums for t in targets for m, _ in t.recorded)
        for t in targets:
            for m in t.by_hand:
                m.reset_state()

    def add(self, told: Sequence[Any], examples: int) -> list[Tensor]:
        """One batch more, as a step tells it; gives what is left: outputs for metrics of the user's own kind."""
        numbers = [_number(value) for value in told[: 1 + len(self.parts) + len(self.counts)]]
        self.loss += numbers[0] * examples
        self.examples += examples
        at = 1 + len(self.parts)
        for i, part in enumerate(numbers[1:at]):
            self.parts[i] += part * examples
        for i, count in enumerate(numbers[at:]):
            self.counts[i] = self.counts[i] + count
        return list(told[at + len(self.counts) :])

    def logs(self) -> dict[str, Any]:
        """The values so far, by name, in alphabetical order, as in Keras."""
        values: dict[str, Any] = {"loss": self.loss / max(self.examples, 1)}
        several, at = len(self.targets) > 1, iter(self.counts)
        for i, t in enumerate(self.targets):
            prefix = f"{t.name}_" if several else ""
            if several and t.loss is not None:
                values[f"{prefix}loss"] = self.parts[i] / max(self.examples, 1)
            for m, _ in t.recorded:
                totals = list(itertools.islice(at, m.sums))
                values[prefix + m.name] = m.value(*totals)
            for m in t.by_hand:
                values[prefix + m.name] = float(np.asarray(as_number(m.result())))
        return dict(sorted(values.items()))


def as_number(value: Any) -> Any:
    """The array of a tensor, and anything else as it is."""
    return value.array if isinstance(value, Tensor) else value


def _number(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    array = value.array
    return array.item() if array.ndim == 0 else array.astype(np.float64)
