"""A whole training as one state: saved, read back, and gone on from as if nothing had happened.

A state holds the model's numbers, the optimiser's, the schedule's place, every stream of random numbers, where the pass
over the examples began and how far it got, the figures so far, and what each callback remembers (best weights and
patience among it). With it a training goes on bit for bit, in the middle of an epoch too.
"""

from __future__ import annotations

import math
import os
import warnings
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.core.tensor import Tensor
from glassnet.errors import DataError, complain

if TYPE_CHECKING:
    from glassnet.train.trainer import Trainer

FORMAT = 1
_EPOCH_SECONDS = 1.0  # between two savings at the ends of short epochs
_OTHER_BATCHES = (
    "got another first batch than the epoch of the checkpoint began with (other examples, or a data set with random "
    "numbers of its own); the training goes on, but not to the numbers of an unbroken one"
)


class ResumeWarning(UserWarning):
    """A training that goes on, but perhaps not bit for bit."""


def checkpoints_of(given: Any) -> Any:
    """A folder of checkpoints from a path; None and a `Checkpoints` are what they are."""
    if given is None or hasattr(given, "newest"):
        return given
    from glassnet.train.checkpoint import Checkpoints

    return Checkpoints(os.fspath(given), every_seconds=60)


class Reluctant:
    """A folder of checkpoints that stays empty while a training is so young that it is quicker run again.

    After `seconds`, or when the training is stopped, it is a `Checkpoints`.
    """

    def __init__(self, folder: str, seconds: float, every_seconds: float = 30.0) -> None:
        self.folder, self.every_seconds = folder, every_seconds
        self._begins = monotonic() + seconds
        self._folder: Any = None

    @property
    def worthwhile(self) -> bool:
        """Whether the training has taken long enough."""
        return monotonic() >= self._begins

    def due(self, step: int) -> bool:
        """Whether it is time to save."""
        return self.worthwhile and self._checkpoints.due(step)

    def save(self, *state: Any, **how: Any) -> str:
        """Save."""
        return self._checkpoints.save(*state, **how)

    def newest(self) -> tuple[str, dict[str, Any]]:
        """The newest whole state."""
        return self._checkpoints.newest()

    @property
    def _checkpoints(self) -> Any:
        if self._folder is None:
            from glassnet.train.checkpoint import Checkpoints

            self._folder = Checkpoints(self.folder, every_seconds=self.every_seconds)
        return self._folder


def state_of(trainer: Trainer) -> dict[str, Any]:
    """Everything that decides how a training goes on: plain values and arrays of its own."""
    from glassnet.train.rng_state import rng_state

    average = {name: a.state_dict() for name, a in _averages(trainer).items()}
    return {
        "format": FORMAT,
        "model": trainer.weights(),
        "optimizer": copied(trainer.optimizer.state_dict()),
        "learn": trainer.learn.state_dict(),
        "average": average,
        "pace": copied(trainer.pace.state_dict()),
        "random": rng_state(),
        "feed": trainer.feed.state_dict() if trainer.feed is not None else None,
        "progress": _progress(trainer),
        "data": trainer.fingerprint,
        "history": [dict(figures) for figures in trainer.history],
        "callbacks": [{"kind": type(c).__name__, "state": copied(c.state_dict())} for c in trainer.callbacks],
        "configuration": trainer.configuration,
    }


def _progress(trainer: Trainer) -> dict[str, Any]:
    return {
        "epoch": trainer.epoch,
        "epochs": trainer.epochs,
        "step": trainer.step,
        "taken": trainer.taken,
        "inside": trainer.inside,
        "seconds": trainer.seconds,
        "optimizer": type(trainer.optimizer).__name__,
        "batches": trainer.steps_per_epoch,
        "examples": trainer.feed.examples if trainer.feed is not None else 0,
    }


def _averages(trainer: Trainer) -> dict[str, Any]:
    pairs = {"running": trainer.learn.average, "mean": trainer.mean}
    return {name: average for name, average in pairs.items() if average is not None}


def copied(value: Any) -> Any:
    """Values that later steps do not reach: tensors become arrays."""
    if isinstance(value, Tensor):
        return value.detach().array.copy()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.generic):
        return np.asarray(value)
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(part) for part in value)
    return value


def load(trainer: Trainer, state: dict[str, Any]) -> None:
    """Go on from a state.

    Raises `DataError` for the state of another kind of training, before anything has changed.
    """
    _check(trainer, state)
    trainer.set_weights(state["model"])
    trainer.optimizer.load_state_dict(state["optimizer"])
    trainer.optimizer._opt_called = True  # a schedule that watches the order of calls: its first step is long past
    trainer.learn.load_state_dict(state["learn"])
    for name, average in _averages(trainer).items():
        if name in state["average"]:
            average.load_state_dict(state["average"][name])
    trainer.pace.load_state_dict(state["pace"])
    for callback, saved in zip(trainer.callbacks, state["callbacks"], strict=True):
        callback.load_state_dict(saved["state"])
    progress = state["progress"]
    trainer.epoch, trainer.step, trainer.taken = progress["epoch"], progress["step"], progress["taken"]
    trainer.inside, trainer.seconds = progress["inside"], progress["seconds"]
    trainer.history.entries = [dict(figures) for figures in state["history"]]
    if trainer.feed is not None and state["feed"] is not None:
        trainer.feed.load_state_dict(state["feed"])
    from glassnet.train.rng_state import set_rng_state

    set_rng_state(state["random"])


