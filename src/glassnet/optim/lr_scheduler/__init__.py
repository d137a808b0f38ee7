"""Schedules of the learning rate: make one with the optimiser, call `scheduler.step()` after `optimizer.step()`."""

from glassnet.optim.lr_scheduler.base import LRScheduler
from glassnet.optim.lr_scheduler.combined import ChainedScheduler, SequentialLR
from glassnet.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from glassnet.optim.lr_scheduler.cycles import CyclicLR, OneCycleLR
from glassnet.optim.lr_scheduler.decay import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from glassnet.optim.lr_scheduler.plateau import ReduceLROnPlateau

_LRScheduler = LRScheduler  # its name in old programs

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
