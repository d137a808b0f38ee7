"""Arrays that lie in files: whether one does, and how the memory that its pages took is given back.

What was read of a mapped file stays in the process's memory until somebody asks for the room. Here it is given back at
once, so that the memory of whoever walks through such an array does not grow with its file. Nothing is lost: the pages
are the file's own.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import numpy as np

WINDOW = 16 << 20  # bytes of a file that are in memory at a time


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array is a file's, shared with it: pages that were dropped are read again as they were."""
    return isinstance(array, np.memmap) and array.mode != "c"  # changes to a copy-on-write map are nowhere else


def let_go(array: np.ndarray) -> None:
    """Give back the memory of a mapped array's pages; nothing for other arrays, or where the system cannot."""
    if not is_mapped(array) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    base = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is not None:
        base.madvise(mmap.MADV_DONTNEED)


def windows(array: np.ndarray) -> Iterator[memoryview]:
    """The bytes of a C-contiguous array without a copy; those of a mapped one window by window, each given back.

    >>> [bytes(window) for window in windows(np.array([1, 2], np.uint8))]
    [b'\\x01\\x02']
    """
    flat = array.reshape(-1).view(np.uint8)
    if not is_mapped(array):
        yield flat.data
        return
    for start in range(0, flat.size, WINDOW):
        yield flat[start : start + WINDOW].data
        let_go(array)
