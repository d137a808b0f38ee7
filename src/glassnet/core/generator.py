"""The engine behind every random number: PyTorch's Mersenne Twister, its seeds and its states.

M. Matsumoto and T. Nishimura, Mersenne Twister, ACM Transactions on Modeling and Computer Simulation 8(1), 1998.
"""

from __future__ import annotations

import collections.abc
import math
import operator
import os
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from glassnet.core.rounding import each
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DTypeError, NotSupportedError, ValueRangeError, complain

Array = np.ndarray

LOW_24 = np.uint32(2**24 - 1)
LOW_53 = np.uint64(2**53 - 1)

# PyTorch's `get_rng_state`, field by field. It keeps each word in 64 bits and has two fields that nobody uses any more.
STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),  # words until the next twist, plus one
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("words", "<u8", 624),
        ("unused", "<f8"),
        ("spare", "<f8"),
        ("unused_too", "<f8"),
        ("has_spare", "<i8"),
        ("float_spare", "<f4"),
        ("has_float_spare", "<i4"),
    ]
)


class Generator:
    """A stream of random numbers that `manual_seed` starts anew.

    >>> g = Generator().manual_seed(0)
    >>> g.words(3)
    array([2357136044, 2546248239, 3071714933], dtype=uint32)
    >>> g.manual_seed(0) is g, g
    (True, Generator(seed=0))
    """

    def __init__(self, device: object = "cpu") -> None:
        if str(device).split(":")[0] != "cpu":
            got = f"Generator: got device={str(device)!r}"
            raise NotSupportedError(complain(got, "expected 'cpu'", "Try Generator()"))
        self.device = device
        self._seed = 67280421310721  # where PyTorch starts a generator that nobody seeds
        self._engine: np.random.RandomState | None = None  # made by the first draw: importing numpy.random takes 10 ms
        self._spare: float | None = None

    def __repr__(self) -> str:
        return f"Generator(seed={self._seed})"

    def manual_seed(self, seed: int) -> Self:
        """Start the stream that belongs to seed, from -2**63 to 2**64 - 1; a negative one means 2**64 more."""
        self._seed = _as_seed(seed)
        self._spare = None
        if self._engine is not None:
            self._engine.seed(self._seed & 0xFFFFFFFF)  # PyTorch, too, keeps only the low half
        return self

    def seed(self) -> int:
        """Start a stream that nobody can foretell, and say its seed."""
        self.manual_seed(_unpredictable())
        return self._seed

    def initial_seed(self) -> int:
        """The seed that this stream began with."""
        return self._seed

    def words(self, n: int) -> Array:
        """The next n words of 32 bits."""
        return self._started().randint(0, 2**32, n, np.uint32)

    def long_words(self, n: int) -> Array:
        """The next 2n words as n of 64 bits, the earlier word in the upper half."""
        return self._started().randint(0, 2**64, n, np.uint64)

    def fractions(self, n: int, dtype: Any = np.float64) -> Array:
        """The next n numbers in [0, 1): with 24 random bits in float32, 53 in float64."""
        if dtype == np.float32:
            return (self.words(n) & LOW_24).view(np.int32).astype(np.float32) * np.float32(2.0**-24)
        return (self.long_words(n) & LOW_53).view(np.int64).astype(np.float64) * 2.0**-53

    def _started(self) -> np.random.RandomState:
        if self._engine is None:
            self._engine = np.random.RandomState(self._seed & 0xFFFFFFFF)
        return self._engine

    def paired_normals(self, n: int) -> Array:
        """The next n standard normals in float64, two at a time: what is left of a pair waits for the next call.

        G. E. P. Box and M. E. Muller, A note on the generation of random normal deviates, 1958.
        """
        waiting = [] if self._spare is None or n == 0 else [self._spare]
        angle, radius = self.fractions((n - len(waiting) + 1) // 2 * 2).reshape(-1, 2).T
        radius, angle = np.sqrt(-2 * each(math.log1p, -radius)), 2 * math.pi * angle
        pairs = np.stack([radius * each(math.cos, angle), radius * each(math.sin, angle)], axis=1)
        values = np.concatenate([waiting, pairs.ravel()])
        if n > 0:
            self._spare = float(values[n]) if values.size > n else None
        return values[:n]

    def get_state(self) -> Tensor:
        """Everything that decides the numbers to come, as the 5056 bytes that PyTorch gives for the same stream."""
        return wrap(self.state_bytes())

    def state_bytes(self) -> Array:
        """The same as a NumPy array."""
        engine: dict[str, Any] = self._started().get_state(legacy=False)["state"]  # pyright: ignore
        state = np.zeros((), STATE)
        fresh = engine["pos"] == 624 and engine["key"][0] == self._seed & 0xFFFFFFFF
        state["seed"], state["words"], state["seeded"] = self._seed, engine["key"], 1
        state["next"], state["left"] = (0, 1) if fresh else (engine["pos"], 625 - engine["pos"])
        state["spare"], state["has_spare"] = self._spare or 0.0, self._spare is not None
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state: Any) -> Self:
        """Go on from a state that `get_state` gave, here or in PyTorch."""
        given = np.ascontiguousarray(state.array if isinstance(state, Tensor) else state)
        if given.dtype != np.uint8 or given.size != STATE.itemsize:
            got = f"set_state: got {given.size} numbers of {given.dtype}"
            raise DTypeError(complain(got, f"expected {STATE.itemsize} of uint8", "Try what get_state() returned"))
        fields = given.view(STATE)[0]
        if not (fields["seeded"] == 1 and 1 <= fields["left"] <= 624 and fields["next"] <= 624):
            got = f"set_state: got left={fields['left']}, next={fields['next']}"
            raise ValueRangeError(complain(got, "expected both within 624", "Try what get_state() returned"))
        position = 624 if fields["left"] == 1 else int(fields["next"])
        engine = {"key": fields["words"].astype(np.uint32), "pos": position}
        self._started().set_state({"bit_generator": "MT19937", "state": engine})  # pyright: ignore
        self._seed = int(fields["seed"])
        self._spare = float(fields["spare"]) if fields["has_spare"] & 0xFFFFFFFF else None
        return self

    def clone_state(self) -> Generator:
        """Another generator at the same place of the same stream."""
        return Generator(self.device).set_state(self.state_bytes())


