"""Turns: many sessions share a few threads, each job one short turn after another, in the order they became ready.

Where a process has nothing to do but these turns, its only thread gives them itself (`Scheduler(0)`): two threads that
pass Python's lock to and fro take a third longer over the same frames.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic, perf_counter, thread_time
from typing import Protocol

_SHORT = 0.004  # seconds of work in a turn; a frame of a class takes a tenth of that
_log = logging.getLogger("glassnet.server")


class Job(Protocol):
    """Something that works in short turns. Only one thread at a time is in a job's turn."""

    def turn(self) -> float | None:
        """Work a little; when the next turn is due (`time.monotonic`), or None for as soon as it is woken."""
        ...


class _Lane:
    """Jobs that are ready, jobs that wait for their time, and who is to be told of either."""

    __slots__ = ("change", "ready", "waiting")

    def __init__(self, lock: threading.Lock) -> None:
        self.change = threading.Condition(lock)
        self.ready: deque[_Entry] = deque()
        self.waiting: list[tuple[float, int, _Entry]] = []


class _Entry:
    """What the scheduler knows of a job."""

    __slots__ = ("again", "job", "queued", "running", "seconds", "suspect", "ticket")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.queued = self.running = self.again = False
        self.ticket = 0  # of its place among those that wait; an older one is void
        self.suspect = True  # whether its next turn's work is measured
        self.seconds: float | None = None  # of work in a turn, on the whole; None before the first

    def took(self, seconds: float) -> None:
        """It has had a turn of that length."""
        self.seconds = seconds if self.seconds is None else (self.seconds + seconds) / 2


