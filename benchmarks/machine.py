"""What the figures were measured on. `python -m benchmarks.machine` prints it as JSON."""

import json
import os
import platform
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT, child_environment, python, removed_variables
from benchmarks.peers import PEERS


def facts_in_child_environment() -> dict[str, Any]:
    """The facts as a child sees them: its BLAS may choose another kernel than an inherited variable would."""
    done = subprocess.run(
        python("-m", "benchmarks.machine"),
        env=child_environment(),
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return {**json.loads(done.stdout), "removed_variables": removed_variables(), "load_before": load()}


def load() -> float | None:
    """How many processes wanted a core in the last minute; None on a system that does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def facts() -> dict[str, Any]:
    """CPU, cores, system, Python, BLAS, versions, date."""
    return {
        "cpu": cpu_model(),
        "cores": cores(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "blas": blas(),
        "versions": versions(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """The name of the processor."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        with suppress(OSError):
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, encoding="utf-8").stdout.strip()
    return platform.processor() or platform.machine()


def blas() -> list[str]:
    """The BLAS that NumPy loaded, its version, and the kernel it chose for this CPU."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2), np.float32) @ np.ones((2, 2), np.float32)
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return [
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}, {pool['num_threads']} threads"
        for pool in pools
    ]


def versions() -> dict[str, str]:
    """The installed version of everything that is measured."""
    found: dict[str, str] = {}
    for package in dict.fromkeys(package for peer in PEERS for package in peer.packages):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


if __name__ == "__main__":
    print(json.dumps(facts()))
