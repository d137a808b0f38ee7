"""Layers that learn their size from the first input."""

import copy

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import ShapeError


def test_it_draws_what_a_linear_layer_would():
    lazy = nn.LazyLinear(3)
    torch.manual_seed(7)
    y = lazy(torch.ones(2, 5))
    torch.manual_seed(7)
    plain = nn.Linear(5, 3)
    assert torch.equal(y, plain(torch.ones(2, 5)))
    assert type(lazy) is nn.Linear
    assert repr(lazy) == repr(plain)


def test_an_optimiser_may_hold_its_parameters_before_they_have_a_shape():
    layer = nn.LazyLinear(3)
    optimiser = torch.optim.Adam(layer.parameters())
    twin = copy.deepcopy(layer)
    layer(torch.ones(2, 5)).sum().backward()
    before = layer.weight.detach().clone()
    optimiser.step()
    assert (layer.weight != before).all()
    assert twin.has_uninitialized_params()


@pytest.mark.parametrize("bias", [True, False])
def test_weights_are_loaded_before_the_first_input(bias):
    source, lazy = nn.Linear(4, 3, bias=bias), nn.LazyLinear(3, bias=bias)
    lazy.load_state_dict(source.state_dict())
    assert torch.equal(lazy(torch.ones(2, 4)), source(torch.ones(2, 4)))
    assert lazy.in_features == 4
    with pytest.raises(ShapeError, match="features"):
        lazy(torch.ones(2, 5))


def test_a_compiled_step_replays_it_from_its_first_call_on():
    torch.manual_seed(2)
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        optimiser.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimiser.step()
        return loss

    run = torch.compile(step)
    losses = [run(torch.ones(2, 3)).item() for _ in range(8)]
    assert run.replays >= 4
    assert (np.diff(losses) < 0).all()


def test_a_single_number_is_refused():
    with pytest.raises(ShapeError, match=r"got input of shape \(\)"):
        nn.LazyLinear(2)(torch.tensor(1.0))


# ---- batch normalisation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lazy", "plain", "shape"), [("1d", nn.BatchNorm1d, (4, 3)), ("2d", nn.BatchNorm2d, (4, 3, 2, 2))]
)
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"bias": False, "momentum": None}, {"eps": 0.1}])
def test_a_lazy_batch_norm_becomes_the_plain_one(lazy, plain, shape, options):
    layer, twin = getattr(nn, f"LazyBatchNorm{lazy}")(**options), plain(3, **options)
    optimiser = torch.optim.SGD([*layer.parameters(), torch.nn.Parameter(torch.ones(1))], lr=0.5)
    assert layer.has_uninitialized_params()
    x = torch.randn(*shape)
    for _ in range(2):
        y, z = layer(x), twin(x)
        assert torch.equal(y, z)
    assert (type(layer), repr(layer)) == (plain, repr(twin))
    assert list(layer.state_dict()) == list(twin.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(layer.buffers(), twin.buffers(), strict=True))
    if layer.weight is not None:
        (layer(x) ** 3).sum().backward()
        optimiser.step()
        assert not torch.equal(layer.weight, twin.weight)


def test_a_lazy_batch_norm_needs_an_axis_of_features():
    with pytest.raises(ShapeError, match=r"LazyBatchNorm1d: got input of shape \(3,\)"):
        nn.LazyBatchNorm1d()(torch.ones(3))
