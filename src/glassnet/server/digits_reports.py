"""What the room of digits says to the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from glassnet.server.reports import Report


@dataclass(frozen=True)
class DigitsLayer:
    """A layer of the digits' network."""

    name: str
    units: int


@dataclass(frozen=True)
class DigitsState(Report):
    """How the training on digits stands; several times a second while it runs."""

    running: bool
    done: bool
    epoch: float
    epochs: int
    step: int
    steps: int
    loss: float | None
    accuracy: float | None  # of the latest batches
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    images_per_second: float
    parameters: int
    layers: list[DigitsLayer]
    classes: list[str]
    model: str | None  # the name of the saved model that was opened
    curve: list[list[float | None]]  # [epoch, loss, accuracy] since the last report; [0, …] first begins a new curve
    tests: list[list[float]]  # [epoch, test loss, test accuracy], all of them
    confusion: list[list[int]] | None = None
    why: str = ""  # it stopped by itself
    id: int | None = None


@dataclass(frozen=True)
class DigitsActivations:
    """What one layer says to an image; `values` is base64 of float32, a row of `units`."""

    name: str
    units: int
    values: str


@dataclass(frozen=True)
class DigitsPrediction(Report):
    """What the network says to an image, and why.

    `score` is the explained class's output before softmax. For these very activations the network is linear in the
    pixels up to one constant: `score = constant + Σ contributions`, with contribution = pixel × slope. The sums are
    exact to float64: `residue` is what is left of the equation when it is added up.
    """

    image: str  # base64 of height * width bytes: what the network sees
    width: int
    height: int
    done: list[str]  # what was done to the drawing, in words
    probabilities: list[float]
    top: list[int]  # classes, most probable first
    label: int | None  # what it really is, if it is a test image
    layers: list[DigitsActivations]
    explained: int
    score: float
    constant: float
    contributions: str  # base64 of float32, height * width
    slopes: str  # base64 of float32: how the score would answer to each pixel
    residue: float
    exact: bool  # whether every activation is piecewise linear, so that slope × input + constant is the function itself
    id: int | None = None


@dataclass(frozen=True)
class DigitsMoment:
    """A moment of a step: what is computed, in words, and its numbers.

    `place` counts the figures of the room: 0 the pixels, then what each layer says, the scores last.
    """

    phase: Literal["forward", "loss", "backward", "update"]
    name: str
    says: str
    rule: str  # why, in words
    place: int | None
    picture: Literal["pixels", "units", "classes", "one", "none"]  # how the numbers are best seen
    values: str  # base64 of float32; forward the numbers themselves, backward the slopes of the loss by them


@dataclass(frozen=True)
class DigitsStep(Report):
    """What one step of descent on one image would do, were its label the right answer. Nothing is changed by it."""

    label: int
    rate: float
    loss: float
    loss_after: float | None
    before: list[float]  # probabilities
    after: list[float]
    moments: list[DigitsMoment]
    id: int | None = None


@dataclass(frozen=True)
class DigitsFeatureReport(Report):
    """The slopes of a layer's sums by the pixels, on average over `images` test images, for each neuron an image.

    `pixels` is base64 of int8 `(units, height, width)`: slope = number * scale / 127 with the neuron's own scale.
    """

    layer: int
    units: int
    width: int
    height: int
    images: int
    scales: list[float]
    pixels: str
    id: int | None = None


@dataclass(frozen=True)
class DigitsMistake:
    """A test image, what it is, and what it was taken for."""

    index: int
    label: int
    said: int
    certainty: float
    image: str


@dataclass(frozen=True)
class DigitsGallery(Report):
    """Mistakes, `offset` to `offset + len(items)` of `total`."""

    total: int
    offset: int
    width: int
    height: int
    items: list[DigitsMistake]
    id: int | None = None


@dataclass(frozen=True)
class DigitsModel:
    """A saved model that can be opened."""

    name: str
    about: str
    modified: float


@dataclass(frozen=True)
class DigitsModelList(Report):
    """The saved models, the newest first."""

    models: list[DigitsModel]
    folder: str
    id: int | None = None