class Scheduler:
    """Worker threads that give every job its turn.

    A job that is ready waits for those that became ready before it, however much it has to do: nobody is starved. Jobs
    whose turns are short have a thread of their own (with two workers or more), so that they do not wait for long ones.
    Without workers whoever has the scheduler calls `work`, and is told by `alarm` of a job that was woken meanwhile.

    >>> class Once:
    ...     def turn(self):
    ...         done.set()
    >>> done = threading.Event()
    >>> scheduler = Scheduler(workers=1)
    >>> scheduler.wake(Once())
    >>> done.wait(5)
    True
    >>> scheduler.stop()
    """

    def __init__(self, workers: int, name: str = "sessions", alarm: Callable[[], None] = lambda: None) -> None:
        self._entries: dict[int, _Entry] = {}
        self._lock = threading.Lock()
        self._short = _Lane(self._lock)
        self._long = _Lane(self._lock) if workers > 1 else self._short
        self._tickets = itertools.count(1)
        self._stopped = False
        self.alarm = alarm
        self.turns = 0
        lanes = [self._short, *[self._long] * (workers - 1)][:workers]
        self._threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"{name}-{i}", daemon=True)
            for i, lane in enumerate(lanes)
        ]
        for thread in self._threads:
            thread.start()

    def wake(self, job: Job) -> None:
        """Give a job a turn as soon as it is its turn; one that is in a turn gets another."""
        with self._lock:
            entry = self._entries.get(id(job))
            if entry is None:
                entry = self._entries[id(job)] = _Entry(job)
            if entry.running:
                entry.again = True
            elif not entry.queued:
                self._enqueue(entry)
        self.alarm()

    def due(self) -> float | None:
        """When the next turn is due, if any is; 0 for at once."""
        with self._lock:
            lane = self._short
            return 0.0 if lane.ready else lane.waiting[0][0] if lane.waiting else None

    def work(self, most: int) -> float | None:
        """Give as many turns that are due, in this thread; when the next one is due, None if none is.

        >>> scheduler = Scheduler(0)
        >>> class Twice:
        ...     times = 0
        ...     def turn(self):
        ...         self.times += 1
        ...         return 0.0 if self.times < 2 else None
        >>> scheduler.wake(Twice())
        >>> scheduler.work(1), scheduler.work(5), scheduler.turns
        (0.0, None, 2)
        """
        lane = self._short
        for _ in range(most):
            with self._lock:
                entry = self._ready(lane, monotonic())
            if entry is None:
                break
            self._give(entry, self._turn)
        return self.due()

    def forget(self, job: Job) -> None:
        """No more turns for this job."""
        with self._lock:
            entry = self._entries.pop(id(job), None)
            if entry is not None:
                entry.ticket = -1

    def stop(self) -> None:
        """End all threads after their present turns."""
        with self._lock:
            self._stopped = True
            self._short.change.notify_all()
            self._long.change.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _lane(self, entry: _Entry) -> _Lane:
        return self._short if entry.seconds is not None and entry.seconds < _SHORT else self._long

    def _enqueue(self, entry: _Entry) -> None:
        entry.queued, entry.ticket = True, next(self._tickets)
        lane = self._lane(entry)
        lane.ready.append(entry)
        lane.change.notify()

    def _work(self, lane: _Lane) -> None:
        while self._one(lane):
            pass

    def _one(self, lane: _Lane) -> bool:
        """The next turn of a lane. A thread that waits for it holds no job that has ended, as a loop would."""
        entry = self._next(lane)
        if entry is None:
            return False
        self._give(entry, self._timed if entry.suspect else self._clocked)
        return True

    def _give(self, entry: _Entry, turn: Callable[[_Entry], float | None]) -> None:
        due = turn(entry)
        with self._lock:
            self.turns += 1
            self._after(entry, due)

    def _turn(self, entry: _Entry) -> float | None:
        try:
            return entry.job.turn()
        except Exception:  # a job's own mistake must not take the thread from all others
            _log.exception("a turn failed")
            return None

    def _timed(self, entry: _Entry) -> float | None:
        """A turn whose work is measured; not by the clock, for a turn is not long because others were in its way."""
        begin = thread_time()
        due = self._turn(entry)
        entry.took(thread_time() - begin)
        entry.suspect = entry.seconds is None or entry.seconds >= _SHORT
        return due

    def _clocked(self, entry: _Entry) -> float | None:
        """A turn of a job whose turns are short: the clock, which costs next to nothing, tells when to look closer."""
        begin = perf_counter()
        due = self._turn(entry)
        entry.suspect = perf_counter() - begin >= _SHORT  # work, or others in its way? the next turn tells
        return due

    def _after(self, entry: _Entry, due: float | None) -> None:
        entry.running = False
        if id(entry.job) not in self._entries:
            return
        if entry.again or (due is not None and due <= monotonic()):
            entry.again = False
            self._enqueue(entry)
        elif due is not None:
            self._wait(entry, due)
        else:
            del self._entries[id(entry.job)]  # it comes back with its next wake

    def _wait(self, entry: _Entry, due: float) -> None:
        """Have it wait until then, whatever it waited for."""
        entry.ticket = next(self._tickets)
        lane = self._lane(entry)
        heapq.heappush(lane.waiting, (due, entry.ticket, entry))
        lane.change.notify()  # a sleeping thread may have to wake earlier

    def _next(self, lane: _Lane) -> _Entry | None:
        """Whose turn it is, as soon as it is somebody's; None at the end."""
        with self._lock:
            while not self._stopped:
                now = monotonic()
                entry = self._ready(lane, now)
                if entry is not None:
                    return entry
                lane.change.wait(max(0.0, lane.waiting[0][0] - now) if lane.waiting else None)
            return None

    def _ready(self, lane: _Lane, now: float) -> _Entry | None:
        """Whose turn it is now, if it is anybody's."""
        while lane.waiting and lane.waiting[0][0] <= now:
            _, ticket, entry = heapq.heappop(lane.waiting)
            if entry.ticket == ticket:
                entry.queued, entry.ticket = True, next(self._tickets)
                lane.ready.append(entry)
        while lane.ready:
            entry = lane.ready.popleft()
            entry.queued = False
            if entry.ticket >= 0:
                entry.running = True
                return entry
        return None
