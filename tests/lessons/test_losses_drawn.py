"""Every loss of the library has its picture, and the slope that is told is the one that the tape gives."""

import numpy as np
import pytest

from glassnet import nn
from glassnet.errors import ValueRangeError
from glassnet.lessons import draw_loss
from glassnet.lessons.losses import LOSSES, cost_and_slope


def test_no_loss_is_left_out():
    assert set(LOSSES) == {name for name in dir(nn) if name.endswith("Loss")}


@pytest.mark.parametrize("name", LOSSES)
def test_the_slope_in_words_is_the_tapes(name):
    along = LOSSES[name]
    for x in np.linspace(along.low, along.high, 12)[1:-1] + 0.0137:  # beside the kinks
        cost, slope = cost_and_slope(name, float(x))
        assert slope == pytest.approx(along.by_hand(float(x)), abs=1e-9)
        h = 1e-6
        nudged = (cost_and_slope(name, x + h)[0] - cost_and_slope(name, x - h)[0]) / (2 * h)
        assert slope == pytest.approx(nudged, abs=1e-6)
        assert np.isfinite(cost)


@pytest.mark.parametrize("name", ["MSELoss", "CrossEntropyLoss"])
def test_a_picture_has_both_curves_and_says_what_is_moved(name):
    svg = draw_loss(name, 9).svg()
    assert svg.count("<polyline") == 2
    assert LOSSES[name].number in svg


def test_an_unknown_loss_is_told():
    with pytest.raises(ValueRangeError, match=r"got 'Nope'; expected one of BCELoss.* Try draw_loss"):
        draw_loss("Nope")
