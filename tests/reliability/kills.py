"""Trainings that are killed (SIGKILL) at random moments while they save, each going on where the last one stood.

    python kills.py FOLDER COUNT SEED [careless]

Python and NumPy are loaded once; every training is a fork of this process, so a kill costs milliseconds. The last line
of the output is a JSON object: what was lost, and how many kills hit a save. `careless` overwrites files in place, to
show that kills at these moments do find what that loses.
"""

import json
import os
import random
import signal
import struct
import sys
import time
import warnings

import numpy as np

from glassnet.errors import FileError
from glassnet.files import safetensors
from glassnet.train.checkpoint import Checkpoints

STEP = struct.Struct("<q")


def score_of(step: int) -> float:
    """A loss that is sometimes better than all before."""
    return (step * 7919 % 1000) / (10 + step)


def state_of(step: int) -> dict:
    weights = np.full((20 + step % 7, 500), step, np.float64)
    return {"step": step, "model": {"weight": weights, "bias": weights[0] > 0}, "history": [0.5] * (step % 90)}


def is_whole(state: dict) -> bool:
    expected = state_of(state["step"])
    same = np.array_equal(state["model"]["weight"], expected["model"]["weight"])
    return same and state["history"] == expected["history"]


def train(folder: str, told: int) -> None:
    """Save for ever; after each save say so through the pipe."""
    checkpoints = Checkpoints(folder, keep_last=2, keep_best=1)
    step = checkpoints.newest()[1]["step"] if checkpoints.paths else 0
    while True:
        step += 1
        checkpoints.save(state_of(step), score=score_of(step))
        os.write(told, STEP.pack(step))


def killed_training(folder: str, delay: float) -> list[int] | None:
    """The steps that a training said were saved, before it was killed; None if it could not go on."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            train(folder, writing)
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    if not os.WIFSIGNALED(status):
        return None
    return [STEP.unpack_from(data, at)[0] for at in range(0, len(data), STEP.size)]


def loss_after_kill(folder: str, told: int, done: list[int]) -> str | None:
    """What is missing now, of all that was said to be saved up to `told`."""
    try:
        checkpoints = Checkpoints(folder)
        newest, best = checkpoints.newest()[1], checkpoints.best()[1]
    except (FileError, UserWarning) as error:
        return None if told == 0 else str(error)
    if newest["step"] not in (told, told + 1) or not (is_whole(newest) and is_whole(best)):
        return f"step {newest['step']} after {told}"
    steps = range(1, max(1, told) + 1)
    wanted = min(map(score_of, steps)) if done else score_of(1)
    if score_of(best["step"]) > wanted:
        return f"the best is step {best['step']}"
    stale = [name for name in os.listdir(folder) if name.endswith(".tmp")]
    return f"stale files {stale}" if stale else None


def write_in_place(path, pieces) -> int:
    """What many programs do."""
    with open(path, "wb", buffering=0) as file:
        return sum(file.write(piece) for piece in pieces)


def main(folder: str, count: int, seed: int) -> None:
    warnings.simplefilter("error", UserWarning)
    rng = random.Random(seed)
    lost: list[str] = []
    during_a_save = told = 0
    start = time.perf_counter()
    for _ in range(count):
        steps = killed_training(folder, rng.uniform(0.001, 0.013))
        if steps is None:
            lost.append(f"after step {told} no training could go on")
            break
        told = max([told, *steps])
        if os.path.isdir(folder):
            during_a_save += any(name.endswith(".tmp") for name in os.listdir(folder))
        problem = loss_after_kill(folder, told, steps)
        if problem:
            lost.append(problem)
        paths = Checkpoints(folder).paths
        if paths:
            told = int(paths[0][-20:-12])  # the save that the kill hit may have got through before it could say so
    seconds = time.perf_counter() - start
    print(json.dumps({"kills": count, "steps": told, "during_a_save": during_a_save, "lost": lost, "seconds": seconds}))


if __name__ == "__main__":
    if "careless" in sys.argv:
        safetensors.write_atomic = write_in_place
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
