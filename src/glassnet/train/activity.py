"""What goes on inside the layers while a network learns: a look at a copy of it, written down as plain numbers.

A look (`probe`) takes a copy of the network through one forward and one backward pass over a few examples, op by op,
with hooks on the copy: the network itself, its recorded step, its buffers and the stream of random numbers are left
as they were. `Activity` is a list of such looks, one JSON line each in the run folder.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import numpy as np

from glassnet import nn
from glassnet.core.generator import fork_rng
from glassnet.core.mode import enable_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import FormatError, complain
from glassnet.files import strict_json
from glassnet.files.atomic import write_atomic
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import StrPath, shown

ACTIVITY = "activity.jsonl"
_BINS, _COUNTED = 20, 10_000
_MOST_BYTES = 64 << 20
SATURATED_SHARE = 0.9  # of the examples for which a unit is at an end of its range
NEAR = 0.01  # how near, as a share of the range, is "at its end"

LossFunction = Callable[[Tensor, Tensor], Tensor]

# Layers that can die: a unit that says 0 to every example learns from none.
RECTIFIERS = ("ReLU", "ReLU6")
# Layers with two flat ends, and where they are.
BOUNDED = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "Hardtanh": (-1.0, 1.0), "Hardsigmoid": (0.0, 1.0)}


@dataclass(frozen=True)
class Histogram:
    """How many numbers fell into each of equally wide parts of the range from `low` to `high`."""

    low: float
    high: float
    counts: tuple[int, ...]

    @classmethod
    def of(cls, numbers: np.ndarray) -> Histogram:
        """Of the finite ones among the numbers; of more than 10,000 numbers, of evenly spaced ones.

        >>> Histogram.of(np.array([0.0, 1.0, 1.0, np.nan])).counts[-1]
        2
        """
        flat = numbers.reshape(-1)
        few = flat[:: max(1, -(-flat.size // _COUNTED))]
        finite = few[np.isfinite(few)].astype(np.float64)
        if not finite.size:
            return cls(0.0, 0.0, (0,) * _BINS)
        counts, edges = np.histogram(finite, _BINS, span_of(finite))
        return cls(float(edges[0]), float(edges[-1]), tuple(counts.tolist()))


def span_of(numbers: np.ndarray) -> tuple[float, float]:
    """From the lowest to the highest of some finite numbers, or more where they are too alike to be told apart.

    >>> span_of(np.array([1e20, 1e20]))[1] > 1e20
    True
    """
    low, high = float(numbers.min()), float(numbers.max())
    size = max(abs(low), abs(high))
    if high - low > 1e-9 * size:
        return low, high
    room = 1e-6 * size or 0.5  # edges need numbers between them
    return low - room, high + room


@dataclass(frozen=True)
class LayerActivity:
    """What a layer without layers inside said to the examples of a look."""

    name: str  # dotted, as in named_modules
    kind: str  # its class
    units: int
    mean: float
    std: float
    dead: int  # units of a rectifier that are 0 for every example
    saturated: int  # units of a bounded layer that are at an end of their range for 9 of 10 examples
    histogram: Histogram


@dataclass(frozen=True)
class ParameterActivity:
    """The weights and the gradient of one parameter; `update` is |change| / |weights| of one step, if it was seen."""

    name: str
    shape: tuple[int, ...]
    std: float
    norm: float
    gradient_norm: float
    gradient_rms: float  # the typical size of one number: norms of layers of different sizes compare badly
    histogram: Histogram  # of the gradient
    update: float | None = None


@dataclass(frozen=True)
class Look:
    """One look into a network."""

    step: int
    epoch: float
    loss: float
    layers: tuple[LayerActivity, ...]
    parameters: tuple[ParameterActivity, ...]

    @property
    def weights(self) -> list[ParameterActivity]:
        """The parameters of more than one axis: the matrices, first layer first."""
        return [p for p in self.parameters if len(p.shape) > 1]

    @property
    def gradient_norm(self) -> float:
        """The length of all gradients together."""
        return math.hypot(*(p.gradient_norm for p in self.parameters))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Look:
        """The look that `as_dict` described; numbers that were not finite have become NaN.

        Raises KeyError, TypeError or ValueError for values that describe none.
        """
        layers = tuple(_read(LayerActivity, v) for v in _typed(values["layers"], list))
        parameters = tuple(_read(ParameterActivity, v) for v in _typed(values["parameters"], list))
        return cls(_whole(values["step"]), _number(values["epoch"]), _number(values["loss"]), layers, parameters)


def _read(kind: Any, values: Any) -> Any:
    """A dataclass of plain values, each read by the kind of its field."""
    given = _typed(values, dict)
    found = {f.name: _READ[f.type](given[f.name]) for f in fields(kind)}
    if set(given) != set(found):
        raise ValueError(f"unknown {sorted(set(given) - set(found))}")
    return kind(**found)


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} is no {kind.__name__}")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) > _MOST:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    return float(value) if type(value) is float else float(_whole(value))


def _several(value: Any) -> tuple[int, ...]:
    return tuple(map(_whole, _typed(value, list)))


_MOST = 1 << 62
_READ: dict[Any, Callable[[Any], Any]] = {
    "str": lambda v: _typed(v, str),
    "int": _whole,
    "float": _number,
    "float | None": lambda v: None if v is None else _number(v),
    "tuple[int, ...]": _several,
    "Histogram": lambda v: _read(Histogram, v),
}


# ---- looking ------------------------------------------------------------------------------------------------------


def probe(model: nn.Module, loss: LossFunction, x: Tensor, y: Tensor, step: int = 0, epoch: float = 0.0) -> Look:
    """Look into a network: one forward and one backward pass of a copy over the examples x with targets y.

    >>> import glassnet as torch
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> _ = nn.init.zeros_(model[0].weight), nn.init.constant_(model[0].bias, -1.0)
    >>> look = probe(model, nn.functional.mse_loss, torch.ones(5, 2), torch.ones(5, 1))
    >>> [(layer.name, layer.kind, layer.dead) for layer in look.layers]
    [('0', 'Linear', 0), ('1', 'ReLU', 3), ('2', 'Linear', 0)]
    """
    twin = copy.deepcopy(model)
    said: list[LayerActivity] = []
    for name, module in twin.named_modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(_listener(name, said))
    for p in twin.parameters():
        p.grad = None
    with fork_rng(), enable_grad():
        value = loss(twin(x), y)
        if value.needs_grad:
            value.backward()
    parameters = tuple(_parameter(name, p) for name, p in twin.named_parameters())
    return Look(step, epoch, float(value.array), tuple(said), parameters)


def _listener(name: str, said: list[LayerActivity]) -> Callable[[nn.Module, Any, Any], None]:
    def listen(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.array.dtype.kind == "f" and output.array.ndim:
            said.append(_layer(name, type(module).__name__, output.array))

    return listen


def _layer(name: str, kind: str, out: np.ndarray) -> LayerActivity:
    rows = by_unit(out)
    dead = int((rows == 0).all(axis=0).sum()) if kind in RECTIFIERS else 0
    with np.errstate(all="ignore"):
        mean, std = float(rows.mean(dtype=np.float64)), float(rows.std(dtype=np.float64))
    return LayerActivity(name, kind, rows.shape[1], mean, std, dead, _saturated(kind, rows), Histogram.of(rows))


def by_unit(out: np.ndarray) -> np.ndarray:
    """Outputs as `(examples, units)`: a convolution's unit is a channel, seen at every place of the image."""
    if out.ndim == 4:
        out = np.moveaxis(out, 1, -1)  # (n, height, width, channels)
    return out.reshape(-1, out.shape[-1]) if out.ndim else out.reshape(1, 1)


