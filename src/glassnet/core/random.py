"""PyTorch's random numbers on the CPU, word for word: the same seed gives the same numbers.

One engine, the Mersenne Twister, deals 32-bit words. Each distribution below takes a fixed number of words per value
and turns them into numbers with PyTorch's own roundings (checked against PyTorch 2.13 on x86-64), so that programs
that draw in the same order stay in step for ever.

    draw                       words per value
    uniform, bernoulli(array)  1 in float32, 2 in float64
    normal                     16 or more values: as uniform, and 16 values again if the size is no multiple of 16;
                               fewer: 4 per pair, whose second value waits in the generator
    bernoulli(number)          2
    exponential                2
    randint                    1, or 2 when the range is 2**28 or more
    permutation                1 (none for the last value)

M. Matsumoto and T. Nishimura, Mersenne Twister, ACM Transactions on Modeling and Computer Simulation 8(1), 1998.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, SupportsInt

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glassnet.core import rounding
from glassnet.errors import DTypeError, NotSupportedError, ShapeError, ValueRangeError, complain

type_of_shape = Sequence[int] | int
