"""Folds and linear regions, held against brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.core.tensor import wrap
from glassnet.errors import NotSupportedError, ShapeError, ValueRangeError
from glassnet.read.capacity_depth import tent_network
from glassnet.read.folds import folds, pieces_along
from glassnet.read.folds_layers import stages_of
from glassnet.read.hidden import on_grid

BOX = ((-2.0, 2.0), (-1.5, 1.5))


def network(sizes, seed, bend=nn.ReLU):
    torch.manual_seed(seed)
    layers = [m for n, k in itertools.pairwise(sizes) for m in (nn.Linear(n, k), bend())]
    return nn.Sequential(*layers[:-1]).double()


def signs_at(model, points):
    """Which units are on, computed by the engine alone."""
    h, signs = wrap(points), []
    for module in model:
        if isinstance(module, nn.ReLU | nn.LeakyReLU):
            signs.append(h.array > 0)
        with torch.no_grad():
            h = module(h)
    return np.concatenate(signs, axis=1), h.array


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([(2, 5, 1), (2, 8, 2), (2, 4, 4, 1), (2, 6, 5, 3, 2)]))
def test_every_sampled_pattern_is_a_region_and_every_region_is_linear(seed, sizes):
    model = network(sizes, seed)
    found = folds(model, BOX)
    known = {np.concatenate(r.signs).tobytes(): r for r in found.regions}
    assert len(known) == found.count  # convex cells of an arrangement have a pattern each
    rng = np.random.default_rng(seed)
    points = rng.uniform(*np.array(BOX).T, (3000, 2))
    signs, outputs = signs_at(model, points)
    for pattern, point, output in zip(signs, points, outputs, strict=True):
        region = known[pattern.tobytes()]  # no sample is in a region that was not found
        np.testing.assert_allclose(region.weight @ point + region.bias, output, atol=1e-10)
    for region in found.regions:  # and no region is empty or overlaps: the areas fill the box
        middle = region.corners.mean(axis=0)
        assert region.area > 0
        on, _ = signs_at(model, middle[None])
        assert region.area < 1e-9 or np.array_equal(on[0], np.concatenate(region.signs))
    assert sum(r.area for r in found.regions) == pytest.approx(12.0, rel=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_one_layer_has_one_region_for_each_line_and_each_crossing_more(seed, units):
    model = network((2, units, 1), seed)
    w, b = model[0].weight.array, model[0].bias.array
    corners = np.array(list(itertools.product(*BOX)))
    z = corners @ w.T + b
    lines = [k for k in range(units) if z[:, k].min() < 0 < z[:, k].max()]
    crossings = 0
    for i, j in itertools.combinations(lines, 2):
        x, y = np.linalg.solve(w[[i, j]], -b[[i, j]])
        crossings += BOX[0][0] < x < BOX[0][1] and BOX[1][0] < y < BOX[1][1]
    assert folds(model, BOX).count == 1 + len(lines) + crossings  # Euler's formula


def test_units_fold_where_they_are_zero():
    model = network((2, 4, 3, 1), 5)
    found = folds(model, BOX)
    assert {f.layer for f in found.folds} == {1, 2}
    for fold in found.folds:
        points = np.linspace(fold.start, fold.end, 5)
        with torch.no_grad():
            z = model[: 2 * fold.layer - 1](wrap(points)).array[:, fold.unit - 1]
        assert np.abs(z).max() < 1e-10


def test_regions_that_nobody_hears_compute_the_same():
    model = network((2, 3, 1), 0)
    with torch.no_grad():
        model[2].weight.zero_()
    found = folds(model, BOX)
    assert found.count > 1
    assert found.maps == 1


def test_batch_norm_leaky_relu_and_dropout():
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Linear(2, 4), nn.BatchNorm1d(4), nn.LeakyReLU(0.1), nn.Dropout(0.5), nn.Linear(4, 2)
    ).double()
    for _ in range(3):
        model(torch.randn(50, 2, dtype=torch.float64) * 2 + 1)
    model.eval()
    x = np.random.default_rng(0).normal(size=(100, 2))
    h = x
    for stage in stages_of(model):
        h = stage(h)
    with torch.no_grad():
        np.testing.assert_allclose(h, model(wrap(x)).array, atol=1e-12)
    assert folds(model, BOX).units == [4]


# ---- along a line ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8, 12])
def test_the_tent_doubles_its_pieces_at_every_layer(depth):
    pieces = pieces_along(tent_network(depth), [0.0], [1.0])
    assert pieces.count == 2**depth
    np.testing.assert_array_equal(pieces.breaks, np.arange(2**depth + 1) / 2**depth)
    np.testing.assert_array_equal(pieces.values[:, 0], np.arange(2**depth + 1) % 2)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([(7, 9, 3), (3, 6, 6, 2), (1, 12, 1)]))
def test_pieces_are_what_the_network_is(seed, sizes):
    model = network(sizes, seed)
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, sizes[0])) * 2
    pieces = pieces_along(model, start, end)
    t = np.linspace(0, 1, 2001)
    with torch.no_grad():
        exact = model(wrap(start + t[:, None] * (end - start))).array
    for k in range(sizes[-1]):
        np.testing.assert_allclose(np.interp(t, pieces.breaks, pieces.values[:, k]), exact[:, k], atol=1e-6)
    slopes = np.diff(pieces.values, axis=0) / np.diff(pieces.breaks)[:, None]
    assert (np.abs(np.diff(slopes, axis=0)).max(axis=1) > 0).all()


# ---- mistakes --------------------------------------------------------------------------------------------------------


def test_mistakes_are_told():
    with pytest.raises(NotSupportedError, match="got Tanh"):
        folds(network((2, 3, 1), 0, nn.Tanh))
    with pytest.raises(ShapeError, match="got a network of 3 inputs; expected 2"):
        folds(network((3, 2, 1), 0))
    with pytest.raises(ValueRangeError, match="expected two spans"):
        folds(network((2, 2, 1), 0), ((1.0, 1.0), (0.0, 1.0)))
    with pytest.raises(ShapeError, match="expected 3 each"):
        pieces_along(network((3, 2, 1), 0), [0.0], [1.0])
    with pytest.raises(ValueRangeError, match="depth=0"):
        tent_network(0)


def test_a_picture_has_a_polygon_for_each_region():
    found = folds(network((2, 5, 4, 1), 2), BOX)
    svg = found.svg(np.zeros((1, 2)), np.zeros(1, int))
    assert svg.count("<polygon") == found.count
    assert f"{found.count:,} linear regions" in svg


@pytest.mark.parametrize("box", [(-1, 1), "plane", 3, ((1, -1), (0, 1)), ((0, np.nan), (0, 1)), ((0, 0), (0, 1))])
@pytest.mark.parametrize("look", [folds, lambda model, box: on_grid(model, 1, box)])
def test_what_is_no_box_is_refused_and_four_numbers_are_one(look, box):
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with pytest.raises(ValueRangeError, match=r"got the box .*; expected two spans\. Try"):
        look(model, box)
    assert folds(model, (-1, 1, -2, 2)).count == folds(model, ((-1, 1), (-2, 2))).count


def test_a_box_in_the_place_of_a_layer_is_named():
    with pytest.raises(ValueRangeError, match=r"got layer=\(-1, 1\); expected the number of a layer"):
        on_grid(nn.Sequential(nn.Linear(2, 1)), (-1, 1))