def _as_seed(seed: int) -> int:
    try:
        whole = operator.index(seed)
    except TypeError:
        got = f"manual_seed: got {seed!r} of type {type(seed).__name__}"
        raise DTypeError(complain(got, "expected a whole number", "Try manual_seed(0)")) from None
    if not -(2**63) <= whole < 2**64:
        got = f"manual_seed: got {whole}"
        raise ValueRangeError(complain(got, "expected -2**63 to 2**64 - 1", f"Try manual_seed({whole % 2**64})"))
    return whole % 2**64


def _unpredictable() -> int:
    return int.from_bytes(os.urandom(8), "little") & (2**53 - 1)  # 53 bits, so that a float holds it


default_generator = Generator().manual_seed(_unpredictable())


def manual_seed(seed: Any) -> Generator:
    """Start the stream that every draw without a generator of its own takes from.

    >>> _ = manual_seed(1)
    >>> initial_seed(), default_generator.words(2)
    (1, array([1791095845, 4282876139], dtype=uint32))
    """
    return default_generator.manual_seed(int(seed) if isinstance(seed, float) else seed)


def seed() -> int:
    """Start the default stream at a place that nobody can foretell, and say its seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default stream began with."""
    return default_generator.initial_seed()


def get_rng_state() -> Array:
    """The state of the default stream, byte for byte as PyTorch's."""
    return default_generator.state_bytes()


def set_rng_state(new_state: Any) -> None:
    """Take the default stream back to a state from `get_rng_state`."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: object = None, enabled: bool = True) -> collections.abc.Generator[None, None, None]:
    """Draw within a `with` block and leave the default stream as if nothing had been drawn.

    >>> _ = manual_seed(1)
    >>> with fork_rng():
    ...     inside = default_generator.words(3)
    >>> (inside == default_generator.words(3)).all()
    np.True_
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
