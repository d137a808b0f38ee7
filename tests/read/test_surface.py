"""Slices of the loss, against the loss itself."""

from xml.etree import ElementTree

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import ShapeError, ValueRangeError
from glassnet.nn import functional as F
from glassnet.read.surface import gradient_direction, loss_slice, loss_surface, random_direction, weight_surface


@pytest.fixture
def task():
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3)).double()
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(20, 2)), rng.integers(0, 3, 20)


def loss_with(model, x, y, change):
    """The loss of a copy whose weights are moved."""
    twin = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3)).double()
    with torch.no_grad():
        for p, q, d in zip(twin.parameters(), model.parameters(), change, strict=True):
            p.copy_(torch.tensor(q.array + d))
        return F.cross_entropy(twin(torch.tensor(x)), torch.tensor(y)).item()


def test_a_slice_is_the_loss_of_moved_weights(task):
    model, x, y = task
    direction = random_direction(model, 7)
    found = loss_slice(model, x, y, along=direction, reach=0.5, points=5)
    for t, loss in zip(found.distances, found.losses, strict=True):
        assert loss == pytest.approx(loss_with(model, x, y, [t * d for d in direction]), rel=1e-12)


def test_a_surface_is_the_loss_of_weights_moved_twice(task):
    model, x, y = task
    a, b = random_direction(model, 0), random_direction(model, 1)
    found = loss_surface(model, x, y, reach=0.8, points=4)
    for i, v in enumerate(found.y):
        for j, u in enumerate(found.x):
            moved = [u * p + v * q for p, q in zip(a, b, strict=True)]
            assert found.losses[i, j] == pytest.approx(loss_with(model, x, y, moved), rel=1e-12)


def test_two_chosen_weights(task):
    model, x, y = task
    found = weight_surface(model, x, y, (("0.weight", (1, 0)), ("3.bias", (2,))), reach=1.0, points=3)
    assert found.here == (model[0].weight.array[1, 0], model[3].bias.array[2])
    np.testing.assert_allclose(found.x, found.here[0] + np.array([-1, 0, 1]))
    np.testing.assert_allclose(found.y, found.here[1] + np.array([-1, 0, 1]))
    change = [np.zeros(p.array.shape) for p in model.parameters()]
    change[0][1, 0], change[3][2] = 1.0, -1.0
    assert found.losses[0, 2] == pytest.approx(loss_with(model, x, y, change), rel=1e-12)


def test_the_gradient_goes_uphill_with_its_own_slope(task):
    model, x, y = task
    model.eval()
    direction = gradient_direction(model, x, y)
    near = loss_slice(model, x, y, along="gradient", reach=1e-5, points=3)
    slope = (near.losses[2] - near.losses[0]) / 2e-5
    F.cross_entropy(model(torch.tensor(x)), torch.tensor(y)).backward()
    expected = sum((p.grad.array * d).sum() for p, d in zip(model.parameters(), direction, strict=True))
    assert slope == pytest.approx(expected, rel=1e-5)
    assert slope > 0
    size = sum((p.array**2).sum() for p in model.parameters())
    assert sum((d**2).sum() for d in direction) == pytest.approx(size)


def test_rows_of_random_directions_are_as_long_as_those_of_the_weights(task):
    model, _, _ = task
    first, other = random_direction(model, 0), random_direction(model, 1)
    for p, d, e in zip(model.parameters(), first, other, strict=True):
        if p.array.ndim == 2:
            np.testing.assert_allclose(np.linalg.norm(d, axis=1), np.linalg.norm(p.array, axis=1))
            assert np.abs(d - e).min() > 0
        else:
            assert not d.any()


def test_the_network_is_put_back(task):
    model, x, y = task
    model = nn.Sequential(*model[:1], nn.BatchNorm1d(5).double(), *model[1:])
    model[3].eval()
    before = [p.array.copy() for p in [*model.parameters(), *model.buffers()]]
    random = torch.get_rng_state().array.copy()
    model[0].weight.grad = torch.ones(5, 2, dtype=torch.float64)
    loss_surface(model, x, y, points=3)
    loss_slice(model, x, y, along="gradient", points=3)
    with pytest.raises(ZeroDivisionError):
        loss_slice(model, x, torch.tensor(y), lambda output, target: 1 / 0, along="random")
    for p, array in zip([*model.parameters(), *model.buffers()], before, strict=True):
        np.testing.assert_array_equal(p.array, array)
    np.testing.assert_array_equal(torch.get_rng_state().array, random)
    assert [m.training for m in model] == [True, True, True, False, True]
    assert model[0].weight.grad.array.tolist() == [[1, 1]] * 5
    assert model[4].weight.grad is None


def test_pictures_and_words(task):
    model, x, y = task
    found = loss_surface(model, x, y, points=5)
    ElementTree.fromstring(found.svg())
    line = loss_slice(model, x, y, points=5)
    ElementTree.fromstring(line.svg())
    assert line.text().startswith("loss along a random direction\nhere ")
    assert found.text().splitlines()[0] == "loss over random direction 1 and random direction 2, 5 by 5 points"


def test_mistakes_are_told(task):
    model, x, y = task
    with pytest.raises(ShapeError, match="got no y"):
        loss_slice(model, x, None)
    with pytest.raises(ValueRangeError, match="expected random, gradient or arrays"):
        loss_slice(model, x, y, along="up")
    with pytest.raises(ValueRangeError, match=r"expected one of 0.weight, 0.bias, 3.weight, 3.bias"):
        weight_surface(model, x, y, (("1.weight", (0, 0)), ("3.bias", (2,))))
    with pytest.raises(ValueRangeError, match=r"got 3.bias\[3\]; expected a place in \(3,\)"):
        weight_surface(model, x, y, (("0.weight", (0, 0)), ("3.bias", (3,))))
