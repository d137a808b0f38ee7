"""What glassnet has promised, as data, and whether a measurement keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.results import Measurement

OURS = ("glassnet",)

# "Each at its best": a goal is set against the fastest member of a family.
FAMILIES: dict[str, tuple[str, ...]] = {
    "the floor": ("floor",),
    "PyTorch": ("pytorch", "pytorch_loader", "pytorch_compile"),
    "scikit-learn": ("sklearn",),
    "JAX scan": ("jax_scan",),
    "JAX": ("jax_scan", "jax_jit"),
    "import torch": ("import torch",),
    "the fastest peer": ("pytorch", "sklearn", "jax"),
}


@dataclass(frozen=True)
class Goal:
    """A bound on a ratio, or on the measured quantity itself when `against` is empty.

    "at least" bounds theirs/ours, how many times faster glassnet is; "at most" bounds ours/theirs.
    """

    workload: str
    against: str
    sense: Literal["at least", "at most"]
    bound: float
    threads: int | None = None
    unit: str = "×"

    def __str__(self) -> str:
        sign = "≥" if self.sense == "at least" else "≤"
        threads = "" if self.threads is None else f", {self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{sign} {self.bound:g}{self.unit} {self.against}{threads}".rstrip()


@dataclass(frozen=True)
class Judged:
    """A goal beside what was measured."""

    goal: Goal
    measured: float | None
    verdict: Literal["pass", "miss", "unknown"]
    reason: str = ""
    # theirs/floor: no program on the same BLAS can be more times faster than this
    ceiling: float | None = None


def at_least(workload: str, against: str, bound: float) -> Goal:
    return Goal(workload, against, "at least", bound)


def at_most(workload: str, against: str, bound: float, threads: int | None = None) -> Goal:
    return Goal(workload, against, "at most", bound, threads)


GOALS = (
    at_least("W1", "PyTorch", 7),
    at_least("W1", "scikit-learn", 3.5),
    at_most("W1", "the floor", 1.8),
    at_least("W2", "PyTorch", 8),
    at_least("W2", "scikit-learn", 5),
    at_most("W2", "the floor", 2.2),
    at_least("W3s", "PyTorch", 2.2),
    at_least("W3s", "scikit-learn", 2.2),
    at_least("W3s", "JAX scan", 1.1),
    at_most("W3s", "the floor", 1.4, threads=2),
    at_most("W3s", "the floor", 1.25, threads=1),
    at_least("W3a", "PyTorch", 2),
    at_least("W3a", "scikit-learn", 2.2),
    at_most("W3a", "the floor", 1.9, threads=2),
    at_least("W4", "PyTorch", 1.8),
    at_most("W4", "the floor", 1.1),
    at_least("W5", "PyTorch", 1.4),
    at_least("W5", "scikit-learn", 2.2),
    at_most("W5", "the floor", 1.25),
    at_least("W6-1", "PyTorch", 2),
    at_least("W6-1", "JAX", 2),
    at_most("W6-1", "the floor", 1.5),
    at_least("W6-10k", "PyTorch", 1.5),
    at_most("W6-10k", "the floor", 1.2),
    at_most("W7", "import torch", 1.0),
    at_most("W7", "the fastest peer", 0.7),
    Goal("W8-install", "", "at most", 90, unit=" MB"),
    Goal("W8-memory", "", "at most", 130, unit=" MB"),
)


def judge(goal: Goal, measurement: Measurement) -> Judged:
    """The ratio of minima (or the quantity itself), and whether it is within the goal."""
    ours = measurement.best(OURS, goal.threads)
    if ours is None:
        return Judged(goal, None, "unknown", "glassnet " + why_missing(measurement, OURS, goal.threads))
    if not goal.against:
        return _verdict(goal, ours.minimum * measurement.scale)
    family = FAMILIES[goal.against]
    theirs = measurement.best(family, goal.threads)
    if theirs is None:
        return Judged(goal, None, "unknown", f"{goal.against} {why_missing(measurement, family, goal.threads)}")
    ratio = theirs.minimum / ours.minimum
    if goal.sense == "at most":
        return _verdict(goal, 1 / ratio)
    floor = measurement.best(FAMILIES["the floor"])
    return _verdict(goal, ratio, theirs.minimum / floor.minimum if floor else None)


def _verdict(goal: Goal, measured: float, ceiling: float | None = None) -> Judged:
    kept = measured >= goal.bound if goal.sense == "at least" else measured <= goal.bound
    return Judged(goal, measured, "pass" if kept else "miss", ceiling=ceiling)


def why_missing(measurement: Measurement, family: tuple[str, ...], threads: int | None) -> str:
    """The status and reason of the first member that was not measured."""
    for entry in measurement.entries:
        if entry.peer in family and not entry.counts:
            return f"{entry.status}: {entry.reason}"
    return "was not asked for" if threads is None else f"was not asked for with threads {threads}"


def judge_all(measurements: Sequence[Measurement]) -> list[Judged]:
    """Every goal whose workload was measured."""
    by_name = {measurement.name: measurement for measurement in measurements}
    return [judge(goal, by_name[goal.workload]) for goal in GOALS if goal.workload in by_name]
