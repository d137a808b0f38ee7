"""The figures of `probe RUN hidden`: how many examples a line parts, how much two directions hold, how much is 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.document import Document
from glassnet.read.formula import Symbol, over, plus, times
from glassnet.read.hidden import LayerView, hidden, linear_probe
from glassnet.train.stories.lines import percent, told, value
from glassnet.train.stories.subject import Subject

EXAMPLES = 500  # that `probe` looks at


def looked_at(subject: Subject, most: int = EXAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """The examples that `probe` looks at, as the network sees them, and their targets."""
    data = subject.data
    x, y = (data.x_test, data.y_test) if len(data.x_test) else (data.x_train, data.y_train)
    return subject.trained.prepare(np.ascontiguousarray(x[:most])), y[:most]


def _layers(subject: Subject) -> Iterator[LayerView]:
    """Every layer, or the one that was asked for."""
    seen = hidden(subject.trained.model, looked_at(subject)[0])
    last = len(seen.layers) - 1
    if subject.layer is not None and not 0 <= subject.layer <= last:
        got = f"got layer {subject.layer} of {last}"
        raise ValueRangeError(complain(got, f"expected 0 (the inputs) to {last}", f"Try {last}"))
    yield from seen.layers if subject.layer is None else [seen.layers[subject.layer]]


def _teller(title: str, tell: Callable[[Document, Subject, LayerView], None]) -> Callable[[Subject], Document]:
    def told_of_all(subject: Subject) -> Document:
        document = Document(title)
        for layer in _layers(subject):
            tell(document, subject, layer)
        return document

    return told_of_all


def _zeros(document: Document, subject: Subject, layer: LayerView) -> None:
    zero, size = int((layer.values == 0).sum()), layer.values.size
    n, units = layer.values.shape
    formula = over(value("z", zero, layer.number), times(value("n", n), value("u", units, layer.number)))
    words = f"layer {layer.number} ({layer.name}): its numbers that are 0, over examples times units"
    document.steps.append(told(words, Symbol("zeros", "", (layer.number,)), formula, zero / size))


def _directions(document: Document, subject: Subject, layer: LayerView) -> None:
    centred = layer.values - layer.values.mean(axis=0)
    along = np.linalg.svd(centred, compute_uv=False) ** 2 / len(centred)
    total = float((centred**2).sum() / len(centred))
    first = [value("v", v, i) for i, v in enumerate(along[:2].tolist(), 1)]
    share = float(along[:2].sum()) / total if total else 0.0
    words = (
        f"layer {layer.number} ({layer.name}): the variances along the two directions in which it varies most, over "
        f"that of all its {layer.units:,} units together (V)"
    )
    if not total:
        document.notes.append(f"Layer {layer.number} ({layer.name}): its numbers are the same for all examples.")
        return
    formula = over(plus(*first), value("V", total))
    document.steps.append(told(words, Symbol("share", "", (layer.number,)), formula, share))


def _parted(document: Document, subject: Subject, layer: LayerView) -> None:
    y = looked_at(subject)[1]
    if subject.trained.task != "classification":
        got = f"got a {subject.trained.task}"
        raise ValueRangeError(complain(got, "expected classes to part by a line", "Try directions"))
    h = layer.values
    probe = linear_probe(h, y)
    right = round(probe.accuracy * len(y))
    words = f"layer {layer.number} ({layer.name}): examples on the right side of the line that was fitted to all"
    formula = over(value("r", right, layer.number), value("n", len(y)))
    document.steps.append(told(words, Symbol("parted", "", (layer.number,)), formula, probe.accuracy))
    half = linear_probe(h[::2], y[::2])
    others = (h[1::2] @ half.weight.T + half.bias).argmax(axis=1) == y[1::2]
    words = "the same of every other example, for a line that was fitted to the rest"
    formula = over(value("r", others.sum(), layer.number), value("n", len(others)))
    document.steps.append(told(words, Symbol("unseen", "", (layer.number,)), formula, others.mean()))
    document.summary.append(f"Layer {layer.number} ({layer.name}): a line parts {percent(probe.accuracy)}.")


zeros = _teller("What is 0 in each layer", _zeros)
directions = _teller("How much two directions hold", _directions)
parted = _teller("What a line parts in each layer", _parted)
