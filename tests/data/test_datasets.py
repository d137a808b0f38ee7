"""The registry, the toy sets and what they promise about shapes, splits, seeds and geometry."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.data import toys
from glassnet.data.datasets import DATASETS, DataSet, dataset, fixed, load_dataset
from glassnet.data.registry import Arrays, check_labels, real_number, whole_number
from glassnet.errors import DataError, ValueRangeError

PLANE_CLASSES = ["checkerboard", "circle", "gauss", "moons", "rings", "spiral", "three_spirals", "xor"]
SURFACES = ["gauss_regression", "plane"]
CURVES = ["abs", "bump", "chirp", "polynomial", "sawtooth", "sinc", "sine", "step"]
GATES = ["and", "nand", "or", "xor_gate"]
DRAWN = PLANE_CLASSES + SURFACES + CURVES


def rows(*arrays: np.ndarray) -> list[tuple]:
    return sorted(map(tuple, np.concatenate([a.reshape(len(a), -1) for a in arrays], axis=1).tolist()))


def test_the_registry_lists_every_data_set():
    assert sorted(DATASETS) == sorted([*DRAWN, *GATES, "mnist", "fashion_mnist"])


@pytest.mark.parametrize("name", DRAWN + GATES)
def test_every_data_set_has_the_promised_shapes_and_types(name: str):
    data = load_dataset(name)
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert x.dtype == np.float32
        assert x.shape == (len(y), len(data.feature_names))
        assert np.isfinite(x).all()
        assert np.isfinite(y).all()
        if data.task == "classification":
            assert y.dtype == np.int64
            assert sorted(set(y.tolist())) == list(range(len(data.classes)))
        else:
            assert y.dtype == np.float32
            assert y.shape == (len(x), 1)
    assert data.summary
    assert data.n_outputs == (len(data.classes) if data.task == "classification" else 1)


@pytest.mark.parametrize("name", DRAWN)
def test_points_fill_the_playgrounds_area_and_leave_it_only_by_noise(name: str):
    x = load_dataset(name, n=4000, noise=0.0, test_fraction=0.0).x_train
    assert np.abs(x).max() <= 6
    if name not in ("moons", "gauss"):
        assert np.abs(x).max() >= 4.5


@pytest.mark.parametrize("name", DRAWN)
def test_a_seed_gives_the_same_numbers_and_another_seed_others(name: str):
    first, again, other = (load_dataset(name, n=60, noise=0.1, seed=seed) for seed in (5, 5, 6))
    for field in Arrays._fields:
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
    assert rows(first.x_train) != rows(other.x_train)


def test_the_numbers_of_a_seed_are_these():
    data = load_dataset("moons", n=4, seed=1)
    golden = [[-0.93391258, -0.26063144], [1.06911683, 0.16432363], [1.89260936, 0.61622363]]
    np.testing.assert_allclose(data.x_train, golden, atol=1e-6)
    assert data.y_train.tolist() == [0, 0, 1]


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(DRAWN),
    n=st.integers(2, 300),
    test_fraction=st.floats(0, 1, exclude_max=True),
    noise=st.floats(0, 0.5),
    seed=st.integers(0, 2**64),
)
def test_the_split_loses_no_point_and_doubles_none(name, n, test_fraction, noise, seed):
    options = {"n": n, "noise": noise, "seed": seed}
    data = load_dataset(name, **options, test_fraction=test_fraction)
    whole = load_dataset(name, **options, test_fraction=0.0)
    assert len(data.x_train) + len(data.x_test) == n
    assert len(data.x_test) == min(round(n * test_fraction), n - 1)
    assert whole.x_test.shape == (0, whole.x_train.shape[1])
    together = rows(np.concatenate((data.x_train, data.x_test)), np.concatenate((data.y_train, data.y_test)))
    assert together == rows(whole.x_train, whole.y_train)


@pytest.mark.parametrize("n", [2, 3, 101, 500])
@pytest.mark.parametrize("name", ["moons", "circle", "gauss", "spiral", "rings", "three_spirals"])
def test_classes_are_balanced(name: str, n: int):
    counts = np.bincount(load_dataset(name, n=n, noise=0.0, test_fraction=0.0).y_train, minlength=2)
    # four rings: two of each class; with few points the last rings are empty
    assert counts.max() - counts.min() <= (1 if name != "rings" else 2)


def test_circle_is_a_disc_in_a_ring_with_a_gap():
    data = load_dataset("circle", n=2000, test_fraction=0.0)
    radius = np.hypot(*data.x_train.T)
    assert radius[data.y_train == 1].max() <= 2.5
    assert radius[data.y_train == 0].min() >= 3.5
    assert radius.max() <= 5
    # The Playground's first point of seed 0.59704, which it labels +1.
    assert toys.disc_label(np.array([[0.24014491222149606, 0.46035893207186385]])).tolist() == [1]


def test_xor_is_labelled_by_the_sign_of_the_product_and_keeps_off_the_axes():
    data = load_dataset("xor", n=2000, test_fraction=0.0)
    np.testing.assert_array_equal(data.y_train, data.x_train.prod(axis=1) >= 0)
    assert np.abs(data.x_train).min() >= np.float32(0.3)


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.25, 2.25), (0.5, 4.0)])
def test_gauss_has_the_playgrounds_centres_and_variances(noise: float, variance: float):
    data = load_dataset("gauss", n=40_000, noise=noise, test_fraction=0.0)
    for label, centre in ((0, -2), (1, 2)):
        cloud = data.x_train[data.y_train == label]
        np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=0.06)
        np.testing.assert_allclose(cloud.var(axis=0), variance, rtol=0.05)


def test_spiral_arms_are_the_playgrounds():
    x, y = toys.spiral(np.random.default_rng(0), 200, 0.0)
    for label, turn in ((1, 0.0), (0, np.pi)):
        arm = x[y == label]
        for i in (0, 37, 99):
            r, t = 5 * i / 100, 1.75 * i / 100 * 2 * np.pi + turn
            np.testing.assert_allclose(arm[i], (r * np.sin(t), r * np.cos(t)), atol=1e-12)


def test_three_spirals_are_one_arm_turned_by_thirds():
    x, y = toys.three_spirals(np.random.default_rng(0), 300, 0.0)
    third = 2 * np.pi / 3
    turn = np.array([[np.cos(third), np.sin(third)], [-np.sin(third), np.cos(third)]])  # clockwise
    np.testing.assert_allclose(x[y == 0] @ turn.T, x[y == 1], atol=1e-12)
    np.testing.assert_allclose(x[y == 1] @ turn.T, x[y == 2], atol=1e-12)


@pytest.mark.parametrize("name", ["spiral", "three_spirals"])
def test_noise_moves_the_points_of_spirals_by_at_most_that_much(name: str):
    rule = getattr(toys, name)
    still, _ = rule(np.random.default_rng(0), 400, 0.0)
    moved, _ = rule(np.random.default_rng(0), 400, 0.3)
    assert 0.25 < np.abs(moved - still).max() <= 0.3


@pytest.mark.parametrize("name", ["circle", "xor", "checkerboard"])
def test_noise_changes_labels_near_the_border_but_not_the_points(name: str):
    rule = getattr(toys, name)
    x, clean = rule(np.random.default_rng(0), 2000, 0.0)
    same_x, noisy = rule(np.random.default_rng(0), 2000, 0.1)
    np.testing.assert_array_equal(x, same_x)
    assert 0 < np.mean(clean != noisy) < 0.3


def test_checkerboard_neighbours_differ():
    x, y = toys.checkerboard(np.random.default_rng(0), 3000, 0.0, squares=5)  # fields of side 2
    column, row = np.floor((x + 5) / 2).astype(int).T
    assert set(column) == set(row) == {0, 1, 2, 3, 4}
    np.testing.assert_array_equal(y, (column + row) % 2)


def test_rings_alternate_and_can_be_counted():
    x, y = toys.rings(np.random.default_rng(0), 1000, 0.0, rings=5)
    ring = np.hypot(*x.T)  # gap 1, so the radius is the ring's number from 1
    np.testing.assert_allclose(ring, ring.round(), atol=1e-12)
    np.testing.assert_array_equal(y, (ring.round() - 1) % 2)
    assert sorted(set(ring.round())) == [1, 2, 3, 4, 5]


def test_plane_is_a_tenth_of_the_sum():
    data = load_dataset("plane", test_fraction=0.0)
    np.testing.assert_allclose(data.y_train[:, 0], data.x_train.sum(axis=1) / 10, atol=1e-6)
    assert len(data.x_train) == 1200


@pytest.mark.parametrize(
    ("point", "height"),
    [
        ((-4, 2.5), 1), ((0, 2.5), -1), ((4, 2.5), 1),
        ((-4, -2.5), -1), ((0, -2.5), 1), ((4, -2.5), -1),
        ((0, 0), 0), ((-4, 1.5), 0.5), ((5, 2.5), 0.5), ((-2, 2.5), 0), ((0, 6), 0),
    ],
)  # fmt: skip
def test_hills_are_six_cones_of_radius_two(point, height):
    assert toys.hills(np.array([point], dtype=float))[0, 0] == height


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("sine", np.pi / 2, 1.0), ("step", -1e-9, 0.0), ("step", 0.0, 1.0), ("abs", -2.5, 2.5),
        ("polynomial", 2.0, -0.5), ("sinc", np.pi / 2, 2 / np.pi), ("bump", 1.0, np.exp(-1)),
        ("sawtooth", -0.5, 0.75), ("chirp", 3.0, np.sin(3.0)),
    ],
)  # fmt: skip
def test_curves_have_these_values(name: str, x: float, y: float):
    from glassnet.data import curves

    f = {"abs": curves.absolute}.get(name) or getattr(curves, name)
    assert f(np.array([[x]])).item() == pytest.approx(y, abs=1e-12)
    data = load_dataset(name, n=50, noise=0.0, test_fraction=0.0)
    np.testing.assert_allclose(data.y_train, f(data.x_train.astype(float)), atol=1e-5)


def test_noise_of_a_curve_is_a_standard_deviation():
    data = load_dataset("sine", n=20_000, noise=0.3, test_fraction=0.0)
    assert np.std(data.y_train - np.sin(data.x_train)) == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize(("name", "f"), [
    ("and", lambda a, b: a and b), ("or", lambda a, b: a or b),
    ("nand", lambda a, b: not (a and b)), ("xor_gate", lambda a, b: a != b),
])  # fmt: skip
def test_gates_are_whole_truth_tables(name: str, f):
    data = load_dataset(name)
    assert data.x_train.tolist() == data.x_test.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.y_train.tolist() == data.y_test.tolist() == [int(f(bool(a), bool(b))) for a, b in data.x_train]


@pytest.mark.parametrize("spelling", ["three_spirals", "three-spirals", " Three-Spirals "])
def test_spelling_of_a_name_is_forgiving(spelling: str):
    assert load_dataset(spelling).name == "three_spirals"


BAD_CALLS = [
    (("moon",), {}, "moons"),
    (("spirals",), {}, "spiral"),
    (("MINST",), {}, "mnist"),
    (("fashion",), {}, "fashion_mnist"),
    (("spiral",), {"size": 100}, "n, noise, seed, test_fraction"),
    (("and",), {"n": 100}, "no options"),
    (("spiral",), {"n": 1}, "n=1"),
    (("spiral",), {"n": 2.5}, "n=2.5"),
    (("spiral",), {"n": True}, "n=True"),
    (("spiral",), {"n": 10**9}, "at most 1000"),
    (("spiral",), {"noise": -0.1}, "noise=-0.1"),
    (("spiral",), {"noise": float("nan")}, "noise=nan"),
    (("spiral",), {"noise": float("inf")}, "noise=inf"),
    (("spiral",), {"noise": 1e300}, "less than 1000"),
    (("spiral",), {"noise": "0.1"}, "noise='0.1'"),
    (("spiral",), {"seed": -1}, "seed=-1"),
    (("spiral",), {"seed": None}, "seed=None"),
    (("spiral",), {"test_fraction": 1.0}, "less than 1"),
    (("spiral",), {"test_fraction": -0.5}, "test_fraction=-0.5"),
    (("rings",), {"rings": 1}, "rings=1"),
    (("checkerboard",), {"squares": 1000}, "at most 100"),
]


@pytest.mark.parametrize(("args", "options", "named"), BAD_CALLS, ids=lambda value: str(value)[:40])
def test_a_bad_call_is_answered_in_three_beats_and_the_advice_works(monkeypatch, args, options, named):
    monkeypatch.setattr("glassnet.data.registry.MOST_POINTS", 1000)
    with pytest.raises(ValueRangeError) as raised:
        load_dataset(*args, **options)
    assert named in str(raised.value)
    beats = re.fullmatch(r"(.*)got (.+); expected (.+)\. Try (.+)\.", str(raised.value))
    assert beats
    advice = beats[4]
    if advice in ('load_dataset("mnist")', 'load_dataset("fashion_mnist")'):
        return  # right, and too slow to follow here
    if not advice.startswith("load_dataset("):  # "n=2"
        advice = f"load_dataset({args[0]!r}, {advice})"
    assert isinstance(eval(advice), DataSet)


def test_an_unknown_name_lists_them_all():
    with pytest.raises(ValueRangeError) as raised:
        load_dataset("zebra")
    assert all(name in str(raised.value) for name in DATASETS)


def test_numbers_of_numpy_are_numbers():
    assert whole_number("n", np.int32(7), least=2) == 7
    assert real_number("noise", np.float32(0.5), least=0.0) == 0.5
    assert len(load_dataset("gauss", n=np.int64(10), noise=0).x_train) == 8


def test_a_name_can_be_registered_once_only():
    with pytest.raises(DataError, match="second data set 'spiral'"):
        dataset("spiral", task="classification", summary="again")(lambda rng, n, noise: (rng, n))
    with pytest.raises(DataError, match="second data set 'and'"):
        fixed("and", task="classification", summary="again")(lambda: Arrays(*[np.zeros(0)] * 4))


def test_a_decorated_rule_stays_a_plain_function_and_its_options_are_listed(monkeypatch):
    monkeypatch.setattr("glassnet.data.registry.DATASETS", scratch := dict(DATASETS))

    @dataset("line", task="regression", summary="a line", feature_names=("x",), n=20, noise=0.5)
    def line(rng, n, noise, *, slope=2):
        x = np.arange(n, dtype=float)[:, None]
        return x, slope * x + noise

    assert line(None, 2, 0.0)[1].tolist() == [[0], [2]]
    assert scratch["line"].options == {"n": 20, "noise": 0.5, "seed": 0, "test_fraction": 0.2, "slope": 2}
    data = load_dataset("line", slope=3, noise=0)
    np.testing.assert_array_equal(data.y_train, 3 * data.x_train)
    assert (len(data.x_train), len(data.x_test)) == (16, 4)


def make(**changes) -> DataSet:
    facts = {
        "name": "own", "task": "classification", "summary": "", "source": "",
        "classes": ("a", "b"), "feature_names": (),
        "x_train": np.zeros((4, 2), np.float32), "y_train": np.array([0, 1, 0, 1]),
        "x_test": np.zeros((2, 2), np.float32), "y_test": np.array([0, 1]),
    }  # fmt: skip
    return DataSet(**{**facts, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": np.array([0, 1])}, "`own`, train: got 4 examples and 2 targets"),
        ({"x_test": np.zeros((2, 3), np.float32)}, "test examples of shape (3,); expected (2,)"),
        ({"y_train": np.array([[0], [1], [0], [1]])}, "shape (4, 1); expected (n,)"),
        ({"y_train": np.array([0, 1, 2, 1])}, "train: got label 2 in row 2; expected 0 to 1 (2 classes)"),
        ({"y_test": np.array([0, -1])}, "test: got label -1 in row 1; expected 0 to 1"),
        ({"task": "regression", "classes": ()}, "regression targets of shape (4,); expected (n, outputs)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(DataError) as raised:
        make(**changes)
    assert message in str(raised.value)
    assert ". Try " in str(raised.value)


def test_a_data_set_counts_its_features_and_outputs_and_prints_on_one_line():
    data = make()
    assert (data.n_features, data.n_outputs) == (2, 2)
    assert repr(data) == "DataSet 'own': classification, 4 to train, 2 to test, 2 features, classes a, b"
    plane = load_dataset("plane", n=10)
    assert repr(plane) == "DataSet 'plane': regression, 8 to train, 2 to test, 2 features"
    assert plane.n_outputs == 1


def test_a_negative_label_is_not_answered_with_more_classes():
    with pytest.raises(DataError) as raised:
        check_labels("labels", np.array([0, -3]), 2)
    assert "naming" not in str(raised.value)


def test_listing_the_data_sets_is_cheap():
    """What costs milliseconds (numpy.random, lzma, urllib, ...) is imported by whoever needs it, when they need it."""
    code = (
        "import sys, glassnet; before = set(sys.modules);"
        "import glassnet.data.datasets; print(*sorted(set(sys.modules) - before))"
    )
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "glassnet.data.images" in imported
    heavy = {
        "numpy.random",
        "lzma",
        "zlib",
        "hashlib",
        "urllib.request",
        "http.client",
        "logging",
        "concurrent",
        "pathlib",
    }
    assert not heavy & set(imported)
