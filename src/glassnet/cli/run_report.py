"""A report of a run in Markdown: what was done, on what, how well it went, and what comes of guessing instead."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from glassnet.cli.models import data_of, load_trained
from glassnet.cli.report import percent
from glassnet.cli.run_page import status_of, text
from glassnet.errors import GlassnetError
from glassnet.train.amounts import amount
from glassnet.train.baselines import baselines, headline
from glassnet.train.evaluation import Classification
from glassnet.train.multilabel import Multilabel
from glassnet.train.runs import Run, places
from glassnet.version import __version__

_MOST_ROWS = 20
_MOST_CLASSES = 12
_MOST_MISTAKES = 10
_NAMES = {"accuracy": "accuracy", "exact": "all labels right", "r2": "R²", "rmse": "RMSE", "loss": "loss"}


def report_of(run: Run, baselines: bool = True) -> str:
    """The whole report, ready for a file."""
    sections = [
        [f"# {_plain(run.name)}", "", _opening(run)],
        _results(run, baselines),
        _classes(run),
        _mistakes(run),
        _settings(run),
        _history(run),
        _place(run),
    ]
    blocks = ["\n".join(section) for section in sections if section]
    day = time.strftime("%Y-%m-%d")
    return "\n\n".join([*blocks, f"*Written by glassnet {__version__} on {day}.*"]) + "\n"


def _opening(run: Run) -> str:
    data = run.config.get("data")
    counts = data if isinstance(data, dict) else {}
    parts = {"train": "to learn from", "validation": "to choose the best epoch by", "test": "to test on"}
    known = {key: counts[key] for key in parts if isinstance(counts.get(key), int) and counts[key]}
    told = [f"{count:,} {parts[key]}" for key, count in known.items()]
    network, parameters = run.config.get("network", "?"), run.metric("parameters")
    size = f" with {parameters:,.0f} parameters" if parameters is not None else ""
    seconds = f"; it learned for {run.seconds:.2f} s" if run.seconds is not None else ""
    return (
        f"A multilayer perceptron {network}{size}, trained on `{_plain(run.data)}` "
        f"(examples: {', '.join(told) or '?'}). It is {status_of(run)}{seconds}; seed {run.seed}."
    )


# ---- results --------------------------------------------------------------------------------------------------------


def _results(run: Run, compared: bool) -> list[str]:
    """The network beside what needs none."""
    if run.predictions is None:
        return ["## Results", "", "None: the run has no predictions."]
    test, of = run.predictions
    rows: list[tuple[str, dict[str, float]]] = [("**this network**", headline(test))]
    note = ""
    if compared:
        others, note = _others(run)
        rows += others
    names = list(rows[0][1])
    lines = [f"## Results on {test.n:,} {of} examples", "", _row(["", *(_NAMES[name] for name in names)])]
    lines.append(_row(["---", *["---:"] * len(names)]))
    lines += [_row([label, *(_figure(name, found[name]) for name in names)]) for label, found in rows]
    return [*lines, *(["", note] if note else []), *_verdict(rows)]


def _others(run: Run) -> tuple[list[tuple[str, dict[str, float]]], str]:
    """The baselines; or, where the data cannot be had again, the reason."""
    try:
        data = data_of(load_trained(run.path), run.path)
        return [(found.name, headline(found.test)) for found in baselines(data, run.seed or 0)], ""
    except GlassnetError as problem:
        return [], f"No baselines: {_plain(str(problem))}"


def _verdict(rows: Sequence[tuple[str, dict[str, float]]]) -> list[str]:
    """What the comparison says, in a sentence."""
    if len(rows) < 2:
        return []
    name = "accuracy" if "accuracy" in rows[0][1] else "r2"
    mine, best = rows[0][1][name], max(rows[1:], key=lambda row: row[1][name])
    if mine <= best[1][name]:
        return ["", f"The network is no better than the {best[0]}: it is not worth its parameters."]
    if name == "r2":
        return [
            "",
            f"The network explains {_figure(name, mine - best[1][name])} more of the variance than the {best[0]}.",
        ]
    errors = (1 - mine) / (1 - best[1][name]) if best[1][name] < 1 else 1.0
    return ["", f"The network makes {100 * errors:.0f} % of the mistakes of the {best[0]}."]


def _figure(name: str, value: float) -> str:
    if name == "rmse":
        return amount(value)  # in the target's own units, whatever their size
    return percent(value) if name in ("accuracy", "exact") else f"{value:.4f}"


def _classes(run: Run) -> list[str]:
    """For each class or label: how it went."""
    test = run.predictions[0] if run.predictions is not None else None
    if isinstance(test, Classification):
        return _confusion(test, _class_names(run, len(test.confusion)))
    if isinstance(test, Multilabel):
        names = _class_names(run, test.targets.shape[1])
        rows = zip(names, test.precision, test.recall, test.f1, strict=True)
        body = [_row([name, *(percent(share, 1) for share in shares)]) for name, *shares in rows]
        return ["## Labels", "", _row(["label", "precision", "recall", "F1"]), _row(["---", *["---:"] * 3]), *body]
    return []


def _class_names(run: Run, count: int) -> list[str]:
    names = [_plain(name) for name in run.classes]
    return names if len(names) == count else [str(i) for i in range(count)]


def _confusion(test: Classification, names: Sequence[str]) -> list[str]:
    lines = ["## Classes", ""]
    if len(names) > _MOST_CLASSES:
        lines += [_row(["class", "examples", "right"]), _row(["---", "---:", "---:"])]
        totals = test.confusion.sum(axis=1).tolist()
        shares = zip(names, totals, test.per_class, strict=True)
        return lines + [_row([name, f"{n:,}", percent(share, 1)]) for name, n, share in shares]
    lines += [_row(["true \\ said", *names, "right"]), _row(["---", *["---:"] * (len(names) + 1)])]
    for name, counts, share in zip(names, test.confusion.tolist(), test.per_class, strict=True):
        lines.append(_row([f"**{name}**", *map(str, counts), percent(share, 1)]))
    return lines


def _mistakes(run: Run) -> list[str]:
    """The mistakes that were made with the most certainty."""
    test = run.predictions[0] if run.predictions is not None else None
    worst = test.worst(_MOST_MISTAKES) if isinstance(test, Classification) else []
    if not isinstance(test, Classification) or not worst:
        return []
    names = _class_names(run, len(test.confusion))
    lines = [
        "## Worst mistakes",
        "",
        _row(["example", "true", "said", "sure of it"]),
        _row(["---:", "---", "---", "---:"]),
    ]
    for i in worst:
        said = int(test.said[i])
        sure = percent(float(test.probabilities[i, said]))
        lines.append(_row([str(i), names[int(test.labels[i])], names[said], sure]))
    return [*lines, "", "All of them are in `mistakes.csv`."]


# ---- what it was ----------------------------------------------------------------------------------------------------


def _settings(run: Run) -> list[str]:
    lines = ["## Settings", "", _row(["setting", "value"]), _row(["---", "---"])]
    for name, value in run.settings.items():
        if value is not None:
            lines.append(_row([_plain(name).replace("_", " "), _plain(text(value))]))
    command = run.config.get("command")
    if isinstance(command, list) and command:
        lines += ["", "To do it again:", "", "```sh", _command(command), "```"]
    return lines


def _command(words: Sequence[Any]) -> str:
    import shlex

    return shlex.join(" ".join(str(word).split()) for word in words).replace("```", "")


def _history(run: Run) -> list[str]:
    """A table of some epochs, evenly spaced, the last among them."""
    entries = run.history.entries
    if not entries:
        return []
    names = [name for name in run.history.names if name not in ("epoch", "averaged")]
    step = -(-len(entries) // _MOST_ROWS)
    chosen = [entry for i, entry in enumerate(entries, 1) if i % step == 0 or i == len(entries)]
    lines = ["## History", "", _row(["epoch", *(_plain(n).replace("_", " ") for n in names)])]
    lines.append(_row(["---:"] * (len(names) + 1)))
    return lines + [_row([_cell(entry.get(name)) for name in ("epoch", *names)]) for entry in chosen]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else _plain(str(value))


def _place(run: Run) -> list[str]:
    rows = [_row([name, _plain(str(value))]) for name, value in places(run).items() if value is not None]
    begun = [_row(["begun", _plain(run.date)])] if run.date else []
    return ["## Where and when", "", _row(["", ""]), _row(["---", "---"]), *begun, *rows]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(words: str) -> str:
    """Text that came from a file, so that it cannot become a table, a link or HTML.

    >>> _plain("a|b <script>")
    'a\\\\|b &lt;script&gt;'
    """
    text = " ".join(words.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "|`[]" else c for c in text)
