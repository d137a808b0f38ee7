"""Rows dealt into parts as they come, when nobody knows yet how many there will be: each class by its shares."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence

import numpy as np

from glassnet.data.split import check_shares

_STREAM = 0x7AB1E  # of random numbers, our own: a made-up table may come from the seed's first numbers itself
_HANDS = (10, 20, 100)  # rows after which the shares are met exactly, if they can be
_LONGEST = 1000
_MOST_CLASSES = 2_000  # that are kept apart; a column of more is none of classes


class Dealer:
    """Gives each row the number of its part; the same rows in the same order always get the same.

    Every class is dealt by itself, in hands of 20 rows for shares such as 70, 15 and 15 %: within a hand the parts are
    in random order, and each hand has exactly its shares. The first hand of a class is dealt evenly from the first row
    on, so that a class of a few rows is learnt from, too.

    >>> dealer = Dealer((0.7, 0.15, 0.15), seed=0)
    >>> parts = np.concatenate([dealer.deal(["no", "yes"], np.arange(1000) % 10 == 0) for _ in range(2)])
    >>> [int((parts[::10] == i).sum()) for i in range(3)], [int((parts == i).sum()) for i in range(3)]
    ([140, 30, 30], [1400, 300, 300])

    Raises `ValueRangeError` for shares that do not add up to 1.
    """

    def __init__(self, shares: Sequence[float], seed: int = 0) -> None:
        check_shares(shares)
        self.shares, self.seed = np.asarray(shares, np.float64), seed
        self._hand = _hand(self.shares)
        self._classes: dict[str, _Hands] = {}

    def deal(self, names: Sequence[str], codes: np.ndarray) -> np.ndarray:
        """The parts of the next rows, whose classes are `names[codes]`; those of code -1 have none."""
        parts = np.empty(len(codes), np.int8)
        codes = codes.astype(np.intp, copy=False)
        order = np.argsort(codes, kind="stable")
        found, starts = np.unique(codes[order], return_index=True)
        ends = itertools.pairwise([*starts.tolist(), len(codes)])
        for code, (first, end) in zip(found, ends, strict=True):
            parts[order[first:end]] = self._of(names[int(code)] if code >= 0 else "").take(end - first)
        return parts

    def _of(self, name: str) -> _Hands:
        if name not in self._classes and len(self._classes) >= _MOST_CLASSES:
            name = ""
        if name not in self._classes:
            rng = np.random.default_rng((self.seed, _STREAM, zlib.crc32(name.encode())))
            self._classes[name] = _Hands(self._hand, rng)
        return self._classes[name]


class _Hands:
    """The parts of one class's rows, hand after hand."""

    def __init__(self, hand: np.ndarray, rng: np.random.Generator) -> None:
        self._hand, self._rng, self._ready = hand, rng, hand

    def take(self, n: int) -> np.ndarray:
        missing = max(0, n - len(self._ready))
        more = np.tile(self._hand, (-(-missing // len(self._hand)), 1))
        ready = np.concatenate([self._ready, self._rng.permuted(more, axis=1).ravel()])
        self._ready = ready[n:]
        return ready[:n]


def _hand(shares: np.ndarray) -> np.ndarray:
    """The parts of one hand, each row given to the part that is furthest behind its share."""
    exact = (n for n in _HANDS if np.allclose(shares * n, np.round(shares * n), atol=1e-9))
    hand: list[int] = []
    counts = np.zeros(len(shares))
    for i in range(1, next(exact, _LONGEST) + 1):
        hand.append(int((shares * i - counts + 1e-12 * shares).argmax()))
        counts[hand[-1]] += 1
    return np.array(hand, np.int8)
