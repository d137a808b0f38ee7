"""Arrays that lie in files larger than memory: made, and their rows gathered in the file's order.

Pages are given back once they were used (`files.mapped`), so that a training's memory does not grow with its file.
"""

from __future__ import annotations

import errno
import os

import numpy as np

from glassnet.data.cache import cache_folder
from glassnet.files.mapped import WINDOW as WINDOW
from glassnet.files.mapped import is_mapped as is_mapped
from glassnet.files.mapped import let_go as let_go
from glassnet.files.os_errors import reported

IN_MEMORY = 256 << 20  # bytes of images up to which they are simply read


def temporary(shape: tuple[int, ...], kind: type | np.dtype, folder: str = "large") -> np.ndarray:
    """An array in a temporary file of the cache folder, which goes when nobody uses it any more.

    Raises `FileError` where the disk has no room: now, and not by a signal when the last page is written.

    >>> temporary((2, 3), np.uint8).tolist()
    [[0, 0, 0], [0, 0, 0]]
    """
    import tempfile  # whose random names cost as much as listing all data sets

    if not all(shape):
        return np.empty(shape, kind)
    path = os.path.join(cache_folder(), folder)
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
    with reported("write rows in", path, size):
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            _reserve(file.fileno(), size, path)
            return np.memmap(file, kind, "w+", shape=shape)


def _reserve(descriptor: int, size: int, path: str) -> None:
    """Take the room of a file before it is mapped: a page without room on the disk would end the process."""
    import shutil

    if shutil.disk_usage(path).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as problem:
            if problem.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # which some file systems say to all who ask
                raise


def chosen(array: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The rows at some places as an array of their own: `array[places]`, in a file again if they come from one.

    >>> chosen(np.arange(6.0).reshape(3, 2), np.array([2, 0])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    if not is_mapped(array):
        return array[places]
    out = temporary((len(places), *array.shape[1:]), array.dtype)
    for first in range(0, len(places), rows_of(array)):
        part = slice(first, first + rows_of(array))
        out[part] = gathered(array, places[part])
        let_go(out)
    return out


def gathered(array: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The rows at some places, in that order: `array[places]`, read once from the file's front to its back.

    >>> gathered(np.arange(6.0).reshape(3, 2), np.array([2, 0, 2])).tolist()
    [[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]]
    """
    if not is_mapped(array):
        return array.take(places, axis=0)
    out = np.empty((len(places), *array.shape[1:]), array.dtype)
    order = np.argsort(places, kind="stable")
    ends = np.arange(rows_of(array), len(array), rows_of(array))
    for some in np.split(order, np.searchsorted(places[order], ends)):
        if len(some):
            out[some] = array[places[some]]
            let_go(array)
    return out


def rows_of(array: np.ndarray) -> int:
    """How many rows of an array make a window of its file, those that a slice leaves out counted.

    >>> rows_of(np.zeros((1000, 1 << 20), np.uint8)), rows_of(np.zeros((1000, 1 << 20), np.uint8)[::4])
    (16, 4)
    """
    return max(1, WINDOW // max(1, abs(array.strides[0]))) if array.ndim else 1
