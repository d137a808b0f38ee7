"""The history of a run as a file that grows: one line of JSON for each epoch, appended in one write.

A kill can cost the line that was being written, and no other: a reader leaves a torn last line out, and whoever goes on
with the run cuts it off before the next. An epoch that was run again after a resume takes the place of its first run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from glassnet.errors import FormatError, complain
from glassnet.files import strict_json
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import StrPath, reported, shown
from glassnet.train.figures import History
from glassnet.train.run_folder import HISTORY

_MOST_BYTES = 1 << 30
_BLOCK = 1 << 16  # bytes that are looked at, from the end, for the last whole line
Figures = dict[str, Any]


class HistoryFile:
    """Appends the figures of epochs to `history.jsonl` in a folder; numbers that are not finite become null.

    Another `name` makes another file of the same manner.

    Raises `FileError` when the system refuses.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with HistoryFile(folder) as file:
    ...         file.append({"epoch": 1, "loss": 0.5})
    ...         file.append({"epoch": 2, "loss": float("nan")})
    ...     read_history(folder).entries
    [{'epoch': 1, 'loss': 0.5}, {'epoch': 2, 'loss': None}]
    """

    def __init__(self, folder: StrPath, name: str = HISTORY) -> None:
        self.path = os.path.join(os.fspath(folder), name)
        with reported("open", self.path):
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with reported("write", self.path):
                _cut_torn_line(self._descriptor)
        except BaseException:
            self.close()
            raise

    def append(self, figures: Mapping[str, Any]) -> None:
        """One line more, which every reader sees from now on; it is whole, or not there at all."""
        line = strict_json.dumps(dict(figures), indent=None, sort_keys=False, non_finite="null").encode()
        with reported("write", self.path, len(line)):
            start = os.lseek(self._descriptor, 0, os.SEEK_END)
            try:
                _write_all(self._descriptor, line)
            except OSError:
                os.ftruncate(self._descriptor, start)  # a full disk must not leave half a line
                raise

    def close(self, durable: bool = True) -> None:
        """Let the lines reach the disk, if they must outlive a power cut, and end."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with reported("write", self.path):
                try:
                    if durable:
                        os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def __enter__(self) -> HistoryFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def read_history(folder: StrPath) -> History:
    """The history in a run folder, empty where there is none; a line that was torn by a kill is left out.

    Raises `FormatError`, which names the line, for a file that is something else.
    """
    path = os.path.join(os.fspath(folder), HISTORY)
    if not os.path.exists(path):
        return History()
    whole, newline, _torn = read_bounded(path, _MOST_BYTES).rpartition(b"\n")
    lines = whole.split(b"\n") if newline else []
    return History(_latest(_entry(line, shown(path), number) for number, line in enumerate(lines, 1)))


def _entry(line: bytes, file: str, number: int) -> Figures:
    source = f"{file}, line {number}"
    entry = strict_json.loads(line, source=source)
    if not isinstance(entry, dict) or not isinstance(entry.get("epoch"), int):
        hint = "Try removing that line"
        raise FormatError(complain(f"{source}: got {entry!r:.60}", "expected the figures of an epoch", hint))
    return entry


def _latest(entries: Iterable[Figures]) -> list[Figures]:
    """Each epoch once: what was run again is as it came out the last time."""
    kept: list[Figures] = []
    for entry in entries:
        while kept and kept[-1]["epoch"] >= entry["epoch"] and not entry.get("averaged"):
            kept.pop()
        kept.append(entry)
    return kept


def _cut_torn_line(descriptor: int) -> None:
    """Cut off what follows the last newline."""
    end = size = os.lseek(descriptor, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _BLOCK)
        os.lseek(descriptor, start, os.SEEK_SET)
        block = os.read(descriptor, end - start)
        place = block.rfind(b"\n")
        if place >= 0:
            end = start + place + 1
            break
        end = start
    if end < size:
        os.ftruncate(descriptor, end)


def _write_all(descriptor: int, line: bytes) -> None:
    view = memoryview(line)
    while view:
        view = view[os.write(descriptor, view) :]
