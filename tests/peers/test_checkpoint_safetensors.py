"""A checkpoint is an ordinary safetensors file: the package that owns the format reads its tensors and its metadata."""

import json

import numpy as np
import pytest
from safetensors import numpy as package
from safetensors import safe_open

import glassnet as torch
from glassnet import nn
from glassnet.errors import FormatError
from glassnet.train.checkpoint import read_checkpoint, write_checkpoint
from glassnet.train.rng_state import rng_state

pytestmark = pytest.mark.peers


@pytest.fixture
def written(tmp_path):
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(6, 5)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rng": rng_state(), "loss": [0.1] * 90}
    state |= {
        "mask": np.array([True, False]),
        "none": np.zeros((0, 2), np.uint32),
        "one": np.array(2**64 - 1, np.uint64),
    }
    path = tmp_path / "checkpoint-00000001.safetensors"
    write_checkpoint(path, state, score=0.5)
    return path, model


def test_the_package_reads_it(written):
    path, model = written
    tensors = package.load_file(path)
    for name, tensor in model.state_dict().items():
        theirs = tensors[f"model.{name}"]
        assert theirs.dtype == tensor.array.dtype
        assert theirs.tobytes() == tensor.array.tobytes()
    assert tensors["one"] == 2**64 - 1
    assert tensors["none"].shape == (0, 2)
    assert tensors["loss"].tolist() == [0.1] * 90


def test_the_metadata_is_json_that_anyone_can_read(written):
    path, _ = written
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert json.loads(metadata["checkpoint"]) == {"format": 1, "higher_is_better": False, "score": 0.5}
    kind, *parts = json.loads(metadata["structure"])
    assert kind == "dict"
    assert [name for name, _ in parts][:2] == ["model", "optimizer"]


def test_what_the_package_wrote_anew_has_no_checksum_and_is_refused(written, tmp_path):
    """Its numbers may have been changed on the way; a training must not go on from them in silence."""
    path, _ = written
    with safe_open(path, "numpy") as file:
        metadata = {key: value for key, value in file.metadata().items() if key != "sha256"}
    package.save_file(package.load_file(path), tmp_path / "again", metadata)
    with pytest.raises(FormatError, match="got no checksum"):
        read_checkpoint(tmp_path / "again")
