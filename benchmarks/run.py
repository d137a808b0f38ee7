"""`python -m benchmarks.run`: glassnet, its peers and the bare matrix products, in one interleaved run."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
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
FULL_ROUNDS, QUICK_ROUNDS = 15, 4
FULL_COLD_ROUNDS, QUICK_COLD_ROUNDS = 5, 1
FULL_BUDGET, QUICK_BUDGET = 4.0, 1.0  # seconds

Say = Callable[[str], None]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--workloads", type=_listed(NAMES), default=list(NAMES), help=f"of {', '.join(NAMES)}")
    peers = [peer.name for peer in PEERS]
    parser.add_argument("--peers", type=_listed(peers), default=peers, help=f"of {', '.join(peers)}")
    parser.add_argument("--rounds", type=_positive, help=f"turns of each peer (default {FULL_ROUNDS})")
    parser.add_argument("--threads", type=_thread_counts, help="for example 1,2, which is the default")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no tuning, without the slowest peers")
    return parser.parse_args(arguments)


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
    return Plan(
        peers=asked,
        threads=options.threads or tuple(range(1, min(2, machine.cores()) + 1)),
        rounds=options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS),
        budget=QUICK_BUDGET if options.quick else FULL_BUDGET,
        tune=not options.quick,
    )


def notes_for(options: argparse.Namespace) -> list[str]:
    """What was left out on request, so that nobody takes it for measured."""
    left_out = [peer.title for peer in PEERS if peer.name in options.peers and peer.slow] if options.quick else []
    notes = [f"left out by --quick: {', '.join(left_out)}; fresh install"] if options.quick else []
    not_asked = [peer.title for peer in PEERS if peer.name not in options.peers]
    return notes + ([f"not asked for: {', '.join(not_asked)}"] if not_asked else [])


def measure_all(options: argparse.Namespace, plan: Plan, folder: Path, say: Say) -> tuple[list[Measurement], str]:
    """Every workload asked for, and where the digits came from."""
    asked = [WORKLOADS[name] for name in NAMES if name in options.workloads and name in WORKLOADS]
    needs = {workload.data for workload in asked} | ({"mnist"} if {COLD, SIZES} & set(options.workloads) else set())
    say("making the data")
    source = write_data(needs, folder)
    measurements = [measure(workload, plan, folder, say) for workload in asked]
    if COLD in options.workloads:
        rounds = QUICK_COLD_ROUNDS if options.quick else min(options.rounds or FULL_COLD_ROUNDS, FULL_COLD_ROUNDS)
        measurements.append(measure_cold_starts(folder, rounds, say))
    if SIZES in options.workloads:
        measurements += measure_sizes(plan, folder, measurements, options.quick, say)
    return measurements, source


def measure_sizes(plan: Plan, folder: Path, measured: list[Measurement], quick: bool, say: Say) -> list[Measurement]:
    """Install size and memory; the memory is that of the recipes which W3s found fastest."""
    digits = next((measurement for measurement in measured if measurement.name == "W3s"), None)
    if digits is None:
        say("W8 needs to know how each peer is fastest on W3s")
        digits = measure(WORKLOADS["W3s"], replace(plan, rounds=1, threads=plan.threads[-1:]), folder, say)
    names = {peer.name for peer in plan.peers}
    memory = measure_memory(folder, fastest_recipes(digits), names, plan.threads[-1], say)
    return [memory] if quick else [measure_install(say), memory]


def progress() -> Say:
    """Lines on standard error with the seconds since the start."""
    start = time.perf_counter()
    return lambda line: print(f"{time.perf_counter() - start:6.1f} s  {line}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    plan, say = plan_for(options), progress()
    facts = machine.facts_in_child_environment()
    removed = facts["removed_variables"]
    say(f"children run without {', '.join(removed) if removed else 'any BLAS or thread variable; none was set'}")
    with tempfile.TemporaryDirectory(prefix="glassnet-bench-", ignore_cleanup_errors=True) as folder:
        measurements, source = measure_all(options, plan, Path(folder), say)
    results: dict[str, Any] = {
        "machine": facts,
        "settings": {"rounds": plan.rounds, "threads": list(plan.threads), "tune": plan.tune, "quick": options.quick},
        "data": source,
        "notes": notes_for(options),
        "workloads": [to_json(measurement) for measurement in measurements],
    }
    if options.json:
        text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
        options.json.write_text(text, encoding="utf-8", newline="\n")
    print(markdown(results))


if __name__ == "__main__":
    main()
