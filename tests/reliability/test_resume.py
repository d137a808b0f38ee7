"""A training that was stopped and resumed ends with the same bits as one that never was, and so does a repeated one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from session import PER_EPOCH, SCHEDULES, Session

import glassnet as torch
from glassnet.train.checkpoint import Checkpoints, read_checkpoint, write_checkpoint


def _is_optimizer(thing):
    return isinstance(thing, type) and issubclass(thing, torch.optim.Optimizer) and thing is not torch.optim.Optimizer


STEPS = 14  # two epochs and a bit
OPTIMIZERS = sorted(cls.__name__ for cls in vars(torch.optim).values() if _is_optimizer(cls))
PROGRAM = Path(__file__).parent / "session.py"


def resumed(path, stop, *how, **options):
    """The digest at the end of a training that was stopped, and resumed in new objects made with another seed."""
    write_checkpoint(path, Session(1, *how, **options).train(stop).state())
    torch.manual_seed(12345)
    np.random.rand(3)  # noqa: NPY002
    return Session(99, *how, **options).restore(read_checkpoint(path)).train(STEPS).digest()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_each_optimiser(tmp_path, optimizer):
    whole = Session(1, optimizer).train(STEPS).digest()
    for stop in (2, PER_EPOCH - 1, PER_EPOCH, 9):
        assert resumed(tmp_path / "a", stop, optimizer) == whole, f"stopped after step {stop}"


def test_at_every_step(tmp_path):
    whole = Session(1).train(STEPS).digest()
    for stop in range(STEPS + 1):
        assert resumed(tmp_path / "a", stop) == whole, f"stopped after step {stop}"


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_each_schedule(tmp_path, optimizer, schedule):
    whole = Session(1, optimizer, schedule).train(STEPS).digest()
    for stop in (3, PER_EPOCH, 10):
        assert resumed(tmp_path / "a", stop, optimizer, schedule) == whole, f"stopped after step {stop}"


def test_op_by_op(tmp_path):
    whole = Session(1, compiled=False).train(STEPS).digest()
    for stop in (1, 2, 5, PER_EPOCH, 9):
        assert resumed(tmp_path / "a", stop, compiled=False) == whole


def test_saving_changes_nothing(tmp_path):
    session = Session(1)
    checkpoints = Checkpoints(tmp_path)
    for step in range(STEPS):
        session.train(step + 1)
        checkpoints.save(session.state(), score=session.losses[-1])
    assert session.digest() == Session(1).train(STEPS).digest()


@pytest.mark.parametrize("part", ["model", "optimizer", "schedule", "order", "rng"])
def test_each_part_of_the_state_counts(part):
    """Without any one of them the bits differ: the digests above compare something."""
    state = Session(1, "Adam", "cosine").train(9).state()
    fresh = Session(99, "Adam", "cosine").train(5)
    other = state | {part: fresh.state()[part]}
    whole = Session(1, "Adam", "cosine").train(STEPS).digest()
    assert Session(99, "Adam", "cosine").restore(state).train(STEPS).digest() == whole
    assert Session(99, "Adam", "cosine").restore(other).train(STEPS).digest() != whole


# In processes of their own


def run(folder, steps=STEPS, hash_seed="random"):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, str(PROGRAM), str(folder), str(steps)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=100, env=environment)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.split()[-1]


def test_in_another_process(tmp_path):
    whole = run(tmp_path / "whole")
    for steps in (5, 10, STEPS):  # each goes on from the last multiple of 3
        last = run(tmp_path / "parts", steps)
    assert last == whole


def test_the_same_seed_gives_the_same_bits_in_20_processes(tmp_path):
    digests = {run(tmp_path / str(seed), hash_seed=str(seed)) for seed in range(20)}
    assert len(digests) == 1
