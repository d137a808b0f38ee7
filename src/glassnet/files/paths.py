"""Names that may not lead out of their folder, nor to anything that is not a plain file."""

import os
import stat
from pathlib import Path

from glassnet.errors import FileError, complain
from glassnet.files.os_errors import StrPath, reported, shown

_LONGEST_PART = 255  # bytes: what ext4, APFS and NTFS all allow
_LONGEST_NAME = 1024
_NOT_ON_WINDOWS = frozenset('<>:"|?*\\')
_PORTS = [port + digit for port in ("com", "lpt") for digit in "0123456789¹²³"]
_DEVICES = frozenset(["con", "prn", "aux", "nul", "conin$", "conout$", *_PORTS])


def spelled(path: StrPath) -> str:
    """The path as text that the operating system can take.

    >>> spelled(Path("runs") / "a.json") == os.path.join("runs", "a.json")
    True
    """
    if not isinstance(path, str | bytes | os.PathLike):
        got = f"got a {type(path).__name__} in place of a path"
        raise FileError(complain(got, "expected the name of a file or folder", "Try 'model.safetensors'"))
    text = os.fsdecode(path)
    try:
        fits = "\0" not in os.fsencode(text).decode("latin-1")
    except UnicodeEncodeError:
        fits = False
    if not text or not fits:
        expected = "expected one that this system can spell"
        raise FileError(complain(f"got the path {shown(text)!r}", expected, "Try another name"))
    return text


def join_inside(folder: StrPath, name: str) -> Path:
    r"""The path of `name` inside `folder`, for a name that came out of a file or over the network.

    `name` uses forward slashes. Refused on every system, so that a run folder can move between them: absolute paths,
    `..`, backslashes, colons, the device names of Windows, characters that cannot be seen, and any link on the way.

    Raises:
        FileError: the name could lead anywhere else.

    >>> join_inside("runs", "best/model.safetensors").as_posix()
    'runs/best/model.safetensors'
    >>> join_inside("runs", "../secret")
    Traceback (most recent call last):
    glassnet.errors.FileError: got the name '../secret': '..' is not a file's name; expected a name inside runs. Try a
    name such as 'model.json'.
    """
    parts = name.split("/")
    wrong = "it is too long" if len(name) > _LONGEST_NAME else next(filter(None, map(_wrong_part, parts)), None)
    if wrong is None and _leads_away(spelled(folder), parts):
        wrong = "a link on the way leads elsewhere"
    if wrong is not None:
        got, expected = f"got the name {shown(name)!r}: {wrong}", f"expected a name inside {shown(folder)}"
        raise FileError(complain(got, expected, "Try a name such as 'model.json'"))
    return Path(folder).joinpath(*parts)


def _wrong_part(part: str) -> str | None:
    """What keeps one step of a path from being a plain name on every system."""
    if part in ("", ".", ".."):
        return f"{part!r} is not a file's name"
    if not part.isprintable() or _NOT_ON_WINDOWS.intersection(part):
        return "it holds a character that some system reserves"
    if part[-1] in " ." or part[0] == " ":
        return "a step starts with a space or ends with a space or a dot"
    if part.partition(".")[0].rstrip(" ").casefold() in _DEVICES:
        return "it names a device on Windows"
    return "a step is too long" if len(part.encode()) > _LONGEST_PART else None


def _leads_away(folder: str, parts: list[str]) -> bool:
    """Whether links, junctions or short names make the path end anywhere but where it says."""
    with reported("look at", folder):
        root = os.path.realpath(folder)
        real = os.path.realpath(os.path.join(root, *parts))
    return os.path.normcase(real) != os.path.normcase(os.path.join(root, *parts))


def refuse_special(path: str, status: os.stat_result) -> None:
    """Raise unless `status` is of a plain file: a pipe would block for ever, a device would not end."""
    if stat.S_ISREG(status.st_mode):
        return
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a link"}
    kind = kinds.get(stat.S_IFMT(status.st_mode), "a device")
    hint = "Try naming a file inside it" if kind == "a folder" else "Try the path of a plain file"
    raise FileError(complain(f"got {shown(path)}, which is {kind}", "expected a plain file", hint))
