"""What the page may ask of a session: one dataclass for each command. `messages` reads them.

A command may carry `id`, a number of the page's choice: the report that answers it (`done`, `refusal`, `inspection`, …)
has it too. A layer is counted from 0 for the inputs, so the first hidden layer is 1; a unit from 0 within its layer;
the weight from unit `source` of layer `layer - 1` to unit `unit` of `layer` is named by the three, its bias by
`source=None`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Grain = Literal["operation", "sample", "batch", "epoch"]
Phase = Literal["forward", "loss", "backward", "update"]
Json = dict[str, Any]


@dataclass(frozen=True)
class Command:
    """What the page asks for."""


@dataclass(frozen=True)
class Hello(Command):
    """The first message: begin a session, or come back to the one named. `state` begins a new one in that state."""

    protocol: int
    session: str | None = None
    state: Json | None = None
    id: int | None = None


@dataclass(frozen=True)
class Configure(Command):
    """Change settings; see the table of properties for what each touches. All of them, or on a refusal none."""

    changes: Json
    id: int | None = None


@dataclass(frozen=True)
class Run(Command):
    """Train, until told otherwise."""

    id: int | None = None


@dataclass(frozen=True)
class Pause(Command):
    """Stop training; what was learnt stays."""

    id: int | None = None


@dataclass(frozen=True)
class Step(Command):
    """Go on by so many operations, samples, batches or epochs, then pause; at most for a second.

    With a `phase`, by operations to the end of that phase: of this training step, or of the next one if it is past.
    """

    grain: Grain = "epoch"
    count: int = 1
    phase: Phase | None = None
    id: int | None = None


@dataclass(frozen=True)
class Reset(Command):
    """Back to step 0 with the very same weights as at the start."""

    id: int | None = None


@dataclass(frozen=True)
class Reroll(Command):
    """New random numbers, for the weights (and step 0) or for the points; the new seed is in the state."""

    what: Literal["weights", "data"] = "weights"
    id: int | None = None


@dataclass(frozen=True)
class Credit(Command):
    """So many more frames may be sent: the page gives one back for each that it has drawn, and starts with two."""

    frames: int = 1


@dataclass(frozen=True)
class Look(Command):
    """Send a frame even if nothing has changed, as soon as there is a credit."""

    id: int | None = None


@dataclass(frozen=True)
class Edit(Command):
    """Set one weight, or with `source=None` one bias. Edits in one `stroke` (a drag) are undone together."""

    layer: int
    unit: int
    source: int | None
    value: float
    stroke: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class PutWeights(Command):
    """Set all weights and biases at once, in the order of a frame's `weights`: a network that was kept comes back."""

    values: list[float]
    id: int | None = None


@dataclass(frozen=True)
class Undo(Command):
    """Take the last edit back: of a weight, of points, of what is frozen or left out."""

    id: int | None = None


@dataclass(frozen=True)
class Redo(Command):
    """Do again what was taken back."""

    id: int | None = None


@dataclass(frozen=True)
class Freeze(Command):
    """Hold one weight, or with `source=None` all that comes into a unit and its bias; or let it go."""

    layer: int
    unit: int
    source: int | None = None
    on: bool = True
    id: int | None = None


@dataclass(frozen=True)
class Ablate(Command):
    """Leave a unit out (its output counts as 0), or restore it. Layer 0 leaves out an input."""

    layer: int
    unit: int
    on: bool = True
    id: int | None = None


@dataclass(frozen=True)
class AddPoints(Command):
    """Add points `[x1, x2, target]`; a target is a class number, or a height. The data set becomes `own`'s points."""

    points: list[list[float]]
    test: bool = False
    stroke: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class MovePoint(Command):
    """Put a point somewhere else. Points are counted as the points message lists them, training first."""

    index: int
    x1: float
    x2: float
    stroke: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class LabelPoints(Command):
    """Give points another class, or another height."""

    indices: list[int]
    target: float
    stroke: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class ErasePoints(Command):
    """Take points away."""

    indices: list[int]
    stroke: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class PasteTable(Command):
    """Learn a table: CSV, tabs, or a NumPy listing; two columns x1, x2 and a last one, the class or the height.

    `task=None` decides by the last column. With a header or without; classes may be words.
    """

    text: str
    task: Literal["classification", "regression"] | None = None
    id: int | None = None


