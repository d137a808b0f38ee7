"""PyTorch's random numbers on the CPU, word for word: the same seed gives the same numbers.

One engine, the Mersenne Twister, deals 32-bit words. Each distribution takes a fixed number of words per value and
makes numbers of them with PyTorch's own roundings (those of PyTorch 2.13 on x86-64), so that two programs that draw in
the same order never fall out of step.

    draw                     words per value
    uniform                  1 in float32, 2 in float64
    normal                   as uniform, and 16 values more if the size is no multiple of 16;
                             of fewer than 16 values: 4 per pair, whose second value waits for the next such draw
    bernoulli                2 if p is a number; if p is an array, as uniform of p's dtype
    exponential              2
    randint                  1, or 2 if the range is 2**28 or more
    permutation              1, the last value none
    multinomial              2 per weight without replacement, 2 per pick with it

M. Matsumoto and T. Nishimura, Mersenne Twister, ACM Transactions on Modeling and Computer Simulation 8(1), 1998.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.core.generator import (
    LOW_53,
    Generator,
    default_generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from glassnet.core.rounding import CHUNK, each, fused, fused64, log, sine_cosine
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain

__all__ = [
    "Generator", "bernoulli", "default_generator", "exponential", "fork_rng", "get_rng_state", "initial_seed",
    "integers", "manual_seed", "multinomial", "normal", "permutation", "randint", "random_int64", "seed",
    "set_rng_state", "trunc_normal", "uniform",
]  # fmt: skip

Array = np.ndarray
Shape = Sequence[int] | int

# ---- distributions --------------------------------------------------------------------------------------------------


def _sizes(call: str, shape: Shape) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if any(n < 0 for n in sizes):
        raise ShapeError(complain(f"{call}: got shape {sizes}", "expected sizes of 0 or more", "Try (2, 3)"))
    return sizes


def _float(call: str, dtype: Any) -> np.dtype[Any]:
    kind = np.dtype(dtype)
    if kind.name not in ("float32", "float64"):
        raise DTypeError(complain(f"{call}: got {kind}", "expected float32 or float64", "Try dtype=float32"))
    return kind


def _expect(holds: Any, got: str, expected: str, hint: str) -> None:
    if not holds:
        raise ValueRangeError(complain(got, expected, hint))


def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None
) -> Array:
    """Numbers from low to high, high itself left out: low + (high - low) u, where u has 24 random bits (float64: 53).

    >>> uniform((2, 2), -1, 1, generator=Generator().manual_seed(0))
    array([[-0.00748682,  0.5364436 ],
           [-0.82304513, -0.735939  ]], dtype=float32)
    """
    sizes, kind = _sizes("uniform", shape), _float("uniform", dtype)
    _expect(low <= high, f"uniform: got low={low}, high={high}", "expected low <= high", f"Try low={high}, high={low}")
    widest = float(np.finfo(kind).max)
    fits = max(-float(low), float(high), float(high) - float(low)) <= widest
    _expect(fits, f"uniform: got {low} to {high}", f"expected bounds and a width up to {widest:g}", "Try 0 to 1")
    y = (generator or default_generator).fractions(math.prod(sizes), kind)
    if (low, high) != (0, 1):
        first, last = kind.type(low), kind.type(high)
        y = fused(y, last - first, first)
        y[y == last] = first  # rounded up to the end that is left out
    return y.reshape(sizes)


def normal(
    shape: Shape, mean: float = 0.0, std: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None
) -> Array:
    """Normally distributed numbers: mean + std * sqrt(-2 ln(1 - u)) * (cos or sin of 2 pi v).

    >>> normal(3, generator=Generator().manual_seed(0))
    array([ 1.5409961, -0.2934289, -2.1787894], dtype=float32)
    """
    sizes, kind = _sizes("normal", shape), _float("normal", dtype)
    _expect(std >= 0, f"normal: got std={std}", "expected 0 or more", f"Try std={abs(std)}")
    source, n = generator or default_generator, math.prod(sizes)
    if n < 16:
        few = source.paired_normals(n)
        return fused64(few, float(std), float(mean)).astype(kind).reshape(sizes)
    uneven = n % 16
    u = source.fractions(n + 16 * bool(uneven), kind)
    y = np.empty(n, kind)
    y[: n - uneven] = _block_normals(u[: n - uneven], mean, std)
    if uneven:
        y[-16:] = _block_normals(u[n:], mean, std)  # a last block of 16 that overlaps the one before
    return y.reshape(sizes)


def _block_normals(fractions: Array, mean: float, std: float) -> Array:
    """Normals from blocks of 16 fractions: eight radii, then eight angles."""
    u = fractions.reshape(-1, 2, 8)  # (blocks, radius or angle, 8)
    y = np.empty_like(u)
    turn, scale, shift = u.dtype.type(2 * math.pi), u.dtype.type(std), u.dtype.type(mean)
    for start in range(0, len(u), CHUNK // 8):
        part = slice(start, start + CHUNK // 8)
        radius = np.sqrt(-2 * log(1 - u[part, 0]))
        sine, cosine = sine_cosine(turn * u[part, 1])
        y[part, 0] = fused(radius * cosine, scale, shift)
        y[part, 1] = fused(radius * sine, scale, shift)
    return y.reshape(-1)


def exponential(shape: Shape, rate: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None) -> Array:
    """Waiting times between events that come `rate` times per unit: -ln(1 - u) / rate.

    >>> exponential(2, generator=Generator().manual_seed(0))
    array([3.5083263, 1.2303847], dtype=float32)
    """
    sizes, kind = _sizes("exponential", shape), _float("exponential", dtype)
    _expect(rate > 0, f"exponential: got rate={rate}", "expected more than 0", "Try rate=1")
    u = (generator or default_generator).fractions(math.prod(sizes))
    return (-1.0 / rate * each(math.log1p, -u)).astype(kind).reshape(sizes)


def geometric(shape: Shape, p: float, dtype: Any = np.float32, generator: Generator | None = None) -> Array:
    """The number of the first try that works, where each works with probability p: ln(u) / ln(1 - p), rounded up.

    >>> geometric(3, 0.5, generator=Generator().manual_seed(0))
    array([1., 1., 2.], dtype=float32)
    """
    _expect(0 < p < 1, f"geometric: got p={p}", "expected a number between 0 and 1", "Try p=0.5")
    sizes = _sizes("geometric", shape)
    u = (generator or default_generator).fractions(math.prod(sizes))
    return np.ceil(each(math.log, u) / math.log1p(-p)).astype(dtype).reshape(sizes)


def bernoulli(
    shape: Shape,
    p: float | Array,
    dtype: Any = np.float32,
    generator: Generator | None = None,
    out: Array | None = None,
) -> Array:
    """1 with probability p, else 0; p is a number, or an array with a probability for every place.

    `out` is filled in the order of its memory. So does PyTorch's dropout, whose mask is laid out as its input:
    `bernoulli(x.shape, 1 - p, x.dtype, out=np.empty_like(x))`.

    >>> bernoulli((2, 4), 0.5, generator=Generator().manual_seed(0))
    array([[0., 0., 1., 0.],
           [0., 0., 1., 1.]], dtype=float32)
    """
    y = np.empty(_sizes("bernoulli", shape), dtype) if out is None else out
    draw = _below_each if isinstance(p, np.ndarray) else _below
    draw(p, y, generator or default_generator)
    return y


def _below(p: Any, y: Array, source: Generator) -> None:
    _expect(0 <= p <= 1, f"bernoulli: got p={p}", "expected 0 to 1", "Try p=0.5")
    y = _in_memory_order(y)
    bits = source.long_words(y.size)
    bits &= LOW_53
    np.less(bits.reshape(y.shape), np.uint64(math.ceil(float(p) * 2.0**53)), out=y, casting="unsafe")


def _below_each(p: Any, y: Array, source: Generator) -> None:
    strange = p[~((p >= 0) & (p <= 1))]
    _expect(strange.size == 0, f"bernoulli: got {strange[:1]} in p", "expected 0 to 1", "Try p.clip(0, 1)")
    fractions = source.fractions(y.size, _float("bernoulli", p.dtype))
    np.less(fractions.reshape(y.shape), p, out=y, casting="unsafe")


def _in_memory_order(x: Array) -> Array:
    """A view whose axes run from the longest stride to the shortest."""
    return x if x.flags.c_contiguous else x.transpose(sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis])))


def randint(low: int, high: int, shape: Shape, generator: Generator | None = None) -> Array:
    """Whole numbers (int64) from low to high - 1: low + word mod (high - low).

    >>> randint(0, 10, 5, generator=Generator().manual_seed(0))
    array([4, 9, 3, 0, 3])
    """
    sizes, span = _sizes("randint", shape), high - low
    _expect(span > 0, f"randint: got low={low}, high={high}", "expected low < high", f"Try high={low + 1}")
    _expect(low >= -(2**63) and high <= 2**63 - 1, f"randint: got {low} to {high}", "expected int64", "Try 0 to 10")
    source, n = generator or default_generator, math.prod(sizes)
    word = source.words(n).astype(np.uint64) if span < 2**28 else source.long_words(n)
    return ((word % np.uint64(span)).view(np.int64) + low).reshape(sizes)


def integers(shape: Shape, dtype: Any = np.int64, generator: Generator | None = None) -> Array:
    """Whole numbers of the whole range of a dtype, 0 to its largest (for floats: all that have no gaps between them).

    This is what PyTorch's `Tensor.random_()` fills a tensor with.

    >>> integers(3, np.uint8, generator=Generator().manual_seed(0))
    array([172,  47, 117], dtype=uint8)
    """
    sizes, kind = _sizes("integers", shape), np.dtype(dtype)
    source, n = generator or default_generator, math.prod(sizes)
    word = source.long_words(n) if kind.name in ("int64", "float64") else source.words(n)
    return (word % word.dtype.type(_largest(kind) + 1)).astype(kind).reshape(sizes)


def _largest(kind: np.dtype[Any]) -> int:
    if kind.kind == "f":
        return 2 ** (np.finfo(kind).nmant + 1)
    return 1 if kind.kind == "b" else int(np.iinfo(kind).max)


def random_int64(generator: Generator | None = None) -> int:
    """One whole number from 0 to 2**63 - 1, as data loaders draw for the seed of an epoch."""
    return int(integers((), np.int64, generator))


# ---- choices --------------------------------------------------------------------------------------------------------

MANY = 2**32 // 20  # so many items that a 32-bit word would favour some of them: here PyTorch changes its rule


def permutation(n: int, generator: Generator | None = None) -> Array:
    """The numbers 0 to n - 1 in random order: step i swaps the items in slots i and i + (word mod (n - i)).

    >>> permutation(6, generator=Generator().manual_seed(0))
    array([2, 5, 3, 0, 1, 4])

    R. Durstenfeld, Algorithm 235: random permutation, Communications of the ACM 7(7), 1964.
    """
    _expect(n >= 0, f"permutation: got n={n}", "expected 0 or more", f"Try permutation({abs(n)})")
    source = generator or default_generator
    if n >= MANY:
        return _inside_out(n, source)
    partner = np.arange(n)
    if n > 1:
        partner[:-1] += source.words(n - 1) % np.arange(n, 1, -1, dtype=np.uint32)
    return _after_swaps(partner)


def _after_swaps(partner: Array) -> Array:
    """Where the items are after slots i and partner[i] >= i were swapped, for i = 0, 1, 2, ...; no loop over i.

    Step i puts into slot i, for good, what lay in its partner: what the last earlier step with the same partner left
    there, or else the slot's first item. A step leaves behind what slot i held, and that had come from the last earlier
    step whose partner was i. Doubling the stride along these chains finds all their ends in log(length) gathers.
    """
    n = partner.size
    held = np.arange(n + 1)  # held[i]: the item in slot i when step i begins; the slot n takes what must not count
    goal, further = partner.copy(), np.empty(n, np.int64)
    goal[partner == held[:n]] = n
    held[goal] = np.arange(n)  # of several assignments to a slot, the last one stays
    held = held[:n]
    while not np.array_equal(held.take(held, out=further, mode="clip"), held):
        held, further = further, held
    order = _stable_order(partner)
    slot = partner.take(order, out=goal, mode="clip")
    again = np.flatnonzero(slot[1:] == slot[:-1])
    slot[again + 1] = held[order[again]]
    further[order] = slot
    return further


def _stable_order(x: Array) -> Array:
    """argsort, by 16 bits at a time: for those NumPy counts instead of comparing."""
    order = np.argsort(x.astype(np.uint16), kind="stable")
    for shift in range(16, int(x.size).bit_length(), 16):
        order = order[np.argsort((x[order] >> shift).astype(np.uint16), kind="stable")]
    return order


def _inside_out(n: int, source: Generator) -> Array:
    """Item i goes to slot z <= i, and what lay there goes to slot i; 200 million of them take a minute or two."""
    items = np.arange(n)
    slots: Any = memoryview(items)  # pyright: ignore[reportArgumentType]
    for start in range(0, n, 2**20):
        stop = min(start + 2**20, n)
        chosen = source.long_words(stop - start) % np.arange(start + 1, stop + 1, dtype=np.uint64)
        for i, z in enumerate(chosen.tolist(), start):
            slots[i] = slots[z]
            slots[z] = i
    return items


def multinomial(probs: Any, n: int, replacement: bool = False, generator: Generator | None = None) -> Array:
    """n indices drawn in proportion to the weights, (categories,) or (rows, categories); they need not add up to 1.

    With replacement each fraction is looked up among the running sums. Without, category k finishes a race after an
    exponential time over its weight, and the first n win.

    >>> multinomial(np.array([0.0, 3.0, 1.0]), 5, replacement=True, generator=Generator().manual_seed(0))
    array([2, 1, 1, 2, 1])
    >>> multinomial(np.array([0.2, 0.3, 0.5]), 2, generator=Generator().manual_seed(0))
    array([2, 1])
    """
    weights = np.asarray(probs)
    _check_weights(weights, n, replacement)
    rows = np.atleast_2d(weights)
    if replacement and n > 1:
        picks = _look_up(rows, n, generator)
    else:
        with np.errstate(divide="ignore"):
            speed = rows / exponential(rows.shape, 1.0, weights.dtype, generator)
        picks = np.argsort(-speed, axis=1, kind="stable")[:, :n]
    return picks.reshape(*weights.shape[:-1], n)


def _check_weights(weights: Array, n: int, replacement: bool) -> None:
    _float("multinomial", weights.dtype)
    if weights.ndim not in (1, 2):
        got = f"multinomial: got weights of shape {weights.shape}"
        raise ShapeError(complain(got, "expected (categories,) or (rows, categories)", "Try weights.reshape(-1)"))
    fine = np.isfinite(weights).all() and (weights >= 0).all()
    _expect(fine, "multinomial: got a negative, infinite or NaN weight", "expected 0 or more", "Try softmax(scores)")
    _expect((weights.sum(-1) > 0).all(), "multinomial: got weights that are all 0", "expected one above 0", "Try ones")
    most = n if replacement else weights.shape[-1]
    got = f"multinomial: got n={n} with replacement={replacement}"
    _expect(0 < n <= most, got, f"expected 1 to {most}", "Try replacement=True or another n")


def _look_up(rows: Array, n: int, generator: Generator | None) -> Array:
    sums = np.cumsum(rows, axis=1, dtype=rows.dtype)
    sums /= sums[:, -1:].copy()
    sums[:, -1] = 1  # whatever rounding did
    fractions = (generator or default_generator).fractions(len(rows) * n).reshape(-1, n)
    return np.stack([np.searchsorted(row, u) for row, u in zip(sums, fractions, strict=True)])


# ---- normal numbers between bounds ----------------------------------------------------------------------------------


def trunc_normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    dtype: Any = np.float32,
    generator: Generator | None = None,
) -> Array:
    """Normally distributed numbers that lie between a and b: those outside are drawn again.

    Where less than 30 % of the normal's mass is inside, uniform numbers between a and b are kept with probability
    proportional to the density. Either way every round draws for all places, as PyTorch does.

    >>> trunc_normal(3, std=0.5, a=-0.5, b=0.5, generator=Generator().manual_seed(0))
    array([ 0.28421563, -0.14671445, -0.3596288 ], dtype=float32)
    """
    _expect(std > 0, f"trunc_normal: got std={std}", "expected more than 0", "Try std=1")
    _expect(a <= b, f"trunc_normal: got a={a}, b={b}", "expected a <= b", f"Try a={b}, b={a}")
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(f"trunc_normal: mean={mean} is more than 2 std from [{a}, {b}]; values may crowd", stacklevel=2)
    kind = _float("trunc_normal", dtype)
    inside = (math.erf((b - mean) / std / math.sqrt(2)) - math.erf((a - mean) / std / math.sqrt(2))) / 2
    sizes, rule = _sizes("trunc_normal", shape), _again_if_outside if inside > 0.3 else _kept_by_density
    return rule(mean, std, a, b, shape=sizes, dtype=kind, generator=generator)


def _again_if_outside(mean: float, std: float, a: float, b: float, **stream: Any) -> Array:
    y, kind = normal(mean=mean, std=std, **stream), stream["dtype"]
    while (outside := (y < kind.type(a)) | (y > kind.type(b))).any():
        np.copyto(y, normal(mean=mean, std=std, **stream), where=outside)
    return y


def _kept_by_density(mean: float, std: float, a: float, b: float, **stream: Any) -> Array:
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2  # the highest log density between the bounds
    y, waiting = np.empty(stream["shape"], stream["dtype"]), np.ones(stream["shape"], bool)
    while waiting.any():
        proposal = uniform(low=a, high=b, **stream)
        np.copyto(y, proposal, where=waiting)
        with np.errstate(divide="ignore"):  # the logarithm of 0
            chance = np.log(uniform(**stream))
        waiting &= chance > ((proposal - mean) / std) ** 2 * -0.5 - peak
    return y
