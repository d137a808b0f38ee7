"""Kinds of objects to ask `isinstance` about; declared so that what the objects hold stays `Any` to a type checker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Kinds = tuple[type[Any], ...]

ARRAYS: Kinds = (np.ndarray,)
NUMPY: Kinds = (np.ndarray, np.generic)
TUPLES: Kinds = (tuple,)
LISTS: Kinds = (list, tuple)
DICTS: Kinds = (dict,)
NESTS: Kinds = (list, tuple, dict)
WORDS: Kinds = (str,)
SEQUENCES: Kinds = (Sequence,)
