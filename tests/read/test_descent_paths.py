"""Walks downhill, against arithmetic."""

from xml.etree import ElementTree

import numpy as np
import pytest

from glassnet import optim
from glassnet.errors import ValueRangeError
from glassnet.read.descent_paths import GROUNDS, descend, paths_svg

RULES = {
    optim.SGD: {"lr": 0.02}, optim.Adam: {"lr": 0.1}, optim.AdamW: {"lr": 0.1}, optim.Adamax: {"lr": 0.1},
    optim.NAdam: {"lr": 0.1}, optim.RAdam: {"lr": 0.1}, optim.RMSprop: {"lr": 0.05}, optim.Adagrad: {"lr": 0.5},
    optim.Adadelta: {"lr": 1.0, "eps": 1e-3}, optim.ASGD: {"lr": 0.02}, optim.Rprop: {"lr": 0.05},
    optim.LBFGS: {"lr": 1.0, "line_search_fn": "strong_wolfe"},
}  # fmt: skip


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=list(GROUNDS))
def test_the_lowest_points_are_lowest_and_the_start_is_in_the_picture(ground):
    for low in ground.lowest:
        height = float(ground(*low))
        assert height == pytest.approx(0, abs=1e-9)
        angle = np.linspace(0, 2 * np.pi, 20)
        around = ground(low[0] + 1e-3 * np.cos(angle), low[1] + 1e-3 * np.sin(angle))
        assert (around > height).all()
    for at, (low, high) in zip(ground.start, ground.box, strict=True):
        assert low < at < high


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_optimiser_comes_down_a_bowl(rule):
    path = descend("bowl", rule, steps=150, **RULES[rule])
    assert path.points.shape == (151, 2)
    np.testing.assert_array_equal(path.points[0], GROUNDS["bowl"].start)
    np.testing.assert_allclose(path.heights, (path.points**2).sum(axis=1), rtol=1e-12)
    assert path.heights[-1] < 0.05 * path.heights[0]
    assert not path.diverged


def test_momentum_step_by_step():
    path = descend("valley", optim.SGD, steps=3, start=(1.0, 0.5), lr=0.1, momentum=0.9)
    w, v = np.array([1.0, 0.5]), np.zeros(2)
    for k in range(4):
        np.testing.assert_allclose(path.points[k], w, rtol=1e-14)
        v = 0.9 * v + [w[0], 20 * w[1]]
        w = w - 0.1 * v


def test_too_large_a_rate_diverges_and_says_so():
    path = descend("valley", optim.SGD, steps=400, lr=0.2)  # 0.2 · 20 > 2
    assert path.diverged
    assert path.tell().endswith(": diverged")
    assert np.isfinite(path.points[-2]).all()
    right = descend("valley", optim.SGD, steps=400, lr=0.05)
    assert not right.diverged
    assert right.distance < 1e-6


def test_a_saddle_has_no_lowest_point_and_is_left():
    path = descend("saddle", optim.SGD, steps=100, lr=0.05)
    assert path.distance is None
    assert not path.diverged
    assert abs(path.points[-1][0]) < 1e-3 < abs(path.points[-1][1])


def test_pictures():
    for ground in GROUNDS:
        paths = [descend(ground, optim.SGD, 20, lr=lr) for lr in (1e-3, 1.0)]  # the second may leave for ever
        svg = paths_svg(paths)
        ElementTree.fromstring(svg)
        assert "nan" not in svg
        assert "inf" not in svg


def test_mistakes_are_told():
    with pytest.raises(ValueRangeError, match="expected one of bowl, valley"):
        descend("hill", optim.SGD, lr=0.1)
    with pytest.raises(ValueRangeError, match="expected two numbers"):
        descend("bowl", optim.SGD, start=(1.0,), lr=0.1)
