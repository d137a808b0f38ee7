"""The doctor: what is wrong with a training, why it matters, and what to change.

- `Doctor` watches as a callback of a `Trainer`.
- `check` examines the pieces of a loop written by hand.
- `diagnose` says what there is to say about a `Case`, by the rows of `FINDINGS`.
- `story` tells a training in a few lines.
- `preflight` looks at data and network before the first step.
"""

from glassnet.train.doctor.case import Case, Epoch, Part, epochs_of
from glassnet.train.doctor.checking import Report, check
from glassnet.train.doctor.finding import Finding, Row
from glassnet.train.doctor.findings import FINDINGS, diagnose
from glassnet.train.doctor.preflight import Line, preflight
from glassnet.train.doctor.story import Moment, story
from glassnet.train.doctor.watching import Doctor

__all__ = [
    "FINDINGS", "Case", "Doctor", "Epoch", "Finding", "Line", "Moment", "Part", "Report", "Row", "check", "diagnose",
    "epochs_of", "preflight", "story",
]  # fmt: skip
