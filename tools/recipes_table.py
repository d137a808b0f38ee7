"""The recipes against their goals: each trained with three seeds, the worst counted, scikit-learn's MLP beside it.

    python tools/recipes_table.py                       all of them: about half an hour on two processors
    python tools/recipes_table.py mnist moons           some
    python tools/recipes_table.py --seeds 0 --json recipes.json --markdown docs/recipes.md
    python tools/recipes_table.py --only fashion --markdown docs/recipes.md        one row, the others stay as they are
    python tools/recipes_table.py --only fashion --peer --markdown docs/recipes.md  of it, scikit-learn alone

Results are added to the JSON file as they come, so that long recipes can be run apart from the others; `--markdown`
writes the table of all that is in it, and keeps the rows of the page that it knows nothing newer of. scikit-learn has
the same split, the same hidden layers, standardised features and its own defaults otherwise; where it is not installed
its column stays empty.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.data.datasets import load_dataset
from glassnet.data.registry import DataSet
from glassnet.data.table import Table
from glassnet.train.evaluation import Regression
from glassnet.train.machine import Blas, describe_machine, threads_that_pay
from glassnet.train.recipes import recipe_for
from glassnet.train.settings import Settings
from glassnet.train.table_data import table_data
from glassnet.train.table_plan import TableOptions
from glassnet.train.training import Training


@dataclass(frozen=True)
class Row:
    """One recipe: its data, its goal (accuracy or R²) and how long it may take on two processors."""

    name: str
    data: Callable[[], DataSet]
    recipe: str = "default"
    goal: float | None = None
    seconds: float | None = None
    peer: bool = True  # whether scikit-learn's MLP is trained beside it
    chosen: tuple[tuple[str, Any], ...] = ()  # settings that are not the recipe's

    def settings(self, data: DataSet, **more: Any) -> Settings:
        """What it is trained with."""
        return recipe_for(data, self.recipe, **dict(self.chosen), **more)


def _named(name: str, **options: Any) -> Callable[[], DataSet]:
    return lambda: load_dataset(name, **options)


def _shipped(name: str) -> Callable[[], DataSet]:
    """A table that comes with scikit-learn."""

    def load() -> DataSet:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name}")()
        columns = {str(key): bunch.data[:, i] for i, key in enumerate(bunch.feature_names)}
        names = getattr(bunch, "target_names", None)
        regression = names is None or len(names) == 0
        target = bunch.target if regression else np.array([f"class {names[i]}" for i in bunch.target])
        return table_data(Table.of({**columns, "target": target}, name), TableOptions(("target",)))

    return load


ROWS = (
    Row("xor", _named("xor_gate"), goal=1.0),
    Row("moons", _named("moons"), goal=0.95),
    Row("spirals", _named("spiral"), goal=0.99),
    Row("breast cancer (table)", _shipped("breast_cancer"), goal=0.95),
    Row("wine (table)", _shipped("wine"), goal=0.95),
    Row("diabetes (table, R²)", _shipped("diabetes")),
    Row("mnist", _named("mnist"), goal=0.975, seconds=2),
    Row("mnist-good", _named("mnist"), "good", 0.988, 30, peer=False),
    Row("unmoved (mnist-good, no shift)", _named("mnist"), "good", peer=False, chosen=(("augment", "none"),)),
    Row("fashion", _named("fashion_mnist"), "good", 0.90),
    Row("mnist-best", _named("mnist"), "best", 0.994, 360, peer=False),
)


def main(words: list[str] | None = None) -> int:
    """Train what was asked for and print the table; 1 if a goal was missed."""
    parser = _options()
    asked = parser.parse_args(words)
    names = {*asked.names, *asked.only} or {_short(row) for row in ROWS}
    if unknown := names - {_short(row) for row in ROWS}:
        parser.error(f"got {', '.join(sorted(unknown))}; expected some of {', '.join(map(_short, ROWS))}")
    chosen = [] if asked.no_training else [row for row in ROWS if _short(row) in names]
    results, page = _read(asked.json), _page_so_far(asked.markdown)
    for row in chosen:
        results[row.name] = _peer_alone(row, results.get(row.name, {})) if asked.peer else _measured(row, asked)
        _write(asked.json, results)
    lines = list(_table(results, _rows_of(page)))
    print("\n".join(lines))
    if asked.markdown:
        Path(asked.markdown).write_text(_page(lines, results, page), encoding="utf-8")
    return int(any(not _met(row, results[row.name]) for row in chosen))


def _short(row: Row) -> str:
    return row.name.partition(" ")[0]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(map(_short, ROWS)))
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="the same")
    parser.add_argument("--peer", action="store_true", help="train scikit-learn alone, and only put it beside the row")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--json", metavar="FILE", help="add the results to this file")
    parser.add_argument("--markdown", metavar="FILE", help="write the table of all results into this file")
    parser.add_argument("--threads", type=int, help="threads for products of matrices")
    parser.add_argument("--no-training", action="store_true", help="only show what is in the JSON file")
    parser.add_argument("--no-peer", action="store_true", help="leave scikit-learn out")
    return parser


def _measured(row: Row, asked: argparse.Namespace) -> dict[str, Any]:
    data = row.data()
    before = _read(asked.json).get(row.name, {})
    runs = {int(seed): run for seed, run in before.get("runs", {}).items()}
    settings = row.settings(data)
    if before.get("settings") != _plain(settings):
        runs = {}  # of another recipe
    peer = before.get("peer")
    for seed in asked.seeds:
        if seed not in runs:
            runs[seed] = _run(data, row.settings(data, seed=seed), asked.threads)
            print(
                f"{row.name}, seed {seed}: {_percent(runs[seed]['score'])}, {runs[seed]['seconds']:.1f} s", flush=True
            )
    if row.peer and not asked.no_peer and peer is None:
        peer = _sklearn(data, settings)
    return {
        "network": "-".join(map(str, (data.n_features, *settings.hidden, data.n_outputs))),
        "settings": _plain(settings),
        "goal": row.goal,
        "seconds_allowed": row.seconds,
        "runs": runs,
        "peer": peer,
        "machine": describe_machine(Blas()),
    }


def _peer_alone(row: Row, before: dict[str, Any]) -> dict[str, Any]:
    """What is known of a row, with scikit-learn trained anew."""
    data = row.data()
    return {"runs": {}, **before, "goal": row.goal, "peer": _sklearn(data, row.settings(data)) if row.peer else None}


def _run(data: DataSet, settings: Settings, threads: int | None) -> dict[str, float]:
    """One training: what the test set says, and the time on the clock and on the processors."""
    blas = Blas()
    pay = threads_that_pay((data.n_features, *settings.hidden, data.n_outputs), settings.batch_size or 1000)
    blas.threads = threads or min(pay, os.cpu_count() or 1)
    began = time.process_time()
    training = Training(data, settings)
    for _ in training:
        pass
    judged = training.test()
    score = judged.r2 if isinstance(judged, Regression) else judged.accuracy
    used = time.process_time() - began
    return {"score": score, "seconds": training.seconds, "processor_seconds": used, "threads": blas.threads or 0}


def _sklearn(data: DataSet, settings: Settings) -> dict[str, float] | None:
    try:
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.preprocessing import StandardScaler
    except ImportError:
        return None
    x, x_test = (part.reshape(len(part), -1).astype(np.float32) for part in (data.x_train, data.x_test))
    x_test = x if not len(x_test) else x_test
    y, y_test = data.y_train, data.y_test if len(data.x_test) else data.y_train
    images = data.x_train.ndim > 2
    scaler = StandardScaler().fit(x)
    x, x_test = (part / np.float32(255) if images else scaler.transform(part) for part in (x, x_test))
    kind = MLPRegressor if data.task == "regression" else MLPClassifier
    scores, began, used = [], time.perf_counter(), time.process_time()
    seeds = (0,) if images else (0, 1, 2)
    for seed in seeds:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that it has not converged; that is its default
            model = kind(hidden_layer_sizes=settings.hidden, random_state=seed).fit(x, y.ravel() if y.ndim > 1 else y)
        scores.append(float(model.score(x_test, y_test)))
    times = {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - used}
    return {"score": min(scores), **{name: value / len(seeds) for name, value in times.items()}}


def _plain(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in settings.as_dict().items() if name != "seed"}


def _met(row: Row, result: dict[str, Any]) -> bool:
    worst = min((run["score"] for run in result["runs"].values()), default=math.inf)
    if not result["runs"]:
        return True  # only scikit-learn was asked
    return math.isfinite(worst) and (row.goal is None or worst >= row.goal)


HEADING = (
    "recipe",
    "network",
    "epochs",
    "worst",
    "all seeds",
    "goal",
    "time",
    "processors",
    "scikit-learn",
    "its processors",
)
_PEER = 2  # columns at the end


def _table(results: dict[str, Any], so_far: dict[str, tuple[str, ...]]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [HEADING]
    for name in (row.name for row in ROWS):
        result, kept = results.get(name, {}), so_far.get(name)
        if result.get("runs"):
            rows.append(_cells(name, result))
        elif kept:
            peer = _peer_cells(result["peer"]) if "peer" in result else kept[-_PEER:]
            rows.append((*kept[:-_PEER], *peer))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for i, row in enumerate(rows):
        yield "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
        if i == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def _cells(name: str, result: dict[str, Any]) -> tuple[str, ...]:
    runs, peer = list(result["runs"].values()), result["peer"]
    scores = [run["score"] for run in runs]
    slowest, used = (max(run[key] for run in runs) for key in ("seconds", "processor_seconds"))
    return (
        name,
        result["network"],
        str(result["settings"]["epochs"]),
        _percent(min(scores)),
        " ".join(f"{100 * score:.2f}" for score in scores),
        _percent(result["goal"]),
        f"{slowest:.1f} s",
        f"{used:.1f} s",
        *_peer_cells(peer),
    )


def _peer_cells(peer: dict[str, float] | None) -> tuple[str, str]:
    if not peer:
        return "", ""
    used = peer.get("processor_seconds")
    return _percent(peer["score"]), "" if used is None else f"{used:.1f} s"


def _page_so_far(path: str | None) -> str:
    return Path(path).read_text(encoding="utf-8") if path and Path(path).exists() else ""


def _rows_of(page: str) -> dict[str, tuple[str, ...]]:
    """The rows of a page's table, by their first cells."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return {row[0]: row for row in rows if len(row) == len(HEADING)}


