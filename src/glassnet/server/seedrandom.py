"""The random numbers of TensorFlow Playground: David Bau's seedrandom, which is ARC4 behind a mixed key.

The same seed gives the same numbers as `Math.seedrandom(seed)` in a browser, to the last bit.
"""

from __future__ import annotations

_WIDTH = 256
_CHUNKS = 6  # bytes that a number begins with
_DENOMINATOR = _WIDTH**_CHUNKS
_SIGNIFICANCE, _OVERFLOW = 2**52, 2**53


class SeedRandom:
    """Numbers in [0, 1) from a text.

    >>> SeedRandom("0.59704")()
    0.3720885891366738

    Reference: seedrandom 2.4 (Bau, 2014); RC4 (Rivest, 1987), of which the first 256 bytes are dropped.
    """

    def __init__(self, seed: str) -> None:
        key = _mixed(seed) or [0]
        s = list(range(_WIDTH))
        j = 0
        for i in range(_WIDTH):
            j = (j + key[i % len(key)] + s[i]) & 255
            s[i], s[j] = s[j], s[i]
        self._s, self._i, self._j = s, 0, 0
        self._bytes(_WIDTH)

    def __call__(self) -> float:
        """The next number."""
        n, d, x = self._bytes(_CHUNKS), _DENOMINATOR, 0
        while n < _SIGNIFICANCE:  # up to 52 bits that matter
            n, d, x = (n + x) * _WIDTH, d * _WIDTH, self._bytes(1)
        while n >= _OVERFLOW:  # no more than 53, so that the sum is exact
            n, d, x = n / 2, d / 2, x >> 1
        return (n + x) / d

    def uniform(self, low: float, high: float) -> float:
        """A number between the two."""
        return self() * (high - low) + low

    def _bytes(self, count: int) -> int:
        s, i, j, r = self._s, self._i, self._j, 0
        for _ in range(count):
            i = (i + 1) & 255
            t = s[i]
            j = (j + t) & 255
            s[i] = s[j]
            s[j] = t
            r = r * _WIDTH + s[(s[i] + t) & 255]
        self._i, self._j = i, j
        return r


def _mixed(seed: str) -> list[int]:
    """The text as a key of at most 256 bytes; longer texts are smeared over it."""
    units = [int.from_bytes(seed.encode("utf-16-le")[k : k + 2], "little") for k in range(0, 2 * _units(seed), 2)]
    key: list[int] = []
    smear = 0
    for j, unit in enumerate(units):
        place = j & 255
        if place < len(key):
            smear ^= key[place] * 19
            key[place] = (smear + unit) & 255
        else:
            key.append((smear + unit) & 255)
    return key


def _units(seed: str) -> int:
    """How many UTF-16 units JavaScript counts in a text."""
    return len(seed.encode("utf-16-le")) // 2
