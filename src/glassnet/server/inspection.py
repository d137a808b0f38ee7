"""Every number behind a unit or a weight, and how weights are spread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.core.mode import enable_grad, no_grad
from glassnet.core.tensor import wrap
from glassnet.server import network
from glassnet.server import points as drawn
from glassnet.server.course import Course
from glassnet.server.formula import Formula
from glassnet.server.learner import Learner
from glassnet.server.properties import INITS
from glassnet.server.reports import HistogramReport, Inspection, Spread, Term

_LINE, _SHORT_LINE = 65, 17
_BINS = 20


def inspect(
    learner: Learner,
    course: Course,
    formulas: Sequence[Formula],
    layer: int,
    unit: int,
    source: int | None,
    line: bool,
    at: Sequence[float] | None,
) -> Inspection:
    """All that goes into unit `unit` of layer `layer` at a place, or at the mean of the training points' inputs."""
    x = _inputs(course, formulas, at)
    sums, outputs = passed(learner, x)
    if layer == 0:
        value = float(x[0, unit] * learner.keep[0][unit])
        name = formulas[unit].text
        return Inspection(0, unit, name, "input", _place(at), [], None, None, _plain(value), _plain(value), 1.0)
    here = learner.layers[layer - 1]
    entering = x * learner.keep[0] if layer == 1 else outputs[layer - 2]
    held = learner.held[2 * (layer - 1)]
    weight, bias = here.weight.array[unit], float(here.bias.array[unit])
    slopes = _gradient(learner, 2 * (layer - 1))[unit]
    names = [f.text for f in formulas] if layer == 1 else [f"h{layer - 1},{k + 1}" for k in range(len(weight))]
    terms = [
        Term(names[k], _plain(w), _plain(x), _plain(w * x), _plain(slopes[k]), bool(held[unit, k]))
        for k, (w, x) in enumerate(zip(weight.tolist(), entering[0].tolist(), strict=True))
    ]
    z, o = float(sums[layer - 1][0, unit]), float(outputs[layer - 1][0, unit])
    values, losses, slope = _line(learner, course, layer, unit, source) if line else ([], [], None)
    last = layer == len(learner.layers)
    return Inspection(
        layer, unit, f"h{layer},{unit + 1}" if not last else "output",
        learner.head.output if last else learner.names[layer - 1], _place(at), terms, _plain(bias),
        _plain(_gradient(learner, 2 * layer - 1)[unit]), _plain(z), _plain(o), _slope(learner, layer, z), source,
        _memory(learner, layer, unit, source), values, losses, slope,
    )  # fmt: skip


def _place(at: Sequence[float] | None) -> list[float] | None:
    return None if at is None else list(at)


def _plain(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _inputs(course: Course, formulas: Sequence[Formula], at: Sequence[float] | None) -> np.ndarray:
    if at is not None:
        return drawn.features_of(formulas, np.array([at[: course.points.dimensions]], np.float64))
    return course.x.mean(axis=0, keepdims=True) if len(course.x) else np.zeros((1, len(formulas)))


def passed(learner: Learner, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The sums and outputs of every layer for examples `(n, features)`."""
    keep = [wrap(k) for k in learner.keep]
    with no_grad():
        sums, outputs = network.forward(learner.parameters, learner.acts, wrap(x), keep)
    return [z.array for z in sums], [a.array for a in outputs]


def _gradient(learner: Learner, parameter: int) -> np.ndarray:
    """The latest gradient of one parameter."""
    p = learner.parameters[parameter]
    at = sum(q.array.size for q in learner.parameters[:parameter])
    return learner.gradients[at : at + p.array.size].reshape(p.array.shape)


def _slope(learner: Learner, layer: int, z: float) -> float | None:
    """The derivative of the unit's activation at its sum."""
    if layer == len(learner.layers) and learner.head.output == "softmax":
        return None
    x = wrap(np.array([z]))
    x.requires_grad_(True)
    with enable_grad():
        learner.acts[layer - 1](x).sum().backward()
    return _plain(x.grad.array[0]) if x.grad is not None else 0.0


def _index(learner: Learner, layer: int, unit: int, source: int | None) -> tuple[int, int]:
    """The parameter, and the place in it laid flat."""
    if source is None:
        return 2 * layer - 1, unit
    return 2 * (layer - 1), unit * learner.layers[layer - 1].shape[1] + source


def _memory(learner: Learner, layer: int, unit: int, source: int | None) -> dict[str, float | None]:
    parameter, place = _index(learner, layer, unit, source)
    place += sum(p.array.size for p in learner.parameters[:parameter])
    rows = learner.memory()
    keys = learner.memory_names
    return {
        f"{word} ({key})": _plain(row[place]) for word, key, row in zip(learner.memory_words, keys, rows, strict=True)
    }


def _line(
    learner: Learner, course: Course, layer: int, unit: int, source: int | None
) -> tuple[list[float], list[float | None], float | None]:
    """The training loss along one weight, and its derivative here, both over all training points."""
    parameter, place = _index(learner, layer, unit, source)
    flat = learner.parameters[parameter].array.reshape(-1)
    now = float(flat[place])
    work = len(course.x) * sum(p.array.size for p in learner.parameters)
    values = now + max(1.0, abs(now)) * 2 * np.linspace(-1, 1, _LINE if work < 2_000_000 else _SHORT_LINE)
    losses = []
    for value in values:
        flat[place] = value
        losses.append(_plain(learner.judge(*course.train)[0]))
    flat[place] = now
    return values.tolist(), losses, _derivative(learner, course, parameter, place)


def _derivative(learner: Learner, course: Course, parameter: int, place: int) -> float | None:
    """Of the training loss with its penalties, by the tape."""
    if not learner.has_tape:
        return None
    before = [p.grad for p in learner.parameters]
    learner.measure(*course.train)
    grad = learner.parameters[parameter].grad
    slope = None if grad is None else _plain(grad.array.reshape(-1)[place])
    for p, g in zip(learner.parameters, before, strict=True):
        p.grad = g
    return slope


def histogram(
    learner: Learner, course: Course, state: Mapping[str, Any], inits: bool, id: int | None
) -> HistogramReport:
    """How the weights and activations of each layer are spread, and weights with each way to start them."""
    now = [_spread(i, layer.weight.array) for i, layer in enumerate(learner.layers, 1)]
    with np.errstate(all="ignore"):
        said = [_spread(i, outputs) for i, outputs in enumerate(passed(learner, course.x)[1], 1)]
    if not inits:
        return HistogramReport(now, said, {}, id)
    sizes = [learner.layers[0].shape[1], *(layer.shape[0] for layer in learner.layers)]
    starts = {name: network.made(sizes, name, 0.0, state["seed"]) for name in INITS}
    spreads = {
        name: [_spread(i, layer.weight.array) for i, layer in enumerate(layers, 1)] for name, layers in starts.items()
    }
    return HistogramReport(now, said, spreads, id)


def _spread(number: int, values: np.ndarray) -> Spread:
    finite = values[np.isfinite(values)]
    most = float(abs(finite).max(initial=0)) or 1.0
    counts, _ = np.histogram(finite, bins=_BINS, range=(-most, most))
    return Spread(number, -most, most, counts.tolist())
