"""Schedules: PyTorch's golden rates, the closed formulas, carrying on, warnings, and steps that follow the rates."""

import copy
import json
import math
import pathlib
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as torch
from glassnet import errors
from glassnet.core.mode import recording
from glassnet.optim import lr_scheduler as schedules

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden" / "optim.json").read_text(encoding="utf-8"))


def sgd(lr=0.1, groups=1, **options):
    params = [{"params": [torch.zeros(1)], "lr": lr / 5**i} for i in range(groups)]
    return torch.optim.SGD(params, lr=lr, **options)


def rates(scheduler, epochs):
    """The rate of the first group in each epoch."""
    seen = []
    for _ in range(epochs):
        seen += scheduler.get_last_lr()[:1]
        scheduler.optimizer.step()
        scheduler.step()
    return seen


@pytest.mark.parametrize("walk", GOLDEN["rates"], ids=lambda w: w["name"])
def test_rates_are_pytorchs(walk):
    optimizer = sgd(groups=2, momentum=0.9)
    scheduler = getattr(schedules, walk["name"])(optimizer, **walk["options"])
    for epoch in range(121):
        if str(epoch) in walk["seen"]:
            expected, momentum = walk["seen"][str(epoch)]
            np.testing.assert_allclose([g["lr"] for g in optimizer.param_groups], expected, rtol=1e-12, atol=1e-16)
            assert optimizer.param_groups[0]["momentum"] == pytest.approx(momentum, rel=1e-12)
            assert scheduler.get_last_lr() == [g["lr"] for g in optimizer.param_groups]
        optimizer.step()
        scheduler.step()


