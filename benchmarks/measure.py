"""One workload: start every peer, let them take turns, say what came out."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.driver import Child, start, take_turns
from benchmarks.peers import Peer
from benchmarks.results import Entry, Measurement, mark_those_that_are_wrong, mark_those_that_did_not_learn
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Plan:
    """How much to measure: `budget` bounds the seconds that one peer may spend on one workload's rounds."""

    peers: tuple[Peer, ...]
    threads: tuple[int, ...]
    rounds: int
    budget: float
    # Whether each peer tries all its recipes first; without that it runs its first one.
    tune: bool = True


def variants(plan: Plan) -> list[tuple[Peer, int | None]]:
    """Each threaded peer with each number of threads, the others once."""
    return [(peer, threads) for peer in plan.peers for threads in (plan.threads if peer.threaded else (None,))]


def measure(workload: Workload, plan: Plan, folder: Path, say: Callable[[str], None]) -> Measurement:
    """The interleaved times of all peers on one workload."""
    with ExitStack() as processes:
        runners: list[tuple[Entry, Child | None]] = []
        for peer, threads in variants(plan):
            say(f"{workload.name} preparing {peer.title}{'' if threads is None else f', {threads} thread(s)'}")
            entry, child = start(peer, threads, workload, folder, plan.tune)
            runners.append((entry, child))
            if child:
                processes.callback(child.close)
        entries = [entry for entry, _ in runners]
        mark_those_that_did_not_learn(entries, workload.spread)
        mark_those_that_are_wrong(entries)
        say(f"{workload.name} {plan.rounds} rounds")
        take_turns(runners, plan.rounds, plan.budget)
    return Measurement(workload.name, workload.summary, workload.shown_as, workload.show(1.0), entries)


def fastest_recipes(measurement: Measurement) -> dict[str, str]:
    """The recipe that each peer was fastest with."""
    slowest_first = sorted((entry for entry in measurement.entries if entry.counts), key=lambda entry: -entry.minimum)
    return {entry.peer: entry.recipe for entry in slowest_first}
