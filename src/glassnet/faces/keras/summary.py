"""The table that `model.summary()` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

HEADER = ("Layer (type)", "Output Shape", "Param #")
WIDTHS = (33, 24, 15)  # Keras's, at 80 columns
BYTES = 4  # of a float32


def table(name: str, layers: Sequence[Any]) -> str:
    """The layers in a box, then the totals."""
    rows = [_row(layer) for layer in layers]
    widths = [max(w, *(len(row[i]) + 2 for row in (HEADER, *rows))) for i, w in enumerate(WIDTHS)]
    lines = [_rule("┏━┳┓", widths), _cells(HEADER, widths, "┃"), _rule("┡━╇┩", widths)]
    for i, row in enumerate(rows):
        lines += ([_rule("├─┼┤", widths)] if i else []) + [_cells(row, widths, "│")]
    return "\n".join([f'Model: "{name}"', *lines, _rule("└─┴┘", widths), *_totals(layers)])


def _rule(marks: str, widths: Sequence[int]) -> str:
    left, line, middle, right = marks
    return left + middle.join(line * w for w in widths) + right


def _cells(row: Sequence[str], widths: Sequence[int], bar: str) -> str:
    name, shape, count = (f" {text} " for text in row)
    return bar + bar.join([f"{name:<{widths[0]}}", f"{shape:<{widths[1]}}", f"{count:>{widths[2]}}"]) + bar


def _row(layer: Any) -> tuple[str, str, str]:
    title = f"{layer.name} ({type(layer).__name__})"
    if not layer.built:
        return title, "?", "0 (unbuilt)"
    several = bool(layer.out_shape) and isinstance(layer.out_shape[0], tuple)
    shapes = [(None, *s) for s in (layer.out_shape if several else [layer.out_shape])]
    return title, ", ".join(map(str, shapes)), f"{layer.count_params():,}"


def _totals(layers: Sequence[Any]) -> list[str]:
    tensors = {id(t): t for layer in layers for t in layer.weights}.values()
    total = sum(t.array.size for t in tensors)
    trained = sum(t.array.size for t in tensors if t.requires_grad)
    counts = {"Total": total, "Trainable": trained, "Non-trainable": total - trained}
    return [f" {kind} params: {n:,} ({_size(n * BYTES)})" for kind, n in counts.items()]


def _size(n: float) -> str:
    for unit in ("B", "KB", "MB"):
        if n < 1024:
            return f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} GB"
