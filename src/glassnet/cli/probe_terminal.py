"""What `glassnet probe` finds as a chart in characters, where a chart says more than its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.cli.charts import Curve, chart
from glassnet.cli.terminal import Terminal
from glassnet.read.probe_activations import ACTIVATIONS, ActivationTable

_MOST = 4  # activations that are drawn at once
_Z: list[float] = np.linspace(-5.0, 5.0, 201).tolist()


def in_characters(result: Any, terminal: Terminal) -> list[str]:
    """The lines of a chart for each of a few activations; no lines for anything else."""
    if not isinstance(result, ActivationTable) or len(result.names) > _MOST:
        return []
    lines: list[str] = []
    for name in result.names:
        value, slope = (heights.tolist() for heights in ACTIVATIONS[name](np.array(_Z)))
        curves = [Curve("f(z)", _Z, value), Curve("slope", _Z, slope)]
        lines += ["", *chart(curves, terminal, height=11, title=name, x_label="z")]
    return lines
