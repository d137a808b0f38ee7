"""What a session says to the page: one dataclass for each report. `messages` writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What a session says."""


@dataclass(frozen=True)
class Welcome(Report):
    """The answer to `hello`. `resumed` says whether the session named was still there."""

    session: str
    resumed: bool
    protocol: int
    version: str
    limits: Json
    classroom: bool = False
    id: int | None = None


@dataclass(frozen=True)
class Done(Report):
    """A command was carried out, and there is nothing to say about it."""

    id: int | None = None


@dataclass(frozen=True)
class Refusal(Report):
    """A command was not carried out, in three beats. `field` is the setting at fault, `text` the whole sentence."""

    text: str
    got: str = ""
    expected: str = ""
    hint: str = ""
    field: str | None = None
    fatal: bool = False  # the connection ends
    id: int | None = None


@dataclass(frozen=True)
class UnitName:
    """A unit: where it is, its name, and the place of its heat map among a frame's `grids`, if it has one."""

    layer: int
    unit: int
    name: str
    grid: int | None


@dataclass(frozen=True)
class Block:
    """One array of a frame: `offset` is in bytes from the frame's start, a multiple of 8."""

    name: str
    dtype: Literal["i8", "u8", "u32", "f32", "f64"]
    shape: list[int]
    offset: int


@dataclass(frozen=True)
class Layout(Report):
    """How the binary frames that carry this number are to be read; sent again whenever the network changes.

    `sizes` is the number of units in each layer, inputs and outputs included. Each layer after the first has its
    weights `(units, sources)`, then its biases, in the block `weights`, in `gradients`, and in each row of `memory`.
    """

    layout: int
    sizes: list[int]
    units: list[UnitName]
    activations: list[str]  # of layers 1 to the last
    loss: str
    memory: list[str]  # what the optimiser remembers of each weight
    blocks: list[Block]
    size: int  # bytes of the frame without its curve
    resolution: int  # points along each side of `output`
    grid_resolution: int  # of `grids`; less in a large network
    domain: list[float]  # the least and the greatest x1 and x2 of a heat map
    outputs: list[str]  # what each output stands for: classes, or the name of a height
    dimensions: int  # of the data: 2 is a plane, 1 a curve


@dataclass(frozen=True)
class StateReport(Report):
    """Everything that is set, and what can be done. Sent after every change."""

    state: Json
    running: bool
    task: Literal["classification", "regression"]
    classes: list[str]
    epoch: float
    step: int
    can_undo: bool
    can_redo: bool
    frozen: list[list[int]]  # [layer, unit, source], source -1 for the bias
    ablated: list[list[int]]  # [layer, unit]
    edited: bool  # whether weights or points were changed by hand, which a link does not carry
    loss_name: str
    source: str = ""  # of the data
    notes: list[str] = field(default_factory=list)
    id: int | None = None


@dataclass(frozen=True)
class Stopped(Report):
    """Training stopped by itself: the target is reached, the epochs are done, or a number is no longer one."""

    reason: Literal["target", "epochs", "nan"]
    text: str
    epoch: float
    where: str = ""  # for nan: the layer or the part in which it began
    hint: str = ""
    fixes: Json = field(default_factory=dict)  # settings that would mend it


@dataclass(frozen=True)
class OperationReport(Report):
    """One operation of a training step, in the order of the tape. The weights change at the last one."""

    index: int
    total: int
    phase: Literal["forward", "loss", "backward", "update"]
    name: str
    text: str
    shape: list[int]
    values: list[float | None]  # the first 64
    reads: list[int]  # the operations whose results it takes
    layer: int | None = None
    samples: list[int] = field(default_factory=list)  # the points in the batch
    id: int | None = None


@dataclass(frozen=True)
class Term:
    """One summand of a unit's weighted sum."""

    name: str
    weight: float | None
    input: float | None
    product: float | None
    gradient: float | None
    frozen: bool


@dataclass(frozen=True)
class Inspection(Report):
    """Every number behind a unit: sum = bias + Σ terms, output = activation(sum). None stands for NaN or infinity."""

    layer: int
    unit: int
    name: str
    activation: str
    at: list[float] | None
    terms: list[Term]
    bias: float | None
    bias_gradient: float | None
    sum: float | None
    output: float | None
    slope: float | None  # of the activation at the sum
    source: int | None = None
    memory: dict[str, float | None] = field(default_factory=dict)  # the optimiser's, of the weight or bias chosen
    line_values: list[float] = field(default_factory=list)
    line_losses: list[float | None] = field(default_factory=list)
    line_slope: float | None = None
    id: int | None = None


