"""A run on one page, and several beside each other."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from glassnet.cli.charts import Curve, chart
from glassnet.cli.help import wrapped
from glassnet.cli.report import percent
from glassnet.cli.terminal import Terminal
from glassnet.errors import GlassnetError
from glassnet.train.amounts import amount
from glassnet.train.figures import History
from glassnet.train.runs import METRICS, Run, differences, places
from glassnet.train.settings import Settings

_LABEL = 12
_KINDS = {
    "config.json": "what it was asked",
    "environment.json": "versions, BLAS, commit",
    "history.jsonl": "figures of every epoch",
    "steps.jsonl": "figures of single steps",
    "confusion.jsonl": "what was taken for what, by epoch",
    "activity.jsonl": "looks into the layers",
    "weights.safetensors": "the first layer over time",
    "ground.safetensors": "the decision boundary over time",
    "checkpoints": "to go on from",
    "tensorboard": "for TensorBoard",
    "model.safetensors": "the network",
    "result.json": "how good it is",
    "predictions.safetensors": "what it said to each example",
    "mistakes.csv": "where it was wrong",
    "looked.json": "how often its test set was looked at",
    "report.html": "all of it, for a browser",
    "report.md": "all of it, in Markdown",
    ".lock": "held by the training that writes here",
}


def run_page(run: Run, terminal: Terminal) -> list[str]:
    """Everything about one run: what it was, where, what came of it, its curve, and its files."""
    rows = {
        "run": run.path,
        "data": _data(run),
        "network": f"{run.config.get('network', '?')}, {run.metric('parameters') or 0:,.0f} parameters",
        "settings": ", ".join(f"{name} {text(value)}" for name, value in own_settings(run).items()) or "all usual",
        "begun": run.date or "?",
        "place": _place(run),
        "status": status_of(run),
    }
    lines: list[str] = []
    for label, words in rows.items():
        first, *more = wrapped(words, terminal.width - _LABEL)
        lines += [f"{terminal.dim(f'{label:<{_LABEL}}')}{first}", *(f"{'':{_LABEL}}{line}" for line in more)]
    return [*lines, "", *_figures(run, terminal), *_curve(run, terminal), *_files(run, terminal)]


def _data(run: Run) -> str:
    data = run.config.get("data")
    counts = data if isinstance(data, dict) else {}
    parts = [f"{counts[part]:,} {part}" for part in ("train", "validation", "test") if _counted(counts.get(part))]
    options = {name: value for name, value in run.settings.items() if name.startswith("data ")}
    made = [f"{name.removeprefix('data ')} {text(value)}" for name, value in options.items()]
    sizes = f"{', '.join(parts)} examples" if parts else ""
    return f"{run.data}: {', '.join(part for part in (run.task, sizes, *made) if part)}"


def _counted(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def own_settings(run: Run) -> dict[str, Any]:
    """The settings of a run that are not what they are when nobody says anything; the seed always."""
    usual = Settings().as_dict()
    mine = {name: value for name, value in run.settings.items() if name in usual and value not in (None, usual[name])}
    always = {name: run.settings.get(name) for name in ("optimizer", "learning_rate", "batch_size", "epochs", "seed")}
    found = {**{name: value for name, value in always.items() if value is not None}, **mine}
    return {name.replace("_", " "): value for name, value in found.items() if name != "hidden"}


def text(value: Any) -> str:
    """A setting's value as one would say it."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return "-".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _place(run: Run) -> str:
    return ", ".join(f"{name} {value}" for name, value in places(run).items() if value is not None)


def status_of(run: Run) -> str:
    """How it ended, and why."""
    done = run.metric("epochs")
    after = f" after {done:g} epoch{'s' if done != 1 else ''}" if done is not None else ""
    if run.status == "failed":
        return f"failed{after}: {run.result.get('failed')}"
    if run.status == "stopped":
        return f"stopped{after}: {run.result.get('stopped')}"
    if run.status == "unfinished":
        return f"unfinished{after}: it is still running, or was killed"
    return f"done{after}"


def _figures(run: Run, terminal: Terminal) -> list[str]:
    """The headline of the result."""
    if run.metric("accuracy") is not None:
        shown = f"{terminal.bold(percent(run.metric('accuracy')))} right"
    elif run.metric("r2") is not None:
        explained = terminal.bold(f"{terminal.r2} {run.metric('r2'):.4f}")
        shown = f"{explained}, typical error {amount(run.metric('rmse') or math.nan)}"
    else:
        return []
    best = run.result.get("best_epoch")
    loss, seconds = run.metric("loss"), run.seconds
    parts = [shown, f"loss {loss:.4f}" if loss is not None else "", f"{seconds:.2f} s" if seconds is not None else ""]
    parts += [f"best epoch {best}"] if isinstance(best, int) else []
    return ["  ".join(part for part in parts if part), ""]


