"""The Playground of one session: points, a network, and everything that can be done with them.

It knows nothing of connections: commands go in as method calls, and it is asked for reports and frames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from glassnet.errors import NotSupportedError, ValueRangeError, complain
from glassnet.server import editing, frames, history, inspection, space
from glassnet.server.commands import Edit, Freeze, Inspect
from glassnet.server.learning import PARITY_IS_EXACT, Learning
from glassnet.server.points import Points
from glassnet.server.reports import HistogramReport, Inspection, Layout, SpaceReport, StateReport


class Playground(Learning):
    """A network that learns points, and that one may lay hands on.

    >>> playground = Playground({"dataset": "gauss", "seed": 1})
    >>> playground.train(epochs=20)
    >>> playground.judgement.test_score, playground.report().task
    (1.0, 'classification')
    """

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
            raise NotSupportedError(complain(got, "expected the engine's own arithmetic", PARITY_IS_EXACT))

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
