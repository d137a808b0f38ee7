"""Pictures made into images like MNIST's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.errors import DataError
from glassnet.train.picture import area_weights, prepared


def stroke(height=60, width=80, ink=255, ground=0):
    """A bar that stands a little left of the middle."""
    picture = np.full((height, width), ground, np.uint8)
    picture[height // 6 : -height // 6, width // 4 : width // 3] = ink
    return picture


@given(st.integers(1, 60), st.integers(1, 60))
def test_averaging_keeps_the_mean_and_constants(old, new):
    weights = area_weights(old, new)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    values = np.random.default_rng(old).random(old)
    assert (weights @ values).mean() == pytest.approx(values.mean())


def test_an_image_of_the_right_size_is_taken_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    image[[0, -1]] = image[:, [0, -1]] = 0
    again, done = prepared(image, (28, 28))
    np.testing.assert_array_equal(again, image)
    assert done == ()


@pytest.mark.parametrize("shape", [(28, 28), (60, 80), (300, 50), (9, 9)])
def test_dark_on_light_is_the_same_as_light_on_dark(shape):
    light = stroke(*shape)
    a, done = prepared(255 - light, (28, 28))
    b, _ = prepared(light, (28, 28))
    np.testing.assert_array_equal(a, b)
    assert done[0] == "inverted: dark on light"


@given(st.integers(20, 90), st.integers(20, 90), st.integers(4, 12), st.integers(4, 12))
def test_the_ink_fills_20_pixels_and_its_centre_of_mass_is_in_the_middle(height, width, tall, wide):
    picture = np.zeros((height, width), np.uint8)
    picture[2 : 2 + tall, 3 : 3 + wide] = 200
    image, _ = prepared(picture, (28, 28))
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    mass = image / image.sum()
    for axis in (0, 1):
        assert 13.99 <= mass.sum(axis=axis) @ (np.arange(28) + 0.5) < 15.01
    assert image.max() == 255


def test_size_place_and_contrast_of_the_picture_do_not_matter():
    small = stroke(48, 48)
    large = np.kron(small, np.ones((5, 5), np.uint8))
    pale = np.pad(small // 2, ((10, 3), (0, 40)))
    expected, _ = prepared(small, (28, 28))
    for other in (large, pale):
        np.testing.assert_allclose(prepared(other, (28, 28))[0].astype(int), expected, atol=2)


def test_colours_are_made_grey_as_they_look():
    grey = stroke(28, 28, ink=150)
    rgb = np.stack([grey] * 3, axis=-1)
    np.testing.assert_array_equal(prepared(rgb, (28, 28))[0], grey)
    assert prepared(rgb, (28, 28))[1] == ("made grey",)
    green, blue = np.zeros((28, 28, 3), np.uint8), np.zeros((28, 28, 3), np.uint8)
    green[10:20, 10:20, 1] = blue[10:20, 10:20, 2] = 255
    assert prepared(green, (28, 28))[0].max() > 4 * prepared(blue, (28, 28))[0].max()


@pytest.mark.parametrize("channels", [2, 4])
def test_what_is_transparent_lies_on_white_paper(channels):
    picture = np.zeros((28, 28, channels), np.uint8)
    picture[10:20, 10:20, -1] = 255  # black ink on nothing
    image, done = prepared(picture, (28, 28))
    assert image[15, 15] == 255
    assert image[0, 0] == 0
    assert done[-2:] == ("laid on white", "inverted: dark on light")


def test_faint_shadows_are_not_ink():
    picture = stroke(60, 60)
    picture[50:, :] = np.maximum(picture[50:, :], 20)
    expected, _ = prepared(stroke(60, 60), (28, 28))
    np.testing.assert_array_equal(prepared(picture, (28, 28))[0], expected)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_picture_is_refused(value):
    with pytest.raises(DataError, match="30 × 40 pixels that are all alike; expected something drawn"):
        prepared(np.full((40, 30), value, np.uint8), (28, 28))
    with pytest.raises(DataError, match="28 × 28 pixels that are all alike"):
        prepared(np.full((28, 28), value, np.uint8), (28, 28))


def test_other_sizes_than_mnist_s():
    image, _ = prepared(stroke(60, 80), (16, 20))
    assert image.shape == (16, 20)
    assert image.max() == 255


@pytest.mark.parametrize("shape", [(1, 500), (500, 1), (2, 2)])
def test_the_oddest_shapes_are_handled(shape):
    picture = np.zeros(shape, np.uint8)
    picture.flat[picture.size // 2] = 255
    image, _ = prepared(picture, (28, 28))
    assert image.any()