@dataclass(frozen=True)
class Spread:
    """A histogram: how many of a layer's weights lie in each of the equal parts from `least` to `most`."""

    layer: int
    least: float
    most: float
    counts: list[int]


@dataclass(frozen=True)
class HistogramReport(Report):
    """How weights are spread: `now`, and for each initialisation what it would draw with the present seed."""

    now: list[Spread]
    inits: dict[str, list[Spread]] = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True)
class GraphBox:
    """A name or an operation of a graph, its number and its slope; `x` and `y` are its middle, in pixels."""

    name: str
    kind: str  # input, parameter, constant, operation
    sign: str
    says: str
    value: float | None
    gradient: float | None
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class GraphArrow:
    """From an operand to its result: the local derivative, and what comes back along it; `rule` in symbols."""

    source: int
    target: int
    local: float | None
    flow: float | None
    rule: str
    route: list[list[float]]


@dataclass(frozen=True)
class GraphEvent:
    """One moment: forward, a box gets its number; backward, a slope arrives along an arrow, and adds up to `value`."""

    phase: str
    box: int
    arrows: list[int]
    says: str
    rule: str
    value: float | None


@dataclass(frozen=True)
class GraphReport(Report):
    """An expression as a graph, and its events in order; `goal` is the name of what gradients are slopes of."""

    boxes: list[GraphBox]
    arrows: list[GraphArrow]
    events: list[GraphEvent]
    values: dict[str, float]
    goal: str
    width: float
    height: float
    id: int | None = None


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


@dataclass(frozen=True)
class RunCurve:
    """A figure over the epochs of a run; None stands for NaN or infinity."""

    name: str
    epochs: list[float]
    values: list[float | None]


@dataclass(frozen=True)
class RunSummary:
    """A run folder in a few words.

    `status` is done, stopped, failed, learning (somebody writes it now), or unfinished: it was killed.
    """

    name: str
    data: str
    task: str
    status: str
    date: str
    settings: Json  # texts by name
    accuracy: float | None  # of the test examples
    r2: float | None
    loss: float | None
    seconds: float | None
    parameters: float | None
    epochs: float | None
    spark: list[float | None]  # the training loss in a few points
    problem: str = ""  # a file of it that could not be read


@dataclass(frozen=True)
class RunList(Report):
    """The runs in the server's folder, the newest first; `same` says that nothing has changed since that `tag`."""

    folder: str
    runs: list[RunSummary]
    tag: str = ""
    same: bool = False
    more: int = 0  # older ones that are not listed
    id: int | None = None


@dataclass(frozen=True)
class RunSteps:
    """How a run stood between its epochs, line by line."""

    epochs: list[float]
    losses: list[float | None]
    accuracies: list[float | None]
    rates: list[float | None]
    speeds: list[float | None]  # examples a second
    seconds: float  # of training so far
    step: int


@dataclass(frozen=True)
class RunWeights:
    """What is kept of the first layer: at which epochs, how many units of how many weights, images or not."""

    name: str
    epochs: list[int]
    units: int
    features: int
    image: list[int] | None  # height and width
    names: list[str]  # of the features
    scale: float  # the largest weight of all epochs


@dataclass(frozen=True)
class RunStory(Report):
    """A run as far as it has come. A part that is None is as it was under the tag that the page named for it."""

    name: str
    there: bool  # False while the folder holds no run yet
    summary: RunSummary | None
    tags: Json  # of each part
    planned: float | None  # epochs
    examples: float | None  # that it learns from
    ended: str  # why, where it did not end by itself
    classes: list[str]
    command: str
    curves: list[RunCurve] | None
    steps: RunSteps | None
    weights: RunWeights | None
    judged: list[int] | None  # epochs with a confusion matrix
    findings: list[Json] | None  # what the doctor says so far
    activity: Json | None  # looks into the layers, as in a report
    environment: list[list[str]] | None
    problems: list[str]
    id: int | None = None


@dataclass(frozen=True)
class RunMoment(Report):
    """The first layer and the confusions of a run at the epochs nearest to, and not after, the one asked for.

    `levels` is base64 of int8 `(units, features)`: 127 is `scale`, -128 is not a number.
    """

    name: str
    epoch: int  # asked for
    weights_epoch: int | None
    levels: str
    scale: float
    confusion_epoch: int | None
    of: str  # the examples that were judged
    confusion: list[list[int]]
    id: int | None = None
