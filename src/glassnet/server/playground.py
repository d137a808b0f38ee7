"""The Playground of one session: points, a network, and everything that can be done with them.

It knows nothing of connections: commands go in as method calls, and it is asked for reports and frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from glassnet.core.tensor import wrap
from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.server import editing, frames, history, inspection, network, parity_link, space, tfp
from glassnet.server import points as drawn
from glassnet.server.commands import Edit, Freeze, Inspect
from glassnet.server.course import Course
from glassnet.server.curve import Curve
from glassnet.server.diagnosis import diagnose
from glassnet.server.history import History
from glassnet.server.learner import Learner, ParityLearner
from glassnet.server.operations import Operations
from glassnet.server.picture import Picture
from glassnet.server.points import Points
from glassnet.server.properties import MOST_SEED, State, checked, defaults, touched
from glassnet.server.reports import (
    HistogramReport,
    Inspection,
    Layout,
    OperationReport,
    SpaceReport,
    StateReport,
    Stopped,
)

_PARITY_IS_EXACT = "Try switching parity off; the weights stay"


class Sound(NamedTuple):
    """A moment of a training at which everything was a number."""

    weights: list[np.ndarray]
    epoch: int
    at: int  # batches of that epoch
    step: int


class Playground:
    """A network that learns points.

    >>> playground = Playground({"dataset": "gauss", "seed": 1})
    >>> playground.train(epochs=20)
    >>> playground.judgement.test_score
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
        self._judge()

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
        self._judge()

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
        self._judge()

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
            raise NotSupportedError(complain(got, "expected the engine's own tape", _PARITY_IS_EXACT))
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
            self._judge()

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

    # ---- editing ----------------------------------------------------------------------------------------------

    def edit(self, command: Edit) -> None:
        """Set a weight or a bias."""
        self.finish_operations()
        self._make(editing.weight(self.learner, command))

    def put_weights(self, values: Sequence[float]) -> None:
        """Set all weights and biases, in the order of a frame's `weights`."""
        self.finish_operations()
        self._make(editing.all_weights(self.learner, values))

    def freeze(self, command: Freeze) -> None:
        """Hold weights, or let them go."""
        self._need_tape("freezing")
        self._make(editing.freeze(self.learner, command))

    def ablate(self, layer: int, unit: int, on: bool) -> None:
        """Leave a unit out, or restore it."""
        self._need_tape("leaving a unit out")
        self._make(editing.ablate(self.learner, layer, unit, on))

    def _need_tape(self, what: str) -> None:
        self.finish_operations()
        if not self.learner.has_tape:
            got = f"got {what} while counting as TensorFlow Playground does"
            raise NotSupportedError(complain(got, "expected the engine's own arithmetic", _PARITY_IS_EXACT))

    def _make(self, edit: history.Edit) -> None:
        """Make a change by hand, for the first time."""
        self._put(edit)
        self.history.add(edit)
        self._after_edit()

    def _put(self, edit: history.Edit, *, back: bool = False) -> None:
        """Make a change, or take it back."""
        chosen = edit.before if back else edit.after
        if chosen is not None:
            self._use(chosen)
        editing.put(self.learner, edit.spots, back=back)
        if edit.of_marks:  # what is frozen or left out is part of the step, which is recorded anew
            self.learner.configure(self.state)

    def _after_edit(self) -> None:
        self.edited = True
        self.learner.changed_by_hand()
        self.judgement = self.course.judge(self.learner)
        self.curve.replace(self.judgement)

    def undo(self, again: bool = False) -> bool:
        """Take the last edit back, or make it again; whether there was one."""
        self.finish_operations()
        edit = self.history.again() if again else self.history.back()
        if edit is None:
            return False
        self._put(edit, back=not again)
        self._after_edit()
        return True

    def change_points(self, change: Callable[[Points], Points], stroke: object = None) -> None:
        """Put other points in the place of the present ones, which become the user's own."""
        self.finish_operations()
        before = history.Chosen(self.points, self.state["dataset"], self.own)
        points = change(self.points)
        after = history.Chosen(points, "own", points)
        self._use(after)
        self.history.add(history.Edit(before=before, after=after, stroke=stroke and ("points", stroke)))

    def _use(self, chosen: history.Chosen) -> None:
        """Learn these points from now on."""
        kept, sizes = (self.history.done[:], self.history.undone[:]), self.sizes
        before, self.own = self.own, chosen.own
        try:
            self._rebuild({**self.state, "dataset": chosen.dataset, "parity": False}, chosen.points)
        except Exception:
            self.own = before
            raise
        if self.sizes != sizes:  # more classes or fewer: what was done to the weights has no place any more
            kept = tuple([edit for edit in edits if not edit.spots] for edits in kept)
        self.history.done, self.history.undone = kept
        self.edited = True

    # ---- what there is to see ---------------------------------------------------------------------------------

    def inspect(self, command: Inspect) -> Inspection:
        """Every number behind a unit."""
        editing.check_unit(self.sizes, command.layer, command.unit, command.source, least=0)
        at = command.at
        if at is not None and len(at) != 2:
            raise ValueRangeError(complain(f"got a place of {len(at)} numbers", "expected x1 and x2", "Try [0, 0]"))
        line = command.line and command.layer > 0
        return inspection.inspect(
            self.learner, self.course, self.formulas, command.layer, command.unit, command.source, line, at
        )

    def histogram(self, inits: bool, id: int | None) -> HistogramReport:
        """How weights are spread."""
        return inspection.histogram(self.learner, self.course, self.state, inits, id)

    def space(self, layer: int, id: int | None) -> SpaceReport:
        """Where a hidden layer puts the plane."""
        return space.widest(self.learner, self.course, self.formulas, layer, id)

    @property
    def layout(self) -> Layout:
        """How the frames are to be read."""
        return self.picture.layout

    def frame(self, sequence: int, epochs_per_second: float, anew: bool) -> bytes:
        """The frame of this moment; the curve's rows since the last one, or with `anew` all."""
        now = self.judgement
        curve, begins = self.curve.take(anew)
        flags = frames.RUNNING * self.running | frames.CURVE_ANEW * begins
        flags |= frames.NOT_A_NUMBER * (len(self.course.x) > 0 and not np.isfinite(now.train_loss))
        numbers = frames.Numbers(
            self.layout.layout, sequence, flags, self.course.now, self.step, now.train_loss, now.test_loss,
            now.train_score, now.test_score, self.state["learning_rate"], epochs_per_second, self.learner.penalty,
        )  # fmt: skip
        return self.picture.frame(numbers, now, curve)

    def points_message(self) -> bytes:
        """The points, for the page."""
        return frames.pack_points(*self.points.rows())

    def report(self, id: int | None = None) -> StateReport:
        """Everything that is set."""
        frozen, ablated = editing.by_hand(self.learner)
        return StateReport(
            dict(self.state), self.running, self.points.task, list(self.points.classes), self.course.now, self.step,
            bool(self.history.done), bool(self.history.undone), frozen, ablated, self.edited,
            self.learner.head.loss, self.points.source, [*self.notes, *self.points.notes], id,
        )  # fmt: skip
