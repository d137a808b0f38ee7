"""What examples are, in sixteen letters: a training that goes on finds out whether they are still the same.

The numbers of an array are all looked at up to 256 MiB. Of a larger one, such as a table that stays on disk, pieces of
one MiB evenly spread from its first byte to its last are: a quarter of a second, however large it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.data.mapped import WINDOW, let_go

_PIECE = 1 << 20
_PIECES = 256


def fingerprint(arrays: Sequence[np.ndarray]) -> str:
    """Sixteen letters that change with any number, its type, its place, and the arrays' shapes.

    >>> x = np.zeros((4, 2), np.float32)
    >>> fingerprint([x]) == fingerprint([x.copy()]), fingerprint([x]) == fingerprint([x.reshape(2, 4)])
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for piece in _pieces(array):
            digest.update(piece)
            let_go(array)
    return digest.hexdigest()


def _pieces(array: np.ndarray) -> list[Any]:
    """The bytes to look at: all, or evenly spread pieces that include both ends."""
    if not array.flags.c_contiguous:
        return (
            [block.tobytes() for block in np.array_split(array, max(1, array.nbytes // _PIECE))] if array.size else []
        )
    data = array.reshape(-1).view(np.uint8)
    if len(data) <= _PIECE * _PIECES:
        return [data[start : start + WINDOW] for start in range(0, len(data), WINDOW)]
    starts = np.linspace(0, len(data) - _PIECE, _PIECES).astype(np.int64)
    return [data[start : start + _PIECE] for start in starts.tolist()]


def of_examples(feed: Any, judged_on: Any = None) -> dict[str, str]:
    """The fingerprints of what a training learns from and of what it is judged by, as far as both are arrays."""
    parts = {"train": feed.sources() if feed is not None else None, "validation": judged_on}
    return {name: fingerprint(arrays) for name, arrays in parts.items() if arrays is not None}
