"""The layer that learns some numbers for each word of a table's columns."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet import nn
from glassnet.core.factories import empty
from glassnet.core.layout import cat
from glassnet.core.tensor import Tensor
from glassnet.errors import ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.nn import init

_SPREAD = 0.1  # at the start: words that came once should not shout


class EmbedColumns(nn.Module):
    """Rows whose first `plain` numbers stay, and whose last `len(sizes)` are places of words.

    Column i of them has `sizes[i]` words, for each of which `widths[i]` numbers are learnt: `(n, plain + len(sizes))`
    becomes `(n, plain + sum(widths))`. Place 0 is for words never seen; it starts, and without such words stays, at 0.

    Reference: C. Guo, F. Berkhahn, "Entity Embeddings of Categorical Variables", 2016, arXiv:1604.06737.

    >>> import glassnet as torch
    >>> layer = EmbedColumns(1, (5,), (3,))
    >>> layer(torch.tensor([[0.5, 2.0], [0.25, 0.0]])).shape
    torch.Size([2, 4])
    """

    def __init__(self, plain: int, sizes: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        if len(sizes) != len(widths) or not sizes or min(*sizes, *widths) < 1 or plain < 0:
            got = f"got EmbedColumns({plain}, {tuple(sizes)}, {tuple(widths)})"
            raise ValueRangeError(complain(got, "expected one width for each size", "Try EmbedColumns(1, (5,), (3,))"))
        self.plain, self.sizes, self.widths = plain, tuple(sizes), tuple(widths)
        for i, (size, width) in enumerate(zip(sizes, widths, strict=True)):
            weight = nn.Parameter(init.normal_(empty(size, width), std=_SPREAD))
            weight.array[0] = 0
            self.register_parameter(f"weight{i}", weight)

    def forward(self, x: Tensor) -> Tensor:
        """The numbers as they are, then what has been learnt of each word."""
        parts = [x[:, : self.plain]] if self.plain else []
        for i in range(len(self.sizes)):
            parts.append(F.embedding(x[:, self.plain + i].long(), getattr(self, f"weight{i}")))
        return cat(parts, 1)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.plain}, sizes={self.sizes}, widths={self.widths}"
