"""More of PyTorch's products of vectors and matrices."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

from glassnet.core import ops
from glassnet.core.arranging import diagonal
from glassnet.core.functions import matmul
from glassnet.core.into import takes_out
from glassnet.core.kinds import LISTS
from glassnet.core.layout import axis, permute, stack
from glassnet.core.naming import shown_as
from glassnet.core.reductions import norm
from glassnet.core.tensor import Tensor
from glassnet.errors import ShapeError, ValueRangeError, complain

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "cdist",
    "chain_matmul",
    "cross",
    "dist",
    "einsum",
    "inner",
    "kron",
    "tensordot",
    "vdot",
]


def _plus(input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    """beta * input + alpha * product."""
    return (input if beta == 1 else input * beta) + (product if alpha == 1 else product * alpha)


@takes_out
@shown_as("AddmmBackward0")
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2)."""
    return _plus(input, matmul(mat1, mat2), beta, alpha)


@takes_out
@shown_as("AddmvBackward0")
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat @ vec)."""
    return _plus(input, matmul(mat, vec), beta, alpha)


@takes_out
@shown_as("AddrBackward0")
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (vec1 outer vec2)."""
    return _plus(input, vec1.reshape(-1, 1) * vec2.reshape(1, -1), beta, alpha)


@takes_out
@shown_as("BaddbmmBackward0")
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), matrix by matrix."""
    return _plus(input, matmul(batch1, batch2), beta, alpha)


@takes_out
@shown_as("AddbmmBackward0")
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * the sum of batch1 @ batch2."""
    return _plus(input, matmul(batch1, batch2).sum(0), beta, alpha)


def chain_matmul(*matrices: Tensor) -> Tensor:
    """All matrices multiplied, in the order that costs the fewest multiplications.

    >>> import glassnet as torch
    >>> torch.chain_matmul(torch.ones(2, 9), torch.ones(9, 1), torch.ones(1, 3)).shape
    torch.Size([2, 3])
    """
    sizes = [matrices[0].array.shape[0], *(m.array.shape[-1] for m in matrices)]
    return _product(list(matrices), _best_cuts(sizes), 0, len(matrices) - 1)


