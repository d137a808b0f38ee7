"""The peers, one module each, and what such a module offers.

A peer module has two functions:

- `recipes(workload) -> tuple[str, ...]`: the spellings worth trying, empty if the peer has none for this workload;
- `prepare(problem, recipe) -> Runner`: everything before the clock starts, from the problem's own first weights.

The runner tries each recipe, keeps the fastest, and prepares that one afresh: every peer is measured at its best.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from benchmarks.problem import Array, Layers, Problem
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Runner:
    """One unit of work, and what came of it.

    `result` gives the weights (W (in, out), b) after training, the scores (rows, outputs) of a prediction, or None
    from the floor, which computes nothing that means anything.
    """

    unit: Callable[[], object]
    result: Callable[[], Layers | Array | None]


class PeerModule(Protocol):
    """What `import_peer` returns."""

    def recipes(self, workload: Workload) -> tuple[str, ...]: ...

    def prepare(self, problem: Problem, recipe: str) -> Runner: ...


@dataclass(frozen=True)
class Peer:
    """A row of the table of peers: `module` is found in this folder, `packages` are what it measures."""

    name: str
    title: str
    packages: tuple[str, ...]
    # Whether the number of BLAS or OpenMP threads is a choice; the others take the machine as it is.
    threaded: bool = False
    module: str = ""
    # Left out by --quick: slow to start, and no goal is set against them alone.
    slow: bool = False

    @property
    def path(self) -> str:
        return self.module or f"benchmarks.peers.{self.name}"


PEERS = (
    Peer("floor", "bare matrix products", ("numpy",), threaded=True),
    Peer("glassnet", "glassnet, compiled step", ("glassnet", "numpy"), threaded=True),
    Peer("numpy_hand", "NumPy, tuned by hand", ("numpy",), threaded=True),
    Peer("pytorch", "PyTorch eager, no DataLoader", ("torch",), threaded=True),
    Peer("pytorch_loader", "PyTorch eager, DataLoader", ("torch",), slow=True),
    Peer("pytorch_compile", "PyTorch, torch.compile", ("torch",), slow=True),
    Peer("sklearn", "scikit-learn MLP", ("scikit-learn",), threaded=True),
    Peer("jax_scan", "JAX, lax.scan over the epoch", ("jax", "jaxlib")),
    Peer("jax_jit", "JAX, jitted step", ("jax", "jaxlib")),
    Peer("keras", "Keras on JAX", ("keras", "jax"), slow=True),
    Peer("tinygrad", "tinygrad, TinyJit step", ("tinygrad",), slow=True),
)


def import_peer(path: str) -> Any:
    """The module of a peer; ImportError says what is missing."""
    return import_module(path)
