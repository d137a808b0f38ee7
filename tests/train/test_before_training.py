"""What is done before a training: learning one batch by heart, a range test of rates, batch sizes, weights."""

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.core.random import get_rng_state
from glassnet.errors import DataError, ShapeError, ValueRangeError
from glassnet.train.batch_size import BatchSizes, noise_scale, suggest_batch_size, usual_batch_size
from glassnet.train.rate_finder import RateTest, find_rate
from glassnet.train.sanity import overfit_one_batch
from glassnet.train.weighting import class_weights, example_weights

RNG = np.random.default_rng(3)
X = RNG.normal(size=(400, 5)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)


def network(*middle):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 32), nn.BatchNorm1d(32), nn.Tanh(), *middle, nn.Linear(32, 2))


def everything(model, optimizer):
    """All that a trial must leave as it was."""
    state = [t.array.tobytes() for t in model.state_dict().values()]
    return state, get_rng_state().tobytes(), repr(optimizer.state_dict()), model.training


@pytest.mark.parametrize(
    "trial",
    [
        lambda m, o: overfit_one_batch(m, "cross_entropy", o, (X[:16], Y[:16])),
        lambda m, o: find_rate(m, "cross_entropy", o, (X, Y)),
        lambda m, o: suggest_batch_size(m, "cross_entropy", o, (X, Y), sizes=(16, 32)),
    ],
    ids=["overfit", "rate", "batch size"],
)
@pytest.mark.parametrize("used", [False, True])
def test_a_trial_leaves_nothing_behind(trial, used):
    model = network(nn.Dropout(0.2))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    if used:
        nn.functional.cross_entropy(model(torch.tensor(X)), torch.tensor(Y)).backward()
        optimizer.step()
        optimizer.zero_grad()
    before = everything(model, optimizer)
    trial(model, optimizer)
    assert everything(model, optimizer) == before


def test_a_sound_network_learns_a_batch_by_heart_in_spite_of_dropout():
    model = network(nn.Dropout(0.9))
    check = overfit_one_batch(model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), (X[:16], Y[:16]))
    assert check.passed
    assert check.last <= 0.05 * check.first
    assert len(check.losses) == check.steps < 500
    assert str(check).startswith("PASS: loss 0.")


@pytest.mark.parametrize("rate", [1e-9, 1e25], ids=["too low", "too high"])
def test_a_wrong_rate_is_noticed(rate):
    model = network()
    check = overfit_one_batch(
        model, "cross_entropy", optim.SGD(model.parameters(), lr=rate), (X[:16], Y[:16]), steps=50
    )
    assert not check.passed
    assert str(check).startswith("FAIL")


def test_a_layer_without_gradient_is_noticed():
    class Severed(nn.Module):
        def forward(self, x):
            return x.detach() * 0

    model = network(Severed())
    check = overfit_one_batch(
        model, "cross_entropy", optim.Adam(model.parameters(), lr=0.01), (X[:16], Y[:16]), steps=99
    )
    assert not check.passed


# ---- rates ----------------------------------------------------------------------------------------------------------


def test_the_suggested_rate_learns_and_the_rate_above_the_largest_does_not():
    y = (X[:, 0] + 0.5 * np.sin(3 * X[:, 1]) > 0).astype(np.int64)

    def final(rate):
        model = network()
        optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.9)
        from glassnet.train.trainer import Trainer

        trainer = Trainer(model, "cross_entropy", optimizer, metrics=["accuracy"])
        torch.manual_seed(1)
        return trainer.fit((X[:300], y[:300]), (X[300:], y[300:]), epochs=30).last["validation_accuracy"]

    model = network()
    test = find_rate(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1, momentum=0.9), (X, y))
    assert final(test.suggestion) > 0.85
    assert final(test.suggestion) > final(30 * test.largest)


def test_without_a_clear_fall_it_is_a_tenth_of_the_edge():
    rates = np.geomspace(1e-4, 10, 51)
    losses = 1 + 0.01 * np.sin(np.arange(51.0)) + 3 * (rates > 0.5) * rates
    test = RateTest(rates, losses)
    assert test.largest == pytest.approx(0.5, rel=0.3)
    assert test.suggestion == pytest.approx(test.largest / 10)


