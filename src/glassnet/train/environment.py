"""Where a run took place: Python, the system, installed packages, the BLAS, and the commit of the code around it.

All of it costs a few milliseconds, for every run writes it down. Packages are known from the names of their folders.
The commit is read from git's own files; whether anything was changed since, git is asked while the network learns.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import Any

from glassnet.train.machine import Blas, describe_machine

_INSTALLED = re.compile(r"([A-Za-z0-9._]+)-([^-]+)\.(?:dist-info|egg-info)")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1 or SHA-256
_PATIENCE = 1.0  # seconds that a run waits, at its end, for git's answer
_LARGEST = 16 << 20  # bytes of one of git's files


def describe_environment(blas: Blas | None = None, folder: str = ".") -> dict[str, Any]:
    """Everything about the place of a run, in plain values; `git` is None outside a repository.

    >>> sorted(describe_environment())
    ['blas', 'git', 'glassnet', 'numpy', 'packages', 'platform', 'processors', 'python', 'system']
    """
    return {
        **describe_machine(blas or Blas()),
        "system": _system(),
        "packages": installed_packages(),
        "git": commit_of(folder),
    }


def _system() -> str:
    """Kernel, its release, and the kind of processor; neither the machine's name nor its user's."""
    if hasattr(os, "uname"):
        found = os.uname()
        return f"{found.sysname} {found.release} {found.machine}"
    import platform

    return f"{platform.system()} {platform.release()} {platform.machine()}"


def installed_packages(paths: list[str] | None = None) -> dict[str, str]:
    """Names and versions of what is installed, from the names of the folders beside the packages."""
    found: dict[str, str] = {}
    for path in sys.path if paths is None else paths:
        with suppress(OSError):
            for name in os.listdir(path or "."):
                match = _INSTALLED.fullmatch(name)
                if match:
                    found.setdefault(match[1].replace("_", "-").lower(), match[2])
    return dict(sorted(found.items()))


# ---- git ------------------------------------------------------------------------------------------------------------


def commit_of(folder: str = ".") -> dict[str, Any] | None:
    """The commit and the branch that a folder's repository stands at; None where there is no repository.

    Work trees and packed references are understood. `dirty` is None: nobody has looked for changes.
    """
    place = _git_folder(folder)
    if place is None:
        return None
    head = _text(os.path.join(place, "HEAD"))
    if head is None:
        return None
    branch = head.removeprefix("ref: ") if head.startswith("ref: ") else None
    commit = head if branch is None else _resolved(place, branch)
    if commit is not None and not _COMMIT.fullmatch(commit):
        commit = None
    return {"commit": commit, "branch": branch.removeprefix("refs/heads/") if branch else None, "dirty": None}


def _git_folder(folder: str) -> str | None:
    """The nearest `.git` upwards: a folder, or in a work tree a file that names one."""
    path = os.path.abspath(folder)
    while True:
        place = os.path.join(path, ".git")
        if os.path.isdir(place):
            return place
        if os.path.isfile(place):
            named = (_text(place) or "").removeprefix("gitdir: ")
            return os.path.normpath(os.path.join(path, named)) if named else None
        parent = os.path.dirname(path)
        if parent == path:
            return None
        path = parent


def _resolved(place: str, reference: str) -> str | None:
    """The commit that a branch stands at; a work tree shares branches with the repository it belongs to."""
    if ".." in reference:
        return None
    shared = _text(os.path.join(place, "commondir"))
    places = [place, *([os.path.normpath(os.path.join(place, shared))] if shared else [])]
    for each in places:
        commit = _text(os.path.join(each, *reference.split("/")))
        if commit is not None:
            return commit
    for each in places:
        packed = _text(os.path.join(each, "packed-refs")) or ""
        for line in packed.splitlines():
            commit, _, name = line.partition(" ")
            if name == reference:
                return commit
    return None


def _text(path: str) -> str | None:
    """What a small file says, without the white space around it."""
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace").strip()
    except OSError:
        return None


class ChangesAsked:
    """The question to git whether a folder's tracked files differ from the commit; it is answered meanwhile.

    Where git is not installed or does not answer in time, `answer()` is None: not known.
    """

    def __init__(self, folder: str = ".") -> None:
        self._git: Any = None
        if _git_folder(folder) is None:
            return
        import subprocess

        # No lock on the index, and no program that the repository's own settings name.
        words = ["git", "-c", "core.fsmonitor=false", "status", "--porcelain", "--untracked-files=no"]
        words += ["--ignore-submodules=all"]
        with suppress(OSError, ValueError):
            self._git = subprocess.Popen(
                words,
                cwd=folder,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def answer(self) -> bool | None:
        """Whether anything was changed; asked once, and None where that is not known."""
        git, self._git = self._git, None
        if git is None:
            return None
        import subprocess

        try:
            said, _ = git.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            git.kill()
            git.communicate()
            return None
        return bool(said.strip()) if git.returncode == 0 else None
