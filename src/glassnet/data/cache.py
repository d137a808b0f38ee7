"""Well-known files kept unpacked in the user's cache folder, so that the next start only maps them into memory.

A file of a published data set never changes: its length and its MD5 are known in advance (`Canonical`). Once its bytes
have been checked, the cached copy is *sealed*: its modification time is set to a fixed moment in the past. Whoever
writes to the file afterwards breaks the seal, and the next start checks the MD5 again (or makes the file anew). So a
sealed file costs one `stat` and sixteen bytes to trust, and a damaged one is still found.

Nothing here fails because of the cache: where it cannot be written, the bytes simply stay in memory.
"""

import mmap
import os
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from glassnet.errors import FormatError, complain

Buffer = mmap.mmap | bytearray
SEAL = 909_878_400  # 1998-11-01 00:00 UTC, the month of LeCun et al.: long past, and even, as FAT keeps even seconds

Fetched = tuple[str, Iterable[bytes]]  # where the bytes come from, and the bytes in pieces
Fetch = Callable[[Sequence["Canonical"]], Iterable[Fetched]]


class Canonical(NamedTuple):
    """One published IDX file of unsigned bytes: its name, the shape of its array and the MD5 of all its bytes."""

    name: str
    shape: tuple[int, ...]
    md5: str

    @property
    def header(self) -> bytes:
        """Two zeros, 8 for "unsigned byte", the number of axes, and each length in four bytes, big end first."""
        lengths = b"".join(length.to_bytes(4, "big") for length in self.shape)
        return bytes((0, 0, 8, len(self.shape))) + lengths

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return len(self.header) + prod(self.shape)


def cache_folder() -> str:
    """The folder for what can be made again: `GLASSNET_CACHE` if set, else the one this system gives to caches.

    That is `$XDG_CACHE_HOME/glassnet` or `~/.cache/glassnet`, `~/Library/Caches/glassnet` on macOS and
    `%LOCALAPPDATA%\\glassnet\\Cache` on Windows. The folder need not exist yet.

    >>> os.path.isabs(cache_folder())
    True
    """
    chosen = os.environ.get("GLASSNET_CACHE")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
        return os.path.join(local, "glassnet", "Cache")
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Caches/glassnet")
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification asks to ignore a relative path.
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "glassnet")


def load_cached(folder: str, files: Sequence[Canonical], fetch: Fetch) -> list[np.ndarray]:
    """The array of each file: mapped from `folder` where it lies there whole, else fetched, checked and kept there.

    `fetch(missing)` gives, file by file, where the canonical bytes come from and the bytes in pieces. The arrays are
    uint8, may be written to (the cached file stays as it is), and are read from the disk only where they are touched.

    Raises `FormatError` when fetched bytes are not the published ones.
    """
    buffers: dict[str, Buffer] = {file.name: mapped for file in files if (mapped := map_cached(folder, file))}
    missing = [file for file in files if file.name not in buffers]
    for file, (origin, pieces) in zip(missing, fetch(missing) if missing else (), strict=True):
        whole = checked(file, origin, pieces)
        kept = map_cached(folder, file) if _keep(folder, file, whole) else None
        buffers[file.name] = kept or bytearray().join(whole)
    return [_as_array(buffers[file.name], file) for file in files]


def map_cached(folder: str, file: Canonical) -> mmap.mmap | None:
    """The cached file mapped into memory, or None unless it is there with its canonical bytes."""
    path = os.path.join(folder, file.name)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for ever
            return None
        with open(path, "rb") as opened:
            status = os.fstat(opened.fileno())
            if status.st_size != file.size:
                return None
            mapped = mmap.mmap(opened.fileno(), file.size, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):
        return None
    if mapped[: len(file.header)] != file.header:
        return None
    if int(status.st_mtime) == SEAL:
        return mapped
    return _sealed_again(path, mapped, file)


def checked(file: Canonical, origin: str, pieces: Iterable[bytes]) -> list[bytes]:
    """The pieces, once their MD5 has been found to be that of the published file."""
    import hashlib  # only needed when a file is unpacked or its seal is broken

    digest, kept = hashlib.md5(usedforsecurity=False), []
    for piece in pieces:
        digest.update(piece)
        kept.append(piece)
    if digest.hexdigest() != file.md5:
        length = sum(map(len, kept))
        raise FormatError(
            complain(
                f"{file.name} of {origin}: got {length} bytes with MD5 {digest.hexdigest()}",
                f"expected {file.size} bytes with MD5 {file.md5}",
                "Try installing it again: this copy is damaged",
            )
        )
    return kept


def _sealed_again(path: str, mapped: mmap.mmap, file: Canonical) -> mmap.mmap | None:
    try:
        checked(file, path, [mapped])  # type: ignore[list-item]  # a map is as good as bytes to a digest
    except FormatError:
        return None
    _seal(path)
    return mapped


def _keep(folder: str, file: Canonical, pieces: list[bytes]) -> bool:
    """Write the file in one stroke; False where that cannot be done (no rights, no room, held open on Windows)."""
    from glassnet.files.atomic import remove_stale_temporaries, write_atomic

    path = os.path.join(folder, file.name)
    try:
        os.makedirs(folder, exist_ok=True)
        remove_stale_temporaries(folder)  # of a process that was killed while it unpacked
        write_atomic(path, pieces)
    except OSError as error:
        _note(f"{file.name} stays in memory only: {error}")
        return False
    _seal(path)
    return True


def _seal(path: str) -> None:
    try:
        os.utime(path, (SEAL, SEAL))
    except OSError:
        _note(f"{path} cannot be sealed, so each start checks it again")


def _note(message: str) -> None:
    import logging  # a quiet note: shown only to who asks for it

    logging.getLogger("glassnet.data").info(message)


def _as_array(buffer: Buffer, file: Canonical) -> np.ndarray:
    return np.frombuffer(buffer, dtype=np.uint8, offset=len(file.header)).reshape(file.shape)
