"""The pictures of the plane over the epochs, as the plain values of a report."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.train.ground import Ground
from glassnet.train.report_weights import chosen_of, packed

_MOST_EPOCHS = 40


def past(ground: Ground) -> dict[str, Any]:
    """What the network said everywhere at some epochs, picture after picture, each as the report's own boundary is."""
    places = chosen_of(len(ground.epochs), _MOST_EPOCHS)
    height, width = ground.kept[0].shape[1:]
    told = {"epochs": [ground.epochs[i] for i in places], "width": width, "height": height}
    if ground.task == "regression":
        return {**told, "levels": packed(np.stack([heights_of(ground, i) for i in places])), "most": largest(ground)}
    pictures = np.stack([ground.kept[i] for i in places])  # (epochs, 2, height, width)
    return {**told, "classes": packed(pictures[:, 0]), "sure": packed(pictures[:, 1])}


def heights_of(ground: Ground, place: int) -> np.ndarray:
    """One picture of heights as int8, 127 being the largest of all epochs."""
    return np.rint(ground.kept[place][0].astype(np.float64) / largest(ground) * 127).astype(np.int8)


def largest(ground: Ground) -> float:
    """The largest height of all epochs and of the points."""
    heights = max(float(np.abs(picture.astype(np.float32)).max()) for picture in ground.kept)
    return max(heights, float(np.abs(ground.points[:, 2]).max(initial=0.0)), 1e-30)
