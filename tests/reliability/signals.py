"""Trainings that are asked to end (SIGINT, SIGTERM) at random moments, each going on where the last one stood.

    python signals.py FOLDER COUNT SEED

Every training is a fork of this process. It says in shared memory what it does (load, train, test, save) and how many
steps it has done, so that the parent knows what a signal hit and what has to be in the checkpoint afterwards. The last
line of the output is a JSON object.
"""

import json
import mmap
import os
import random
import select
import signal
import sys
import time
import warnings
from collections import Counter

from session import EXAMPLES, Session

import glassnet as torch
from glassnet.train.checkpoint import Checkpoints
from glassnet.train.interrupt import Interrupt

DOING = ["nothing", "load", "train", "test", "save"]


class Board:
    """What a training says of itself: eight bytes for the steps done, one for what it does."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    @property
    def steps(self) -> int:
        return int.from_bytes(self._memory[:8], "little")

    @steps.setter
    def steps(self, count: int) -> None:
        self._memory[:8] = count.to_bytes(8, "little")

    @property
    def doing(self) -> str:
        return DOING[self._memory[8]]

    @doing.setter
    def doing(self, name: str) -> None:
        self._memory[8] = DOING.index(name)


def train(folder: str, board: Board, ready: int) -> int:
    """Train until asked to end; the step that runs is finished, saved, and the status says which signal it was."""
    with Interrupt(ask=lambda: None) as interrupt:
        os.write(ready, b"!")
        board.doing = "load"
        checkpoints = Checkpoints(folder, every_steps=2)
        session = Session(1)
        if checkpoints.paths:
            session.restore(checkpoints.newest()[1])
        board.steps = len(session.losses)
        while interrupt.signal is None:
            board.doing = "train"
            session.step()
            board.steps = steps = len(session.losses)
            if steps % 3 == 0 and interrupt.signal is None:
                board.doing = "test"
                evaluate(session)
            if checkpoints.due(steps) and interrupt.signal is None:
                board.doing = "save"
                checkpoints.save(session.state())
        board.doing = "save"
        checkpoints.save(session.state())
    return interrupt.status


def evaluate(session: Session) -> None:
    session.model.eval()
    with torch.no_grad():
        for _ in range(20):
            assert session.model(session.x).shape == (EXAMPLES, 3)
    session.model.train()


def start(folder: str, board: Board) -> int:
    """The process number of a training that takes signals."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            status = train(folder, board, writing)
        except SystemExit as end:  # the second signal
            status = end.code
        finally:
            os._exit(status)
    os.close(writing)
    select.select([reading], [], [], 60)
    os.close(reading)
    return child


def wait_for(doing: str, board: Board) -> None:
    """Until the training does this, at most a moment."""
    patience = time.perf_counter() + 0.3
    while board.doing != doing and time.perf_counter() < patience:
        time.sleep(0.0001)


def main(folder: str, count: int, seed: int) -> None:
    warnings.simplefilter("error", UserWarning)
    rng = random.Random(seed)
    hit: Counter[str] = Counter()
    wrong: list[str] = []
    slowest = 0.0
    board = Board()
    for turn in range(count):
        number = rng.choice([signal.SIGINT, signal.SIGTERM])
        twice = turn % 10 == 9
        child = start(folder, board)
        wait_for(rng.choice(DOING[1:]), board)
        time.sleep(rng.choice([0, rng.uniform(0, 0.003)]))
        hit[board.doing] += 1
        asked = time.perf_counter()
        os.kill(child, number)
        if twice:
            time.sleep(0.001)
            os.kill(child, number)
        _, status = os.waitpid(child, 0)
        slowest = max(slowest, time.perf_counter() - asked)
        if not os.WIFEXITED(status) or os.WEXITSTATUS(status) != 128 + number:
            wrong.append(f"turn {turn}, {board.doing}: ended with {status} on {number.name}")
        checkpoints = Checkpoints(folder)
        saved = len(checkpoints.newest()[1]["losses"]) if checkpoints.paths else 0
        if saved != board.steps and not twice:
            wrong.append(f"turn {turn}: {board.steps} steps done, {saved} saved")
        if any(name.endswith(".tmp") for name in os.listdir(folder) if os.path.isdir(folder)):
            wrong.append(f"turn {turn}: a stale file")
    whole = Session(1).train(len(Checkpoints(folder).newest()[1]["losses"])).digest()
    same = Session(99).restore(Checkpoints(folder).newest()[1]).digest() == whole
    print(json.dumps({"signals": count, "hit": hit, "wrong": wrong, "slowest": slowest, "same_bits": same}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
