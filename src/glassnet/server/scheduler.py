"""Turns: many sessions share a few threads, each job one short turn after another, in the order they became ready."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections import deque
from time import monotonic
from typing import Protocol

_log = logging.getLogger("glassnet.server")


class Job(Protocol):
    """Something that works in short turns. Only one thread at a time is in a job's turn."""

    def turn(self) -> float | None:
        """Work a little; when the next turn is due (`time.monotonic`), or None for as soon as it is woken."""
        ...


class _Entry:
    """What the scheduler knows of a job."""

    __slots__ = ("again", "job", "queued", "running", "ticket")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.queued = self.running = self.again = False
        self.ticket = 0  # of its place among those that wait; an older one is void


class Scheduler:
    """Worker threads that give every job its turn.

    A job that is ready waits for those that became ready before it, however much it has to do: nobody is starved.

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

    def __init__(self, workers: int, name: str = "sessions") -> None:
        self._entries: dict[int, _Entry] = {}
        self._ready: deque[_Entry] = deque()
        self._waiting: list[tuple[float, int, _Entry]] = []
        self._tickets = itertools.count(1)
        self._change = threading.Condition()
        self._stopped = False
        self.turns = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{i}", daemon=True) for i in range(max(1, workers))
        ]
        for thread in self._threads:
            thread.start()

    def wake(self, job: Job) -> None:
        """Give a job a turn as soon as it is its turn; one that is in a turn gets another."""
        with self._change:
            entry = self._entries.get(id(job))
            if entry is None:
                entry = self._entries[id(job)] = _Entry(job)
            if entry.running:
                entry.again = True
            elif not entry.queued:
                self._enqueue(entry)

    def forget(self, job: Job) -> None:
        """No more turns for this job."""
        with self._change:
            entry = self._entries.pop(id(job), None)
            if entry is not None:
                entry.ticket = -1

    def stop(self) -> None:
        """End all threads after their present turns."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _enqueue(self, entry: _Entry) -> None:
        entry.queued, entry.ticket = True, next(self._tickets)
        self._ready.append(entry)
        self._change.notify()

    def _work(self) -> None:
        while True:
            entry = self._next()
            if entry is None:
                return
            try:
                due = entry.job.turn()
            except Exception:  # a job's own mistake must not take the thread from all others
                _log.exception("a turn failed")
                due = None
            with self._change:
                self.turns += 1
                self._after(entry, due)

    def _after(self, entry: _Entry, due: float | None) -> None:
        entry.running = False
        if id(entry.job) not in self._entries:
            return
        if entry.again or (due is not None and due <= monotonic()):
            entry.again = False
            self._enqueue(entry)
        elif due is not None:
            entry.ticket = next(self._tickets)
            heapq.heappush(self._waiting, (due, entry.ticket, entry))
            self._change.notify()  # a sleeping thread may have to wake earlier
        else:
            del self._entries[id(entry.job)]  # it comes back with its next wake

    def _next(self) -> _Entry | None:
        with self._change:
            while not self._stopped:
                now = monotonic()
                while self._waiting and self._waiting[0][0] <= now:
                    _, ticket, entry = heapq.heappop(self._waiting)
                    if entry.ticket == ticket:
                        self._enqueue(entry)
                if self._ready:
                    entry = self._ready.popleft()
                    entry.queued = False
                    if entry.ticket < 0:
                        continue
                    entry.running = True
                    return entry
                self._change.wait(max(0.0, self._waiting[0][0] - now) if self._waiting else None)
            return None
