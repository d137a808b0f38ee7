"""Fetch one published file over HTTP: checked, resumed where it broke off, and safe when two processes want it at once.

What has arrived lies in `NAME.part` until it is whole and its SHA-256 is right; only then does it get its name. The
next attempt, in this process or the next, asks the server for the rest.
"""

import hashlib
import http.client
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.request import Request, urlopen

from glassnet.errors import FileError, FormatError, complain

Progress = Callable[[str, int, int], None]  # name, bytes so far, bytes in all

TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 20  # on one mirror, and only as long as each brings something new
BLOCK = 1 << 16


@dataclass(frozen=True)
class Remote:
    """A published file: its name, its size and the SHA-256 of its bytes."""

    name: str
    size: int
    sha256: str


class ProgressLine:
    """Say on stderr how far a download is: a line that rewrites itself on a terminal, else one line per file."""

    def __init__(self, every: float = 0.1) -> None:
        self.every, self.last = every, -1e9

    def __call__(self, name: str, done: int, total: int) -> None:
        terminal, now = sys.stderr.isatty(), time.monotonic()
        if done < total and (not terminal or now - self.last < self.every):
            return
        self.last = now
        start, end = ("\r", "\n" if done >= total else "") if terminal else ("", "\n")
        sys.stderr.write(f"{start}{name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB{end}")
        sys.stderr.flush()


def download(file: Remote, mirrors: Sequence[str], folder: str, *, progress: Progress, advice: str) -> str:
    """Bring `file` into `folder` from the first mirror that has it, and return its path.

    A mirror is an address that ends before the file's name. `advice` ends the message when no mirror could help.

    Raises `FormatError` if what came was not the published file, `FileError` if nothing came or it cannot be kept.
    """
    path = os.path.join(folder, file.name)
    try:
        os.makedirs(folder, exist_ok=True)
        with _alone(os.path.join(folder, "download.lock")):
            if not _is_whole(path, file):  # another process may have brought it while this one waited
                _from_mirrors(file, mirrors, path + ".part", progress, advice)
                os.replace(path + ".part", path)
    except FileError:
        raise
    except OSError as error:
        hint = "Try setting GLASSNET_CACHE to a folder that can be written and has room"
        raise FileError(
            complain(f"got {error} while fetching {file.name}", f"expected to write {folder}", hint)
        ) from error
    return path


class _BrokenError(Exception):
    """This mirror does not help, or not further, and why."""

    def __init__(self, reason: str, *, wrong_bytes: bool = False) -> None:
        super().__init__(reason)
        self.wrong_bytes = wrong_bytes


def _from_mirrors(file: Remote, mirrors: Sequence[str], part: str, progress: Progress, advice: str) -> None:
    if _length(part) > file.size:
        os.remove(part)  # the rest of something else
    failures: list[str] = []
    kind: type[FileError] = FileError
    for mirror in mirrors:
        try:
            _from_mirror(file, mirror.rstrip("/") + "/" + file.name, part, progress)
            return
        except _BrokenError as broken:
            failures.append(f"{mirror}: {broken}")
            kind = FormatError if broken.wrong_bytes else kind
    got = f"could not fetch {file.name} ({'; '.join(failures) or 'no mirror was named'})"
    raise kind(complain(got, f"expected {file.size} bytes with SHA-256 {file.sha256}", advice))


def _from_mirror(file: Remote, url: str, part: str, progress: Progress) -> None:
    """Fill `part` from one address: go on after each break as long as every attempt brings something new."""
    for _ in range(ATTEMPTS):
        before = _length(part)
        try:
            _continue(file, url, part, progress)
        except _BrokenError:
            if _length(part) <= before:
                raise
            continue
        found = _sha256(part)
        if found == file.sha256:
            return
        os.remove(part)
        if before == 0:  # it came in one go from here: asking again would bring the same
            raise _BrokenError(f"got {file.size} bytes with SHA-256 {found}", wrong_bytes=True)
    raise _BrokenError(f"the connection broke {ATTEMPTS} times")


def _continue(file: Remote, url: str, part: str, progress: Progress) -> None:
    """Append to `part` what is missing of it."""
    with open(part, "ab") as kept:
        done = _length(part)
        with closing(_rest(url, done, file.size)) as blocks:
            for block in blocks:
                kept.write(block)
                done += len(block)
                progress(file.name, done, file.size)
    if done < file.size:
        raise _BrokenError(f"the connection ended after {done} of {file.size} bytes")


def _rest(url: str, have: int, size: int) -> Generator[bytes, None, None]:
    """The bytes of the file from `have` on, whether the server resumes or starts over."""
    if have == size:
        return
    headers = {"User-Agent": "glassnet"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with urlopen(Request(url, headers=headers), timeout=TIMEOUT) as reply:
            at = _offset(reply)
            _refuse_if(at > have, f"the server left out bytes {have} to {at}")
            length = int(reply.headers.get("Content-Length") or size - at)
            _refuse_if(at + length != size, f"the file there has {at + length} bytes")
            while block := reply.read(BLOCK):
                _refuse_if(at + len(block) > size, f"the server sent more than {size} bytes")
                yield block[max(have - at, 0) :]  # a server that starts over repeats what is here already
                at += len(block)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: not an address at all
        raise _BrokenError(f"{type(error).__name__}: {error}") from error


def _offset(reply: Any) -> int:
    """Where the reply begins: status 206 comes with "Content-Range: bytes START-END/SIZE", 200 means the beginning."""
    if reply.status != 206:
        return 0
    return int(reply.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0])


def _refuse_if(wrong: bool, reason: str) -> None:
    if wrong:
        raise _BrokenError(reason)


def _length(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0


def _sha256(path: str) -> str:
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _is_whole(path: str, file: Remote) -> bool:
    return _length(path) == file.size and _sha256(path) == file.sha256


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """Wait until no other process holds this file, and hold it; the system lets go when a process dies."""
    with open(path, "ab") as held:
        _lock(held)
        yield


def _lock(held: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        held.seek(0)
        while True:
            try:
                return msvcrt.locking(held.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.2)
    import fcntl

    try:
        fcntl.flock(held, fcntl.LOCK_EX)
    except OSError:  # a network file system without locks: the checksum still guards the result
        return None
