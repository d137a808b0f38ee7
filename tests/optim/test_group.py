"""Parameter groups: dictionaries whose numbers are alive as tensors."""

import copy

import pytest

import glassnet as torch
from glassnet.core.mode import World, recording
from glassnet.optim.group import ParamGroup


def group(**options):
    return ParamGroup({"params": [], **options}, followed=options)


def test_numbers_change_in_place():
    g = group(lr=0.1, betas=(0.9, 0.99), step_sizes=(1e-6, 50))
    rate, beta2 = g.live.lr, g.live.beta2
    version = World.version
    g["lr"], g["betas"] = 0.2, [0.8, 0.98]
    g.update({"step_sizes": (1e-5, 40)})
    assert g.live.lr is rate
    assert (rate.item(), beta2.item(), g.live.beta1.item(), g.live.step_size_max.item()) == (0.2, 0.98, 0.8, 40)
    assert rate.array.dtype == "float64"
    assert World.version == version  # nothing recorded is out of date


@pytest.mark.parametrize("change", ["item", "update", "ior", "setdefault", "update by keyword"])
def test_every_way_of_setting_is_noticed(change):
    g = group(lr=0.1)
    if change == "item":
        g["lr"] = 0.2
    elif change == "update":
        g.update([("lr", 0.2)])
    elif change == "update by keyword":
        g.update(lr=0.2)
    elif change == "ior":
        g |= {"lr": 0.2}
    else:
        del g["lr"]
        assert g.setdefault("lr", 0.2) == 0.2
        assert g.setdefault("lr", 0.3) == 0.2
    assert g.live.lr.item() == g["lr"] == 0.2


def test_switches_are_none_at_zero():
    g = group(momentum=0, weight_decay=0.0, lr=0, eps=0.0)
    assert (g.live.momentum, g.live.weight_decay) == (None, None)
    assert (g.live.lr.item(), g.live.eps.item()) == (0, 0)
    g["momentum"] = 0.9
    assert g.live.momentum.item() == 0.9
    g["momentum"] = 0
    assert g.live.momentum is None


def test_a_rate_that_is_a_tensor_stays_the_users():
    rate = torch.tensor([0.5])
    g = group(lr=rate)
    rate.fill_(0.25)
    assert g.live.lr.item() == 0.25
    g["lr"] = 0.1
    assert (g.live.lr.item(), rate.item()) == (0.1, 0.25)
    g["lr"] = 0.2
    assert rate.item() == 0.25


def test_options_that_no_rule_reads_stay_plain():
    g = group(lr=0.1)
    g["initial_lr"] = 0.1
    assert not hasattr(g.live, "initial_lr")


def test_setting_inside_a_recorded_step_is_an_obstacle():
    g = group(lr=0.1)
    with recording() as trace:
        g["lr"] = 0.2
    assert trace.obstacle is not None
    assert "'lr'" in trace.obstacle


def test_copies_are_alive_by_themselves():
    g = group(lr=0.1, momentum=0)
    twin = copy.deepcopy(g)
    twin["lr"], twin["momentum"] = 0.3, 0.5
    assert (g.live.lr.item(), g.live.momentum) == (0.1, None)
    assert (twin.live.lr.item(), twin.live.momentum.item()) == (0.3, 0.5)
