"""Random numbers that are drawn by rejection: each takes as many words of the stream as it happens to need.

Like those of `random.py` they are PyTorch's on the CPU, word for word. The proposals are those of the papers named
below; each fraction has 53 bits and each normal is one of a pair, whose second waits in the generator.
"""

from __future__ import annotations

import math
from collections.abc import Generator as Yields
from contextlib import contextmanager

import numpy as np

from glassnet.core.generator import STATE, Generator, default_generator
from glassnet.errors import ValueRangeError, complain

__all__ = ["dirichlet", "gamma", "poisson"]

Array = np.ndarray


class Stream:
    """The fractions of a generator, one by one. They are drawn ahead by the block: one at a time takes 20 times longer.

    `ahead` opens one and gives back to the generator what was not used.
    """

    def __init__(self, source: Generator, block: int) -> None:
        self.source, self.block = source, max(block, 16)
        self.spare: float | None = None
        state = source.state_bytes().view(STATE)[0]
        if state["has_spare"] & 0xFFFFFFFF:
            self.spare = float(state["spare"])
        self._fill()

    def _fill(self) -> None:
        self.before = self.source.state_bytes()
        self.ahead: list[float] = self.source.fractions(self.block).tolist()
        self.used = 0

    def fraction(self) -> float:
        """The next number in [0, 1)."""
        if self.used == len(self.ahead):
            self._fill()
        self.used += 1
        return self.ahead[self.used - 1]

    def normal(self) -> float:
        """The next standard normal: of two that are made together, the second waits (Box and Muller, 1958)."""
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        angle = 2 * math.pi * self.fraction()
        radius = math.sqrt(-2 * math.log1p(-self.fraction()))
        self.spare = radius * math.sin(angle)
        return radius * math.cos(angle)

    def give_back(self) -> None:
        """Leave the generator behind the last number that was used."""
        state = self.before.view(STATE)
        state["spare"], state["has_spare"] = self.spare or 0.0, self.spare is not None
        self.source.set_state(self.before)
        self.source.long_words(self.used)


@contextmanager
def ahead(generator: Generator | None, block: int) -> Yields[Stream]:
    """A stream of fractions, drawn `block` at a time."""
    stream = Stream(generator or default_generator, block)
    try:
        yield stream
    finally:
        stream.give_back()


# ---- the gamma distribution and what is made of it ------------------------------------------------------------------


def gamma(concentration: Array, generator: Generator | None = None) -> Array:
    """A number for each concentration a > 0, with density x^(a-1) e^-x / Γ(a).

    >>> gamma(np.array([0.5, 1.0, 9.0]), generator=Generator().manual_seed(0)).round(4)
    array([8.0000e-04, 1.1900e-01, 9.1474e+00])

    G. Marsaglia and W. W. Tsang, A simple method for generating gamma variables, ACM Transactions on Mathematical
    Software 26(3), 2000.
    """
    kind = concentration.dtype.type
    return np.maximum(_gammas(concentration, generator).astype(concentration.dtype), np.finfo(kind).tiny)


def _gammas(concentration: Array, generator: Generator | None) -> Array:
    """The same in float64; what is worked out of the concentration alone has the digits of its dtype."""
    kind, a = concentration.dtype.type, concentration.reshape(-1)
    small = a < 1
    with np.errstate(divide="ignore"):
        roots = np.where(small, kind(1) / a, 0)  # a draw at a + 1, times u^(1/a), is one at a
    centre = np.where(small, a + kind(1), a) - kind(np.float32(1) / np.float32(3))
    with ahead(generator, 3 * a.size) as stream:
        values = [_gamma(stream, d, root) for d, root in zip(centre.tolist(), roots.tolist(), strict=True)]
    return np.array(values, np.float64).reshape(concentration.shape)


_SQUEEZE = float(np.float32(0.0331))  # PyTorch's constant, with the digits it has there


def _gamma(stream: Stream, d: float, root: float) -> float:
    """d (1 + c x)^3 for a normal x, unless a fraction lies above the ratio of the densities."""
    if math.isinf(root):
        return 0.0
    scale = (1 - stream.fraction()) ** root if root else 1.0
    c = 1 / math.sqrt(9 * d)
    while True:
        x = stream.normal()
        y = 1 + c * x
        while y <= 0:
            x = stream.normal()
            y = 1 + c * x
        v, u, square = y * y * y, 1 - stream.fraction(), x * x
        if u < 1 - _SQUEEZE * square * square or math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return scale * d * v


def dirichlet(concentration: Array, generator: Generator | None = None) -> Array:
    """Shares that add up to 1 along the last axis: gamma numbers over their sum.

    >>> dirichlet(np.array([[1.0, 1.0, 8.0]]), generator=Generator().manual_seed(0)).sum(-1)
    array([1.])
    """
    kind = concentration.dtype.type
    parts = np.maximum(_gammas(concentration.astype(np.float64), generator), np.finfo(np.float64).tiny)
    shares = (parts / parts.sum(-1, keepdims=True)).astype(concentration.dtype)
    return np.clip(shares, np.finfo(kind).tiny, np.nextafter(kind(1), kind(0)))


# ---- the Poisson distribution ---------------------------------------------------------------------------------------


def poisson(rate: Array, generator: Generator | None = None) -> Array:
    """How many events come in a time in which `rate` come on average, for each rate.

    >>> poisson(np.array([0.0, 3.0, 1000.0]), generator=Generator().manual_seed(0))
    array([  0.,   6., 986.])

    W. Hörmann, The transformed rejection method for generating Poisson random variables, 1993, from a rate of 10 on.
    """
    if not (rate >= 0).all():
        got = f"poisson: got a rate of {rate[~(rate >= 0)][0]}"
        raise ValueRangeError(complain(got, "expected rates of 0 or more", "Try rate.clamp(min=0)"))
    with ahead(generator, 2 * rate.size) as stream:
        values = [_few(stream, r) if r < 10 else _many(stream, r) for r in rate.reshape(-1).tolist()]
    return np.array(values).astype(rate.dtype).reshape(rate.shape)


def _few(stream: Stream, rate: float) -> int:
    """Fractions multiplied until they fall below e^-rate."""
    if rate == 0:
        return 0
    end, product, count = math.exp(-rate), stream.fraction(), 0
    while product > end:
        product *= stream.fraction()
        count += 1
    return count


def _many(stream: Stream, rate: float) -> int:
    """Hörmann's PTRS: a ratio of uniform numbers, bent into the shape of the distribution."""
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    surely = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = stream.fraction() - 0.5, stream.fraction()
        edge = 0.5 - abs(u)
        k = math.floor((2 * a / edge + b) * u + rate + 0.43) if edge else -1
        if edge >= 0.07 and v <= surely:
            return k
        if k >= 0 and (edge >= 0.013 or v <= edge) and _accepts(v, edge, k, rate, a, b):
            return k


def _accepts(v: float, edge: float, k: int, rate: float, a: float, b: float) -> bool:
    ratio = math.log(v) + math.log(1.1239 + 1.1328 / (b - 3.4)) - math.log(a / (edge * edge) + b) if v else -math.inf
    return ratio <= k * math.log(rate) - rate - math.lgamma(k + 1)
