"""The figure of `probe RUN folds`: how many linear regions there are, and which cuts they come from."""

from __future__ import annotations

from collections import Counter

import numpy as np

from glassnet import nn
from glassnet.core.mode import no_grad
from glassnet.core.tensor import wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.read.document import Document, Step
from glassnet.read.draw_chart import Box, spanned
from glassnet.read.folds import Folds, folds
from glassnet.read.formula import Formula, Number, Rest, Symbol, minus, over, plus, times
from glassnet.train.stories.lines import told, value
from glassnet.train.stories.subject import Subject
from glassnet.train.trained import Trained


def with_preparation(trained: Trained) -> nn.Sequential:
    """The network with a linear layer before it that prepares raw inputs."""
    first = nn.Linear(2, 2).double()
    scale = np.broadcast_to(trained.prepare.scale, (2,)).astype(np.float64)
    offset = np.broadcast_to(trained.prepare.offset, (2,)).astype(np.float64)
    with no_grad():
        first.weight.copy_(wrap(np.diag(scale)))
        if first.bias is not None:
            first.bias.copy_(wrap(offset.copy()))
    return nn.Sequential(first, *trained.model)


def box_of(x: np.ndarray) -> Box:
    """The part of the plane in which examples lie."""
    return spanned(x.reshape(len(x), 2).astype(np.float64))


def regions(subject: Subject) -> Document:
    """How many linear regions: the box is one, and every piece that the line of a unit cuts in two is one more."""
    features = subject.trained.prepare.features
    if features != 2:
        got = f"got a network of {features:,} input{'s' * (features != 1)}"
        hint = f"Try glassnet probe {subject.path} folds, which counts along a line"
        raise ValueRangeError(complain(got, "expected 2, a plane", hint))
    data = subject.data
    found = folds(with_preparation(subject.trained), box_of(data.x_test if len(data.x_test) else data.x_train))
    document = Document("The linear regions", summary=[f"Linear regions: {found.count:,}."])
    document.steps = [_cuts_of(found, layer, subject.most) for layer in range(1, len(found.units) + 1)]
    terms = [value("c", float(step.result), layer) for layer, step in enumerate(document.steps, 1)]
    document.steps += _beside(found)
    words = "the box itself, and one more for every piece that was cut in two"
    document.steps.append(told(words, "regions", plus(Number(1.0), *terms), found.count))
    (x0, x1), (y0, y1) = found.box
    where = f"x1 from {x0:.4g} to {x1:.4g}, x2 from {y0:.4g} to {y1:.4g}".replace("-", "−")
    document.notes.append(f"Within the box of the test examples: {where}. `glassnet probe` takes another as --box.")
    return document


def _beside(found: Folds) -> list[Step]:
    """What `probe` says besides: how many functions there are on the pieces, and what one layer could reach."""
    n, alike = value("n", sum(found.units)), found.count - found.maps
    pairs = over(times(n, minus(n, Number(1.0))), Number(2.0))
    words = "the pieces, less those on which it is the same linear function as on another"
    return [
        told("so many pieces n lines can make: one, one more for each line, and one more where two of them cross",
             "most", plus(Number(1.0), n, pairs), found.most),
        told(words, "maps", minus(value("regions", found.count), value("alike", alike)), found.maps),
    ]  # fmt: skip


def _cuts_of(found: Folds, layer: int, most: int) -> Step:
    """How many pieces the lines of a layer cut in two: those of the units that cut most, and all others."""
    cuts = Counter(fold.unit for fold in found.folds if fold.layer == layer)
    shown = sorted(unit for unit, _ in cuts.most_common(most))
    terms: list[Formula] = [value("k", cuts[unit], unit) for unit in shown]
    if len(shown) < len(cuts):
        terms.append(Rest(len(cuts) - len(shown), float(cuts.total() - sum(cuts[unit] for unit in shown))))
    words = (
        f"layer {layer}: how many pieces, as the units before left them, the line of each unit (k) cuts in two; "
        f"{len(cuts):,} of its {found.units[layer - 1]:,} units have a line in the box"
    )
    formula = plus(*terms) if terms else Number(0.0)
    return told(words, Symbol("c", "", (layer,)), formula, cuts.total())
