"""A session: one page's Playground and its lab of digits, as jobs that work in turns.

The transport puts commands in with `tell` and takes what is to be sent from the session's `Outbox`; it can be a
WebSocket, a notebook's comm, or a test.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import Any

import numpy as np

from glassnet.errors import FormatError, GlassnetError, complain
from glassnet.server import commands as c
from glassnet.server import messages
from glassnet.server.handlers import HANDLERS, nothing_for_guests
from glassnet.server.limits import Limits as Limits
from glassnet.server.outbox import Outbox
from glassnet.server.pace import Pace
from glassnet.server.place import Place
from glassnet.server.playground import Playground
from glassnet.server.properties import checked
from glassnet.server.reports import Done, Report

_SLICE = 0.010  # seconds of training in one turn
_PUT_OFF = 0.1  # seconds after which a command that waits for another process is looked at again
_MOST_INBOX = 1000
_MOST_SIGNS = 4 * messages.MOST_BYTES  # of the commands that wait


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
        self.playground = playground or Playground(self.within(state or {}), most_outputs=limits.outputs)
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
        self.dirty = True
        self._fresh = False  # whether the page has yet to be told of everything
        self._told_layout = 0
        self._points: Any = None
        self._sequence = 0
        self.pace = Pace(limits.frames_per_second)

    def within(self, changes: dict[str, Any]) -> dict[str, Any]:
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
            self._fresh = self.dirty = True
            self.last_command = monotonic()
            return True

    def go_on(self, outbox: Outbox, share: float = 0.0) -> None:
        """A page is connected that knows everything already: it was with this session in another process.

        Its frames are due after this share of the time between two, and so on.
        """
        with self.lock:
            self.pace.tick = monotonic() + share * self.pace.period
            self.outbox, self.left_at = outbox, None
            self.dirty = True
            self._told_layout, self._points = self.playground.layouts, self.playground.points

    def clock(self) -> tuple[float, ...]:
        """Where the session is between two frames."""
        return self._sequence, *self.pace.place

    def set_clock(self, sequence: float, *times: float) -> None:
        """Go on from such a place."""
        self._sequence = int(sequence)
        self.pace.go_on(times, self.playground.course.now)

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
            clock = self.place.clock
            begin = clock()
            due = self._turn()
            self.place.passed(clock() - begin, self)
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
        self.playground.running = self.dirty = False
        self.send(messages.refusal(problem))
        self.send_state()

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
                self.send(messages.refusal(problem, id))
                if not isinstance(problem, GlassnetError):
                    self.send_state()
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
            self.send_state()
            self._points, self._told_layout = None, 0
            self._describe()

    def _reply(self, command: c.Command) -> None:
        if isinstance(command, c.OwnersCommand) and self.outbox is not None and self.outbox.guest:
            self.send(nothing_for_guests(command))
        elif isinstance(command, c.DigitsCommand):
            if self.digits is not None:
                self.digits(command, self.playground.state, self.outbox)
        else:
            self._handle(command)

    def _handle(self, command: c.Command) -> None:
        report = HANDLERS[type(command)](self, command)
        self._describe()
        self._say_why()
        if isinstance(report, Report):
            self.send(report)
        elif getattr(command, "id", None) is not None:
            self.send(Done(command.id))  # type: ignore[attr-defined]

    def _say_why(self) -> None:
        """A change has stopped the training: say so."""
        stopped, self.playground.unsaid = self.playground.unsaid, None
        if stopped is not None:
            self.send(stopped)

    def _describe(self) -> None:
        """Send the layout and the points where they have changed."""
        layout = self.playground.layout
        if layout.layout != self._told_layout:
            self._told_layout = layout.layout
            self.send(layout)
            self.dirty = True
        if self.playground.points is not self._points and self.outbox is not None:
            self._points = self.playground.points
            self.outbox.report(self.playground.points_message())

    def send(self, report: Report) -> None:
        """Say something to the page, if there is one."""
        if self.outbox is not None:
            self.outbox.report(messages.write(report))

    def send_state(self) -> None:
        """Say everything that is set."""
        self.send(self.playground.report())

    def changed(self) -> None:
        """Something is not as the page knows it."""
        self.dirty = True
        self.send_state()

    # ---- training ---------------------------------------------------------------------------------------------

    def _train(self) -> float | None:
        """The batches that are due, as far as the turn reaches; when the next ones are."""
        playground = self.playground
        if not playground.running or self.outbox is None:
            return None
        pace, now = self.pace, monotonic()
        batches = max(len(playground.course.batches), 1) * float(playground.state["speed"])
        done, stopped = playground.advance(pace.look(now, batches), perf_counter() + _SLICE)
        if pace.did(done, now):
            self.dirty = True
        pace.measure(playground.course.now)
        if stopped is not None:
            pace.owed = 0.0
            self.send(stopped)
        if stopped is not None or not playground.running:
            self._say_why()
            self.changed()
            return None
        return pace.next(now)

    def _draw(self) -> None:
        """A frame, if there is something new and the page can take one."""
        if not self.dirty or self.outbox is None or not self.outbox.wants_frame:
            return
        self._sequence += 1
        speed = self.pace.speed if self.playground.running else 0.0
        frame = self.playground.frame(self._sequence, speed, self._fresh)
        self.dirty = self._fresh = False
        self.pace.drawn()
        self.outbox.frame(frame)
