"""`glassnet train --resume RUN`: the same command once more, from where its last checkpoint stands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from glassnet.cli.options import Option, Parsed, UsageError, parse
from glassnet.cli.whereabouts import run_path
from glassnet.errors import FileError, complain
from glassnet.files.os_errors import shown
from glassnet.train.run_folder import RunFolder
from glassnet.train.saving import changes_since, read

CHECKPOINTS = "checkpoints"
_ANEW = ("quiet", "json", "open", "live", "no_browser")  # how it is looked at, which is said each time
_LATER = ("epochs", "time_budget", "patience", "threads", *_ANEW)  # what may be different this time


class Reopened(RunFolder):
    """The folder of a run that goes on."""

    def __init__(self, path: str) -> None:
        self.path = path


def checkpoints_in(folder: RunFolder) -> str:
    """Where a run keeps its checkpoints."""
    return os.path.join(folder.path, CHECKPOINTS)


def reopened(parsed: Parsed, options: Sequence[Option]) -> tuple[Parsed, list[str], RunFolder, dict[str, Any]]:
    """The command line that a run began with, as changed by this one, its folder and its state.

    Raises `UsageError` for options that cannot be changed any more, `FileError` for a folder without a checkpoint.
    """
    path = run_path(parsed.values["resume"])
    _check(parsed, path)
    state = _state(path)
    words = state["configuration"].get("words")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        got = f"got {shown(path)}, whose checkpoint does not say how it was begun"
        raise FileError(complain(got, "expected a run of glassnet train", "Try Trainer.fit(..., resume=folder)"))
    first = parse(words, options)
    kept = {name: value for name, value in first.values.items() if name not in (*_ANEW, "output", "resume")}
    later = {name: value for name, value in parsed.values.items() if name != "resume"}
    return Parsed(first.arguments, {**kept, **later}), words, Reopened(path), state


def without_machine(state: dict[str, Any], quiet: bool) -> dict[str, Any]:
    """The state, after saying what of the machine is another now; to be asked once the threads are set."""
    text = changes_since(state)
    if text is not None and not quiet:
        print(f"glassnet: {text}", file=sys.stderr)
    return {name: part for name, part in state.items() if name != "machine"}


def _check(parsed: Parsed, path: str) -> None:
    if parsed.arguments:
        got = f"got {' '.join(parsed.arguments)} with --resume {shown(path)}"
        raise UsageError(complain(got, "expected --resume alone: the run knows its data", "Try leaving it out"))
    other = next((name for name in parsed.values if name not in (*_LATER, "resume")), None)
    if other is not None:
        spelled = Option(other, None, "").spelled
        may = ", ".join(Option(name, None, "").spelled for name in _LATER)
        got = f"got {spelled} with --resume"
        raise UsageError(complain(got, f"expected only {may}: the rest was settled at the start", "Try without it"))


def _state(path: str) -> dict[str, Any]:
    folder = os.path.join(path, CHECKPOINTS)
    if not os.path.isdir(path):
        got = f"got --resume {shown(path)}, which is no folder"
        raise FileError(complain(got, "expected the folder of a run that was stopped", "Try glassnet runs"))
    if not os.path.isdir(folder):
        got = f"got --resume {shown(path)}, which has no folder `{CHECKPOINTS}`"
        expected = "expected the folder of a run that was stopped, or took longer than two seconds"
        raise FileError(complain(got, expected, "Try training anew"))
    return read(folder)
