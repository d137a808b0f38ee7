"""Many trainings: a search over settings, on all processors or on any executor, that outlives its workers."""

from glassnet.scale.space import Range
from glassnet.scale.sweep import Sweep
from glassnet.scale.workers import WorkerDied, Workers

__all__ = ["Range", "Sweep", "WorkerDied", "Workers"]