@dataclass(frozen=True)
class Inspect(Command):
    """Ask for every number behind a unit, at a place of the plane (or without one, at the mean over the points).

    With `source`, for the number line of that one weight too: the loss at 65 values around it, and its derivative.
    """

    layer: int
    unit: int
    source: int | None = None
    line: bool = False
    at: list[float] | None = None
    id: int | None = None


@dataclass(frozen=True)
class Space(Command):
    """Ask where a hidden layer puts the plane, along the two directions in which the points vary most there."""

    layer: int
    id: int | None = None


@dataclass(frozen=True)
class Histogram(Command):
    """Ask how weights and activations of each layer are spread, now and weights with each way to start them."""

    inits: bool = False
    id: int | None = None


@dataclass(frozen=True)
class Graph(Command):
    """Ask for the graph of an expression, such as `sigmoid(w*x + b)`, with its names as `given`: `w=0.5, x=2`."""

    expression: str
    given: str = ""
    id: int | None = None


@dataclass(frozen=True)
class OpenLink(Command):
    """Open a link of TensorFlow Playground, given by what follows its #: same points, same weights, same numbers."""

    hash: str
    id: int | None = None


@dataclass(frozen=True)
class DigitsCommand(Command):
    """What is asked of the room where digits are learnt."""


@dataclass(frozen=True)
class DigitsTrain(DigitsCommand):
    """Train on MNIST, from where it stands; from the start after a change of settings or when it is done."""

    id: int | None = None


@dataclass(frozen=True)
class DigitsPause(DigitsCommand):
    """Stop training; what was learnt stays."""

    id: int | None = None


@dataclass(frozen=True)
class DigitsReset(DigitsCommand):
    """Back to the untrained network, with the same weights as at the start."""

    id: int | None = None


@dataclass(frozen=True)
class DigitsPredict(DigitsCommand):
    """What is this? `pixels` is base64 of `width * height` bytes, row by row, 0 paper and 255 ink; at most 512 a side.

    `explain` names the class whose score is to be taken apart; None takes the one that the network says.
    """

    pixels: str
    width: int
    height: int
    explain: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class DigitsExample(DigitsCommand):
    """The same for a test image of MNIST, by its number."""

    index: int
    explain: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class DigitsDescend(DigitsCommand):
    """Step through forward pass, loss, backward pass and update for one image, were it a `label`.

    `image` is the one of a prediction: what the network sees, in base64. The network itself is not changed.
    """

    image: str
    width: int
    height: int
    label: int
    rate: float = 0.001
    id: int | None = None


@dataclass(frozen=True)
class DigitsFeatures(DigitsCommand):
    """What pixels speak for each neuron of a layer, counted from 1, the scores last."""

    layer: int
    id: int | None = None


@dataclass(frozen=True)
class DigitsMistakes(DigitsCommand):
    """Test images that are taken for something else; only of one true class, or only those said to be one class."""

    label: int | None = None
    said: int | None = None
    order: Literal["certain", "doubtful", "number"] = "certain"
    offset: int = 0
    limit: int = 48
    id: int | None = None


@dataclass(frozen=True)
class DigitsModels(DigitsCommand):
    """Which saved models can be opened?"""

    id: int | None = None


@dataclass(frozen=True)
class DigitsOpen(DigitsCommand):
    """Open a saved model by a name of that list. A file of the user's own goes to POST /api/model instead."""

    name: str
    id: int | None = None


@dataclass(frozen=True)
class OwnersCommand(DigitsCommand):
    """What only whoever runs the server may ask, and no page of a class."""


@dataclass(frozen=True)
class Runs(OwnersCommand):
    """Which trainings has the command line written? Answered by the digits' job, the one that may read files.

    `tag` is that of the list that the page has.
    """

    tag: str = ""
    id: int | None = None


@dataclass(frozen=True)
class RunShow(OwnersCommand):
    """Tell one of these trainings as far as it has come; `known` are the tags of the parts that the page has."""

    name: str
    known: Json = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True)
class RunAt(OwnersCommand):
    """The first layer's weights, the border and the confusions of a run at an epoch, or within one."""

    name: str
    epoch: float
    id: int | None = None
