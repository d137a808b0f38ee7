"""The trials that are done, one line of JSON each: appended, and safe from a kill at any moment.

A line is written by one call and reaches the disk before the next trial is counted. What a kill can leave is half of a
last line; it is cut off when the journal is opened again, and its trial is run again. A trial that stands there twice
counts once, as it stood first.
"""

from __future__ import annotations

import os
from typing import Any

from glassnet.errors import FileError, FormatError, complain
from glassnet.files import strict_json
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import reported, shown

try:
    import fcntl
except ImportError:  # Windows, where a second writer is kept out by nobody
    fcntl = None

_LARGEST = 1 << 30  # a million trials


class Journal:
    """The file `trials.jsonl`, open for one writer; `results` are by trial number.

    Raises `FileError` where it cannot be written or another process writes it, `FormatError` for a line that is none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "trials.jsonl")
    ...     with Journal(path) as journal:
    ...         _ = journal.add({"trial": 0, "score": 0.5})
    ...         again = journal.add({"trial": 0, "score": 0.9})
    ...     with Journal(path) as journal:
    ...         again, journal.results
    (False, {0: {'trial': 0, 'score': 0.5}})
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.results: dict[int, dict[str, Any]] = {}
        with reported("write", path):
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(path, flags, 0o666)
        try:
            self._keep_others_out()
            self._read()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def add(self, result: dict[str, Any]) -> bool:
        """Write a result down; False, and nothing written, for a trial that is there already."""
        if result["trial"] in self.results:
            return False
        line = strict_json.dumps(result, indent=None, non_finite="null", sort_keys=False).encode()
        with reported("write", self.path, len(line)):
            self._append(line)
        self.results[result["trial"]] = result
        return True

    def _append(self, line: bytes) -> None:
        """All of it or nothing, as far as the system lets us: what a full disk has taken is cut off again."""
        before = os.fstat(self._descriptor).st_size
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, before)
            raise

    def _keep_others_out(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            got = f"got {shown(self.path)}, which another sweep is writing"
            raise FileError(complain(got, "expected one sweep for a folder", "Try when it has ended")) from None
        except OSError:
            pass  # a disk without locks

    def _read(self) -> None:
        text = bytes(read_bounded(self.path, _LARGEST))
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            with reported("write", self.path):
                os.ftruncate(self._descriptor, len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            place = f"{shown(self.path)}, line {number}"
            result = strict_json.loads(line, source=place)
            if not isinstance(result, dict) or type(result.get("trial")) is not int:
                got = f"{place}: got {line[:60].decode('utf-8', 'replace')}"
                raise FormatError(complain(got, "expected a trial with its number", "Try removing that line"))
            self.results.setdefault(result["trial"], result)
