"""What is said about a table before it is learnt from: its parts, its inputs, the loss, and what was odd."""

from __future__ import annotations

from collections import Counter

import numpy as np

from glassnet import nn
from glassnet.cli.help import wrapped
from glassnet.cli.terminal import Terminal
from glassnet.train.amounts import amount
from glassnet.train.table_data import TableData, preflight

_LABEL = 9
_MOST = 12  # findings of one weight
_LOSSES = {
    "classification": "cross-entropy of the scores, which need no softmax",
    "multilabel": "binary cross-entropy of the scores, which need no sigmoid",
    "regression": "squared error, of the target in standard deviations",
}
_WAYS = {"number": "standardised", "one-hot": "one-hot", "embedded": "embedded"}


def table_rows(data: TableData, model: nn.Module, terminal: Terminal) -> list[str]:
    """The check before training, line by line."""
    figures = preflight(data)
    rows = [
        ("target", _target(data)),
        ("parts", _parts(data, figures["rows"])),
        ("inputs", _inputs(data, figures["inputs"])),
        ("weights", f"deviation of each layer at the start {_deviations(model)}"),
        ("loss", _LOSSES[data.task]),
        *_findings(data),
    ]
    lines: list[str] = []
    for label, text in rows:
        first, *more = wrapped(text, terminal.width - _LABEL)
        paint = terminal.paint(f"{label:<{_LABEL}}", "33") if label == "warning" else terminal.dim(f"{label:<{_LABEL}}")
        lines += [paint + first, *(" " * _LABEL + line for line in more)]
    return lines


def _target(data: TableData) -> str:
    target = data.code.target
    names = ", ".join(target.names)
    if target.task == "classification":
        listed = ", ".join(target.classes[:8]) + (", …" if len(target.classes) > 8 else "")
        return f"{names}: {len(target.classes)} classes, {listed}"
    if target.task == "multilabel":
        return f"{names}: yes or no for each"
    scales = [f"{amount(mean)} ± {amount(spread)}" for mean, spread in zip(target.means, target.spreads, strict=True)]
    return f"{names}: numbers, {', '.join(scales)}"


def _parts(data: TableData, rows: dict[str, int]) -> str:
    sizes = f"{rows['train']:,} to learn from, {rows['validation']:,} to validate on, {rows['test']:,} to test on"
    return sizes + ("; no row is in two of them" if data.overlap == 0 else "")


def _inputs(data: TableData, figures: dict[str, float]) -> str:
    ways = Counter(_WAYS[feature.way] for feature in data.code.features)
    gaps = sum(feature.marked for feature in data.code.features)
    kinds = [f"{count} {way}" for way, count in ways.items()] + ([f"{gaps} with gaps marked"] if gaps else [])
    spread = f"{figures['min']:.3g} to {figures['max']:.3g}, mean {figures['mean']:.2f}, deviation {figures['std']:.2f}"
    count = len(data.code.features)
    return f"{data.code.width} numbers of {count} column{'s' * (count > 1)} ({', '.join(kinds)}): {spread}"


def _deviations(model: nn.Module) -> str:
    return ", ".join(f"{float(np.std(p.array)):.3f}" for p in model.parameters() if p.array.ndim > 1)


def _findings(data: TableData) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for weight in ("note", "warning"):
        texts = [finding.text for finding in data.findings if finding.weight == weight]
        rows += [(weight, text) for text in texts[:_MOST]]
        if len(texts) > _MOST:
            rows.append((weight, f"and {len(texts) - _MOST} more, in result.json"))
    return rows
