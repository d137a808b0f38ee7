"""Where the time of a replayed step goes: a clock between the lines of its own source.

    python -m benchmarks.lines W3s W5 --threads 1,2          # prints a table for each
    python -m benchmarks.lines benchmarks/README.md          # all training workloads, written into the page

The lines that are matrix products are the floor's work; the others, the making of the batches and the checks before
each replay are what a ratio above 1 consists of.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.batching import ways
from benchmarks.environment import child_environment, python
from benchmarks.problem import read_problem, write_data
from benchmarks.report import figure, filled, table
from benchmarks.workloads import WORKLOADS

BEGIN, END = "<!-- lines: begin -->", "<!-- lines: end -->"
TRAININGS = tuple(name for name, workload in WORKLOADS.items() if workload.task == "train")
UNITS = 3  # the fastest counts
SHOWN = 12

Profile = dict[str, Any]


def profile(name: str, folder: Path) -> Profile:
    """Microseconds a step: of all, of making the batches, of each line."""
    from benchmarks.peers import glassnet

    problem = read_problem(WORKLOADS[name], folder)
    trainer = glassnet.Trainer(problem, ways(problem.workload.shuffled)[0])
    trainer.unit()  # records and compiles
    whole = min(_seconds(trainer.unit) for _ in range(UNITS))
    batches = min(_seconds(trainer.only_batches) for _ in range(UNITS))
    full = problem.workload.batch_sizes[0]
    clock = Clock(trainer.program_for(full))
    units: list[dict[str, float]] = []
    for _ in range(UNITS):
        clock.spent[:] = 0
        trainer.unit(lambda x, y: clock.run(x, y) if len(x) == full else None)  # a short batch has its own program
        units.append(dict(zip(clock.lines, clock.spent.tolist(), strict=True)))
    fastest = min(units, key=lambda lines: sum(lines.values()))
    per_step = 1e6 / problem.workload.steps
    lines = {line: seconds * per_step for line, seconds in fastest.items()}
    return {"workload": name, "whole": whole * per_step, "batches": batches * per_step, "lines": lines}


class Clock:
    """A program's source with a look at the clock before every line."""

    def __init__(self, program: Any) -> None:
        head, *body = program.source.splitlines()
        body = [line.split("#")[0].rstrip() for line in body if line.strip() and "return" not in line]
        self.lines = [line.strip() for line in body]
        self.spent = np.zeros(len(self.lines))
        text = [head]
        for i, line in enumerate(body):
            text += [f"{line[: len(line) - len(line.lstrip())]}_at({i})", line]
        scope = {**program.run.__globals__, "_at": self._at}
        exec("\n".join([*text, "    _at(-1)"]), scope)
        self.run: Callable[..., None] = scope["step"]
        self._line, self._since = -1, 0.0

    def _at(self, line: int) -> None:
        if self._line >= 0:
            self.spent[self._line] += time.perf_counter() - self._since
        self._line, self._since = line, time.perf_counter()


def _seconds(unit: Callable[[], object]) -> float:
    start = time.perf_counter()
    unit()
    return time.perf_counter() - start


def section(found: Profile, threads: int) -> str:
    """One workload's table: the groups, then the longest lines."""
    lines: dict[str, float] = found["lines"]
    whole = found["whole"]
    products = sum(t for line, t in lines.items() if ".dot(" in line)
    others = sum(lines.values()) - products
    checks = max(0.0, whole - found["batches"] - products - others)
    groups = {"matrix products": products, "the other lines": others, "making the batches": found["batches"],
              "checks around the replay": checks}  # fmt: skip
    longest = sorted(lines, key=lambda line: -lines[line])[:SHOWN]
    rows = [(f"**{name}**", figure(t), f"{t / whole:.0%}") for name, t in groups.items()]
    rows += [(f"`{line}`", figure(lines[line]), f"{lines[line] / whole:.0%}") for line in longest]
    count = f"{threads} thread{'s' if threads > 1 else ''}, {len(lines)} lines, {figure(whole)} µs a step"
    return f"### {found['workload']}, {count}\n\n" + table(("where", "µs", "share"), rows)


def measured(names: list[str], threads: list[int]) -> str:
    """The tables, each from a process of its own with that many threads."""
    parts: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        write_data({WORKLOADS[name].data for name in names}, Path(folder))
        for name in names:
            for count in threads:
                child = python("-m", "benchmarks.lines", "--child", name, folder)
                done = subprocess.run(child, env=child_environment(count), capture_output=True, text=True, check=True)
                parts.append(section(json.loads(done.stdout), count))
    return "\n\n".join(parts)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        print(json.dumps(profile(arguments[1], Path(arguments[2]))))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lines", description=__doc__)
    parser.add_argument("what", nargs="*", default=[*TRAININGS], help=f"of {', '.join(TRAININGS)}, or a page to fill")
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[2])
    options = parser.parse_args(arguments)
    pages = [Path(word) for word in options.what if word.endswith(".md")]
    names = [word for word in options.what if word in TRAININGS] or [*TRAININGS]
    if unknown := [word for word in options.what if word not in TRAININGS and not word.endswith(".md")]:
        parser.error(f"got {', '.join(unknown)}; expected some of {', '.join(TRAININGS)}, or a page")
    tables = measured(names, options.threads)
    if not pages:
        print(tables)
    for page in pages:
        page.write_text(filled(page.read_text(encoding="utf-8"), tables, BEGIN, END), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
