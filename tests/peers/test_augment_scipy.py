"""Moved images against scipy.ndimage, to the grey level that 1/256 of a pixel can make."""

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import ndimage

from glassnet.data.augment import Compose, ElasticTransform, RandomAffine
from glassnet.data.augment_motion import places
from glassnet.data.datasets import load_dataset

pytestmark = pytest.mark.peers

AFFINE = RandomAffine(30, (0.2, 0.2), (0.7, 1.3), 20)


def scipys(image, at):
    return ndimage.map_coordinates(image.astype(float), at, order=1, mode="grid-constant", cval=0.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("bent", [False, True])
def test_motions_are_scipys(dtype, bent):
    images = load_dataset("mnist").x_train[:40].astype(dtype)
    got = Compose([AFFINE, ElasticTransform()] if bent else [AFFINE], seed=3)(images)
    worst = 0.0
    rng = default_rng((3, 0))
    for start in range(0, 40, 25):  # blocks of 25 images of 28 by 28
        block = images[start : start + 25]
        maps = AFFINE.draw(rng, len(block), (28, 28))
        bends = ElasticTransform().draw(rng, len(block), (28, 28)) if bent else None
        for i, at in enumerate(places(maps, bends, len(block), (28, 28))):
            worst = max(worst, np.abs(got[start + i].ravel() - scipys(block[i], at)).max())
    assert worst < 2.0  # grey levels of 255: half of 1/256 of a pixel, both ways, across an edge


def test_a_map_is_scipys_affine_transform():
    images = load_dataset("mnist").x_train[:6]
    got = Compose([AFFINE], seed=1)(images)
    maps = AFFINE.draw(default_rng((1, 0)), 6, (28, 28))
    middle = np.full(2, 13.5)
    for image, found, one in zip(images, got, maps.astype(float), strict=True):
        offset = one[:, 2] + middle - one[:, :2] @ middle
        expected = ndimage.affine_transform(
            image.astype(float), one[:, :2], offset, order=1, mode="grid-constant", cval=0.0
        )
        np.testing.assert_allclose(found, expected, atol=2.0)


def test_low_resolution_bends_are_blurred_noise():
    """Simard's recipe at every pixel, and ours at points sigma apart: the same spread of every pixel's displacement."""
    rng, alpha, sigma = default_rng(0), 34.0, 4.0
    noise = rng.uniform(-1, 1, (1500, 60, 60))
    blurred = alpha * ndimage.gaussian_filter(noise, (0, sigma, sigma), mode="wrap")[:, 16:44, 16:44]
    bends = ElasticTransform(alpha, sigma).draw(rng, 1500, (28, 28))
    assert bends.std() == pytest.approx(blurred.std(), rel=0.03)
    quantiles = [0.01, 0.1, 0.5, 0.9, 0.99]
    np.testing.assert_allclose(np.quantile(bends, quantiles), np.quantile(blurred, quantiles), atol=0.15)
