"""Tests on what goes on inside the layers. Each returns what it has seen, or None."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from glassnet.train.activity import Look, ParameterActivity
from glassnet.train.doctor.case import Case
from glassnet.train.doctor.finding import Seen

UNITS = 0.4  # share of a layer's units that may be dead or saturated
GRADIENTS = (1e-3, 1e3)  # typical gradient of the first layer / of the last
LONGEST_GRADIENT = 1e3  # all gradients together
UPDATES = (1e-4, 1e-2)  # |change| / |weights| of one step
LEARNT = 0.5  # of the first epoch's loss: whoever came below it has got somewhere, and steps grow small near the end


def _units(case: Case, word: str, meaning: str, last_counts: bool) -> Seen | None:
    """The layers in which more than UNITS of the units are dead, or saturated."""
    look = _last(case)
    layers = look.layers if last_counts else look.layers[:-1]
    bad = [(layer, getattr(layer, word)) for layer in layers if getattr(layer, word) > UNITS * layer.units]
    if not bad:
        return None
    counts = ", ".join(f"{count} of {layer.units} in layer `{layer.name}` ({layer.kind})" for layer, count in bad)
    layer, count = max(bad, key=lambda pair: pair[1] / max(1, pair[0].units))
    headline = f"{count / max(1, layer.units):.0%} of the units of layer `{layer.name}` are {word}"
    return Seen(headline, f"units that {meaning}: {counts}", {layer.name: count for layer, count in bad})


def _last(case: Case) -> Look:
    if case.last is None:
        raise LookupError("no look")
    return case.last


def dead(case: Case) -> Seen | None:
    """Units that are 0 for every example."""
    return _units(case, "dead", "are 0 for every example", last_counts=True)


def saturated(case: Case) -> Seen | None:
    """Units at the flat ends of tanh or sigmoid."""
    # at the output a sigmoid at its end is simply sure of its answer
    return _units(case, "saturated", "sit at the flat end of their range for 9 of 10 examples", last_counts=False)


def _flow(case: Case) -> tuple[ParameterActivity, ParameterActivity, float] | None:
    """First and last weights, and the ratio of their typical gradients."""
    weights = _last(case).weights
    if len(weights) < 2 or not weights[-1].gradient_rms > 0:
        return None
    return weights[0], weights[-1], weights[0].gradient_rms / weights[-1].gradient_rms


def vanishing(case: Case) -> Seen | None:
    """Gradients that shrink on their way back."""
    flow = _flow(case)
    if flow is None or flow[2] >= GRADIENTS[0]:
        return None
    first, last, ratio = flow
    text = (
        f"typical gradient {first.gradient_rms:.1e} in `{first.name}` and {last.gradient_rms:.1e} in `{last.name}`: "
        f"1 to {last.gradient_rms / max(first.gradient_rms, 1e-300):,.0f}"
    )
    return Seen(f"gradients vanish on their way to `{first.name}`", text, {"ratio": ratio, "layer": first.name})


def exploding(case: Case) -> Seen | None:
    """Gradients that are far too long."""
    flow, length = _flow(case), _last(case).gradient_norm
    ratio = flow[2] if flow else 1.0
    if not (ratio > GRADIENTS[1] or length > LONGEST_GRADIENT or not math.isfinite(length)):
        return None
    worst = max(_last(case).parameters, key=lambda p: p.gradient_norm)
    text = f"all gradients together have length {length:,.1f}; the longest is that of `{worst.name}`: " + (
        f"{worst.gradient_norm:,.1f}"
    )
    return Seen("gradients explode", text, {"length": length, "layer": worst.name})


def update_ratios(case: Case) -> dict[str, list[float]]:
    """The update-to-weight ratios of every weight matrix, of the later half of the looks.

    The first steps of a training are larger than those that do the learning, and the very first says nothing at all:
    a warm-up begins it at a rate of 0.
    """
    seen: dict[str, list[float]] = {}
    looks = [look for look in case.looks or () if look.step and any(p.update is not None for p in look.weights)]
    for look in looks[len(looks) // 2 :]:
        for p in look.weights:
            if p.update is not None and math.isfinite(p.update):
                seen.setdefault(p.name, []).append(p.update)
    return seen


def _typical_updates(case: Case) -> dict[str, float]:
    """The middle one of each."""
    return {name: float(np.median(values)) for name, values in update_ratios(case).items()}


def _updates(case: Case, outside: Callable[[float], bool], word: str, factor: float) -> Seen | None:
    bad = {name: value for name, value in _typical_updates(case).items() if outside(value)}
    if not bad:
        return None
    each = ", ".join(f"{value:.1e} in `{name}`" for name, value in bad.items())
    text = f"a step changes the weights by this share of themselves: {each}; usual is {UPDATES[0]:g} to {UPDATES[1]:g}"
    figures = {"updates": bad, "rate": (case.rate or 0.0) * factor}
    return Seen(f"updates are {word} for the weights", text, figures)


def small_updates(case: Case) -> Seen | None:
    """Steps that hardly change the weights, unless all that there was to learn has been learnt."""
    if case.learning and case.learning[-1].loss < LEARNT * case.learning[0].loss:
        return None
    return _updates(case, lambda ratio: ratio < UPDATES[0], "too small", 10.0)


def large_updates(case: Case) -> Seen | None:
    """Steps that change the weights too much."""
    return _updates(case, lambda ratio: ratio > UPDATES[1], "too large", 0.1)


def twins(case: Case) -> Seen | None:
    """Layers whose units all start alike."""
    if not case.twins:
        return None
    name, units, first, second = case.twins[0]
    a, b = (", ".join(f"{v:.4g}" for v in row) for row in (first, second))
    text = f"the {units} units of `{name}` have the same weights and the same gradient: [{a}, …] and [{b}, …]"
    return Seen(f"all units of `{name}` are one and the same", text, {"layer": name, "units": units})
