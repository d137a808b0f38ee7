"""Checkpoints: a whole training in one file, and a folder of them that no kill, no full disk and no power cut empties.

A checkpoint is one safetensors file with a SHA-256 over every byte: the arrays are ordinary tensors that any reader of
the format can read (`model.0.weight`), everything else is strict JSON in its metadata. `torch.load` reads it, too.

Nothing is lost, because of the order in which a `Checkpoints` folder works: the new file reaches the disk under a
temporary name, takes its own name, that name reaches the disk, and only then are older files deleted.
"""

from __future__ import annotations

import errno
import math
import os
import re
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np

from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import FileError, FormatError, NotSupportedError, ValueRangeError, complain
from glassnet.files import nested, safetensors, strict_json
from glassnet.files.atomic import make_folder, remove_stale_temporaries
from glassnet.files.bounded import PathOrBytes
from glassnet.files.os_errors import StrPath, reported, shown
from glassnet.files.paths import spelled
from glassnet.train.machine import Blas, describe_machine

FORMAT = 1
_KEY, _STRUCTURE, _MACHINE = "checkpoint", "structure", "machine"
_NAME = re.compile(r"checkpoint-(\d{1,15})\.safetensors")
_LARGEST = 64 << 30  # bytes: a checkpoint is the user's own, and a large model with Adam's moments is three models
_AGAIN = "Try a file that write_checkpoint wrote"

# What decides the last bits of a training: the place in `machine`, and its name in a message.
_DECIDES = (
    (("glassnet",), "glassnet"),
    (("numpy",), "NumPy"),
    (("platform",), "operating system"),
    (("blas", "name"), "BLAS"),
    (("blas", "version"), "BLAS version"),
    (("blas", "core"), "BLAS kernels"),
    (("blas", "threads"), "BLAS threads"),
    (("features",), "processor features"),
)


class CheckpointWarning(UserWarning):
    """A checkpoint that was passed over, or one that could not be tidied away."""


# One checkpoint


def write_checkpoint(
    path: StrPath, state: Mapping[str, Any], *, score: float | None = None, higher_is_better: bool = False
) -> int:
    """Write a training's state whole or not at all, and return the number of bytes.

    `state` is a dict of named parts: dicts, lists, tuples, text, whole numbers of any size, floats (NaN and infinities
    too), booleans, None, arrays and tensors, inside each other as deep as 30. Under `machine` the file also says which
    versions, BLAS kernels and threads it was written with. On any error the file that was there before stays.

    Raises:
        FileError: the system refuses (full disk, no permission, …).
        NotSupportedError, ValueRangeError, DTypeError: something that a file cannot hold, named by its place.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "a.safetensors")
    ...     _ = write_checkpoint(path, {"step": 3, "loss": float("nan"), "weights": {0: np.ones(2)}})
    ...     state = read_checkpoint(path)
    >>> state["step"], state["loss"], state["weights"], state["machine"]["numpy"] == np.__version__
    (3, nan, {0: array([1., 1.])}, True)
    """
    _check_state(state)
    arrays, structure = nested.pack({**state, _MACHINE: _machine()}, _tensor)
    finite = float(score) if score is not None and math.isfinite(score) else None
    about = {"format": FORMAT, "score": finite, "higher_is_better": bool(higher_is_better)}
    texts = {_KEY: strict_json.dumps(about, indent=None), _STRUCTURE: structure}
    return safetensors.write(path, arrays, texts, checksum=True)


def read_checkpoint(path: PathOrBytes) -> dict[str, Any]:
    """The state in a checkpoint, equal to the one that was written to the last bit, and `machine` beside it.

    Raises:
        FormatError: any byte is not as it was written, or the file is no checkpoint.
        FileError: the file cannot be read.
    """
    arrays, texts = safetensors.load(path, limit=_LARGEST, checksum=True)
    name = "bytes" if isinstance(path, bytes | bytearray | memoryview) else shown(path)
    _about(texts, name)
    state = nested.unpack(texts.get(_STRUCTURE, "null"), arrays, {"tensor": wrap}, name)
    if not isinstance(state, dict):
        raise FormatError(complain(f"{name}: got no named parts", "expected a training's state", _AGAIN))
    return state


def changed_machine(state: Mapping[str, Any]) -> list[str]:
    """What differs between the machine that wrote a state and this one, of all that decides the last bits.

    An empty list means that a resumed training gives bit for bit what the uninterrupted one would have given.

    >>> changed_machine({"machine": _machine()})
    []
    >>> then = _machine() | {"numpy": "2.1.0"}
    >>> changed_machine({"machine": then}) == [f"NumPy: 2.1.0 then, {np.__version__} now"]
    True
    """
    then, now = state.get(_MACHINE), _machine()
    if not isinstance(then, Mapping):
        return ["machine: unknown then"]
    pairs = [(name, _at(then, place), _at(now, place)) for place, name in _DECIDES]
    return [f"{name}: {_word(old)} then, {_word(new)} now" for name, old, new in pairs if old != new]


