"""Sizes: what an install puts on the disk, and what training one epoch of MNIST takes in memory."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from benchmarks.driver import PREPARE_SECONDS, Child, PeerAbsentError, PeerFailedError, first_line
from benchmarks.environment import ROOT, child_environment, python
from benchmarks.peers import PEERS
from benchmarks.results import Entry, Measurement

INSTALL_SECONDS = 300.0
PEERS_INSTALLED = (
    ("pytorch", "PyTorch", "torch"),
    ("sklearn", "scikit-learn", "scikit-learn"),
    ("jax", "JAX", "jax"),
    ("keras", "Keras on JAX", "keras"),
    ("tinygrad", "tinygrad", "tinygrad"),
)


def measure_install(say: Callable[[str], None]) -> Measurement:
    """A fresh install of glassnet, and the peers as they are installed here with all that they require."""
    say("W8 fresh install")
    entries = [_fresh_install()]
    for peer, title, package in PEERS_INSTALLED:
        entry = Entry(peer, title)
        try:
            sizes = installed_sizes(package)
        except PackageNotFoundError:
            entry.reason = f"No package named '{package}'"
        else:
            entry.status, entry.values, entry.recipe = "measured", [sum(sizes.values())], largest(sizes)
        entries.append(entry)
    return Measurement("W8-install", "size of the default install with all that it requires", "MB", 1.0, entries)


def _fresh_install() -> Entry:
    entry = Entry("glassnet", "glassnet, fresh `pip install --target`")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as target:
        command = python("-m", "pip", "install", "--quiet", "--target", target, str(ROOT))
        try:
            subprocess.run(
                command,
                env=child_environment(),
                capture_output=True,
                encoding="utf-8",
                timeout=INSTALL_SECONDS,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            lines = (error.stderr or "").strip().splitlines() or ["without a word"]
            entry.status, entry.reason = "failed", first_line(f"pip: {lines[-1]}")
        except (OSError, subprocess.TimeoutExpired) as error:
            entry.status, entry.reason = "failed", first_line(str(error))
        else:
            entry.status, entry.values = "measured", [folder_megabytes(Path(target))]
            bytecode = folder_megabytes(Path(target), "*.pyc")
            entry.recipe = f"{largest(sizes_of(distributions(path=[target])))}; {bytecode:.0f} of it bytecode"
    return entry


def folder_megabytes(folder: Path, pattern: str = "*") -> float:
    """The bytes of all matching files under a folder in MB (10⁶ bytes)."""
    return sum(path.lstat().st_size for path in folder.rglob(pattern) if not path.is_dir()) / 1e6


def sizes_of(found: Iterable[Distribution]) -> dict[str, float]:
    """MB of each distribution, by the list of files that its installer wrote."""
    return {dist.name: _distribution_megabytes(dist) for dist in found}


def _distribution_megabytes(dist: Distribution) -> float:
    paths = [Path(str(dist.locate_file(file))) for file in dist.files or []]
    return sum(path.stat().st_size for path in paths if path.exists()) / 1e6


def installed_sizes(package: str) -> dict[str, float]:
    """MB of a package and of everything it requires, as installed here."""
    found: dict[str, Distribution] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            if name == package:
                raise
            continue  # required on another system only
        waiting += requirements(found[name].requires or [])
    return sizes_of(found.values())


def requirements(lines: Iterable[str]) -> list[str]:
    """The names required without an extra.

    >>> requirements(["numpy>=2", "scipy (>1.8)", "pytest; extra == 'tests'"])
    ['numpy', 'scipy']
    """
    return [re.split(r"[^\w.-]", line)[0] for line in lines if "extra" not in line.partition(";")[2]]


def largest(sizes: dict[str, float], count: int = 3) -> str:
    """The largest parts, in words.

    >>> largest({"numpy": 61.2, "typer": 0.4, "rich": 1.1, "click": 0.6})
    'numpy 61, rich 1.1, click 0.6, 1 more 0.4'
    """
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    rest = ordered[count:]
    parts = [f"{name} {size:.2g}" if size < 10 else f"{name} {size:.0f}" for name, size in ordered[:count]]
    return ", ".join(parts + ([f"{len(rest)} more {sum(size for _, size in rest):.2g}"] if rest else []))


def measure_memory(
    folder: Path, recipes: dict[str, str], peers: set[str], threads: int, say: Callable[[str], None]
) -> Measurement:
    """Each peer in a new process that prepares W3s, runs one epoch and does nothing else.

    `recipes` are those that were fastest, so that speed and memory speak of the same program.
    """
    entries: list[Entry] = []
    for peer in PEERS:
        if peer.name not in peers or peer.name == "floor":
            continue
        say(f"W8 memory of {peer.title}")
        entry = Entry(peer.name, peer.title, recipe=recipes.get(peer.name, ""))
        if entry.recipe:
            _measure_peak(entry, Child(peer.path, "W3s", folder, threads if peer.threaded else None))
        else:
            entry.reason = "was not measured on W3s"
        entries.append(entry)
    summary = "peak resident memory of preparing W3s and training it for an epoch"
    return Measurement("W8-memory", summary, "MB", 1.0, entries)


def _measure_peak(entry: Entry, child: Child) -> None:
    try:
        entry.values = [child.ask(PREPARE_SECONDS, do="peak", recipe=entry.recipe)["megabytes"]]
        entry.status = "measured"
    except PeerAbsentError as absence:
        entry.reason = str(absence)
    except PeerFailedError as failure:
        entry.status, entry.reason = "failed", str(failure)
    finally:
        child.close()
