"""How often a test set was looked at: a choice made by it makes it one more part of the training."""

from __future__ import annotations

import os
from contextlib import suppress

from glassnet.errors import FileError, FormatError
from glassnet.files import strict_json
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import StrPath
from glassnet.train.run_folder import write_json

LOOKED = "looked.json"
_LARGEST = 1000  # bytes


def count_look(folder: StrPath) -> int | None:
    """Count one more look at the test set of a run, and say how many there were; its training was the first.

    None for what is no run folder, or cannot be written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     count_look(folder), count_look(folder)
    (2, 3)
    """
    if not os.path.isdir(folder):
        return None
    path = os.path.join(os.fspath(folder), LOOKED)
    looks = 1 + looks_at(folder)
    with suppress(FileError, OSError):
        write_json(path, {"looks": looks})
        return looks
    return None


def looks_at(folder: StrPath) -> int:
    """How often the test set of a run was looked at; 1, for its training, where nobody has counted."""
    with suppress(FileError, FormatError, OSError):
        told = strict_json.loads(read_bounded(os.path.join(os.fspath(folder), LOOKED), _LARGEST), source=LOOKED)
        if isinstance(told, dict) and isinstance(looks := told.get("looks"), int) and looks > 0:
            return looks
    return 1


def said_of_looks(looks: int | None) -> list[str]:
    """What there is to say of so many looks: nothing of the first two.

    >>> said_of_looks(2)
    []
    """
    if looks is None or looks < 3:
        return []
    return [
        "",
        f"look {looks} at these test examples with this model: whatever is chosen by them now is no longer tested by",
        "them. To choose between settings, hold some examples back: glassnet train … --validation 0.1",
    ]
