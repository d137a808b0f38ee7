"""What a session does on each command of its page: one function for each, in the order of `commands.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError, GlassnetError, complain
from glassnet.server import commands as c
from glassnet.server import messages
from glassnet.server import points as drawn
from glassnet.server.reports import Report, Stopped
from glassnet.server.run_reports import RunList

if TYPE_CHECKING:
    from glassnet.server.session import Session

Handler = Callable[["Session", Any], Report | None]
HANDLERS: dict[type[c.Command], Handler] = {}

_LONGEST_STEP = 1.0  # seconds: one long step must not hold up everybody
_MOST_STEPS = {"epoch": 1000, "batch": 10_000, "sample": 10_000, "operation": 100}


def _on(kind: type[c.Command]) -> Callable[[Handler], Handler]:
    def put(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        return handler

    return put


# ---- settings, and how it runs ------------------------------------------------------------------------------------


@_on(c.Configure)
def _configure(session: Session, command: c.Configure) -> None:
    session.playground.configure(session.within(command.changes))
    session.changed()


@_on(c.Run)
def _run(session: Session, command: c.Run) -> None:
    session.playground.running = True
    first = session.place.first_tick if session.place is not None else 0.0
    session.pace.begin(first, session.playground.course.now)
    session.send_state()


@_on(c.Pause)
def _pause(session: Session, command: c.Pause) -> None:
    session.playground.running = False
    session.changed()


@_on(c.Step)
def _step(session: Session, command: c.Step) -> Report | None:
    playground = session.playground
    playground.running = False
    if command.phase is not None:
        report = playground.to_end_of(command.phase, command.id)
        session.changed()
        return report
    count = min(max(1, command.count), _MOST_STEPS[command.grain])
    until = perf_counter() + _LONGEST_STEP
    report, stopped, done = None, None, 0
    if command.grain == "operation":
        while done < count and (not done or perf_counter() < until):
            report = playground.one_operation(command.id)
            done += 1
    elif command.grain == "sample":
        while done < count and (not done or perf_counter() < until):
            stopped = stopped or playground.one_sample()
            done += 1
    else:
        per_epoch = len(playground.course.batches)
        left = per_epoch - playground.course.at  # to the end of the present epoch
        count = count if command.grain == "batch" else left + (count - 1) * per_epoch
        done, stopped = playground.advance(count, until)
    if stopped is None and done < count:
        stopped = cut(command.grain, done, count, playground.course.now)
    if stopped is not None:
        session.send(stopped)
    session.changed()
    return report


def cut(grain: str, done: int, count: int, epoch: float) -> Stopped:
    """What is said of a step that took longer than a step may.

    >>> cut("epoch", 12, 50, 3.25).text
    'The step was cut after a second: 12 of its 50 batches are done.'
    """
    what = {"operation": "operations", "sample": "points"}.get(grain, "batches")
    text = f"The step was cut after a second: {done:,} of its {count:,} {what} are done."
    return Stopped("time", text, epoch, hint="Step again to go on, or press play.")


@_on(c.Reset)
def _reset(session: Session, command: c.Reset) -> None:
    session.playground.reset()
    session.pace.owed = 0.0
    session.changed()


@_on(c.Reroll)
def _reroll(session: Session, command: c.Reroll) -> None:
    session.playground.reroll(command.what)
    session.changed()


@_on(c.OpenLink)
def _open_link(session: Session, command: c.OpenLink) -> None:
    session.playground.open_link(command.hash)
    session.changed()


# ---- frames -------------------------------------------------------------------------------------------------------


@_on(c.Credit)
def _credit(session: Session, command: c.Credit) -> None:
    if session.outbox is not None:
        session.outbox.credit(command.frames)


@_on(c.Look)
def _look(session: Session, command: c.Look) -> None:
    session.dirty = True


# ---- changes by hand ----------------------------------------------------------------------------------------------


@_on(c.Edit)
def _edit(session: Session, command: c.Edit) -> None:
    session.playground.edit(command)
    session.changed()


@_on(c.PutWeights)
def _put_weights(session: Session, command: c.PutWeights) -> None:
    session.playground.put_weights(command.values)
    session.changed()


@_on(c.Undo)
def _undo(session: Session, command: c.Undo) -> None:
    session.playground.undo()
    session.changed()


@_on(c.Redo)
def _redo(session: Session, command: c.Redo) -> None:
    session.playground.undo(again=True)
    session.changed()


@_on(c.Freeze)
def _freeze(session: Session, command: c.Freeze) -> None:
    session.playground.freeze(command)
    session.changed()


@_on(c.Ablate)
def _ablate(session: Session, command: c.Ablate) -> None:
    session.playground.ablate(command.layer, command.unit, command.on)
    session.changed()


@_on(c.AddPoints)
def _add_points(session: Session, command: c.AddPoints) -> None:
    rows = editable_rows(command.points)
    session.playground.change_points(lambda points: drawn.added(points, rows, command.test), command.stroke)
    session.changed()


def editable_rows(points: list[list[float]]) -> np.ndarray:
    """Rows `x1, x2, target`, `(n, 3)`.

    Raises `DataError` for other rows.

    >>> editable_rows([[1, 2, 0]])
    array([[1., 2., 0.]])
    """
    if not points or any(len(row) != 3 for row in points):
        sizes = sorted({len(row) for row in points})
        raise DataError(complain(f"got points of {sizes} numbers", "expected x1, x2 and a target", "Try [[1, 2, 0]]"))
    return np.array(points, np.float64)


@_on(c.MovePoint)
def _move_point(session: Session, command: c.MovePoint) -> None:
    move = command.index, command.x1, command.x2
    session.playground.change_points(lambda points: drawn.moved(points, *move), command.stroke)
    session.changed()


@_on(c.LabelPoints)
def _label_points(session: Session, command: c.LabelPoints) -> None:
    change = command.indices, command.target
    session.playground.change_points(lambda points: drawn.labelled(points, *change), command.stroke)
    session.changed()


@_on(c.ErasePoints)
def _erase_points(session: Session, command: c.ErasePoints) -> None:
    session.playground.change_points(lambda points: drawn.erased(points, command.indices), command.stroke)
    session.changed()


@_on(c.PasteTable)
def _paste_table(session: Session, command: c.PasteTable) -> None:
    state = session.playground.state
    table = drawn.table(command.text, command.task, state["train_share"], state["data_seed"])
    session.playground.change_points(lambda points: table)
    session.changed()


# ---- questions ----------------------------------------------------------------------------------------------------


@_on(c.Inspect)
def _inspect(session: Session, command: c.Inspect) -> Report:
    return replace(session.playground.inspect(command), id=command.id)


@_on(c.Histogram)
def _histogram(session: Session, command: c.Histogram) -> Report:
    return session.playground.histogram(command.inits, command.id)


@_on(c.Space)
def _space(session: Session, command: c.Space) -> Report:
    return session.playground.space(command.layer, command.id)


@_on(c.Graph)
def _graph(session: Session, command: c.Graph) -> Report:
    from glassnet.server.graph import graph_of  # with all that draws, which few sessions ask for

    return graph_of(command.expression, command.given, command.id)


def nothing_for_guests(command: Any) -> Report:
    """What a page of a class is told of the runs on the machine that serves it: that there are none for it."""
    if isinstance(command, c.Runs):
        return RunList("", [], id=command.id)
    got = "got a question about a run from a page of a class"
    hint = "Try glassnet play on your own machine"
    return messages.refusal(GlassnetError(complain(got, "expected it from whoever runs the server", hint)), command.id)
