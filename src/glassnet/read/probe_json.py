"""The numbers of any result of a probe as strict JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np


def probe_json(result: Any) -> str:
    """Every field that holds numbers or words; what is no finite number becomes a word.

    >>> from glassnet.read.folds import Fold
    >>> probe_json(Fold(1, 2, (0.0, 1.0), (math.inf, 0.5)))
    '{"layer": 1, "unit": 2, "start": [0.0, 1.0], "end": ["inf", 0.5]}'
    """
    return json.dumps(_data(result), ensure_ascii=False, allow_nan=False)


def _data(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _data(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {name: _data(v) for name, v in fields.items() if not callable(v) or dataclasses.is_dataclass(v)}
    if isinstance(value, dict):
        return {str(name): _data(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [_data(v) for v in value]
    if isinstance(value, np.generic):
        return _data(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value
