"""Write the table of speed in README.md from the last recorded run:  python tools/readme_table.py"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # `benchmarks` is no installed package

from benchmarks.report import figure, filled  # noqa: E402
from benchmarks.results import Measurement, from_json  # noqa: E402

BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
PEERS = ("glassnet", "pytorch", "sklearn", "floor")
HEAD = """| job | glassnet | PyTorch eager | scikit-learn | floor |
|---|---|---|---|---|"""
JOBS = {
    "W1": "a step of 2-10-1, 200 points",
    "W2": "a step of 2-4-2-1, batch 10",
    "W3s": "an epoch of MNIST, 784-128-64-10, SGD",
    "W3a": "the same with Adam",
    "W4": "a step of 784-1024-1024-10, batch 256",
    "W6-1": "scores of one image",
    "W7": "a whole process from start to 97 % on MNIST",
    "W8-memory": "peak memory of an MNIST epoch",
}


def section(results: dict) -> str:
    """Where it was measured, and the table."""
    return f"{machine(results['machine'])}\n\n{table(results)}"


def machine(facts: dict) -> str:
    """One sentence; a load that is not near 0 is work of others, which makes every figure worse."""
    return (
        f"{facts['date']}, {facts['cores']} cores of an {facts['cpu']}, load before the run {facts['load_before']}; "
        "each at its better number of threads:"
    )


def table(results: dict) -> str:
    """A row for each job that was measured, each peer at its better number of threads."""
    measured = {stored["name"]: from_json(stored) for stored in results["workloads"]}
    rows = [row(words, measured[name]) for name, words in JOBS.items() if name in measured]
    return "\n".join([HEAD, *rows])


def row(job: str, measurement: Measurement) -> str:
    """The best of each peer; beside a whole program of PyTorch's, what its import alone takes."""
    cells = {peer: best(peer, measurement) for peer in PEERS}
    if alone := best("import torch", measurement):
        cells["pytorch"] += f" (`import torch` alone {alone})"
    return f"| {job} |" + "".join(f" {cell} |" if cell else " |" for cell in cells.values())


def best(peer: str, measurement: Measurement) -> str:
    """The peer's best figure with its unit; nothing where there is none."""
    entry = measurement.best((peer,))
    unit = measurement.shown_as.partition("/")[0]
    return f"{figure(entry.minimum * measurement.scale)} {unit}" if entry else ""


def main() -> None:
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
    page = ROOT / "README.md"
    text = filled(page.read_text("utf-8"), section(results), BEGIN, END)
    page.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
