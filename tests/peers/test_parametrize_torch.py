"""Weights that are computed, and layers that wait for their input's size, against PyTorch: from one seed, one story."""

import copy
import warnings

import numpy as np
import pytest
import torch

import glassnet

pytestmark = pytest.mark.peers


def plain(value):
    if isinstance(value, torch.Tensor | glassnet.Tensor):
        return np.asarray(value.detach().numpy())
    if isinstance(value, dict):
        return [(k, plain(v)) for k, v in value.items()]
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def assert_same(ours, theirs):
    if isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b)
    elif isinstance(theirs, np.ndarray):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    else:
        assert ours == theirs


def same(story):
    told = []
    for library in (torch, glassnet):
        library.manual_seed(42)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            told.append(plain([story(library, library.nn), library.rand(2)]))
    assert_same(told[1], told[0])


def training(library, layer, rows=6, steps=4):
    """What the layer says and holds while it learns, and afterwards in evaluation."""
    optimiser = library.optim.SGD(layer.parameters(), lr=0.01, momentum=0.9)
    x, seen = library.randn(rows, 4), []
    for _ in range(steps):
        optimiser.zero_grad()
        y = layer(x)
        (y**2).sum().backward()
        optimiser.step()
        seen.append([y, [p.grad for p in layer.parameters()]])
    return [
        seen,
        copy.deepcopy(layer.state_dict()),
        repr(layer),
        layer.eval()(x),
        [n for n, _ in layer.named_parameters()],
    ]


WAYS = {
    "weight_norm": lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)),
    "weight_norm_1": lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), dim=1),
    "weight_norm_None": lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), dim=None),
    "weight_norm_bias": lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), "bias"),
    "spectral_norm": lambda nn: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3)),
    "spectral_norm_1": lambda nn: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3), "weight", 3, 1e-6, 1),
    "spectral_norm_bias": lambda nn: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3), "bias"),
    "old_weight_norm": lambda nn: nn.utils.weight_norm(nn.Linear(4, 3)),
    "old_weight_norm_None": lambda nn: nn.utils.weight_norm(nn.Linear(4, 3), dim=None),
    "old_spectral_norm": lambda nn: nn.utils.spectral_norm(nn.Linear(4, 3), n_power_iterations=2),
}


@pytest.mark.parametrize("way", WAYS)
def test_training(way):
    same(lambda library, nn: training(library, WAYS[way](nn)))


def test_convolutions():
    def story(library, nn):
        layers = [nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 3, 3))]
        layers += [
            nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 3, 3)),
            nn.utils.spectral_norm(nn.Conv1d(2, 3, 3)),
        ]
        layers[-1](library.rand(2, 2, 5))  # the older one takes its first step here
        return [[layer.weight, layer.state_dict()] for layer in layers]

    same(story)


def test_ones_own_come_and_go():
    def story(library, nn):
        class Symmetric(nn.Module):
            def forward(self, x):
                return x.triu() + x.triu(1).transpose(-1, -2)

            def right_inverse(self, x):
                return x.triu()

        class Scaled(nn.Module):
            def forward(self, x, s):
                return x * s

            def right_inverse(self, w):
                return w / 2, library.full((1,), 2.0)

        register, remove = nn.utils.parametrize.register_parametrization, nn.utils.parametrize.remove_parametrizations
        layer = register(nn.Linear(4, 4), "weight", Scaled())
        register(layer, "weight", Symmetric())
        told = [training(library, layer)]
        layer.weight = library.eye(4)
        told.append([layer.state_dict(), nn.utils.parametrize.is_parametrized(layer, "bias")])
        return [*told, remove(layer, "weight").state_dict(), repr(layer), type(layer).__name__]

    same(story)


def test_the_gradient_function_of_weight_norm():
    same(lambda library, nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)).weight.grad_fn.name())


def test_a_linear_layer_that_waits_for_its_input():
    def story(library, nn):
        model = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2, bias=False))
        told = [repr(model), repr(model[0].weight), list(model.state_dict()), model[0].has_uninitialized_params()]
        optimiser = library.optim.SGD(model.parameters(), lr=0.1)
        waiting = nn.LazyLinear(3)
        model(library.rand(5, 4)).sum().backward()
        optimiser.step()
        waiting.load_state_dict(model[0].state_dict())
        told += [waiting(library.rand(2, 4)), repr(waiting), type(waiting) is nn.Linear]
        return [*told, repr(model), model.state_dict(), type(model[0].weight) is nn.Parameter]

    same(story)


@pytest.mark.parametrize("order", [2.0, 1.0, float("inf")])
def test_an_embedding_with_short_rows(order):
    def story(library, nn):
        layer = nn.Embedding(6, 3, padding_idx=1, max_norm=0.7, norm_type=order)
        optimiser, told = library.optim.SGD(layer.parameters(), lr=0.2), [repr(layer)]
        for at in ([0, 2, 2, 1], [5, 5, 0, 3]):
            optimiser.zero_grad()
            y = layer(library.tensor(at))
            (y**2).sum().backward()
            told.append([y, layer.weight.grad.clone()])
            optimiser.step()
        return [*told, layer.weight]

    same(story)


def test_a_derivative_that_is_marked_as_the_last():
    def story(library, nn):
        class Cube(library.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            @library.autograd.function.once_differentiable
            def backward(ctx, g):
                return 3 * ctx.saved_tensors[0] ** 2 * g

        x = library.tensor([2.0], requires_grad=True)
        (first,) = library.autograd.grad((Cube.apply(x) ** 2).sum(), x, create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            first.sum().backward()
        return first

    same(story)
