"""What a training says between its epochs, as two files of its run folder that grow while it learns.

steps.jsonl       how it stands, up to ten times a second: loss, accuracy, rate, examples a second
confusion.jsonl   after each judged epoch: which classes were taken for which

Both are for whoever watches: `is_learning` tells from the first whether a run is being written right now. They are
small whatever the length of the training, since lines come at growing distances. A folder that cannot take them costs
the training nothing: they end, and it goes on.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from typing import Any

from glassnet.errors import FileError, GlassnetError
from glassnet.files import strict_json
from glassnet.files.os_errors import StrPath
from glassnet.train.evaluation import Classification
from glassnet.train.history import HistoryFile
from glassnet.train.run_folder import CONFIG, CONFUSION, STEPS
from glassnet.train.training import Moment, Training

_APART, _LINES = 0.08, 2000  # seconds between two lines at first; so many lines later their distance grows
_BEAT = 1.0  # seconds: at least so often the file is touched, which says that somebody learns
_FRESH = 15.0  # seconds after which a file that nobody touched is that of a training that was killed
_MOST_CLASSES = 40  # whose confusions a page can show
_MOST_BYTES = 64 << 20


class MomentsFile:
    """Writes the moments of a training into its run folder.

    >>> import tempfile
    >>> from glassnet.data.datasets import load_dataset
    >>> from glassnet.train.settings import Settings
    >>> training = Training(load_dataset("xor_gate"), Settings(hidden=(4,), epochs=5, batch_size=4))
    >>> with tempfile.TemporaryDirectory() as folder, MomentsFile(folder, training) as file:
    ...     for moment in training:
    ...         file.keep(moment)
    ...     steps, confusions = GrowingFile(folder, STEPS).rows(), GrowingFile(folder, CONFUSION).rows()
    >>> steps[-1]["step"], confusions[-1]["epoch"]
    (5, 5)
    """

    def __init__(self, folder: StrPath, training: Training) -> None:
        self.folder, self.training = os.fspath(folder), training
        self._steps: HistoryFile | None = None
        self._confusions: HistoryFile | None = None
        self._off = False
        self._judgements = 0
        self._next_line = self._next_beat = 0.0
        self._before = (0, 0, 0.0)  # epoch, steps of it, and the sum of their losses, at the last line

    def keep(self, moment: Moment) -> None:
        """Write a moment down, if it is time for a line; of the judgements the first 64, then fewer, and the last."""
        now, ends = time.monotonic(), moment.done >= 1
        self._judgements += moment.test is not None
        judged = moment.test is not None and (ends or not self._judgements % _every(self._judgements))
        if self._off or not (judged or ends or now >= self._next_beat or now >= self._next_line):
            return
        try:
            self._open()
            if now >= self._next_line or ends:
                self._steps.append(self._line(moment))  # type: ignore[union-attr]
                self._next_line = now + max(_APART, moment.seconds / _LINES)
            elif now >= self._next_beat:
                os.utime(self._steps.path)  # type: ignore[union-attr]
            if judged:
                self._judged(moment)
            self._next_beat = now + _BEAT
        except (FileError, OSError):
            self._off = True

    def _open(self) -> None:
        if self._steps is None:
            self._steps = HistoryFile(self.folder, STEPS)

    def _line(self, moment: Moment) -> dict[str, Any]:
        trainer = self.training.trainer
        return {
            "step": trainer.step,
            "epoch": round(moment.done * moment.epochs, 6),
            "loss": self._loss(moment),
            "accuracy": moment.accuracy,
            "rate": float(trainer.optimizer.param_groups[0]["lr"]),
            "examples_per_second": round(moment.examples_per_second, 1),
            "seconds": round(moment.seconds, 4),
        }

    def _loss(self, moment: Moment) -> float:
        """The mean loss of the steps since the last line; of an epoch that has just begun, of its steps."""
        taken = self.training.trainer.taken
        epoch, steps, total = self._before
        now = moment.loss * taken
        self._before = moment.epoch, taken, now
        new = taken - steps
        return (now - total) / new if epoch == moment.epoch and new > 0 else moment.loss

    def _judged(self, moment: Moment) -> None:
        test = moment.test
        if not isinstance(test, Classification) or len(test.confusion) > _MOST_CLASSES:
            return
        if self._confusions is None:
            self._confusions = HistoryFile(self.folder, CONFUSION)
        told = {"epoch": moment.epoch, "of": moment.part, "confusion": test.confusion.tolist()}
        self._confusions.append(told)

    def close(self) -> None:
        """Let go of the files."""
        for file in (self._steps, self._confusions):
            if file is not None:
                with suppress(FileError):
                    file.close(durable=False)
        self._steps = self._confusions = None

    def __enter__(self) -> MomentsFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _every(judgements: int) -> int:
    """Every how many of them a judgement is kept: 32 for each doubling of their number.

    >>> _every(63), _every(64), _every(1000)
    (1, 2, 16)
    """
    return 1 << max(0, judgements.bit_length() - 6)


def is_learning(folder: StrPath) -> bool:
    """Whether a training has written into this folder within the last seconds.

    >>> is_learning("nowhere")
    False
    """
    touched = 0.0
    for name in (CONFIG, STEPS):  # before its first line there is what it was asked
        with suppress(OSError):
            touched = max(touched, os.stat(os.path.join(os.fspath(folder), name)).st_mtime)
    return time.time() - touched < _FRESH


class GrowingFile:
    """A file of JSON lines that is read while it grows: each time only what is new.

    Lines that are torn, or are not what they claim to be, are passed over; what a resumed training ran again takes the
    place of its first run. `key` is what rises from line to line.
    """

    def __init__(self, folder: StrPath, name: str, key: str | None = None) -> None:
        self.path = os.path.join(os.fspath(folder), name)
        self.key = key or ("step" if name == STEPS else "epoch")
        self._rows: list[dict[str, Any]] = []
        self._read, self._file = 0, (0, 0)

    def rows(self) -> list[dict[str, Any]]:
        """All whole lines so far; none where there is no file."""
        try:
            with open(self.path, "rb") as file:
                stat = os.fstat(file.fileno())
                if (stat.st_dev, stat.st_ino) != self._file or stat.st_size < self._read:
                    self._rows, self._read, self._file = [], 0, (stat.st_dev, stat.st_ino)
                file.seek(self._read)
                whole, newline, _torn = file.read(min(_MOST_BYTES, stat.st_size - self._read)).rpartition(b"\n")
        except OSError:
            return self._rows
        self._read += len(whole) + len(newline)
        for line in whole.split(b"\n"):
            self._take(line)
        return self._rows

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        with suppress(GlassnetError):
            row = strict_json.loads(line, source=self.path)
            place = row.get(self.key) if isinstance(row, dict) else None
            if isinstance(place, int | float) and not isinstance(place, bool) and math.isfinite(place):
                while self._rows and self._rows[-1][self.key] >= place:
                    self._rows.pop()
                self._rows.append(row)
