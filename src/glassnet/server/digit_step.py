"""One step of descent on one image, moment by moment: forward to the loss, backward to the pixels, and what it changes.

What is shown is the engine's own tape: each layer's output keeps its gradient, so the slopes are those of training. The
step is made by a copy of the network; the one that learns stays as it is.
"""

from __future__ import annotations

import base64
import copy
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from glassnet import nn, optim
from glassnet.core.mode import enable_grad, no_grad
from glassnet.core.tape import retain_grad
from glassnet.core.tensor import Tensor, wrap
from glassnet.nn import functional
from glassnet.server.digits_reports import DigitsMoment, DigitsStep
from glassnet.train.evaluation import softmax
from glassnet.train.preparation import Preparation

_MOST_VALUES = 4096  # of a layer that are shown
_WEIGHS = (nn.Linear, nn.Conv2d)
_HIGH = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Said(NamedTuple):
    """What one layer says to the image. `place` counts the figures from the pixels (0) to the scores."""

    layer: nn.Module
    came: Tensor
    value: Tensor
    place: int

    @property
    def slopes(self) -> np.ndarray:
        """How the loss answers to each number of it."""
        return _row(self.value.grad)


def step_on(
    model: nn.Module, prepare: Preparation, image: np.ndarray, label: int, rate: float, classes: Sequence[str]
) -> DigitsStep:
    """What a step of plain descent on this image alone would do, were it a `label`; `rate` times the slopes."""
    model = copy.deepcopy(model)
    model.eval()
    x = wrap(prepare(image[None]))
    target = wrap(np.array([label]))
    x.requires_grad_(True)
    with enable_grad():
        said = list(said_by(model, x))
        loss = functional.cross_entropy(said[-1].value, target)
        loss.backward()
    before = float(loss.array)
    names = [classes[i] if i < len(classes) else str(i) for i in range(said[-1].value.array.shape[1])]
    teller = _Teller(said, names, label, before)
    ink = _row(x.grad) * np.asarray(prepare.scale, np.float32).reshape(-1)
    moments = [*teller.forward(image), *teller.backward(ink), *teller.update(model, rate)]
    with np.errstate(all="ignore"):  # at a huge rate numbers overflow: that is what there is to see
        optim.SGD(model.parameters(), lr=rate).step()
        with no_grad():
            scores = model(wrap(prepare(image[None])))
            after = float(functional.cross_entropy(scores, target).array)
        then = softmax(scores.array.astype(np.float64))[0]
    return DigitsStep(label, rate, before, after, teller.chances.tolist(), then.tolist(), moments)


def said_by(model: nn.Module, x: Tensor) -> Iterator[Said]:
    """What a network says to examples, layer by layer; one that only passes numbers on has nothing to say."""
    layers, value, place = list(model.children()), x, 1
    for i, layer in enumerate(layers):
        came, value = value, layer(value)
        if value is came or isinstance(layer, nn.Flatten | nn.Unflatten | nn.Dropout):
            continue
        retain_grad(value)
        yield Said(layer, came, value, place)
        follows = layers[i + 1] if i + 1 < len(layers) else None
        if follows is None or isinstance(follows, (*_WEIGHS, nn.Dropout, nn.Flatten)):
            place += 1


class _Teller:
    """Words and pictures for each moment."""

    def __init__(self, said: list[Said], names: list[str], label: int, loss: float) -> None:
        self.said, self.names, self.label, self.loss = said, names, label, loss
        self.chances = softmax(said[-1].value.array.astype(np.float64))[0]

    def forward(self, image: np.ndarray) -> Iterator[DigitsMoment]:
        """From the pixels to the loss."""
        inked = int(np.count_nonzero(image))
        says = f"{image.size} pixels go in, {inked} of them with ink."
        yield _moment("forward", "the pixels", says, "", 0, "pixels", image.reshape(-1) / 255)
        for said in self.said[:-1]:
            name = _name_of(said, self.said)
            yield _moment("forward", name, *_forward_words(said), said.place, "units", _row(said.value))
        last, scores = self.said[-1], _row(self.said[-1].value)
        says = f"One score for each class; the largest is that of {self.names[int(scores.argmax())]}."
        yield _moment("forward", "the scores", says, _rule_of(last), last.place, "classes", scores)
        own = f"{_figure(self.chances[self.label], 3)}"
        says = f"The scores as probabilities: {own} for {self.names[self.label]}."
        rule = "softmax: e to the score, divided by the sum of them all"
        yield _moment("loss", "softmax", says, rule, last.place, "classes", self.chances)
        says = f"loss = −ln p({self.names[self.label]}) = −ln {own} = {_figure(self.loss, 4)}"
        rule = "cross-entropy: the less likely the right answer, the larger"
        yield _moment("loss", "the loss", says, rule, None, "one", np.array([self.loss]))

    def backward(self, ink: np.ndarray) -> Iterator[DigitsMoment]:
        """From the loss to the pixels; `ink` is the slope by each pixel's ink."""
        last = self.said[-1]
        own = last.slopes[self.label]
        says = f"Slope by each score: p − 1 = {_figure(own, 3)} for {self.names[self.label]}, p for the others."
        says += _weights_words(last)
        yield _moment("backward", "at the scores", says, "softmax and −ln together", last.place, "classes", last.slopes)
        for after, said in zip(self.said[::-1], self.said[-2::-1], strict=False):
            name = f"at {_name_of(said, self.said)}"
            words = _size_words(said.slopes) + _weights_words(said)
            rule = _back_rule(after)
            yield _moment("backward", name, words, rule, said.place, "units", said.slopes)
        says = f"More ink in a blue pixel would make the loss grow, in an amber one shrink; {_size_words(ink)}"
        yield _moment("backward", "at the pixels", says, _back_rule(self.said[0]), 0, "pixels", ink)

    def update(self, model: nn.Module, rate: float) -> Iterator[DigitsMoment]:
        """The step itself, layer by layer."""
        for said in self.said:
            weight, slopes = _weight_of(said.layer)
            if weight is None:
                continue
            moved, size = rate * _length(slopes), _length(weight)
            part = 100 * moved / size if size else math.inf
            share = f"{_figure(part, 2)} % of their length" if part < 10 else f"{part:,.0f} % of their length"
            says = f"The weights move by {_figure(moved, 3)}, {share}."
            name = f"the weights into {_name_of(said, self.said, whole=True)}"
            rule = f"w − {rate:g} · slope of the loss by w"
            yield _moment("update", name, says, rule, said.place, "none", np.zeros(0))


