"""Augmentation: every number by hand or by a slow loop beside it, and the promises about seeds."""

import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.random import default_rng

from glassnet.core.random import get_rng_state
from glassnet.data.augment import (
    Compose,
    ElasticTransform,
    GaussianNoise,
    RandomAffine,
    RandomErasing,
    RandomHorizontalFlip,
    RandomRotation,
    RandomShift,
    affine,
)
from glassnet.data.augment_motion import affine_maps, chained, places
from glassnet.data.augment_sample import Sampler
from glassnet.errors import DTypeError, ShapeError, ValueRangeError

EVERY = [RandomAffine(10, (0.1, 0.1), (0.9, 1.1), 5), ElasticTransform(), GaussianNoise(9.0), RandomErasing(0.5)]


def digits(n, *shape, seed=0, dtype=np.uint8):
    return default_rng(seed).integers(0, 256, (n, *shape)).astype(dtype)


def read_by_hand(image, y, x, fill):
    """One place of one image `(H, W)`: the four pixels around it, by the schoolbook."""
    y, x = (min(max(round(p * 256) / 256, -1.0), side) for p, side in zip((y, x), image.shape, strict=True))
    top, left = math.floor(y), math.floor(x)
    fy, fx = y - top, x - left

    def pixel(row, column):
        inside = 0 <= row < image.shape[0] and 0 <= column < image.shape[1]
        return float(image[row, column]) if inside else fill

    above = pixel(top, left) * (1 - fx) + pixel(top, left + 1) * fx
    below = pixel(top + 1, left) * (1 - fx) + pixel(top + 1, left + 1) * fx
    return above * (1 - fy) + below * fy


@given(
    image=arrays(np.uint8, (4, 3)),
    place=st.tuples(*[st.floats(-3, 7, width=32)] * 2),
    fill=st.sampled_from([0, 7, 255]),
    dtype=st.sampled_from([np.uint8, np.float32]),
)
def test_a_place_is_read_as_the_schoolbook_says(image, place, fill, dtype):
    y, x = (round(p * 256) / 256 for p in place)  # exactly on the lattice: no doubt about rounding
    sampler = Sampler((4, 3, 1), 1, fill, dtype)
    got = sampler(image.astype(dtype)[None, :, :, None], np.array([[[y], [x]]], np.float32))
    assert got[0, 0, 0] == pytest.approx(read_by_hand(image, y, x, fill), abs=1e-3)


