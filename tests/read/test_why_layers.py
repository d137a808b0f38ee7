"""Why a class, for every kind of layer and for models with a forward of their own: whole sums, and the right shares."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.errors import NotSupportedError
from glassnet.nn import functional as F
from glassnet.read.why import why
from glassnet.train.embed import EmbedColumns


class Residual(nn.Module):
    """A way round a layer, and a factor."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x):
        return self.outer(torch.relu(self.inner(x)) + x) * 2 - 1


class Shared(nn.Module):
    """One layer used twice, on numbers that were turned about."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x):
        h = torch.tanh(self.layer(x[:, :3])) - self.layer(x[:, 3:].flip(1)).abs()
        return h.reshape(3, 1).T / 2


class Gated(nn.Module):
    """A gate beside its signal, two factors alike, and a maximum of two."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(6, 3) for _ in range(3))

    def forward(self, x):
        return torch.sigmoid(self.a(x)) * self.b(x) + self.b(x) * self.c(x) + torch.maximum(self.a(x), self.c(x))


class Words(nn.Module):
    """Numbers and words in one row."""

    def __init__(self):
        super().__init__()
        self.embed, self.out = EmbedColumns(4, (5, 3), (3, 2)), nn.Linear(9, 3)

    def forward(self, x):
        return self.out(F.silu(self.embed(x)))


def picture(*layers):
    return nn.Sequential(nn.Unflatten(1, (1, 2, 3)), *layers)


MODELS = {
    "layer norm": lambda: nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 3)),
    "rms norm": lambda: nn.Sequential(nn.Linear(6, 4), nn.RMSNorm(4), nn.Hardswish(), nn.Linear(4, 3)),
    "group norm": lambda: picture(nn.Conv2d(1, 2, 2), nn.GroupNorm(1, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 3)),
    "convolution": lambda: picture(
        nn.Conv2d(1, 2, 2, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 3, 2), nn.Flatten(), nn.Linear(18, 3)
    ),
    "largest": lambda: picture(nn.Conv2d(1, 2, 1), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2, 3)),
    "average": lambda: picture(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 3)),
    "adaptive": lambda: picture(nn.Conv2d(1, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "in one dimension": lambda: nn.Sequential(
        nn.Unflatten(1, (2, 3)), nn.Conv1d(2, 2, 2), nn.GLU(1), nn.Flatten(), nn.Linear(2, 3)
    ),
    "in place": lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(inplace=True), nn.Linear(4, 3)),
    "prelu": lambda: nn.Sequential(nn.Linear(6, 4), nn.PReLU(), nn.Linear(4, 3), nn.LogSoftmax(-1)),
    "shrunk": lambda: nn.Sequential(nn.Linear(6, 4), nn.Tanhshrink(), nn.Linear(4, 4), nn.SELU(), nn.Linear(4, 3)),
    "stepped": lambda: nn.Sequential(nn.Linear(6, 4), nn.Hardshrink(), nn.Linear(4, 3), nn.Threshold(0.1, 0.3)),
    "residual": Residual,
    "shared": Shared,
    "gated": Gated,
    "words": Words,
}


def made(name, seed):
    torch.manual_seed(seed)
    model = MODELS[name]().double()
    for buffer in model.buffers():
        if buffer.array.ndim:
            buffer.array[...] = np.abs(torch.randn(*buffer.shape).array) + 0.5
    x = torch.randn(1, 6, dtype=torch.float64)
    if name == "words":
        x.array[0, 4:] = [seed % 5, seed % 3]
    return model.eval(), x


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999))
def test_inputs_and_biases_add_up_to_the_score(name, seed):
    model, x = made(name, seed)
    with torch.no_grad():
        scores = (model[:-1] if name == "prelu" else model)(x).array[0]
    for klass, score in enumerate(scores):
        answer = why(model, x, klass, most=2)
        assert answer.score == pytest.approx(score, rel=1e-10, abs=1e-10)
        assert answer.inputs.sum() + answer.biases == pytest.approx(score, rel=1e-9, abs=1e-9)
        for adds, constant in zip(answer.hidden, answer.hidden_biases, strict=True):
            assert adds.sum() + constant == pytest.approx(score, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["convolution", "average", "adaptive", "in place", "residual"])
def test_straight_pieces_give_the_slope_times_the_input(name):
    model, x = made(name, 4)
    x.requires_grad_(True)
    for klass in range(3):
        x.grad = None
        model(x)[0, klass].backward()
        np.testing.assert_allclose(why(model, x.detach(), klass).inputs, (x.grad * x).array[0], atol=1e-12)


def test_a_normalisation_holds_its_scale():
    model, x = made("layer norm", 3)
    model = nn.Sequential(*list(model)[:3])
    x.requires_grad_(True)
    first, linear, second = model

    def normalised(layer, h):
        h = h - h.mean()
        return h / torch.sqrt((h * h).mean() + layer.eps).detach() * layer.weight + layer.bias

    normalised(second, linear(normalised(first, x)))[0, 2].backward()
    np.testing.assert_allclose(why(model, x.detach(), 2).inputs, (x.grad * x).array[0], atol=1e-12)


