"""A model as a notebook shows it: a table of its layers, their parameters' shapes, and how many numbers they learn."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassnet.nn.module import Module

_CELL = "padding:2px 12px 2px 0;text-align:left"
_RIGHT = "padding:2px 12px 2px 0;text-align:right"


def table_of(model: Module) -> str:
    """One row for each layer without layers inside, and the sum; a parameter that several layers share counts once.

    >>> from glassnet import nn
    >>> table_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU())).count("<tr>")
    4
    """
    seen: set[int] = set()
    rows, total, fixed = [], 0, 0
    for name, module in model.named_modules():
        own = list(module.named_parameters(recurse=False))
        if any(True for _ in module.children()) and not own:
            continue
        new = [(key, p) for key, p in own if id(p) not in seen]
        seen.update(id(p) for _, p in new)
        count = sum(p.array.size for _, p in new)
        total += count
        fixed += sum(p.array.size for _, p in new if not p.requires_grad)
        shapes = ", ".join(f"{key} {_shape(p.array.shape)}" for key, p in own)
        shared = " (shared)" if len(new) < len(own) else ""
        inside = f"{type(module).__name__}({module.extra_repr()})"
        rows.append(_row(name or "–", inside, f"{shapes}{shared}", f"{count:,}" if own else "–"))
    frozen = f", {fixed:,} of them frozen" if fixed else ""
    head = "".join(f"<th style='{_CELL}'>{word}</th>" for word in ("name", "layer", "shapes", "parameters"))
    foot = f"<tr><td colspan='4' style='{_CELL}'><b>{total:,} parameters</b>{frozen}</td></tr>"
    title = f"<b>{escape(type(model).__name__)}</b>"
    return f"<div>{title}<table style='border-collapse:collapse'><tr>{head}</tr>{''.join(rows)}{foot}</table></div>"


def _row(name: str, layer: str, shapes: str, count: str) -> str:
    cells = "".join(f"<td style='{_CELL}'>{escape(words)}</td>" for words in (name, layer, shapes))
    return f"<tr>{cells}<td style='{_RIGHT}'>{escape(count)}</td></tr>"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if math.prod(shape) != 1 or len(shape) > 1 else str(shape[0] if shape else 1)
