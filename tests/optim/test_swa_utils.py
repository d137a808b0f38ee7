"""Averages of weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet.optim import swa_utils


def model_with(weight):
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, weight)
    return model


def averaged(weights, **options):
    model = model_with(0.0)
    mean = swa_utils.AveragedModel(model, **options)
    for w in weights:
        torch.nn.init.constant_(model.weight, w)
        mean.update_parameters(model)
    return mean


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_the_mean_is_the_mean(weights):
    mean = averaged(weights)
    assert mean.module.weight.item() == pytest.approx(np.mean(weights), abs=1e-3)
    assert mean.n_averaged.item() == len(weights)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20), st.floats(0, 1))
def test_the_running_average_fades(weights, decay):
    expected = weights[0]
    for w in weights[1:]:
        expected = decay * expected + (1 - decay) * w
    for options in (
        {"avg_fn": swa_utils.get_ema_avg_fn(decay)},
        {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(decay)},
    ):
        assert averaged(weights, **options).module.weight.item() == pytest.approx(expected, abs=1e-3)


def test_the_average_is_a_model_of_its_own():
    model = model_with(2.0)
    mean = swa_utils.AveragedModel(model)
    mean.update_parameters(model)
    torch.nn.init.constant_(model.weight, 5.0)
    assert mean(torch.ones(1, 1)).item() == 2.0
    assert list(mean.state_dict()) == ["n_averaged", "module.weight"]


def test_buffers_are_copied_or_averaged():
    for use, expected in ((False, 3.0), (True, 2.0)):
        model = torch.nn.BatchNorm1d(1)
        mean = swa_utils.AveragedModel(model, use_buffers=use)
        for value in (1.0, 3.0):
            model.running_mean.fill_(value)
            mean.update_parameters(model)
        assert mean.module.running_mean.item() == expected


def test_update_bn_takes_plain_means_over_the_batches():
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1)).eval()
    x = torch.tensor(np.random.default_rng(0).standard_normal((12, 2)).astype("float32"))
    swa_utils.update_bn([[x[:6], None], [x[6:], None]], model)
    np.testing.assert_allclose(model[0].running_mean.array, x.array.mean(0), rtol=1e-5)
    assert model[0].momentum == 0.1
    assert not model.training
    swa_utils.update_bn([], torch.nn.Linear(1, 1))  # nothing to do, nothing read


def test_mistakes_are_answered():
    with pytest.raises(ValueError, match=r"got decay=1.5; expected 0 to 1"):
        swa_utils.get_ema_avg_fn(1.5)
    with pytest.raises(TypeError, match="got both avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(model_with(1.0), avg_fn=max, multi_avg_fn=max)
    optimizer = torch.optim.SGD([torch.zeros(1)])
    with pytest.raises(ValueError, match="got anneal_strategy='sine'"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="sine")
    with pytest.raises(ValueError, match="got anneal_epochs=-1"):
        swa_utils.SWALR(optimizer, 0.1, anneal_epochs=-1)


@pytest.mark.parametrize(
    ("strategy", "shares"), [("linear", [0, 0.25, 0.5, 0.75, 1, 1]), ("cos", [0, None, 0.5, None, 1, 1])]
)
def test_rates_go_to_the_goal_and_stay(strategy, shares):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = swa_utils.SWALR(optimizer, 0.2, anneal_epochs=4, anneal_strategy=strategy)
    for share in shares:
        if share is not None:
            assert scheduler.get_last_lr()[0] == pytest.approx(1.0 - 0.8 * share)
        optimizer.step()
        scheduler.step()


def test_rates_that_change_at_once():
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    assert swa_utils.SWALR(optimizer, 0.2, anneal_epochs=0).get_last_lr() == [0.2]