def curves_of(history: History, ending: str = "loss") -> list[Curve]:
    """The curves of a history whose names end like that: first what was learnt from, then what was not."""
    names = [name for name in history.names if name == ending or name.endswith(f"_{ending}")]
    names = [name for name in names if name != "batch_accuracy"]
    words = {ending: "training", f"validation_{ending}": "validation", f"test_{ending}": "test"}
    curves = []
    for name in names:
        pairs = [(float(e["epoch"]), e[name]) for e in history if isinstance(e.get(name), int | float)]
        if pairs:
            curves.append(Curve(words.get(name, name), [x for x, _ in pairs], [float(y) for _, y in pairs]))
    return curves


def _curve(run: Run, terminal: Terminal) -> list[str]:
    try:
        curves = curves_of(run.history)
    except GlassnetError as problem:
        return [terminal.paint(str(problem), "33"), ""]
    if not any(len(curve.x) > 1 for curve in curves):
        return []
    return [*chart(curves, terminal, height=8, x_label="epoch", title="loss"), ""]


def _files(run: Run, terminal: Terminal) -> list[str]:
    lines = []
    for name in sorted(os.listdir(run.path)):
        path = os.path.join(run.path, name)
        size = f"{_size(path):>9}" if os.path.isfile(path) else f"{'folder':>9}"
        lines.append(f"{name:<24}{terminal.dim(size)}  {terminal.dim(_KINDS.get(name, ''))}")
    return lines


def _size(path: str) -> str:
    size = os.path.getsize(path)
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


# ---- several --------------------------------------------------------------------------------------------------------


def comparison(runs: Sequence[Run], terminal: Terminal) -> list[str]:
    """What differs between runs: settings, places, figures; the best of each figure is in bold."""
    names = _short([run.name for run in runs])
    rows: list[tuple[str, list[str], int | None]] = []
    changed = {name: [text(value) for value in values] for name, values in differences(runs).items()}
    if "network" in changed:
        changed.pop("hidden", None)  # which says the same once more
    rows += [(name.replace("_", " "), values, None) for name, values in changed.items()]
    rows = rows or [("settings", ["the same"] * len(runs), None)]
    where = [places(run) for run in runs]
    moved = [name for name in where[0] if any(place[name] != where[0][name] for place in where)]
    rows += [(name, [text(place[name]) for place in where], None) for name in moved]
    split = len(rows)
    rows += [_metric_row(name, runs, terminal) for name in METRICS if any(run.metric(name) is not None for run in runs)]
    rows.append(("status", [run.status for run in runs], None))
    return _aligned(names, rows, split, terminal)


def _short(names: Sequence[str]) -> list[str]:
    """Names without what all of them begin with, as far as a word goes."""
    if len(set(names)) < len(names):
        return list(names)
    shared = 0
    while len({name[: shared + 1] for name in names}) == 1:
        shared += 1
    cut = names[0][:shared].rfind("-") + 1
    return [name[cut:] or name for name in names] if cut > 8 else list(names)


def _metric_row(name: str, runs: Sequence[Run], terminal: Terminal) -> tuple[str, list[str], int | None]:
    values = [run.metric(name) for run in runs]
    known = [value for value in values if value is not None]
    rises = METRICS[name][1]
    best = None
    if len(set(known)) > 1 and name not in ("parameters", "epochs"):
        best = values.index(max(known) if rises else min(known))
    label = {"r2": terminal.r2, "rmse": "RMSE", "mae": "MAE"}.get(name, name)
    return label, [_shown(name, value) for value in values], best


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name in ("accuracy", "exact"):
        return percent(value)
    if name in ("parameters", "epochs"):
        return f"{value:,.10g}"
    if name in ("rmse", "mae"):
        return amount(value)
    return f"{value:.2f} s" if name == "seconds" else f"{value:.4f}"


def _aligned(
    names: Sequence[str], rows: Sequence[tuple[str, list[str], int | None]], split: int, terminal: Terminal
) -> list[str]:
    label = max(len(row[0]) for row in rows) + 2
    room = max(8, (terminal.width - label) // len(names) - 2)
    widths = [min(room, max(len(names[i]), *(len(row[1][i]) for row in rows))) for i in range(len(names))]
    lines = [terminal.dim(" " * label + "  ".join(_fit(n, w) for n, w in zip(names, widths, strict=True)))]
    for place, (name, values, best) in enumerate(rows):
        if place == split:
            lines.append("")
        cells = [_fit(value, width) for value, width in zip(values, widths, strict=True)]
        shown = [terminal.bold(cell) if i == best else cell for i, cell in enumerate(cells)]
        lines.append(terminal.dim(f"{name:<{label}}") + "  ".join(shown))
    return lines


def _fit(value: str, width: int) -> str:
    return f"{value if len(value) <= width else value[: width - 1] + '…':>{width}}"