CLOSED = {
    "step": (lambda o: schedules.StepLR(o, 7, 0.5), lambda e: 0.5 ** (e // 7)),
    "multistep": (lambda o: schedules.MultiStepLR(o, [3, 9, 9], 0.5), lambda e: 0.5 ** ((e >= 3) + 2 * (e >= 9))),
    "constant": (lambda o: schedules.ConstantLR(o, 0.25, 12), lambda e: 0.25 if e < 12 else 1),
    "linear": (lambda o: schedules.LinearLR(o, 0.1, 0.9, 20), lambda e: 0.1 + 0.8 * min(e, 20) / 20),
    "exponential": (lambda o: schedules.ExponentialLR(o, 0.9), lambda e: 0.9**e),
    "polynomial": (lambda o: schedules.PolynomialLR(o, 25, 2.0), lambda e: (1 - min(e, 25) / 25) ** 2),
    "cosine": (lambda o: schedules.CosineAnnealingLR(o, 10), lambda e: (1 + math.cos(math.pi * e / 10)) / 2),
    "restarts": (
        lambda o: schedules.CosineAnnealingWarmRestarts(o, 5),
        lambda e: (1 + math.cos(math.pi * (e % 5) / 5)) / 2,
    ),
    "lambda": (lambda o: schedules.LambdaLR(o, lambda e: 1 / (1 + e)), lambda e: 1 / (1 + e)),
    "multiplicative": (
        lambda o: schedules.MultiplicativeLR(o, lambda e: 0.5 if e == 4 else 1),
        lambda e: 0.5 ** (e >= 4),
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_step_by_step_is_the_closed_formula(name):
    make, formula = CLOSED[name]
    np.testing.assert_allclose(rates(make(sgd(1.0)), 60), [formula(e) for e in range(60)], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [n for n in CLOSED if n != "multiplicative"])
@given(epoch=st.integers(0, 200))
def test_a_jump_lands_on_the_closed_formula(name, epoch):
    make, formula = CLOSED[name]
    scheduler = make(sgd(1.0))
    scheduler.optimizer.step()
    with pytest.warns(UserWarning, match="deprecated") if name != "restarts" else warnings.catch_warnings():
        scheduler.step(epoch)
    assert scheduler.get_last_lr()[0] == pytest.approx(formula(epoch), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [*CLOSED, "onecycle", "cyclic", "sequence", "chain"])
def test_a_schedule_carries_on_from_its_state(name):
    more = {
        "onecycle": lambda o: schedules.OneCycleLR(o, 1.0, 60),
        "cyclic": lambda o: schedules.CyclicLR(o, 0.1, 1.0, 7, mode="triangular2"),
        "sequence": lambda o: schedules.SequentialLR(o, [CLOSED["constant"][0](o), CLOSED["cosine"][0](o)], [8]),
        "chain": lambda o: schedules.ChainedScheduler([CLOSED["constant"][0](o), CLOSED["exponential"][0](o)]),
    }
    make = more.get(name) or CLOSED[name][0]
    whole = make(sgd(momentum=0.9))
    expected = rates(whole, 30)
    first = make(sgd(momentum=0.9))
    rates(first, 17)
    saved = copy.deepcopy((first.state_dict(), first.optimizer.state_dict()))
    json.dumps(saved[0])  # a state is plain data
    second = make(sgd(momentum=0.9))
    second.load_state_dict(saved[0])
    second.optimizer.load_state_dict(saved[1])
    assert rates(second, 13) == expected[17:]


def test_a_schedule_is_made_anew_at_a_later_epoch():
    optimizer = sgd(1.0)
    optimizer.param_groups[0]["initial_lr"] = 1.0
    scheduler = schedules.CosineAnnealingLR(optimizer, 10, last_epoch=3)
    np.testing.assert_allclose(scheduler.get_last_lr(), [1.0])  # the rate in force was 1.0 and stays for this epoch
    with pytest.raises(KeyError, match="no 'initial_lr'"):
        schedules.StepLR(sgd(), 3, last_epoch=3)


def test_schedules_act_on_rates_that_the_user_changes():
    optimizer = sgd(1.0)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 8.0
    scheduler.step()
    assert scheduler.get_last_lr() == [4.0]


@given(st.integers(2, 300), st.sampled_from([0.1, 0.3, 0.5]), st.booleans(), st.sampled_from(["cos", "linear"]))
def test_one_cycle_has_its_peak_and_its_ends(steps, rise, three, strategy):
    optimizer = sgd(momentum=0.9)
    scheduler = schedules.OneCycleLR(optimizer, 1.0, steps, pct_start=rise, anneal_strategy=strategy, three_phase=three)
    seen = np.array(rates(scheduler, steps))
    assert seen.min() >= 0.04 / 1e4 - 1e-12
    assert seen.max() <= 1 + 1e-12
    assert seen[-1] == pytest.approx(0.04 / 1e4)
    top = int(seen.argmax())
    assert np.all(np.diff(seen[: top + 1]) >= -1e-12)
    assert np.all(np.diff(seen[top:]) <= 1e-12)


def test_momentum_moves_against_the_rate():
    optimizer = torch.optim.AdamW([torch.zeros(1)], betas=(0.9, 0.99))
    scheduler = schedules.OneCycleLR(optimizer, 0.1, 20, base_momentum=0.8, max_momentum=0.9)
    pairs = []
    for _ in range(20):
        pairs.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][0]))
        optimizer.step()
        scheduler.step()
    by_rate = sorted(pairs)
    assert by_rate[-1][1] == pytest.approx(0.8)
    assert by_rate[0][1] == pytest.approx(0.9)
    assert optimizer.param_groups[0]["betas"][1] == 0.99
    assert optimizer.param_groups[0].live.beta1.item() == optimizer.param_groups[0]["betas"][0]


def test_plateau_counts_patience_and_cooldown():
    optimizer = sgd(1.0)
    scheduler = schedules.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, cooldown=2, threshold=0.0)
    # losses    5  4  4  4    4  4      4  4      4     3
    # bad       0  0  1  2↓   cooldown  1  2↓     cooldown, better
    expected = [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]
    seen = []
    for loss in (5, 4, 4, 4, 4, 4, 4, 4, 4, 3):
        optimizer.step()
        scheduler.step(torch.tensor(float(loss)))
        seen += scheduler.get_last_lr()
    assert seen == expected
    assert scheduler.best == 3


def test_plateau_upwards_and_at_its_floor():
    scheduler = schedules.ReduceLROnPlateau(sgd(1.0), mode="max", factor=0.1, patience=0, min_lr=0.05)
    for metric in (1.0, 0.5, 0.5, 0.5):
        scheduler.step(metric)
    assert scheduler.get_last_lr() == [0.05]
    assert scheduler.in_cooldown is False
    other = schedules.ReduceLROnPlateau(sgd(1.0), mode="max", patience=0)
    other.load_state_dict(copy.deepcopy(scheduler.state_dict()))
    assert (other.best, other.mode_worse) == (1.0, -math.inf)


def test_nested_sequences():
    optimizer = sgd(1.0)
    inner = schedules.SequentialLR(
        optimizer, [schedules.ConstantLR(optimizer, 0.5, 99), schedules.ConstantLR(optimizer, 0.25, 99)], [2]
    )
    with pytest.warns(UserWarning, match="before optimizer"):  # PyTorch warns of it too: the parts step when made
        outer = schedules.SequentialLR(optimizer, [inner, schedules.ExponentialLR(optimizer, 0.5)], [4])
    assert rates(outer, 7) == [0.5, 0.25, 0.25, 0.25, 1.0, 0.5, 0.25]  # as in PyTorch: the inner one is a step ahead


