"""How finely a step is told, and of which layer: which numbers of each tensor get a line of their own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.formula import Symbol

GRAINS = ("network", "layer", "neuron", "weight", "scalar")
_MOST_LINES = 10_000


@dataclass(frozen=True)
class Grain:
    """A grain, and what it looks at; counted from 1."""

    name: str = "layer"
    layer: int | None = None
    unit: int | None = None
    weight: int | None = None
    most: int = 6

    @classmethod
    def of(cls, name: str, layer: int | None, unit: int | None, weight: int | None, most: int) -> Grain:
        """The grain of that name; a unit or a weight that is given asks for its grain.

        Raises `ValueRangeError` for another name, or for a neuron that is not said.
        """
        if name not in GRAINS:
            near = difflib.get_close_matches(name, GRAINS, 1) or ["layer"]
            got = f"explain: got grain={name!r}"
            raise ValueRangeError(complain(got, f"expected one of {', '.join(GRAINS)}", f"Try grain={near[0]!r}"))
        if most < 1:
            raise ValueRangeError(complain(f"explain: got most={most}", "expected at least 1", "Try most=6"))
        asked = f"grain={name!r}"
        if name == "layer" and (unit, weight) != (None, None):
            asked = f"unit={unit}" if weight is None else f"weight={weight}"
            name = "neuron" if weight is None else "weight"
        needed = {"neuron": ("layer", "unit"), "weight": ("layer", "unit", "weight")}.get(name, ())
        given = {"layer": layer, "unit": unit, "weight": weight}
        for key in needed:
            if given[key] is None:
                example = ", ".join(f"{k}={given[k] or 1}" for k in needed)
                got = f"explain: got {asked} without {key}"
                raise ValueRangeError(complain(got, f"expected which {key}, from 1", f"Try {example}"))
        for key, value in given.items():
            if value is not None and value < 1:
                got = f"explain: got {key}={value}"
                raise ValueRangeError(complain(got, "expected 1 or more, as in W⁽¹⁾₁₁", f"Try {key}=1"))
        return cls(name, layer, unit, weight, most)

    def places(self, array: np.ndarray, symbol: Symbol, home: str, batch: bool, part: str) -> list[tuple[int, ...]]:
        """The places of the numbers that get a line."""
        if self.name == "network":
            return []
        if self.name == "layer" or array.ndim == 0:
            return _largest(array, self.most)
        if self.name == "scalar":
            if array.size > _MOST_LINES:
                got = f"explain: got grain='scalar' for {array.size:,} numbers at once"
                hint = "Try grain='neuron', layer=1, unit=1"
                raise ValueRangeError(complain(got, f"expected at most {_MOST_LINES:,}", hint))
            return list(np.ndindex(array.shape))
        return self._of_neuron(array, symbol, home, batch)

    def check(self, layers: set[str], sizes: dict[str, tuple[int, ...]]) -> None:
        """Raise `ValueRangeError` for a layer, unit or weight that is not there.

        `layers` are the numbers of those that have any weights, `sizes` the shapes of the W.
        """
        if self.layer is None or not layers:
            return
        if str(self.layer) not in layers:
            raise _beyond("layer", self.layer, len(layers))
        shape = sizes.get(str(self.layer))
        if shape is None:
            return
        most = shape[0]
        if self.unit is not None and self.unit > most:
            raise _beyond("unit", self.unit, most, f" of layer {self.layer}")
        if self.name == "weight" and self.weight is not None and self.weight > shape[1]:
            raise _beyond("weight", self.weight, shape[1], f" of layer {self.layer}")

    def _of_neuron(self, array: np.ndarray, symbol: Symbol, home: str, batch: bool) -> list[tuple[int, ...]]:
        if home != str(self.layer) or self.unit is None:
            return []
        if self.name == "weight" and array.ndim == 1 and not batch:  # a bias
            return []
        axis = array.ndim - 1 if batch else 0
        if self.unit > array.shape[axis]:  # a result of another width, such as a convolution's
            return []
        chosen = np.zeros(array.shape, bool)
        chosen[(slice(None),) * axis + (self.unit - 1,)] = True
        if self.name == "weight" and self.weight is not None and not batch:
            chosen[:, [i for i in range(array.shape[1]) if i != self.weight - 1]] = False
        found = [tuple(map(int, at)) for at in np.argwhere(chosen)]
        if len(found) <= self.most:
            return found
        weights = np.abs(np.array([float(array[at]) for at in found]))
        return [found[i] for i in np.sort(np.argsort(-weights, kind="stable")[: self.most])]

    def wants(self, home: str) -> bool:
        """Whether a tensor of that layer is told at all."""
        return self.layer is None or home in ("", str(self.layer))


def _beyond(what: str, value: int | None, most: int, where: str = "") -> ValueRangeError:
    got = f"explain: got {what}={value}{where}"
    return ValueRangeError(complain(got, f"expected 1 to {most}", f"Try {what}={most}"))


def _largest(array: np.ndarray, most: int) -> list[tuple[int, ...]]:
    """The places of the numbers furthest from 0, in their order."""
    if array.size <= most:
        return list(np.ndindex(array.shape))
    size = np.abs(np.nan_to_num(array, posinf=np.inf, neginf=-np.inf)).ravel()
    heavy: Iterable[int] = np.sort(np.argpartition(-size, most - 1)[:most])
    return [tuple(int(i) for i in np.unravel_index(k, array.shape)) for k in heavy]
