"""Optimisers: SGD, Adam and their relatives, and schedules for their learning rates."""

from typing import Any as _Any

from glassnet.errors import NotSupportedError as _NotSupportedError
from glassnet.errors import complain as _complain
from glassnet.optim import lr_scheduler, swa_utils
from glassnet.optim.adam import Adam, Adamax, AdamW, NAdam, RAdam
from glassnet.optim.adaptive import Adadelta, Adagrad, RMSprop
from glassnet.optim.descent import ASGD, SGD, Rprop
from glassnet.optim.lbfgs import LBFGS
from glassnet.optim.optimizer import Optimizer


def SparseAdam(*args: _Any, **kwargs: _Any) -> _Any:
    """Left out: there are no sparse gradients here."""
    got = "SparseAdam: got an optimiser for sparse gradients"
    raise _NotSupportedError(_complain(got, "expected one for dense gradients, which are all there are", "Try Adam"))


def Adafactor(*args: _Any, **kwargs: _Any) -> _Any:
    """Left out: its savings of memory pay for models far larger than multilayer perceptrons."""
    got = "Adafactor: got an optimiser that glassnet leaves out"
    raise _NotSupportedError(_complain(got, "expected one of optim.__all__", "Try AdamW"))


def Muon(*args: _Any, **kwargs: _Any) -> _Any:
    """Left out: it is made for transformers."""
    got = "Muon: got an optimiser that glassnet leaves out"
    raise _NotSupportedError(_complain(got, "expected one of optim.__all__", "Try AdamW"))


__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "lr_scheduler",
    "swa_utils",
]