def _check_state(state: Any) -> None:
    if not isinstance(state, Mapping):
        expected = "expected a dict of named parts"
        got = f"write_checkpoint: got {type(state).__name__} as the state"
        raise NotSupportedError(complain(got, expected, "Try {'model': model.state_dict()}"))
    taken = state.get(_MACHINE)
    if _MACHINE in state and not (isinstance(taken, Mapping) and "blas" in taken):
        got = f"write_checkpoint: got {taken!r:.40} under {_MACHINE!r}"
        expected = "expected that name free, for versions and BLAS"
        raise ValueRangeError(complain(got, expected, "Try another name"))


def _tensor(value: Any) -> tuple[str, np.ndarray] | None:
    return ("tensor", value.array) if isinstance(value, Tensor) else None


def _about(texts: Mapping[str, str], name: str) -> dict[str, Any]:
    """What a file says of itself as a checkpoint."""
    if _KEY not in texts:
        raise FormatError(complain(f"{name}: got a file without a training's state", "expected a checkpoint", _AGAIN))
    about = strict_json.loads(texts[_KEY], source=f"{name}: checkpoint")
    version = about.get("format") if isinstance(about, dict) else None
    if version != FORMAT:
        got = f"{name}: got a checkpoint of format {version!r:.40}"
        raise FormatError(complain(got, f"expected format {FORMAT}", "Try a newer glassnet"))
    return about


@cache
def _blas() -> Blas:
    return Blas()


def _machine() -> dict[str, Any]:
    return describe_machine(_blas()) | {"features": _features()}


@cache
def _features() -> str:
    """The processor's features that NumPy chooses its loops by: another set may round exp and log another way."""
    core = getattr(getattr(np, "_core", None), "_multiarray_umath", None)
    found, chosen = getattr(core, "__cpu_features__", {}), getattr(core, "__cpu_dispatch__", [])
    return " ".join(name for name in chosen if found.get(name))


def _at(value: Any, place: Iterable[str]) -> Any:
    for key in place:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _word(value: Any) -> str:
    return "unknown" if value is None else f"{value!s:.200}" or "none"


# A folder of checkpoints