def _best_cuts(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to cut each stretch of a chain of matrices in two (A. Godbole, 1973)."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    cuts: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            costs = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            cuts[i, j] = min(costs, key=lambda k: costs[k])
            cost[i, j] = costs[cuts[i, j]]
    return cuts


def _product(matrices: list[Tensor], cuts: dict[tuple[int, int], int], i: int, j: int) -> Tensor:
    if i == j:
        return matrices[i]
    return matmul(_product(matrices, cuts, i, cuts[i, j]), _product(matrices, cuts, cuts[i, j] + 1, j))


@takes_out
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sum of the products along the last axes."""
    if input.array.ndim == 0 or other.array.ndim == 0:
        return input * other
    return tensordot(input, other, ([-1], [-1]))


@takes_out
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The inner product of two vectors."""
    return matmul(input, other)


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of the products over the last `dims` axes of a and the first of b, or over the listed axes."""
    if isinstance(dims, int):
        dims = (range(a.array.ndim - dims, a.array.ndim), range(dims))
    left, right = ([axis(int(d), t.array.ndim) for d in ds] for t, ds in zip((a, b), dims, strict=True))
    rows = [d for d in range(a.array.ndim) if d not in left]
    columns = [d for d in range(b.array.ndim) if d not in right]
    size = math.prod(a.array.shape[d] for d in left)
    shape = [*(a.array.shape[d] for d in rows), *(b.array.shape[d] for d in columns)]
    product = matmul(permute(a, rows + left).reshape(-1, size), permute(b, right + columns).reshape(size, -1))
    return product.reshape(shape)


@takes_out
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Every number of input times the whole of other, laid out as blocks."""
    n = max(input.array.ndim, other.array.ndim)
    a, b = ((1,) * (n - t.array.ndim) + t.array.shape for t in (input, other))
    apart = [size for pair in zip(a, (1,) * n, strict=True) for size in pair]
    inside = [size for pair in zip((1,) * n, b, strict=True) for size in pair]
    return (input.reshape(apart) * other.reshape(inside)).reshape([i * j for i, j in zip(a, b, strict=True)])


@takes_out
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The vector product in three dimensions."""
    if dim is None:
        dim = next((i for i, n in enumerate(input.array.shape) if n == 3), 0)
    d = axis(dim, input.array.ndim)
    if input.array.shape[d] != 3:
        got = f"cross: got {input.array.shape[d]} numbers along axis {dim}"
        raise ShapeError(complain(got, "expected 3", "Try another dim"))
    a, b = input.unbind(d), other.unbind(d)
    return stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], d)


@shown_as("DistBackward0")
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The length of the difference: (sum |x - y|^p)^(1/p)."""
    return norm(input - other, p)


@shown_as("CdistBackward0")
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    """The distance from every row of x1 to every row of x2, (..., n, m) from (..., n, d) and (..., m, d)."""
    return norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


# ---- sums over named axes -------------------------------------------------------------------------------------------


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Products summed over named axes: "ij,jk->ik" is the matrix product.

    Every letter names an axis; those missing after the arrow are summed over. "..." stands for axes without a name.

    >>> import glassnet as torch
    >>> a, b = torch.ones(2, 3), torch.ones(3, 4)
    >>> torch.einsum("ij,jk->ik", a, b).shape, torch.einsum("ij->j", a)
    (torch.Size([2, 4]), tensor([2., 2., 2.]))
    """
    if isinstance(equation, Tensor):
        equation, operands = _spelled((equation, *operands))
    tensors = list(operands[0] if len(operands) == 1 and isinstance(operands[0], LISTS) else operands)
    names, wanted = _named_axes(equation, tensors)
    terms = [_without_repeats(t, n) for t, n in zip(tensors, names, strict=True)]
    while len(terms) > 1:
        (a, left), (b, right) = terms[:2]
        later = set(wanted).union(*(n for _, n in terms[2:]))
        terms[:2] = [_contract(a, left, b, right, later)]
    x, have = terms[0]
    lost = tuple(i for i, name in enumerate(have) if name not in wanted)
    x = ops.sum(x, dim=lost, keepdim=False) if lost else x
    have = [name for name in have if name in wanted]
    return permute(x, [have.index(name) for name in wanted]) if have != wanted else x


def _spelled(operands: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation of einsum's other form: a tensor and the numbers of its axes, the next, …, those of the result."""
    *pairs, wanted = operands if len(operands) % 2 else (*operands, None)

    def term(axes: Any) -> str:
        return "".join("..." if a is ... else string.ascii_letters[a] for a in axes)

    left = ",".join(term(axes) for axes in pairs[1::2])
    return left if wanted is None else f"{left}->{term(wanted)}", tuple(pairs[::2])


def _named_axes(equation: str, tensors: list[Tensor]) -> tuple[list[list[str]], list[str]]:
    """The names of every tensor's axes, and those of the result."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        got = f"einsum: got {len(tensors)} tensors for {equation!r}"
        raise ShapeError(complain(got, f"expected {len(terms)}", "Try one term per tensor, separated by commas"))
    unnamed = 0
    spelled: list[list[str]] = []
    for term, t in zip(terms, tensors, strict=True):
        count = t.array.ndim - len(term.replace("...", ""))
        if count < 0 or (count and "..." not in term):
            got = f"einsum: got {term!r} for a tensor of shape {tuple(t.array.shape)}"
            raise ShapeError(complain(got, f"expected {t.array.ndim} letters", "Try '...' for the rest"))
        unnamed = max(unnamed, count)
        spelled.append(_letters(term, count))
    counts = [name for names in spelled for name in names]
    dots = [f".{i}" for i in range(unnamed, 0, -1)]
    once = [c for c in string.ascii_letters if counts.count(c) == 1]
    wanted = _letters(right, unnamed) if arrow else [*dots, *sorted(once)]
    for name in wanted:
        if name not in counts or wanted.count(name) > 1:
            got = f"einsum: got {name!r} in the result of {equation!r}"
            raise ValueRangeError(complain(got, "expected letters of the terms, each once", "Try another letter"))
    _check_sizes(equation, spelled, tensors)
    return spelled, wanted


def _letters(term: str, count: int) -> list[str]:
    """The names in a term; the axes under "..." are called .1, .2, … from the last to the first."""
    before, dots, after = term.partition("...")
    return [*before, *([f".{i}" for i in range(count, 0, -1)] if dots else []), *after]


def _check_sizes(equation: str, spelled: list[list[str]], tensors: list[Tensor]) -> None:
    sizes: dict[str, int] = {}
    for names, t in zip(spelled, tensors, strict=True):
        for name, n in zip(names, t.array.shape, strict=True):
            if sizes.setdefault(name, n) != n and 1 not in (n, sizes[name]):
                got = f"einsum: got sizes {sizes[name]} and {n} for {name!r} in {equation!r}"
                raise ShapeError(complain(got, "expected one size per letter", "Try printing the shapes before"))
            sizes[name] = max(n, sizes[name])


def _without_repeats(x: Tensor, names: list[str]) -> tuple[Tensor, list[str]]:
    """An axis that is named twice stands for the diagonal."""
    names = list(names)
    while len(set(names)) < len(names):
        name = next(n for n in names if names.count(n) > 1)
        i = names.index(name)
        j = names.index(name, i + 1)
        x = diagonal(x, 0, i, j)
        names = [n for k, n in enumerate(names) if k not in (i, j)] + [name]
    return x, names


def _contract(a: Tensor, left: list[str], b: Tensor, right: list[str], later: set[str]) -> tuple[Tensor, list[str]]:
    """The product of two terms, summed over the names that nobody asks for later: one batched matrix product."""
    a, left = _summed(a, left, later.union(right))
    b, right = _summed(b, right, later.union(left))
    if any(a.array.shape[left.index(n)] != b.array.shape[right.index(n)] for n in left if n in right):
        return _broadcast(a, left, b, right, later)
    batch = [n for n in left if n in right and n in later]
    over = [n for n in left if n in right and n not in later]
    rows, columns = [n for n in left if n not in right], [n for n in right if n not in left]
    sizes = {**dict(zip(left, a.array.shape, strict=True)), **dict(zip(right, b.array.shape, strict=True))}

    def grouped(x: Tensor, have: list[str], *groups: list[str]) -> Tensor:
        order = [have.index(n) for group in groups for n in group]
        return permute(x, order).reshape([math.prod(sizes[n] for n in group) for group in groups])

    product = matmul(grouped(a, left, batch, rows, over), grouped(b, right, batch, over, columns))
    names = [*batch, *rows, *columns]
    return product.reshape([sizes[n] for n in names]), names


def _summed(x: Tensor, names: list[str], kept: set[str]) -> tuple[Tensor, list[str]]:
    lost = tuple(i for i, n in enumerate(names) if n not in kept)
    return (ops.sum(x, dim=lost, keepdim=False), [n for n in names if n in kept]) if lost else (x, names)


def _broadcast(a: Tensor, left: list[str], b: Tensor, right: list[str], later: set[str]) -> tuple[Tensor, list[str]]:
    """The same, where an axis of length 1 stands beside a longer one of its name."""
    names = [*left, *(n for n in right if n not in left)]

    def spread(x: Tensor, have: list[str]) -> Tensor:
        order = [have.index(n) for n in names if n in have]
        return permute(x, order).reshape([x.array.shape[have.index(n)] if n in have else 1 for n in names])

    return _summed(spread(a, left) * spread(b, right), names, later)
