"""Training: the loop and its callbacks, checkpoints, runs and the doctor.

What a program of one's own needs can be had from here; each module has more.

>>> from glassnet.train import EarlyStopping, Trainer
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.train.callbacks import BestWeights, Callback, EarlyStopping, ReduceOnPlateau, StopOnSpike
    from glassnet.train.checkpoint import Checkpoints
    from glassnet.train.telling import TellStep
    from glassnet.train.trained import Trained
    from glassnet.train.trainer import Trainer

__all__ = [
    "BestWeights",
    "Callback",
    "Checkpoints",
    "EarlyStopping",
    "ReduceOnPlateau",
    "StopOnSpike",
    "TellStep",
    "Trained",
    "Trainer",
]

_MODULES = {"Checkpoints": "checkpoint", "TellStep": "telling", "Trained": "trained", "Trainer": "trainer"}


def __getattr__(name: str) -> Any:
    """Loaded when it is first asked for: a command that trains nothing need not wait for the loop."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES.get(name, 'callbacks')}"), name)