def test_the_whole_numbers_of_the_mix_do_not_spill_over():
    white = np.full((1, 16, 16, 1), 255, np.uint8)
    steps = np.arange(256, dtype=np.float32) / 256
    for fy in steps:
        places_of_row = np.stack([np.full(256, fy), steps])[None]
        np.testing.assert_array_equal(Sampler((16, 16, 1), 1)(white, places_of_row), 255.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_channels_are_read_alike_and_apart(dtype):
    images = digits(5, 9, 7, 3, dtype=dtype)
    colour = Compose([RandomAffine(20), ElasticTransform(10, 2)], seed=4)
    whole = colour.numbered(0, images)
    for channel in range(3):
        alone = Compose(colour.transforms, seed=4)(np.ascontiguousarray(images[..., channel]))
        np.testing.assert_array_equal(whole[..., channel], alone)


def test_nothing_moved_is_nothing_changed():
    images = digits(3, 28, 28)
    np.testing.assert_array_equal(Compose([RandomAffine(), ElasticTransform(alpha=0)])(images), images)
    np.testing.assert_array_equal(affine(images), images)


def test_many_images_are_moved_as_few_are():
    images = digits(60, 28, 28)
    amounts = {"angle": 7.0, "translate": (1.5, -2.0), "scale": 0.9, "shear": 4.0}
    alone = np.concatenate([affine(image[None], **amounts) for image in images])
    np.testing.assert_array_equal(affine(images, **amounts), alone)


def test_whole_steps_and_quarter_turns_are_exact():
    images = digits(2, 6, 6)
    moved = affine(images, translate=(2, -1))
    np.testing.assert_array_equal(moved[:, 2:, :-1], images[:, :-2, 1:])
    assert not moved[:, :2].any()
    assert not moved[:, :, -1].any()
    np.testing.assert_allclose(affine(images, angle=90), np.rot90(images, axes=(1, 2)), atol=1e-3)


def test_scale_and_shear_go_the_way_they_say():
    image = np.zeros((1, 9, 9), np.uint8)
    image[0, 3:6, 3:6] = 255
    assert affine(image, scale=2.0).sum() == pytest.approx(4 * image.sum(dtype=float), rel=0.15)
    slanted = affine(image, shear=45.0)  # x moves by y: the row below the middle goes one to the right
    np.testing.assert_allclose(slanted[0, 5], np.roll(image[0, 5], 1), atol=1e-3)
    np.testing.assert_allclose(slanted[0, 4], image[0, 4], atol=1e-3)


@given(st.floats(-180, 180), st.floats(0.5, 2), st.floats(-40, 40), st.floats(-3, 3), st.floats(-3, 3))
def test_a_map_leads_back_what_the_moves_lead_forth(angle, scale, shear, down, right):
    (back,) = affine_maps(*map(np.array, ([angle], [[down], [right]], [scale], [shear])))
    y, x = 2.0, -1.5
    x += math.tan(math.radians(shear)) * y  # slanted
    y, x = scale * y, scale * x
    turn = math.radians(angle)  # counter-clockwise, with y downwards
    y, x = math.cos(turn) * y - math.sin(turn) * x, math.sin(turn) * y + math.cos(turn) * x
    np.testing.assert_allclose(back @ [y + down, x + right, 1], [2.0, -1.5], atol=1e-4)


def test_two_maps_in_a_chain_are_one_after_the_other():
    first, then = (RandomAffine(90, (0.2, 0.2), (0.5, 2)).draw(default_rng(i), 3, (8, 8)) for i in (0, 1))
    point = np.array([1.0, 2.0, 1.0])
    for one, two, both in zip(first, then, chained(first, then), strict=True):
        np.testing.assert_allclose(both @ point, one @ [*(two @ point), 1.0], rtol=1e-5)


def test_what_a_map_has_moved_is_then_bent():
    """source = A (p + bend) + t, counted from the corner of a 3 by 3 image."""
    maps = np.array([[[2.0, 0.0, 0.5], [0.0, 3.0, 0.25]]], np.float32)
    bends = np.zeros((1, 2, 3, 3), np.float32)
    bends[0, :, 2, 0] = 0.5, -0.25  # at y = 1, x = -1 from the middle
    found = places(maps, bends, 1, (3, 3)).reshape(2, 3, 3)
    assert found[:, 2, 0].tolist() == [2 * 1.5 + 0.5 + 1, 3 * -1.25 + 0.25 + 1]
    assert found[:, 1, 1].tolist() == [1.5, 1.25]


def test_a_bend_is_as_wide_and_as_smooth_as_simards():
    """Against noise at every pixel, blurred: the same deviation, and the same likeness of neighbours."""
    alpha, sigma = 34.0, 4.0
    bends = ElasticTransform(alpha, sigma).draw(default_rng(0), 3000, (28, 28))
    expected = alpha / (sigma * math.sqrt(12 * math.pi))
    np.testing.assert_allclose(bends.std(axis=0), expected, rtol=0.06)  # the same everywhere
    assert abs(bends.mean()) < 0.02
    for apart in (1, 4, 8):
        product = np.mean(bends[:, :, :, apart:] * bends[:, :, :, :-apart])
        assert product / expected**2 == pytest.approx(math.exp(-(apart**2) / (4 * sigma**2)), abs=0.02)
    across = np.mean(bends[:, 0] * bends[:, 1])
    assert abs(across) < 0.02  # up and down says nothing about left and right


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_affine_amounts_stay_within_their_ranges(seed, n):
    maps = RandomAffine((5, 10), (0.25, 0.5), (1.0, 2.0)).draw(default_rng(seed), n, (8, 10))
    forward = np.linalg.inv(maps[:, :, :2].astype(float))
    scale = np.sqrt(np.linalg.det(forward))
    angle = np.rad2deg(np.arctan2(forward[:, 1, 0], forward[:, 0, 0]))  # x grows with y: counter-clockwise
    moved = -np.einsum("nij,nj->ni", forward, maps[:, :, 2])
    assert ((scale >= 0.999) & (scale <= 2.001)).all()
    assert ((angle >= 4.99) & (angle <= 10.01)).all()
    assert (np.abs(moved) <= [2.001, 5.001]).all()


def test_noise_has_the_deviation_that_it_says():
    images = np.full((200, 10, 10), 100, np.uint8)
    noisy = Compose([GaussianNoise(7.0)])(images)
    assert noisy.mean() == pytest.approx(100, abs=0.3)
    assert noisy.std() == pytest.approx(7, rel=0.03)
    assert len(np.unique(noisy)) > 15_000  # every pixel its own


def test_holes_are_rectangles_of_the_size_and_share_that_they_say():
    images = np.full((400, 20, 30), 9, np.uint8)
    erased = Compose([RandomErasing(0.4, (0.1, 0.2), (0.5, 2.0), value=3.0)])(images)
    holes = erased == 3.0
    assert ((erased == 9.0) | holes).all()
    hit = holes.any(axis=(1, 2))
    assert hit.mean() == pytest.approx(0.4, abs=0.08)
    for hole in holes[hit]:
        rows, columns = hole.any(axis=1), hole.any(axis=0)
        np.testing.assert_array_equal(hole, rows[:, None] & columns)
        height, width = rows.sum(), columns.sum()
        assert np.ptp(np.flatnonzero(rows)) == height - 1
        assert 0.08 * 600 <= height * width <= 0.22 * 600
        assert 0.4 <= height / width <= 2.4
    anywhere = holes.any(axis=0)
    assert anywhere.mean() > 0.95
    for edge in (anywhere[0], anywhere[-1], anywhere[:, 0], anywhere[:, -1]):
        assert edge.any()


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_none_or_all_are_erased(p):
    erased = Compose([RandomErasing(p, value=-1.0)])(digits(50, 8, 8))
    assert ((erased == -1).any(axis=(1, 2)) == bool(p)).all()


def test_what_a_call_makes_depends_on_seed_and_number_alone():
    images = digits(40, 28, 28)
    augment = Compose(EVERY, seed=5)
    first, second = augment(images), augment(images)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(augment.numbered(1, images), second)
    np.testing.assert_array_equal(Compose(EVERY, seed=5).numbered(0, images), first)
    assert not np.array_equal(Compose(EVERY, seed=6)(images), first)


def test_a_state_goes_on_where_it_was_taken():
    images, augment = digits(7, 28, 28), Compose(EVERY, seed=5)
    augment(images)
    state = augment.state_dict()
    expected, resumed = augment(images), Compose(EVERY, seed=0)
    resumed.load_state_dict(state)
    np.testing.assert_array_equal(resumed(images), expected)
    assert resumed.state_dict() == augment.state_dict() == {"seed": 5, "calls": 2}


def test_the_default_stream_is_left_alone():
    before = get_rng_state()
    Compose(EVERY)(digits(3, 28, 28))
    np.testing.assert_array_equal(get_rng_state(), before)


def test_blocks_do_not_show():
    """A batch is worked on in pieces: no image may get another's pixels, and each its own motion."""
    images = np.repeat(np.arange(1, 61, dtype=np.uint8), 28 * 28).reshape(60, 28, 28)
    moved = Compose([RandomRotation(180)], seed=2)(images)
    np.testing.assert_array_equal(moved.max(axis=(1, 2)), np.arange(1, 61))
    corners = moved[:, 3, 3] / np.arange(1, 61)
    assert len(np.unique(corners.round(3))) > 10


def test_results_are_written_where_they_are_wanted():
    images, out = digits(30, 28, 28), np.full((30, 28, 28), np.nan, np.float32)
    assert Compose(EVERY, seed=1)(images, out) is out
    np.testing.assert_array_equal(out, Compose(EVERY, seed=1)(images))


def test_images_themselves_are_never_changed():
    for dtype in (np.uint8, np.float32):
        images = digits(30, 28, 28, dtype=dtype)
        kept = images.copy()
        Compose([GaussianNoise(), RandomErasing(1.0)])(images)
        np.testing.assert_array_equal(images, kept)


def test_two_threads_with_a_composition_each_do_not_disturb_each_other():
    images = digits(200, 28, 28)
    expected, got = [Compose(EVERY, seed=s)(images) for s in range(2)], [None, None]

    def work(seed):
        got[seed] = Compose(EVERY, seed=seed)(images)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(got, expected)


def test_an_empty_batch_stays_empty():
    assert Compose(EVERY)(np.zeros((0, 28, 28), np.uint8)).shape == (0, 28, 28)


def test_a_large_image_is_moved_too():
    image = digits(1, 300, 400, 3)
    np.testing.assert_array_equal(affine(image, translate=(0, 5))[:, :, 5:], image[:, :, :-5])


ONE = np.zeros((1, 4, 4), np.uint8)
MISTAKES = [
    (lambda: RandomAffine(scale=(1.1, 0.9)), "got scale=(1.1, 0.9)"),
    (lambda: RandomAffine(scale=(0.0, 1.0)), "got scale=(0.0, 1.0)"),
    (lambda: RandomAffine(translate=(2.0, 0.0)), "got translate=(2.0, 0.0)"),
    (lambda: RandomAffine(degrees=-5), "got degrees=-5"),
    (lambda: RandomAffine(shear=math.nan), "got shear=nan"),
    (lambda: ElasticTransform(alpha=-1), "got alpha=-1"),
    (lambda: ElasticTransform(sigma=0.5), "got sigma=0.5"),
    (lambda: GaussianNoise(math.inf), "got sigma=inf"),
    (lambda: RandomErasing(p=1.5), "got p=1.5"),
    (lambda: RandomErasing(scale=(0.5, 0.1)), "got scale=(0.5, 0.1)"),
    (lambda: RandomErasing(ratio=(0.0, 1.0)), "got ratio=(0.0, 1.0)"),
    (lambda: RandomErasing(scale=0.3), "RandomErasing: got scale=0.3"),
    (lambda: RandomErasing(value="random"), "got value='random'"),
    (lambda: RandomAffine(10, translate=0.1), "got translate=0.1"),
    (lambda: RandomAffine(10, translate=(0.1,)), "got translate=(0.1,)"),
    (lambda: RandomAffine(10, scale=1.1), "got scale=1.1"),
    (lambda: RandomAffine(10, scale=("a", 1)), "got scale=('a', 1)"),
    (lambda: RandomAffine(10, shear=(1, 2, 3, 4)), "got shear=(1, 2, 3, 4)"),
    (lambda: RandomAffine(None), "got degrees=None"),
    (lambda: RandomRotation("x"), "RandomRotation: got degrees='x'"),
    (lambda: RandomRotation((1, 2, 3)), "RandomRotation: got degrees=(1, 2, 3)"),
    (lambda: RandomHorizontalFlip("x"), "got p='x'"),
    (lambda: RandomShift(1.5), "got pixels=1.5"),
    (lambda: ElasticTransform("a"), "got alpha='a'"),
    (lambda: Compose(None), "Compose: got transforms=None"),
    (lambda: Compose([None]), "Compose: got transforms=[None]"),
    (lambda: Compose(RandomShift()), "got transforms=RandomShift(pixels=2)"),
    (lambda: Compose([], seed="a"), "got seed='a'"),
    (lambda: Compose([], fill=None), "got fill=None"),
    (lambda: affine(ONE, "a"), "affine: got angle='a'"),
    (lambda: affine(ONE, translate=3), "affine: got translate=3"),
    (lambda: affine(ONE, scale=0), "affine: got scale=0"),
    (lambda: affine(ONE, shear=90), "affine: got shear=90"),
]


@pytest.mark.parametrize(("make", "got"), MISTAKES, ids=[got for _, got in MISTAKES])
def test_amounts_without_sense_are_refused(make, got):
    with pytest.raises(ValueRangeError) as problem:
        make()
    assert got in str(problem.value)
    assert "; expected " in str(problem.value)
    assert ". Try " in str(problem.value)


@pytest.mark.parametrize("shape", [(784,), (5, 784), (2, 3, 4, 5, 6)])
def test_arrays_that_are_no_images_are_refused(shape):
    with pytest.raises(ShapeError, match="expected \\(n, height, width\\)"):
        Compose(EVERY)(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("move", [affine, Compose(EVERY)], ids=["affine", "Compose"])
def test_what_is_no_array_of_numbers_is_refused_and_lists_of_them_are_not(move):
    with pytest.raises(ShapeError, match=r"got images of shape \(4, 4\).*Try images\[None\]"):
        move(ONE[0])
    for images in (None, "x", [[1, 2], [3]], ONE.astype(str), ONE.astype(complex)):
        with pytest.raises(DTypeError, match="expected images: arrays of bytes or floats"):
            move(images)
    assert move(ONE.tolist()).shape == (1, 4, 4)


def test_none_leaves_a_motion_out():
    assert RandomAffine(5, None, None, None) == RandomAffine(5)


def test_amounts_may_be_numpys_own():
    moves = [RandomAffine(np.float32(10), shear=np.int64(5)), RandomShift(np.int64(2)), RandomRotation([-5, 5])]
    as_python = [RandomAffine(10.0, shear=5), RandomShift(2), RandomRotation((-5, 5))]
    images = digits(3, 8, 8)
    np.testing.assert_array_equal(Compose(moves, seed=1)(images), Compose(as_python, seed=1)(images))


def test_the_hint_for_flat_digits_works():
    flat = np.zeros((5, 784), np.uint8)
    with pytest.raises(ShapeError, match=r"Try images\.reshape"):
        Compose(EVERY)(flat)
    assert Compose(EVERY)(flat.reshape(-1, 28, 28)).shape == (5, 28, 28)
