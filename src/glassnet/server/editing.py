"""Edits by hand, each with its opposite: a weight, what is frozen, what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.server import commands
from glassnet.server.history import Edit, Kind, Spot
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


def put(learner: Learner, spots: Sequence[Spot], *, back: bool = False) -> None:
    """Make the changes of an edit, or take them back."""
    arrays = {"parameters": [p.array for p in learner.parameters], "held": learner.held, "keep": learner.keep}
    for spot in spots:
        arrays[spot.kind][spot.number].flat[spot.at] = spot.before if back else spot.after


def _spot(kind: Kind, number: int, array: np.ndarray, place: Any, value: object) -> Spot:
    """The change of an array at a place (an index of NumPy's) to a value."""
    at = np.arange(array.size).reshape(array.shape)[place].reshape(-1)
    before = array.flat[at]
    return Spot(kind, number, at, before, np.broadcast_to(np.asarray(value, array.dtype), before.shape).copy())


def weight(learner: Learner, command: commands.Edit) -> Edit:
    """Set one weight or bias."""
    check_unit(_sizes(learner), command.layer, command.unit, command.source)
    if not abs(command.value) <= _LARGEST:
        got = f"got the weight {command.value:g}"
        raise ValueRangeError(complain(got, f"expected a number of at most {_LARGEST:g}", "Try 1"))
    number = 2 * command.layer - (2 if command.source is not None else 1)
    place = command.unit if command.source is None else (command.unit, command.source)
    spot = _spot("parameters", number, learner.parameters[number].array, place, float(command.value))
    stroke = (command.layer, command.unit, command.source, command.stroke) if command.stroke is not None else None
    return Edit([spot], stroke=stroke)


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
    ends = np.cumsum([array.size for array in arrays])[:-1]
    parts = np.split(given, ends)
    return Edit(
        [_spot("parameters", i, array, ..., part) for i, (array, part) in enumerate(zip(arrays, parts, strict=True))]
    )


def freeze(learner: Learner, command: commands.Freeze) -> Edit:
    """Hold one weight, or all that comes into a unit."""
    check_unit(_sizes(learner), command.layer, command.unit, command.source)
    number = 2 * command.layer - 2
    weights, biases = learner.held[number], learner.held[number + 1]
    if command.source is not None:
        return Edit([_spot("held", number, weights, (command.unit, command.source), command.on)])
    unit = command.unit
    return Edit([_spot("held", number, weights, unit, command.on), _spot("held", number + 1, biases, unit, command.on)])


def ablate(learner: Learner, layer: int, unit: int, on: bool) -> Edit:
    """Leave a unit out."""
    check_unit(_sizes(learner), layer, unit, None, least=0)
    if layer == len(learner.layers):
        got = "got the output"
        raise ValueRangeError(complain(got, "expected an input or a hidden unit", "Try another one"))
    return Edit([_spot("keep", layer, learner.keep[layer], unit, 0.0 if on else 1.0)])


def by_hand(learner: Learner) -> tuple[list[list[int]], list[list[int]]]:
    """What is frozen, as layer, unit and source (-1 for the bias), and what is left out, as layer and unit."""
    frozen = [
        [i // 2 + 1, int(place[0]), int(place[1]) if i % 2 == 0 else -1]
        for i, held in enumerate(learner.held)
        for place in np.argwhere(held)
    ]
    return frozen, [[i, int(k)] for i, keep in enumerate(learner.keep) for k in np.flatnonzero(keep == 0)]
