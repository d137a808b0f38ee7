"""What an operating system's refusal means: the file, the bytes, and the way out."""

import errno
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from glassnet.errors import FileError, MissingFileError, complain

StrPath: TypeAlias = str | os.PathLike[str]

# errno's name: (what was expected, what to try). Names, because not every system has every number.
_ADVICE = {
    "ENOENT": ("a path that exists", "Try checking the spelling, or making the folder first"),
    "EEXIST": ("a name that nothing has yet", "Try another name, or moving what is there"),
    "ENOTDIR": ("a folder before the last slash", "Try another path: one of its folders is a file"),
    "EISDIR": ("a file", "Try naming a file inside that folder"),
    "ENOTEMPTY": ("an empty folder", "Try another name, or moving what is in it"),
    "EACCES": ("permission to do that", "Try another folder, or closing the program that has it open"),
    "EPERM": ("permission to do that", "Try another folder, or ask the owner of this one"),
    "EROFS": ("a disk that can be written", "Try a folder on another disk: this one is read-only"),
    "ENOSPC": ("room on the disk", "Try freeing space there, or another disk"),
    "EDQUOT": ("room in your quota", "Try deleting files of yours there, or another disk"),
    "EFBIG": ("a size that this file system can hold", "Try another disk: this one limits the size of a file"),
    "EMLINK": ("fewer names in that folder", "Try another folder: this one is full"),
    "EXDEV": ("one disk", "Try a folder on the same disk"),
    "EIO": ("a disk that works", "Try another disk: this one reports damage"),
    "ENXIO": ("a device that is there", "Try another disk, or plugging this one in again"),
    "ENODEV": ("a device that is there", "Try another disk, or plugging this one in again"),
    "EMFILE": ("fewer open files", "Try closing some, or `ulimit -n 4096`"),
    "ENFILE": ("fewer open files", "Try again when other programs have closed theirs"),
    "ENOMEM": ("enough memory", "Try closing other programs"),
    "ENAMETOOLONG": ("a shorter name", "Try one of at most 255 bytes"),
    "EINVAL": ("a name that this disk can hold", "Try one of letters, digits and hyphens"),
    "EILSEQ": ("a name that this disk can hold", "Try one of letters, digits and hyphens"),
    "ELOOP": ("a file, not a link", "Try the path that the link points to"),
    "EINTR": ("no interruption", "Try again"),
    "EAGAIN": ("a file that nobody holds", "Try again, or closing the program that uses it"),
    "EBUSY": ("a file that nobody holds", "Try closing the program that uses it"),
    "ETXTBSY": ("a file that nobody runs", "Try closing the program that runs it"),
    "ENOLCK": ("a disk with locks", "Try a local folder"),
    "ETIMEDOUT": ("an answer from the network disk", "Try again, or a local folder"),
    "ESTALE": ("an answer from the network disk", "Try again, or a local folder"),
    "EHOSTDOWN": ("an answer from the network disk", "Try again, or a local folder"),
    "ENOTCONN": ("a disk that is connected", "Try connecting it again, or a local folder"),
}
# Where reading asks for something else than writing does.
_ADVICE_TO_READ = {
    "ENOENT": ("a path that exists", "Try checking the spelling"),
    "EACCES": ("permission to read it", "Try a copy of your own, or `chmod u+r` on it"),
    "EPERM": ("permission to read it", "Try a copy of your own, or ask its owner"),
    "EIO": ("a disk that works", "Try an older copy of the file: this disk reports damage"),
    "EINVAL": ("a name that this disk can hold", "Try checking the spelling"),
}
_MOST_NAMES = 2_000  # of a folder that are looked at for a similar one
_READING = ("read", "open", "look into", "look at")
_OTHERWISE = ("no error", "Try another folder")
_OTHERWISE_TO_READ = ("no error", "Try a copy of the file")


def shown(path: object) -> str:
    """A path as it may stand in a message: printable, and of bounded length.

    >>> shown("run\\n/model.safetensors")
    'run\\\\n/model.safetensors'
    """
    text = str(path)[:1024]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= 240 else f"{text[:100]}…{text[-100:]}"


def typed(path: object) -> str:
    """A path as it may be pasted into a command line: in quotes where a shell would take it apart.

    >>> typed("runs/häuser-2"), typed("my runs") == ('"my runs"' if os.name == "nt" else "'my runs'")
    ('runs/häuser-2', True)
    """
    text = shown(path)
    if os.name == "nt":
        return f'"{text}"' if re.search(r"[\s&|<>^()%!]", text) else text
    return text if re.fullmatch(r"[\w@%+=:,./…][\w@%+=:,./…-]*", text) else shlex.quote(text)


def file_error(error: OSError, action: str, path: object, size: int | None = None) -> FileError:
    """The refusal `error` as a `FileError` in three beats; `errno` stays readable on it.

    >>> print(file_error(OSError(errno.ENOSPC, "No space left on device"), "write", "runs/a.json", 4096))
    got 'No space left on device' on trying to write runs/a.json (4,096 bytes); expected room on the disk. Try freeing
    space there, or another disk.
    """
    reading = action in _READING
    expected, hint = _advice(errno.errorcode.get(error.errno or 0, ""), reading)
    if error.errno == errno.ENOENT and reading:
        hint = _instead(path) or hint
    amount = "" if size is None else f" ({size:,} bytes)"
    got = f"got {error.strerror or type(error).__name__!r} on trying to {action} {shown(path)}{amount}"
    kind = MissingFileError if error.errno == errno.ENOENT else FileError
    result = kind(complain(got, f"expected {expected}", hint))
    result.errno = error.errno
    return result


def _instead(path: object) -> str | None:
    """What to try where nothing has that name: the name in its folder that is most like it."""
    from difflib import get_close_matches

    text = str(path)
    if "://" in text:
        return "Try downloading it first: that is an address, not a path"
    folder, name = os.path.split(text)
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)]
    except (OSError, ValueError):
        return None
    near = get_close_matches(name, names, n=1, cutoff=0.75)
    return f"Try {typed(os.path.join(folder, near[0]))}" if near else None


def _advice(name: str, reading: bool) -> tuple[str, str]:
    if not reading:
        return _ADVICE.get(name, _OTHERWISE)
    return _ADVICE_TO_READ.get(name) or _ADVICE.get(name, _OTHERWISE_TO_READ)


@contextmanager
def reported(action: str, path: object, size: int | None = None) -> Iterator[None]:
    """Turn every refusal of the operating system inside the block into a `FileError`."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        raise file_error(error, action, path, size) from error
