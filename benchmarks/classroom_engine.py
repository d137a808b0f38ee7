"""An engine of the server that is measured: its frames say when they were due.

They do so in the field of the epochs a second, in the clock that all processes of a machine share.
"""

from glassnet.server.engine import main
from glassnet.server.pace import Pace


def _stamp(self: Pace, epoch: float) -> None:
    self.speed = self.due  # not a number for a frame that no clock asked for


def stamp_frames() -> None:
    """From now on."""
    Pace.measure = _stamp  # type: ignore[method-assign]


if __name__ == "__main__":
    stamp_frames()
    main()