def test_the_middle_of_the_fall():
    rates = np.geomspace(1e-4, 1, 41)
    losses = 2 - 1 / (1 + (0.01 / rates) ** 2) + 50 * np.maximum(0, rates - 0.3)
    test = RateTest(rates, losses)
    assert test.largest == pytest.approx(0.3, rel=0.3)
    assert test.suggestion == pytest.approx(0.01, rel=0.3)
    assert repr(test).startswith("RateTest(41 steps: try 0.0")


def test_groups_keep_the_proportions_of_their_rates():
    model = nn.Linear(5, 1)
    groups = [{"params": [model.weight], "lr": 0.1}, {"params": [model.bias], "lr": 0.001}]
    seen = []

    class Spy(optim.SGD):
        def step(self, closure=None):
            seen.append((self.param_groups[0]["lr"], self.param_groups[1]["lr"]))
            return super().step(closure)

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class of one's own runs op by op
        find_rate(model, "mse", Spy(groups), (X, X[:, :1]), steps=30)
    assert len(seen) >= 25
    assert all(b == pytest.approx(a / 100) for a, b in seen)


@pytest.mark.parametrize("wrong", [{"smallest": 1.0, "largest": 0.1}, {"steps": 5}, {"smallest": 0.0}])
def test_a_range_must_rise(wrong):
    model = network()
    with pytest.raises(ValueRangeError, match="expected a range that rises, in 20 or more steps"):
        find_rate(model, "cross_entropy", optim.SGD(model.parameters(), lr=0.1), (X, Y), **wrong)


# ---- batch sizes ----------------------------------------------------------------------------------------------------


def test_the_noise_scale_of_a_problem_that_is_known():
    """One weight, loss (w·x − y)²/2 with x = 1, w = 0: single gradients are −y, so the scale is var(y) / mean(y)²."""
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.zero_()
    y = RNG.normal(2.0, 3.0, (20_000, 1)).astype(np.float32)
    torch.manual_seed(0)
    scale = noise_scale(model, "mse", (np.ones((20_000, 1), np.float32), y))
    assert scale == pytest.approx(9 / 4, rel=0.25)


def test_the_cheapest_size_is_suggested():
    assert BatchSizes([16, 64], [100.0, 400.0], 50.0, [1.5, 1.0]).suggestion == 64
    model = network()
    found = suggest_batch_size(model, "cross_entropy", optim.Adam(model.parameters()), (X, Y), sizes=(8, 128, 1024))
    assert found.sizes == [8, 128]
    assert min(found.cost) == 1.0
    assert all(speed > 0 for speed in found.examples_per_second)


def test_sizes_by_rule_of_thumb():
    assert [usual_batch_size(n) for n in (100, 60_000, 10**6)] == [32, 128, 512]


# ---- weights --------------------------------------------------------------------------------------------------------


def test_balanced_classes_weigh_the_same_together():
    y = np.array([0] * 30 + [1] * 10)
    weights = example_weights((np.zeros((40, 1)), y), "balanced")
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    assert weights.mean() == pytest.approx(1)


def test_weights_of_classes_and_examples_multiply():
    weights = example_weights((np.zeros((2, 1)), np.array([0, 1])), [1.0, 3.0], np.array([2.0, 1.0]))
    assert weights == pytest.approx([0.8, 1.2])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: class_weights(np.array([0, 1]), "even"), ValueRangeError, "got class_weight='even'"),
        (lambda: class_weights(np.array([0, 1, 2]), [1.0, 1.0]), ValueRangeError, "of 2 numbers for 3 classes"),
        (lambda: class_weights(np.array([0, 1]), {0: -1.0}), ValueRangeError, "expected one for each, 0 or more"),
        (lambda: example_weights((X, X), "balanced"), DataError, "expected labels, whole numbers"),
        (lambda: example_weights((X, Y), None, np.ones(3)), ShapeError, "got sample_weight of 3 numbers; expected 400"),
        (lambda: example_weights((X, Y), None, -np.ones(400)), ValueRangeError, "got sample_weight -1.0 in row 0"),
        (lambda: example_weights((X, Y), None, np.zeros(400)), ValueRangeError, "got weights that are all 0"),
        (lambda: example_weights([(X, Y)], "balanced"), DataError, "got weights for list; expected examples in arrays"),
    ],
)
def test_what_cannot_be_weighed(call, error, message):
    with pytest.raises(error, match=message):
        call()
