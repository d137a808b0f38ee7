"""Embedding: a table of learnt rows, looked up by number; EmbeddingBag: sums and means of such rows."""

from __future__ import annotations

from typing import Any, Self

from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, ValueRangeError, complain
from glassnet.nn import functional as F
from glassnet.nn import init
from glassnet.nn.checks import need_size, shape_of
from glassnet.nn.linear import new_parameter
from glassnet.nn.module import Module
from glassnet.nn.parameter import Parameter


class _Table(Module):
    """What both layers share: the table, its row for padding, and how to make one of a given table."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        need_size(type(self).__name__, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else _row("padding_idx", padding_idx, num_embeddings)
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if _weight is None:
            self.weight = new_parameter(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.reset_parameters()
            self.weight.requires_grad_(not _freeze)
        else:
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, **options: Any
    ) -> Self:
        """A layer with this table (entries, size), not learnt unless freeze is False."""
        if embeddings.array.ndim != 2:
            got = f"from_pretrained: got a table of shape {shape_of(embeddings)}"
            raise ShapeError(complain(got, "expected (entries, size)", "Try table.reshape(-1, size)"))
        entries, size = shape_of(embeddings)
        return cls(entries, size, padding_idx=padding_idx, _weight=embeddings, _freeze=freeze, **options)


class Embedding(_Table):
    """The rows of a table (num_embeddings, embedding_dim) that whole numbers name: (...) -> (..., embedding_dim).

    The table starts normally distributed. The row padding_idx starts at 0 and is not learnt. Rows that are looked up
    and longer than max_norm (by the norm of order norm_type) are shortened to it, in the table.
    Raises ValueRangeError for a number outside the table.

    >>> import glassnet as torch
    >>> table = Embedding.from_pretrained(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> table(torch.tensor([1]))
    tensor([[3., 4.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The rows that input names: (...) -> (..., embedding_dim)."""
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        longest = "" if self.max_norm is None else f", max_norm={self.max_norm}"
        order = "" if self.norm_type == 2 else f", norm_type={self.norm_type}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}{longest}{order}"


class EmbeddingBag(_Table):
    """The sum, mean or largest numbers of the rows that each bag of whole numbers names: (bags, embedding_dim).

    A bag is a row of input (bags, n), or a stretch of input (n,) that begins at an entry of `offsets`. The options are
    those of `functional.embedding_bag`; the row padding_idx starts at 0, and its entries do not count.

    >>> import glassnet as torch
    >>> table = EmbeddingBag.from_pretrained(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), mode="sum")
    >>> table(torch.tensor([[1, 0], [1, 1]]))
    tensor([[4., 6.],
            [6., 8.]])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
        _freeze: bool = False,
    ) -> None:
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
            _weight, _freeze, device, dtype,
        )  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """What each bag comes to: (bags, embedding_dim)."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        longest = "" if self.max_norm is None else f", max_norm={self.max_norm}"
        order = "" if self.norm_type == 2 else f", norm_type={self.norm_type}"
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{longest}{order}, mode={self.mode!r}{padding}"


def _row(name: str, index: int, entries: int) -> int:
    """A row counted from the end, too, as one counted from the start."""
    if not -entries <= index < entries:
        got = f"Embedding: got {name}={index} for {entries} entries"
        raise ValueRangeError(complain(got, f"expected {-entries} to {entries - 1}", f"Try {name}=0"))
    return index % entries
