"""Cold starts: the wall time of whole processes, from `exec` to exit, taking turns."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.driver import first_line
from benchmarks.environment import ROOT, child_environment, python
from benchmarks.results import Entry, Measurement

# The fastest way to 97 % that the command line offers; the run folder follows as the last argument.
GLASSNET_COMMAND = ("train", "mnist", "--recipe", "fast", "--quiet", "--output")
RESULT_FILE, ACCURACY_KEY = "result.json", "test_accuracy"

WANTED_ACCURACY = 0.97
PROCESS_SECONDS = 120.0


@dataclass(frozen=True)
class Cold:
    """A process to time: what it needs, how it is called with a fresh folder, and how its accuracy is learned."""

    peer: str
    title: str
    package: str
    command: Callable[[Path, Path], list[str]]
    accuracy: Callable[[str, Path], float] | None = None


def _imports(module: str) -> Callable[[Path, Path], list[str]]:
    return lambda data, output: python("-c", f"import {module}")


def _script(name: str) -> Callable[[Path, Path], list[str]]:
    return lambda data, output: python(str(ROOT / "benchmarks" / "cold_scripts" / f"{name}.py"), str(data))


def _glassnet(data: Path, output: Path) -> list[str]:
    command = shutil.which("glassnet", path=str(Path(sys.executable).parent))
    return [*([command] if command else python("-m", "glassnet.cli.main")), *GLASSNET_COMMAND, str(output)]


def _last_number(printed: str, output: Path) -> float:
    return float(printed.split()[-1])


def _from_result_file(printed: str, output: Path) -> float:
    """The accuracy in the run folder's result file, wherever under the folder that is."""
    newest = next(output.rglob(RESULT_FILE), None)
    if newest is None:
        raise ValueError(f"no {RESULT_FILE} in the run folder")
    return float(json.loads(newest.read_text(encoding="utf-8"))[ACCURACY_KEY])


COLD = (
    Cold("import torch", "import torch, nothing else", "torch", _imports("torch")),
    Cold("import sklearn", "import sklearn.neural_network", "sklearn", _imports("sklearn.neural_network")),
    Cold("import jax", "import jax", "jax", _imports("jax")),
    Cold("glassnet", "glassnet train mnist", "glassnet", _glassnet, _from_result_file),
    Cold("pytorch", "PyTorch script", "torch", _script("with_pytorch"), _last_number),
    Cold("sklearn", "scikit-learn script", "sklearn", _script("with_sklearn"), _last_number),
    Cold("jax", "JAX script", "jax", _script("with_jax"), _last_number),
)


def measure_cold_starts(data: Path, rounds: int, say: Callable[[str], None]) -> Measurement:
    """One uncounted round that fills the disk cache, then `rounds` rounds in turn."""
    real = (data / "test-x.npy").exists()
    entries = [(cold, Entry(cold.peer, cold.title, reason=_missing(cold, real))) for cold in COLD]
    for number in range(rounds + 1):
        say(f"W7 round {number} of {rounds}")
        for cold, entry in entries:
            if not entry.reason:
                _time_once(cold, entry, data, counted=number > 0)
    summary = f"whole process from start to ≥ {WANTED_ACCURACY:.0%} on MNIST, beside bare imports"
    return Measurement("W7", summary, "s", 1.0, [entry for _, entry in entries])


def _missing(cold: Cold, real_digits: bool) -> str:
    if find_spec(cold.package) is None:
        return f"No module named '{cold.package}'"
    return "" if real_digits or cold.accuracy is None else "needs the real MNIST, which glassnet.data did not give"


def _time_once(cold: Cold, entry: Entry, data: Path, counted: bool) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        output = Path(scratch) / "run"
        try:
            seconds, printed = time_process(cold.command(data, output))
            accuracy = cold.accuracy(printed, output) if cold.accuracy else None
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            entry.status, entry.reason = "failed", first_line(f"{type(error).__name__}: {error}")
            return
    entry.status = "measured"
    if counted:
        entry.values.append(seconds)
    if accuracy is not None:
        entry.recipe = f"{accuracy:.2%} right"
        if accuracy < WANTED_ACCURACY:
            entry.status, entry.reason = "did not learn", f"{accuracy:.2%} right, {WANTED_ACCURACY:.0%} wanted"


def time_process(command: list[str]) -> tuple[float, str]:
    """Wall time and standard output of a process that succeeds; ValueError with its last line if it does not."""
    start = time.perf_counter()
    done = subprocess.run(
        command, env=child_environment(), cwd=ROOT, capture_output=True, encoding="utf-8", timeout=PROCESS_SECONDS
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "without a word").splitlines()
        raise ValueError(f"exit status {done.returncode}: {lines[-1]}")
    return seconds, done.stdout
