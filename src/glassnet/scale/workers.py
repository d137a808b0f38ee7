"""Processes that work side by side, and of which one may die without harm to the others.

`concurrent.futures.ProcessPoolExecutor` is of no more use once a worker was killed: every task that waits fails with
it. Here a death costs the task that the worker was at, whose future says so, and another process takes its place.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from typing import Any

from glassnet.errors import ValueRangeError, complain

_LOADED_ONCE = ["glassnet.scale.trial"]  # by the process that the workers are forked from: they start in 10 ms
_start = threading.Lock()  # multiprocessing's list of children is not made for several threads


class WorkerDied(BrokenExecutor):
    """The process that worked on a task is gone: killed, out of memory, or crashed. Others go on."""


class TaskTimeoutError(TimeoutError):
    """A task took longer than it may, and the process that worked on it was ended. Others go on."""


class Workers(Executor):
    """An executor of `count` processes with one thread for matrix products each.

    A task that takes longer than `timeout` seconds is ended with its process, and another process takes its place.

    Functions and their arguments must be such that `pickle` can hand them over. As everywhere with processes, a script
    that makes workers keeps its main part behind `if __name__ == "__main__":`.

    >>> with Workers(1) as workers:
    ...     workers.submit(pow, 2, 10).result()
    1024
    """

    def __init__(self, count: int | None = None, timeout: float | None = None) -> None:
        self.timeout = timeout
        self.count = (os.cpu_count() or 1) if count is None else count
        if self.count < 1:
            raise ValueRangeError(complain(f"Workers: got {count}", "expected at least 1", "Try Workers(2)"))
        if timeout is not None and not 0 < timeout < math.inf:
            got = f"Workers: got timeout={timeout}"
            raise ValueRangeError(complain(got, "expected seconds above 0, or None", "Try timeout=600"))
        self._tasks: queue.SimpleQueue[tuple[Future[Any], Any] | None] = queue.SimpleQueue()
        self._processes: dict[int, Any] = {}  # place: process
        self._closed = self._ending = False
        self._threads = [threading.Thread(target=self._serve, args=(i,), daemon=True) for i in range(self.count)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have `fn(*args, **kwargs)` done by the next worker that is free."""
        if self._closed:
            raise RuntimeError("these workers were sent home; make new ones")
        future: Future[Any] = Future()
        self._tasks.put((future, (fn, args, kwargs)))
        return future

    @property
    def pids(self) -> list[int]:
        """The processes that live at present."""
        return [process.pid for process in list(self._processes.values()) if process.is_alive()]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End when all is done; with `cancel_futures` what has not begun is left, and what has begun is ended."""
        self._closed = True
        if cancel_futures:
            self._end()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _end(self) -> None:
        """Nobody is hired any more, who works is ended, what waits is cancelled."""
        with _start:
            self._ending = True
            for process in self._processes.values():
                process.kill()
        with suppress(queue.Empty):
            while True:
                task = self._tasks.get_nowait()
                if task is not None:
                    task[0].cancel()

    def _serve(self, place: int) -> None:
        """One thread looks after one process: it hands over tasks, and replaces the process if it dies."""
        line: Any = None
        while (task := self._tasks.get()) is not None:
            future, work = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                line = line or self._hire(place)
                line.send(work)
                done, value = self._answer(place, line)
            except TaskTimeoutError as problem:
                line = self._bury(place, line)
                future.set_exception(problem)
            except (EOFError, OSError):
                line = self._bury(place, line)
                future.set_exception(WorkerDied(f"worker {place} died at its task"))
            except Exception as problem:  # what cannot be handed over
                future.set_exception(problem)
            else:
                (future.set_result if done else future.set_exception)(value)
        self._bury(place, line)

    def _answer(self, place: int, line: Any) -> Any:
        """What the worker sends back; it is ended if it takes too long."""
        limit = self.timeout
        if not line.poll(limit):
            with _start:
                self._processes[place].kill()
            raise TaskTimeoutError(f"no answer within {limit:g} s")
        return line.recv()

    def _hire(self, place: int) -> Any:
        """Another process, once it is ready: how long it takes to start is nobody's task."""
        with _start:
            if self._ending:
                raise EOFError
            context = _context()
            mine, its = context.Pipe()
            process = context.Process(target=_work, args=(its,), daemon=True)
            process.start()
            its.close()
            self._processes[place] = process
        mine.recv()
        return mine

    def _bury(self, place: int, line: Any) -> None:
        if line is not None:
            line.close()  # a living one sees that and goes
        with _start:
            process = self._processes.pop(place, None)
            if process is not None:
                process.join()


def _context() -> Any:
    """Fresh processes everywhere; where the system can, as copies of one that has loaded everything already."""
    if sys.platform == "win32" or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED_ONCE)
    return context


def _work(line: Any) -> None:
    """The life of a worker: tasks in, results out, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole family: the parent decides
    threading.Thread(target=_follow_parent, daemon=True).start()
    from glassnet.train.machine import Blas

    Blas().threads = 1
    with suppress(EOFError, OSError):
        line.send(None)  # ready
        while True:
            fn, args, kwargs = line.recv()
            try:
                outcome = True, fn(*args, **kwargs)
            except Exception as problem:
                outcome = False, problem
            _reply(line, outcome)


def _reply(line: Any, outcome: tuple[bool, Any]) -> None:
    try:
        line.send(outcome)
    except (OSError, EOFError):
        raise
    except Exception as problem:  # a result or an error that pickle cannot hand over
        line.send((False, RuntimeError(f"{type(problem).__name__}: {problem}")))


def _follow_parent() -> None:
    """A parent that was killed cannot say so: whoever works for it ends too."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
