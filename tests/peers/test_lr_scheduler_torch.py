"""Every schedule beside PyTorch's, rate by rate."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import glassnet

pytestmark = pytest.mark.peers


class Halving:
    """A function of the epoch that is an object with memory."""

    def __init__(self) -> None:
        self.every = 50

    def __call__(self, epoch: int) -> float:
        return 0.5 ** (epoch // self.every)


SCHEDULES: dict[str, Callable[[Any, Any], Any]] = {
    "step": lambda s, o: s.StepLR(o, 30, gamma=0.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [20, 100, 100, 250], gamma=0.3),
    "constant": lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=40),
    "linear": lambda s, o: s.LinearLR(o, start_factor=0.1, end_factor=0.7, total_iters=120),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.97),
    "polynomial": lambda s, o: s.PolynomialLR(o, total_iters=200, power=1.7),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, T_max=45, eta_min=0.003),
    "cosine to 0": lambda s, o: s.CosineAnnealingLR(o, T_max=300),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=17, T_mult=2, eta_min=1e-4),
    "restarts of one length": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=40),
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 1 / (1 + 0.1 * epoch)),
    "lambda per group": lambda s, o: s.LambdaLR(o, [Halving(), lambda epoch: 0.99**epoch]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.99 if epoch % 2 else 1.005),
    "onecycle": lambda s, o: s.OneCycleLR(o, max_lr=0.4, total_steps=300),
    "onecycle linear": lambda s, o: s.OneCycleLR(
        o, max_lr=[0.4, 0.1], epochs=10, steps_per_epoch=30, pct_start=0.45, anneal_strategy="linear", three_phase=True
    ),
    "onecycle without momentum": lambda s, o: s.OneCycleLR(o, 0.2, 301, cycle_momentum=False, div_factor=5.0),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=23, step_size_down=31),
    "cyclic halving": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.2, 0.1], step_size_up=20, mode="triangular2"),
    "cyclic fading": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 20, mode="exp_range", gamma=0.99, cycle_momentum=False),
    "cyclic by function": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 20, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "sequence": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=20), s.CosineAnnealingLR(o, 100), s.ExponentialLR(o, 0.98)], [20, 120]
    ),
    "chain": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.5, 60), s.ExponentialLR(o, 0.99), s.StepLR(o, 70)]),
    "sequence of chains": lambda s, o: s.SequentialLR(
        o,
        [s.ChainedScheduler([s.ConstantLR(o, 0.5, 60), s.ExponentialLR(o, 0.99)]), s.ExponentialLR(o, 0.9)],
        [150],
    ),
}
SWA = {
    "swa": lambda u, o: u.SWALR(o, swa_lr=0.05, anneal_epochs=40),
    "swa straight": lambda u, o: u.SWALR(o, swa_lr=[0.05, 0.2], anneal_epochs=10, anneal_strategy="linear"),
    "swa at once": lambda u, o: u.SWALR(o, swa_lr=0.05, anneal_epochs=0),
}


def two_groups(lib: Any, name: str = "SGD") -> Any:
    options = {"momentum": 0.9} if name == "SGD" else {}
    groups = [{"params": [lib.zeros(2)]}, {"params": [lib.zeros(1)], "lr": 0.02}]
    return getattr(lib.optim, name)(groups, lr=0.1, **options)


def pair_of(make: Any, of: Callable[[Any], Any], name: str = "SGD") -> list[tuple[Any, Any]]:
    optimisers = [two_groups(glassnet, name), two_groups(torch, name)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # both warn of a chain inside a sequence, which steps when made
        return [(o, make(of(lib), o)) for o, lib in zip(optimisers, (glassnet, torch), strict=True)]


def follow(pairs: list[tuple[Any, Any]], steps: int) -> None:
    (a, ours), (b, theirs) = pairs
    for i in range(steps):
        np.testing.assert_allclose(ours.get_last_lr(), theirs.get_last_lr(), rtol=1e-12, atol=1e-15, err_msg=str(i))
        for g, h in zip(a.param_groups, b.param_groups, strict=True):
            assert set(g) == set(h)
            for key in ("lr", "momentum", "betas"):
                if key in h:
                    np.testing.assert_allclose(g[key], h[key], rtol=1e-12, atol=1e-15, err_msg=f"{key} {i}")
        for o, s in pairs:
            o.step()
            s.step()


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_three_hundred_steps_of_a_schedule(schedule, name):
    follow(pair_of(SCHEDULES[schedule], lambda lib: lib.optim.lr_scheduler, name), 300)


@pytest.mark.parametrize("schedule", SWA)
def test_swa_rates(schedule):
    follow(pair_of(SWA[schedule], lambda lib: lib.optim.swa_utils), 60)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_carry_on_from_pytorchs_state(schedule):
    (_, _), (b, theirs) = pair_of(SCHEDULES[schedule], lambda lib: lib.optim.lr_scheduler)
    for _ in range(37):
        b.step()
        theirs.step()
    (a, ours), _ = pair_of(SCHEDULES[schedule], lambda lib: lib.optim.lr_scheduler)
    state = copy.deepcopy(theirs.state_dict())
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    a.load_state_dict(b.state_dict())
    follow([(a, ours), (b, theirs)], 100)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patience": 2, "cooldown": 3, "factor": 0.5, "min_lr": [0.01, 0.002]},
        {"mode": "max", "threshold": 0.1, "threshold_mode": "abs", "patience": 1, "factor": 0.3},
        {"threshold": 0.05, "patience": 0, "min_lr": 1e-3},
    ],
)
def test_plateau(options):
    pairs = pair_of(lambda s, o: s.ReduceLROnPlateau(o, **options), lambda lib: lib.optim.lr_scheduler)
    metrics = np.random.default_rng(3).standard_normal(300).cumsum() * 0.1 + 3
    for metric in metrics:
        for o, s in pairs:
            o.step()
            s.step(metric)
        (_, ours), (_, theirs) = pairs
        assert ours.get_last_lr() == theirs.get_last_lr()
        assert (ours.best, ours.num_bad_epochs, ours.cooldown_counter) == (
            theirs.best,
            theirs.num_bad_epochs,
            theirs.cooldown_counter,
        )
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("epochs", [[5, 0, 31], [0.5, 17.25, 60]])
@pytest.mark.parametrize("schedule", ["step", "cosine", "restarts", "polynomial", "linear", "lambda", "constant"])
def test_jumps_to_an_epoch(schedule, epochs):
    if schedule != "restarts" and 0.5 in epochs:
        epochs = [int(e) for e in epochs]
    pairs = pair_of(SCHEDULES[schedule], lambda lib: lib.optim.lr_scheduler)
    for epoch in epochs:
        for o, s in pairs:
            o.step()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                s.step(epoch)
        (_, ours), (_, theirs) = pairs
        np.testing.assert_allclose(ours.get_last_lr(), theirs.get_last_lr(), rtol=1e-12)


ORDERS: dict[str, Callable[[Any, Any], None]] = {
    "schedule first": lambda o, s: (s.step(), o.step()),
    "optimiser first": lambda o, s: (o.step(), s.step(), s.step()),
    "rates asked for": lambda o, s: (o.step(), s.get_lr()),
    "an epoch given": lambda o, s: (o.step(), s.step(3)),
}


@pytest.mark.parametrize("order", ORDERS)
def test_warnings_are_given_where_pytorch_gives_them(order):
    counts = []
    for lib in (glassnet, torch):
        optimiser = lib.optim.SGD([lib.zeros(1)], lr=0.1)
        scheduler = lib.optim.lr_scheduler.ExponentialLR(optimiser, 0.9)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ORDERS[order](optimiser, scheduler)
        counts.append([w.category for w in caught])
    assert counts[0] == counts[1]
