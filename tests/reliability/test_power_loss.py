"""A power cut at any moment leaves every checkpoint whose save had returned, or the one that was being written.

`disk_model` says what may be on the disk; here each of those disks is made and read. The same model finds the loss in
five ways of writing that look right and are not.
"""

import os
import shutil

import numpy as np
import pytest
from disk_model import Crash, Recorder, crashes

from glassnet.errors import FileError
from glassnet.files import atomic, safetensors
from glassnet.train import checkpoint
from glassnet.train.checkpoint import Checkpoints

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no call that flushes a folder")

SCORES = [0.5, 0.1, 0.9, 0.2, 0.8, 0.05, 0.7]  # losses, so that the best is sometimes an old one


def state(step):
    weights = np.random.default_rng(step).standard_normal((step + 5, 40))
    adam = {"step": step, "mean": weights * 0.1, "square": weights**2}
    return {"step": step, "model": {"weight": weights, "bias": weights[0] > 0}, "optimizer": [adam], "loss": [0.5] * 70}


def record(folder, patch, make=Checkpoints):
    """The calls of a training that saves and tidies, as it tells its progress."""
    patch.delattr(atomic.fcntl, "F_FULLFSYNC", raising=False)  # macOS: one name for both kinds of flush
    recorder = Recorder(str(folder), patch)
    checkpoints = make(folder / "run" / "checkpoints", keep_last=1, keep_best=1)
    for step, loss in enumerate(SCORES, 1):
        checkpoints.save(state(step), score=loss)
        recorder.told(step)
    patch.undo()
    return recorder.events


def found_after(crash: Crash, folder) -> str:
    """What a new start finds on a disk: "good", or what was lost."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in sorted(crash.folders):
        os.makedirs(name, exist_ok=True)
    for name, contents in crash.files.items():
        if not os.path.isdir(os.path.dirname(name)):
            continue  # a name in a folder that is gone
        with open(name, "wb") as file:
            file.write(contents)
    checkpoints = Checkpoints(folder / "run" / "checkpoints")
    try:
        newest, best = checkpoints.newest()[1], checkpoints.best()[1]
    except (FileError, UserWarning) as error:
        nothing_yet = crash.told == 0 and type(error) is FileError
        return "good" if nothing_yet else f"{type(error).__name__}: {error}"
    if newest["step"] not in (crash.told, crash.told + 1):
        return f"step {newest['step']} after {crash.told}"
    seen = SCORES[: newest["step"]]
    if best["step"] not in (seen.index(min(seen)) + 1, SCORES.index(min(SCORES[: max(1, crash.told)])) + 1):
        return f"the best is step {best['step']} of {seen}"
    whole = np.array_equal(newest["model"]["weight"], state(newest["step"])["model"]["weight"])
    stale = [name for name in os.listdir(checkpoints.folder) if name.endswith(".tmp")]
    return "good" if whole and not stale else f"whole: {whole}, stale: {stale}"


def test_every_disk_that_a_power_cut_can_leave(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        events = record(tmp_path, patch)
    known: dict[tuple, str] = {}
    count = 0
    for crash in crashes(events):
        count += 1
        key = crash.told, frozenset(crash.files.items()), crash.folders
        if key not in known:
            known[key] = found_after(crash, tmp_path)
    assert [found for found in known.values() if found != "good"] == []
    assert count >= 5000
    assert len(known) >= 500, "too many of them are alike"


# The model bites: ways of writing that lose something


def no_flush(patch):
    """The name reaches the disk before the bytes do."""
    patch.setattr(atomic, "_flush", lambda descriptor: None)


def no_folder_flush(patch):
    """`save` returns before the new name has reached the disk."""
    patch.setattr(atomic, "_flush_folder", lambda folder: None)


def flush_too_late(patch):
    """All is flushed, but after the renaming."""
    real = os.replace

    def replace(source, target):
        real(source, target)
        descriptor = os.open(target, os.O_WRONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    patch.setattr(atomic, "_flush", lambda descriptor: None)
    patch.setattr(atomic, "_replace", replace)


def in_place(patch):
    """The one file is overwritten where it lies."""

    def write(path, pieces):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for piece in pieces:
            os.write(descriptor, piece)
        os.fsync(descriptor)
        os.close(descriptor)
        atomic._flush_folder(os.path.dirname(path))

    patch.setattr(safetensors, "write_atomic", write)
    patch.setattr(
        Checkpoints, "_path", lambda self, number: os.path.join(self.folder, "checkpoint-00000001.safetensors")
    )


def old_one_first(patch):
    """Room is made before the new checkpoint is safe."""
    real = checkpoint.write_checkpoint

    def write(path, state, **options):
        for older in os.listdir(os.path.dirname(path)):
            os.unlink(os.path.join(os.path.dirname(path), older))
        return real(path, state, **options)

    patch.setattr(checkpoint, "write_checkpoint", write)


@pytest.mark.parametrize("sin", [no_flush, no_folder_flush, flush_too_late, in_place, old_one_first])
def test_the_model_finds_what_careless_writing_loses(tmp_path, sin):
    with pytest.MonkeyPatch.context() as patch:
        sin(patch)
        events = record(tmp_path, patch)
    assert any(found_after(crash, tmp_path) != "good" for crash in crashes(events))
