"""The learner's dropout: what stays makes up for what is left out."""

import numpy as np
import pytest

from glassnet.server.playground import Playground


def masks_of(playground, rows):
    return [mask.array.copy() for mask in playground.learner.masks(rows)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_units_that_stay_are_scaled_so_that_the_sum_is_what_it_was(share):
    playground = Playground({"points": 20, "resolution": 10, "hidden": [8, 3], "dropout": share})
    first, second = masks_of(playground, 4000)
    assert (first.shape, second.shape) == ((4000, 8), (4000, 3))
    for mask in (first, second):
        assert set(np.unique(mask)) == {0.0, 1 / (1 - share)}
        deviation = np.sqrt(share / (1 - share) / mask.size)
        assert mask.mean() == pytest.approx(1.0, abs=5 * deviation)
    assert (masks_of(playground, 4000)[0] != first).any()  # every batch leaves out others
