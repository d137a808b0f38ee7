"""Weights that are computed: registering, removing, copying, norms, compiled steps."""

import copy
import pickle

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn
from glassnet.errors import DTypeError, NotSupportedError, ShapeError, ValueRangeError
from glassnet.nn.utils import parametrizations, parametrize

OLD_WARNING = pytest.mark.filterwarnings("ignore:torch.nn.utils.weight_norm:FutureWarning")


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T


class Double(nn.Module):
    def forward(self, x):
        return 2 * x

    def right_inverse(self, x):
        return x / 2


class Outer(nn.Module):
    """A matrix of rank 1, from two vectors."""

    def forward(self, a, b):
        return torch.outer(a, b)

    def right_inverse(self, w):
        return w[:, 0].clone(), w[0].clone() / w[0, 0]


WAYS = {
    "symmetric": lambda layer: parametrize.register_parametrization(layer, "weight", Symmetric()),
    "double": lambda layer: parametrize.register_parametrization(layer, "weight", Double()),
    "outer": lambda layer: parametrize.register_parametrization(layer, "weight", Outer()),
    "weight_norm": parametrizations.weight_norm,
    "weight_norm_whole": lambda layer: parametrizations.weight_norm(layer, dim=None),
    "spectral_norm": parametrizations.spectral_norm,
    "old_weight_norm": nn.utils.weight_norm,
    "old_spectral_norm": nn.utils.spectral_norm,
}
every_way = pytest.mark.parametrize("way", WAYS)


def network(way):
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 4), nn.Tanh(), WAYS[way](nn.Linear(4, 4)), nn.Linear(4, 1))


def trained(model, compiled):
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x, y):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimiser.step()
        return loss

    run = torch.compile(step) if compiled else step
    torch.manual_seed(5)
    losses = [run(torch.randn(8, 4), torch.randn(8, 1)).item() for _ in range(6)]
    return losses, run.replays if compiled else None


@OLD_WARNING
@every_way
def test_a_compiled_step_replays_it(way):
    model, twin = network(way), network(way)
    losses, _ = trained(model, False)
    replayed, times = trained(twin, True)
    assert times == 3  # the optimiser sets up in the first, the next two are watched
    np.testing.assert_allclose(replayed, losses, rtol=1e-5)
    for (name, a), b in zip(model.state_dict().items(), twin.state_dict().values(), strict=True):
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)


@OLD_WARNING
@every_way
def test_a_copy_is_apart_and_the_same(way):
    model = network(way)
    x = torch.ones(2, 4)
    model.eval()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(twin) == repr(model)
        assert torch.equal(twin(x), model(x))
        before = model(x).tolist()
        with torch.no_grad():
            for p in twin.parameters():
                p.add_(1)
        assert model(x).tolist() == before
        assert twin(x).tolist() != before


@OLD_WARNING
@every_way
def test_state_goes_from_one_model_to_another(way):
    model, other = network(way), network(way)
    trained(model, False)
    other.load_state_dict(model.state_dict())
    x = torch.ones(2, 4)
    assert torch.equal(other.eval()(x), model.eval()(x))


def test_right_inverse_keeps_the_value_and_lets_it_be_set():
    layer = nn.Linear(3, 3)
    before = layer.weight.clone()
    optimiser_holds = layer.weight
    parametrize.register_parametrization(layer, "weight", Double())
    assert torch.equal(layer.weight, before)
    assert layer.parametrizations.weight.original is optimiser_holds
    layer.weight = torch.eye(3)
    assert layer.parametrizations.weight.original.tolist() == (torch.eye(3) / 2).tolist()


def test_several_are_applied_in_order():
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Double())
    parametrize.register_parametrization(layer, "weight", Symmetric())
    half = layer.parametrizations.weight.original
    assert torch.equal(layer.weight, Symmetric()(2 * half))
    with pytest.raises(NotSupportedError, match=r"Symmetric: got a value .* Try def right_inverse"):
        layer.weight = torch.eye(3)


def test_a_buffer_may_be_computed():
    norm = nn.BatchNorm1d(2)
    parametrize.register_parametrization(norm, "running_var", Double())
    assert "parametrizations.running_var.original" in norm.state_dict()
    assert norm.running_var.tolist() == [1.0, 1.0]
    assert list(dict(norm.named_parameters())) == ["weight", "bias"]
    parametrize.remove_parametrizations(norm, "running_var")
    assert type(norm) is nn.BatchNorm1d
    assert "running_var" in dict(norm.named_buffers())


