"""A network that learns points: what its settings make, how it goes on step by step, how well it does.

`playground.py` adds what is changed by hand, and what there is to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from glassnet.core.tensor import wrap
from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.server import network, parity_link, tfp
from glassnet.server import points as drawn
from glassnet.server.course import Course
from glassnet.server.curve import Curve
from glassnet.server.diagnosis import diagnose
from glassnet.server.history import History
from glassnet.server.learner import Learner, ParityLearner
from glassnet.server.operations import Operations
from glassnet.server.picture import Picture
from glassnet.server.points import Points
from glassnet.server.properties import MOST_SEED, State, checked, defaults, touched
from glassnet.server.reports import OperationReport, Stopped

PARITY_IS_EXACT = "Try switching parity off; the weights stay"


class Sound(NamedTuple):
    """A moment of a training at which everything was a number."""

    weights: list[np.ndarray]
    epoch: int
    at: int  # batches of that epoch
    step: int


class Learning:
    """A network that learns points.

    >>> learning = Learning({"dataset": "gauss", "seed": 1})
    >>> learning.train(epochs=20)
    >>> learning.judgement.test_score
    1.0
    """

    def __init__(
        self,
        changes: Mapping[str, Any] | None = None,
        own: Points | None = None,
        most_outputs: int = 10_000_000,
        layouts: int = 0,
    ) -> None:
        self.state: State = defaults()
        self.own = own
        self.most_outputs = most_outputs
        self.history = History()
        self.running = False
        self.unsaid: Stopped | None = None  # why a change has stopped it
        self.notes: list[str] = []
        self.edited = False
        self.operations: Operations | None = None
        self.layouts = layouts  # before this one; a page knows them by their numbers
        self.partial = 0  # samples of the present batch that have been shown one by one
        self._build(self._settled({**self.state, **checked(changes or {})}))

    # ---- settings ---------------------------------------------------------------------------------------------

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change settings: all of these, or with an error none."""
        wanted = checked(changes)
        self.finish_operations()
        new = self._settled({**self.state, **wanted})
        what = touched({**self.state, "parity": new["parity"]}, new)
        turned = new["parity"] - self.state["parity"]
        if "weights" in what or turned > 0 or (new["parity"] and what - {"nothing"}):
            self._build(new)
        elif turned < 0:  # the engine goes on with the very points and weights
            self._rebuild(new, None if "data" in what else self.points)
        elif what - {"nothing"}:
            self._rebuild(new)
        else:
            self._follow(new)

    def _settled(self, state: State) -> State:
        """The state with what contradicts itself put right, which `notes` says."""
        self.notes = []
        if state["dataset"] == "own" and self.own is None:
            got = "got the data set own without points of your own"
            raise ValueRangeError(complain(got, "expected some", "Try painting or pasting points first"))
        if state["parity"]:
            reason = parity_link.obstacle(state)
            if reason is not None:
                self.notes.append(f"Counting as TensorFlow Playground does was switched off: {reason}.")
                state = {**state, "parity": False}
        return state

    def _points(self, state: State) -> tuple[Points, Any]:
        """The points of a state, and in parity the random numbers that go on to draw the weights."""
        if state["parity"]:
            return drawn.of_link(parity_link.link_of(state))
        if state["dataset"] == "own" and self.own is not None:
            return self.own, None
        return drawn.make(state), None

    def _head(self, state: State, points: Points) -> network.Head:
        head, notes = network.head(points.task, len(points.classes), state["loss"], state["output"])
        self.notes += notes
        return head

    def _build(self, state: State) -> None:
        """Everything anew, at step 0."""
        points, random = self._points(state)
        formulas = drawn.usual_features(state, points.dimensions)
        head = self._head(state, points)
        sizes = [len(formulas), *state["hidden"], head.units]
        network.check_affordable(sizes, len(points.x), self.most_outputs)
        layers = network.made(sizes, state["init"], state["init_bias"], state["seed"])
        course = Course(points, formulas, head, state["batch_size"], state["seed"], state["parity"])
        if random is not None:
            start = tfp.weights(parity_link.link_of(state), random)
            network.restore(layers, [array for pair in start for array in pair])
        self._install(state, points, formulas, course, layers)
        self.edited = False
        self.step = 0
        self.curve = Curve()
        self.partial = 0
        self._notice()

    def _rebuild(self, state: State, points: Points | None = None) -> None:
        """Other points or another shape: the training goes on with every weight that still has a place."""
        points = points or self._points(state)[0]
        formulas = drawn.usual_features(state, points.dimensions)
        head = self._head(state, points)
        sizes = [len(formulas), *state["hidden"], head.units]
        network.check_affordable(sizes, len(points.x), self.most_outputs)
        course = Course(points, formulas, head, state["batch_size"], state["seed"])
        course.epoch = self.course.epoch
        same = sizes == self.sizes and [f.text for f in formulas] == [f.text for f in self.formulas]
        layers = self.learner.layers
        if not same:
            layers = network.made(sizes, state["init"], state["init_bias"], state["seed"])
            names, before = ([f.text for f in some] for some in (formulas, self.formulas))
            network.inherit(layers, self.learner.layers, names, before)
        learner = self.learner if same and self.learner.has_tape else None
        self._install(state, points, formulas, course, layers, learner)
        self.partial = 0
        self._notice()

    def _install(
        self,
        state: State,
        points: Points,
        formulas: Sequence[Any],
        course: Course,
        layers: list[network.Layer],
        learner: Learner | None = None,
    ) -> None:
        if learner is None:
            kind = ParityLearner if state["parity"] else Learner
            learner = kind(layers, course.head, state, state["seed"])
            if hasattr(self, "learner"):
                self.learner.close()
            self.sound: Sound | None = None  # to go back to
            self.history.clear()
        else:
            learner.configure(state, course.head)
            learner.renew()
        self.layouts += 1
        picture = Picture(self.layouts, learner, points, formulas, state)
        self.state, self.points, self.formulas, self.course = state, points, list(formulas), course
        self.learner, self.picture = learner, picture

    def _follow(self, state: State) -> None:
        """Settings that a training follows as it goes on."""
        head = self._head(state, self.points)
        redraw = state["resolution"] != self.state["resolution"] or head != self.learner.head
        redraw = redraw or state["optimizer"] != self.state["optimizer"]
        names = list(self.learner.names)
        self.learner.configure(state, head)
        self.learner.renew()
        if head != self.course.head:
            epoch = self.course.epoch
            self.course = Course(self.points, self.formulas, head, state["batch_size"], state["seed"], state["parity"])
            self.course.epoch = epoch
        elif state["batch_size"] != self.state["batch_size"]:
            self.course.restart(state["batch_size"])
        self.state = state
        if redraw or names != self.learner.names:
            self._redraw()
        self._notice()

    def _redraw(self) -> None:
        """A new layout."""
        self.layouts += 1
        self.picture = Picture(self.layouts, self.learner, self.points, self.formulas, self.state)

    def close(self) -> None:
        """It is not used any more: its memory is given back now."""
        self.learner.close()
        self.history.clear()
        self.operations = None

    @property
    def sizes(self) -> list[int]:
        """Units of each layer, inputs and outputs included."""
        return [len(self.formulas), *(layer.shape[0] for layer in self.learner.layers)]

    def reset(self) -> None:
        """Back to step 0 with the weights that the seed gives."""
        self.running = False
        self._build(self._settled(self.state))

    def reroll(self, what: str) -> None:
        """Another seed for the weights or for the points; the seed is in the state."""
        if self.state["parity"]:
            word = f"{np.random.default_rng().random():.5f}"
            self.configure({"parity_seed": word})
            return
        key = "seed" if what == "weights" else "data_seed"
        self.configure({key: int(np.random.default_rng().integers(1, MOST_SEED))})

    def open_link(self, text: str) -> None:
        """Open a link of TensorFlow Playground."""
        state = {**defaults(), **parity_link.state_of(tfp.parse(text))}
        page = {name: self.state[name] for name in ("speed", "resolution")}
        self.running = False
        self.finish_operations()
        self._build(self._settled({**state, **page}))

    def resume(self, epoch: int, at: int, rows: Sequence[Sequence[float | None]]) -> None:
        """Go on where another one has been: in that epoch, after so many of its batches, with that curve."""
        self.course.go_to(epoch, at)
        self.curve = Curve()
        self.curve.rows = [tuple(np.nan if v is None else float(v) for v in row) for row in rows]
        self.judgement = self.course.judge(self.learner)
        if np.isfinite(self.judgement.train_loss):
            self.sound = self._now()

    # ---- training ---------------------------------------------------------------------------------------------

    def train(self, epochs: float = 1.0, until: float = float("inf")) -> Stopped | None:
        """So many epochs, at most until that moment of the clock."""
        return self.advance(round(epochs * len(self.course.batches)), until)[1]

    def advance(self, batches: int, until: float) -> tuple[int, Stopped | None]:
        """Train on so many batches, at most until that moment; how many were done, and why it stopped by itself."""
        self.finish_operations()
        with np.errstate(all="ignore"):  # what is not a number is said in words, not in warnings
            for done in range(batches):
                if done and perf_counter() >= until:
                    return done, None
                stopped = self.one_batch()
                if stopped is not None:
                    return done + 1, stopped
        return batches, None

    def one_batch(self) -> Stopped | None:
        """One update; at the end of an epoch, why it stops, if it does."""
        if not self.course.batches:
            self.running = False
            return None
        self.partial = 0
        self.learner.learn(*self.course.next())
        self.step += 1
        if not self.course.done() or not self.curve.due(self.course.epoch):
            return None
        return self._judge()

    def one_sample(self) -> Stopped | None:
        """Show the gradients of the next sample alone; with the last one of a batch, the batch's update is made."""
        self.finish_operations()
        if not self.course.batches:
            return None
        x, t = self.course.next()
        self.partial += 1
        if self.partial >= len(x.array) or not self.learner.has_tape:
            return self.one_batch()
        rows = slice(self.partial - 1, self.partial)
        self.learner.measure(wrap(x.array[rows]), wrap(t.array[rows]))
        return None

    def one_operation(self, id: int | None) -> OperationReport | None:
        """The next operation of the next step."""
        if not self.learner.has_tape:
            got = "got a step by operations while counting as TensorFlow Playground does"
            raise NotSupportedError(complain(got, "expected the engine's own tape", PARITY_IS_EXACT))
        if not self.course.batches:
            return None
        if self.operations is None:
            samples = self.course.samples()
            self.operations = Operations(self.learner, *self.course.next(), samples)
        report = self.operations.show(id)
        if not self.operations.left:
            self.finish_operations()
        return report

    def to_end_of(self, phase: str, id: int | None) -> OperationReport | None:
        """The operations to the end of a phase: of this step, or of the next one if it is past; the last of them."""
        report = self.one_operation(id)
        for _ in range(2 * (report.total if report is not None else 0)):
            if report is None or (report.phase == phase and self._phase != phase):
                break
            report = self.one_operation(id)
        return report

    @property
    def _phase(self) -> str | None:
        """Of the operation that comes next in this step."""
        return self.operations.phase if self.operations is not None else None

    def finish_operations(self) -> None:
        """Make the step that is shown operation by operation, if one is."""
        if self.operations is None:
            return
        self.operations.finish()
        self.operations = None
        self.step += 1
        if self.course.done():
            self._notice()

    def _notice(self) -> None:
        """Look how good it is after a change; if that stops a training, `unsaid` is why."""
        runs = self.running
        stopped = self._judge()
        if stopped is not None and (runs or stopped.reason == "nan"):
            self.unsaid = stopped

    def _judge(self) -> Stopped | None:
        """Look how good it is, and whether that is a reason to stop."""
        with np.errstate(all="ignore"):
            self.judgement = self.course.judge(self.learner)
        self.curve.add(self.judgement)
        if not len(self.course.x):
            return None
        loss, state = self.judgement.train_loss, self.state
        reason = None
        if not np.isfinite(loss):
            return self._not_a_number()
        self.sound = self._now()
        if state["target_loss"] and loss <= state["target_loss"] and self.step:
            reason = Stopped("target", f"The loss, {loss:.4g}, has reached {state['target_loss']:g}.", self.course.now)
        elif state["most_epochs"] and self.course.epoch >= state["most_epochs"]:
            reason = Stopped("epochs", f"{state['most_epochs']:,} epochs are done.", self.course.now)
        if reason is not None:
            self.running = False
        return reason

    def _now(self) -> Sound:
        return Sound(network.numbers(self.learner.layers), self.course.epoch, self.course.at, self.step)

    def _not_a_number(self) -> Stopped:
        """Say why, and go back to the last moment whose weights gave numbers."""
        self.running = False
        broken_at = self.course.now
        found = diagnose(self.learner, self.state, self.curve.losses, broken_at)
        text = f"The loss is not a number: in {found.where}, {found.text}."
        if self.sound is not None:
            network.restore(self.learner.layers, self.sound.weights)
            self.learner.forget(self.state)
            self.course.go_to(self.sound.epoch, self.sound.at)
            self.step = self.sound.step
            self.curve.cut(self.course.now)
            text += f" The weights are back at epoch {self.course.now:g}."
            self.judgement = self.course.judge(self.learner)
        return Stopped("nan", text, broken_at, found.where, found.hint, found.fixes)