def test_a_gate_is_held_and_factors_alike_take_half_each():
    a, b = nn.Linear(2, 1, bias=False).double(), nn.Linear(2, 1, bias=False).double()
    a.weight.array[...], b.weight.array[...] = [[1.0, 0.0]], [[0.0, 1.0]]

    class Product(nn.Module):
        def __init__(self, bend):
            super().__init__()
            self.a, self.b, self.bend = a, b, bend

        def forward(self, x):
            return self.bend(self.a(x)) * self.b(x)

    half = why(Product(nn.Identity()), [3.0, 5.0], 0)
    assert half.inputs.tolist() == [7.5, 7.5]
    gate = why(Product(nn.Sigmoid()), [3.0, 5.0], 0)
    np.testing.assert_allclose(gate.inputs, [0.0, 5 / (1 + np.exp(-3.0))])


def test_a_sum_that_is_zero_still_has_its_parts():
    model = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    model[0].weight.array[...], model[2].weight.array[...] = [[2.0, -2.0]], [[3.0]]
    assert why(model, [1.0, 1.0], 0).inputs.tolist() == [6.0, -6.0]


def test_a_word_adds_what_its_numbers_add():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2))
    answer = why(model, torch.tensor([[0, 3]]), 1)
    each = model[0].weight.array[[0, 3]] * model[2].weight.array[1].reshape(2, 3)
    np.testing.assert_allclose(answer.inputs, each.sum(1), atol=1e-6)
    assert answer.biases == pytest.approx(float(model[2].bias.array[1]))

    model, x = made("words", 8)  # words 3 and 2
    x.array[0, :4] = 0.0
    answer = why(model, x, 0)
    assert answer.inputs[:4].tolist() == [0.0] * 4
    h = F.silu(model.embed(x)).array[0] * model.out.weight.array[0]
    np.testing.assert_allclose(answer.inputs[4:], [h[4:7].sum(), h[7:].sum()])


@pytest.mark.parametrize(
    "name", ["layer norm", "rms norm", "group norm", "convolution", "largest", "average", "adaptive", "residual"]
)
def test_all_paths_from_an_input_add_up_to_what_it_adds(name):
    model, x = made(name, 6)
    answer = why(model, x, 1, most=3000)
    sums = np.zeros(6)
    for path in answer.paths:
        assert path.places[-1] == 1
        assert len(path.places) == len(path.layers) + 1 or path.layers == ()
        sums[path.places[0]] += path.adds
    np.testing.assert_allclose(sums, answer.inputs, atol=1e-10)
    sizes = [abs(path.adds) for path in answer.paths]
    assert len(sizes) < 3000
    assert all(a >= b - 1e-12 for a, b in itertools.pairwise(sizes))


@pytest.mark.parametrize("seed", range(3))
def test_a_path_through_a_small_divisor_is_among_the_biggest(seed):
    class Divided(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.out = nn.Linear(6, 4), nn.Linear(4, 2)
            self.register_buffer("by", torch.tensor([8.0, 0.02, 1.0, -0.3]))

        def forward(self, x):
            return self.out(torch.tanh(self.layer(x)) / self.by)

    torch.manual_seed(seed)
    model, x = Divided().double(), torch.randn(1, 6, dtype=torch.float64)
    every = why(model, x, 1, most=3000).paths
    assert len(every) == 6 * 4
    assert why(model, x, 1, most=3).paths == sorted(every, key=lambda path: -abs(path.adds))[:3]
    assert {path.places[1] for path in every[:3]} == {1}


def test_hidden_units_are_told_where_nothing_goes_round_them():
    model, x = made("convolution", 4)
    answer = why(model, x, 0)
    assert [adds.shape for adds in answer.hidden] == [(2, 3, 4), (3, 2, 3)]
    assert answer.hidden_layers == [1, 2]
    assert re.search(r"x\[[1-6]\] → unit [12],[123],[1-4] of layer 1 → unit [123],[12],[123] of", answer.text(80))
    model, x = made("residual", 1)
    answer = why(model, x, 0)
    assert [adds.size for adds in answer.hidden] == [6]
    assert "the 6 units of layer 1" in answer.text(80)


@pytest.mark.parametrize("middle", ["norm", "logsumexp", "softmax", "prod"])
def test_what_mixes_numbers_otherwise_is_refused(middle):
    class Mixing(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            h = self.layer(x)
            return self.layer(h * (h.softmax(1).cumsum(1) if middle == "softmax" else getattr(torch, middle)(h, 1)))

    model = Mixing()
    if middle in ("norm", "logsumexp", "prod"):  # a scale of many, which is held
        answer = why(model, [1.0, 2.0], 0)
        assert answer.inputs.sum() + answer.biases == pytest.approx(answer.score)
    else:
        with pytest.raises(NotSupportedError, match="which mixes numbers"):
            why(model, [1.0, 2.0], 0)