class Fading:
    """A function of the epoch that remembers something."""

    def __init__(self, base):
        self.base = base

    def __call__(self, x):
        return self.base**x


@pytest.mark.parametrize(
    "make",
    [
        lambda o, f: schedules.LambdaLR(o, f),
        lambda o, f: schedules.CyclicLR(o, 0.1, 1.0, 3, scale_fn=f, scale_mode="iterations", cycle_momentum=False),
    ],
)
def test_what_callable_objects_remember_is_part_of_the_state(make):
    whole = make(sgd(1.0), Fading(0.9))
    expected = rates(whole, 12)
    saved = copy.deepcopy(make(sgd(1.0), Fading(0.9)).state_dict())
    other = make(sgd(1.0), Fading(0.1))
    other.load_state_dict(saved)
    assert rates(other, 12)[1:] == expected[1:]


def test_a_rate_that_the_user_keeps_as_a_tensor():
    rate = torch.tensor(1.0)
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=rate)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    first = scheduler.get_last_lr()
    optimizer.step()
    scheduler.step()
    assert rate.item() == 0.5
    assert optimizer.param_groups[0]["lr"] is rate
    assert first[0].item() == 1.0  # what was given out is a copy


def test_cyclic_takes_values_for_each_group():
    optimizer = sgd(groups=2, momentum=0.9)
    scheduler = schedules.CyclicLR(optimizer, [0.1, 0.2], [1.0, 0.8], 1)
    assert scheduler.get_last_lr() == [0.1, 0.2]
    optimizer.step()
    scheduler.step()
    np.testing.assert_allclose(scheduler.get_last_lr(), [1.0, 0.8])
    assert optimizer.param_groups[1]["momentum"] == pytest.approx(0.8)


@given(st.integers(0, 400))
def test_growing_waves_start_where_the_ones_before_end(epoch):
    walked = schedules.CosineAnnealingWarmRestarts(sgd(1.0), 5, 2)
    walked.optimizer.step()
    for _ in range(epoch):
        walked.step()
    jumped = schedules.CosineAnnealingWarmRestarts(sgd(1.0), 5, 2)
    jumped.step(epoch)
    assert jumped.get_last_lr() == pytest.approx(walked.get_last_lr(), abs=1e-12)
    assert (jumped.T_cur, jumped.T_i) == pytest.approx((walked.T_cur, walked.T_i))


def test_plateau_and_groups_that_are_added():
    optimizer = sgd(1.0)
    one, each = (schedules.ReduceLROnPlateau(optimizer, patience=0, min_lr=m) for m in (0.0, [0.0]))
    optimizer.add_param_group({"params": [torch.zeros(1)], "lr": 0.5})
    with pytest.warns(UserWarning, match="deprecated"):
        one.step(1.0, 7)
    one.step(1.0)
    assert one.last_epoch == 8
    assert one.get_last_lr() == pytest.approx([0.1, 0.05])
    each.step(1.0)
    with pytest.raises(errors.DataError, match="got 1 values of min_lr; expected one for each of the 2"):
        each.step(1.0)


# ---- order of calls -----------------------------------------------------------------------------------------------


def test_the_wrong_order_is_warned_of_once():
    scheduler = schedules.StepLR(sgd(), 1)
    with pytest.warns(UserWarning, match=r"scheduler.step\(\) before optimizer.step\(\)"):
        scheduler.step()
    scheduler.optimizer.step()
    scheduler.step()


def test_get_lr_by_hand_is_warned_of():
    scheduler = schedules.StepLR(sgd(), 1)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


def test_a_schedule_inside_a_recorded_step_is_an_obstacle():
    optimizer = sgd()
    plateau, sequence = schedules.ReduceLROnPlateau(optimizer), schedules.StepLR(optimizer, 5)
    optimizer.step()
    for step in (sequence.step, lambda: plateau.step(1.0)):
        with recording() as trace:
            step()
        assert "step() counts in Python" in trace.obstacle


