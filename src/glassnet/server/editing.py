"""Edits by hand, each with its opposite: a weight, what is frozen, what is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.server import commands
from glassnet.server.history import Edit
from glassnet.server.learner import Learner

_LARGEST = 1e6


def check_unit(sizes: Sequence[int], layer: int, unit: int, source: int | None, least: int = 1) -> None:
    """Raise `ValueRangeError` unless there is such a unit, and such a weight."""
    if not least <= layer < len(sizes):
        expected = f"expected {least} to {len(sizes) - 1}"
        raise ValueRangeError(complain(f"got layer {layer}", expected, f"Try {len(sizes) - 1}, the output"))
    if not 0 <= unit < sizes[layer]:
        expected = f"expected 0 to {sizes[layer] - 1}"
        raise ValueRangeError(complain(f"got unit {unit} of layer {layer}", expected, "Try 0"))
    if source is not None and not (layer and 0 <= source < sizes[layer - 1]):
        expected = f"expected 0 to {sizes[layer - 1] - 1}" if layer else "expected none: inputs have no weights"
        raise ValueRangeError(complain(f"got source {source} of layer {layer}", expected, "Try 0"))


def _sizes(learner: Learner) -> list[int]:
    return [learner.layers[0].shape[1], *(layer.shape[0] for layer in learner.layers)]


def weight(learner: Learner, command: commands.Edit) -> Edit:
    """Set one weight or bias."""
    check_unit(_sizes(learner), command.layer, command.unit, command.source)
    if not abs(command.value) <= _LARGEST:
        got = f"got the weight {command.value:g}"
        raise ValueRangeError(complain(got, f"expected a number of at most {_LARGEST:g}", "Try 1"))
    layer = learner.layers[command.layer - 1]
    array, place = (layer.bias.array, command.unit), (command.unit, command.source)
    target, at = array if command.source is None else (layer.weight.array, place)
    before, after = float(target[at]), float(command.value)

    def put(value: float) -> Callable[[], None]:
        return lambda: target.__setitem__(at, value)

    put(after)()
    stroke = (command.layer, command.unit, command.source, command.stroke) if command.stroke is not None else None
    return Edit(put(before), put(after), stroke)


def all_weights(learner: Learner, values: Sequence[float]) -> Edit:
    """Set all weights and biases, layer by layer."""
    arrays = [p.array for p in learner.parameters]
    total = sum(array.size for array in arrays)
    given = np.asarray(values, np.float64)
    if given.size != total:
        expected = f"expected {total:,} for {'-'.join(map(str, _sizes(learner)))}"
        raise ValueRangeError(complain(f"got {given.size:,} weights", expected, "Try the layers that they belong to"))
    if not (abs(given) <= _LARGEST).all():
        wrong = given[~(abs(given) <= _LARGEST)][0]
        got = f"got the weight {wrong:g}"
        raise ValueRangeError(complain(got, f"expected a number of at most {_LARGEST:g}", "Try 1"))

    def put(flat: np.ndarray) -> Callable[[], None]:
        def change() -> None:
            at = 0
            for array in arrays:
                array[...] = flat[at : at + array.size].reshape(array.shape)
                at += array.size

        return change

    before = np.concatenate([array.reshape(-1) for array in arrays])
    put(given)()
    return Edit(put(before), put(given))


def freeze(learner: Learner, command: commands.Freeze, refresh: Callable[[], None]) -> Edit:
    """Hold one weight, or all that comes into a unit."""
    check_unit(_sizes(learner), command.layer, command.unit, command.source)
    weights, biases = learner.held[2 * command.layer - 2], learner.held[2 * command.layer - 1]
    if command.source is not None:
        return _mark([(weights, (command.unit, command.source))], command.on, refresh)
    return _mark([(weights, (command.unit,)), (biases, (command.unit,))], command.on, refresh)


def ablate(learner: Learner, layer: int, unit: int, on: bool, refresh: Callable[[], None]) -> Edit:
    """Leave a unit out."""
    check_unit(_sizes(learner), layer, unit, None, least=0)
    if layer == len(learner.layers):
        got = "got the output"
        raise ValueRangeError(complain(got, "expected an input or a hidden unit", "Try another one"))
    return _mark([(learner.keep[layer], (unit,))], 0.0 if on else 1.0, refresh)


def by_hand(learner: Learner) -> tuple[list[list[int]], list[list[int]]]:
    """What is frozen, as layer, unit and source (-1 for the bias), and what is left out, as layer and unit."""
    frozen = [
        [i // 2 + 1, int(place[0]), int(place[1]) if i % 2 == 0 else -1]
        for i, held in enumerate(learner.held)
        for place in np.argwhere(held)
    ]
    return frozen, [[i, int(k)] for i, keep in enumerate(learner.keep) for k in np.flatnonzero(keep == 0)]


def _mark(
    places: Sequence[tuple[np.ndarray, tuple[int, ...]]], value: bool | float, refresh: Callable[[], None]
) -> Edit:
    """Put a value at some places of arrays."""
    before = [array[at].copy() for array, at in places]

    def put(values: Sequence[object]) -> Callable[[], None]:
        def change() -> None:
            for (array, at), one in zip(places, values, strict=True):
                array[at] = one
            refresh()

        return change

    after = [value] * len(places)
    put(after)()
    return Edit(put(before), put(after))