def _check(trainer: Trainer, state: dict[str, Any]) -> None:
    """The state must be that of the same model, optimiser, callbacks and data."""
    if not isinstance(state, dict) or state.get("format") != FORMAT or "progress" not in state:
        got = f"resume: got a state with the parts {', '.join(map(str, state))!s:.60}"
        raise DataError(complain(got, "expected one that Trainer.state_dict() gave", "Try its checkpoints' folder"))
    _check_data(trainer, state)
    here = {name: a.shape for name, a in trainer.weights().items()}
    there = {name: np.shape(a) for name, a in state["model"].items()}
    for name in dict.fromkeys((*there, *here)):
        if here.get(name) != there.get(name):
            got = f"resume: got `{name}` of shape {there.get(name, 'nothing')}"
            expected = f"expected {here.get(name, 'nothing')}, as in this model"
            raise DataError(complain(got, expected, "Try the model that the checkpoint was made with"))
    now, then = _progress(trainer), state["progress"]
    for key, words in (("optimizer", "the optimiser"), ("batches", "batches in an epoch")):
        _check_same(words, then[key], now[key])
    kinds = [type(c).__name__ for c in trainer.callbacks]
    saved = [c["kind"] for c in state["callbacks"]]
    if kinds != saved:
        got = f"resume: got a training with callbacks {', '.join(saved) or 'none'}"
        raise DataError(complain(got, f"expected {', '.join(kinds) or 'none'}, as here", "Try the same callbacks"))


def _check_same(words: str, then: Any, now: Any) -> None:
    if then and now and then != now:
        got = f"resume: got a training with {words} {then}"
        raise DataError(complain(got, f"expected {now}, as here", "Try the same data and settings"))


def _check_data(trainer: Trainer, state: dict[str, Any]) -> None:
    """The examples must be those that the training began with: other ones would not lead to the same numbers."""
    if trainer.feed is None:
        return
    _check_same("examples", state["progress"]["examples"], trainer.feed.examples)
    then, now = state.get("data") or {}, trainer.fingerprint
    for part, words in (("train", "examples to learn from"), ("validation", "validation examples")):
        if part in then and part in now and then[part] != now[part]:
            got = f"resume: got other {words} than at the checkpoint (fingerprint {now[part]}, then {then[part]})"
            hint = "Try the data as they were, or a new training"
            raise DataError(complain(got, "expected the same, to go on to the same numbers", hint))


def resume(trainer: Trainer, source: Any) -> None:
    """Go on from a folder of checkpoints, one file, or a state; warn where the machine is another one."""
    state = read(source)
    load(trainer, state)
    warn_of_changes(state)
    if not getattr(trainer.feed, "comes_again", lambda: True)():
        warnings.warn(f"resume: {_OTHER_BATCHES}", ResumeWarning, stacklevel=4)


def read(source: Any) -> dict[str, Any]:
    """The state that is meant: in a dictionary, in a file, or the newest whole one in a folder."""
    if isinstance(source, dict):
        return source
    from glassnet.train.checkpoint import Checkpoints, read_checkpoint

    if hasattr(source, "newest"):
        return source.newest()[1]
    path = os.fspath(source)
    return Checkpoints(path).newest()[1] if os.path.isdir(path) else read_checkpoint(path)


def warn_of_changes(state: dict[str, Any]) -> None:
    """Warn of what differs from the machine that the state was saved on."""
    text = changes_since(state)
    if text is not None:
        warnings.warn(f"resume: {text}", ResumeWarning, stacklevel=5)


def changes_since(state: dict[str, Any]) -> str | None:
    """What differs from the machine that the state was saved on; a state that was never in a file has none."""
    if "machine" not in state:
        return None
    from glassnet.train.checkpoint import changed_machine

    changes = "; ".join(changed_machine(state))
    return f"got another machine ({changes}); the last bits may differ from an unbroken training" if changes else None


def save_epoch(trainer: Trainer, figures: dict[str, Any]) -> None:
    """Save at the end of an epoch; of very short epochs, one a second. The last is saved when all is over."""
    now = monotonic()
    folder = trainer.checkpoints
    if folder is None or now - trainer.saved_at < _EPOCH_SECONDS or not getattr(folder, "worthwhile", True):
        return
    if trainer.epoch < trainer.epochs and not trainer.stopped:
        trainer.saved_at = now
        trainer.save(*_score(trainer, figures))


def save_end(trainer: Trainer) -> None:
    """Save when a training ends in whatever way, unless its numbers are spoilt."""
    folder = trainer.checkpoints
    if folder is None or not trainer.step or not math.isfinite(trainer.learn.total.array):
        return
    if trainer.stopped or getattr(folder, "worthwhile", True):
        trainer.save(*_score(trainer, trainer.history.last if not trainer.inside else {}))


def _score(trainer: Trainer, figures: dict[str, Any]) -> tuple[float | None, bool]:
    """By which figure checkpoints are compared, and whether more of it is better."""
    watch: Any = next((w for c in trainer.callbacks if (w := getattr(c, "watch", None)) is not None), None)
    name = watch.monitor if watch is not None else "validation_loss"
    return figures.get(name, figures.get("loss")), watch is not None and watch.sign > 0 and name in figures
