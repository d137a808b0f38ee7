"""Damage to any byte, and a cut at any length, is named: of checkpoints, models and saved tensors alike."""

import io
import random
from pathlib import Path

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import FormatError
from glassnet.train.checkpoint import Checkpoints, CheckpointWarning, read_checkpoint, write_checkpoint
from glassnet.train.model_file import load_model, save_model


def a_checkpoint(path):
    model = nn.Linear(9, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(4, 9)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()["state"], "loss": [0.5, 0.1]}
    write_checkpoint(path, state | {"best": float("inf"), "name": 'a "name"\n', "order": np.arange(40)})


def a_model(path):
    save_model(path, nn.Sequential(nn.Linear(9, 8), nn.ReLU(), nn.Linear(8, 3)), {"classes": ["a", "b", "c"]})


def some_weights(path):
    torch.save(nn.Sequential(nn.Linear(9, 8), nn.BatchNorm1d(8)).state_dict(), path)


def some_values(path):
    torch.save({"epoch": 3, "weights": [torch.ones(5)], "best": float("nan")}, path)


KINDS = {
    "checkpoint": (a_checkpoint, read_checkpoint),
    "model": (a_model, load_model),
    "weights": (some_weights, lambda data: torch.load(io.BytesIO(data))),
    "values": (some_values, lambda data: torch.load(io.BytesIO(data))),
}


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    """The bytes of a file of each kind, and what reads them."""
    write, read = KINDS[request.param]
    write(tmp_path / "file")
    data = (tmp_path / "file").read_bytes()
    read(data)
    assert len(data) < 64 << 10
    return data, read


def test_every_byte(kind):
    """One bit of each byte, and another value in its place."""
    data, read = kind
    rng = random.Random(3)
    for at in range(len(data)):
        for change in (1 << rng.randrange(8), rng.randrange(1, 256)):
            damaged = bytearray(data)
            damaged[at] ^= change
            with pytest.raises(FormatError, match=r"; expected .*\. Try "):
                read(bytes(damaged))


def test_every_length(kind):
    data, read = kind
    for length in range(len(data)):
        with pytest.raises(FormatError):
            read(data[:length])
    with pytest.raises(FormatError):
        read(data + b"\0")


def test_pieces_of_a_checkpoint_that_change_places(tmp_path):
    """Every byte is still there, and two runs of eight have changed places."""
    a_checkpoint(tmp_path / "file")
    data = (tmp_path / "file").read_bytes()
    pieces = [data[at : at + 8] for at in range(0, len(data), 8)]
    rng = random.Random(4)
    for _ in range(1000):
        a, b = rng.sample(range(len(pieces)), 2)
        moved = list(pieces)
        moved[a], moved[b] = pieces[b], pieces[a]
        if moved != pieces:
            with pytest.raises(FormatError):
                read_checkpoint(b"".join(moved))


def test_the_newest_whole_one_is_offered_whatever_happened_to_the_others(tmp_path):
    rng = random.Random(5)
    folder = tmp_path / "checkpoints"
    checkpoints = Checkpoints(folder, keep_last=3)
    for step in range(3):
        checkpoints.save({"step": step, "w": np.ones(20)})
    whole = {path: Path(path).read_bytes() for path in checkpoints.paths}
    for turn in range(150):
        hurt = rng.sample(checkpoints.paths, rng.choice([1, 2]))
        for path in hurt:
            data = bytearray(whole[path])
            data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
            Path(path).write_bytes(data[: rng.choice([len(data), rng.randrange(len(data))])])
        expected = next(path for path in checkpoints.paths if path not in hurt)
        newer = [path for path in checkpoints.paths if path > expected]
        if newer:
            with pytest.warns(CheckpointWarning) as told:
                found = Checkpoints(folder).newest()[0]
            assert sorted(str(w.message).partition(":")[0] for w in told) == sorted(newer)
        else:
            found = Checkpoints(folder).newest()[0]
        assert found == expected, f"turn {turn}"
        for path, data in whole.items():
            Path(path).write_bytes(data)