def _saturated(kind: str, rows: np.ndarray) -> int:
    if kind not in BOUNDED:
        return 0
    low, high = BOUNDED[kind]
    near = NEAR * (high - low) / 2
    at_end = (rows < low + near) | (rows > high - near)
    return int((at_end.mean(axis=0) >= SATURATED_SHARE).sum())


def _parameter(name: str, p: Tensor) -> ParameterActivity:
    w = p.array
    g = np.zeros_like(w) if p.grad is None else p.grad.array
    with np.errstate(all="ignore"):
        length, std, norm = _length(g), float(w.std(dtype=np.float64)), _length(w)
    rms = length / math.sqrt(max(1, g.size))
    return ParameterActivity(name, w.shape, std, norm, length, rms, Histogram.of(g))


# ---- updates ------------------------------------------------------------------------------------------------------


class Weights:
    """The weights at one moment, to see by how much a step changes them.

    >>> import glassnet as torch
    >>> model = nn.Linear(1, 1, bias=False)
    >>> before = Weights(model)
    >>> with torch.no_grad():
    ...     _ = model.weight.mul_(0.5)
    >>> before.changes()
    {'weight': 0.5}
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self._before = {name: p.array.copy() for name, p in model.named_parameters()}

    def changes(self) -> dict[str, float]:
        """|change| / |weights before| of every parameter that is not all zeros."""
        return relative_changes(self._before, self.model)

    def put_back(self) -> None:
        """Undo what has happened to the weights since."""
        for name, p in self.model.named_parameters():
            np.copyto(p.array, self._before[name])


def relative_changes(before: Mapping[str, np.ndarray], model: nn.Module) -> dict[str, float]:
    """|change| / |weights before| of every parameter of a model that was not all zeros before."""
    now = dict(model.named_parameters())
    with np.errstate(all="ignore"):  # a length may be infinite, and is said to be so
        lengths = {name: (_length(now[name].array - w), _length(w)) for name, w in before.items()}
    return {name: change / size for name, (change, size) in lengths.items() if size}


def _length(a: np.ndarray) -> float:
    """√Σa²; in float64 only where float32 has no room for the squares."""
    flat = a.reshape(-1)
    square = float(flat.dot(flat))
    return math.sqrt(square) if math.isfinite(square) else float(np.linalg.norm(flat.astype(np.float64)))


def with_updates(look: Look, changes: dict[str, float]) -> Look:
    """The look with the update-to-weight ratios that a step has shown."""
    parameters = tuple(
        ParameterActivity(**{**vars(p), "update": changes.get(p.name, p.update)}) for p in look.parameters
    )
    return Look(look.step, look.epoch, look.loss, look.layers, parameters)


# ---- keeping ------------------------------------------------------------------------------------------------------


@dataclass
class Activity:
    """Looks in the order in which they were taken; in a run folder, one line of `activity.jsonl` each."""

    looks: list[Look] = field(default_factory=list)

    def __iter__(self) -> Iterator[Look]:
        return iter(self.looks)

    def __len__(self) -> int:
        return len(self.looks)

    def write(self, folder: StrPath) -> None:
        """Write all of them, in one stroke."""
        lines = (strict_json.dumps(look.as_dict(), indent=None, sort_keys=False, non_finite="null") for look in self)
        write_atomic(os.path.join(os.fspath(folder), ACTIVITY), "".join(lines).encode())

    @classmethod
    def read(cls, folder: StrPath) -> Self | None:
        """Those in a run folder; None where there are none.

        Raises `FormatError`, which names the line, for a file that is not what it claims to be.
        """
        path = os.path.join(os.fspath(folder), ACTIVITY)
        if not os.path.exists(path):
            return None
        return cls(list(_looks(read_bounded(path, _MOST_BYTES).splitlines(), shown(path))))


def _looks(lines: Iterable[bytes], file: str) -> Iterator[Look]:
    for number, line in enumerate(lines, 1):
        values = strict_json.loads(line, source=f"{file}, line {number}")
        try:
            yield Look.from_dict(values)
        except (KeyError, TypeError, ValueError, AttributeError):
            got = f"{file}, line {number}: got {values!r:.60}"
            expected = "expected step, epoch, loss, layers and parameters"
            raise FormatError(complain(got, expected, "Try removing the file: it only tells the story")) from None
