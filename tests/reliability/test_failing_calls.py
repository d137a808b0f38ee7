"""Every call of the operating system that saving and loading make fails once, in every way that disks know.

Then the last checkpoint is whole, nothing half written stays, and the error names the path, the bytes and the way out.
"""

import errno
import itertools
import os
import warnings
from functools import partial

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import FileError
from glassnet.train.checkpoint import Checkpoints, CheckpointWarning, read_checkpoint, write_checkpoint
from glassnet.train.model_file import load_model, save_model

ERRORS = [errno.ENOSPC, errno.EIO, errno.EINTR, errno.EDQUOT, errno.EMFILE, errno.EROFS, errno.EACCES]
SAVING = ["open", "write", "fsync", "replace", "close", "chmod", "stat", "lstat", "fstat", "unlink", "listdir", "mkdir"]
LOADING = ["open", "stat", "fstat", "listdir"]
NAMES_BYTES = ("write", "fsync", "replace")
_NEVER_CALLED = {"chmod", "lstat"} | ({"fsync"} if os.name == "nt" else set())


class Failing:
    """One function of `os`, of whose calls one fails, or does only a part."""

    def __init__(self, patch, name, fail_at, number):
        self.calls = 0
        self.name, self.fail_at, self.number = name, fail_at, number
        self._real = getattr(os, name)
        patch.setattr(os, name, self)

    def __call__(self, *args, **options):
        self.calls += 1
        if self.calls - 1 != self.fail_at:
            return self._real(*args, **options)
        if self.name == "close":
            self._real(*args, **options)
        raise OSError(self.number, os.strerror(self.number))


def state(step):
    return {"step": step, "w": np.full(300, step / 3), "mask": np.ones(7, bool), "rate": float("nan")}


def failed(action, name, fail_at, number):
    """The error of an action during which one call fails, and whether that call was made at all."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", CheckpointWarning)
        failing = Failing(patch, name, fail_at, number)
        try:
            action()
            error = None
        except FileError as caught:
            error = caught
    return error, failing.calls > fail_at, [str(warning.message) for warning in told]


def temporaries(folder):
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("name", SAVING)
def test_saving(tmp_path, name, number):
    for fail_at in itertools.count():
        folder = tmp_path / str(fail_at)
        for step in (1, 2):
            Checkpoints(folder, keep_last=1).save(state(step))
        checkpoints = Checkpoints(folder, keep_last=1)
        error, happened, told = failed(partial(checkpoints.save, state(3)), name, fail_at, number)
        if not happened:
            assert error is None
            assert fail_at or name in _NEVER_CALLED, f"os.{name} is never called: nothing was tested"
            return
        if error is not None:
            assert error.errno == number
            assert str(folder) in str(error)
            assert "; expected " in str(error)
            assert ". Try " in str(error)
            assert "bytes)" in str(error) or name not in NAMES_BYTES or "make the folder" in str(error)
        assert not temporaries(folder)
        newest = Checkpoints(folder).newest()[1]
        assert newest["step"] in ((2, 3) if error else (3,))
        assert np.array_equal(newest["w"], state(newest["step"])["w"])
        if name == "unlink":
            assert told, "what could not be tidied away is told"
        checkpoints.save(state(4))
        assert Checkpoints(folder).newest()[1]["step"] == 4, "a disk that works again is enough"


@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("name", LOADING)
def test_loading(tmp_path, name, number):
    checkpoints = Checkpoints(tmp_path)
    paths = [checkpoints.save(state(step)) for step in (1, 2)]
    for fail_at in itertools.count():
        found = []
        load = partial(lambda found: found.append(checkpoints.newest()), found)
        error, happened, told = failed(load, name, fail_at, number)
        if not happened:
            assert fail_at, f"os.{name} is never called: nothing was tested"
            return
        if error is not None:
            assert error.errno == number
            assert str(tmp_path) in str(error)
            continue
        ((path, newest),) = found
        assert (path, newest["step"]) in zip(paths, (1, 2), strict=True)
        if path == paths[0]:
            assert any(paths[1] in text and os.strerror(number) in text for text in told)


@pytest.mark.parametrize("most", [1, 3, 100, 4096])
def test_short_writes_are_continued(tmp_path, monkeypatch, most):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, view: real(descriptor, view[:most]))
    write_checkpoint(tmp_path / "a", state(1))
    monkeypatch.undo()
    assert read_checkpoint(tmp_path / "a")["step"] == 1


def test_a_disk_that_takes_nothing_is_an_error_and_no_hang(tmp_path, monkeypatch):
    write_checkpoint(tmp_path / "a", state(1))
    monkeypatch.setattr(os, "write", lambda descriptor, view: 0)
    with pytest.raises(FileError, match=r"'Nothing was written' on trying to write .*a \([\d,]+ bytes\)"):
        write_checkpoint(tmp_path / "a", state(2))
    monkeypatch.undo()
    assert read_checkpoint(tmp_path / "a")["step"] == 1
    assert os.listdir(tmp_path) == ["a"]


def test_the_message_for_a_full_disk(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint-00000001.safetensors"
    size = write_checkpoint(path, state(1))
    for fail_at in range(3):
        with pytest.MonkeyPatch.context() as patch:
            Failing(patch, "write", fail_at, errno.ENOSPC)
            with pytest.raises(FileError) as caught:
                write_checkpoint(path, state(1))
        assert str(caught.value) == (
            f"got {os.strerror(errno.ENOSPC)!r} on trying to write {path} ({size:,} bytes); "
            "expected room on the disk. Try freeing space there, or another disk."
        )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close"])
def test_models_and_state_dicts_too(tmp_path, name, number):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    actions = {
        "model": (lambda path: save_model(path, model), lambda path: load_model(path)),
        "weights": (lambda path: torch.save(model.state_dict(), path), lambda path: torch.load(path)),
    }
    if os.name == "nt" and name == "fsync":
        actions = {}
    for kind, (save, load) in actions.items():
        path = tmp_path / kind
        for fail_at in itertools.count():
            save(path)
            error, happened, _ = failed(lambda save=save, path=path: save(path), name, fail_at, number)
            if not happened:
                assert fail_at
                break
            assert error is not None
            assert f"{path} (" in str(error)
            load(path)
            assert not temporaries(tmp_path)
