"""A folder for every run: what it was asked, what became of it, never over an older one.

config.json             command, data, settings, seed          written before the first step
environment.json        versions, processor, BLAS, git commit  written before the first step
history.jsonl           one line of figures for each epoch     grows while the network learns
activity.jsonl          looks into the layers                  grows while the network learns
weights.safetensors     the first layer's weights over time    grows while the network learns
ground.safetensors      what it says all over the plane, by epoch, where examples are points
steps.jsonl             how it stands, while it learns         grows while the network learns
confusion.jsonl         what was taken for what, by epoch      grows while the network learns
checkpoints/            what `--resume` goes on from           in trainings of some length
tensorboard/            event files                            with `--tensorboard`
model.safetensors       the network, ready for use             at the end
result.json             how good it is, and how long it took   at the end
predictions.safetensors what it said to each test example      at the end
mistakes.csv            where it was wrong, worst first        at the end
.lock                   held while a training writes           until the end
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from glassnet.errors import FileError, FormatError, complain
from glassnet.files import safetensors, strict_json
from glassnet.files.atomic import write_atomic
from glassnet.files.lock import Lock
from glassnet.files.os_errors import StrPath, reported, shown, typed

MODEL, RESULT = "model.safetensors", "result.json"
CONFIG, ENVIRONMENT = "config.json", "environment.json"
HISTORY, WEIGHTS = "history.jsonl", "weights.safetensors"
GROUND = "ground.safetensors"
STEPS, CONFUSION = "steps.jsonl", "confusion.jsonl"
PREDICTIONS, MISTAKES = "predictions.safetensors", "mistakes.csv"
TENSORBOARD = "tensorboard"
LOCK = ".lock"

Arrays = dict[str, np.ndarray]
Texts = dict[str, str]

_OPENING = {CONFIG, ENVIRONMENT, STEPS}  # all that there is before an epoch was learnt


class RunFolder:
    """A new folder `runs/NAME-DATE-TIME`, or the new or empty folder that the user named.

    It is made before a training starts, so that a folder that cannot be written is known then, and taken away again
    (`drop`) when nothing was learnt.

    Raises `FileError` when the folder cannot be made, or holds files already.
    """

    def __init__(self, name: str, chosen: str | None = None, parent: str = "runs") -> None:
        self.path = _made(chosen) if chosen else _new(os.path.join(parent, name))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block no other training writes here; at its end `drop`.

        Raises `FileError` when another one does: two would mix their histories and tidy away each other's checkpoints.
        """
        lock = Lock(os.path.join(self.path, LOCK))
        if not lock.take():
            got = f"got {shown(self.path)}, which another training is writing"
            hint = f"Try glassnet runs show {typed(self.path)}, which tells how far it is"
            raise FileError(complain(got, "expected a run that nobody writes", hint))
        try:
            yield
        finally:
            lock.release()
            self.drop()

    @property
    def model(self) -> str:
        """Where the model goes."""
        return os.path.join(self.path, MODEL)

    @property
    def result(self) -> str:
        """Where the result goes."""
        return os.path.join(self.path, RESULT)

    def write_result(self, result: Mapping[str, Any]) -> str:
        """Write the result as strict JSON, numbers that are not finite as null, and return the text."""
        return write_json(self.result, result)

    def drop(self) -> None:
        """Remove the folder if nothing was learnt: if it is empty, or holds only what is written in the first epoch."""
        with suppress(OSError):
            found = [os.path.join(self.path, name) for name in os.listdir(self.path)]
            if all(os.path.basename(path) in _OPENING or os.path.getsize(path) == 0 for path in found):
                for path in found:
                    os.unlink(path)
                os.rmdir(self.path)


def write_json(path: str, values: Mapping[str, Any]) -> str:
    """Write values as strict JSON, numbers that are not finite as null, in one stroke; return the text."""
    text = strict_json.dumps(dict(values), non_finite="null", sort_keys=False)
    write_atomic(path, text.encode())
    return text


def read_arrays(
    folder: StrPath, name: str, expected: str, fit: Callable[[Arrays, Texts], bool], limit: int
) -> tuple[Arrays, Texts] | None:
    """The arrays and texts of a safetensors file that grew with a training; None where there is none.

    Raises `FormatError` where `fit` says that they are not what is expected (who knows who wrote the file), or where
    there are more than `limit` bytes.
    """
    path = os.path.join(os.fspath(folder), name)
    if not os.path.exists(path):
        return None
    arrays, texts = safetensors.load(path, limit=limit)
    if not fit(arrays, texts):
        got = f"{shown(path)}: got {', '.join(arrays) or 'nothing'}"
        raise FormatError(complain(got, f"expected {expected}", "Try removing the file"))
    return arrays, texts


def model_in(path: str) -> str:
    """The model file that a path means: itself, or the one in a run folder.

    >>> model_in("model.safetensors")
    'model.safetensors'
    """
    inside = os.path.join(path, MODEL)
    return inside if os.path.isdir(path) and os.path.exists(inside) else path


def _made(path: str) -> str:
    taken = "is a file" if os.path.isfile(path) else None
    if taken is None:
        with reported("make the folder", path):
            os.makedirs(path, exist_ok=True)
            taken = "holds files" if os.listdir(path) else None
    if taken:
        hint = f"Try --output {typed(_free(path))}"
        raise FileError(complain(f"got --output {shown(path)}, which {taken}", "expected a new folder", hint))
    return path


def _free(path: str) -> str:
    """The path with the first number behind it that nobody has taken."""
    bare = path.rstrip("/\\")
    return next(f"{bare}-{i}" for i in range(2, 1_000_000) if not os.path.exists(f"{bare}-{i}"))


def _new(stem: str) -> str:
    path = f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    with reported("make the folder", path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        while True:
            try:
                os.mkdir(path)
                return path
            except FileExistsError:  # two runs in one second
                path = _free(path)
