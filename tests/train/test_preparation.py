"""What is done to examples before a network sees them, and how they are handed out in batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.core.random import manual_seed
from glassnet.errors import FormatError, ShapeError
from glassnet.train.batches import Batches
from glassnet.train.preparation import Preparation

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 4, 3), dtype=np.uint8)
POINTS = np.random.default_rng(1).normal(5, 3, (50, 2)).astype(np.float32)


@given(st.integers(2, 60), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_features_get_mean_0_and_deviation_1_each(n, features, seed):
    x = np.random.default_rng(seed).normal(100, 7, (n, features))
    z = Preparation.fitted(x)(x)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-3)


def test_pixels_share_one_scale():
    prepare = Preparation.fitted(IMAGES)
    z = prepare(IMAGES)
    assert prepare.scale.shape == ()
    assert z.dtype == np.float32
    assert z.shape == (50, 12)
    assert abs(z.mean()) < 1e-5
    assert z.std() == pytest.approx(1, rel=1e-5)


def test_a_constant_feature_is_only_shifted():
    x = np.array([[1.0, 7.0], [3.0, 7.0]])
    np.testing.assert_array_equal(Preparation.fitted(x)(x), [[-1, 0], [1, 0]])


def test_sorted_examples_do_not_bias_the_sample():
    x = np.repeat(np.arange(0, 250, dtype=np.uint8), 40).reshape(10_000, 1, 1)
    assert Preparation.fitted(x)(x).mean() == pytest.approx(0, abs=0.01)


def test_flat_examples_are_as_good_as_shaped_ones():
    prepare = Preparation.fitted(IMAGES)
    np.testing.assert_array_equal(prepare(IMAGES.reshape(50, 12)), prepare(IMAGES))


@pytest.mark.parametrize("shape", [(5, 3, 4), (5, 11), (5,), (5, 4, 3, 1)])
def test_examples_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match="expected"):
        Preparation.fitted(IMAGES)(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("x", [IMAGES, POINTS], ids=["pixels", "points"])
def test_it_survives_a_file_to_the_last_bit(x):
    prepare = Preparation.fitted(x)
    again = Preparation.from_dict(prepare.as_dict(), "file")
    np.testing.assert_array_equal(again(x), prepare(x))
    assert again.shape == prepare.shape


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {},
        {"shape": [2], "scale": 1.0},
        {"shape": [2], "scale": [1.0], "offset": 0.0},
        {"shape": [2], "scale": [1.0, 1e99], "offset": 0.0},
        {"shape": [2], "scale": None, "offset": 0.0},
        {"shape": ["a"], "scale": 1.0, "offset": 0.0},
        {"shape": [-2], "scale": 1.0, "offset": 0.0},
        {"shape": [10**9, 10**9], "scale": 1.0, "offset": 0.0},
        {"shape": 3, "scale": 1.0, "offset": 0.0},
        {"shape": [2], "scale": [[1.0, 1.0]], "offset": 0.0},
        {"shape": [2], "scale": {"a": 1}, "offset": 0.0},
    ],
)
def test_a_description_that_is_none_is_named(values):
    with pytest.raises(FormatError, match=r"^model\.safetensors: got a preparation"):
        Preparation.from_dict(values, "model.safetensors")


# ---- batches ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(0, 50), st.booleans())
def test_a_pass_gives_every_example_once_with_its_own_target(n, size, pixels):
    x = np.arange(n * 2).reshape(n, 2).astype(np.uint8 if pixels else np.float32)
    prepare = Preparation((2,), np.float32(1), np.float32(0))
    seen = []
    for xs, ys in (batches := Batches(x, np.arange(n), prepare, size)):
        assert len(ys) <= (size or n)
        np.testing.assert_array_equal(xs.array, x[ys.array])
        seen += ys.tolist()
    assert sorted(seen) == list(range(n))
    assert len(batches) == len(range(0, n, size or n))


def test_every_pass_has_its_own_order_and_the_seed_decides_it():
    def orders(seed):
        manual_seed(seed)
        batches = Batches(POINTS, np.arange(50), Preparation.fitted(POINTS), 50)
        return [y.tolist() for _ in range(2) for _, y in batches]

    assert orders(1) == orders(1)
    assert orders(1)[0] != orders(1)[1]
    assert orders(1) != orders(2)


def test_memory_is_reused_from_batch_to_batch():
    batches = Batches(IMAGES, np.arange(50), Preparation.fitted(IMAGES), 20)
    given = [(id(x.array), x.array.shape) for _ in range(2) for x, _ in batches]
    assert len(set(given)) == 2  # the full size and the last short one


def test_the_data_itself_stays_as_it_was():
    before = IMAGES.copy()
    for x, _ in Batches(IMAGES, np.arange(50), Preparation.fitted(IMAGES), 7):
        x.array[...] = -1
    np.testing.assert_array_equal(IMAGES, before)
