"""The toy sets against scikit-learn: the same moons, and the separability that their descriptions claim."""

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.neighbors import KNeighborsClassifier

from glassnet.data import toys
from glassnet.data.datasets import DATASETS, load_dataset

pytestmark = pytest.mark.peers

CLASSIFIED = sorted(
    name for name, recipe in DATASETS.items() if recipe.task == "classification" and "noise" in recipe.options
)


@pytest.mark.parametrize("n", [2, 3, 10, 101, 500])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_moons_are_scikit_learns(n: int, noise: float):
    x, y = toys.moons(np.random.RandomState(3), n, noise)
    expected_x, expected_y = make_moons(n, shuffle=False, noise=noise or None, random_state=3)
    np.testing.assert_allclose(x, expected_x, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(y, expected_y)


def line_accuracy(name: str, **options) -> float:
    data = load_dataset(name, n=1000, test_fraction=0.0, **options)
    return LogisticRegression().fit(data.x_train, data.y_train).score(data.x_train, data.y_train)


def test_a_line_parts_gauss():
    assert line_accuracy("gauss", noise=0.0) > 0.99


def test_a_line_gets_moons_to_about_88_percent():
    scores = [line_accuracy("moons", seed=seed) for seed in range(10)]
    assert np.mean(scores) == pytest.approx(0.88, abs=0.02)


@pytest.mark.parametrize("name", ["circle", "rings", "xor", "spiral", "three_spirals", "checkerboard"])
def test_no_line_parts_the_others(name: str):
    assert line_accuracy(name, noise=0.0) < 0.75


@pytest.mark.parametrize("name", CLASSIFIED)
def test_neighbours_agree_so_every_set_can_be_learned(name: str):
    data = load_dataset(name, n=2000, noise=0.0)
    score = KNeighborsClassifier(3).fit(data.x_train, data.y_train).score(data.x_test, data.y_test)
    assert score > 0.93


@pytest.mark.parametrize(("name", "best"), [("and", 4), ("or", 4), ("nand", 4), ("xor_gate", 3)])
def test_one_threshold_unit_can_be_every_gate_but_xor(name: str, best: int):
    data = load_dataset(name)
    units = [Perceptron(tol=None, max_iter=200, random_state=seed) for seed in range(5)]
    right = [int((unit.fit(data.x_train, data.y_train).predict(data.x_train) == data.y_train).sum()) for unit in units]
    assert max(right) == best if best == 4 else max(right) <= best