@pytest.mark.parametrize("leave", [True, False])
def test_removing(leave):
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    parametrize.register_parametrization(layer, "bias", Double())
    original, weight = layer.parametrizations.weight.original, layer.weight.detach().clone()
    expected = weight if leave else original.detach().clone()
    assert parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave) is layer
    assert layer.weight is original
    assert torch.equal(layer.weight, expected)
    assert parametrize.is_parametrized(layer)
    assert not parametrize.is_parametrized(layer, "weight")
    parametrize.remove_parametrizations(layer, "bias")
    assert type(layer) is nn.Linear
    assert not hasattr(layer, "parametrizations")


def test_cached_computes_once_and_a_replay_does_not_keep_it():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Double())
    with parametrize.cached(), parametrize.cached():
        weight = layer.weight
        assert layer.weight is weight
    assert layer.weight is not weight

    step = torch.compile(lambda x: layer(x).sum())
    with parametrize.cached(), torch.no_grad():
        got = []
        for value in range(5):
            layer.parametrizations.weight.original.fill_(value)
            got.append(step(torch.ones(1, 3)).item())
    np.testing.assert_allclose(np.diff(got[2:]), 18.0, rtol=1e-5)  # 9 weights, each up by 2


@OLD_WARNING
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm_lengths(dim):
    layer = nn.Linear(4, 3)
    before = layer.weight.detach().clone()
    parametrizations.weight_norm(layer, dim=dim)
    np.testing.assert_allclose(layer.weight.detach().numpy(), before.numpy(), rtol=1e-6)
    with torch.no_grad():
        layer.parametrizations.weight.original0.fill_(2.0)
    w = layer.weight.detach().numpy()
    lengths = np.linalg.norm(w) if dim is None else np.linalg.norm(w, axis=1 - dim)
    np.testing.assert_allclose(lengths, 2.0, rtol=1e-6)


def test_spectral_norm_is_one_and_stays_in_evaluation():
    layer = parametrizations.spectral_norm(nn.Linear(5, 3), n_power_iterations=5)
    for _ in range(20):
        layer(torch.ones(1, 5))
    layer.eval()
    first, second = layer.weight, layer.weight
    assert torch.equal(first, second)
    np.testing.assert_allclose(np.linalg.svd(first.detach().numpy())[1][0], 1.0, rtol=1e-4)


@OLD_WARNING
@pytest.mark.parametrize(
    ("add", "remove"),
    [
        (nn.utils.weight_norm, nn.utils.remove_weight_norm),
        (nn.utils.spectral_norm, nn.utils.remove_spectral_norm),
    ],
)
def test_the_older_norms_come_and_go(add, remove):
    layer = add(nn.Linear(4, 3))
    assert repr(layer) == "Linear(in_features=4, out_features=3, bias=True)"
    weight = layer.weight.detach()
    with pytest.raises(NotSupportedError, match="computed"):
        layer.weight = weight
    remove(layer)
    assert type(layer) is nn.Linear
    assert torch.equal(layer.weight, weight)
    assert list(layer.state_dict()) == ["bias", "weight"]
    with pytest.raises(ValueRangeError, match="was called on"):
        remove(layer)


class Wider(nn.Module):
    def forward(self, x):
        return torch.cat([x, x])


class Finer(nn.Module):
    def forward(self, x):
        return x.double()


class Words(nn.Module):
    def forward(self, x):
        return "no tensor"


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda m: parametrize.register_parametrization(m, "wait", Double()), ValueRangeError, "'wait'.*'weight'"),
        (lambda m: parametrize.register_parametrization(m, "weight", Wider()), ShapeError, "unsafe=True"),
        (lambda m: parametrize.register_parametrization(m, "weight", Finer()), DTypeError, "float64"),
        (lambda m: parametrize.register_parametrization(m, "weight", Words()), TypeError, "got str"),
        (lambda m: parametrize.remove_parametrizations(m, "weight"), ValueRangeError, "has none"),
        (lambda m: parametrizations.spectral_norm(m, n_power_iterations=0), ValueRangeError, "n_power_iterations=0"),
        (lambda m: parametrizations.spectral_norm(m, dim=2), ShapeError, "dim=2"),
        (lambda m: parametrizations.spectral_norm(m, "wait"), ValueRangeError, "Try 'weight'"),
        (lambda m: parametrizations.orthogonal(m), NotSupportedError, r"Try nn.init.orthogonal_\(module.weight\)"),
        (lambda m: nn.utils.spectral_norm(m, "wait"), ValueRangeError, "Try 'weight'"),
    ],
)
def test_what_is_refused_leaves_the_layer_alone(ask, error, words):
    layer = nn.Linear(3, 3)
    before = layer.weight.clone()
    with pytest.raises(error, match=words):
        ask(layer)
    assert type(layer) is nn.Linear
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert torch.equal(layer.weight, before)


def test_several_originals_are_refused_where_one_is_needed():
    layer = parametrizations.weight_norm(nn.Linear(2, 2))
    with pytest.raises(ValueRangeError, match="leave_parametrized=True"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
