"""Where the data of a run lie: found again by whoever has the run, and telling nobody about the user's folders.

A model file, which is what one gives away, has the name of a table or folder only. The run's own `config.json` has the
path as it was typed; one that was not absolute is written as seen from the run's folder, so that a project that is
moved as a whole still fits together.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Any

from glassnet.errors import FileError, FormatError, complain
from glassnet.files.os_errors import shown, typed
from glassnet.train.kinds import nearest
from glassnet.train.run_folder import CONFIG, MODEL
from glassnet.train.runs import Run, is_run
from glassnet.train.trained import Trained

KINDS = ("table", "validation_file", "images", "idx")
RUNS, LAST = "runs", "last"
_LONGEST_NAME = 200


def run_path(word: str) -> str:
    """The path that a word for a run means: itself, else that of a run of this name in `runs`, or of the newest there.

    What is none of these stays as it is.
    """
    inside = os.path.join(RUNS, word)
    if os.path.exists(word) or not word or os.path.dirname(word):
        return word
    if os.path.isdir(inside):
        return inside
    newest = max(_begun(), default=None) if word == LAST else None
    return newest[1] if newest is not None else word


def model_path(word: str) -> str:
    """The same for a run or a model file that has to be there.

    Raises `FileError` for a name that nothing has, here or in `runs`.
    """
    path = run_path(word)
    if os.path.exists(path) or not path or os.path.dirname(path) or not _may_be_a_name(path):
        return path
    known = [os.path.basename(run) for _, run in _begun()]
    near = nearest(word.lower(), [*known, LAST] if known else [])
    got = f"got {shown(word)}, which is neither a file nor a run in `{RUNS}`"
    hint = f"Try {typed(near)}" if near else "Try glassnet runs, which lists them"
    raise FileError(complain(got, f"expected a run folder, its name in `{RUNS}`, or {LAST} for the newest", hint))


def _begun() -> list[tuple[float, str]]:
    """The runs in `runs`, each with the time when it began."""
    found: list[tuple[float, str]] = []
    with suppress(OSError):
        for name in os.listdir(RUNS):
            path = os.path.join(RUNS, name)
            if is_run(path):
                sign = next(filter(os.path.exists, (os.path.join(path, part) for part in (CONFIG, MODEL))), path)
                found.append((os.path.getmtime(sign), path))
    return found


def _may_be_a_name(word: str) -> bool:
    """Not the name of a file, about which the system has more to say."""
    return not os.path.splitext(word)[1] and word.isprintable() and len(word) < _LONGEST_NAME


def name_of(path: str) -> str:
    r"""The last part of a path of any system.

    >>> name_of("/home/me/houses.csv"), name_of(r"C:\me\digits")
    ('houses.csv', 'digits')
    """
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def without_folders(options: dict[str, Any]) -> dict[str, Any]:
    """A data set's options for a model file: of a path, the name."""
    return {key: name_of(value) if key in KINDS else value for key, value in options.items()}


def seen_from(folder: str, options: dict[str, Any]) -> dict[str, Any]:
    """A data set's options for a file in that folder.

    >>> seen_from("runs/a", {"table": "houses.csv", "target": "price"})["table"].replace(os.sep, "/")
    '../../houses.csv'
    """
    return {key: _from(folder, value) if key in KINDS else value for key, value in options.items()}


def _from(folder: str, path: str) -> str:
    if os.path.isabs(path):
        return path
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # on another drive
        return os.path.abspath(path)


def locate(trained: Trained, file: str) -> None:
    """Put into what a model says of its data where these lie now, if they can be found; nothing is opened."""
    options = data_options(trained)
    for key in KINDS:
        if isinstance(options.get(key), str):
            options[key] = next(filter(os.path.exists, _places(file, key, options[key])), name_of(options[key]))


def check_found(path: str, file: str) -> None:
    """Raise `FileError` for a path that `locate` could not find."""
    if not os.path.exists(path):
        got = f"got {shown(file)}, trained on {shown(path)}, which is neither in its old place nor here"
        raise FileError(complain(got, "expected the data that it was trained on", f"Try copying {shown(path)} here"))


def data_options(trained: Trained) -> dict[str, Any]:
    """The options of the data set that a model says it was trained on; an empty dict where it does not say."""
    about = trained.about.get("data")
    options = about.get("options") if isinstance(about, dict) else None
    return options if isinstance(options, dict) else {}


def _places(file: str, key: str, kept: str) -> list[str]:
    """Where to look: where the run says, beside the model, in the working folder."""
    folder, name = os.path.dirname(file), name_of(kept)
    if name in ("", os.curdir, os.pardir):
        return []
    told = _told(folder or os.curdir, key)
    said = [os.path.join(folder, told)] if told is not None and name_of(told) == name else []
    return [*said, os.path.join(folder, name), name]


def _told(folder: str, key: str) -> str | None:
    """What the run of a folder says; None where there is no run, or a spoilt one."""
    try:
        data = Run(folder).config.get("data") if is_run(folder) else None
    except (FileError, FormatError):
        return None
    options = data.get("options") if isinstance(data, dict) else None
    told = options.get(key) if isinstance(options, dict) else None
    return told if isinstance(told, str) else None
