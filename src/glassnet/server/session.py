"""A session: one page's Playground and its lab of digits, as jobs that work in turns.

The transport puts commands in with `tell` and takes what is to be sent from the session's `Outbox`; it can be a
WebSocket, a notebook's comm, or a test.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from time import monotonic, perf_counter, thread_time
from typing import Any

import numpy as np

from glassnet.errors import DataError, FormatError, GlassnetError, complain
from glassnet.server import commands as c
from glassnet.server import messages
from glassnet.server import points as drawn
from glassnet.server.limits import Limits as Limits
from glassnet.server.outbox import Outbox
from glassnet.server.place import Place
from glassnet.server.playground import Playground
from glassnet.server.properties import checked
from glassnet.server.reports import Done, Report, Stopped
from glassnet.server.run_reports import RunList

_SLICE = 0.010  # seconds of training in one turn
_PUT_OFF = 0.1  # seconds after which a command that waits for another process is looked at again
_LATEST = 0.05  # seconds after which a frame is sent though its epochs are not done
_MOST_INBOX = 1000
_MOST_SIGNS = 4 * messages.MOST_BYTES  # of the commands that wait
_LONGEST_STEP = 1.0  # seconds: one long step must not hold up everybody
_MOST_STEPS = {"epoch": 1000, "batch": 10_000, "sample": 10_000, "operation": 100}


class Session:
    """A Playground that trains in turns and answers commands.

    >>> session = Session("name", Limits())
    >>> outbox = Outbox(lambda: None)
    >>> session.attach(outbox), session.tell(c.Step("epoch", 3, id=7)), session.turn() is None
    (True, True, True)
    >>> session.playground.course.epoch
    3
    >>> [messages.type_name(type(m)) if isinstance(m, Report) else m[:4] for m in outbox.take()][-1]
    b'GNF1'
    """

    def __init__(
        self, name: str, limits: Limits, state: dict[str, Any] | None = None, playground: Playground | None = None
    ) -> None:
        self.name, self.limits = name, limits
        self.playground = playground or Playground(self._within(state or {}), most_outputs=limits.outputs)
        self.playground.most_outputs = limits.outputs
        self.kept: tuple[int, float] = (0, 0.0)  # what of it is on disk: its step, and when its last command came
        self.lock = threading.RLock()  # held for a turn: who looks from outside waits for its end
        self.inbox: deque[c.Command | str] = deque()
        self._heard = self._done = 0  # signs of commands that came as text, and of those that were answered
        self.outbox: Outbox | None = None
        self.last_command = monotonic()
        self.left_at: float | None = monotonic()  # since when nobody is connected
        self.digits: Callable[[c.Command, dict[str, Any], Outbox | None], None] | None = None
        self.wake: Callable[[], None] = lambda: None  # asks for a turn
        self.place: Place | None = None  # among the processes of a class
        self.closed = False
        self._dirty = True
        self._fresh = False  # whether the page has yet to be told of everything
        self._told_layout = 0
        self._points: Any = None
        self._sequence = 0
        self._owed = 0.0  # batches due
        self._tick = 0.0  # when the next frame is due; 0 for at once
        self._due = math.nan  # when the one that is trained for was
        self._last_frame = 0.0
        self._speed, self._speed_since, self._speed_epoch = 0.0, perf_counter(), 0.0

    def _within(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The changes, within the limits of this server."""
        changes = checked(changes)
        if "resolution" in changes:
            changes["resolution"] = min(changes["resolution"], self.limits.resolution)
        elif self.limits.resolution < 100 and not hasattr(self, "playground"):
            changes["resolution"] = self.limits.resolution
        return changes

    # ---- from outside -----------------------------------------------------------------------------------------

    def attach(self, outbox: Outbox) -> bool:
        """A page is connected: it will be told everything, whoever was before. False if the session has ended."""
        with self.lock:
            if self.closed:
                return False
            if self.outbox is not None:
                self.outbox.close()
            self.outbox, self.left_at = outbox, None
            self._fresh = self._dirty = True
            self.last_command = monotonic()
            return True

    def go_on(self, outbox: Outbox, share: float = 0.0) -> None:
        """A page is connected that knows everything already: it was with this session in another process.

        Its frames are due after this share of the time between two, and so on.
        """
        with self.lock:
            self._tick = monotonic() + share / self.limits.frames_per_second
            self.outbox, self.left_at = outbox, None
            self._dirty = True
            self._told_layout, self._points = self.playground.layouts, self.playground.points

    def clock(self) -> tuple[float, ...]:
        """Where the session is between two frames."""
        return self._sequence, self._owed, self._tick, self._due, self._last_frame, self._speed

    def set_clock(self, sequence: float, *times: float) -> None:
        """Go on from such a place."""
        self._sequence = int(sequence)
        self._owed, self._tick, self._due, self._last_frame, self._speed = times
        self._speed_epoch = self.playground.course.now

    def detach(self, outbox: Outbox) -> None:
        """That page is gone; the session waits for it."""
        outbox.close()
        with self.lock:
            if self.outbox is outbox:
                self.outbox, self.left_at = None, monotonic()

    @property
    def mark(self) -> tuple[int, float]:
        """Another one whenever something has changed."""
        return self.playground.step, self.last_command

    def tell(self, command: c.Command | str) -> bool:
        """Put a command in; False if there are too many already."""
        if len(self.inbox) >= _MOST_INBOX:
            return False
        self.inbox.append(command)
        self.last_command = monotonic()
        return True

    def hear(self, text: str) -> bool:
        """Put a command in as it came, to be read in the session's own turn; False if there are too many already."""
        if self._heard - self._done + len(text) > _MOST_SIGNS or not self.tell(text):
            return False
        self._heard += len(text)
        self.wake()
        return True

    def credit(self, frames: int, outbox: Outbox) -> None:
        """The page behind that outbox has drawn so many frames."""
        outbox.credit(frames)
        if not self.playground.running:  # one that runs looks for credits by itself
            self.wake()

    def put_away(self) -> None:
        """Part from the page that is connected: others want its place."""
        with self.lock:
            if self.outbox is not None:
                self.outbox.put_away()
                self.outbox, self.left_at = None, monotonic()

    def close(self) -> bool:
        """End it, unless a page is connected; its memory is given back now, not when Python's collector finds it."""
        with self.lock:
            if self.outbox is not None:
                return False
            self.closed = True
            self.digits, self.wake, self.place = None, lambda: None, None
            self.inbox.clear()
            self.playground.close()
            return True

    # ---- a turn -----------------------------------------------------------------------------------------------

    def turn(self) -> float | None:
        """Answer what was asked, train a little, draw a frame."""
        with self.lock, np.errstate(all="ignore"):
            if self.closed:
                return None
            if self.place is None:
                return self._turn()
            begin = thread_time()
            due = self._turn()
            self.place.took(thread_time() - begin, self)
            return due

    def _turn(self) -> float | None:
        put_off = self._answer()
        try:
            due = self._train()
            self._draw()
        except Exception as problem:
            self._rest(problem)
            return None
        if put_off:
            return monotonic() + _PUT_OFF
        return monotonic() if self.inbox else due

    def _rest(self, problem: Exception) -> None:
        """Training or drawing failed: stop, and say so."""
        self.playground.running = self._dirty = False
        self._send(messages.refusal(problem))
        self._send_state(None)

    def _answer(self) -> bool:
        """Do what was asked, or as much of it as a turn is long; whether it waits for another process to do it."""
        until = perf_counter() + _SLICE
        while self.inbox:
            command = self.inbox.popleft()
            try:
                self._introduce()
                read = self._read(command) if isinstance(command, str) else command
                if self.place is not None and self.place.puts_off(self, read):
                    self._put_back(command)
                    return True
                self._reply(read)
            except Exception as problem:
                id = messages.id_in(command) if isinstance(command, str) else getattr(command, "id", None)
                self._send(messages.refusal(problem, id))
                if not isinstance(problem, GlassnetError):
                    self._send_state(None)
            if perf_counter() > until:
                return False
        self._introduce()
        return False

    def _put_back(self, command: c.Command | str) -> None:
        self.inbox.appendleft(command)
        self._done -= len(command) if isinstance(command, str) else 0

    def _read(self, text: str) -> c.Command:
        self._done += len(text)
        command = messages.read(text)
        if isinstance(command, c.Hello):
            raise FormatError(complain("got a second hello", "expected one", "Try a new connection"))
        return command

    def _introduce(self) -> None:
        """Tell a new page everything."""
        if self._fresh and self.outbox is not None:
            self._send_state(None)
            self._points, self._told_layout = None, 0
            self._describe()

    def _reply(self, command: c.Command) -> None:
        if isinstance(command, c.OwnersCommand) and self.outbox is not None and self.outbox.guest:
            self._send(_nothing_for_guests(command))
        elif isinstance(command, c.DigitsCommand):
            if self.digits is not None:
                self.digits(command, self.playground.state, self.outbox)
        else:
            self._handle(command)

    def _handle(self, command: c.Command) -> None:
        report = _HANDLERS[type(command)](self, command)
        self._describe()
        if isinstance(report, Report):
            self._send(report)
        elif getattr(command, "id", None) is not None:
            self._send(Done(command.id))  # type: ignore[attr-defined]

    def _describe(self) -> None:
        """Send the layout and the points where they have changed."""
        layout = self.playground.layout
        if layout.layout != self._told_layout:
            self._told_layout = layout.layout
            self._send(layout)
            self._dirty = True
        if self.playground.points is not self._points and self.outbox is not None:
            self._points = self.playground.points
            self.outbox.report(self.playground.points_message())

    def _send(self, report: Report) -> None:
        if self.outbox is not None:
            self.outbox.report(messages.write(report))

    def _send_state(self, id: int | None) -> None:
        self._send(self.playground.report(id))

    def _changed(self) -> None:
        self._dirty = True
        self._send_state(None)

    # ---- training ---------------------------------------------------------------------------------------------

    def _train(self) -> float | None:
        """The batches that are due, as far as the turn reaches; when the next ones are."""
        playground = self.playground
        if not playground.running or self.outbox is None:
            return None
        now = monotonic()
        if now >= self._tick:
            batches = max(len(playground.course.batches), 1) * float(playground.state["speed"])
            self._owed = min(self._owed + batches, 2 * batches + 1)
            self._due = self._tick or now
            self._tick = self._next_tick(now)
        done, stopped = playground.advance(int(self._owed), perf_counter() + _SLICE)
        self._owed -= done
        if done and (self._owed < 1 or now - self._last_frame > _LATEST):
            self._dirty = True
        self._measure()
        if stopped is not None:
            self._halt(stopped)
            return None
        if not playground.running:
            self._changed()
            return None
        return self._tick if self._owed < 1 else now

    def _next_tick(self, now: float) -> float:
        """When the next frame is due: one missed is made up for, the rest are left out, and all keep step."""
        period = 1 / self.limits.frames_per_second
        return self._due + period * max(1, (now - self._due) // period)

    def _halt(self, stopped: Stopped) -> None:
        self._owed = 0.0
        self._send(stopped)
        self._changed()

    def _measure(self) -> None:
        now, epoch = perf_counter(), self.playground.course.now
        if now - self._speed_since >= 0.5:
            self._speed = max(0.0, (epoch - self._speed_epoch) / (now - self._speed_since))
            self._speed_since, self._speed_epoch = now, epoch

    def _draw(self) -> None:
        """A frame, if there is something new and the page can take one."""
        if not self._dirty or self.outbox is None or not self.outbox.wants_frame:
            return
        self._sequence += 1
        frame = self.playground.frame(self._sequence, self._speed if self.playground.running else 0.0, self._fresh)
        self._dirty = self._fresh = False
        self._last_frame, self._due = monotonic(), math.nan
        self.outbox.frame(frame)

    # ---- commands ---------------------------------------------------------------------------------------------

    def _configure(self, command: c.Configure) -> None:
        self.playground.configure(self._within(command.changes))
        self._changed()

    def _run(self, command: c.Run) -> None:
        self.playground.running = True
        self._owed, self._tick = 0.0, self.place.first_tick if self.place is not None else 0.0
        self._speed_since, self._speed_epoch = perf_counter(), self.playground.course.now
        self._send_state(None)

    def _pause(self, command: c.Pause) -> None:
        self.playground.running = False
        self._changed()

    def _step(self, command: c.Step) -> Report | None:
        playground = self.playground
        playground.running = False
        if command.phase is not None:
            report = playground.to_end_of(command.phase, command.id)
            self._changed()
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
            self._send(stopped)
        self._changed()
        return report

    def _reset(self, command: c.Reset) -> None:
        self.playground.reset()
        self._owed = 0.0
        self._changed()

    def _reroll(self, command: c.Reroll) -> None:
        self.playground.reroll(command.what)
        self._changed()

    def _credit(self, command: c.Credit) -> None:
        if self.outbox is not None:
            self.outbox.credit(command.frames)

    def _look(self, command: c.Look) -> None:
        self._dirty = True

    def _edit(self, command: c.Edit) -> None:
        self.playground.edit(command)
        self._changed()

    def _put_weights(self, command: c.PutWeights) -> None:
        self.playground.put_weights(command.values)
        self._changed()

    def _undo(self, command: c.Undo) -> None:
        self.playground.undo()
        self._changed()

    def _redo(self, command: c.Redo) -> None:
        self.playground.undo(again=True)
        self._changed()

    def _freeze(self, command: c.Freeze) -> None:
        self.playground.freeze(command)
        self._changed()

    def _ablate(self, command: c.Ablate) -> None:
        self.playground.ablate(command.layer, command.unit, command.on)
        self._changed()

    def _add_points(self, command: c.AddPoints) -> None:
        rows = editable_rows(command.points)
        self.playground.change_points(lambda points: drawn.added(points, rows, command.test), command.stroke)
        self._changed()

    def _move_point(self, command: c.MovePoint) -> None:
        move = command.index, command.x1, command.x2
        self.playground.change_points(lambda points: drawn.moved(points, *move), command.stroke)
        self._changed()

    def _label_points(self, command: c.LabelPoints) -> None:
        change = command.indices, command.target
        self.playground.change_points(lambda points: drawn.labelled(points, *change), command.stroke)
        self._changed()

    def _erase_points(self, command: c.ErasePoints) -> None:
        self.playground.change_points(lambda points: drawn.erased(points, command.indices), command.stroke)
        self._changed()

    def _paste_table(self, command: c.PasteTable) -> None:
        state = self.playground.state
        table = drawn.table(command.text, command.task, state["train_share"], state["data_seed"])
        self.playground.change_points(lambda points: table)
        self._changed()

    def _inspect(self, command: c.Inspect) -> Report:
        return _with_id(self.playground.inspect(command), command.id)

    def _histogram(self, command: c.Histogram) -> Report:
        return self.playground.histogram(command.inits, command.id)

    def _space(self, command: c.Space) -> Report:
        return self.playground.space(command.layer, command.id)

    def _graph(self, command: c.Graph) -> Report:
        from glassnet.server.graph import graph_of  # with all that draws, which few sessions ask for

        return graph_of(command.expression, command.given, command.id)

    def _open_link(self, command: c.OpenLink) -> None:
        self.playground.open_link(command.hash)
        self._changed()


def cut(grain: str, done: int, count: int, epoch: float) -> Stopped:
    """What is said of a step that took longer than a step may.

    >>> cut("epoch", 12, 50, 3.25).text
    'The step was cut after a second: 12 of its 50 batches are done.'
    """
    what = {"operation": "operations", "sample": "points"}.get(grain, "batches")
    text = f"The step was cut after a second: {done:,} of its {count:,} {what} are done."
    return Stopped("time", text, epoch, hint="Step again to go on, or press play.")


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


def _nothing_for_guests(command: Any) -> Report:
    """What a page of a class is told of the runs on the machine that serves it: that there are none for it."""
    if isinstance(command, c.Runs):
        return RunList("", [], id=command.id)
    got = "got a question about a run from a page of a class"
    hint = "Try glassnet play on your own machine"
    return messages.refusal(GlassnetError(complain(got, "expected it from whoever runs the server", hint)), command.id)


def _with_id(report: Any, id: int | None) -> Report:
    return replace(report, id=id)


_HANDLERS: dict[type[c.Command], Callable[[Session, Any], Report | None]] = {
    kind: getattr(Session, f"_{name}")
    for name, kind in messages.COMMANDS.items()
    if not issubclass(kind, c.DigitsCommand) and kind is not c.Hello
}