class Checkpoints:
    """A folder that always holds the latest checkpoints of a training, and the best ones.

    `keep_last` of the newest stay (None keeps all), and `keep_best` of those with the best scores. `due` says when to
    save: every so many seconds, every so many steps, whichever comes first.

    A kill at any moment leaves every checkpoint whose `save` returned and that still belongs to the kept ones. What a
    killed process left half written is cleaned away by the next one; files of other names are never touched.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoints = Checkpoints(folder, keep_last=1)
    ...     for step, loss in enumerate([0.9, 0.2, 0.5]):
    ...         _ = checkpoints.save({"step": step}, score=loss)
    ...     len(checkpoints.paths), checkpoints.newest()[1]["step"], checkpoints.best()[1]["step"]
    (2, 2, 1)
    """

    def __init__(
        self,
        folder: StrPath,
        every_seconds: float | None = None,
        every_steps: int | None = None,
        keep_last: int | None = 2,
        keep_best: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = spelled(folder)
        self.every_seconds = _positive("every_seconds", every_seconds)
        self.every_steps = _positive("every_steps", every_steps)
        self.keep_last = _positive("keep_last", keep_last)
        self.keep_best = keep_best
        self._clock = clock
        self._saved_at = clock()
        self._ready = False  # whether the folder is there, and tidy
        self._ranks: dict[int, float | None] = {}  # what is known of each file: higher is better, None without a score
        self._damaged: set[int] = set()

    @property
    def paths(self) -> list[str]:
        """The checkpoints in the folder, the newest first, unread."""
        return [self._path(number) for number in reversed(self._numbers())]

    def due(self, step: int) -> bool:
        """Whether it is time to save, after this step; steps count from 1."""
        if self.every_steps is not None and step % self.every_steps == 0:
            return True
        return self.every_seconds is not None and self._clock() - self._saved_at >= self.every_seconds

    def save(self, state: Mapping[str, Any], score: float | None = None, higher_is_better: bool = False) -> str:
        """Write a new checkpoint, then delete those that need not be kept, and return the new one's path.

        A score that is not finite never counts as good. Of equal scores the earlier is the better.

        Raises what `write_checkpoint` raises; then every older checkpoint is still there.
        """
        self._prepare()
        number = max(self._numbers(), default=0) + 1
        path = self._path(number)
        write_checkpoint(path, state, score=score, higher_is_better=higher_is_better)
        self._ranks[number] = _rank({"score": score, "higher_is_better": higher_is_better})
        self._saved_at = self._clock()
        self._tidy()
        return path

    def newest(self) -> tuple[str, dict[str, Any]]:
        """The path and state of the newest checkpoint that is whole; each one passed over is named in a warning.

        Raises:
            FormatError: there are checkpoints, and all are damaged; each is listed.
            FileError: there are none.
        """
        return self._first_whole(self._numbers()[::-1], "checkpoint")

    def best(self) -> tuple[str, dict[str, Any]]:
        """The path and state of the whole checkpoint with the best score; raises as `newest` does."""
        self._known()
        unknown = [number for number in self._numbers() if number not in self._ranks]  # damaged ones: they get named
        return self._first_whole([*unknown, *self._by_score(self._ranks)], "checkpoint with a score")

    def _prepare(self) -> None:
        if not self._ready:
            make_folder(self.folder)
            remove_stale_temporaries(self.folder)
            self._ready = True

    def _path(self, number: int) -> str:
        return os.path.join(self.folder, f"checkpoint-{number:08d}.safetensors")

    def _numbers(self) -> list[int]:
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError:
            with reported("look into", self.folder):
                raise
        numbers = (int(match[1]) for match in map(_NAME.fullmatch, names) if match)
        return sorted({number for number in numbers if os.path.basename(self._path(number)) in names})

    def _known(self) -> list[int]:
        """The checkpoints that are there and not known to be damaged; of those not met before, headers are read."""
        numbers = self._numbers()
        for number in numbers:
            if number not in self._ranks and number not in self._damaged:
                self._look(number)
        self._ranks = {number: self._ranks[number] for number in numbers if number in self._ranks}
        return [number for number in self._ranks if number not in self._damaged]

    def _look(self, number: int) -> None:
        path = self._path(number)
        try:
            self._ranks[number] = _rank(_about(safetensors.load_metadata(path), shown(path)))
        except FormatError:
            self._damaged.add(number)  # no reason to complain before somebody wants it
        except FileError:
            pass  # it may be readable the next time

    def _by_score(self, ranks: Mapping[int, float | None]) -> list[int]:
        scored = [(-rank, number) for number, rank in ranks.items() if rank is not None]
        return [number for _, number in sorted(scored)]

    def _outdated(self) -> list[int]:
        """Those that are neither among the last nor among the best; damaged ones count as nothing and are left."""
        known = self._known()
        last = known[-self.keep_last :] if self.keep_last else known
        best = self._by_score({number: self._ranks[number] for number in known})[: self.keep_best]
        return [number for number in known if number not in last and number not in best]

    def _tidy(self) -> None:
        """Delete what need not be kept; where that fails the new checkpoint is safe, and the next save tries again."""
        try:
            for number in self._outdated():
                path = self._path(number)
                with reported("tidy away", path):
                    os.unlink(path)
        except FileError as error:
            warnings.warn(str(error), CheckpointWarning, stacklevel=3)

    def _first_whole(self, numbers: list[int], what: str) -> tuple[str, dict[str, Any]]:
        remove_stale_temporaries(self.folder)
        problems: list[FileError] = []
        for number in numbers:
            path = self._path(number)
            try:
                state = read_checkpoint(path)
            except FileError as error:
                if isinstance(error, FormatError):
                    self._damaged.add(number)
                problems.append(error)
                continue
            for problem in problems:
                text = f"{problem} Going on with {shown(path)} instead."
                warnings.warn(text, CheckpointWarning, stacklevel=3)
            return path, state
        raise self._nothing(what, problems)

    def _nothing(self, what: str, problems: list[FileError]) -> FileError:
        folder = shown(self.folder)
        if not problems:
            hint = "Try the folder of a training that has saved one"
            missing = FileError(complain(f"got no {what} in {folder}", "expected at least one", hint))
            missing.errno = errno.ENOENT
            return missing
        listed = "".join(f"\n  {problem}" for problem in problems).removesuffix(".")
        got = f"{folder}: got no whole {what} among {len(problems)}"
        return FormatError(complain(got, "expected at least one", f"Try a copy of the folder, or a new start:{listed}"))


def _rank(about: Mapping[str, Any]) -> float | None:
    """A score as a number of which more is better; None where there is none."""
    score = about.get("score")
    if not isinstance(score, int | float | np.number) or not math.isfinite(score):
        return None
    return float(score) if about.get("higher_is_better") else -float(score)


def _positive(name: str, value: Any) -> Any:
    if value is None or value > 0:
        return value
    got = f"Checkpoints: got {name}={value}"
    raise ValueRangeError(complain(got, "expected more than 0, or None", f"Try {name}=None"))
