"""Runs read back: what each was asked, what became of it, and how two of them differ.

Files in a run folder are taken for what a stranger may have written: read under bounds, believed only as far as their
types go. What is missing is missing; a run that was killed has a history and no result.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from glassnet.errors import FileError, GlassnetError, complain
from glassnet.files import strict_json
from glassnet.files.bounded import read_bounded
from glassnet.files.os_errors import StrPath, shown
from glassnet.train.activity import Activity
from glassnet.train.evaluation import Evaluation
from glassnet.train.figures import History
from glassnet.train.first_layer import FirstLayer
from glassnet.train.history import read_history
from glassnet.train.predictions import read_predictions
from glassnet.train.run_folder import CONFIG, ENVIRONMENT, HISTORY, MODEL, RESULT

if TYPE_CHECKING:
    from glassnet.train.ground import Ground

_MOST_BYTES = 256 << 20
_MOST_ITEMS = 5_000_000
_SIGNS = (CONFIG, RESULT, MODEL, HISTORY)  # a folder with one of them is a run

# What runs are sorted and compared by: the key in `result.json`, and whether more is better.
METRICS = {
    "accuracy": ("test_accuracy", True),
    "exact": ("test_exact", True),
    "r2": ("test_r2", True),
    "rmse": ("test_rmse", False),
    "mae": ("test_mae", False),
    "loss": ("test_loss", False),
    "seconds": ("seconds", False),
    "parameters": ("parameters", False),
    "epochs": ("epochs_done", False),
}


@dataclass(frozen=True, eq=False)
class Run:
    """A run folder: `config`, `result`, `environment`, `history`, and what else was kept, read when it is asked for.

    Raises `FileError` for a folder that is no run, `FormatError` for a file that is not what it claims to be.
    """

    path: str
    problems: list[str] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if not is_run(self.path):
            got = f"got {shown(self.path)}, which is no run folder"
            raise FileError(complain(got, "expected a folder that `glassnet train` wrote", "Try glassnet runs"))

    @property
    def name(self) -> str:
        """The folder's own name."""
        return os.path.basename(os.path.abspath(self.path))

    @cached_property
    def result(self) -> dict[str, Any]:
        """`result.json`; {} while there is none."""
        return _read_json(os.path.join(self.path, RESULT))

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config.json`, or what the result says of it."""
        return _read_json(os.path.join(self.path, CONFIG)) or self.result

    @cached_property
    def environment(self) -> dict[str, Any]:
        """`environment.json`, or what the result says of the machine."""
        return _read_json(os.path.join(self.path, ENVIRONMENT)) or _part(self.result, "machine")

    @cached_property
    def history(self) -> History:
        """The figures of every epoch, or of those that the result has."""
        found = read_history(self.path)
        if not found.entries:
            kept = self.result.get("history")
            found = History([entry for entry in kept if isinstance(entry, dict)] if isinstance(kept, list) else [])
        found.stopped = _typed(self.result.get("stopped"), str)
        found.seconds = self.seconds or 0.0
        return found

    @cached_property
    def activity(self) -> Activity:
        """The looks into the layers."""
        return Activity.read(self.path) or Activity()

    @cached_property
    def first_layer(self) -> FirstLayer | None:
        """The first layer's weights over time."""
        return FirstLayer.read(self.path)

    @cached_property
    def ground(self) -> Ground | None:
        """What the network said all over the plane, over time."""
        from glassnet.train.ground import Ground  # which only reports need

        return Ground.read(self.path)

    @cached_property
    def predictions(self) -> tuple[Evaluation, str] | None:
        """What the network said to each test example, and which examples these were."""
        return read_predictions(self.path)

    # ---- in a few words ---------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """`done`, `stopped` (by a signal, patience or time), `failed`, or `unfinished` (it runs, or was killed)."""
        if "failed" in self.result:
            return "failed"
        if not self.result:
            return "unfinished"
        return "stopped" if self.result.get("stopped") else "done"

    @property
    def data(self) -> str:
        """The name of its data set."""
        return _typed(_part(self.config, "data").get("name"), str) or "?"

    @property
    def task(self) -> str:
        """Classification, multilabel or regression."""
        return _typed(_part(self.config, "data").get("task"), str) or "?"

    @property
    def classes(self) -> list[str]:
        """What the classes are called."""
        names = _part(self.config, "data").get("classes")
        return [str(name) for name in names] if isinstance(names, list) else []

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, and those that are not settings of the training but make a difference."""
        config = self.config
        found = {"network": config.get("network"), "recipe": config.get("recipe"), **_part(config, "settings")}
        options = _part(_part(config, "data"), "options")
        return {**found, **{f"data {name}": value for name, value in options.items()}}

    @property
    def date(self) -> str:
        """When it began, without the zone: 2026-01-31 12:00:00."""
        return (_typed(self.config.get("date"), str) or "")[:19].replace("T", " ")

    @property
    def seconds(self) -> float | None:
        """How long it learned."""
        spent = _part(self.result, "seconds").get("training")
        if spent is None and self.result == {}:
            spent = self.history_so_far.get("seconds")
        return _number(spent)

    @cached_property
    def history_so_far(self) -> dict[str, Any]:
        """The latest epoch: that of the result, or of a run without one the latest line of its history."""
        kept = self.result.get("history")
        if self.result:
            return kept[-1] if isinstance(kept, list) and kept and isinstance(kept[-1], dict) else {}
        return read_history(self.path).last

    @property
    def seed(self) -> int | None:
        """Where its random numbers began."""
        return _typed(_part(self.config, "settings").get("seed"), int)

    def metric(self, name: str) -> float | None:
        """A figure by one of the names of `METRICS`; of a run without a result, that of its last epoch."""
        if name == "seconds":
            return self.seconds
        key = METRICS[name][0]
        if key in self.result:
            return _number(self.result[key])
        if name == "parameters":
            return _number(self.config.get(key))
        last = self.history_so_far
        if name == "epochs":
            return _number(last.get("epoch"))
        return _number(last.get(key, last.get(key.replace("test_", "validation_"))))

    def __repr__(self) -> str:
        return f"Run({self.path!r}: {self.data}, {self.status})"

    def _repr_html_(self) -> str:
        from glassnet.train.notebook import run_html

        return run_html(self)


def is_run(path: StrPath) -> bool:
    """Whether a folder is one that a training wrote."""
    return any(os.path.isfile(os.path.join(os.fspath(path), name)) for name in _SIGNS)


def find_runs(folder: StrPath = "runs") -> list[Run]:
    """All runs in a folder, in the order of their names; one whose files are spoilt has `problems`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     find_runs(folder)
    []
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    found = [Run(path) for name in names if is_run(path := os.path.join(os.fspath(folder), name))]
    for run in found:
        try:
            _ = run.result, run.config, run.history_so_far
        except GlassnetError as problem:
            run.problems.append(str(problem))
    return found


def differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The settings that are not the same in all runs, each with its value in each of them.

    >>> differences([])
    {}
    """
    names = dict.fromkeys(name for run in runs for name in run.settings)
    rows = {name: [run.settings.get(name) for run in runs] for name in names}
    return {name: values for name, values in rows.items() if any(value != values[0] for value in values)}


def places(run: Run) -> dict[str, Any]:
    """What the numbers of a run depend on besides its settings."""
    environment, git = run.environment, _part(run.environment, "git")
    blas = _part(environment, "blas")
    commit = _typed(git.get("commit"), str)
    dirty = " with changes" if git.get("dirty") else ""
    return {
        "glassnet": environment.get("glassnet"),
        "python": environment.get("python"),
        "numpy": environment.get("numpy"),
        "system": environment.get("system") or environment.get("platform"),
        "kernels": blas.get("core"),
        "threads": blas.get("threads"),
        "commit": f"{commit[:10]}{dirty}" if commit else None,
    }


def _read_json(path: str) -> dict[str, Any]:
    if not os.path.exists(path):
        return {}
    found = strict_json.loads(read_bounded(path, _MOST_BYTES), max_items=_MOST_ITEMS, source=shown(path))
    return found if isinstance(found, dict) else {}


def _part(values: dict[str, Any], name: str) -> dict[str, Any]:
    part = values.get(name)
    return part if isinstance(part, dict) else {}


def _typed(value: Any, kind: Any) -> Any:
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
