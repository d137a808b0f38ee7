"""Sessions on disk, so that a page finds its network again after the server was stopped or killed.

One safetensors file for each session, in the user's cache folder, named by a hash of the session's secret name: written
in one stroke, with a checksum, and readable by its owner only. What the optimiser remembers and where dropout's random
numbers have got to are kept too, so that the training goes on as if nothing had been.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import Any

import numpy as np

from glassnet.data.cache import cache_folder
from glassnet.errors import FileError, FormatError, GlassnetError
from glassnet.files import safetensors, strict_json
from glassnet.server import network
from glassnet.server.playground import Playground
from glassnet.server.points import Points, check_own

_FORMAT = "1"
_DAYS = 7.0
_MOST_FILES = 500
_MOST_BYTES = 16 * 1024 * 1024


class Keeper:
    """Writes sessions into a folder and reads them back; nothing fails because a folder cannot be written.

    >>> import tempfile
    >>> keeper = Keeper(tempfile.mkdtemp())
    >>> playground = Playground({"dataset": "gauss", "points": 20})
    >>> playground.train(3)
    >>> keeper.keep("secret", playground), keeper.find("secret").course.epoch, keeper.find("another")
    (True, 3, None)
    """

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder or os.path.join(cache_folder(), "sessions")

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, hashlib.sha256(name.encode()).hexdigest()[:40] + ".safetensors")

    def keep(self, name: str, playground: Playground) -> bool:
        """Write a session; whether it could be done."""
        tensors, texts = taken_down(playground)
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            safetensors.save(self._path(name), tensors, texts, checksum=True)
        except (FileError, OSError):
            return False
        return True

    def find(self, name: str) -> Playground | None:
        """The session that was kept under this name; None if there is none that can be read."""
        path = self._path(name)
        if not os.path.exists(path):
            return None
        try:
            return brought_back(*safetensors.load(path, limit=_MOST_BYTES, checksum=True))
        except (GlassnetError, KeyError, ValueError, TypeError, OverflowError):
            return None  # of an older version, or damaged: the page begins anew

    def tidy(self) -> None:
        """Remove what nobody came back to for a week, and the oldest beyond what a class needs."""
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            files = sorted((e.stat().st_mtime, e.path) for e in entries if e.name.endswith(".safetensors"))
            limit = time.time() - _DAYS * 86400
            for i, (modified, path) in enumerate(files):
                if modified < limit or i < len(files) - _MOST_FILES:
                    os.unlink(path)


def taken_down(playground: Playground) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """What a Playground is, as arrays and texts."""
    learner = playground.learner
    tensors = {f"{i}": p.array for i, p in enumerate(learner.parameters)}
    tensors |= {f"held.{i}": held for i, held in enumerate(learner.held)}
    tensors |= {f"keep.{i}": keep for i, keep in enumerate(learner.keep)}
    tensors |= {f"memory.{i}.{key}": array for i, key, array in learner.remembered()}
    tensors |= {f"counted.{i}": array for i, array in enumerate(learner.counted)}
    own = playground.own
    if own is not None:
        tensors |= {"own.x": own.x, "own.t": own.t}
    about = {
        "state": playground.state,
        "step": playground.step,
        "epoch": playground.course.epoch,
        "at": playground.course.at,
        "edited": playground.edited,
        "random": _words(learner.rng),
        "count": learner.net.count if learner.net is not None else 0,
        "rows": [list(row) for row in playground.curve.rows],
        "own": own and {"train": own.train, "task": own.task, "classes": list(own.classes), "source": own.source},
    }
    text = strict_json.dumps(about, indent=None, non_finite="null")
    return {k: np.array(v, order="C") for k, v in tensors.items()}, {"format": _FORMAT, "playground": text}


def brought_back(
    tensors: dict[str, np.ndarray], texts: dict[str, str], most_outputs: int = 10_000_000, layouts: int = 0
) -> Playground:
    """The Playground that was taken down.

    Raises `GlassnetError`, `KeyError`, `ValueError`, `TypeError` or `OverflowError` for what never was one.
    """
    if texts.get("format") != _FORMAT:
        raise FormatError("got another format; expected this version's. Try beginning anew.")
    about: dict[str, Any] = strict_json.loads(texts["playground"], source="session")
    own = None
    if about["own"]:
        kept = about["own"]
        own = check_own(
            Points(
                tensors["own.x"], tensors["own.t"], kept["train"], kept["task"], tuple(kept["classes"]), kept["source"]
            )
        )
    playground = Playground(about["state"], own, most_outputs, layouts)
    learner = playground.learner
    network.restore(learner.layers, [tensors[f"{i}"] for i in range(len(learner.parameters))])
    for i, held in enumerate(learner.held):
        held[...] = tensors[f"held.{i}"]
    for i, keep in enumerate(learner.keep):
        keep[...] = tensors[f"keep.{i}"]
    learner.configure(playground.state)
    learner.remember(
        (int(words[1]), words[2], array) for name, array in tensors.items() if (words := name.split("."))[0] == "memory"
    )
    if "random" in about:  # a session that was kept before this was written down draws from the start
        _rewind(learner.rng, about["random"])
    if learner.net is not None and "count" in about:
        for i, array in enumerate(learner.counted):
            array[...] = tensors[f"counted.{i}"]
        learner.net.count = int(about["count"])
    playground.step, playground.edited = int(about["step"]), bool(about["edited"])
    playground.resume(int(about["epoch"]), int(about["at"]), about["rows"])
    return playground


def _words(rng: np.random.Generator) -> list[str]:
    """Where a generator has got to: its numbers are longer than JSON's, so they are written as words."""
    state: dict[str, Any] = dict(rng.bit_generator.state)
    return [*(str(state["state"][key]) for key in ("state", "inc")), str(state["has_uint32"]), str(state["uinteger"])]


def _rewind(rng: np.random.Generator, words: list[str]) -> None:
    """Have a generator go on from there.

    Raises `ValueError` or `TypeError` for words that are no such place.
    """
    state, inc, has, rest = (int(word) for word in words)
    kept = {"state": state, "inc": inc}
    rng.bit_generator.state = {"bit_generator": "PCG64", "state": kept, "has_uint32": has, "uinteger": rest}
