"""The measurements behind the findings, and the checks before a training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import glassnet as torch
from glassnet import nn, optim
from glassnet.train.derivatives import check_gradients
from glassnet.train.doctor import Part, measure, preflight
from glassnet.train.preparation import Preparation

F = nn.functional
RNG = np.random.default_rng(3)

small = arrays(np.int8, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.integers(0, 2))


@given(small)
def test_constant_features_are_those_with_one_value(x):
    expected = [i for i in range(x.shape[1]) if len(set(x[:, i].tolist())) == 1] if len(x) > 1 else []
    assert measure.constant_features(x) == expected


@given(small, small)
def test_rows_in_both_are_what_a_double_loop_finds(a, b):
    width = min(a.shape[1], b.shape[1])
    a, b = a[:, :width], b[:, :width]
    pairs = measure.rows_in_both(a, b)
    assert [j for _, j in pairs] == [j for j in range(len(b)) if (a == b[j]).all(axis=1).any()]
    for i, j in pairs:
        assert i == int(np.argmax((a == b[j]).all(axis=1)))  # the first that is the same


@given(st.permutations(range(4)), st.integers(5, 9))
def test_blocks_are_sorted_and_a_swap_ends_it(order, size):
    y = np.repeat(order, size)
    assert measure.sorted_labels(y)
    y[[0, -1]] = y[[-1, 0]]
    assert not measure.sorted_labels(y)


def test_a_leak_is_found_in_regression_and_noise_is_not():
    x = RNG.normal(size=(400, 3))
    y = np.sin(2 * x[:, 1:2])
    assert [leak.feature for leak in measure.leaking_features(x, y)] == [1]
    assert measure.leaking_features(x, y + 0.2 * RNG.normal(size=y.shape)) == []


def test_one_feature_alone_leaks_nothing():
    x = RNG.normal(size=(400, 1))
    assert measure.leaking_features(x, (x[:, 0] > 0).astype(int)) == []


def test_a_class_that_is_always_right_is_no_leak():
    x = RNG.normal(size=(400, 2))
    assert measure.leaking_features(x, (np.arange(400) < 2).astype(int)) == []


@given(st.integers(0, 2**32 - 1))
def test_suspects_are_contradicted_rows_and_no_others(seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 60)
    scores = 8.0 * np.eye(3)[y] + rng.normal(size=(60, 3))
    wrong = rng.choice(60, 4, replace=False)
    labels = y.copy()
    labels[wrong] = (y[wrong] + 1) % 3
    found = measure.noise_suspects(scores, labels)
    assert set(found) <= set(wrong.tolist())
    assert len(found) >= 1


def test_losses_are_known_by_one_name():
    assert measure.loss_name(nn.BCEWithLogitsLoss()) == "bce_with_logits"
    assert measure.loss_name(F.binary_cross_entropy_with_logits) == "bce_with_logits"
    assert measure.loss_name(lambda a, b: a) == "<lambda>"


def test_a_trial_is_taken_on_a_copy_with_the_same_options():
    model = nn.Linear(2, 1)
    kept = model.weight.array.copy()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
    twin = measure.like(optimizer, [torch.zeros(2, requires_grad=True)])
    assert type(twin) is optim.SGD
    assert (twin.param_groups[0]["lr"], twin.param_groups[0]["momentum"]) == (0.05, 0.5)
    tried = measure.trial(model, F.mse_loss, torch.ones(4, 2), torch.ones(4, 1), optimizer)
    assert tried.losses[-1] < tried.losses[0]
    assert set(tried.changes) == {"weight", "bias"}
    np.testing.assert_array_equal(model.weight.array, kept)


# ---- before the first step --------------------------------------------------------------------------------


X = RNG.normal(size=(120, 3)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
TRAIN, TEST = Part(X[:100], Y[:100]), Part(X[100:], Y[100:])


def network(*last):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 2), *last)


def lines(model=None, loss=F.cross_entropy, train=TRAIN, **known):
    return {line.name.replace("10", "k"): line for line in preflight(model or network(), loss, train, **known)}


def test_a_healthy_start_passes_every_check():
    checked = lines(test=TEST)
    assert len(checked) == 5
    assert all(line.passed for line in checked.values())
    assert checked["parts kept apart"].text == "100 training, 0 validation, 20 test; no row is in two parts"


def zero(model):
    for p in model.parameters():
        nn.init.zeros_(p)
    return model


@pytest.mark.parametrize(
    ("name", "broken", "says"),
    [
        ("data normalised", {"train": Part(np.abs(X) * 80, Y), "test": TEST}, "max "),
        ("parts kept apart", {"test": None}, "nothing is kept aside"),
        ("parts kept apart", {"test": Part(X[:3], Y[:3])}, "3 test rows are also training rows"),
        ("weights started", {"model": zero(network()), "test": TEST}, "0.weight 0 (all zeros)"),
        ("loss fits", {"model": network(nn.Softmax(dim=1)), "test": TEST}, "applies its own"),
        ("loss fits", {"train": Part(X, X[:, :2]), "test": TEST}, "but the targets are float32"),
        ("learns k examples by heart", {"model": zero(network()), "test": TEST}, "in 500 steps"),
    ],
)
def test_each_check_fails_for_its_own_reason(name, broken, says):
    line = lines(**broken)[name]
    assert not line.passed
    assert says in line.text


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (nn.init.kaiming_normal_, "He"),
        (nn.init.xavier_uniform_, "Xavier"),
        (lambda w: None, "PyTorch's default"),
        (lambda w: nn.init.normal_(w, std=0.03), "a start of its own"),
    ],
)
def test_starts_are_recognised(start, name):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(100, 60), nn.ReLU(), nn.Linear(60, 80))
    for layer in (model[0], model[2]):
        start(layer.weight)
    line = lines(model, F.mse_loss, Part(RNG.normal(size=(40, 100)).astype(np.float32), np.zeros((40, 80), "f4")))
    assert line["weights started"].text.count(f"({name})") == 2


def test_bytes_are_judged_as_the_network_sees_them():
    x = RNG.integers(0, 256, (100, 4), np.uint8)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    y = (x[:, 0] > 127).astype(np.int64)
    checked = lines(model, train=Part(x, y), prepare=Preparation.fitted(x))
    assert checked["data normalised"].passed
    assert not lines(model, train=Part(x.astype(np.float32), y))["data normalised"].passed


# ---- derivatives ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.Softplus])
@pytest.mark.parametrize("loss", [F.mse_loss, F.cross_entropy, F.binary_cross_entropy_with_logits, F.l1_loss])
def test_every_layer_and_loss_passes(activation, loss):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), activation(), nn.LayerNorm(5), nn.Linear(5, 2))
    y = RNG.integers(0, 2, 12) if loss is F.cross_entropy else RNG.random((12, 2))
    checked = check_gradients(model, loss, RNG.normal(size=(12, 3)), y)
    assert [c.name for c in checked] == [name for name, _ in model.named_parameters()]
    assert max(c.error for c in checked) < 1e-6


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x * 2.01


class Squares(nn.Module):
    def forward(self, x):
        return Wrong.apply(x)


def test_a_wrong_derivative_is_found_and_its_worst_entry_shown():
    model = nn.Sequential(nn.Linear(3, 4), Squares(), nn.Linear(4, 1))
    checked = {c.name: c for c in check_gradients(model, F.mse_loss, RNG.normal(size=(8, 3)), RNG.normal(size=(8, 1)))}
    assert not checked["0.weight"].passed
    assert checked["2.weight"].passed
    worst = checked["0.weight"]
    assert worst.analytic / worst.numeric == pytest.approx(1.005, rel=1e-3)


def test_a_large_parameter_is_checked_in_some_places():
    checked = check_gradients(nn.Linear(40, 30), F.mse_loss, RNG.normal(size=(5, 40)), RNG.normal(size=(5, 30)))
    assert [(c.entries, c.size) for c in checked] == [(50, 1200), (30, 30)]


def test_the_network_is_left_alone():
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
    kept = {name: t.array.tobytes() for name, t in model.state_dict().items()}
    check_gradients(model, F.mse_loss, np.ones((2, 2)), np.ones((2, 1)))
    assert {name: t.array.tobytes() for name, t in model.state_dict().items()} == kept
    assert model.training
    assert model[0].weight.dtype == torch.float32


@given(small, small, st.data())
def test_rows_with_another_target_are_others(a, b, data):
    width = min(a.shape[1], b.shape[1])
    a, b = a[:, :width], b[:, :width]
    of_a, of_b = (data.draw(arrays(np.float32, len(rows), elements=st.sampled_from([0.0, 0.5]))) for rows in (a, b))
    both_a, both_b = (np.column_stack([rows, of]) for rows, of in ((a, of_a), (b, of_b)))
    assert measure.rows_in_both(a, b, of_a, of_b) == measure.rows_in_both(both_a, both_b)
