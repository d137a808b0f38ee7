"""What an operating system's refusal means: the file, the bytes, and the way out."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from glassnet.errors import FileError, complain

StrPath: TypeAlias = str | os.PathLike[str]

# errno's name: (what was expected, what to try). Names, because not every system has every number.
_ADVICE = {
    "ENOENT": ("a path that exists", "Try checking the spelling, or making the folder first"),
    "ENOTDIR": ("a folder before the last slash", "Try another path: one of its folders is a file"),
    "EISDIR": ("a file", "Try naming a file inside that folder"),
    "EACCES": ("permission to do that", "Try another folder, or closing the program that has it open"),
    "EPERM": ("permission to do that", "Try another folder, or ask the owner of this one"),
    "EROFS": ("a disk that can be written", "Try a folder on another disk: this one is read-only"),
    "ENOSPC": ("room on the disk", "Try freeing space there, or another disk"),
    "EDQUOT": ("room in your quota", "Try deleting files of yours there, or another disk"),
    "EFBIG": ("a size that this file system can hold", "Try another disk: this one limits the size of a file"),
    "EIO": ("a disk that works", "Try another disk: this one reports damage"),
    "EMFILE": ("fewer open files", "Try closing some, or `ulimit -n 4096`"),
    "ENFILE": ("fewer open files", "Try again when other programs have closed theirs"),
    "ENAMETOOLONG": ("a shorter name", "Try one of at most 255 bytes"),
    "ELOOP": ("a file, not a link", "Try the path that the link points to"),
    "EINTR": ("no interruption", "Try again"),
    "EBUSY": ("a file that nobody holds", "Try closing the program that uses it"),
    "ETIMEDOUT": ("an answer from the network disk", "Try again, or a local folder"),
    "ESTALE": ("an answer from the network disk", "Try again, or a local folder"),
}
_OTHERWISE = ("no error", "Try another folder")


def shown(path: object) -> str:
    """A path as it may stand in a message: printable, and of bounded length.

    >>> shown("run\\n/model.safetensors")
    'run\\\\n/model.safetensors'
    """
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path)[:1024])
    return text if len(text) <= 240 else f"{text[:100]}…{text[-100:]}"


def file_error(error: OSError, action: str, path: object, size: int | None = None) -> FileError:
    """The refusal `error` as a `FileError` in three beats; `errno` stays readable on it.

    >>> print(file_error(OSError(errno.ENOSPC, "No space left on device"), "write", "runs/a.json", 4096))
    got 'No space left on device' on trying to write runs/a.json (4,096 bytes); expected room on the disk. Try freeing
    space there, or another disk.
    """
    expected, hint = _ADVICE.get(errno.errorcode.get(error.errno or 0, ""), _OTHERWISE)
    amount = "" if size is None else f" ({size:,} bytes)"
    got = f"got {error.strerror or type(error).__name__!r} on trying to {action} {shown(path)}{amount}"
    result = FileError(complain(got, f"expected {expected}", hint))
    result.errno = error.errno
    return result


@contextmanager
def reported(action: str, path: object, size: int | None = None) -> Iterator[None]:
    """Turn every refusal of the operating system inside the block into a `FileError`."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        raise file_error(error, action, path, size) from error
