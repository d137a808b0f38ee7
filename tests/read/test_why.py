"""Why a class: sums that leave nothing over, and the biggest paths found without looking at all of them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glassnet as torch
from glassnet import nn
from glassnet.errors import DataError, NotSupportedError, ValueRangeError
from glassnet.read.why import why
from glassnet.train.embed import EmbedColumns

BENDS = [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.Softplus, nn.GELU, nn.Identity]


@st.composite
def networks(draw):
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    torch.manual_seed(draw(st.integers(0, 9999)))
    layers = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b, bias=draw(st.booleans())), draw(st.sampled_from(BENDS))()]
    return nn.Sequential(*layers[:-1]).double(), torch.randn(1, sizes[0], dtype=torch.float64)


@settings(max_examples=80, deadline=None)
@given(networks())
def test_inputs_and_biases_add_up_to_the_score(network):
    model, x = network
    with torch.no_grad():
        scores = model(x).array[0]
    for klass in range(scores.size):
        answer = why(model, x, klass)
        assert answer.score == pytest.approx(scores[klass], rel=1e-12, abs=1e-12)
        assert answer.inputs.shape == x.array.shape[1:]
        assert answer.inputs.sum() + answer.biases == pytest.approx(answer.score, rel=1e-9, abs=1e-9)
        for adds, constant in zip(answer.hidden, answer.hidden_biases, strict=True):
            assert adds.sum() + constant == pytest.approx(answer.score, rel=1e-9, abs=1e-9)


def every_path(model, x, klass):
    """The contribution of every path, one by one; ReLU units are open or shut."""
    h, factors = x.array[0], []
    for layer in model:
        if isinstance(layer, nn.Linear):
            factors.append(layer.weight.array)
            h = layer.weight.array @ h + layer.bias.array
        else:
            factors[-1] = factors[-1] * (h > 0)[:, None]
            h = np.maximum(h, 0)
    sizes = [x.array.shape[1], *(len(f) for f in factors[:-1])]
    for places in itertools.product(*map(range, sizes)):
        way = (*places, klass)
        yield way, x.array[0, way[0]] * math.prod(f[way[i + 1], way[i]] for i, f in enumerate(factors))


@pytest.mark.parametrize("seed", range(6))
def test_the_biggest_paths_are_the_biggest_of_all(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)).double()
    x = torch.randn(1, 6, dtype=torch.float64)
    answer = why(model, x, 1, most=7)
    expected = sorted(every_path(model, x, 1), key=lambda path: -abs(path[1]))[:7]
    expected = [path for path in expected if path[1] != 0]
    assert [p.places for p in answer.paths] == [places for places, _ in expected]
    np.testing.assert_allclose([p.adds for p in answer.paths], [adds for _, adds in expected], rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_paths_begin_with_words_where_these_are_looked_up(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    words = torch.tensor([[5, 2]])
    answer = why(model, words, 1, most=100)
    table = model[0].weight.array
    h = model[2].weight.array @ table[[5, 2]].reshape(-1) + model[2].bias.array
    expected = {
        (word, j, unit): table[[5, 2]][word, j]
        * model[2].weight.array[unit, 3 * word + j]
        * (h[unit] > 0)
        * model[4].weight.array[1, unit]
        for word in range(2)
        for j in range(3)
        for unit in range(4)
    }
    found = {(p.places[0], p.number, p.places[1]): p.adds for p in answer.paths}
    assert found == pytest.approx({key: adds for key, adds in expected.items() if adds})
    assert "x[2] (its number 3) → unit" in answer.text() or seed


def test_paths_of_a_table_go_through_its_words():
    torch.manual_seed(0)
    model = nn.Sequential(EmbedColumns(1, (5, 4), (3, 2)), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1))
    answer = why(model, torch.tensor([[0.5, 2.0, 3.0]]), most=50, inputs=["size", "town", "street"].__getitem__)
    total = math.fsum(path.adds for path in answer.paths)
    assert total == pytest.approx(answer.inputs.sum(), rel=1e-6)  # all paths together are what all inputs add
    assert {path.places[0] for path in answer.paths} == {0, 1, 2}
    assert "town (its number " in answer.text(100)


def test_for_relu_networks_it_is_the_slope_times_the_input():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3), nn.Softmax(-1))
    x = torch.rand(1, 3, 4, requires_grad=True)
    answer = why(model, x.detach())
    model.eval()
    model[:-1](x)[0, answer.klass].backward()
    np.testing.assert_allclose(answer.inputs, (x.grad * x).array[0], atol=1e-6)
    model.train()
    why(model, x.detach())
    assert model.training


def test_a_batch_normalisation_at_rest_is_taken_apart_too():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    model(torch.randn(10, 3))
    answer = why(model, [1.0, -1.0, 0.5], 0)
    assert answer.inputs.sum() + answer.biases == pytest.approx(answer.score, abs=1e-9)


def test_it_is_a_document():
    torch.manual_seed(0)
    answer = why(nn.Sequential(nn.Linear(20, 8), nn.ReLU(), nn.Linear(8, 3)), torch.rand(1, 20), 2, most=3)
    text = answer.text(80)
    assert text.startswith("Why class 2\n")
    assert "what the 20 inputs added" in text
    assert "⟨17 others⟩" in text
    assert "→ class 2" in text
    assert max(map(len, text.splitlines())) <= 80
    assert all(line.remark(9) is None for line in answer.equations())


@pytest.mark.parametrize(
    ("model", "x", "klass", "error", "said"),
    [
        (nn.Sequential(nn.Linear(2, 3)), [1.0, 2.0], 3, ValueRangeError, "expected 0 to 2. Try 2"),
        (nn.Sequential(nn.Linear(2, 3)), [1.0, math.nan], 0, DataError, "expected finite numbers"),
        (nn.Sequential(nn.Linear(2, 3)), [[1.0, 2.0]] * 2, 0, ValueRangeError, "got 2 examples"),
        (
            nn.Sequential(nn.Linear(2, 4), nn.Softmax(-1), nn.Linear(4, 2)),
            [1.0, 2.0],
            0,
            NotSupportedError,
            "got softmax, which mixes numbers",
        ),
        (nn.Sequential(nn.ReLU()), [1.0, 2.0], 0, NotSupportedError, "without weighted sums"),
        (abs, [1.0, 2.0], 0, NotSupportedError, "expected a model of layers"),
    ],
)
def test_mistakes_are_answered(model, x, klass, error, said):
    with pytest.raises(error, match=said):
        why(model, x, klass)


@pytest.mark.parametrize("klass", ["cat", 1.0, True])
def test_a_class_is_a_number(klass):
    model = nn.Sequential(nn.Linear(2, 3))
    with pytest.raises(ValueRangeError, match=r"got class .*; expected a whole number from 0 to 2\. Try 0"):
        why(model, [1.0, 2.0], klass)
