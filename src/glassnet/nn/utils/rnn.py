"""Lists of sequences of different lengths as one tensor, and back.

PyTorch keeps these beside its recurrent layers; a bag of words or a mean over time needs them just as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.core import layout
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import ShapeError, ValueRangeError, complain

__all__ = ["pad_sequence", "unpad_sequence"]


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences side by side in one tensor as long as the longest, the rest filled with a number.

    Each sequence has shape (length, *), the result (longest, n, *), or (n, longest, *) with `batch_first`. Gradients
    flow back to the sequences. Raises ShapeError if they differ in more than their lengths.

    >>> import glassnet as torch
    >>> torch.nn.utils.rnn.pad_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    rows = list(sequences)
    _check(rows, padding_side)
    longest = max(len(row) for row in rows)
    padded = [_padded(row, longest - len(row), padding_value, padding_side) for row in rows]
    return layout.stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences that `pad_sequence` put together, given the length of each.

    >>> import glassnet as torch
    >>> torch.nn.utils.rnn.unpad_sequence(torch.tensor([[1, 2, 3], [4, 0, 0]]), torch.tensor([3, 1]), batch_first=True)
    [tensor([1, 2, 3]), tensor([4])]
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]


def _check(rows: list[Tensor], side: str) -> None:
    if not rows:
        raise ShapeError(complain("pad_sequence: got an empty list", "expected a sequence or more", "Try [tensor]"))
    if side not in ("right", "left"):
        got = f"pad_sequence: got padding_side={side!r}"
        raise ValueRangeError(complain(got, "expected 'right' or 'left'", "Try padding_side='right'"))
    for i, row in enumerate(rows):
        if not row.array.ndim or row.array.shape[1:] != rows[0].array.shape[1:]:
            got = f"pad_sequence: got sequences of shapes {tuple(rows[0].shape)} and, at {i}, {tuple(row.shape)}"
            raise ShapeError(complain(got, "expected shapes that differ in their first length alone", "Try reshape"))


def _padded(row: Tensor, more: int, value: float, side: str) -> Tensor:
    """The sequence with so many numbers more at one end."""
    if not more:
        return row
    filling = wrap(np.full((more, *row.array.shape[1:]), value, row.array.dtype))
    return layout.cat([row, filling] if side == "right" else [filling, row], 0)
