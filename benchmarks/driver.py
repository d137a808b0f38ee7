"""Child processes that take turns: A B C, A B C, so that a busy moment of the machine meets all peers alike."""

import json
import queue
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from benchmarks.environment import ROOT, child_environment, python
from benchmarks.peers import Peer
from benchmarks.results import Entry
from benchmarks.workloads import Workload

PREPARE_SECONDS = 240.0
RUN_SECONDS = 120.0
# BLAS threads spin for about 25 ms after a product; the next peer should not share its cores with them.
SETTLE_SECONDS = 0.03


class PeerFailedError(Exception):
    """A child that died, hung or raised."""


class PeerAbsentError(Exception):
    """A child whose packages are missing."""


class Child:
    """One peer's process, asked a question at a time."""

    def __init__(self, module: str, workload: str, folder: Path, threads: int | None) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
        self._process = subprocess.Popen(
            python("-m", "benchmarks.worker", module, workload, str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=child_environment(threads),
            cwd=ROOT,
            encoding="utf-8",
        )
        # a thread reads, because no system waits for a pipe with a time limit in the same way
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, seconds: float, **command: Any) -> dict[str, Any]:
        """Send a command, wait for its answer."""
        line = self._exchange(json.dumps(command), seconds)
        if not line:
            raise PeerFailedError(self._last_words())
        answer = json.loads(line)
        if answer.get("status") == "absent":
            raise PeerAbsentError(answer["reason"])
        if answer.get("status") == "failed":
            raise PeerFailedError(first_line(answer["reason"]))
        return answer

    def close(self) -> None:
        """End the process, kindly if it listens."""
        with suppress(OSError):
            self._input.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    @property
    def _input(self) -> IO[str]:
        if self._process.stdin is None:
            raise OSError("the child has no standard input")
        return self._process.stdin

    def _exchange(self, command: str, seconds: float) -> str:
        try:
            print(command, file=self._input, flush=True)
            return self._answers.get(timeout=seconds)
        except OSError:  # the pipe broke: it died before or while being asked
            return ""
        except queue.Empty:
            self._process.kill()
            raise PeerFailedError(f"no answer within {seconds:g} s") from None

    def _listen(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as answers:
                for line in answers:
                    self._answers.put(line)
        self._answers.put("")

    def _last_words(self) -> str:
        """The last line that a dead process wrote, and how it ended."""
        code = self._process.wait(timeout=5)
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "without a word")
        return f"exit status {code}: {last}"


def first_line(text: str, width: int = 160) -> str:
    """The first line of a message, shortened."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= width else line[: width - 1] + "…"


def start(
    peer: Peer, threads: int | None, workload: Workload, folder: Path, tune: bool = True
) -> tuple[Entry, Child | None]:
    """A peer made ready and its process, or an entry that says why there is none."""
    entry = Entry(peer.name, peer.title, threads)
    child = Child(peer.path, workload.name, folder, threads)
    try:
        ready = child.ask(PREPARE_SECONDS, do="prepare", tune=tune)
    except PeerAbsentError as absence:
        entry.reason = str(absence)
    except PeerFailedError as failure:
        entry.status, entry.reason = "failed", str(failure)
    else:
        entry.status, entry.recipe, entry.tried = "measured", ready["recipe"], ready["tried"]
        entry.before, entry.after, entry.error = (ready.get(key) for key in ("before", "after", "error"))
        entry.values = [ready["seconds"]]
        return entry, child
    child.close()
    return entry, None


def rounds_for(seconds: float, rounds: int, budget: float) -> int:
    """How often a peer takes its turn: in every round if its units are short, at least three times if they are long.

    >>> rounds_for(0.1, rounds=15, budget=4.0), rounds_for(1.0, 15, 4.0), rounds_for(9.0, 15, 4.0)
    (15, 4, 3)
    """
    return min(rounds, max(3, int(budget / max(seconds, 1e-9))))


def has_turn(round_number: int, turns: int, rounds: int) -> bool:
    """Whether a peer with `turns` turns runs in this round; turns are spread evenly.

    >>> [has_turn(r, 3, 6) for r in range(6)]
    [True, False, True, False, True, False]
    """
    return round_number * turns % rounds < turns


def take_turns(runners: list[tuple[Entry, Child | None]], rounds: int, budget: float) -> None:
    """Time every peer's units in turn, into the entries.

    On a machine that got busy meanwhile, the rounds end when they have taken twice what they should.
    """
    ready = [(entry, child) for entry, child in runners if child and entry.status == "measured"]
    turns = {id(entry): rounds_for(entry.values[0], rounds, budget) for entry, _ in ready}
    for entry, _ in ready:
        entry.values.clear()  # the first timing came right after the preparation, and alone
    deadline = time.perf_counter() + 2 * budget * len(ready)
    for number in range(rounds):
        if number and time.perf_counter() > deadline:
            break
        for entry, child in ready:
            if entry.status == "measured" and has_turn(number, turns[id(entry)], rounds):
                _one_turn(entry, child)


def _one_turn(entry: Entry, child: Child) -> None:
    time.sleep(SETTLE_SECONDS)
    try:
        entry.values.append(child.ask(RUN_SECONDS, do="run")["seconds"])
    except PeerFailedError as failure:
        entry.status, entry.reason = "failed", str(failure)
