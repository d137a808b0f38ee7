"""The runs that the command line has written, for the page's table: a few words each, read again when they change."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from typing import Any

from glassnet.errors import FileError, GlassnetError, complain
from glassnet.server.numbers import MOST_SIGNS, number_of, text_of
from glassnet.server.run_reports import RunList, RunMoment, RunStory, RunSummary
from glassnet.server.run_story import Story, unborn
from glassnet.train.moments import is_learning
from glassnet.train.run_folder import CONFIG, HISTORY, MODEL, RESULT
from glassnet.train.runs import Run, is_run

_MOST_RUNS, _MOST_SPARKS = 200, 40
_MOST_STORIES = 8  # that are kept in memory
_FILES = (CONFIG, RESULT, HISTORY, MODEL)


class Runs:
    """The runs of one folder.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Runs(folder).list().runs
    []
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._summaries: dict[str, tuple[Any, RunSummary]] = {}
        self._stories: dict[str, Story] = {}

    def list(self, tag: str = "", id: int | None = None) -> RunList:
        """The newest runs; one whose files are spoilt says so."""
        paths = _newest(self.folder)
        shown = paths[:_MOST_RUNS]
        marks = {path: (signature(path), is_learning(path)) for path in shown}
        new = hashlib.sha256(repr([*marks.items(), len(paths)]).encode()).hexdigest()[:16]
        name = os.path.basename(os.path.abspath(self.folder))
        if new == tag:
            return RunList(name, [], new, True, len(paths) - len(shown), id)
        for path, mark in marks.items():
            if self._summaries.get(path, (None, None))[0] != mark:
                self._summaries[path] = mark, summary_of(path)
        self._summaries = {path: self._summaries[path] for path in shown}
        return RunList(name, [self._summaries[p][1] for p in shown], new, False, len(paths) - len(shown), id)

    def path_of(self, name: str) -> str:
        """Where the run of that name is.

        Raises `FileError` for what is no name of a folder in this one, or no run.
        """
        path = os.path.join(self.folder, name)
        if not _is_name(name) or os.path.islink(path) or not is_run(path):
            got = f"got the run {name[:60]!r}"
            raise FileError(complain(got, "expected one of the list", "Try glassnet runs, which lists them"))
        return path

    def story(self, name: str, known: dict[str, Any], id: int | None = None) -> RunStory:
        """A run as far as it has come; one that has not begun yet is waited for.

        Raises `FileError` for what is no name of a folder in this one.
        """
        if _is_name(name) and not is_run(os.path.join(self.folder, name)):
            return unborn(name, id)
        path = self.path_of(name)
        return self._story(path).tell(summary_of(path), known, id)

    def _story(self, path: str) -> Story:
        story = self._stories.pop(path, None) or Story(path)
        self._stories[path] = story  # the latest one asked for is the last one to go
        while len(self._stories) > _MOST_STORIES:
            del self._stories[next(iter(self._stories))]
        return story

    def at(self, name: str, epoch: float, id: int | None = None) -> RunMoment:
        """The first layer and the confusions of a run at an epoch."""
        return self._story(self.path_of(name)).at(epoch, id)


def signature(path: str) -> tuple[tuple[int, int], ...]:
    """Other numbers whenever one of the files that a summary is made of has changed."""
    found = []
    for name in _FILES:
        try:
            stat = os.stat(os.path.join(path, name))
            found.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            found.append((0, 0))
    return tuple(found)


def _is_name(name: str) -> bool:
    """Whether a text names an entry of a folder, and nothing beyond.

    >>> _is_name("moons-1"), _is_name("../x"), _is_name("a/b"), _is_name("")
    (True, False, False, False)
    """
    plain = name not in ("", ".", "..") and not any(c in name for c in "/\\\0:")
    return plain and len(name) <= 255 and os.path.basename(name) == name


def _newest(folder: str) -> list[str]:
    found: list[tuple[float, str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and is_run(entry.path):
                    found.append((entry.stat().st_mtime, entry.path))
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)]


def summary_of(path: str) -> RunSummary:
    """A run in a few words."""
    name = os.path.basename(path)[:MOST_SIGNS]
    try:
        run = Run(path)
        status = "learning" if run.status == "unfinished" and is_learning(path) else run.status
        return RunSummary(
            name, text_of(run.data), run.task, status, run.date, {k: text_of(v) for k, v in run.settings.items()},
            number_of(run.metric("accuracy")), number_of(run.metric("r2")), number_of(run.metric("loss")), run.seconds,
            run.metric("parameters"), run.metric("epochs"), _spark(run.history.entries),
        )  # fmt: skip
    except GlassnetError as problem:
        none = None, None, None, None, None, None
        return RunSummary(name, "?", "?", "failed", "", {}, *none, [], str(problem))


def _spark(entries: Sequence[dict[str, Any]]) -> list[float | None]:
    """The training loss in a few points, the last one among them."""
    losses = [number_of(entry.get("loss")) for entry in entries if not entry.get("averaged")]
    every = max(1, math.ceil(len(losses) / _MOST_SPARKS))
    return losses[::-every][::-1]