def _percent(score: float | None) -> str:
    return "" if score is None else f"{100 * score:.2f} %"


def _page(lines: list[str], results: dict[str, Any], so_far: str) -> str:
    """The page: what stands before the table and after it stays as it is, but for the machine of rows measured now."""
    before, after = _around(so_far)
    machine = next((result["machine"] for result in results.values() if "machine" in result), None)
    if not before:
        blas = (machine or {}).get("blas", {})
        processors = (machine or {}).get("processors", "?")
        before = _INTRODUCTION.format(processors=processors, blas=f"{blas.get('name')} {blas.get('core')}")
    return "\n".join([before, *lines, after]).rstrip("\n") + "\n"


_INTRODUCTION = """\
# What the recipes reach

Accuracy on the test set (R² for a regression), the worst of the seeds. `time` is the slowest run's,
`processors` what it took of all processors together: on a machine that has other work, only that counts.
Made by `python tools/recipes_table.py`
with {processors} processors, {blas}.
"""


def _around(page: str) -> tuple[str, str]:
    """What stands before a page's table, and after it."""
    lines = page.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith("|")), None)
    if begin is None:
        return "", ""
    end = next((i for i in range(begin, len(lines)) if not lines[i].startswith("|")), len(lines))
    return "\n".join(lines[:begin]), "\n".join(lines[end:])


def _read(path: str | None) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8")) if path and Path(path).exists() else {}


def _write(path: str | None, results: dict[str, Any]) -> None:
    if path:
        Path(path).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
