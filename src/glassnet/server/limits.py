"""What a session, and a server of sessions, may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glassnet.server import messages


@dataclass(frozen=True)
class Limits:
    """What a session may do."""

    frames_per_second: float = 60.0
    resolution: int = 100
    keep_seconds: float = 900.0  # without a connection
    idle_seconds: float = 3600.0  # without a command, while connected
    hello_seconds: float = 10.0  # for the first message
    messages_per_second: float = 240.0
    message_bytes: int = messages.MOST_BYTES
    model_bytes: int = 64 * 1024 * 1024
    sessions: int = 300
    outputs: int = 10_000_000  # of all units for all points, which a step and a judgement hold in memory

    def as_dict(self) -> dict[str, Any]:
        """For the welcome."""
        return dict(vars(self))
