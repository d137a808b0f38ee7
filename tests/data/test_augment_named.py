"""Augmentation by name: every name does something, strength is how far it goes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from glassnet.data.augment import Compose, RandomAffine, RandomHorizontalFlip, RandomShift
from glassnet.data.augment_named import augmentation
from glassnet.data.datasets import load_dataset
from glassnet.errors import DataError, ValueRangeError
from glassnet.train.parts import AUGMENTATIONS

DIGITS = default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_every_name_does_something_and_more_of_it_when_stronger(kind):
    one, two = (augmentation([kind], DIGITS, strength).transforms for strength in (1.0, 2.0))
    assert len(one) == 1
    assert one != two or kind == "flip"  # which has no more and less
    changed = augmentation([kind], DIGITS)(np.repeat(DIGITS, 9, axis=0))
    assert not np.array_equal(changed, np.repeat(DIGITS, 9, axis=0))


def test_every_name_together_is_one_motion_and_what_is_no_motion():
    kinds = [type(t).__name__ for t in augmentation(AUGMENTATIONS, DIGITS).transforms]
    assert kinds == ["RandomHorizontalFlip", "RandomAffine", "ElasticTransform", "GaussianNoise", "RandomErasing"]


def test_a_shift_alone_goes_by_whole_pixels_and_with_others_by_parts():
    assert augmentation(["shift"], DIGITS).transforms == (RandomShift(2),)
    (both,) = augmentation(["shift", "rotate"], DIGITS).transforms
    assert both == RandomAffine(10.0, (0.07, 0.07))
    large = np.zeros((1, 56, 56, 3), np.uint8)
    assert augmentation(["shift"], large).transforms == (RandomShift(4),)


@given(st.integers(0, 2**32), st.integers(0, 3), st.sampled_from([0, 9]), st.sampled_from([(), (3,)]))
def test_a_shifted_image_is_the_image_elsewhere(seed, pixels, fill, channels):
    images = default_rng(seed).integers(10, 256, (5, 6, 7, *channels), np.uint8)
    moved = Compose([RandomShift(pixels)], seed=seed, fill=fill)(images)
    for image, found in zip(images, moved, strict=True):
        framed = np.pad(image, [(pixels, pixels)] * 2 + [(0, 0)] * len(channels), constant_values=fill)
        windows = [framed[y : y + 6, x : x + 7] for y in range(2 * pixels + 1) for x in range(2 * pixels + 1)]
        assert any(np.array_equal(found, window) for window in windows)


@pytest.mark.parametrize(("p", "share"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_a_mirror_shows_left_for_right(p, share):
    images = default_rng(1).integers(0, 256, (2000, 3, 4, 2), np.uint8)
    seen = Compose([RandomHorizontalFlip(p)])(images)
    flipped = (seen == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert flipped.mean() == pytest.approx(share, abs=0.04)
    np.testing.assert_array_equal(seen[~flipped], images[~flipped])


def test_every_shift_is_as_likely_as_any_other():
    spot = np.zeros((9000, 5, 5), np.uint8)
    spot[:, 2, 2] = 1
    moved = Compose([RandomShift(1)])(spot).sum(axis=0)
    assert moved.sum() == 9000
    np.testing.assert_allclose(moved[1:4, 1:4], 1000, atol=130)


def test_noise_follows_the_range_of_the_images():
    sigma = [
        augmentation(["noise"], images).transforms[0].sigma for images in (DIGITS, DIGITS.astype(np.float32) / 255)
    ]
    assert sigma == pytest.approx([25.5, 0.1], rel=0.05)


def test_points_are_no_images():
    with pytest.raises(DataError, match=r"got augmentation shift for examples of shape \(2,\); expected images"):
        augmentation(["shift"], load_dataset("moons").x_train)


def test_pixels_are_whole():
    with pytest.raises(ValueRangeError, match="got pixels=-1"):
        RandomShift(-1)


def test_a_training_sees_changed_images_and_is_judged_on_the_real_ones():
    """The same settings with and without: another model, and the same examples for testing."""
    from dataclasses import replace

    from glassnet.train.settings import Settings
    from glassnet.train.training import Training

    digits = load_dataset("mnist")
    few = replace(digits, x_train=digits.x_train[:300], y_train=digits.y_train[:300], x_test=digits.x_test[:50],
                  y_test=digits.y_test[:50])  # fmt: skip
    weights = []
    for augment in ("none", "shift+noise", "shift+noise"):
        training = Training(few, Settings(hidden=(8,), epochs=2, augment=augment))
        assert list(training)[-1].test.n == 50
        weights.append(training.model[0].weight.array.copy())
    assert not np.array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[1], weights[2])
