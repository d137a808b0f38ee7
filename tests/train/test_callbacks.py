"""Where the listeners draw their lines: what counts as better, as a spike, and as the end of a training."""

from types import SimpleNamespace

import numpy as np
import pytest

import glassnet as torch
from glassnet import nn, optim
from glassnet.train.callbacks import StopOnSpike, Watch
from glassnet.train.trainer import Trainer


@pytest.mark.parametrize(("mode", "after"), [("min", 0.75), ("max", 1.25)])
def test_a_gain_of_min_delta_and_no_more_is_none(mode, after):
    watch = Watch("loss", min_delta=0.25, mode=mode)
    assert watch.better(1.0)
    assert not watch.better(after)
    assert watch.better(after - 1e-9 if mode == "min" else after + 1e-9)


def spiked(*losses, factor=10.0):
    reasons = []
    listener, trainer = StopOnSpike(factor), SimpleNamespace(stop=reasons.append)
    for loss in losses:
        listener.on_epoch_end(trainer, {"loss": loss})
    return reasons


def test_a_loss_that_was_almost_nothing_may_be_many_times_that():
    assert not spiked(1e-6, 9e-3)
    assert len(spiked(1e-6, 1.1e-2)) == 1


def test_a_loss_of_factor_times_the_best_is_no_spike_yet():
    assert not spiked(0.5, 5.0)
    assert len(spiked(0.5, 5.01)) == 1


@pytest.mark.parametrize(("share", "averaged"), [(0.25, 1), (0.5, 2), (1.0, 4)])
def test_weights_of_the_last_share_of_the_epochs_are_averaged(share, averaged):
    model = nn.Linear(1, 1)
    trainer = Trainer(model, "mse", optim.SGD(model.parameters(), lr=0.01), swa=share)
    trainer.fit((torch.ones(4, 1), torch.ones(4, 1)), epochs=4, batch_size=4)
    assert int(np.asarray(trainer.mean.updates.array)) == averaged
