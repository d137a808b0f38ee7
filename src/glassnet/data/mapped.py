"""Arrays that lie in files larger than memory: rows gathered in the file's order, pages given back once they were used.

What was read of a mapped file stays in the process's memory until somebody asks for the room. Here it is given back at
once, so that a training's memory does not grow with its file. Nothing is lost: the pages are the file's own.
"""

from __future__ import annotations

import mmap

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
