"""The table that `model.summary()` prints."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.faces.keras.layers import Layer

HEADER = ("Layer (type)", "Output Shape", "Param #")


def table(name: str, layers: Sequence[Layer]) -> str:
    """One line per layer, then the totals."""
    rows = [HEADER, *(_row(layer) for layer in layers)]
    widths = [max(len(row[i]) for row in rows) + 2 for i in range(3)]
    rule = "-" * (sum(widths) + 1)
    lines = [f" {a:<{widths[0]}}{b:<{widths[1]}}{c:>{widths[2]}}".rstrip() for a, b, c in rows]
    return "\n".join([f'Model: "{name}"', rule, lines[0], rule, *lines[1:], rule, *_totals(layers)])


def _row(layer: Layer) -> tuple[str, str, str]:
    shape = f"(None, {', '.join(map(str, layer.output_shape))})"
    return f"{layer.name} ({type(layer).__name__})", shape, f"{layer.count_params():,}"


def _totals(layers: Sequence[Layer]) -> list[str]:
    total = sum(layer.count_params() for layer in layers)
    trained = sum(t.array.size for layer in layers for t in layer.weights if t.requires_grad)
    counts = {"Total": total, "Trainable": trained, "Non-trainable": total - trained}
    return [f" {kind} params: {n:,}" for kind, n in counts.items()]
