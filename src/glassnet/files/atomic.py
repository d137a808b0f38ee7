"""Writing a file whole or not at all: whoever reads the path sees the old contents or the new ones, never a mixture.

The contents go to a temporary file beside the target, reach the disk (fsync), and take the target's name in one step
(os.replace); then the folder itself reaches the disk. A crash can leave nothing worse than a temporary file, which
`remove_stale_temporaries` finds by its name and, because its writer holds a lock on it, tells from one still in use.
"""

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TypeAlias

import numpy as np

from glassnet.files.bounded import read_bounded as read_bounded
from glassnet.files.os_errors import StrPath, reported
from glassnet.files.paths import refuse_special, spelled

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be deleted: lock enough
    fcntl = None

Buffer: TypeAlias = bytes | bytearray | memoryview | np.ndarray

_PREFIX, _SUFFIX = ".glassnet-", ".tmp"
_PIECE = 64 << 20  # some systems refuse to write more than 2 GiB at once
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM}
_IDLE_SECONDS = 3600.0  # without locks, a temporary file that nobody wrote to for so long is a dead process's
_REPLACE_ATTEMPTS = 10 if os.name == "nt" else 1  # there, a virus scanner may hold the target for a moment


def write_atomic(path: StrPath, data: Buffer | Iterable[Buffer]) -> int:
    """Replace the contents of `path` with `data`, one buffer or many, and return the number of bytes.

    The target's permissions stay. A link is replaced, not followed. On any error the old contents are untouched and no
    temporary file stays.

    Raises:
        FileError: the system refuses (full disk, no permission, …), or `path` is a folder, a device or a pipe.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(os.path.join(folder, "a.txt"), [b"whole ", b"or not at all"])
    19

    Reference: T. S. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
    """
    target = spelled(path)
    size = _known_size(data)
    mode = _mode_to_keep(target, size)
    temporary = _Temporary(target, size)
    try:
        for view in _byte_views(data):
            temporary.write(view)
        temporary.become_target(mode)
    except BaseException:
        temporary.discard()
        raise
    return temporary.count


def make_folder(path: StrPath) -> None:
    """Make a folder, and those on the way to it, so that they survive a power cut; one that is there is left alone.

    Raises:
        FileError: the system refuses, or the path is a file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_folder(os.path.join(folder, "runs", "first"))
    ...     os.listdir(folder)
    ['runs']
    """
    name = spelled(path)
    with reported("make the folder", name):
        _make_folder(name)


def remove_stale_temporaries(folder: StrPath) -> int:
    """Delete the temporary files that dead processes left in `folder`; return how many.

    A file that another process is writing at this moment stays. A folder that does not exist holds none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     remove_stale_temporaries(folder)
    0
    """
    name = spelled(folder)
    try:
        found = os.listdir(name)
    except FileNotFoundError:
        return 0
    except OSError:
        with reported("look into", name):
            raise
    mine = [os.path.join(name, entry) for entry in found if entry.startswith(_PREFIX) and entry.endswith(_SUFFIX)]
    return sum(map(_remove_if_abandoned, mine))


class _Temporary:
    """A file beside the target that nobody else writes, until it takes the target's name."""

    def __init__(self, target: str, size: int | None) -> None:
        self.count = 0
        self._size = size
        self._target = target
        self._folder = os.path.dirname(target) or os.curdir
        with reported("write", target, size):
            self._path, self._descriptor = _create_locked(self._folder)

    def write(self, view: memoryview) -> None:
        with reported("write", self._target, self._size or self.count + view.nbytes):
            while view.nbytes:
                done = os.write(self._descriptor, view[:_PIECE])
                if not done:
                    raise OSError(errno.EIO, "Nothing was written")  # rather than asking for ever
                self.count += done
                view = view[done:]

    def become_target(self, mode: int | None) -> None:
        with reported("write", self._target, self.count):
            if mode is not None:
                os.chmod(self._path, mode)
            _flush(self._descriptor)
            if fcntl is None:
                self._close()  # Windows cannot rename an open file
            _replace(self._path, self._target)
            self._close()  # only now: the lock has to outlive the temporary name
            _flush_folder(self._folder)

    def discard(self) -> None:
        # The first error is the one to report; a file that stays here falls to the next clean-up.
        for give_up in (self._close, lambda: os.unlink(self._path)):
            with suppress(OSError):
                give_up()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _mode_to_keep(target: str, size: int | None) -> int | None:
    """The permissions of the file that is about to be replaced; raises where replacing it would do harm."""
    try:
        refuse_special(target, os.stat(target))  # follows links: one to a device is refused too
        status = os.lstat(target)
    except FileNotFoundError:
        return None  # nothing there, or a link to nothing
    except OSError:
        with reported("write", target, size):
            raise
    return None if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode)


def _known_size(data: Buffer | Iterable[Buffer]) -> int | None:
    """How many bytes there are to write, for messages; None where only the end will tell."""
    if isinstance(data, np.ndarray | memoryview):
        return data.nbytes
    if isinstance(data, bytes | bytearray):
        return len(data)
    return sum(_known_size(buffer) or 0 for buffer in data) if isinstance(data, list | tuple) else None


def _byte_views(data: Buffer | Iterable[Buffer]) -> Iterator[memoryview]:
    """Each buffer as flat bytes, without a copy."""
    single = isinstance(data, (bytes, bytearray, memoryview, np.ndarray))
    for buffer in (data,) if single else data:
        if isinstance(buffer, np.ndarray):
            yield buffer.reshape(-1).view(np.uint8).data
        else:
            yield memoryview(buffer).cast("B")


def _create_locked(folder: str) -> tuple[str, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        path = os.path.join(folder, f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}")
        descriptor = os.open(path, flags, 0o666)
        try:
            _lock(descriptor, wait=True)
            if fcntl is None or os.fstat(descriptor).st_nlink:
                return path, descriptor
        except BaseException:
            os.close(descriptor)
            os.unlink(path)
            raise
        os.close(descriptor)  # a clean-up took it between the opening and the lock


def _lock(descriptor: int, wait: bool) -> bool:
    """Hold the file's lock, which ends with this process however it ends. False where the disk has no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _remove_if_abandoned(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            idle = time.time() - os.fstat(descriptor).st_mtime
            if not _lock(descriptor, wait=False) and idle < _IDLE_SECONDS:
                return False
            if fcntl is not None:
                os.unlink(path)  # while the lock is held: no writer can be between its opening and its lock
        finally:
            os.close(descriptor)
        if fcntl is None:
            os.unlink(path)  # refused while the writer has it open
    except OSError:
        return False  # in use, just finished, or not ours to delete
    return True


def _make_folder(name: str) -> None:
    parent = os.path.dirname(name.rstrip("/\\")) or os.curdir
    if parent != name and not os.path.isdir(parent):
        _make_folder(parent)
    try:
        os.mkdir(name)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(name).st_mode):
            raise
    _flush_folder(parent)  # for one that is there too: who made it may have died before this


def _flush(descriptor: int) -> None:
    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync stops at the drive's own cache
    if fcntl is not None and full is not None:
        try:
            fcntl.fcntl(descriptor, full)
            return
        except OSError:
            pass  # a disk without it: the plain one is the best there is
    os.fsync(descriptor)


def _replace(source: str, target: str) -> None:
    for attempt in range(1, _REPLACE_ATTEMPTS + 1):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if attempt == _REPLACE_ATTEMPTS:
                raise
            time.sleep(0.01 * attempt)


def _flush_folder(folder: str) -> None:
    """Make the new name survive a power cut, where folders can be opened at all."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
