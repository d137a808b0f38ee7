"""Searches that have a name."""

from __future__ import annotations

from typing import Any, NamedTuple

from glassnet.scale.space import Space


class Preset(NamedTuple):
    """A data set, what is tried on it, and what stays the same."""

    says: str
    data: str
    space: Space
    base: dict[str, Any]
    subset: int


PRESETS: dict[str, Preset] = {
    "mnist-grid": Preset(
        "what rate, width, depth and batch size do to 192 networks that read digits",
        data="mnist",
        space={
            "learning_rate": (0.001, 0.01, 0.1, 1.0),
            "width": (32, 64, 128, 256),
            "depth": (1, 2, 3),
            "batch_size": (16, 32, 64, 128),
        },
        # plain gradient descent at a constant rate: nothing hides what the four of them do
        base={"optimizer": "sgd", "momentum": 0.0, "schedule": "constant", "warm_up": 0.0, "epochs": 10},
        subset=10_000,
    )
}
