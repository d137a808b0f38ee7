"""`python -m benchmarks.run`: glassnet, its peers and the bare matrix products, in one interleaved run."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.cold import measure_cold_starts
from benchmarks.measure import Plan, fastest_recipes, measure
from benchmarks.peers import PEERS
from benchmarks.problem import write_data
from benchmarks.report import markdown
from benchmarks.results import Measurement, to_json
from benchmarks.size import measure_install, measure_memory
from benchmarks.workloads import WORKLOADS

COLD, SIZES = "W7", "W8"
NAMES = (*WORKLOADS, COLD, SIZES)
FULL_ROUNDS, QUICK_ROUNDS = 12, 4
FULL_COLD_ROUNDS, QUICK_COLD_ROUNDS = 4, 1
FULL_BUDGET, QUICK_BUDGET = 2.5, 1.0  # seconds
# Above this many busy processes before the run begins, two-threaded figures mean little.
QUIET_LOAD = 0.5

Say = Callable[[str], None]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--workloads", type=_listed(NAMES), default=list(NAMES), help=f"of {', '.join(NAMES)}")
    peers = [peer.name for peer in PEERS]
    parser.add_argument("--peers", type=_listed(peers), default=peers, help=f"of {', '.join(peers)}")
    parser.add_argument("--rounds", type=_positive, help=f"turns of each peer (default {FULL_ROUNDS})")
    parser.add_argument("--threads", type=_thread_counts, help="default 1,2 (and 2 with --quick)")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no tuning, without the slowest peers")
    options = parser.parse_args(arguments)
    if options.json and not options.json.absolute().parent.is_dir():
        parser.error(f"got --json {options.json}; expected a file in a folder that exists. Try making the folder")
    return options


def _listed(allowed: tuple[str, ...] | list[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        chosen = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in chosen if name not in allowed]
        if unknown or not chosen:
            raise argparse.ArgumentTypeError(f"got {text!r}; expected some of {', '.join(allowed)}")
        return chosen

    return names


def _positive(text: str) -> int:
    number = int(text) if text.strip().isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number of 1 or more")
    return number


def _thread_counts(text: str) -> tuple[int, ...]:
    return tuple(sorted({_positive(part) for part in text.split(",")}))


def plan_for(options: argparse.Namespace) -> Plan:
    """What to measure, from the command line."""
    asked = tuple(peer for peer in PEERS if peer.name in options.peers and not (options.quick and peer.slow))
    one_and_two = tuple(range(1, min(2, machine.cores()) + 1))
    return Plan(
        peers=asked,
        threads=options.threads or (one_and_two[-1:] if options.quick else one_and_two),
        rounds=options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS),
        budget=QUICK_BUDGET if options.quick else FULL_BUDGET,
        tune=not options.quick,
    )


def notes_for(options: argparse.Namespace, load: float | None) -> list[str]:
    """What a reader must know: what was left out on request, and whether the machine was busy."""
    slow = [peer.title for peer in PEERS if peer.name in options.peers and peer.slow]
    notes = [f"left out by --quick: {', '.join([*slow, 'the size of a fresh install'])}"] if options.quick else []
    if load is not None and load > QUIET_LOAD:
        notes.append(f"**the machine was busy (load {load}): these figures are not to be relied on**")
    not_asked = [peer.title for peer in PEERS if peer.name not in options.peers]
    return notes + ([f"not asked for: {', '.join(not_asked)}"] if not_asked else [])


def needed_data(names: list[str]) -> set[str]:
    """The data sets that the workloads of these names read."""
    digits = {"mnist"} if {COLD, SIZES} & set(names) else set[str]()
    return digits | {WORKLOADS[name].data for name in names if name in WORKLOADS}


def measurements(options: argparse.Namespace, plan: Plan, folder: Path, say: Say) -> Iterator[Measurement]:
    """What was asked for, one after the other, so that each can be kept before the next begins."""
    digits: Measurement | None = None
    for name in WORKLOADS:
        if name in options.workloads:
            measured = measure(WORKLOADS[name], plan, folder, say)
            digits = measured if name == "W3s" else digits
            yield measured
    if COLD in options.workloads:
        rounds = QUICK_COLD_ROUNDS if options.quick else min(plan.rounds, FULL_COLD_ROUNDS)
        yield measure_cold_starts(folder, rounds, say)
    if SIZES in options.workloads:
        if not options.quick:
            yield measure_install(say)
        yield measure_memory_of_digits(plan, folder, digits, say)


def measure_memory_of_digits(plan: Plan, folder: Path, digits: Measurement | None, say: Say) -> Measurement:
    """The memory of the recipes that were fastest on W3s, which are looked for now if they are not known."""
    if digits is None:
        say("W8 needs to know how each peer is fastest on W3s")
        digits = measure(WORKLOADS["W3s"], replace(plan, rounds=1, threads=plan.threads[-1:]), folder, say)
    names = {peer.name for peer in plan.peers}
    return measure_memory(folder, fastest_recipes(digits), names, plan.threads[-1], say)


def progress() -> Say:
    """Lines on standard error with the seconds since the start."""
    start = time.perf_counter()
    return lambda line: print(f"{time.perf_counter() - start:6.1f} s  {line}", file=sys.stderr, flush=True)


def write(path: Path, results: dict[str, Any]) -> None:
    """Keep what there is so far: an interrupted run leaves every workload that it finished."""
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    plan, say = plan_for(options), progress()
    facts = machine.facts_in_child_environment()
    removed = facts["removed_variables"]
    say(f"children run without {', '.join(removed) if removed else 'any BLAS or thread variable; none was set'}")
    with tempfile.TemporaryDirectory(prefix="glassnet-bench-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        say("making the data")
        results: dict[str, Any] = {
            "machine": facts,
            "settings": {"rounds": plan.rounds, "threads": list(plan.threads), "tune": plan.tune},
            "data": write_data(needed_data(options.workloads), folder),
            "notes": notes_for(options, facts["load_before"]),
            "workloads": [],
        }
        for measurement in measurements(options, plan, folder, say):
            results["workloads"].append(to_json(measurement))
            if options.json:
                write(options.json, results)
    print(markdown(results))


if __name__ == "__main__":
    main()
