"""Hidden space: activations, projections, linear probes."""

from xml.etree import ElementTree

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.core.tensor import wrap
from glassnet.errors import DataError, ShapeError, ValueRangeError
from glassnet.read.hidden import hidden, linear_probe, on_grid, pca

XOR, XOR_Y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


def xor_by_hand():
    """h1 is OR and h2 is AND (W18), the output h1 - 2 h2."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Hardtanh(0, 1), nn.Linear(2, 1)).double()
    with torch.no_grad():
        for p, v in zip(model.parameters(), ([[1, 1], [1, 1]], [0, -1], [[1, -2]], [-0.5]), strict=True):
            p.copy_(torch.tensor(v, dtype=torch.float64))
    return model


def test_xor_becomes_separable_in_the_hidden_layer():
    seen = hidden(xor_by_hand(), XOR, XOR_Y)
    np.testing.assert_array_equal(seen[2].values, [[0, 0], [1, 0], [1, 0], [1, 1]])  # two points have become one
    probes = seen.probes()
    assert [p.separable for p in probes] == [False, False, True, True]
    assert probes[0].accuracy == 0.75  # no line does better
    weight, bias = probes[2].line
    scores = seen[2].values @ weight + bias
    assert ((scores > 0) == XOR_Y).all()


def test_activations_are_the_engines_and_nothing_is_changed():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2)).double()
    x = np.random.default_rng(0).normal(size=(6, 3))
    mean = model[1].running_mean.array.copy()
    seen = hidden(model, x)
    assert model.training
    np.testing.assert_array_equal(model[1].running_mean.array, mean)
    model.eval()
    h = wrap(x)
    with torch.no_grad():
        for layer, module in zip(seen.layers[1:], model, strict=True):
            h = module(h)
            np.testing.assert_array_equal(layer.values, h.array)
    assert len(hidden(model, x).layers) == 6  # no hook of the first look is left


def test_pca_is_the_best_plane():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 5)) * [5, 3, 0.5, 0.2, 0.1] @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    flat = pca(values)
    np.testing.assert_allclose(flat.axes @ flat.axes.T, np.eye(2), atol=1e-12)
    covariance = np.cov(values.T)
    np.testing.assert_allclose(flat.share.sum(), np.linalg.eigvalsh(covariance)[-2:].sum() / np.trace(covariance))
    np.testing.assert_allclose(flat(values).var(axis=0, ddof=1) / np.trace(covariance), flat.share)


def test_pca_of_one_unit_and_of_equal_examples():
    one = pca(np.array([[1.0], [3.0]]))
    np.testing.assert_array_equal(one(np.array([[1.0], [3.0]])), [[-1, 0], [1, 0]])
    assert pca(np.ones((4, 3))).share.tolist() == [0, 0]


def test_a_probe_finds_a_line_where_there_is_one_at_any_scale():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 2)) * [1e-4, 1e3] + [5.0, -7e4]
    y = ((x - [5.0, -7e4]) @ [1e4, 2e-3] > 0.3).astype(int)
    probe = linear_probe(x, y)
    assert probe.accuracy >= 0.99
    assert np.mean((x @ probe.weight.T + probe.bias).argmax(axis=1) == y) == probe.accuracy


def test_many_classes_and_a_dead_unit():
    rng = np.random.default_rng(3)
    centres = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 0], [8, 8, 0]])
    y = np.repeat(np.arange(4), 50)
    assert linear_probe(centres[y] + rng.normal(size=(200, 3)) * [1, 1, 0], y).accuracy > 0.99


def test_a_grid_has_row_0_at_the_foot():
    model = nn.Sequential(nn.Linear(2, 1)).double()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 10.0]], dtype=torch.float64))
        model[0].bias.zero_()
    grid = on_grid(model, 1, ((0.0, 1.0), (0.0, 2.0)), n=3)
    np.testing.assert_allclose(grid.values[..., 0], [[0, 0.5, 1], [10, 10.5, 11], [20, 20.5, 21]])
    ElementTree.fromstring(grid.svg())


def test_text_and_pictures():
    seen = hidden(xor_by_hand(), XOR, XOR_Y)
    assert seen.text().splitlines()[3:5] == [
        "1 Linear                   2   37.5 %            100 %        75.0 %",
        "2 Hardtanh                 2   50.0 %            100 %         100 %",
    ]
    ElementTree.fromstring(seen.svg())
    assert "a line parts 100 %" in seen.svg([0, 2])


def test_mistakes_are_told():
    model = xor_by_hand()
    with pytest.raises(ShapeError, match="got 1 classes for 4 examples"):
        hidden(model, XOR, [1])
    with pytest.raises(ShapeError, match="expected some examples"):
        hidden(model, np.zeros(2))
    with pytest.raises(DataError, match="got no y"):
        hidden(model, XOR).probes()
    with pytest.raises(ValueRangeError, match="expected 0 to 3"):
        on_grid(model, 9)
    with pytest.raises(ShapeError, match="got a network of 3 inputs"):
        on_grid(nn.Sequential(nn.Linear(3, 1)), 1)


def test_more_units_than_examples_part_anything_but_only_what_was_seen():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(60, 200)), rng.integers(0, 2, 60)
    (inputs, _) = hidden(nn.Sequential(nn.Linear(200, 1)).double(), x, y).probes()
    assert inputs.separable
    assert 0.2 < inputs.unseen < 0.8  # nothing is there to be known
    y = (x[:, :5].sum(axis=1) > 0).astype(int)
    few = hidden(nn.Sequential(nn.Linear(5, 1)).double(), x[:, :5], y).probes()[0]
    assert few.unseen > 0.9
