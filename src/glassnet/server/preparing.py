"""What every process of the server begins with; an engine needs nothing else of `serve.py`."""

from __future__ import annotations

import sys
import warnings

from glassnet.errors import ReplayWarning
from glassnet.train.machine import Blas

_SWITCH_SECONDS = 0.0002  # a thread that trains gives way to the event loop so soon


def prepare() -> None:
    """Many small trainings share the cores: one BLAS thread each, and short waits for the event loop."""
    Blas().threads = 1
    sys.setswitchinterval(_SWITCH_SECONDS)
    # a step that runs op by op is as right, and the page shows its speed
    warnings.simplefilter("ignore", ReplayWarning)
