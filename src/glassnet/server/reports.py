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
    """The answer to `hello`. `resumed` says whether the session named is still there, `runs` whether runs are shown."""

    session: str
    resumed: bool
    protocol: int
    version: str
    limits: Json
    classroom: bool = False
    runs: bool = True
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
    """Training stopped by itself: the target is reached, the epochs are done, a number is no longer one, or a step took
    longer than a step may."""

    reason: Literal["target", "epochs", "nan", "time"]
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
class SpaceReport(Report):
    """The plane in the space of a hidden layer, along the two directions in which the training points vary most there.

    `across` and `up` are base64 of float32 `(side, side)`, the first row the greatest x2; `share` is how much of the
    variance each direction has; `axes` are the directions, each of length 1, a number for each neuron.
    """

    layer: int
    units: int
    side: int
    across: str
    up: str
    share: list[float]
    axes: list[list[float]]
    id: int | None = None


@dataclass(frozen=True)
class Spread:
    """A histogram: how many of a layer's numbers lie in each of the equal parts from `least` to `most`."""

    layer: int
    least: float
    most: float
    counts: list[int]


@dataclass(frozen=True)
class HistogramReport(Report):
    """How weights are spread: `now`, and for each initialisation what it would draw with the present seed.

    `said` is how each layer's activations are spread over the training points, the output's last.
    """

    now: list[Spread]
    said: list[Spread] = field(default_factory=list)
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
