"""A file that one program at a time holds; the system lets go of it when that program ends, however it ends."""

from __future__ import annotations

import os
from contextlib import suppress

from glassnet.files.os_errors import StrPath, reported
from glassnet.files.paths import spelled

try:
    import fcntl
except ImportError:  # Windows, which locks ranges of bytes instead
    fcntl = None
try:
    import msvcrt
except ImportError:
    msvcrt = None


class Lock:
    """The lock that a file stands for: made when it is taken, gone when it is let go.

    What a killed program leaves is an empty file that nobody holds, which the next one takes. On a disk without locks
    everybody gets it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "lock")
    ...     first, second = Lock(path), Lock(path)
    ...     first.take(), second.take(), first.release(), second.take(), second.release(), os.path.exists(path)
    (True, False, None, True, None, False)
    """

    def __init__(self, path: StrPath) -> None:
        self.path = spelled(path)
        self._descriptor = -1

    def take(self) -> bool:
        """Hold it from now on; False if another program does.

        Raises `FileError` when the system refuses the file itself.
        """
        while True:
            with reported("write", self.path):
                flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
                descriptor = os.open(self.path, flags, 0o666)
            if not _locked(descriptor):
                os.close(descriptor)
                return False
            if msvcrt is not None or os.fstat(descriptor).st_nlink:
                self._descriptor = descriptor
                return True
            os.close(descriptor)  # whoever held it let go, and took the file away, between the opening and the lock

    def release(self) -> None:
        """Let go of it, and take the file away; nothing happens if it is not held."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        if msvcrt is not None:
            os.close(descriptor)  # Windows deletes no open file
        with suppress(OSError):  # refused while another program opens it there
            os.unlink(self.path)
        if msvcrt is None:
            os.close(descriptor)  # only now: nobody may hold the file that is taken away


def _locked(descriptor: int) -> bool:
    """Whether the lock was had, or there are none on this disk."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except BlockingIOError:
        return False
    except OSError:  # Windows says PermissionError where another program has it; a disk without locks says many things
        return msvcrt is None
    return True