@pytest.mark.parametrize("name", ["cosine", "onecycle", "constant"])
def test_recorded_steps_follow_the_schedule(name):
    def train(compiled):
        w = torch.tensor([1.0, -2.0], requires_grad=True)
        optimizer = torch.optim.AdamW([w], lr=0.1)
        make = CLOSED[name][0] if name in CLOSED else lambda o: schedules.OneCycleLR(o, 0.1, 30)
        scheduler = make(optimizer)

        def step():
            optimizer.zero_grad()
            torch.sin(w).sum().backward()
            optimizer.step()

        run = torch.compile(step) if compiled else step
        for _ in range(30):
            run()
            scheduler.step()
        return run, w.array

    run, replayed = train(True)
    np.testing.assert_array_equal(replayed, train(False)[1])
    assert run.replays >= 25


# ---- mistakes -----------------------------------------------------------------------------------------------------

MISTAKES = [
    (lambda: schedules.StepLR(0.1, 3), TypeError, "got float; expected an optimiser"),
    (lambda: schedules.LambdaLR(sgd(groups=2), [abs]), ValueError, "got 1 functions; expected one for each of the 2"),
    (lambda: schedules.MultiplicativeLR(sgd(), 0.5), TypeError, "got float as lr_lambda"),
    (lambda: schedules.ConstantLR(sgd(), 1.5), ValueError, "got factor=1.5; expected 0 to 1"),
    (lambda: schedules.LinearLR(sgd(), 0.0), ValueError, "got start_factor=0.0; expected more than 0 to 1"),
    (lambda: schedules.LinearLR(sgd(), 0.5, 2.0), ValueError, "got end_factor=2.0"),
    (lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 0), ValueError, "got T_0=0; expected a whole number"),
    (lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 3, 1.5), ValueError, "got T_mult=1.5"),
    (lambda: schedules.CosineAnnealingWarmRestarts(sgd(), 3).step(-1), ValueError, "got epoch=-1"),
    (lambda: schedules.OneCycleLR(sgd(), 0.1), ValueError, "got no length"),
    (lambda: schedules.OneCycleLR(sgd(), 0.1, 0), ValueError, "got total_steps=0"),
    (lambda: schedules.OneCycleLR(sgd(), 0.1, epochs=3, steps_per_epoch=0), ValueError, "got steps_per_epoch=0"),
    (lambda: schedules.OneCycleLR(sgd(), 0.1, 9, pct_start=2.0), ValueError, "got pct_start=2.0"),
    (lambda: schedules.OneCycleLR(sgd(), 0.1, 9, anneal_strategy="step"), ValueError, "got anneal_strategy='step'"),
    (lambda: schedules.OneCycleLR(sgd(groups=2), [0.1], 9), ValueError, "got 1 values of max_lr"),
    (lambda: schedules.OneCycleLR(torch.optim.Adagrad([torch.zeros(1)]), 1, 9), ValueError, "Try cycle_momentum=False"),
    (lambda: schedules.CyclicLR(sgd(), 0.1, 1.0, mode="square"), ValueError, "got mode='square'"),
    (lambda: schedules.SequentialLR(sgd(), [], []), ValueError, "got no schedule"),
    (lambda: schedules.SequentialLR(sgd(), [schedules.StepLR(sgd(), 1)], []), ValueError, "a different optimiser"),
    (lambda: schedules.ChainedScheduler([schedules.ReduceLROnPlateau(sgd())]), ValueError, "got ReduceLROnPlateau"),
    (lambda: schedules.ReduceLROnPlateau(sgd(), factor=1.0), ValueError, "got factor=1.0"),
    (lambda: schedules.ReduceLROnPlateau(sgd(), "least"), ValueError, "got mode='least'"),
    (lambda: schedules.ReduceLROnPlateau(sgd(), min_lr=[0.1, 0.2]), ValueError, "got 2 values of min_lr"),
    (lambda: schedules.LRScheduler(sgd()), NotImplementedError, "expected the class to define it"),
]


@pytest.mark.parametrize(("mistake", "kind", "said"), MISTAKES, ids=[m[2] for m in MISTAKES])
def test_mistakes_are_answered(mistake, kind, said):
    with pytest.raises(kind) as problem:
        mistake()
    text = str(problem.value)
    assert said in text
    assert "expected" in text
    assert "Try " in text


def test_too_many_milestones():
    optimizer = sgd()
    with pytest.raises(errors.DataError, match="got 1 schedules and 1 milestones"):
        schedules.SequentialLR(optimizer, [schedules.StepLR(optimizer, 1)], [3])


def test_a_step_beyond_the_cycle():
    scheduler = schedules.OneCycleLR(sgd(momentum=0.9), 0.1, 3)
    for _ in range(3):
        scheduler.optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match="got step 4; expected at most 3"):
        scheduler.step()
