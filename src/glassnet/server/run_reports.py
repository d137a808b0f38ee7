"""What the room of runs says to the page."""

from __future__ import annotations

from dataclasses import dataclass, field

from glassnet.server.reports import Json, Report


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
    epochs: list[float]  # with a fraction, within the epoch that runs
    units: int
    features: int
    image: list[int] | None  # height and width
    names: list[str]  # of the features
    scale: float  # the largest weight of all epochs


@dataclass(frozen=True)
class RunGround:
    """What is kept of a network of two features: at which epochs there is a picture of what it says everywhere.

    `ends` are the least and greatest x and y; `points` some examples, `[x, y, class or height]`; `most` the largest
    height of all epochs, and None for classes.
    """

    epochs: list[int]
    width: int
    height: int
    ends: list[float]
    names: list[str]  # of the two features
    points: list[list[float]]
    most: float | None


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
    ground: RunGround | None
    judged: list[int] | None  # epochs with a confusion matrix
    findings: list[Json] | None  # what the doctor says so far
    activity: Json | None  # looks into the layers, as in a report
    environment: list[list[str]] | None
    problems: list[str]
    id: int | None = None


@dataclass(frozen=True)
class RunMoment(Report):
    """First layer, border and confusions of a run at the epochs nearest to, and not after, the one asked for.

    `levels` is base64 of int8 `(units, features)`: 127 is `scale`, -128 is not a number. `ground` is base64 of bytes
    `(height, width)`, the first row the lowest y: for classes the class and how sure it is, 255 is certain; for heights
    one of int8, 127 is the ground's `most`.
    """

    name: str
    epoch: float  # asked for
    weights_epoch: float | None
    levels: str
    scale: float
    confusion_epoch: int | None
    of: str  # the examples that were judged
    confusion: list[list[int]]
    ground_epoch: int | None = None
    ground: list[str] = field(default_factory=list)
    id: int | None = None
