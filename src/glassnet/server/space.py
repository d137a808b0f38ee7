"""The space of a hidden layer seen from where it is widest: the plane as principal components of the layer show it.

A layer of two neurons is a plane itself; of a wider one the two directions are shown along which the training points
vary most, and how much of the variance that is.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.hidden import pca
from glassnet.server import points as drawn
from glassnet.server.course import Course
from glassnet.server.formula import Formula
from glassnet.server.inspection import passed
from glassnet.server.learner import Learner
from glassnet.server.points import EDGE
from glassnet.server.reports import SpaceReport

SIDE = 41  # places of the plane each way


def widest(
    learner: Learner, course: Course, formulas: Sequence[Formula], layer: int, id: int | None = None
) -> SpaceReport:
    """Where a hidden layer puts the plane, along its two principal components.

    Raises `ValueRangeError` for a layer that is not hidden, for a curve, and where there are no points.
    """
    hidden = len(learner.layers) - 1
    if not 1 <= layer <= hidden:
        hint = "Try layer 1" if hidden else "Try adding a hidden layer first"
        raise ValueRangeError(complain(f"got layer {layer}", f"expected 1 to {hidden}", hint))
    if course.points.dimensions != 2 or not len(course.x):
        got = "got a curve" if course.points.dimensions != 2 else "got no training points"
        raise ValueRangeError(complain(got, "expected points of the plane", "Try the data set moons"))
    axis = np.linspace(-EDGE, EDGE, SIDE)
    x2, x1 = np.meshgrid(axis[::-1], axis, indexing="ij")  # row 0 is the greatest x2, as in heat maps
    plane = np.column_stack((x1.reshape(-1), x2.reshape(-1)))
    said, everywhere = (passed(learner, x)[1][layer - 1] for x in (course.x, drawn.features_of(formulas, plane)))
    if not (np.isfinite(said).all() and np.isfinite(everywhere).all()):
        raise ValueRangeError(complain("got numbers that are none", "expected finite ones", "Try Back to the start"))
    flat = pca(said)
    across, up = flat(everywhere).T
    return SpaceReport(
        layer, learner.layers[layer - 1].shape[0], SIDE, _packed(across), _packed(up), flat.share.tolist(),
        flat.axes.tolist(), id,
    )  # fmt: skip


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