def _forward_words(said: Said) -> tuple[str, str]:
    row = _row(said.value)
    if isinstance(said.layer, _WEIGHS):
        return (
            f"{row.size} sums; the largest is {_figure(row.max(), 3)}, the smallest {_figure(row.min(), 3)}.",
            _rule_of(said),
        )
    silent = int(np.count_nonzero(row == 0))
    some = f"{silent} of {row.size} are 0 now" if silent else f"{int((row > 0).sum())} of {row.size} are positive"
    return f"{some}; the largest is {_figure(row.max(), 3)}.", f"{_kind(said)} of each number"


def _rule_of(said: Said) -> str:
    if isinstance(said.layer, nn.Linear):
        return f"weights · the {said.came.array.shape[-1]} numbers before + bias"
    return f"{_kind(said)} of what came before"


def _back_rule(after: Said) -> str:
    """How slopes pass back through a layer."""
    if isinstance(after.layer, _WEIGHS):
        return "each slope behind, times the weight that leads to it, summed: the same weights, read backward"
    if isinstance(after.layer, nn.ReLU):
        return "ReLU lets a slope through where its sum is positive, and stops it elsewhere"
    return f"each slope behind, times the slope of {_kind(after)} at that number"


def _weights_words(said: Said) -> str:
    _, slopes = _weight_of(said.layer)
    return (
        ""
        if slopes is None
        else f" Slopes of the weights into it: slope × what came in, of length {_figure(_length(slopes), 3)}."
    )


def _weight_of(layer: nn.Module) -> tuple[np.ndarray | None, np.ndarray | None]:
    weight = next((p for name, p in layer.named_parameters() if name == "weight"), None)
    if weight is None or weight.grad is None:
        return None, None
    return weight.array, weight.grad.array


def _size_words(slopes: np.ndarray) -> str:
    stopped = int(np.count_nonzero(slopes == 0))
    words = f"the largest slope is {_figure(np.abs(slopes).max(initial=0.0), 3)}"
    return f"{words}, {stopped} of {slopes.size} are 0." if stopped else f"{words}."


def _name_of(said: Said, all: Sequence[Said], whole: bool = False) -> str:
    if said.place == all[-1].place:
        return "the scores"
    if whole:
        return f"layer {said.place}"
    return f"layer {said.place}, {'sums' if isinstance(said.layer, _WEIGHS) else _kind(said)}"


def _kind(said: Said) -> str:
    return type(said.layer).__name__


def _length(array: np.ndarray | None) -> float:
    return 0.0 if array is None else math.sqrt(float(np.vdot(array, array)))


def _row(value: Tensor | None) -> np.ndarray:
    assert value is not None
    return value.array.reshape(-1)


def _figure(value: float, digits: int) -> str:
    """A number with so many digits, and powers of ten as one writes them.

    >>> _figure(0.000012, 2), _figure(-12.5, 3), _figure(6e22, 3)
    ('1.2·10⁻⁵', '−12.5', '6·10²²')
    """
    number, e, power = f"{value:.{digits}g}".replace("-", "−").partition("e")
    return f"{number}·10{power.lstrip('+').replace('−0', '−').lstrip('0').translate(_HIGH)}" if e else number


def _moment(
    phase: str, name: str, says: str, rule: str, place: int | None, picture: str, values: np.ndarray
) -> DigitsMoment:
    shown = values[:_MOST_VALUES].astype("<f4")
    packed = base64.b64encode(np.ascontiguousarray(shown).tobytes()).decode()
    says = says[:1].upper() + says[1:]
    return DigitsMoment(phase, name, says, rule, place, picture, packed)  # type: ignore[arg-type]
