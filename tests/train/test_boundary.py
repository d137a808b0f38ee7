"""What a network says all over the plane."""

import numpy as np
import pytest

from glassnet.errors import ShapeError
from glassnet.train.boundary import curve, surface, tiles


class Plane:
    """Says x + 10 y."""

    def predict(self, x):
        return (x @ np.array([[1.0], [10.0]][: x.shape[1]])).astype(float)


def test_every_place_of_the_grid_is_asked_about():
    said = surface(Plane(), np.array([[0.0, 0.0], [4.0, 2.0]]), width=5, height=3, margin=0.0)
    assert said.x.tolist() == [0, 1, 2, 3, 4]
    assert said.y.tolist() == [0, 1, 2]
    assert said.values[..., 0].tolist() == [[0, 1, 2, 3, 4], [10, 11, 12, 13, 14], [20, 21, 22, 23, 24]]


def test_the_margin_is_a_share_of_the_range_and_one_point_has_room_too():
    said = surface(Plane(), np.array([[0.0, 1.0], [10.0, 1.0]]), margin=0.5)
    assert (said.x[0], said.x[-1]) == (-5, 15)
    assert said.y[0] < 1 < said.y[-1]


def test_examples_that_are_no_points_are_refused():
    with pytest.raises(ShapeError, match=r"got examples of shape \(28, 28\); expected two features"):
        surface(Plane(), np.zeros((3, 28, 28)))


def test_a_line_is_asked_from_end_to_end():
    xs, ys = curve(Plane(), np.array([[2.0], [-1.0]]), width=4)
    assert xs.tolist() == ys.tolist() == [-1, 0, 1, 2]


def test_tiles_stand_beside_and_below_each_other_each_in_its_own_range():
    picture = tiles(np.array([[1.0, 2.0], [-4.0, 0.0], [3.0, 3.0]]), (1, 2), columns=2)
    expected = [[0.5, 1, np.nan, -1, 0], [np.nan] * 5, [1, 1, np.nan, np.nan, np.nan]]
    np.testing.assert_array_equal(picture, expected)
